"""What the window runs on: executors, garbage collection, uncaught errors, preloading."""
