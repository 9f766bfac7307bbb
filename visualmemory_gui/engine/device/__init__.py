"""The device that computes: which one, in which arithmetic, how much it holds, and what falls back to the CPU."""
