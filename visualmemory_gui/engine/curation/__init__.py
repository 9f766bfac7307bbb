"""Curating a memory: review, blame, pruning, tuning, and what each exemplar is worth."""
