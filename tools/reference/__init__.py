"""The reference pages of the documentation, written from docstrings and from the help of the commands."""
