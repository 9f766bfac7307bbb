"""The page of the command line: every command as its ``--help`` describes it."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from typing import Any

import typer.main

from visualmemory_gui.cli.main import app

PAGE = "reference/commands.md"
SPECIAL = re.compile(r"[<*_\[]")


def page() -> str:
    """Markdown: a section for each module of the command line, in it one for each of its commands."""
    return "\n\n".join(["# Command line", *_introduction(), *_sections()]) + "\n"


def _introduction() -> Iterator[str]:
    yield _text(app.info.help)
    yield "`visualmemory COMMAND --help` shows the same in the terminal. Progress and errors go to stderr."
    yield "Exit codes: 0 done, 1 an error in one line, 2 a command line that cannot be understood."


def _sections() -> Iterator[str]:
    for module, commands in _modules().items():
        yield f"## {_title(module)}"
        for name, command in commands.items():
            yield from _command(name, command)


def _modules() -> dict[str, dict[str, Any]]:
    """Module -> its commands by name, in the order of ``--help``."""
    modules: dict[str, dict[str, Any]] = {}
    for name, command in typer.main.get_command(app).commands.items():  # type: ignore[attr-defined]
        modules.setdefault(command.callback.__module__, {})[name] = command
    return modules


def _title(module: str) -> str:
    """What the module says of itself in its first line."""
    return (sys.modules[module].__doc__ or module).partition("\n")[0].rstrip(".")


def _command(name: str, command: Any) -> Iterator[str]:
    context = command.make_context(name, [], resilient_parsing=True)
    with context:
        yield f"### {name}"
        yield _text(command.help)
        yield f"```text\nvisualmemory {command.get_usage(context).removeprefix('Usage: ')}\n```"
        yield _table(record for each in command.get_params(context) if (record := each.get_help_record(context)))


def _table(records: Iterator[tuple[str, str]]) -> str:
    rows = [f"| `{_cell(name)}` | {_cell(_text(text))} |" for name, text in records]
    return "\n".join(["| | |", "|---|---|", *rows])


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def _text(help_text: str | None) -> str:
    """Help as Markdown: outside of backticks, what looks like a tag or an emphasis is meant as it is written."""
    parts = (help_text or "").strip().split("`")
    parts[::2] = [SPECIAL.sub(r"\\\g<0>", part) for part in parts[::2]]
    return "`".join(parts)
