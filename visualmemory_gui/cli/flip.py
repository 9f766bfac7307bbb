"""The command flip: finds how few strikes or lessons change a decision."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from visualmemory_gui.cli import options
from visualmemory_gui.cli.opening import reader
from visualmemory_gui.cli.output import Progress, emit, print_line
from visualmemory_gui.engine.text.visible_text import NO_ANSWER, how_many

if TYPE_CHECKING:
    from visualmemory_gui.engine.what_if.flip import Flip, Flips


def flip(
    memory: options.Memory,
    image: options.Image,
    to: Annotated[
        str | None, typer.Option("--to", metavar="LABEL", help="What the decision should be. Default: any other class.")
    ] = None,
    k: options.K = None,
    rule: options.Rule = None,
    level: options.Level = 0,
    device: options.OnDevice = None,
    as_json: options.Json = False,
) -> None:
    """Find how few strikes, or lessons, would change a decision. Changes nothing."""
    from visualmemory_gui.engine.decision.voting_scheme import VotingScheme
    from visualmemory_gui.engine.store import labels
    from visualmemory_gui.engine.what_if.flip import flips

    wanted = None if to is None else labels.clean(to)
    with reader(memory, device=device) as m:
        vector = m.embed([m.decode(image)])[0]
        scheme = VotingScheme.of(m.settings, k, options.rule_name(rule), level=level)
        with Progress("trying sets of strikes of this size") as report:
            found = flips(m, vector, scheme, to=wanted, most=len(m.snapshot), report=report)
    if as_json:
        emit(flip_json(image, found))
    else:
        _tell_flips(image, found)


def flip_json(image: str, found: Flips) -> dict[str, object]:
    strikes, lessons = found.strikes, found.lessons
    return {
        "image": image,
        "label": found.winner,
        "to": found.to,
        "strikes": strikes
        and {"ids": list(strikes.ids), "count": len(strikes.ids), "label": strikes.label, "exact": strikes.exact},
        "lessons": lessons and {"label": lessons.label, "count": lessons.count},
    }


def _tell_flips(image: str, found: Flips) -> None:
    if found.winner is None:
        print_line(f"{image}: {NO_ANSWER}")
        return
    print_line(f"{image}: {found.winner}")
    if found.to is not None and found.to == found.winner:
        print_line("that is already the decision")
        return
    strikes, lessons = found.strikes, found.lessons
    print_line(_strikes_text(strikes) if strikes else f"no strikes make it {found.to or 'another class'}")
    if lessons is not None:
        print_line(f"or teach {lessons.count:,} more like it as {lessons.label}")


def _strikes_text(strikes: Flip) -> str:
    ids = " ".join(map(str, strikes.ids))
    own = (
        f"; {how_many(strikes.own)} of {strikes.label} among them, since a smaller class weighs more"
        if strikes.own
        else ""
    )
    most = "" if strikes.exact else "at most "
    return f"strike {most}{len(strikes.ids):,} and it is {strikes.label}: {ids}{own}"
