"""Bad input at the command line: one clear line, the right exit code, and nothing lost."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import struct
import subprocess
import sys
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from tests.engine.exchange.memories import paint, paint_classes
from visualmemory_gui import VisualMemory
from visualmemory_gui.cli.main import app
from visualmemory_gui.engine.errors import VisualMemoryError

PATIENCE_S = 60
PROCESS = """
import os, resource, signal, sys
import PIL.Image, pyarrow.parquet
from visualmemory_gui.cli import main
from visualmemory_gui.engine.memory import visual_memory as memory
from visualmemory_gui.engine.encoders import fake
from visualmemory_gui.engine.exchange import bundle, imagefolder, import_export, parquet
{before}
sys.argv[0] = "visualmemory"
main.main()
"""


@dataclass(frozen=True)
class Done:
    """How a command ended."""

    returncode: int
    stdout: str
    stderr: str


def call(*arguments: object) -> Done:
    """Run a command in this process. An exception that is not meant for the user fails the test."""
    done = CliRunner().invoke(app, [str(one) for one in arguments])
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return Done(done.exit_code, done.stdout, done.stderr)


def call_process(*arguments: object, before: str = "") -> Done:
    """Run a command in a process of its own, which executes ``before`` when it has loaded its modules."""
    command = [sys.executable, "-c", PROCESS.format(before=before), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S)
    return Done(done.returncode, done.stdout, done.stderr)


def told(*arguments: object) -> list[Any]:
    """The JSON lines of a command that must end well."""
    done = call(*arguments, "--json")
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def refused(*arguments: object, words: str, before: str | None = None) -> str:
    """The one line in which a command says why it cannot be done; exit code 1. ``before``: see ``call_process``."""
    done = call(*arguments) if before is None else call_process(*arguments, before=before)
    assert done.returncode == 1, (done.stdout, done.stderr)
    line = done.stderr.removesuffix("\n")
    assert line.startswith("error: ") and "\n" not in line, done.stderr
    assert words in line
    return line


def misused(*arguments: object, words: str) -> None:
    """A command that is called wrongly; exit code 2."""
    done = call(*arguments)
    assert done.returncode == 2, done.stderr
    assert words in done.stderr and "Traceback" not in done.stderr


def state(memory: Path) -> tuple[Any, ...]:
    """Everything that must not be lost: rows by digest, files, steps; and nothing is damaged."""
    with VisualMemory.open(memory, readonly=True) as m:
        assert m.maintenance.verify() == []
        kept = m._live.database.one("select change, count, digest from meta")
        return kept, [e.id for e in m.catalog.select()], len(m.history.steps()), [p.name for p in m.files.all()]


@contextmanager
def unchanged(memory: Path) -> Iterator[None]:
    before = state(memory)
    yield
    assert state(memory) == before


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Twelve images of three classes and the memory of them, used by tests that leave it as it is."""
    room = tmp_path_factory.mktemp("made")
    images = paint_classes(room / "images")
    told("build", images, room / "m.vmem", "--encoder", "fake")
    return room / "m.vmem", images


@pytest.fixture
def memory(made: tuple[Path, Path]) -> Path:
    return made[0]


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """A memory that the test may change, its images beside it."""
    with VisualMemory.create(tmp_path / "own.vmem", "fake") as m:
        m.build(paint_classes(tmp_path / "images"))
    return tmp_path / "own.vmem"


def vectors_memory(place: Path, n: int, *, labels: int = 2) -> Path:
    with VisualMemory.create(place, dim=8) as m:
        if n:
            vectors = np.random.default_rng(0).normal(size=(n, 8)).astype(np.float32)
            m.add_vectors(vectors, [f"class {i % labels}" for i in range(n)])
    return place


# Images


