"""Labels: paths of names with ``/`` between them (``animals/birds/wren``), stored once and never changed.

A renamed class gets another row; so the history can refer to labels by number and a forgotten label leaves no trace.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from difflib import get_close_matches
from typing import TYPE_CHECKING

from visualmemory_gui.engine.errors import BadLabel, DamagedMemory
from visualmemory_gui.engine.store.sealed_table import KEYS, LABELS
from visualmemory_gui.engine.text.visible_text import cannot_be_shown

if TYPE_CHECKING:
    from visualmemory_gui.engine.store.database import Database

LONGEST = 200
SUGGESTED = 3


def tidy(label: str) -> str:
    """``label`` as it would be stored if it is valid: NFC, parts trimmed."""
    return "/".join(part.strip() for part in unicodedata.normalize("NFC", label).split("/"))


def clean(label: str) -> str:
    """The label as it is stored: NFC, parts trimmed. Raises BadLabel with the reason."""
    if not isinstance(label, str):
        raise BadLabel(f"a label must be text, not {label!r}")
    path = tidy(label)
    parts = path.split("/")
    if not path.strip("/"):
        raise BadLabel("a label needs at least one character")
    if "" in parts:
        raise BadLabel(f"{path!r} has an empty part: a label is a path like animals/birds")
    if "." in parts or ".." in parts:
        raise BadLabel(f"{path!r} has the part . or .., which no label may have")
    if len(path) > LONGEST:
        raise BadLabel(f"a label may have at most {LONGEST} characters, this one has {len(path)}")
    if cannot_be_shown(path):
        raise BadLabel(f"{path!r} has a character that cannot be shown")
    return path


def under(label: str, parent: str) -> bool:
    """True when ``label`` is ``parent`` or lies below it."""
    return label == parent or label.startswith(parent + "/")


def alike(label: str, known: Iterable[str]) -> str:
    """``; did you mean a/b or a/c?`` from those ``known`` that are spelled almost like ``label``, else nothing.

    The paths above labels count as known too, and a last part is found without those before it.
    """
    paths = {"/".join(parts[:n]) for parts in (one.split("/") for one in known) for n in range(1, len(parts) + 1)}
    folded = {
        key: path
        for path in sorted(paths, reverse=True)
        for key in (path.rsplit("/", 1)[-1].casefold(), path.casefold())
    }
    near = get_close_matches(tidy(label).casefold(), folded, n=6)
    found = list(dict.fromkeys(folded[one] for one in near))[:SUGGESTED]
    return f"; did you mean {' or '.join(found)}?" if found else ""


def common(labels: list[str]) -> str:
    """The longest path that every one of ``labels`` is or lies below; "" when there is none."""
    first, *rest = (label.split("/") for label in (min(labels), max(labels)))
    shared = [a for a, b in zip(first, rest[0], strict=False)]
    while shared and not all(under(label, "/".join(shared)) for label in labels):
        shared.pop()
    return "/".join(shared)


def number_of(database: Database, path: str) -> int:
    """The number of the stored label ``path``, which is made when it is new."""
    found = database.maybe("select id from labels where path = ?", (path,))
    return int(found[0] if found is not None else LABELS.insert_new(database, [(path,)])[0][0])


def path_of(database: Database, number: int) -> str:
    """The label with this number. Raises DamagedMemory where there is none: something refers to it."""
    found = database.maybe("select path from labels where id = ?", (number,))
    if found is None:
        raise missing_label(database, number)
    return str(found[0])


def missing_label(database: Database, number: int) -> DamagedMemory:
    from visualmemory_gui.engine.store.database import RESTORE  # late: the window checks labels before it opens one

    return DamagedMemory(
        f"{database.path} is damaged: exemplars or steps refer to label {number}, which is missing. {RESTORE}"
    )


def numbers_under(database: Database, parent: str) -> list[int]:
    """Numbers of ``parent`` and of every label below it; ``parent`` as a person typed it."""
    # "0" follows "/" in the order of characters, so this range holds all that begins with parent + "/".
    found = database.rows(
        "select id from labels where path = ?1 or (path > ?1 || '/' and path < ?1 || '0')", (tidy(parent),)
    )
    return [row[0] for row in found]


def drop_unused(database: Database, numbers: set[int] | None = None) -> None:
    """Delete the labels among ``numbers`` (None: among all) that no exemplar, step or watched query refers to."""
    if numbers is None:
        numbers = {row[0] for row in database.rows("select id from labels")}
    unused = database.many(
        """select id from labels where id = ?1
           and not exists (select 1 from exemplars where label_id = ?1)
           and not exists (select 1 from watch where label_id = ?1)
           and not exists (select 1 from entries where field = 'label' and before = ?1)
           and not exists (select 1 from entries where field = 'label' and after = ?1)""",
        [(number,) for number in sorted(numbers)],
    )
    KEYS.delete(database, "label_id = ?", unused)
    LABELS.delete(database, "id = ?", unused)
