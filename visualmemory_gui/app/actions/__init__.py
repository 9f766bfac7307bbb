"""What the window can be told to do: tables of actions, and the commands that ask what must be asked."""
