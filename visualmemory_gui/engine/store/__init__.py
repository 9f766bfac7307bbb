"""The truth of a memory: one SQLite file of exemplars, labels, history and settings, and the copies of images."""
