"""Images, neighbours and classes as cards."""
