"""The command vote: applies a voting rule to published neighbour lists."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from visualmemory_gui.cli import options
from visualmemory_gui.cli.output import emit, table
from visualmemory_gui.engine.errors import BadImage, BadValue
from visualmemory_gui.engine.files.regular_file import Irregular, open_regular

if TYPE_CHECKING:
    from visualmemory_gui.engine.types import Decision

    Outcome = Decision | BadImage


def vote(
    neighbours: Annotated[
        str, typer.Argument(metavar="NEIGHBOURS.json", help="Published neighbour lists, one object per query.")
    ],
    rule: Annotated[options.RuleName, typer.Option("--rule", help="The voting rule.")],
    param: Annotated[
        float | None,
        typer.Option(
            "--param", metavar="X", help="Exponent of distance (1), temperature of softmax (0.07), offset of rank (2)."
        ),
    ] = None,
    exclude: Annotated[
        str | None, typer.Option("--exclude", metavar="IDS.json", help="A JSON list of neighbour ids that do not vote.")
    ] = None,
    trust: Annotated[
        str | None,
        typer.Option(
            "--trust", metavar="W.json", help="A JSON object of neighbour ids and the factors on their votes."
        ),
    ] = None,
    at_each_k: Annotated[
        bool, typer.Option("--at-each-k", help="The winner when the first 1, 2, 3, … neighbours vote.")
    ] = False,
    normalise: options.Normalise = False,
    as_json: options.Json = False,
) -> None:
    """Apply a voting rule to neighbour lists. Each is read in the order given."""
    from visualmemory_gui.engine.published_lists import vote as published

    answers = published.vote(
        _json_file(neighbours),
        rule.value,
        param=param,
        exclude=_json_file(exclude) if exclude else (),
        trust=_json_file(trust) if trust else None,
        at_each_k=at_each_k,
        normalise=normalise,
    )
    if as_json:
        emit(answers)
    else:
        table(((query, *answer.values()) for query, answer in answers.items()), ("query", "prediction"))


def _json_file(path: str) -> Any:
    try:
        with open_regular(path) as file:
            return json.loads(file.read().decode("utf-8-sig"))
    except Irregular as error:
        raise BadValue(f"{path} is {error}, not a JSON file") from None
    except OSError as error:
        raise BadValue(f"{path} cannot be read: {error.strerror}") from None
    except (ValueError, RecursionError):
        raise BadValue(f"{path} is not a JSON file") from None
