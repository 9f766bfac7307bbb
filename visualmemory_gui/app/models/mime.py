"""Drags inside the window and into it: exemplars by id, images and folders by path."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QByteArray, QMimeData, QUrl

EXEMPLARS = "application/x-visualmemory-exemplars"


def of_exemplars(ids: Sequence[int], files: Sequence[str] = ()) -> QMimeData:
    """A drag of exemplars. Other programs see only the paths of the ``files`` behind them."""
    data = QMimeData()
    data.setData(EXEMPLARS, QByteArray(",".join(str(i) for i in ids).encode()))
    if files:
        data.setUrls([QUrl.fromLocalFile(path) for path in files])
    return data


def exemplars(data: QMimeData) -> list[int]:
    """The ids in a drag, in order; none if the drag carries something else."""
    if not data.hasFormat(EXEMPLARS):
        return []
    text = bytes(data.data(EXEMPLARS).data()).decode("ascii", "replace")
    return [int(part) for part in text.split(",") if part.isdecimal()]


def paths(data: QMimeData) -> list[str]:
    """The local files and folders in a drag, in order."""
    return [url.toLocalFile() for url in data.urls() if url.isLocalFile()] if data.hasUrls() else []


def holds_images(data: QMimeData) -> bool:
    """Whether a drop may contain images: files, folders, or the pixels themselves (from a browser)."""
    return data.hasImage() or (data.hasUrls() and any(url.isLocalFile() for url in data.urls()))


def holds_words(data: QMimeData) -> bool:
    """Whether a drop contains a web address or text, and nothing that could be an image."""
    return (data.hasUrls() or data.hasText()) and not holds_images(data) and not exemplars(data)
