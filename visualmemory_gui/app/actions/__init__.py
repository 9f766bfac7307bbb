"""What the window can do: tables of actions, and the commands that ask the necessary questions first."""
