"""The dialogs as their callers see them: the real ones are in views, a test brings its own that answer immediately."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from visualmemory_gui.app.models.window_settings import OfMemory, WindowSettings
from visualmemory_gui.app.widgets.dialogs.changed_decisions_dialog import DecisionRow
from visualmemory_gui.app.widgets.dialogs.contact_sheet import SheetRow
from visualmemory_gui.app.widgets.dialogs.import_dialog import FolderFacts
from visualmemory_gui.app.widgets.tables.labelled_images import LabelledRow
from visualmemory_gui.engine.decision.short_labels import ShortLabels

if TYPE_CHECKING:
    from visualmemory_gui.app.actions.encoder_choice import EncoderChoice
    from visualmemory_gui.engine.memory.maintenance import Missing
    from visualmemory_gui.engine.second_opinion.endpoint import Endpoint
ImpactOf = Callable[[str, Callable[[str], object]], object]
"""Reports in a sentence what a label would do, "" where there is nothing to say."""


class Dialogs(Protocol):
    """Every question the window asks. The answer goes to ``then``, which is not called when the user cancels."""

    def memory(self, then: Callable[[str], object]) -> None: ...
    def reading(self, why: str, then: Callable[[], object]) -> None: ...
    def folder(self, question: str, then: Callable[[str], object]) -> None: ...
    def new_memory(self, suggested: Path, then: Callable[[str], object]) -> None: ...
    def bundle(self, then: Callable[[str], object]) -> None: ...
    def images(self, then: Callable[[list[str]], object]) -> None: ...
    def frames(self, videos: Sequence[str], then: Callable[[float], object]) -> None: ...
    def import_options(
        self,
        folder: str,
        then: Callable[[bool], object],
        *,
        label: str | None = None,
        encoder: EncoderChoice | None = None,
    ) -> Callable[[FolderFacts], object]: ...
    def encoder(self, choice: EncoderChoice, then: Callable[[str], object]) -> None: ...
    def network(self, then: Callable[[str], object]) -> None: ...
    def export_options(
        self, name: str, folder: Path, then: Callable[[str, str, bool], object], *, label: str | None = None
    ) -> None: ...
    def forget(self, what: str, count: int, then: Callable[[], object]) -> Callable[[str], object]: ...
    def trust(self, what: str, now: float, then: Callable[[float], object]) -> None: ...
    def changed_decisions(self, title: str, rows: Sequence[DecisionRow], then: Callable[[int], object]) -> None: ...
    def flip(
        self, title: str, note: str, rows: Sequence[LabelledRow], then: Callable[[], object], show: Callable[[], object]
    ) -> Callable[[str, bool], object]: ...
    def opinion(
        self,
        host: str,
        what: str,
        rows: Sequence[LabelledRow],
        then: Callable[[bool], object],
        set_up: Callable[[], object],
    ) -> None: ...
    def endpoint(self, now: Endpoint | None, then: Callable[[Endpoint | None, str], object]) -> None: ...
    def report_file(self, suggested: Path, then: Callable[[str], object]) -> None: ...
    def confirm(self, question: str, verb: str, then: Callable[[], object], *, careful: bool = False) -> None: ...
    def sheet(
        self, title: str, rows: Sequence[SheetRow], names: ShortLabels, then: Callable[[list[int]], object]
    ) -> None: ...
    def skipped(self, title: str, rows: Sequence[tuple[str, str]]) -> None: ...
    def table_file(self, suggested: Path, then: Callable[[str], object]) -> None: ...
    def originals(self, missing: Missing, then: Callable[[str, str], object]) -> None: ...
    def settings(
        self,
        window: WindowSettings,
        memory: OfMemory | None,
        then: Callable[[dict[str, object], WindowSettings], object],
    ) -> None: ...
    def keys(self, rows: Sequence[tuple[str, str]]) -> None: ...
    def label(
        self,
        question: str,
        labels: Sequence[str],
        then: Callable[[str], object],
        *,
        preselected: str = "",
        verb: str = "Teach",
        typed: str | None = None,
        impact_of: ImpactOf | None = None,
    ) -> None: ...
