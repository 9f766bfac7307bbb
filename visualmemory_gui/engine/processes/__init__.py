"""What child processes share: the frames they speak in, and the scan of files for bytes."""
