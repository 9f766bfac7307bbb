"""Stories, counted and timed: what a user does from here on, in how many actions and seconds.

Each prints a line when it ends, and adds one of JSON to the file that KEPT_IN names in the environment.
"""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

from tests.e2e.real_screen import Screen

KEPT_IN = "VISUALMEMORY_STORIES"


class Story:
    """A story named ``name``, which begins now. Its seconds are those of the clock, with the pauses of the hands."""

    def __init__(self, name: str, screen: Screen) -> None:
        self._name, self._screen = name, screen
        self._before, self._began = screen.actions, time.monotonic()

    def end(self) -> int:
        """How many actions it took."""
        seconds = round(time.monotonic() - self._began, 1)
        actions = self._screen.actions - self._before
        print(f"{self._name}: {actions} actions, {seconds} s")
        if file := os.environ.get(KEPT_IN):
            with Path(file).open("a") as kept:
                kept.write(json.dumps({"story": self._name, "actions": actions, "seconds": seconds}) + "\n")
        return actions
