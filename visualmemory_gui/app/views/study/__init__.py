"""The workspace Study: one question about the memory a page."""
