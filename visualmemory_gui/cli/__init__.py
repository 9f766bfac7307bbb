"""The command line: one file per group of commands; a command is option parsing and one engine call."""
