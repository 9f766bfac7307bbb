"""What the vote of a neighbour means, in words: how much of the image it explains under the ridge rule."""

from __future__ import annotations

from visualmemory_gui.engine.text.visible_text import in_letters

_NOTHING = "nothing that nearer ones do not show"


def meaning(explains: float | None, copies: int) -> str:
    """ "explains 31 % of this image; three near copies share that voice", or that it adds nothing.

    ``explains`` is the part that it explains, None under a rule by which neighbours do not explain: "". ``copies``
    counts near copies of it.
    """
    if explains is None:
        return ""
    if explains <= 0.0:
        return f"adds {_NOTHING}"
    part = "less than 1" if explains < 0.0095 else f"{100 * explains:.0f}"
    near = "near copy shares" if copies == 1 else "near copies share"
    return f"explains {part} % of this image{f'; {in_letters(copies)} {near} that voice' if copies else ''}"


def without_a_vote(count: int, of: int, *, explaining: bool) -> str:
    """ "58 more of the 100 nearest add nothing that nearer ones do not show"; "" where all ``of`` them vote."""
    if not count:
        return ""
    verb = "adds" if count == 1 else "add"
    why = f"{verb} {_NOTHING}" if explaining else "weighs nothing" if count == 1 else "weigh nothing"
    return f"{count:,} more of the {of:,} nearest {why}"
