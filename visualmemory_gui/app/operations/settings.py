"""Settings of the memory that are set in one act, and taken back in one."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING

from visualmemory_gui.app.models.note import NoteAction
from visualmemory_gui.app.operations.edit import Edit, Job, Note
from visualmemory_gui.app.session import Session
from visualmemory_gui.engine.memory.protocol import whole
from visualmemory_gui.engine.progress import Report

if TYPE_CHECKING:
    from visualmemory_gui.engine.evaluation.new_settings import NewSettings
    from visualmemory_gui.engine.memory.protocol import Memory


def use_settings(session: Session, values: Mapping[str, object], said: str) -> None:
    """Set ``values``, by name; ``said`` is the note, whose Undo sets what was set before."""
    _setting(session, values, said, undoable=True).run(session)


def _setting(
    session: Session, values: Mapping[str, object], said: str, *, undoable: bool
) -> Edit[Mapping[str, object]]:
    def work(memory: Memory) -> Mapping[str, object]:
        before = {name: getattr(memory.settings, name) for name in values}
        memory.set_all(values)
        return before

    def done(before: Mapping[str, object]) -> Note:
        session.decision.on_settings_replaced()
        undo = _setting(session, before, "The settings are what they were before.", undoable=False)
        return Note(said, undo if undoable else None)

    return Edit("Saving settings", work, done)


def _keep_unset() -> Edit[None]:
    """Set what was never set to what is in force: from then on it is the owner's choice like any other."""

    def work(memory: Memory) -> None:
        memory.set_all({name: getattr(memory.settings, name) for name in memory.maintenance.unset_settings})

    return Edit("Saving settings", work, lambda _: None)


def offer_new_settings(session: Session) -> None:
    """Say once of a memory that was made before what the settings of new ones would do to its accuracy."""

    def work(memory: Memory, report: Report) -> NewSettings | None:
        from visualmemory_gui.engine.evaluation.new_settings import measure

        return measure(whole(memory), report=report)

    def done(found: NewSettings | None) -> Note | None:
        if found is None:
            return None
        _keep_unset().run(session)
        use = partial(use_settings, session, found.settings, "The memory decides as new ones do.")
        return Note(found.words, actions=(NoteAction("Use them", use),))

    memory = session.memory
    if memory is not None and not memory.readonly and memory.maintenance.unset_settings:
        Job("Comparing settings", work, done, once="comparing settings").run(session)