def huge_png() -> bytes:
    """A PNG whose header says 100,000 x 100,000."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", 100_000, 100_000, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")
    )


BAD_IMAGES = [
    ("missing", "there is no such file"),
    ("empty", "empty"),
    ("truncated", ""),
    ("huge", "64 megapixels"),
    ("text", ""),
    ("fifo", "a pipe"),
    ("folder", "a folder"),
]


def bad_image(kind: str, folder: Path) -> Path:
    path = folder / f"{kind}.png"
    whole = paint(folder / "good.png", 7).read_bytes()
    contents = {"empty": b"", "truncated": whole[: len(whole) // 2], "huge": huge_png(), "text": b"I am a text.\n" * 50}
    if kind in contents:
        path.write_bytes(contents[kind])
    elif kind == "fifo":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    return path


@pytest.mark.parametrize(("kind", "words"), BAD_IMAGES)
def test_a_file_that_is_no_image_is_refused_by_name(memory: Path, tmp_path: Path, kind: str, words: str) -> None:
    path = bad_image(kind, tmp_path)
    with unchanged(memory):
        assert str(path) in refused("classify", memory, path, words=words)
        if kind != "folder":
            assert str(path) in refused("add", memory, path, tmp_path / "good.png", "--label", "x", words=words)


def test_a_process_ends_with_one_line_and_its_exit_code(memory: Path, tmp_path: Path) -> None:
    refused("classify", memory, bad_image("truncated", tmp_path), words="truncated.png", before="")
    refused("show", tmp_path / "missing", words="not a memory", before="")
    assert call_process("classify", memory, "x.png", "-k", 0).returncode == 2


def test_bad_files_in_a_folder_are_named_and_the_rest_is_built(tmp_path: Path) -> None:
    images = paint_classes(tmp_path / "images")
    for kind, _ in BAD_IMAGES[1:]:
        bad_image(kind, images / "plant")
    [built] = told("build", images, tmp_path / "m.vmem", "--encoder", "fake")
    assert built["added"] == 13  # the twelve, and the whole image that the bad ones were made from
    named = {Path(one["path"]).stem: one["reason"] for one in built["skipped"]}
    assert {"empty", "truncated", "huge", "text", "fifo"} <= set(named)
    assert all(named.values())


def test_a_test_folder_without_images_is_refused(memory: Path, tmp_path: Path) -> None:
    (tmp_path / "none").mkdir()
    with unchanged(memory):
        refused("evaluate", memory, tmp_path / "none", words="image")
        refused("evaluate", memory, tmp_path / "missing", words="missing")


# Targets


# Without its capabilities even the superuser is held by the permissions of files, and can still run Python.
POWERLESS = """
import ctypes
ctypes.CDLL(None, use_errno=True).capset((ctypes.c_uint32 * 2)(0x20080522, 0), (ctypes.c_uint32 * 6)())
"""


def at_most(size: int) -> str:
    """Files of this process cannot grow beyond ``size`` bytes: what a full disk looks like."""
    return f"signal.signal(signal.SIGXFSZ, signal.SIG_IGN); resource.setrlimit(resource.RLIMIT_FSIZE, ({size}, {size}))"


def test_what_may_not_be_written_is_said_so(own: Path, tmp_path: Path) -> None:
    images = tmp_path / "images"
    with unchanged(own):
        for path in (*own.iterdir(), own, tmp_path):
            path.chmod(0o555)
        refused("strike", own, 1, words="ermission", before=POWERLESS)
        refused("build", images, tmp_path / "new.vmem", "--encoder", "fake", words="ermission", before=POWERLESS)
        refused("export", own, tmp_path / "out.vmemz", words="ermission", before=POWERLESS)
        assert call_process("show", own, before=POWERLESS).returncode == 0
        tmp_path.chmod(0o755)
        own.chmod(0o000)
        refused("show", own, words="ermission", before=POWERLESS)
        refused("build", images, own, words="ermission", before=POWERLESS)
        for path in (own, *own.iterdir()):
            path.chmod(0o755)
        images.chmod(0o000)
        for target in (own, tmp_path / "new.vmem"):
            refused("build", images, target, "--encoder", "fake", words="ermission", before=POWERLESS)
        refused("add", own, images, "--label", "x", words="ermission", before=POWERLESS)
        images.chmod(0o755)
        assert sorted(p.name for p in tmp_path.iterdir()) == ["images", "own.vmem"]


@pytest.mark.parametrize("kind", ["bundle", "parquet", "imagefolder"])
def test_a_full_disk_leaves_no_half_export(memory: Path, tmp_path: Path, kind: str) -> None:
    with unchanged(memory):
        refused("export", memory, tmp_path / "out", "--format", kind, words="", before=at_most(100))
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_leaves_the_memory_as_it_was(own: Path, tmp_path: Path) -> None:
    size = (own / "memory.sqlite").stat().st_size
    big = tmp_path / "big.bmp"
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (400, 400, 3), dtype=np.uint8)).save(big)
    with unchanged(own):
        refused("add", own, big, "--label", "x", words="", before=at_most(size // 2))
        refused("relabel", own, 1, 2, 3, "--label", "x", words="", before=at_most(1000))
    new = tmp_path / "new.vmem"
    refused("build", tmp_path / "images", new, "--encoder", "fake", words="", before=at_most(1000))
    assert not (new / "memory.sqlite").exists()


def test_an_export_does_not_overwrite(memory: Path, tmp_path: Path) -> None:
    (tmp_path / "there").write_text("mine")
    with unchanged(memory):
        refused("export", memory, tmp_path / "there", words="there")
    assert (tmp_path / "there").read_text() == "mine"


# Memories


def test_an_image_has_no_place_in_a_memory_of_vectors(tmp_path: Path) -> None:
    place = vectors_memory(tmp_path / "v.vmem", 5)
    image = paint(tmp_path / "a.png", 1)
    with unchanged(place):
        refused("classify", place, image, words="vectors")
        refused("add", place, image, "--label", "x", words="vectors")
        refused("build", paint_classes(tmp_path / "p"), place, words="vectors")


def test_a_memory_keeps_its_encoder(memory: Path, made: tuple[Path, Path]) -> None:
    with unchanged(memory):
        refused("build", made[1], memory, "--encoder", "lite0", words="uses the encoder fake")


def test_an_encoder_that_is_unknown_or_other_than_the_memorys_is_named(own: Path, tmp_path: Path) -> None:
    refused("build", tmp_path / "images", tmp_path / "n.vmem", "--encoder", "nonsense", words="nonsense")
    refused("build", "", tmp_path / "n.vmem", "--encoder", "fake", words="an empty name is not a folder")
    assert not (tmp_path / "n.vmem").exists()
    with VisualMemory.open(own) as m:
        m._live.database.execute("update meta set preprocess = 'another'")
    refused("classify", own, tmp_path / "images" / "plant" / "0.png", paint(tmp_path / "new.png", 9), words="encoder")


def test_a_memory_of_a_newer_version_is_refused_and_left_alone(own: Path) -> None:
    with VisualMemory.open(own) as m:
        m._live.database.execute("pragma user_version=99")
    before = (own / "memory.sqlite").read_bytes()
    for command in (["show", own], ["strike", own, 1], ["verify", own]):
        refused(*command, words="newer version")
    assert (own / "memory.sqlite").read_bytes() == before


def other_database(folder: Path) -> None:
    with sqlite3.connect(folder / "memory.sqlite") as other:
        other.execute("create table mine (a)")
    other.close()


NO_MEMORIES: list[tuple[str, Callable[[Path], object], str]] = [
    ("a missing folder", lambda folder: folder.rmdir(), "not a memory"),
    ("an empty folder", lambda folder: None, "not a memory"),
    ("a folder of other things", lambda folder: (folder / "a.txt").write_text("mine"), "not a memory"),
    ("a file", lambda folder: (folder.rmdir(), folder.write_text("mine")), "not a memory"),
    ("a database of another program", other_database, "another program"),
    ("an empty database", lambda folder: (folder / "memory.sqlite").touch(), "empty"),
    ("a text in place of the database", lambda folder: (folder / "memory.sqlite").write_text("x" * 9000), "damaged"),
    ("a folder in place of the database", lambda folder: (folder / "memory.sqlite").mkdir(), "not a file"),
]


@pytest.mark.parametrize(("make", "words"), [pytest.param(*rest, id=name) for name, *rest in NO_MEMORIES])
def test_what_is_no_memory_is_refused_and_left_alone(
    tmp_path: Path, make: Callable[[Path], object], words: str
) -> None:
    place = tmp_path / "place"
    place.mkdir()
    make(place)
    there = sorted(p.name for p in tmp_path.rglob("*"))
    for command in ("show", "verify", "undo"):
        assert str(place) in refused(command, place, words=words)
    assert sorted(p.name for p in tmp_path.rglob("*") if p.name != "lock") == there


def test_a_folder_of_other_things_does_not_become_a_memory(made: tuple[Path, Path], tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    refused("build", made[1], tmp_path, "--encoder", "fake", words=str(tmp_path))
    assert [p.name for p in tmp_path.iterdir()] == ["mine.txt"]


def test_an_empty_memory_answers_every_command(tmp_path: Path) -> None:
    place = tmp_path / "m.vmem"
    VisualMemory.create(place, encoder="fake").close()
    [decided] = told("classify", place, paint(tmp_path / "a.png", 1))
    assert (decided["label"], decided["share"], decided["shares"], decided["neighbours"]) == (None, None, {}, [])
    assert told("show", place)[0]["exemplars"] == 0
    assert told("verify", place) == [{"ok": True, "damage": []}]
    assert told("undo", place) == [{"edit": None, "ids": []}]
    done = call("evaluate", place)
    assert done.returncode in (0, 1) and "Traceback" not in done.stderr
    for kind in ("bundle", "parquet", "imagefolder"):
        done = call("export", place, tmp_path / kind, "--format", kind)
        assert done.returncode in (0, 1) and "Traceback" not in done.stderr
    refused("strike", place, 1, words="no exemplar with id 1")


def test_a_memory_of_one_class_decides_for_it(tmp_path: Path) -> None:
    paint_classes(tmp_path / "p", ("only",), 3)
    told("build", tmp_path / "p", tmp_path / "m.vmem", "--encoder", "fake")
    [decided] = told("classify", tmp_path / "m.vmem", paint(tmp_path / "a.png", 50))
    assert (decided["label"], decided["share"], decided["margin"]) == ("only", 1.0, 1.0)
    [found] = told("evaluate", tmp_path / "m.vmem", "-k", 1, "--rule", "rank")
    assert found["accuracy"] == {"rank": {"1": 1.0}}


# Values

BAD_LABELS = [
    ("", "at least one character"),
    ("   ", "at least one character"),
    ("/", "at least one character"),
    ("a//b", "empty part"),
    ("../a", ".."),
    ("a\nb", "cannot be shown"),
    ("a\x1b[31mb", "cannot be shown"),
    ("é" * 201, "200 characters"),
]


@pytest.mark.parametrize(("label", "words"), BAD_LABELS)
def test_a_label_that_is_no_path_of_names_is_refused(memory: Path, tmp_path: Path, label: str, words: str) -> None:
    image = paint(tmp_path / "a.png", 1)
    with unchanged(memory):
        refused("relabel", memory, 1, "--label", label, words=words)
        refused("add", memory, image, "--label", label, words=words)
        refused("rename-label", memory, "plant", label, words=words)


@pytest.mark.parametrize(
    "label", ["größer/Æble", "日本語", "a'; drop table exemplars; --", '100 % "q" \\', "🦊", "x" * 200]
)
def test_a_label_of_odd_characters_is_kept(own: Path, label: str) -> None:
    assert told("relabel", own, 1, "--label", label)[0]["ids"] == [1]
    assert told("show", own, "--label", label)[0]["label"] == label


UNKNOWN_IDS = [
    ("strike", []), ("restore", []), ("relabel", ["--label", "x"]), ("reweigh", ["--to", 2]), ("forget", ["--yes"]),
    ("show", []),
]  # fmt: skip


@pytest.mark.parametrize(("command", "rest"), UNKNOWN_IDS)
@pytest.mark.parametrize("unknown", [999, 0, 2**70])
def test_an_id_that_is_unknown_changes_nothing(memory: Path, command: str, rest: list[object], unknown: int) -> None:
    with unchanged(memory):
        refused(command, memory, 1, unknown, *rest, words=str(unknown))


@pytest.mark.parametrize("command", ["strike", "restore", "forget"])
def test_a_label_that_nobody_has_changes_nothing(memory: Path, command: str) -> None:
    rest = ["--yes"] if command == "forget" else []
    with unchanged(memory):
        done = call(command, memory, "--label", "nobody", *rest)
        assert done.returncode in (0, 1) and "Traceback" not in done.stderr
        refused("rename-label", memory, "nobody", "x", words="nobody")


@pytest.mark.parametrize("trust", ["0", "-1", "nan", "inf", "101"])
def test_a_trust_out_of_range_is_refused(memory: Path, trust: str) -> None:
    with unchanged(memory):
        refused("reweigh", memory, 1, f"--to={trust}", words="trust")


def test_k_is_at_least_one_and_may_exceed_the_size(memory: Path, made: tuple[Path, Path]) -> None:
    image = made[1] / "plant" / "0.png"
    with unchanged(memory):
        for k in ("0", "-3"):
            misused("classify", memory, image, f"-k={k}", words="-k")
            misused("evaluate", memory, f"-k={k}", words="-k")
        refused("settings", memory, "k", "0", words="between")
        assert len(told("classify", memory, image, "-k", 10_000)[0]["neighbours"]) == 12
        for command in (("classify", memory, image), ("evaluate", memory), ("scaling", memory)):
            refused(*command, "-k", 10**12, words="k may be at most 10,000")


def test_content_that_is_here_is_not_added_again(own: Path, tmp_path: Path) -> None:
    here = tmp_path / "images" / "plant" / "0.png"
    [one] = [e for e in told("show", own, "--label", "plant") if e["source"] == str(here)]
    with unchanged(own):
        done = call("add", own, here, "--label", "plant", "--json")
        assert (done.returncode, json.loads(done.stdout)["ids"]) == (0, [one["id"]])
        assert f"already here as {one['id']}" in done.stderr
        assert told("build", tmp_path / "images", own)[0]["unchanged"] == 12
    done = call("add", own, here, "--label", "tool", "--json")
    assert json.loads(done.stdout)["added"] == 1
    assert "under another label, plant" in done.stderr


# Other processes and damage


def test_a_second_writer_is_told_who_edits_and_readers_work(own: Path, tmp_path: Path) -> None:
    with VisualMemory.open(own) as m, unchanged(own):
        m.snapshot  # noqa: B018 - loaded, as an open window has it
        assert str(os.getpid()) in refused("strike", own, 1, words="is being edited by")
        refused("build", tmp_path / "images", own, words="is being edited by")
        refused("forget", own, 1, "--yes", words="is being edited by")
        told("show", own)
        told("classify", own, tmp_path / "images" / "plant" / "0.png")
        told("export", own, tmp_path / "out.vmemz")
    told("strike", own, 1)


def test_a_damaged_index_is_rebuilt_and_said_so(tmp_path: Path) -> None:
    place = vectors_memory(tmp_path / "v.vmem", 600)
    with VisualMemory.open(place) as m:
        m.set("exact_limit", 100)
        m.maintenance.run()
        query = m.snapshot.vectors[0]
        expected = [n.id for n in m.decide_vector(query, search="exact").neighbours]
    [graph] = place.glob("index-*.hnsw")
    data = bytearray(graph.read_bytes())
    data[len(data) // 2] ^= 0xFF
    graph.write_bytes(data)
    done = call("verify", place, "--json")
    assert done.returncode == 1
    [damage] = json.loads(done.stdout)["damage"]
    assert damage["what"] == "index" and "damaged" in damage["detail"]
    with VisualMemory.open(place) as m:
        assert [n.id for n in m.decide_vector(query).neighbours] == expected
        assert m.maintenance.index_damage and "damaged" in m.maintenance.index_damage
        m.maintenance.run()
    assert told("verify", place) == [{"ok": True, "damage": []}]
    assert told("show", place)[0]["index"] == {"kind": "hnsw", "current": True}


def test_a_damaged_database_is_refused_with_its_name_or_found_by_verify(own: Path, tmp_path: Path) -> None:
    database = own / "memory.sqlite"
    whole = database.read_bytes()
    for at in (0, 20, 100, 4096, len(whole) // 2):
        database.write_bytes(whole[:at] + bytes(len(whole) - at))
        assert str(database) in refused("show", own, 1, 2, 3, words="") or at == 0
        for command in (["strike", own, 1], ["classify", own, paint(tmp_path / "a.png", 5)]):
            done = call(*command)
            assert done.returncode in (0, 1) and "Traceback" not in done.stderr, (at, done.stderr)
        assert call("verify", own).returncode == 1
    database.write_bytes(whole[: len(whole) // 2 // 4096 * 4096])
    done = call("verify", own)
    assert done.returncode == 1 and "Traceback" not in done.stderr


def test_images_that_moved_are_found_again(own: Path, tmp_path: Path) -> None:
    old, new = tmp_path / "images", tmp_path / "elsewhere"
    query = paint(tmp_path / "query.png", 70)
    before = told("classify", own, query)[0]
    old.rename(new)
    (new / "plant" / "0.png").rename(new / "plant" / "renamed.png")
    (new / "plant" / "1.png").write_bytes(b"no more")
    after = told("classify", own, query)[0]
    assert (after["label"], after["shares"]) == (before["label"], before["shares"])
    assert all(Path(e["source"]).is_relative_to(old) for e in told("show", own, *range(1, 13)))
    assert told("relink", own, old, new) == [{"moved": 11, "missing": [str(old / "plant" / "1.png")]}]
    assert str(new / "plant" / "renamed.png") in [e["source"] for e in told("show", own, *range(1, 13))]
    assert told("verify", own) == [{"ok": True, "damage": []}]
    with unchanged(own):
        refused("relink", own, tmp_path / "never", new, words="never")


def test_ctrl_c_in_a_build_keeps_what_is_committed_and_a_second_build_adds_the_rest(tmp_path: Path) -> None:
    images = paint_classes(tmp_path / "images", each=400)
    place = tmp_path / "m.vmem"
    command = [
        sys.executable,
        "-m",
        "visualmemory_gui",
        "build",
        str(images),
        str(place),
        "--encoder",
        "fake",
        "--json",
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as child:
        hold_once_committed(child, place)
        child.send_signal(signal.SIGINT)
        child.send_signal(signal.SIGCONT)
        out, err = child.communicate(timeout=PATIENCE_S)
    assert child.returncode == 130, err
    assert "stopped: the" in err and "build again to continue" in err and "Traceback" not in err
    added = json.loads(out)["added"]
    assert 0 < added < 1200
    assert state(place)[0][1] == added
    [again] = told("build", images, place)
    assert (again["added"], again["unchanged"]) == (1200 - added, added)
    assert told("verify", place) == [{"ok": True, "damage": []}]


def hold_once_committed(child: subprocess.Popen[str], place: Path) -> None:
    """Let ``child`` go on by small steps until it has committed something: however busy the machine is, it is not
    done by then."""
    end = time.monotonic() + PATIENCE_S
    child.send_signal(signal.SIGSTOP)
    while not committed(place) and time.monotonic() < end:
        child.send_signal(signal.SIGCONT)
        threading.Event().wait(0.005)
        child.send_signal(signal.SIGSTOP)


def committed(place: Path) -> int:
    """How many exemplars the memory holds, 0 while there is none or it is being made."""
    try:
        with VisualMemory.open(place, readonly=True) as m:
            return m.catalog.totals()[0]
    except VisualMemoryError:
        return 0
