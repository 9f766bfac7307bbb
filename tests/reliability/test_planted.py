"""A memory from a stranger runs nothing, reaches nothing outside its folder, and is named as damaged or refused.

Each planting is one thing that somebody could put into a memory's folder before passing it on. Everything a receiver
does with it is then done: on the command line, each command on a copy of its own, and in the window. Afterwards the
files beside the memory are as they were, no planted program ran, nothing took long, and something said what is wrong.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import paint_image, write_images
from tests.reliability.planted_child import COMMANDS, HOMES, PATIENCE_S
from tests.reliability.planting import plant, reseal
from visualmemory_gui import VisualMemory
from visualmemory_gui.engine.files import sealed_json

ROOT = Path(__file__).parents[2]
HANG_S = 5.0  # of computing
PROCESSES = 2
CANARY = "the planted program ran"
BYSTANDER = b"belongs to somebody else"
LAST = 2**63 - 1

# Where nothing is wrong until it is used, the command that refuses; "" where what was planted is simply never used.
# Elsewhere it is `verify`.
NAMED_BY = {
    "an encoder of one's own that is not here": "classify",
    "exemplars numbered to the end": "add",
    "changes numbered to the end": "strike",
    "thresholds nested without end": "",
    "steps numbered to the end": "strike",
    "a seal of the graph by another installation": "",
}

Planting = Callable[[Path, Path], None]  # the memory's folder, and the folder of somebody else's files


def encoder(name: str) -> Planting:
    def named(memory: Path, outside: Path) -> None:
        plant(memory, f"update meta set encoder = '{name.format(outside=outside)}'")
        reseal(memory)

    return named


def link(place: str, target: str = "") -> Planting:
    """``place`` in the memory becomes a link to ``target`` among somebody else's files; without one, to a file."""

    def linked(memory: Path, outside: Path) -> None:
        here = next(memory.glob(place), memory / place)
        if here.is_dir() and not here.is_symlink():
            shutil.move(here, outside / target)
        else:
            here.unlink(missing_ok=True)
            here.parent.mkdir(exist_ok=True)
        here.symlink_to(outside / (target or "bystander.bin"))

    return linked


def pipe(place: str) -> Planting:
    """``place`` becomes a pipe into which nobody writes."""

    def piped(memory: Path, outside: Path) -> None:
        here = next(memory.glob(place))
        if here.is_dir():
            shutil.rmtree(here)
        else:
            here.unlink()
        os.mkfifo(here)

    return piped


def sql(*statements: str, sealed: bool = False) -> Planting:
    def planted(memory: Path, outside: Path) -> None:
        plant(memory, *statements)
        if sealed:
            reseal(memory)

    return planted


ENDLESS = "with recursive n(x) as (select 1 union all select x + 1 from n)"

