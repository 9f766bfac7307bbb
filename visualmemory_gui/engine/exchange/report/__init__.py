"""A report on one decision, as one HTML file or image."""
