"""Lines, bars and empty states around the workspaces."""
