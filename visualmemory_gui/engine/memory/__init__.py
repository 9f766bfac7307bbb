"""One open memory: its edits and decisions, what is brought in, forgotten, checked and kept in order."""
