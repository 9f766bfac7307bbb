"""What the views show, as Qt models, which know the engine but no widget."""
