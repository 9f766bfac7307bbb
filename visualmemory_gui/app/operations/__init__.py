"""What the window does to a memory: one function per edit or long job, each of which returns immediately."""
