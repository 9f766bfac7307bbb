"""How memories come and go: one-file bundles, folders of pictures, Parquet tables, and the demo memory."""
