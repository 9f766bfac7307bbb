"""Dialogs that ask or show one thing."""
