"""The classes of a memory as a tree: all exemplars, the struck ones, and every class below its parent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Literal, overload

from PySide6.QtCore import QAbstractItemModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from visualmemory_gui.engine.text.visible_text import how_many

Index = QModelIndex | QPersistentModelIndex
Kind = Literal["all", "class", "struck"]
_FIRST = int(Qt.ItemDataRole.UserRole) + 1


class TreeRole(IntEnum):
    """Kind: "all", "class" or "struck". Path: the label, None except for classes. Count: exemplars of it and below."""

    Kind = _FIRST
    Path = _FIRST + 1
    Count = _FIRST + 2


@dataclass(eq=False)
class Node:
    """A row of the tree. ``own`` counts the exemplars of this very label, ``total`` also those below it."""

    kind: Kind
    name: str
    path: str | None = None
    own: int = 0
    total: int = 0
    parent: Node | None = None
    row: int = 0
    children: list[Node] = field(default_factory=list)


def tree_of(counts: Mapping[str, int], struck: int) -> Node:
    """The tree of ``counts`` (active exemplars of each label); a class's total includes all classes below it."""
    root = Node("all", "")
    nodes: dict[str, Node] = {}
    _adopt(root, Node("all", "All exemplars", total=sum(counts.values()) + struck))
    if struck:
        _adopt(root, Node("struck", "Struck", total=struck))
    for label in sorted(counts, key=lambda text: [part.casefold() for part in text.split("/")]):
        node = _class_node(root, nodes, label)
        node.own = counts[label]
        above: Node | None = node
        while above is not None and above is not root:
            above.total += counts[label]
            above = above.parent
    return root


class ClassTreeModel(QAbstractItemModel):
    """The model of the tree. Figures change in place; it is reset (``modelReset``) only when classes appear or go."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._root = tree_of({}, 0)
        self._shape: tuple[object, ...] = ()
        self._keys: dict[str, int] = {}

    def set_counts(self, counts: Mapping[str, int], struck: int) -> None:
        fresh = tree_of(counts, struck)
        shape = tuple((node.kind, node.path) for node in walk(fresh))
        if shape == self._shape:
            for old, new in zip(walk(self._root), walk(fresh), strict=True):
                self._refresh(old, new)
            return
        self.beginResetModel()
        self._root, self._shape = fresh, shape
        self.endResetModel()

    def set_keys(self, keys: Mapping[int, str]) -> None:
        """Show the digits that classes were given."""
        self._keys = {label: digit for digit, label in keys.items()}
        for node in walk(self._root):
            at = self.createIndex(node.row, 0, node)
            self.dataChanged.emit(at, at)

    def labels(self) -> list[str]:
        """Every class that has active exemplars of its own, in the order of the tree."""
        return [node.path for node in walk(self._root) if node.path is not None and node.own]

    def find(self, kind: Kind, path: str | None = None) -> QModelIndex:
        """The index of a class or of one of the two special rows; invalid if it does not exist."""
        for node in walk(self._root):
            if node.kind == kind and node.path == path:
                return self.createIndex(node.row, 0, node)
        return QModelIndex()

    def index(self, row: int, column: int = 0, parent: Index = QModelIndex()) -> QModelIndex:  # noqa: B008
        above = self._node(parent)
        if column or not 0 <= row < len(above.children):
            return QModelIndex()
        return self.createIndex(row, 0, above.children[row])

    @overload
    def parent(self) -> QObject | None: ...
    @overload
    def parent(self, index: Index) -> QModelIndex: ...
    def parent(self, index: Index | None = None) -> QObject | QModelIndex | None:
        if index is None:
            return super().parent()
        above = self._node(index).parent
        return QModelIndex() if above is None or above is self._root else self.createIndex(above.row, 0, above)

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return len(self._node(parent).children)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 1

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid():
            return None
        node = self._node(index)
        if role == Qt.ItemDataRole.DisplayRole:
            key = self._keys.get(node.path or "")
            return f"{node.name} ({node.total:,})" + (f" · {key}" if key else "")
        values: dict[int, object] = {
            TreeRole.Kind: node.kind,
            TreeRole.Path: node.path,
            TreeRole.Count: node.total,
            Qt.ItemDataRole.AccessibleTextRole: in_words(node) + self._key_text(node),
            Qt.ItemDataRole.ToolTipRole: (node.path or node.name) + self._key_text(node),
        }
        return values.get(role)

    def _key_text(self, node: Node) -> str:
        key = self._keys.get(node.path or "")
        return f", key {key}" if key else ""

    def _node(self, index: Index) -> Node:
        return index.internalPointer() if index.isValid() else self._root

    def _refresh(self, old: Node, new: Node) -> None:
        if (old.own, old.total) != (new.own, new.total):
            old.own, old.total = new.own, new.total
            at = self.createIndex(old.row, 0, old)
            self.dataChanged.emit(at, at)


def walk(root: Node) -> Iterator[Node]:
    """Every node below ``root``, parents first."""
    for child in root.children:
        yield child
        yield from walk(child)


def in_words(node: Node) -> str:
    what = "struck out" if node.kind == "struck" else (node.path or node.name)
    return f"{what}, {how_many(node.total)}"


def _adopt(parent: Node, child: Node) -> Node:
    child.parent, child.row = parent, len(parent.children)
    parent.children.append(child)
    return child


def _class_node(root: Node, nodes: dict[str, Node], label: str) -> Node:
    """The node of ``label``, created with its parents if missing."""
    if label in nodes:
        return nodes[label]
    above, _, name = label.rpartition("/")
    parent = _class_node(root, nodes, above) if above else root
    nodes[label] = _adopt(parent, Node("class", name, path=label))
    return nodes[label]
