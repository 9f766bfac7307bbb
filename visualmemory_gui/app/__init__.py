"""The window: Qt and nothing else. It uses the engine through its session, never the store or the index."""
