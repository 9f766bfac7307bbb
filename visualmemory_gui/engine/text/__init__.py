"""Text for people: strangers' names made harmless, and how notebooks show a memory or a decision."""
