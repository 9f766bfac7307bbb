"""Experiments on what a memory knows: novelty, new classes, scaling, maps, proof of forgetting."""
