"""Encoders: decoded images become vectors here. Models are loaded late, and only those asked for."""
