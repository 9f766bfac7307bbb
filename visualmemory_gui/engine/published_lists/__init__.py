"""Neighbour lists as the paper's repository publishes them: reading, voting, evaluation, pruning."""
