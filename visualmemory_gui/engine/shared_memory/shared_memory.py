"""SharedMemory: one memory on a server, its edits and decisions."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from os import PathLike
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from visualmemory_gui.engine import arguments
from visualmemory_gui.engine.decision.novelty import Limits, Thresholds
from visualmemory_gui.engine.decision.own_measures import OwnMeasures
from visualmemory_gui.engine.decision.voting_scheme import VotingScheme
from visualmemory_gui.engine.device.choice import require, resolve_or_cpu
from visualmemory_gui.engine.errors import BadImage, BadValue, ReadOnlyMemory
from visualmemory_gui.engine.index.vector_check import gate, gate_one
from visualmemory_gui.engine.memory.added_images import AddResult
from visualmemory_gui.engine.memory.classifier import Scope
from visualmemory_gui.engine.memory.image_reader import ImageReader, batched, images_of
from visualmemory_gui.engine.memory.importer import BuildResult, Write, directly
from visualmemory_gui.engine.memory.importer import plan as plan_of
from visualmemory_gui.engine.memory.open_memory import OpenMemory
from visualmemory_gui.engine.memory.protocol import ProposedChange
from visualmemory_gui.engine.memory.query import EmbeddedQuery, good, queries
from visualmemory_gui.engine.memory.visual_memory import BATCH, Ids, boxes_of
from visualmemory_gui.engine.progress import Report, silent
from visualmemory_gui.engine.shared_memory import measures, shared_settings
from visualmemory_gui.engine.shared_memory.address import SharedAddress, address_of
from visualmemory_gui.engine.shared_memory.candidates import LabelTable
from visualmemory_gui.engine.shared_memory.exemplar_pages import SharedExemplars
from visualmemory_gui.engine.shared_memory.journal import Journal, folder_of
from visualmemory_gui.engine.shared_memory.lease import USUAL_TIMES, Lease, LeaseTimes
from visualmemory_gui.engine.shared_memory.local_tables import LocalTables
from visualmemory_gui.engine.shared_memory.observed_server import ObservedServer
from visualmemory_gui.engine.shared_memory.own_edits import OwnEdits
from visualmemory_gui.engine.shared_memory.pull import open_complete
from visualmemory_gui.engine.shared_memory.server import Server
from visualmemory_gui.engine.shared_memory.shared_additions import SharedAdditions
from visualmemory_gui.engine.shared_memory.shared_classifier import SharedClassifier
from visualmemory_gui.engine.shared_memory.shared_editor import Edited, SharedEditor
from visualmemory_gui.engine.shared_memory.shared_erasing import SharedErasing
from visualmemory_gui.engine.shared_memory.shared_history import SharedHistory, SharedTags
from visualmemory_gui.engine.shared_memory.shared_listing import SharedListing
from visualmemory_gui.engine.shared_memory.shared_maintenance import SharedMaintenance
from visualmemory_gui.engine.shared_memory.shared_queue import SharedQueue
from visualmemory_gui.engine.shared_memory.shared_row import Changed, SharedRow
from visualmemory_gui.engine.shared_memory.shared_store import SharedStore
from visualmemory_gui.engine.shared_memory.watch_decisions import WatchDecisions
from visualmemory_gui.engine.snapshot import Snapshot
from visualmemory_gui.engine.store import labels as label_paths
from visualmemory_gui.engine.store.class_hotkeys import ClassHotkeys
from visualmemory_gui.engine.store.copies import Copy
from visualmemory_gui.engine.store.dismissals import Kept
from visualmemory_gui.engine.store.exemplar_row import checked_trust
from visualmemory_gui.engine.store.files import ImageFiles
from visualmemory_gui.engine.store.queries import RecentQueries
from visualmemory_gui.engine.store.settings import settings_with
from visualmemory_gui.engine.store.watch import Watch, Watched
from visualmemory_gui.engine.text.visible_text import how_many
from visualmemory_gui.engine.types import (
    F32,
    BoxLike,
    Changes,
    Decision,
    DecodedImage,
    Device,
    FinishedEdit,
    FullImage,
    IndexState,
    MemorySettings,
    NewExemplar,
    Rule,
    SearchMode,
    SharedReceipt,
    Summary,
    box_of,
)

if TYPE_CHECKING:
    from PIL.Image import Image

    from visualmemory_gui.engine.encoders.base import Encoder
    from visualmemory_gui.engine.memory.image_reader import ImageLike


class SharedMemory:
    """One open memory on a server; ``open`` it, use it as a context manager, or ``close`` it.

    What each method promises is what ``VisualMemory`` promises, with three differences. An edit has been written to the
    journal on this machine and to the server when it returns; one that the server did not get whole is finished by the
    next edit or at the next opening, a forget at the next opening (as ``maintenance`` says). The history is
    that of the edits made from this machine. Another client's edits are seen when the server has them, and while one
    client edits, others only read.
    """

    def __init__(
        self,
        address: SharedAddress,
        store: SharedStore,
        server: ObservedServer,
        journal: Journal | None,
        *,
        readonly: bool,
        device: Device | None,
    ) -> None:
        self.readonly = readonly
        self.identity = store.identity
        self.settings = shared_settings.read(store)
        self._address = address
        self._store = store
        self._own = OwnEdits(store)
        self._device = device
        self.catalog = SharedExemplars(store, self._own)
        self._classifier = SharedClassifier(store, self._own, OwnMeasures(), self.settings)
        self._thresholds: Thresholds | None = None
        self._judge()
        self.maintenance = SharedMaintenance(
            store, server, thresholds=lambda: self._thresholds, defer=lambda: self.queue, finish=self._finish_now
        )
        self._listing = SharedListing(store, self._own)
        self._local = LocalTables(folder_of(address), store, readonly=readonly)
        self._queue: SharedQueue | None = None
        self._queue_lock = threading.Lock()
        self._reader = ImageReader(self.catalog, self.identity, lambda: self.device)
        self._editor: SharedEditor | None = None
        self._additions = SharedAdditions(
            self._reader, self.catalog, editor=self._require_editor, told=self._told, files=lambda: self.files
        )
        self._watched = WatchDecisions(
            self.catalog, self._own, self._classifier, dim=self.identity.dim, settings=lambda: self.settings
        )
        about_it = journal if journal is not None and journal.is_of(store.token) else None
        self.history = SharedHistory(about_it, self._own, None, self._told)
        self.tags = SharedTags(about_it, readonly=readonly)
        if about_it is not None:
            store.forgotten = about_it.forgotten()
        self._callbacks: list[Callable[[Changes], object]] = []
        self._open = ExitStack()
        if journal is not None:
            self._open.callback(journal.close)
        self._open.callback(self._classifier.close)
        self._open.callback(self._local.close)
        self._open.callback(self._reader.close)

    @classmethod
    def open(
        cls,
        address: str,
        *,
        readonly: bool = False,
        device: Device | None = None,
        server: Server | None = None,
        times: LeaseTimes | None = None,
        token: str = "",
    ) -> SharedMemory:
        """Open the memory at ``address``, ``milvus+http(s)://host:port/collection``. For editing the lease is taken.

        ``server`` is one that is connected already; it is not closed. ``token`` is what a server asks for, "" for what
        the environment or the keyring says; it is kept nowhere. Raises BadValue, ServerError, NotAMemory,
        NewerFormat, DamagedMemory, and MemoryLocked, naming who edits it.
        """
        place = SharedAddress.of(address)
        require(device)
        with ExitStack() as stack:
            if server is None:
                from visualmemory_gui.engine.shared_memory.milvus_server import MilvusServer

                server = MilvusServer.at(place, token=token)
                stack.callback(server.close)
            observed = ObservedServer(server)
            store = open_complete(observed, place.collection, keep_texts=True)
            journal = Journal.if_there(place) if readonly else Journal.of(place)
            try:
                made = cls(place, store, observed, journal, readonly=readonly, device=device)
            except BaseException:
                if journal is not None:
                    journal.close()
                raise
            store.drop_texts()
            stack.callback(made._open.close)
            if journal is not None and not readonly:
                made._begin_editing(journal, times or USUAL_TIMES)
            kept = stack.pop_all()
            made._open = kept
            return made

    def _begin_editing(self, journal: Journal, times: LeaseTimes) -> None:
        journal.lock.acquire()
        journal.begin_memory(self._store.token)
        lease = Lease(self._store, journal.owner, times=times)
        self._open.callback(lease.release)
        lease.acquire()
        self._editor = SharedEditor(self._store, self._own, journal, lease, moved=self._follow_rename)
        self.history = SharedHistory(journal, self._own, self._editor, self._told)
        self.tags = SharedTags(journal, readonly=False)
        self.maintenance.finished_edit = self._editor.finish()
        self.maintenance.finished_forget = self._editor.finish_forget()
        if self.maintenance.finished_forget is not None:
            self._judge()

    def close(self) -> None:
        """Give the lease back and close the connection; a second call does nothing."""
        self._open.close()

    def __enter__(self) -> SharedMemory:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def name(self) -> str:
        """The name of the collection."""
        return self._address.collection

    @property
    def address(self) -> str:
        """The address that opens it again."""
        return str(self._address)

    @property
    def device(self) -> Device:
        """Where encoding runs: that of this opening, else of the settings; "cpu" in place of a GPU that is not here."""
        return resolve_or_cpu(self._device or self.settings.device)

    @property
    def encoder(self) -> Encoder:
        """The memory's encoder, loaded when first needed. Raises EncoderError."""
        return self._reader.encoder

    def summary(self) -> Summary:
        """A summary of what the memory holds, as the server counts it."""
        exemplars, active, struck = self.catalog.totals()
        index = IndexState("hnsw" if self._store.graph else "exact", current=True)
        return Summary(exemplars, active, struck, self.catalog.counts(), self.identity, index)

    def class_counts(self) -> dict[str, int]:
        """The number of active exemplars by full label."""
        return {label.path: label.active for label in self._own.labels().labels.values() if label.active}

    def active_and_struck(self) -> tuple[int, int]:
        """How many exemplars are active and how many struck out."""
        return self.catalog.totals()[1:]

    def changed(self, callback: Callable[[Changes], object]) -> Callable[[], None]:
        """Call ``callback(changes)`` after each edit of this client, in its thread; the result ends it."""
        self._callbacks.append(callback)
        return lambda: self._callbacks.remove(callback) if callback in self._callbacks else None

    def decode(self, image: ImageLike, box: BoxLike | None = None) -> DecodedImage:
        """Decode a path (in a child process), a PIL image, or an array of uint8. Raises BadImage, BadValue."""
        return self._reader.decode(image, box_of(box))

    def full_image(self, image: str | PathLike[str] | Image) -> FullImage:
        """All pixels of a path or of a PIL image, upright and in sRGB. Raises BadImage."""
        return self._reader.full_image(image)

    def embed(self, images: ImageLike | Iterable[ImageLike]) -> F32:
        """(n, dim) float32, rows of unit length, of one image or several. Raises BadImage, BadValue."""
        return self._reader.embed([self.decode(image) for image in images_of(images)])

    def decide(
        self,
        image: ImageLike | int,
        k: int | None = None,
        rule: Rule | None = None,
        *,
        level: int = 0,
        search: SearchMode = "auto",
        exclude: Collection[int] = (),
        box: BoxLike | None = None,
    ) -> Decision:
        """Decide an image or an exemplar by its id. Raises BadImage, UnknownExemplar, BadValue, ServerError."""
        each = self.decide_each([image], k, rule, level=level, search=search, exclude=exclude, box=box)
        return good(next(iter(each)))

    def decide_many(
        self,
        images: ImageLike | int | Iterable[ImageLike | int],
        k: int | None = None,
        rule: Rule | None = None,
        *,
        level: int = 0,
        search: SearchMode = "auto",
        exclude: Collection[int] = (),
        box: BoxLike | None = None,
    ) -> list[Decision]:
        """``decide`` for each of ``images``, in order. Raises what ``decide`` raises, at the first bad one."""
        each = self.decide_each(images, k, rule, level=level, search=search, exclude=exclude, box=box)
        return [good(decision) for decision in each]

    def decide_each(
        self,
        images: ImageLike | int | Iterable[ImageLike | int],
        k: int | None = None,
        rule: Rule | None = None,
        *,
        level: int = 0,
        search: SearchMode = "auto",
        exclude: Collection[int] = (),
        box: BoxLike | None = None,
    ) -> Iterator[Decision | BadImage]:
        """``decide_many`` as an iterator, a batch at a time: one search of the server each."""
        scheme, scope = VotingScheme.of(self.settings, k, rule, level=level), Scope.of(search, exclude)
        part = box_of(box)
        for batch in batched(images_of(images), BATCH):
            asked = queries(self._reader, self.catalog, batch, part)
            found = iter(self._decided([one for one in asked if isinstance(one, EmbeddedQuery)], scheme, scope))
            for query in asked:
                yield query if isinstance(query, BadImage) else next(found)

    def decide_vector(
        self,
        vector: npt.ArrayLike,
        k: int | None = None,
        rule: Rule | None = None,
        *,
        level: int = 0,
        search: SearchMode = "auto",
        exclude: Collection[int] = (),
        content: str | None = None,
        own: int | None = None,
        original: str | None = None,
    ) -> Decision:
        """Decide a query vector (dim,). ``own`` is as for ``VisualMemory``. Raises BadVector, BadValue,
        UnknownExemplar, ServerError."""
        scheme, scope = VotingScheme.of(self.settings, k, rule, level=level), Scope.of(search, exclude, own=own)
        ids = arguments.content_id(content), arguments.content_id(original)
        query = EmbeddedQuery(gate_one(vector, self.identity.dim), ids[0], None, {}, original=ids[1])
        return self._decided([query], scheme, scope)[0]

    def _decided(self, asked: list[EmbeddedQuery], scheme: VotingScheme, scope: Scope) -> list[Decision]:
        if not asked:
            return []
        vectors, ids = np.stack([query.vector for query in asked]), [query.image for query in asked]
        found = self._classifier.decide_many(vectors, scheme, scope=scope, images=ids)
        return [query.answered(decision, self.catalog) for query, decision in zip(asked, found, strict=True)]

    def add_images(
        self,
        images: ImageLike | Iterable[ImageLike],
        labels: str | Iterable[str],
        boxes: Iterable[BoxLike | None] | None = None,
        *,
        copy: bool = True,
        found: Collection[int] = (),
    ) -> AddResult:
        """Add images as one step, with their thumbnails; the files stay where they are, whatever ``copy`` says.

        What is already here is reported, and what under another label. Raises BadImage, BadValue, ServerError.
        """
        given = list(images_of(images))
        names = arguments.labels_of(labels, len(given))
        return self._additions.add_images(given, names, boxes_of(boxes, len(given)), found)

    def build(
        self,
        folder: str | Path | Sequence[str],
        *,
        copy: bool = False,
        label: str | None = None,
        group_by: str | None = None,
        report: Report = silent,
        write: Write = directly,
    ) -> BuildResult:
        """Add what is new in ``folder``, or the images at these paths, as ``VisualMemory.build`` does, with their
        thumbnails; the files stay where they are, whatever ``copy`` says. One step for every 20,000 images. Raises
        BadValue, EncoderError, and ServerError: what was acknowledged before stays."""
        self._require_editor()
        places = arguments.path_of(folder) if isinstance(folder, str | PathLike) else arguments.paths_of(folder)
        plan = plan_of(places, copy=False, label=label, group_by=group_by)
        return self._additions.build(plan, write=write, report=report)

    def add_vectors(self, vectors: npt.ArrayLike, labels: str | Iterable[str]) -> list[int]:
        """Add your own vectors (n, dim), as one step; ids are increasing. Raises BadVector, BadValue, ServerError."""
        rows = np.atleast_2d(gate(vectors, self.identity.dim))
        names = arguments.labels_of(labels, len(rows))
        new = [NewExemplar(label, row) for label, row in zip(names, rows, strict=True)]
        return list(self._told(self._require_editor().add(new)).added) if new else []

    def merge_rows(
        self,
        batches: Iterable[Sequence[NewExemplar]],
        *,
        copies: Collection[Copy] = (),
        strike: Ids = (),
        restore: Ids = (),
        relabel: Mapping[str, Ids] | None = None,
        reweigh: Mapping[float, Ids] | None = None,
    ) -> Changes:
        """Add complete rows, and settle what is here, all as one step of at most 20,000 exemplars. ``copies`` are none:
        the memory has no image files. Raises BadLabel, BadValue, UnknownExemplar, ServerError."""
        struck = {one: out for ids, out in ((strike, True), (restore, False)) for one in arguments.ids_of(ids)}
        label_of = self._labels_wanted(relabel or {})
        weighed = {checked_trust(trust): arguments.ids_of(ids) for trust, ids in (reweigh or {}).items()}
        trust_of = {one: trust for trust, ids in weighed.items() for one in ids}

        def edited(table: LabelTable) -> Edited:
            numbers = table.numbers

            def changed(row: SharedRow) -> Changed:
                what: Changed = {}
                if row.id in struck:
                    what["struck"] = struck[row.id]
                if row.id in label_of:
                    what["label"] = numbers[label_of[row.id]]
                if row.id in trust_of:
                    what["trust"] = trust_of[row.id]
                return what

            return changed

        ids = list(dict.fromkeys([*struck, *label_of, *trust_of]))
        new = [one for batch in batches for one in batch]
        return self._told(self._require_editor().merge(new, ids, edited, labels=sorted(set(label_of.values()))))

    def strike(self, ids: Ids) -> Changes:
        """Take exemplars out of every vote, reversibly. Raises UnknownExemplar, BadValue; then nothing changed."""
        return self._edited("strike", ids, lambda _: lambda _: {"struck": True})

    def restore(self, ids: Ids) -> Changes:
        """Let struck exemplars vote again."""
        return self._edited("restore", ids, lambda _: lambda _: {"struck": False})

    def relabel(self, ids: Ids, label: str) -> Changes:
        """Give exemplars another label, which may be new. Raises BadLabel."""
        return self.relabel_each({label: ids})

    def relabel_each(self, wanted: Mapping[str, Ids]) -> Changes:
        """Relabel by a mapping of labels to ids, as one step. Raises BadLabel, UnknownExemplar, BadValue."""
        if not isinstance(wanted, Mapping):
            raise BadValue(f"relabel_each takes a mapping of labels to ids, not {arguments.kind(wanted)}")
        return self._relabelled("relabel", wanted)

    def reweigh(self, ids: Ids, trust: float) -> Changes:
        """Set what the votes of exemplars are multiplied by, 0 < trust <= 100. Raises BadValue."""
        factor = checked_trust(arguments.fraction(trust, "a trust"))
        return self._edited("reweigh", ids, lambda _: lambda _: {"trust": factor})

    def rename_label(self, old: str, new: str) -> Changes:
        """Rename a class and everything below it; onto an existing one: merge them. Raises BadLabel, BadValue."""
        before, after = label_paths.clean(old), label_paths.clean(new)
        self.catalog.require_label(before)
        paths = (label.path for label in self._own.labels().labels.values())
        below = [path for path in paths if label_paths.under(path, before)]
        wanted: dict[str, Ids] = {after + path[len(before) :]: self.catalog.ids_of(path) for path in below}
        return self._relabelled("rename", wanted)

    def undo(self) -> Changes:
        """Undo the last step made from this machine; ``edit`` is None when there is none, ``left`` what moved on."""
        return self.history.undo()

    def redo(self) -> Changes:
        """Redo the step undone last."""
        return self.history.redo()

    def forget(self, ids: Ids, *, rebuild: bool = False, report: Report = silent) -> SharedReceipt:
        """Erase exemplars for good, and the parts of these images. Cannot be undone.

        With ``rebuild`` the collections are copied without them and the old ones dropped; then others have to open the
        memory again. Raises UnknownExemplar, forgetting nothing, and ServerError: the next opening goes on with it.
        """
        return self._hidden(ids, rebuild=rebuild).finish(report)

    def erase(self, ids: Ids) -> SharedErasing:
        """The first half of ``forget``: no answer has the exemplars any more. ``finish`` of the result has the server
        erase their bytes."""
        return self._hidden(ids, rebuild=False)

    def _hidden(self, ids: Ids, *, rebuild: bool) -> SharedErasing:
        editor, wanted = self._require_editor(), arguments.ids_of(ids)
        doomed = [*wanted, *(part.id for part in self.catalog.parts_of(wanted))]
        contents = self.catalog.contents_going(doomed)
        self._local.forget(contents)
        receipt = editor.hide(doomed, rebuild=rebuild)
        if receipt.ids:
            self._judge()
            name = f"Forget {how_many(len(receipt.ids))}"
            self._told(Changes(edit=name, change=self._own.change, removed=receipt.ids, forgotten=receipt.ids))
        return SharedErasing(editor, receipt)

    def finish(self) -> FinishedEdit | None:
        """Finish the edit that was cut short, where there is one; the server may be back. Raises ServerError."""
        done = self._require_editor().finish()
        if done is not None and done.ids:
            self._told(Changes(edit=done.name, change=self._own.change, relabelled=done.ids))
        return done

    def _finish_now(self) -> str | None:
        done = self.finish() if self._editor is not None else None
        return None if done is None else done.name

    def set(self, name: str, value: object) -> MemorySettings:
        """Change one setting, for all who use the memory: others see it at their next opening. Raises BadValue."""
        return self.set_all({name: value})

    def set_all(self, values: Mapping[str, object]) -> MemorySettings:
        """Change several settings at once, all or none. Raises BadValue, ServerError."""
        named = {arguments.text(name, "the name of a setting"): str(value) for name, value in values.items()}
        require(named.get("device"))
        changed = settings_with(self.settings, named)
        change = self._require_editor().set(changed)
        self.settings = changed
        self._classifier.settings = changed
        self._judge()
        if "device" in named:
            self._reader.drop_encoder()
        self._told(Changes(edit=None, change=change, settings=tuple(named)))
        return changed

    def _judge(self) -> None:
        """Judge by what was measured, as the server has it."""
        usual: OwnMeasures = measures.read(self._store)
        self._thresholds = usual.thresholds(Limits.of(self.settings))
        self._classifier.judge_by(usual)

    @property
    def is_whole(self) -> bool:
        """False: the exemplars are on the server."""
        return False

    @property
    def is_there(self) -> bool:
        """True: that the server answers is asked by what needs it."""
        return True

    def is_at(self, path: str | Path) -> bool:
        """Whether ``path`` is the address of this memory."""
        return address_of(path) == self._address

    @property
    def listing(self) -> Snapshot:
        """The rows as ``list_rows`` read them last, without vectors."""
        return self._listing.snapshot

    def list_rows(self) -> Iterator[None]:
        """Bring ``listing`` up to the memory as it is now, a page of the server at each step. Raises ServerError."""
        return self._listing.read()

    def likeness(self, vector: F32) -> list[tuple[int, float]]:
        """(id, distance) of the exemplars nearest to ``vector`` (dim,), nearest first: those that the server names,
        16,384 at most. Raises ServerError."""
        return self._store.likeness(vector)

    @property
    def tables(self) -> OpenMemory:
        """What this user keeps on this machine about the memory; opened when first needed."""
        return self._local.opened

    @property
    def queue(self) -> SharedQueue:
        """The teaching queue of this user."""
        with self._queue_lock:
            if self._queue is None:
                self._queue = SharedQueue(
                    self.tables,
                    self._reader,
                    self._own,
                    self._classifier,
                    settings=lambda: self.settings,
                    teach=self._additions.add_read,
                    taught=self.catalog.labels_of_contents,
                )
            return self._queue

    @property
    def queries(self) -> RecentQueries:
        """The queries that this user decided last."""
        return self.tables.queries

    @property
    def watch(self) -> Watch:
        """The watch set of this user."""
        return self.tables.watch

    def decide_watched(self, watched: Sequence[Watched], edit: ProposedChange | None = None) -> list[Decision]:
        """The decisions on watched images that have a vector, as if ``edit`` were made. Raises ServerError, and what
        the edit would raise."""
        return self._watched.decide(watched, edit)

    @property
    def kept(self) -> Kept:
        """What this user judged correct in a review."""
        return self.tables.kept

    @property
    def keys(self) -> ClassHotkeys:
        """The digits that this user gave to classes."""
        return self.tables.keys

    @property
    def files(self) -> ImageFiles:
        """The copies of images on this machine: none."""
        return self.tables.files

    def new_reader(self) -> ImageReader:
        """A separate image reader for this memory, with its own processes. Close it after use."""
        return ImageReader(self.catalog, self.identity, lambda: self.device)

    def _follow_rename(self, before: str, after: str) -> None:
        """Let keys and watched expectations follow a class whose last exemplar moved to another."""
        if self._local.mentions(before) and not self.catalog.ids_of(before):
            self._local.follow_rename(before, after)

    def _relabelled(self, kind: str, wanted: Mapping[str, Ids]) -> Changes:
        label_of = self._labels_wanted(wanted)

        def edited(table: LabelTable) -> Edited:
            numbers = table.numbers
            return lambda row: {"label": numbers[label_of[row.id]]}

        editor = self._require_editor()
        return self._told(editor.edit(kind, list(label_of), edited, labels=sorted(set(label_of.values()))))

    def _labels_wanted(self, wanted: Mapping[str, Ids]) -> dict[int, str]:
        """The label that each exemplar shall have, by id."""
        return {one: label_paths.clean(path) for path, ids in wanted.items() for one in arguments.ids_of(ids)}

    def _edited(self, kind: str, ids: Ids, edited: Callable[[LabelTable], Edited]) -> Changes:
        return self._told(self._require_editor().edit(kind, arguments.ids_of(ids), edited))

    def _require_editor(self) -> SharedEditor:
        if self._editor is None:
            raise ReadOnlyMemory(f"{self.address} was opened for reading; open it for editing to change it")
        return self._editor

    def _told(self, changes: Changes) -> Changes:
        if changes.ids:
            for callback in tuple(self._callbacks):
                callback(changes)
        return changes
