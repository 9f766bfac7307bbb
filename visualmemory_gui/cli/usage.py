"""The help of a command, and its messages on wrong usage."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from typer.core import TyperCommand

from visualmemory_gui.engine.text.visible_text import visible


@contextmanager
def plain_errors() -> Iterator[None]:
    """Usage errors say in plain words what is wrong, and show what was typed without control characters."""
    try:
        yield
    except Exception as error:  # of click, or of the click inside Typer: only their attributes identify them
        if hasattr(error, "format_message") and isinstance(getattr(error, "message", None), str):
            error.message = visible(_reason(error.__cause__) or error.message)  # type: ignore[attr-defined]
        raise


def _reason(cause: BaseException | None) -> str | None:
    """Why a value was refused, where Typer let pydantic check it, whose messages are written for programmers."""
    errors = getattr(cause, "errors", None)
    if errors is None:
        return None
    first = errors()[0]
    given, kind, limits = first["input"], first["type"], first.get("ctx", {})
    if kind.startswith("int_"):
        return f"{given!r} is not a whole number"
    if kind.startswith(("float_", "finite_")):
        return f"{given!r} is not a number"
    if kind == "greater_than_equal":
        return f"{given} is below {limits['ge']}"
    if kind == "less_than_equal":
        return f"{given} is above {limits['le']}"
    return str(first["msg"]).removeprefix("Value error, ")


class Command(TyperCommand):
    """One command. Its help names each argument as the rest of the help does."""

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        return ["[OPTIONS]", *(_usage_name(one) for one in self.get_params(ctx) if _is_argument(one))]

    def format_options(self, ctx: Any, formatter: Any) -> None:
        params: list[Any] = self.get_params(ctx)
        arguments = [(_usage_name(one), one.help or "") for one in params if _is_argument(one)]
        options = [_option_row(*row) for one in params if not _is_argument(one) and (row := one.get_help_record(ctx))]
        for title, rows in (("Arguments", arguments), ("Options", options)):
            if rows:
                with formatter.section(title):
                    formatter.write_dl(rows)


def _is_argument(parameter: Any) -> bool:
    return bool(parameter.param_type_name == "argument")


def _usage_name(argument: Any) -> str:
    """``MEMORY``, ``[MEMORY]`` where it is optional, ``ID...`` where several are allowed."""
    name = argument.metavar or argument.name.upper()
    return (name if argument.required else f"[{name}]") + ("..." if argument.nargs != 1 else "")


def _option_row(names: str, text: str) -> tuple[str, str]:
    """``--level LEVEL`` and ``--by label|value`` where Typer writes ``<int range>`` and ``<label|value>``, and
    "1 to 50" where it writes ``1<=x<=50``."""
    word = names.split()[0].lstrip("-").upper().replace("-", "_")
    shown = re.sub("<(.+)>", lambda found: found[1] if "|" in found[1] else word, names)
    return shown, re.sub(r"([\d.]+)<=x<=([\d.]+)", r"\1 to \2", text.replace("x>=", "at least "))
