"""The workspace Study: one question about the memory per page."""
