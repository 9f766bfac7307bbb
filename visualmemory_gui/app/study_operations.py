"""Applying what a study found: pruning, tuning, mending a kind of mistake; each one step that the note takes back."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from visualmemory_gui.app.operations import exemplars, may_write, undo_step
from visualmemory_gui.app.session import Session
from visualmemory_gui.engine.types import Changes

if TYPE_CHECKING:
    from visualmemory_gui.engine.study.blame import Blame
    from visualmemory_gui.engine.study.prune import Plan
    from visualmemory_gui.engine.study.tune import Tuned


def prune(session: Session, plan: Plan) -> None:
    """Strike out, or trust less, what ``plan`` names."""

    def work(memory: Any) -> Changes:
        from visualmemory_gui.engine.study.prune import apply

        return apply(memory, plan)

    many = exemplars(len(plan.pruned))
    _apply(session, "Pruning", work, f"Lowered the trust of {many}." if plan.method == "soft" else f"Pruned {many}.")


def tune(session: Session, tuned: Tuned) -> None:
    """Write the trusts that were fitted."""

    def work(memory: Any) -> Changes:
        from visualmemory_gui.engine.study.tune import apply

        return apply(memory, tuned)

    _apply(session, "Tuning", work, f"Tuned the trust of {exemplars(len(tuned.trust))}.")


def mend(session: Session, found: Blame) -> None:
    """Strike out and relabel whom ``found`` blames."""

    def work(memory: Any) -> Changes:
        from visualmemory_gui.engine.study.blame import apply

        return apply(memory, found)

    _apply(session, "Mending", work, f"Mended {exemplars(len(found.blamed))} that misled {found.true}.")


def _apply(session: Session, title: str, work: Callable[[Any], Changes], text: str) -> None:
    def said(changes: Changes) -> None:
        if changes.edit is None:
            session.post_note("Nothing to change: it is so already.")
        else:
            session.post_note(text, partial(undo_step, session, changes.step))

    if may_write(session):
        session.edit(title, work, said)