PLANTINGS: dict[str, Planting] = {
    # An encoder that is a path, an address, or no name at all
    "an encoder that is a path": encoder("{outside}/program.pt"),
    "an encoder that is a path from here": encoder("program.pt"),
    "an encoder that is a path through the weights": encoder("local/../../../program.pt"),
    "an encoder of one's own that is not here": encoder("local/program.pt"),
    "an encoder at an address": encoder("https://localhost:9/program.pt"),
    "an encoder in a folder of a library's": encoder("local-dir:{outside}"),
    "an encoder that is an attribute": encoder("torchvision/__class__.__init__"),
    "an encoder with an escape in its name": encoder("lite0\x1b[2J"),
    "an encoder with an endless name": encoder("x" * 200_000),
    # Links at every place
    "images is a link": link("images", "images"),
    "a folder of images is a link": link("images/??", "some"),
    "a copy is a link": link("images/??/*.png"),
    "the database is a link": link("memory.sqlite", "other.vmem/memory.sqlite"),
    "the log is a link": link("memory.sqlite-wal"),
    "the shared memory is a link": link("memory.sqlite-shm"),
    "the journal is a link": link("memory.sqlite-journal"),
    "the lock is a link": link("lock"),
    "the seal is a link": link("index.json"),
    "the graph is a link": link("index-*.hnsw"),
    "an unfinished seal is a link": link("index.json.tmp"),
    "an unfinished database is a link": link("memory.sqlite.new"),
    "a backup is a link": link("memory.sqlite.format-1"),
    "an unfinished copy is a link": link("images/ab/" + "0" * 62 + ".png.1.part"),
    # Pipes that are waited for
    "the database is a pipe": pipe("memory.sqlite"),
    "the seal is a pipe": pipe("index.json"),
    "the graph is a pipe": pipe("index-*.hnsw"),
    "images is a pipe": pipe("images"),
    "a copy is a pipe": pipe("images/??/*.png"),
    # Tables that are not ours
    "an endless view in place of the settings": sql(
        "drop table settings", f"create view settings as {ENDLESS} select x name, x value, x checksum from n"
    ),
    "an endless view in place of the tags": sql(
        "drop table tags",
        f"create view tags as {ENDLESS} select x name, x step, x position, x change, x time, x checksum from n",
    ),
    "a trigger that deletes": sql("create trigger t after update on exemplars begin delete from vectors; end"),
    "a trigger on the settings": sql("create trigger t after insert on settings begin delete from labels; end"),
    "a virtual table": sql("create virtual table notes using fts5(text)"),
    "a foreign table": sql("create table more (text)"),
    "a foreign view": sql("create view more as select * from exemplars"),
    "a column more": sql("alter table exemplars add column more any"),
    "a computed column": sql("alter table exemplars add column more blob as (zeroblob(1000000000))"),
    "an index less": sql("drop index exemplars_sha256"),
    "an index more": sql("create index more on exemplars(note)"),
    "a schema that is no SQL": sql(
        "pragma writable_schema=on", "update sqlite_master set sql = 'create table tags (' where name = 'tags'"
    ),
    # Values beyond all sense
    "a setting beyond all sense": sql("insert or replace into settings values ('k', '-7', 1)", sealed=True),
    "a setting that is no number": sql("insert or replace into settings values ('threads', 'many', 1)", sealed=True),
    "exemplars numbered to the end": sql(f"update sqlite_sequence set seq = {LAST} where name = 'exemplars'"),
    "steps numbered to the end": sql(f"update sqlite_sequence set seq = {LAST} where name = 'steps'"),
    "changes numbered to the end": sql(f"update meta set change = {LAST}", sealed=True),
    "vectors of a thousand million components": sql("update meta set dim = 1000000000", sealed=True),
    "vectors of less than no components": sql("update meta set dim = -4", sealed=True),
    "more exemplars than there are": sql("update meta set count = 1000000000000"),
    "a format before the first": sql("pragma user_version = -5"),
    "a format to come": sql("pragma user_version = 2000000000"),
    "thresholds nested without end": sql(
        "insert or replace into derived values ('novelty', replace(hex(zeroblob(100000)), '00', '['), 1, 1)",
        sealed=True,
    ),
    "copies that lie outside": sql("update exemplars set copy = '/../../../bystander.bin'", sealed=True),
    "labels that climb": sql("update labels set path = '../../' || id", sealed=True),
    "a seal of the graph by another installation": lambda memory, outside: crafted(memory),
}


def crafted(memory: Path) -> None:
    """A graph that the library cannot read without harm, under a seal that fits it."""
    [graph] = memory.glob("index-*.hnsw")
    data = bytearray(graph.read_bytes())
    data[40:48] = b"\xff" * 8
    graph.write_bytes(data)
    said = json.loads((memory / "index.json").read_text(encoding="utf-8"))
    kept = {name: said[name] for name in said if name not in ("check", "installation")}
    kept["sha256"] = hashlib.sha256(data).hexdigest()
    (memory / "index.json").write_text(sealed_json.text(kept), encoding="utf-8")


