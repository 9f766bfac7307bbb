"""The engine: everything the product knows and does, without a window. Nothing here imports Qt."""
