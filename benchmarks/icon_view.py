"""What Qt's own list view takes for the same number of cells: the peer of the memory browser."""

from __future__ import annotations

import statistics
import time
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from PySide6.QtWidgets import QApplication


def peer(app: QApplication, n: int) -> dict[str, float]:
    """QListView in icon mode with ``n`` rows of one image: first paint, and a jump to a page."""
    from PySide6.QtCore import QAbstractListModel, QModelIndex, QSize, Qt
    from PySide6.QtGui import QPixmap
    from PySide6.QtWidgets import QListView

    image = QPixmap(104, 78)
    image.fill(Qt.GlobalColor.gray)

    class Rows(QAbstractListModel):
        def rowCount(self, parent: Any = QModelIndex()) -> int:  # noqa: B008
            return 0 if parent.isValid() else n

        def data(self, index: Any, role: int = 0) -> Any:
            if role == Qt.ItemDataRole.DecorationRole:
                return image
            return f"class {index.row() % 1000:04d}" if role == Qt.ItemDataRole.DisplayRole else None

    view = QListView()
    view.setViewMode(QListView.ViewMode.IconMode)
    view.setResizeMode(QListView.ResizeMode.Adjust)
    view.setUniformItemSizes(True)
    view.setGridSize(QSize(118, 135))
    view.resize(780, 640)
    view.show()
    app.processEvents()
    started = time.perf_counter()
    view.setModel(Rows(view))
    view.doItemsLayout()
    view.viewport().repaint()
    first = (time.perf_counter() - started) * 1e3
    spent = []
    bar = view.verticalScrollBar()
    for part in np.random.default_rng(1).random(20):
        started = time.perf_counter()
        bar.setValue(int(part * bar.maximum()))
        view.viewport().repaint()
        spent.append((time.perf_counter() - started) * 1e3)
    view.deleteLater()
    return {"n": n, "first_paint_ms": first, "jump_ms": statistics.median(spent)}
