"""How memories come and go: one-file bundles, folders of images, Parquet tables, and the demo memory."""
