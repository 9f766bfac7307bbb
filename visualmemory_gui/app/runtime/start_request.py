"""What a start of the program asks for, as the command line and a second start say it. It loads no Qt."""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from enum import StrEnum
from pathlib import Path

from visualmemory_gui.engine.shared_memory.address import is_shared

MOST_CHARACTERS = 4096  # of a path


class Workspace(StrEnum):
    """The workspaces of the window."""

    decide = "decide"
    curate = "curate"
    study = "study"


@dataclass(frozen=True, slots=True)
class StartRequest:
    """``memory`` is the memory or bundle to open, "" for the one that was open last.

    ``query`` is the path of an image to decide in it, ``workspace`` the one to show; "" for neither.
    """

    memory: str = ""
    query: str = ""
    workspace: str = ""

    @classmethod
    def of_arguments(cls, argv: Sequence[str]) -> StartRequest:
        """The request in the arguments of the program, whose name is the first; those that it does not know are Qt's.

        Ends the program with exit code 2 on wrong usage.
        """
        parser = argparse.ArgumentParser(prog="visualmemory-gui", allow_abbrev=False)
        parser.add_argument("memory", nargs="?", default="", metavar="MEMORY")
        parser.add_argument("--query", default="", metavar="IMAGE")
        parser.add_argument("--workspace", default="", choices=list(Workspace), metavar="|".join(Workspace))
        given = vars(parser.parse_known_args(list(argv)[1:])[0])
        query = os.path.abspath(given["query"]) if given["query"] else ""  # noqa: PTH100 - Path keeps ".."
        return cls(given["memory"], query, str(given["workspace"]))

    def arguments(self) -> list[str]:
        """What ``of_arguments`` reads this from, without the program's name."""
        named = (("--query", self.query), ("--workspace", self.workspace))
        options = [word for name, value in named if value for word in (name, value)]
        return [*options, *(["--", self.memory] if self.memory else [])]

    def text(self) -> str:
        """This request on one line of JSON."""
        return json.dumps(asdict(self))

    @classmethod
    def of(cls, text: str | bytes) -> StartRequest | None:
        """The request that ``text`` says; None if it says none. It comes from another process and is checked as data
        from a stranger: the three fields, texts of bounded length, absolute paths, a workspace that there is."""
        try:
            found = json.loads(text)
        except (ValueError, RecursionError):
            return None
        if not isinstance(found, dict) or set(found) != {field.name for field in fields(cls)}:
            return None
        if not all(isinstance(value, str) and len(value) <= MOST_CHARACTERS for value in found.values()):
            return None
        request = cls(**found)
        return request if request._is_sound() else None

    def _is_sound(self) -> bool:
        paths = (self.query,) if is_shared(self.memory) else (self.memory, self.query)
        named = self.workspace == "" or self.workspace in list(Workspace)
        sound = all(not p or (Path(p).is_absolute() and "\0" not in p) for p in paths)
        return bool(self.memory) and named and sound
