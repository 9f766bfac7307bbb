"""Asks for the trust of exemplars: how much their votes count."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from visualmemory_gui.app.widgets.dialogs.number_dialog import NumberDialog

LEAST, MOST = 0.01, 100.0
MEANING = (
    "Their votes are multiplied by it: 1 counts like any other, 0.5 half, 2 twice. To take away their vote, "
    "strike them out."
)


class TrustDialog(NumberDialog):
    """``what`` names the exemplars, "3 exemplars"; ``now`` is their trust."""

    def __init__(self, parent: QWidget | None, *, what: str, now: float) -> None:
        super().__init__(
            parent, title="Set trust", heading=f"Trust of {what}", name="Trust", meaning=MEANING, verb="Set trust"
        )
        self.setObjectName("trustDialog")
        self.suggest(now, least=LEAST, most=MOST, step=0.1)
