"""Another program: a window of 160 pixels at ``X Y`` from which ``FILE …`` can be dragged, as from a file manager.

It says on standard output: ready, then what the place under the mouse would do, then what was done. A word on standard
input ends it; until then it stays, because who takes a drop asks the source for the data.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from PySide6.QtCore import QMimeData, QPoint, QSocketNotifier, Qt, QTimer, QUrl
from PySide6.QtGui import QDrag, QMouseEvent, QPaintEvent
from PySide6.QtWidgets import QApplication, QWidget

SIDE = 160


class Source(QWidget):
    def __init__(self, paths: Sequence[str]) -> None:
        super().__init__()
        self._paths = paths
        self._pressed: QPoint | None = None
        self._told = False

    def paintEvent(self, event: QPaintEvent) -> None:
        if not self._told:
            self._told = True
            QTimer.singleShot(0, self, lambda: say("ready"))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._pressed = event.position().toPoint()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        moved = event.position().toPoint() - self._pressed if self._pressed is not None else QPoint()
        if moved.manhattanLength() >= QApplication.startDragDistance():
            self._pressed = None
            self._drag()

    def _drag(self) -> None:
        data = QMimeData()
        data.setUrls([QUrl.fromLocalFile(path) for path in self._paths])
        drag = QDrag(self)
        drag.setMimeData(data)
        drag.actionChanged.connect(lambda action: say(f"would {action.name}"))
        done = drag.exec(Qt.DropAction.CopyAction | Qt.DropAction.MoveAction, Qt.DropAction.CopyAction)
        say(f"did {done.name}")


def say(text: str) -> None:
    print(text, flush=True)


def main(x: int, y: int, *paths: str) -> int:
    app = QApplication(["drag source"])
    source = Source(paths)
    source.setGeometry(x, y, SIDE, SIDE)
    source.show()
    told = QSocketNotifier(sys.stdin.fileno(), QSocketNotifier.Type.Read, source)
    told.activated.connect(source.close)
    return app.exec()


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), int(sys.argv[2]), *sys.argv[3:]))
