"""Parts shared by all workspaces: buttons, drops, bars, previews, questions."""
