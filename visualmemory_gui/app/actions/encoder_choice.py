"""Choosing an encoder: what the dialog asks for is done here."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from visualmemory_gui.app.actions.dialogs import Dialogs
from visualmemory_gui.app.models.encoders import EncodersModel
from visualmemory_gui.app.operations import encoders
from visualmemory_gui.app.session import Session
from visualmemory_gui.engine.text.visible_text import size_text

TERMS = (
    "The weights of {name} come under terms of their own: {licence}. Read them at {terms}\n\n"
    "Fetching {size} means that you accept them."
)

PROGRAM = (
    "{name} is a TorchScript file, which is program code: it runs with your rights whenever it is used. Add it only if "
    "you trust it."
)


class EncoderChoice:
    """``name`` is the encoder chosen so far, and ``dim`` to how many numbers its vectors are reduced, None for all of
    them; ``model`` lists all encoders, and keeps what was measured of them."""

    def __init__(self, session: Session, dialogs: Dialogs, model: EncodersModel, *, name: str) -> None:
        self.name = name
        self.dim: int | None = None
        self.model = model
        self._session, self._dialogs = session, dialogs
        self._follower: Callable[[str], object] | None = None

    def follow(self, then: Callable[[str], object]) -> None:
        """Call ``then`` with the name of each encoder that is chosen from now on."""
        self._follower = then

    def reduce(self, dim: int | None) -> None:
        self.dim = dim

    def ask(self, then: Callable[[str], object], *, reduces: bool = False) -> None:
        """Ask for an encoder; ``then`` is called with its name, before whoever follows. With ``reduces`` also for
        ``dim``."""

        def chosen(name: str) -> None:
            self.name = name
            then(name)
            if self._follower is not None:
                self._follower(name)

        if not self.model.busy:
            self.model.tell("")  # of what was asked for in an earlier dialog
        encoders.look(self.model)
        self._dialogs.encoder(self, chosen, reduces=reduces)

    def fetch(self, name: str) -> None:
        """Fetch the weights of ``name``, once the user has accepted their terms, if they have any."""
        row, fetch = self.model.row(name), partial(encoders.fetch, self._session, self.model, name)
        if row is not None and row.terms:
            question = TERMS.format(name=name, licence=row.licence, terms=row.terms, size=size_text(row.size))
            self._dialogs.confirm(question, "Accept and fetch", fetch, careful=True)
        else:
            fetch()

    def add(self, then: Callable[[str], object]) -> None:
        """Ask for a file of the user's own and add it; ``then`` is called with its name among the encoders."""
        self._dialogs.network(partial(self._add, then))

    def _add(self, then: Callable[[str], object], path: str) -> None:
        add = partial(encoders.add, self._session, self.model, path, then)
        if path.endswith(".pt"):
            self._dialogs.confirm(PROGRAM.format(name=Path(path).name), "Add it", add, careful=True)
        else:
            add()

    def measure(self, name: str) -> None:
        encoders.measure(self._session, self.model, name)
