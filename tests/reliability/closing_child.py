"""The real window in a process of its own: it begins a task, and is closed in the middle of it.

Arguments: the task, the memory, a folder of images, a place to export to, milliseconds from the start of the task to
the closing. Prints "closing" when it is asked to close.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QTimer

from visualmemory_gui.app.application import create
from visualmemory_gui.app.main_window import MainWindow
from visualmemory_gui.app.operations import exchange, exemplars, folders, history, queue
from visualmemory_gui.app.operations.edit import Job
from visualmemory_gui.app.runtime.excepthook import Uncaught


def images_of(folder: Path) -> list[str]:
    return sorted(str(path) for path in folder.rglob("*.png"))


def build_index(window: MainWindow) -> None:
    def work(memory, report) -> None:  # type: ignore[no-untyped-def]
        memory.set("exact_limit", 0)
        memory.searcher.build(memory.snapshot, report)

    Job("Building the index", work, lambda _: None).run(window.session)


def edit_much(window: MainWindow) -> None:
    for number in range(1, 60):
        exemplars.strike(window.session, [number])
        history.undo(window.session)


def look_around(window: MainWindow) -> None:
    for number in range(1, 40):
        window.session.decision.ask_exemplar(number)
    for name in ("actionCurate", "actionStudy", "actionTheme", "actionDecide", "actionTheme"):
        window.actions_by_id[name].trigger()


def tasks(folder: Path, target: Path) -> dict[str, Callable[[MainWindow], object]]:
    """What the window may be doing when it is closed. "open" closes while the memory or its encoder is being loaded."""
    return {
        "open": lambda window: None,
        "import": lambda window: folders.import_folder(window.session, folder, copy=True),
        "export": lambda window: exchange.export(window.session, target, "bundle"),
        "queue": lambda window: queue.add(window.session, images_of(folder)),
        "review": lambda window: window.curate.tabs.model.scan(),
        "index": build_index,
        "edits": edit_much,
        "look": look_around,
    }


def main() -> int:
    task, memory, folder, target, wait_ms = sys.argv[1:]
    app, window = create(["visualmemory-gui", memory])
    uncaught = Uncaught(window.session.tasks, window.session.raise_error, end=window.close)
    begin = tasks(Path(folder), Path(target))[task]

    def close() -> None:
        print("closing", flush=True)
        window.close()

    def start() -> None:
        begin(window)
        QTimer.singleShot(int(wait_ms), close)

    if task == "open":
        start()
    else:
        window.session.memory_opened.connect(lambda: QTimer.singleShot(0, start))
    window.show()
    code = app.exec()
    uncaught.stop()
    return code


if __name__ == "__main__":
    sys.exit(main())
