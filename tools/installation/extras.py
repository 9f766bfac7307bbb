"""Each extra alone and none at all, each in a clean environment: what works, and what says that it is missing."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from tools.installation.environment import NO_COMPILER, Environment, last_words, write_images
from tools.installation.trial import ALWAYS, WITH_EXTRA
from tools.release import built

NONE = "none"
Row = dict[str, Any]
BROUGHT = "works"


def measured(names: list[str]) -> dict[str, Row]:
    """A row for no extra and for each of ``names``. There is no compiler but for ``hnsw``, which is tried without too.

    What every installation has is installed once; each extra goes into an environment of its own on top of it.
    """
    with tempfile.TemporaryDirectory(prefix="extras-") as place:
        room = Path(place)
        images, (_, wheel) = write_images(room / "images"), built(room / "dist")
        base = Environment.made(room / "base")
        seconds = base.install(str(wheel), env=NO_COMPILER)
        rows = {NONE: _row(base, seconds, images, room)}
        for name in names:
            rows[name] = _with(name, base, images, room, {} if name == "hnsw" else NO_COMPILER)
        if "hnsw" in names:
            rows["hnsw without a compiler"] = _with("hnsw", base, images, room, NO_COMPILER, "--no-cache-dir")
        return rows


def _with(name: str, base: Environment, images: Path, room: Path, env: dict[str, str], *words: str) -> Row:
    """The row of the extra ``name``, whose environment is removed afterwards."""
    new = Environment.made(room / name, below=base)
    refused = ""
    try:
        seconds = new.install(*words, f"visualmemory_gui[{name}]", env=env)
    except subprocess.CalledProcessError as error:
        seconds, refused = 0.0, last_words(error)
    row = _row(new, seconds, images, room)
    shutil.rmtree(new.place)
    return {"pip_says": refused, **row} if refused else row


def _row(new: Environment, seconds: float, images: Path, room: Path) -> Row:
    trial = room / "trial"
    found = new.outcomes(images, trial, cache=new.place.name != "base")  # one converts the encoder itself
    shutil.rmtree(trial)
    row = {"seconds": round(seconds), "megabytes": round(new.size() / 1e6), "outcomes": found}
    print(new.place.name, row, flush=True)
    return row


def failures(rows: dict[str, Row]) -> list[str]:
    """What is neither working nor refused in words that name the extra; and an extra that does not bring what it is
    for."""
    bad = []
    for extra, row in rows.items():
        for function, said in row["outcomes"].items():
            expected = function in ALWAYS or (function == extra)
            if said != BROUGHT and (expected or function not in said or said.startswith("FAILED")):
                bad.append(f"{extra}: {function}: {said}")
    return bad


def table(rows: dict[str, Row]) -> str:
    """A Markdown table: a row for each environment, a column for each function."""
    functions = list(WITH_EXTRA)
    lines = [f"| extra | adds MB | {' | '.join(['always', *functions])} |", "|---" * (len(functions) + 3) + "|"]
    for extra, row in rows.items():
        found = row["outcomes"]
        always = "works" if all(found[name] == BROUGHT for name in ALWAYS) else "fails"
        cells = [always, *(_cell(found.get(name)) for name in functions)]
        lines.append(f"| {extra} | {row['megabytes']:,} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _cell(said: str | None) -> str:
    """An outcome in a word; a function that is newer than the row has none."""
    if said is None:
        return "–"
    return BROUGHT if said == BROUGHT else "FAILED" if said.startswith("FAILED") else "says so"


def words(rows: dict[str, Row]) -> str:
    """A Markdown table of what is said where an extra is missing."""
    said = {name: text for name, text in rows[NONE]["outcomes"].items() if text != BROUGHT}
    return "\n".join(["| without | it says |", "|---|---|", *(f"| {name} | {text} |" for name, text in said.items())])
