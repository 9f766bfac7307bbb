"""Opens planted memories in the real window, one after the other, as a double click would, and asks for a decision.

Arguments: an image, then the memories. Prints one JSON line a memory when it begins and one when its window is closed:
what was shown, and the seconds of computing it took.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from PySide6.QtCore import QEventLoop, QSettings, QTimer

from visualmemory_gui.app.application import create
from visualmemory_gui.app.main_window import MainWindow
from visualmemory_gui.engine.errors import VisualMemoryError

LATEST_MS = 20_000


def wait(window: MainWindow, ended: list[str]) -> None:
    """Until the opening ended well or not, or it is late."""
    loop = QEventLoop()
    late = QTimer(singleShot=True)
    late.timeout.connect(lambda: ended.append("late"))
    late.timeout.connect(loop.quit)
    look = QTimer()
    look.timeout.connect(lambda: loop.quit() if ended and not window.session.tasks.busy else None)
    late.start(LATEST_MS)
    look.start(5)
    loop.exec()


def opened(memory: Path, image: Path, settings: QSettings) -> dict[str, object]:
    began = time.process_time()
    ended: list[str] = []
    _, window = create(["visualmemory-gui", str(memory)], settings=settings)
    session = window.session
    session.memory_opened.connect(lambda: ended.append("opened"))
    session.error_raised.connect(lambda what, todo, details: ended.append(f"error: {what} {todo}"))
    session.not_writable.connect(lambda path, why: ended.append(f"error: {why}"))
    session.tasks.crashed.connect(
        lambda task, error: None if isinstance(error, VisualMemoryError) else ended.append(f"crashed: {error!r}")
    )
    window.show()
    wait(window, ended)
    if session.memory is not None:
        ended.append("asked")
        session.decision.ask(image)
        wait(window, ended)
    window.close()
    window.deleteLater()
    return {"memory": memory.name, "ended": ended, "seconds": time.process_time() - began}


def main() -> None:
    image, *memories = map(Path, sys.argv[1:])
    for memory in memories:
        settings = QSettings(str(memory.with_suffix(".ini")), QSettings.Format.IniFormat)
        print(json.dumps({"begins": memory.name}), flush=True)
        print(json.dumps(opened(memory, image, settings)), flush=True)


if __name__ == "__main__":
    main()
