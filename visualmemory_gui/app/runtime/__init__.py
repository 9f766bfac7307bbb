"""What the window runs on: executors, garbage collection, faults that were not caught, things loaded early."""
