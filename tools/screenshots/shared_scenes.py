"""A shared memory in the window: opened, decided on, listed, and what is said where its server is gone."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar
from unittest.mock import patch

from tools.screenshots.stage import Stage
from visualmemory_gui.app.widgets.dialogs.shared_dialog import SharedDialog
from visualmemory_gui.engine.errors import ServerError
from visualmemory_gui.engine.memory.visual_memory import VisualMemory
from visualmemory_gui.engine.shared_memory.milvus_server import MilvusServer
from visualmemory_gui.engine.shared_memory.push import push

NAME = "milvus.example:19530"
ADDRESS = f"milvus+http://{NAME}/drawings"
QUERY = "21-trumpet_pocket_colour_ganso.png"
T = TypeVar("T")


class Server(MilvusServer):
    """Milvus Lite, which is a file, under the name of a server that can be taken away."""

    gone = False

    def _ask(self, question: Callable[[], T]) -> T:
        if self.gone:
            raise ServerError(f"the server {NAME} does not answer")
        return super()._ask(question)


def shared(stage: Stage) -> None:
    """The dialog, the three workspaces, and an edit that the server did not get."""
    window, demo = stage.window, str(stage.room / "birthday" / "demo.vmem")
    window.open(demo)
    stage.settle()
    query = next(q for q in map(window.decide.recent.query, range(window.decide.recent.rowCount())) if q.name == QUERY)
    stage.press("actionShared")
    dialog = stage.dialog()
    assert isinstance(dialog, SharedDialog)
    dialog.address.setText(f"milvus+http://{NAME}/")
    dialog.accept()
    stage.shoot("shared-open")
    stage.close_dialogs()
    window.session.close()
    stage.settle()
    server = Server(str(stage.room / "shared.db"), name=NAME)
    with VisualMemory.open(demo) as memory:
        push(memory, server, "drawings")
    with patch.object(MilvusServer, "at", lambda address, *, token="": server):
        window.open(ADDRESS)
        stage.settle()
        window.session.decision.ask_query(query)
        stage.settle()
        stage.shoot("shared-decide")
        for name in ("Curate", "Study"):
            stage.press(f"action{name}")
            stage.shoot(f"shared-{name.lower()}")
        stage.press("actionDecide")
        assert window.session.decision.decision is not None
        window.decide.neighbours.select([window.session.decision.decision.voters[0].id])
        server.gone = True
        stage.press("actionStrike")
        stage.shoot("shared-gone")
        stage.close_dialogs()
        stage.shoot("shared-gone-status")
        server.gone = False
        window.server_watch.ask()
        stage.settle()
    window.open(demo)
    stage.settle()
