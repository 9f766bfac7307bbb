"""Parts that all workspaces use: buttons, drops, bars, previews, questions."""
