"""The grid of exemplars: cells, selection, mouse, keys, accessibility."""
