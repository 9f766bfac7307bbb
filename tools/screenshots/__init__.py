"""The pictures of the window in the documents: ``python -m tools.screenshots``."""
