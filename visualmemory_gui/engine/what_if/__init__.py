"""What-if questions: the impact of a proposed edit, and what it takes to change a decision."""
