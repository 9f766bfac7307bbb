"""What processes and threads share: frames of messages, the scan of files for bytes, work in parallel."""
