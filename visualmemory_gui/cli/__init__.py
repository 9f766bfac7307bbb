"""The command line: one file a group of commands; a command is option parsing and one call of the engine."""
