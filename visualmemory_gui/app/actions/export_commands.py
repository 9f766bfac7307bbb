"""Asks how the memory, or a class of it, is to be exported, and begins it."""

from __future__ import annotations

from visualmemory_gui.app.actions.dialogs import Dialogs
from visualmemory_gui.app.operations import exchange
from visualmemory_gui.app.session import Session


def ask_export(session: Session, ask: Dialogs, label: str | None = None) -> None:
    """Ask for format and target, then export the memory, or its class ``label`` with what is below it."""
    memory = session.memory
    if memory is None:
        return
    name = memory.name if label is None else f"{memory.name}-{label.replace('/', '-')}"

    def export(to: str, format: str, keep_private: bool) -> None:
        exchange.export(session, to, format, label=label, keep_private=keep_private)

    ask.export_options(name, session.beside, export, label=label)
