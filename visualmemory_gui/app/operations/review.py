"""Operations on the findings of a review. Keeping one as it is is not a step of the history."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from visualmemory_gui.app.operations.edit import Edit, Note, step, undo_of
from visualmemory_gui.app.session import Session
from visualmemory_gui.engine.text.visible_text import how_many
from visualmemory_gui.engine.types import Changes

if TYPE_CHECKING:
    from visualmemory_gui.engine.curation.influence import Misleader
    from visualmemory_gui.engine.curation.review import Group
    from visualmemory_gui.engine.curation.suspect import Suspect

Pairs = list[tuple[tuple[int, int], str]]  # ids (the second is 0 if it is about one exemplar), label


def take_suggestions(session: Session, suspects: Sequence[Suspect]) -> None:
    """Give every suspect its suggested label, in one step."""
    by_label: dict[str, list[int]] = {}
    for suspect in suspects:
        by_label.setdefault(suspect.suggested, []).append(suspect.id)
    only = f" to {next(iter(by_label))}" if len(by_label) == 1 else " as suggested"

    def said(changes: Changes) -> Note | None:
        many = how_many(len(changes.ids))
        return Note(f"Relabelled {many}{only}.", undo_of(changes.step)) if changes.edit is not None else None

    if suspects:
        Edit("Relabelling", lambda m: m.relabel_each(by_label), said).run(session)


def strike_all_but_first(session: Session, groups: Sequence[Group]) -> None:
    """Keep the first exemplar of each group and strike out the others, in one step."""
    if rest := [i for group in groups for i in group.ids[1:]]:
        text = f"Struck {how_many(len(rest))} from the memory; the first of each group stays."
        step("Striking out", lambda m: m.strike(rest), text).run(session)


def keep_labels(session: Session, suspects: Sequence[Suspect], then: Callable[[], object]) -> None:
    """Accept these labels as right: they stay off the list until they change."""
    judged = [((suspect.id, 0), suspect.label) for suspect in suspects]
    _keep(session, "label", judged, f"Kept the label of {how_many(len(suspects))}.", then)


def keep_misleading(session: Session, misleaders: Sequence[Misleader], then: Callable[[], object]) -> None:
    """Accept that these mislead: they stay off the list until their label changes."""
    judged = [((one.id, 0), one.label) for one in misleaders]
    _keep(session, "misled", judged, f"Kept {how_many(len(misleaders))} as they are.", then)


def keep_groups(session: Session, groups: Sequence[Group], then: Callable[[], object]) -> None:
    """Accept these groups as they are: their pairs stay off the list until a label changes."""

    def judged() -> Pairs:
        from visualmemory_gui.engine.curation.review import pairs_within

        return [pair for group in groups for pair in pairs_within(group)]

    count = how_many(len(groups), "group")
    _keep(session, "pair", judged() if groups else [], f"Kept {count} as they are.", then)


def _keep(session: Session, kind: str, judged: Pairs, text: str, then: Callable[[], object]) -> None:
    def looked_again(_: object) -> None:
        then()

    def said(_: object) -> Note:
        then()
        pairs = [pair for pair, _ in judged]
        return Note(text, Edit("Taking back", lambda m: m.kept.drop(kind, pairs), looked_again))

    if judged:
        Edit("Keeping", lambda m: m.kept.keep(kind, judged), said).run(session)
