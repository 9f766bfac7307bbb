"""The colours and digits of classes: each class keeps its own for as long as it is on screen."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QColor

from visualmemory_gui.app.models.class_keys import ClassKeysModel
from visualmemory_gui.app.models.class_rows import ClassRow
from visualmemory_gui.app.models.classes import ordered_classes
from visualmemory_gui.app.models.decision import DecisionModel
from visualmemory_gui.engine.decision.levels import at_level

COLOURS = range(6)
NO_CLASS = "No class has the digit {} here."
DIGITS = range(1, 10)
LEADING = 3  # classes of a decision that always have digits, even those never taught


class ClassMarks(QObject):
    """Hands out colours to the classes of the decision and digits to the classes of the memory.

    ``paint(slot)`` is the colour of a slot of ``COLOURS``, or of a class without one. A class gives up its mark when
    it is gone, or when one that matters more has none and no mark is free. Colours are those of labels at the
    decision's level, digits those of full labels; ``given`` digits always belong to their classes.
    """

    updated = Signal()  # other than by a decision

    def __init__(
        self,
        decision: DecisionModel,
        given: ClassKeysModel,
        paint: Callable[[int | None], QColor],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._decision, self._given, self._paint = decision, given, paint
        self._colours: dict[str, int] = {}
        self._digits: dict[str, int] = {}
        self._used: list[str] = []
        self._ordered: list[str] = []
        self._rows: dict[str, ClassRow] = {}
        decision.decided.connect(self.on_decided)
        given.updated.connect(self.on_given)

    def colour(self, label: str) -> QColor:
        """The colour of a class at the decision's level; that of the others if it has none of its own."""
        return self._paint(self._colours.get(label))

    @property
    def slots(self) -> dict[str, int]:
        """The slots of the colours in use, by class at the decision's level."""
        return dict(self._colours)

    def digit(self, label: str) -> str:
        """The digit that labels with the class of this full label, or ""."""
        return str(self._digits.get(label, ""))

    def chip_digit(self, label: str) -> str:
        """The digit for a chip that shows ``label`` at the decision's level: only a full label has one."""
        decision = self._decision.decision
        return self.digit(label) if decision is None or decision.level == 0 else ""

    def label_of(self, digit: int) -> str | None:
        """The class that ``digit`` labels with now."""
        return next((label for label, own in self._digits.items() if own == digit), None)

    def use(self, label: str) -> None:
        """Note that the user labelled with this class: its digit is worth keeping."""
        self._used = [label, *(other for other in self._used if other != label)][: len(DIGITS) - LEADING]

    def rows(self) -> list[ClassRow]:
        """All classes that a query can be taught as, those with votes first.

        A row without a colour is made anew only where it says something else: of thousands an edit changes a few.
        """
        decision, counts, kept = self._decision.decision, self._decision.counts, self._rows
        level = decision.level if decision is not None else 0
        self._rows = {}
        for label in self._ordered:
            slot = self._colours.get(at_level(label, level) if level else label)
            row, key, count = kept.get(label), self.digit(label), counts.get(label, 0)
            if row is None or (slot, row.colour, row.key, row.count) != (None, None, key, count):
                row = ClassRow(label, self._paint(slot) if slot is not None else None, key, count)
            self._rows[label] = row
        return list(self._rows.values())

    def set_memory(self) -> None:
        """Start over: the classes are those of another memory."""
        self._colours, self._digits, self._used = {}, {}, []
        self._ordered, self._rows = [], {}

    def on_decided(self) -> None:
        decision = self._decision.decision
        shares = list(decision.shares) if decision is not None else []
        self._colours = hand_out(self._colours, shares, COLOURS)
        self._ordered = ordered = ordered_classes(self._decision.counts, decision)
        there = set(ordered)
        given = {label: digit for digit, label in self._given.keys.items() if label in there}
        free = [digit for digit in DIGITS if digit not in given.values()]
        used = [label for label in self._used if label in there]
        votes = {n.label for n in decision.voters} if decision is not None else set()
        voted = [label for label in ordered if label in votes]
        wanted = dict.fromkeys(label for label in (*voted[:LEADING], *used, *voted) if label not in given)
        spare = [label for label in ordered if label not in given and label not in wanted]
        self._digits = given | hand_out(self._digits, list(wanted), free, spare)

    def on_given(self) -> None:
        self.on_decided()
        self.updated.emit()


def hand_out(
    held: Mapping[str, int], wanted: Sequence[str], slots: Sequence[int], spare: Sequence[str] = ()
) -> dict[str, int]:
    """Slots for ``wanted``, and for ``spare`` where some are left; those that ``held`` one keep it.

    Where there are not enough, the spare ones give up theirs, the lowest slot first, and then the last wanted ones.
    """
    known = {*wanted, *spare}
    kept = {label: slot for label, slot in held.items() if label in known and slot in slots}
    yielding = sorted((label for label in spare if label in kept), key=lambda label: kept[label])
    yielding += [label for label in reversed(wanted[len(slots) :]) if label in kept]
    free = [slot for slot in slots if slot not in kept.values()]
    for label in (*wanted, *spare)[: len(slots)]:
        if label not in kept:
            kept[label] = free.pop(0) if free else kept.pop(yielding.pop(0))
    return kept
