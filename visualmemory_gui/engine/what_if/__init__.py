"""What would be: the impact of a proposed edit, and what it takes to change a decision."""
