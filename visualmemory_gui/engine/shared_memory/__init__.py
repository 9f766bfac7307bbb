"""A memory on a Milvus server: what is kept there, how it is searched and edited, and how it comes there and back."""
