"""Export and import of memories: one-file bundles, folders of images, Parquet tables; and the demo memory."""
