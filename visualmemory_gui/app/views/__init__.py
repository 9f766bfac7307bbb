"""The workspaces and their panels. A view knows its model and the session, but no other view."""
