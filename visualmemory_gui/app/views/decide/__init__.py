"""The workspace Decide: query, neighbours, vote, queue."""
