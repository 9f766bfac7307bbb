"""What is missing, broken or slow in this installation, and the line that mends it."""
