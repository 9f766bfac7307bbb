"""What was found when a shared memory was opened, how its server does, and checks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from visualmemory_gui.engine.decision.novelty import Thresholds
from visualmemory_gui.engine.progress import Report, silent
from visualmemory_gui.engine.shared_memory import shared_check
from visualmemory_gui.engine.shared_memory.observed_server import ObservedServer
from visualmemory_gui.engine.shared_memory.shared_store import SharedStore
from visualmemory_gui.engine.types import Damage, FinishedEdit, IndexState, ServerState, SharedReceipt

if TYPE_CHECKING:
    from visualmemory_gui.engine.memory.unfinished_import import UnfinishedImport


class SharedMaintenance:
    """Maintenance of one shared memory. Its index is the server's, and what is usual was measured before ``push``."""

    def __init__(
        self,
        store: SharedStore,
        server: ObservedServer,
        *,
        thresholds: Callable[[], Thresholds | None],
        defer: Callable[[], object],
        finish: Callable[[], str | None],
    ) -> None:
        self._store = store
        self._server = server
        self._thresholds = thresholds
        self._defer = defer
        self._finish = finish
        self.finished_edit: FinishedEdit | None = None
        self.finished_forget: SharedReceipt | None = None
        self.damaged_settings: Mapping[str, str] = {}
        self.unset_settings: Mapping[str, str] = {}
        self.index_damage: str | None = None
        self.unfinished_import: UnfinishedImport | None = None

    @property
    def thresholds(self) -> Thresholds | None:
        """The thresholds of known and unknown, as they were measured in the folder."""
        return self._thresholds()

    def leave_import(self) -> None:
        """Nothing: a shared memory is filled by ``push``."""

    def defer(self) -> None:
        """Make ready what a window needs: the tables on this machine."""
        self._defer()

    def run(self, report: Report = silent) -> bool:
        """Nothing is due here; False."""
        return False

    def index_state(self) -> IndexState:
        """How the server searches."""
        return IndexState("hnsw" if self._store.graph else "exact", current=True, server=self._server.name)

    def server_state(self) -> ServerState:
        """How the server does; asks nothing."""
        return self._server.state()

    def ask_server(self) -> str | None:
        """Ask the server something small, and finish the edit that was cut short, if there is one; returns its name.
        Raises ServerError."""
        self._store.change(read="bounded")
        return self._finish()

    def verify(self, report: Report = silent) -> list[Damage]:
        """All damage that can be found; an empty list when there is none. Changes nothing. Raises ServerError."""
        return shared_check.verify(self._store, report)
