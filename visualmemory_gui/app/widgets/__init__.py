"""Painted parts of the window that know the theme and their models, and neither memory nor session."""
