"""The workspace Curate: classes, exemplars, history, review."""
