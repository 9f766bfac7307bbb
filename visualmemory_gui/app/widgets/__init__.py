"""Painted parts of the window, which know the theme and their models, but neither memory nor session."""
