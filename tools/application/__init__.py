"""The application as one folder: everything it needs but torch."""
