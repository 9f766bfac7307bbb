"""What child processes share: the frames of their messages, and the scan of files for bytes."""
