"""Search: who is near a vector. Everything here is derived from the memory and can be rebuilt at any time."""
