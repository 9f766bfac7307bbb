"""What the window does to a memory: one function for each edit or long job, which returns at once."""
