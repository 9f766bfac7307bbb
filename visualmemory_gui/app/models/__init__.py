"""What the views show, as Qt models: they know the engine, and no widget."""
