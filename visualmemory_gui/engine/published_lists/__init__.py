"""Neighbour lists as the paper's repository publishes them: read, voted on, evaluated, pruned."""
