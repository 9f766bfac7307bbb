"""A short film of the window, for the README: ``python -m tools.film``."""
