"""One open memory: its edits, decisions and history, adding and forgetting, checks and maintenance."""
