"""Text for people: names of strangers made harmless, and how notebooks show a memory or a decision."""
