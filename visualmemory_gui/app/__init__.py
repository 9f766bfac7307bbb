"""The window: Qt and nothing else. It asks the engine through its session, never the store or the index."""
