"""What can be done with the findings of a review. Keeping one as it is is no step of the history."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from visualmemory_gui.app.operations import exemplars, may_write, undo_step
from visualmemory_gui.app.session import Session
from visualmemory_gui.engine.types import Changes

if TYPE_CHECKING:
    from visualmemory_gui.engine.study.misleading import Misleader
    from visualmemory_gui.engine.study.review import Group, Suspect


def take_suggestions(session: Session, suspects: Sequence[Suspect]) -> None:
    """Give every suspect the label that is suggested for it, in one step."""
    by_label: dict[str, list[int]] = {}
    for suspect in suspects:
        by_label.setdefault(suspect.suggested, []).append(suspect.id)
    only = f" to {next(iter(by_label))}" if len(by_label) == 1 else " as suggested"

    def said(changes: Changes) -> None:
        if changes.edit is not None:
            text = f"Relabelled {exemplars(len(changes.ids))}{only}."
            session.post_note(text, partial(undo_step, session, changes.step))

    if suspects and may_write(session):
        session.edit("Relabelling", lambda m: m.relabel_each(by_label), said)


def strike_all_but_first(session: Session, groups: Sequence[Group]) -> None:
    """Of each group keep the exemplar that was there first, and strike out the others, in one step."""
    rest = [i for group in groups for i in group.ids[1:]]

    def said(changes: Changes) -> None:
        if changes.edit is not None:
            text = f"Struck {exemplars(len(rest))} from the memory; the first of each group stays."
            session.post_note(text, partial(undo_step, session, changes.step))

    if rest and may_write(session):
        session.edit("Striking out", lambda m: m.strike(rest), said)


def keep_labels(session: Session, suspects: Sequence[Suspect], then: Callable[[], object]) -> None:
    """These labels are right: they stay away from the list until they change."""
    judged = [((suspect.id, 0), suspect.label) for suspect in suspects]
    _keep(session, "label", judged, f"Kept the label of {exemplars(len(suspects))}.", then)


def keep_misleading(session: Session, misleaders: Sequence[Misleader], then: Callable[[], object]) -> None:
    """These may mislead: they stay away from the list until their label changes."""
    judged = [((one.id, 0), one.label) for one in misleaders]
    _keep(session, "misled", judged, f"Kept {exemplars(len(misleaders))} as they are.", then)


def keep_groups(session: Session, groups: Sequence[Group], then: Callable[[], object]) -> None:
    """These are no duplicates, or shall stay: their pairs stay away until a label changes."""

    def judged() -> list[tuple[tuple[int, int], str]]:
        from visualmemory_gui.engine.study.review import pairs_within

        return [pair for group in groups for pair in pairs_within(group)]

    count = f"{len(groups):,} group{'' if len(groups) == 1 else 's'}"
    _keep(session, "pair", judged() if groups else [], f"Kept {count} as they are.", then)


def _keep(
    session: Session, kind: str, judged: list[tuple[tuple[int, int], str]], text: str, then: Callable[[], object]
) -> None:
    def take_back() -> None:
        session.edit("Taking back", lambda m: m.kept.drop(kind, [pair for pair, _ in judged]), lambda _: then())

    def said(_: Any) -> None:
        then()
        session.post_note(text, take_back)

    if judged and may_write(session):
        session.edit("Keeping", lambda m: m.kept.keep(kind, judged), said)
