"""The images of the window in the documents: ``python -m tools.screenshots``."""
