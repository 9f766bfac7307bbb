"""A memory as tools of the Model Context Protocol, for agents; needs the extra ``mcp``, and is only imported for it."""