def program(path: Path) -> None:
    """A TorchScript file whose vectors are fine and which leaves a sign that it ran."""
    import torch

    class Planted(torch.nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            print("the planted program ran")  # CANARY: TorchScript knows no global names
            return x.mean(dim=[2, 3])

    torch.jit.script(Planted()).save(str(path))  # type: ignore[no-untyped-call]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A memory with something in every table, copies and a checkpoint."""
    folder = tmp_path_factory.mktemp("planted")
    images = write_images(folder / "images", each=4)
    files = sorted(images.rglob("*.png"))
    with VisualMemory.create(folder / "whole.vmem", encoder="fake") as memory:
        memory.add(files[:6], [file.parent.name for file in files[:6]])
        memory.build(images)
        memory.set("exact_limit", 0)
        memory.relabel([4], "other")
        memory._live.build_index()
        memory.tags.put("first")
    return folder / "whole.vmem"


@pytest.fixture(scope="module")
def outside(tmp_path_factory: pytest.TempPathFactory, whole: Path) -> Path:
    """Somebody else's files: what links lead to, and a program."""
    folder = tmp_path_factory.mktemp("outside")
    (folder / "bystander.bin").write_bytes(BYSTANDER)
    (folder / "some").mkdir()
    (folder / "some" / ("f" * 62 + ".png")).write_bytes(BYSTANDER)
    shutil.copytree(whole, folder / "other.vmem")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch announces that TorchScript will not grow any further
        program(folder / "program.pt")
    return folder


def hashes(folder: Path) -> dict[str, str]:
    """Every file below ``folder`` with the hash of its bytes."""
    files = [path for path in sorted(folder.rglob("*")) if not path.is_dir()]
    return {str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


def child(module: str, home: Path, *words: object, patience_s: float = PATIENCE_S) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "PYTHONPATH": str(ROOT), "QT_QPA_PLATFORM": "offscreen"}
    env |= {name: str(home / name.lower()) for name in HOMES}
    command = [sys.executable, "-X", "faulthandler", "-W", "ignore", "-m", module, *map(str, words)]
    with subprocess.Popen(
        command, cwd=ROOT, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, errors="replace"
    ) as started:
        try:
            out, errors = started.communicate(timeout=patience_s)
        except subprocess.TimeoutExpired:
            started.kill()
            out, errors = started.communicate()
    return subprocess.CompletedProcess(command, started.returncode, out, errors)


@dataclass
class Planted:
    """A memory with one thing planted in it, the files beside it as they were then, and homes of users."""

    name: str
    memory: Path
    outside: Path
    home: Path
    before: dict[str, str]

    def wrong_outside(self) -> list[str]:
        """What happened beside the memory that must not have happened."""
        after = hashes(self.outside)
        touched = [name for name in {*after, *self.before} if after.get(name) != self.before.get(name)]
        fetched = [str(path) for path in self.home.rglob("*") if path.suffix in (".pt", ".json") and path.is_file()]
        return [*(f"touched {name}" for name in touched), *(f"in the home: {name}" for name in fetched)]


def made(name: str, room: Path, whole: Path, outside: Path) -> Planted:
    beside, memory = room / "outside", room / "planted.vmem"
    shutil.copytree(outside, beside)
    shutil.copytree(whole, memory)
    PLANTINGS[name](memory, beside)
    return Planted(name, memory, beside, room / "home", hashes(beside))


def used(some: list[Planted], image: Path) -> list[str]:
    """Give the planted memories to every command; what was wrong, nothing where all held."""
    memories = [planted.memory for planted in some]
    done = child("tests.reliability.planted_child", some[0].home, image, *memories, patience_s=PATIENCE_S * len(some))
    lines = [json.loads(line) for line in json_lines(done.stdout)]
    wrong = [f"the process ended with {done.returncode}: {done.stderr[-2000:]}"] if done.returncode else []
    if CANARY in done.stdout + done.stderr:
        wrong.append("the planted program ran")
    for planted in some:
        its = [line for line in lines if line["room"] == planted.memory.parent.name]
        wrong += [f"{planted.name}: {text}" for text in wrong_with(planted, its)]
    return wrong


def wrong_with(planted: Planted, lines: list[dict[str, Any]]) -> list[str]:
    """What was wrong with the commands on one memory, of which ``lines`` tell."""
    wrong = planted.wrong_outside()
    if len(lines) != len(COMMANDS):
        wrong.append(f"only {len(lines)} commands were run")
    for line in lines:
        if line["raw"] or "Traceback" in line["err"] or line["code"] not in (0, 1):
            wrong.append(f"{line['command']} ended with {line['code']}: {line['raw'] or line['err']}")
        if line["seconds"] > HANG_S:
            wrong.append(f"{line['command']} computed for {line['seconds']:.1f} s")
        if "\x1b" in line["out"] + line["err"]:
            wrong.append(f"{line['command']} sent an escape to the terminal")
    named_by = NAMED_BY.get(planted.name, "verify")
    if named_by and not any(line["code"] == 1 for line in lines if line["command"] == named_by):
        wrong.append(f"{named_by} did not say what is wrong")
    return wrong


def test_a_planted_memory_is_named_and_does_no_harm(whole: Path, outside: Path, tmp_path: Path) -> None:
    assert len(PLANTINGS) >= 40
    query = tmp_path / "query.png"
    paint_image((200, 60, 40), seed=77).save(query)
    planted: list[Planted] = []
    for number, name in enumerate(PLANTINGS):
        room = tmp_path / str(number)
        room.mkdir()
        planted.append(made(name, room, whole, outside))
    with ThreadPoolExecutor(PROCESSES) as pool:
        shares = [planted[start::PROCESSES] for start in range(PROCESSES)]
        wrong = [text for found in pool.map(lambda some: used(some, query), shares) for text in found]
    assert not wrong, "\n".join(wrong)


def test_a_planted_memory_does_no_harm_in_the_window(whole: Path, outside: Path, tmp_path: Path) -> None:
    query = tmp_path / "query.png"
    paint_image((200, 60, 40), seed=77).save(query)
    planted: list[Planted] = []
    for number, name in enumerate(PLANTINGS):
        room = tmp_path / str(number)
        room.mkdir()
        found = made(name, room, whole, outside)
        found.memory = found.memory.rename(room / f"{number}.vmem")
        planted.append(found)

    def opened(some: list[Planted]) -> list[str]:
        done = child("tests.reliability.planted_window", tmp_path / "home", query, *(each.memory for each in some))
        wrong = [] if done.returncode == 0 else [f"the window ended with {done.returncode}: {done.stderr[-2000:]}"]
        if CANARY in done.stdout + done.stderr:
            wrong.append("the planted program ran")
        shown = {line["memory"]: line for line in map(json.loads, json_lines(done.stdout)) if "memory" in line}
        for each in some:
            line = shown.get(each.memory.name, {"ended": ["never shown"], "seconds": 0})
            wrong += [f"{each.name}: {text}" for text in each.wrong_outside()]
            if line["seconds"] > HANG_S or not line["ended"] or {"late", "never shown"} & set(line["ended"]):
                wrong.append(f"{each.name}: {line}")
            if any(text.startswith("crashed") for text in line["ended"]):
                wrong.append(f"{each.name}: {line}")
        return wrong

    with ThreadPoolExecutor(2) as pool:
        wrong = [text for found in pool.map(opened, (planted[::2], planted[1::2])) for text in found]
    assert not wrong, "\n".join(wrong)


def json_lines(text: str) -> Iterator[str]:
    return (line for line in text.splitlines() if line.startswith("{"))
