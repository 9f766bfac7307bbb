"""The workspaces and their panels. A view knows its model and the session, and no other view."""
