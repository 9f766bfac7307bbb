"""Applying what a study found: pruning, tuning, mending a kind of mistake; each is one step that its note undoes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from visualmemory_gui.app.operations.edit import step
from visualmemory_gui.app.session import Session
from visualmemory_gui.engine.memory.protocol import whole
from visualmemory_gui.engine.text.visible_text import how_many
from visualmemory_gui.engine.types import Changes

if TYPE_CHECKING:
    from visualmemory_gui.engine.curation.blame import Blame
    from visualmemory_gui.engine.curation.prune import Plan
    from visualmemory_gui.engine.curation.tune import Tuned
    from visualmemory_gui.engine.memory.protocol import Memory


def prune(session: Session, plan: Plan) -> None:
    """Strike out, or trust less, what ``plan`` names."""

    def work(memory: Memory) -> Changes:
        from visualmemory_gui.engine.curation.prune import apply

        return apply(whole(memory), plan)

    many = how_many(len(plan.pruned))
    text = f"Lowered the trust of {many}." if plan.method == "soft" else f"Pruned {many}."
    step("Pruning", work, text).run(session)


def tune(session: Session, tuned: Tuned) -> None:
    """Set the fitted trusts."""

    def work(memory: Memory) -> Changes:
        from visualmemory_gui.engine.curation.tune import apply

        return apply(whole(memory), tuned)

    step("Tuning", work, f"Tuned the trust of {how_many(len(tuned.trust))}.").run(session)


def mend(session: Session, found: Blame) -> None:
    """Strike out and relabel the exemplars that ``found`` blames."""

    def work(memory: Memory) -> Changes:
        from visualmemory_gui.engine.curation.blame import apply

        return apply(whole(memory), found)

    step("Mending", work, f"Mended {how_many(len(found.blamed))} that misled {found.true}.").run(session)
