"""A memory's store on disk, and rows to put into it."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from visualmemory_gui.engine.store.catalog import Catalog
from visualmemory_gui.engine.store.database import Database
from visualmemory_gui.engine.store.history import History
from visualmemory_gui.engine.store.schema import create_memory, open_memory
from visualmemory_gui.engine.types import Changes, EncoderIdentity, NewExemplar

DIM = 8
IDENTITY = EncoderIdentity("vectors", DIM)
ROOT = Path(__file__).parents[3]


def new_exemplar(number: int, label: str = "cat", **more: object) -> NewExemplar:
    """A row that is like no other with another ``number``."""
    raw = np.random.default_rng(number).normal(size=DIM)
    fields: dict[str, object] = {
        "label": label,
        "vector": (raw / np.linalg.norm(raw)).astype(np.float32),
        "content": hashlib.sha256(b"content %d" % number).hexdigest(),
        "sha256": hashlib.sha256(b"file %d" % number).hexdigest(),
        "source": f"/images/{label}/{number}.png",
        "thumbnail": b"jpeg %d" % number,
        "width": 640,
        "height": 480,
    }
    return NewExemplar(**{**fields, **more})  # type: ignore[arg-type]


@dataclass
class Store:
    """The store's parts, and its edits in one line each."""

    database: Database
    catalog: Catalog
    history: History

    @classmethod
    def over(cls, database: Database) -> Store:
        catalog = Catalog(database)
        return cls(database, catalog, History(database, catalog))

    def add(self, *rows: NewExemplar, root: str | None = None) -> list[int]:
        with self.history.step("add") as writer:
            return self.catalog.add(writer, rows, root=root)

    def strike(self, *ids: int) -> Changes:
        with self.history.step("strike") as writer:
            self.catalog.set_struck(writer, ids, True)
        return writer.changes

    def restore(self, *ids: int) -> Changes:
        with self.history.step("restore") as writer:
            self.catalog.set_struck(writer, ids, False)
        return writer.changes

    def relabel(self, label: str, *ids: int) -> Changes:
        with self.history.step("relabel") as writer:
            self.catalog.set_label(writer, ids, label)
        return writer.changes

    def reweigh(self, trust: float, *ids: int) -> Changes:
        with self.history.step("reweigh") as writer:
            self.catalog.set_trust(writer, ids, trust)
        return writer.changes

    def rename(self, old: str, new: str) -> Changes:
        with self.history.step("rename") as writer:
            self.catalog.rename(writer, old, new)
        return writer.changes

    def names(self) -> list[str]:
        return [step.name for step in self.history.steps()]

    def damage(self) -> list[str]:
        return [f"{found.what} {found.where}: {found.detail}" for found in self.catalog.check_rows()]

    def content(self) -> dict[str, list[tuple[object, ...]]]:
        """Everything a table holds that means something, whatever edit last touched it."""
        columns = {
            "exemplars": "id, label_id, source, sha256, content, struck, withdrawn, trust, derived, note, vector_hash",
            "vectors": "*",
            "thumbnails": "*",
            "labels": "*",
        }
        return {
            table: self.database.rows(f"select {which} from {table} order by id") for table, which in columns.items()
        }

    def reopened(self) -> Store:
        """The same memory in a new process, as far as the store can tell."""
        self.database.close()
        fresh = Store.over(open_memory(self.database.folder, readonly=False))
        self.database, self.catalog, self.history = fresh.database, fresh.catalog, fresh.history
        return self


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "small.vmem"


@pytest.fixture
def store(folder: Path) -> Iterator[Store]:
    """An empty memory of vectors of 8 dimensions, open for editing."""
    made = Store.over(create_memory(folder, IDENTITY))
    yield made
    made.database.close()


@pytest.fixture
def three(store: Store) -> Store:
    """Exemplars 1 and 2 are cats, 3 is a dog; the history is empty."""
    store.add(new_exemplar(1), new_exemplar(2), new_exemplar(3, "dog"))
    store.history.baseline()
    return store


@pytest.fixture
def row() -> Callable[..., NewExemplar]:
    return new_exemplar


@pytest.fixture
def over() -> Callable[[Database], Store]:
    return Store.over


@pytest.fixture
def public_folder() -> Iterator[Path]:
    """A folder that an unprivileged user can reach, unlike pytest's own."""
    made = Path(tempfile.mkdtemp(prefix="visualmemory"))
    made.chmod(0o777)
    yield made
    shutil.rmtree(made)


@pytest.fixture
def run_child() -> Callable[..., str]:
    """Run Python text in a process of its own with ``arguments`` in ``sys.argv``; returns what it printed.

    ``uid`` is taken on after the imports at the top of the text, up to the line ``# then``.
    """

    def run(text: str, *arguments: object, uid: int | None = None) -> str:
        before, then, after = text.partition("# then\n")
        assert then or uid is None
        drop = f"import os; os.setgid({uid}); os.setuid({uid})\n" if uid not in (None, os.geteuid()) else ""
        done = subprocess.run(
            [sys.executable, "-c", before + drop + after, *map(str, arguments)],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    return run
