"""What the actions on a whole memory do: open, create, fill and export it, undo and redo."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from visualmemory_gui.app import preferences
from visualmemory_gui.app.actions.dialogs import Dialogs
from visualmemory_gui.app.actions.encoder_choice import EncoderChoice
from visualmemory_gui.app.actions.export_commands import ask_export
from visualmemory_gui.app.models.encoders import EncodersModel
from visualmemory_gui.app.models.note import NoteAction
from visualmemory_gui.app.operations import exchange, folders, originals, reembed, shared_server
from visualmemory_gui.app.session import Session
from visualmemory_gui.app.widgets.dialogs.export_dialog import free_name

if TYPE_CHECKING:
    from visualmemory_gui.engine.memory.maintenance import Missing


class MemoryCommands:
    """One method per action: it asks what is needed, then calls one operation."""

    def __init__(self, session: Session, ask: Dialogs) -> None:
        self._session = session
        self._ask = ask
        self._looked = False  # whether this memory's originals have been looked for
        self._encoders = EncodersModel(session.tasks, session)
        session.memory_opened.connect(self.on_memory_opened)

    def on_memory_opened(self) -> None:
        self._looked = False
        folders.offer_rest(self._session)

    def open_memory(self) -> None:
        self._ask.memory(self._session.open)

    def open_shared(self) -> None:
        self._ask.shared(lambda address, token: self._session.open(address, token=token))

    def pull_sample(self) -> None:
        """Ask for a place, and pull a sample of the shared memory to it."""
        memory = self._session.memory
        if memory is not None and not memory.is_whole:
            suggested = Path(free_name(str(self._session.beside / f"{memory.name}-sample"), preferences.MEMORY))
            self._ask.new_memory(suggested, partial(shared_server.pull_sample, self._session))

    def offer_reading(self, path: str, why: str) -> None:
        """Ask whether to open for reading a memory that cannot be edited now."""
        self._ask.reading(why, partial(self._session.open, path, readonly=True))

    def new_from_folder(self) -> None:
        self._ask.folder("Make a memory from a folder of images", self.new_memory_of)

    def new_memory_of(self, folder: str) -> None:
        """Make a memory next to ``folder``, with its sub-folders as classes."""
        suggested = Path(folder).with_suffix(".vmem")
        choice = EncoderChoice(self._session, self._ask, self._encoders, name=folders.ENCODER)

        def make(copy: bool) -> None:
            self._ask.new_memory(suggested, partial(self._create, folder=folder, copy=copy, choice=choice))

        def count(encoder: str) -> None:
            folders.count(self._session, [folder], tell, new_memory=encoder)

        tell = self._ask.import_options(folder, make, encoder=choice)
        choice.follow(count)
        count(choice.name)

    def add_images(self) -> None:
        self._ask.folder("Add the images of a folder: its sub-folders are the classes", self.import_folder)

    def import_folder(self, folder: str) -> None:
        """Ask how, then add the images of ``folder``."""
        tell = self._ask.import_options(folder, lambda copy: folders.import_folder(self._session, folder, copy=copy))
        folders.count(self._session, [folder], tell)

    def export(self) -> None:
        ask_export(self._session, self._ask)

    def reembed(self) -> None:
        """Ask for an encoder and a place, and make the memory again there."""
        memory = self._session.whole
        if memory is not None:
            choice = EncoderChoice(self._session, self._ask, self._encoders, name=memory.identity.name)
            choice.ask(lambda _: self._ask_place(memory.path, choice), reduces=True)

    def find_originals(self) -> None:
        """Find out which originals are missing, and ask where they are."""
        originals.look(self._session, self._ask_where)

    def look_once(self) -> None:
        """Post a note about missing originals, the first time the memory is idle."""
        if self._session.whole is not None and not self._looked:
            self._looked = True
            originals.look(self._session, self._tell_missing)

    def _ask_place(self, beside: Path, choice: EncoderChoice) -> None:
        stem = f"{beside.with_suffix('')}-{choice.name.replace('/', '-')}{f'-{choice.dim}' if choice.dim else ''}"
        suggested = Path(free_name(stem, preferences.MEMORY))
        again = partial(reembed.reembed, self._session, encoder=choice.name, dim=choice.dim)
        self._ask.new_memory(suggested, again)

    def _ask_where(self, missing: Missing) -> None:
        """Show what is missing, and ask where one of its folders is now; say so if nothing is missing."""
        if missing.count:
            self._ask.originals(missing, partial(originals.locate, self._session, missing))
        elif missing.linked:
            self._session.post_note(originals.all_there(missing.linked))
        else:
            self._session.post_note("This memory needs no originals: it keeps its own copies.")

    def _tell_missing(self, missing: Missing) -> None:
        """Post a note if something is missing, and do nothing otherwise."""
        if missing.count:
            where = NoteAction("Locate folder…", partial(self._ask_where, missing))
            text = f"{originals.not_found(missing.count)}; decisions do not need them."
            self._session.post_note(text, also=(where,))

    def open_path(self, path: str) -> None:
        """Open a memory, or make one from a bundle."""
        self.open_bundle(path) if preferences.kind_of([path]) == "bundle" else self._session.open(path)

    def open_bundle(self, bundle: str) -> None:
        """Ask where to put the memory in ``bundle``, suggesting a folder next to it; make it there and open it."""
        suggested = Path(free_name(str(Path(bundle).absolute().with_suffix("")), preferences.MEMORY))
        make = partial(exchange.open_bundle, self._session, bundle)
        exchange.check_bundle(self._session, bundle, partial(self._ask.new_memory, suggested, make))

    def choose_bundle(self) -> None:
        self._ask.bundle(self.open_bundle)

    def _create(self, path: str, *, folder: str, copy: bool, choice: EncoderChoice) -> None:
        imported = partial(folders.import_folder, self._session, folder, copy=copy, new_memory=True)
        if choice.dim is None:
            self._session.create(path, choice.name, then=imported)
        else:
            self._session.create_reduced(path, choice.name, dim=choice.dim, folder=folder, then=imported)
