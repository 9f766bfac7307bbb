"""The application as one folder: what it needs, and torch only where that is small."""
