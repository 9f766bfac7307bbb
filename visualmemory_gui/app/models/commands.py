"""Every command of the window as a list that letters narrow: what it does, its keys, and why it is not possible now."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import IntEnum

from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from visualmemory_gui.app.models.label_match import distance

Index = QModelIndex | QPersistentModelIndex
_FIRST = int(Qt.ItemDataRole.UserRole) + 1


class CommandRole(IntEnum):
    """Keys: the key to press. Place: the workspace it belongs to, or "". Refusal: why it is not possible, or ""."""

    Keys = _FIRST
    Place = _FIRST + 1
    Refusal = _FIRST + 2


@dataclass(frozen=True, slots=True)
class PaletteCommand:
    """A command. ``text`` names its target where it has one; ``call`` runs it."""

    text: str
    tip: str
    keys: str
    place: str
    refusal: str
    call: Callable[[], object]


class CommandList(QAbstractListModel):
    """The commands whose words contain the letters typed so far: the likeliest first, possible ones before others."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._all: Sequence[PaletteCommand] = ()
        self._shown: Sequence[PaletteCommand] = ()

    def set_commands(self, commands: Sequence[PaletteCommand]) -> None:
        self._all = tuple(commands)
        self.narrow("")

    def narrow(self, typed: str) -> None:
        """Show those that contain the letters of ``typed`` in order."""
        far = [(distance(f"{command.text} {command.place}", typed), command) for command in self._all]
        found = [(d, bool(command.refusal), n) for n, (d, command) in enumerate(far) if d is not None]
        by_words = sorted(found) if typed.strip() else sorted(found, key=lambda one: one[1:])
        self.beginResetModel()
        self._shown = [self._all[n] for *_, n in by_words]
        self.endResetModel()

    def command_at(self, row: int) -> PaletteCommand | None:
        return self._shown[row] if 0 <= row < len(self._shown) else None

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self._shown)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid():
            return None
        command = self._shown[index.row()]
        values: dict[int, object] = {
            Qt.ItemDataRole.DisplayRole: command.text,
            Qt.ItemDataRole.ToolTipRole: command.tip,
            Qt.ItemDataRole.AccessibleTextRole: spoken(command),
            CommandRole.Keys: command.keys,
            CommandRole.Place: command.place,
            CommandRole.Refusal: command.refusal,
        }
        return values.get(role)


def spoken(command: PaletteCommand) -> str:
    """ "Restore, Decide, U. Not possible: No struck exemplar is selected."."""
    said = ", ".join(filter(None, (command.text, command.place, command.keys)))
    return f"{said}. Not possible: {command.refusal}" if command.refusal else said
