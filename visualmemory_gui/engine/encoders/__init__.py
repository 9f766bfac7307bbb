"""Encoders: decoded pictures become vectors here. Models are loaded late, and only those asked for."""
