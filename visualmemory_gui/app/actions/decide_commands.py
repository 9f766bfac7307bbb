"""What the actions on a query and its neighbours do: ask what is needed, then call one operation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Protocol

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QGuiApplication

from visualmemory_gui.app.actions.dialogs import Dialogs
from visualmemory_gui.app.actions.exemplar_commands import ExemplarCommands
from visualmemory_gui.app.models.class_marks import NO_CLASS
from visualmemory_gui.app.models.cull_run import CullModel
from visualmemory_gui.app.models.impact import propose_lesson
from visualmemory_gui.app.models.incoming_images import incoming
from visualmemory_gui.app.models.query import Query, query_of
from visualmemory_gui.app.models.thumbnails import scaled
from visualmemory_gui.app.operations import cull_run, exemplars, queue, watch_set
from visualmemory_gui.app.operations import teach as teaching
from visualmemory_gui.app.operations.edit import Edit, may_write
from visualmemory_gui.app.session import Session
from visualmemory_gui.app.widgets.dialogs.contact_sheet import SheetRow
from visualmemory_gui.engine.decision.levels import winning_label
from visualmemory_gui.engine.files.path_kind import is_folder
from visualmemory_gui.engine.text.visible_text import how_many

if TYPE_CHECKING:
    from PIL.Image import Image

    from visualmemory_gui.app.operations.originals import Finder
    from visualmemory_gui.engine.memory.protocol import Memory

SHEET_SIDE = 256  # pixels, as large as thumbnails are stored
RELABEL_HINT = "Relabel {}: press the digit of a class, R for the list of classes, Esc to cancel."


class Cards(Protocol):
    """What the commands need from the workspace Decide."""

    def selected(self, *, struck: bool | None = None) -> list[int]: ...
    def queued(self) -> list[int]: ...
    def toggle_queue(self) -> None: ...
    def select_all(self) -> None: ...
    def clear_selection(self) -> None: ...
    def say(self, text: str) -> None: ...
    def open_compare(self) -> None: ...
    def show_original(self) -> None: ...
    def draw_part(self) -> None: ...
    @property
    def comparing(self) -> bool: ...


class DecideCommands(QObject):
    """One method per action or gesture. ``relabelling`` is true between R and the digit that follows."""

    similar_requested = Signal(int)  # show in Curate what is like this exemplar

    def __init__(self, session: Session, cards: Cards, ask: Dialogs, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.cards = cards
        self._ask = ask
        self.relabelling = False
        self._exemplars = ExemplarCommands(session, ask, self._classes)

    # Queries

    def choose_query(self) -> None:
        self._ask.images(self.decide)

    def paste(self) -> None:
        found = incoming(QGuiApplication.clipboard().mimeData())
        if found:
            self.decide(found)
        else:
            self._session.post_note("There is no image on the clipboard.")

    def decide(self, images: Sequence[str | Image]) -> None:
        """Make a single image the query; put several images, those of folders, and frames of videos into the teaching
        queue."""
        from visualmemory_gui.engine.exchange.video_frames import looks_like_video

        videos = [image for image in images if isinstance(image, str) and looks_like_video(image)]
        if videos and may_write(self._session):
            self._ask.frames(videos, partial(queue.add_videos, self._session, videos))
        images = [image for image in images if image not in videos]
        paths = [image for image in images if isinstance(image, str)]
        if len(paths) > 1 or (paths and is_folder(paths[0])):
            queue.add(self._session, paths)
        elif images:
            self._session.decision.ask(images[0])

    def ask_selected(self) -> None:
        ids = self.cards.selected()
        if ids:
            self._session.decision.follow(ids[0])

    def query(self) -> Finder:
        """What finds the query in the memory."""
        query = self._session.decision.query
        assert query is not None  # its actions are off without one
        return lambda _: query

    def neighbour(self) -> Finder:
        """What finds the first of the selected neighbours."""
        return partial(query_of, exemplar=self.cards.selected()[0])

    def find_similar(self) -> None:
        if ids := self.cards.selected():
            self.similar_requested.emit(ids[0])

    # Teaching

    def teach(self) -> None:
        """Ask for the class of the query, or of the images selected in the queue; it may be new."""
        self._ask_class()

    def teach_by_name(self, typed: str = "") -> None:
        """The same by a few letters of an existing class; ``typed`` are the first of them."""
        if self._session.decision.query is not None and may_write(self._session):
            self._ask_class(typed)

    def ask_class_of_culled(self, run: CullModel, typed: str | None) -> None:
        """Ask for the class of the image shown while culling; see ``teach`` and ``teach_by_name``.

        What the lesson would change elsewhere is not shown: the sample of the memory is not tracked meanwhile.
        """
        self._ask_class(typed, partial(cull_run.teach, self._session, run))

    def ask_certain(self, run: CullModel) -> None:
        """Show the next certain images on one sheet, and teach those that stay ticked."""
        model, marks, wanted = self._session.queue, self._session.class_marks, run.certain
        if not wanted or not may_write(self._session):
            return
        of = {row.id: row for row in map(model.row, model.rows_of(image for image, _ in wanted))}

        def read(memory: Memory) -> list[SheetRow]:
            images = memory.queue.thumbnails(list(of))
            return [
                SheetRow(i, of[i].name, label, of[i].share or 0.0, colours[i], scaled(images.get(i, b""), SHEET_SIDE))
                for i, label in wanted
            ]

        def ask(rows: list[SheetRow]) -> None:
            title = f"The next {how_many(len(rows), 'image')} that {'is' if len(rows) == 1 else 'are'} certain"
            self._ask.sheet(f"{title}, from {100 * model.least:.0f} % of the vote", rows, model.names, teach)

        def teach(kept: list[int]) -> None:
            cull_run.teach_certain(self._session, run, [(i, label) for i, label in wanted if i in kept])

        colours = {i: marks.colour(row.winner or "") for i, row in of.items()}
        Edit("Reading images", read, ask, only_reads=True).run(self._session)

    def _ask_class(self, typed: str | None = None, then: Callable[[str], object] | None = None) -> None:
        decision, query, queued = self._session.decision.decision, self._session.decision.query, self.cards.queued()
        winner = winning_label(decision) if decision is not None and len(queued) < 2 else None
        own = query is not None and query.exemplar is not None
        question, verb = ("Relabel this exemplar to", "Relabel") if own else ("Teach this image as", "Teach")
        if len(queued) > 1:
            question = f"Teach {len(queued):,} images as"
        edit_of = partial(propose_lesson, query) if len(queued) < 2 and then is None else None
        self._exemplars.ask_label(
            question, then or self._teach_query, preselected=winner or "", verb=verb, typed=typed, edit_of=edit_of
        )

    def confirm(self) -> None:
        """Teach the query as its winner; several selected images of the queue, each as its own winner."""
        decision, queued = self._session.decision.decision, self.cards.queued()
        label = winning_label(decision) if decision is not None else None
        if len(queued) > 1:
            queue.teach(self._session, self._session.queue.winners(queued))
        elif label is not None:
            self._teach_query(label)

    def teach_as(self, label: str | None) -> None:
        """Teach the query as ``label``; None asks for a new class."""
        if self._session.decision.query is None:
            self._session.post_note("Drop an image first; then choose its class.")
        elif label is None:
            self._exemplars.ask_label("Teach this image as a new class", self._teach_query)
        else:
            self._teach_query(label)

    def teach_images(self, images: Sequence[str | Image], label: str | None) -> None:
        """Teach images dropped on a class: paths and PIL images."""
        if not images:
            self._session.post_note("There is no image in what was dropped.")
        elif label is None:
            question = f"Teach {len(images)} images as" if len(images) > 1 else "Teach this image as"
            self._exemplars.ask_label(question, partial(teaching.teach, self._session, images))
        else:
            teaching.teach(self._session, images, label)

    def watch(self) -> None:
        """Watch the query; ask what it should be."""
        decision, query = self._session.decision.decision, self._session.decision.query
        winner = winning_label(decision) if decision is not None else None
        if query is not None:
            self.expect(query, preselected=winner or "")

    def expect(self, query: Query, *, preselected: str = "") -> None:
        """Ask what ``query`` should be, and watch it."""
        then = partial(watch_set.watch, self._session, query)
        self._exemplars.ask_label("Watch this image; it should be", then, preselected=preselected, verb="Watch")

    # The queue

    def confirm_all(self) -> None:
        """Teach every certain image, after asking."""
        wanted = self._session.queue.certain()
        if wanted:
            classes = len({label for _, label in wanted})
            question = (
                f"Teach {how_many(len(wanted), 'image')} from the queue as the "
                f"{how_many(classes, 'class')} they are decided as? A single undo reverts it."
            )
            self._ask.confirm(question, "Teach", partial(queue.teach, self._session, wanted))

    def export_queue(self) -> None:
        memory = self._session.memory
        if memory is not None:
            suggested = self._session.beside / f"{memory.name}-queue.csv"
            self._ask.table_file(suggested, partial(queue.export, self._session))

    def remove_queued(self) -> None:
        queue.remove(self._session, self.cards.queued())

    def clear_queue(self) -> None:
        count = self._session.queue.counts()[0]
        question = f"Remove all {count:,} images from the queue? What was taught stays in the memory."
        self._ask.confirm(question, "Empty the queue", partial(queue.clear, self._session))

    # Neighbours

    def restore(self, ids: Sequence[int] | None = None) -> None:
        """Let exemplars left out of this query alone vote again, and restore those that are struck out."""
        ids = self.cards.selected(struck=True) if ids is None else ids
        out = self._session.decision.left_out_ids
        self._session.decision.take_back([i for i in ids if i in out])
        if struck := [i for i in ids if i not in out]:
            exemplars.restore(self._session, struck)

    def leave_out(self) -> None:
        """Decide this query without the selected cards; nothing is written."""
        ids = self.cards.selected(struck=False)
        if ids:
            exemplars.leave_out_here(self._session, ids)

    def set_trust(self) -> None:
        """Ask for the trust of the selected cards."""
        self._exemplars.set_trust(self.cards.selected())

    def relabel(self) -> None:
        """On the first R wait for a digit; on the second ask for the class."""
        ids = self.cards.selected()
        if not ids:
            return
        if self.relabelling:
            self._stop_relabelling()
            self.relabel_to(ids, None)
        else:
            self.relabelling = True
            self.cards.say(RELABEL_HINT.format(how_many(len(ids))))

    def relabel_to(self, ids: Sequence[int], label: str | None) -> None:
        """Relabel ``ids``; without a label ask for the class."""
        if label is not None:
            self._session.class_marks.use(label)
        self._exemplars.relabel(ids, label)

    def on_digit(self, digit: int) -> None:
        if self.cards.comparing:
            return
        label = self._session.class_marks.label_of(digit)
        if label is None:
            self._session.post_note(NO_CLASS.format(digit))
        elif self.relabelling:
            self._stop_relabelling()
            self.relabel_to(self.cards.selected(), label)
        else:
            self.teach_as(label)

    def let_go(self) -> None:
        """Go one step back: stop relabelling, else clear the selection."""
        if self.relabelling:
            self._stop_relabelling()
        else:
            self.cards.clear_selection()

    def _stop_relabelling(self) -> None:
        self.relabelling = False
        self.cards.say("")

    def _classes(self) -> list[str]:
        return sorted(label for label, count in self._session.decision.counts.items() if count)

    def _teach_query(self, label: str) -> None:
        query, queued = self._session.decision.query, self.cards.queued()
        if query is None:
            return
        self._session.class_marks.use(label)
        if queued:
            queue.teach(self._session, [(i, label) for i in queued])
            return
        if query.exemplar is not None:
            exemplars.relabel(self._session, [query.exemplar], label)
            return
        image = query.image or query.source
        if image is None:
            self._session.post_note("This query's image is not stored; drop it again to teach it.")
        else:
            teaching.teach(self._session, [image], label, box=query.box)
