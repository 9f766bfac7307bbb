"""Archives and tables of strangers: each is refused with a reason, and no memory comes of it."""

from __future__ import annotations

import hashlib
import json
import stat
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.engine.exchange.memories import paint_classes
from visualmemory_gui.engine.errors import VisualMemoryError
from visualmemory_gui.engine.exchange import bundle, import_export
from visualmemory_gui.engine.memory.visual_memory import VisualMemory

Members = dict[str, bytes]


@pytest.fixture(scope="module")
def honest(tmp_path_factory: pytest.TempPathFactory) -> Members:
    room = tmp_path_factory.mktemp("honest")
    with VisualMemory.create(room / "m.vmem", "fake") as m:
        m.build(paint_classes(room / "images", each=2))
        bundle.export(m, room / "m.vmemz")
    with zipfile.ZipFile(room / "m.vmemz") as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def sealed(members: Members, /, **changes: object) -> Members:
    """With a manifest that fits what is in it."""
    manifest = {**json.loads(members["manifest.json"]), **changes}
    if "members" not in changes:
        manifest["members"] = {
            name: {"size": len(data), "sha256": hashlib.sha256(data).hexdigest()}
            for name, data in members.items()
            if name != "manifest.json"
        }
    return {**members, "manifest.json": json.dumps(manifest).encode()}


def packed(members: Members, target: Path, kind: int = zipfile.ZIP_STORED) -> Path:
    with zipfile.ZipFile(target, "w", kind) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return target


def table_with(members: Members, **columns: list[object]) -> Members:
    """The honest table with other columns."""
    table = pq.read_table(pa.BufferReader(members["exemplars.parquet"]))
    for name, values in columns.items():
        table = table.set_column(
            table.schema.get_field_index(name), name, pa.array((values * len(table))[: len(table)])
        )
    return with_table(members, table)


def with_table(members: Members, table: pa.Table) -> Members:
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink)
    return sealed({**members, "exemplars.parquet": sink.getvalue().to_pybytes()})


def images_of(members: Members) -> list[str]:
    names: list[str] = pq.read_table(pa.BufferReader(members["exemplars.parquet"]))["image"].to_pylist()
    return names


def with_member(name: str, data: bytes = b"x") -> Callable[[Members], Members]:
    return lambda members: sealed({**members, name: data})


def first(members: Members, folder: str) -> str:
    return next(name for name in members if name.startswith(folder))


def without(name: str) -> Callable[[Members], Members]:
    return lambda members: {k: v for k, v in members.items() if k != name}


def encoder(**changes: object) -> Callable[[Members], Members]:
    def changed(members: Members) -> Members:
        return sealed(members, encoder={**json.loads(members["manifest.json"])["encoder"], **changes})

    return changed


def counts(**changes: object) -> Callable[[Members], Members]:
    return lambda members: sealed(members, counts={**json.loads(members["manifest.json"])["counts"], **changes})


def setting(**changes: object) -> Callable[[Members], Members]:
    return lambda members: sealed(members, settings={**json.loads(members["manifest.json"])["settings"], **changes})


def fewer_rows(members: Members) -> Members:
    """The last exemplar is gone from the table, its image and its thumbnail are there."""
    return with_table(members, pq.read_table(pa.BufferReader(members["exemplars.parquet"])).slice(0, 5))


def swapped_image(members: Members) -> Members:
    return {**members, first(members, "images/"): b"other bytes"}


def swapped_and_listed(members: Members) -> Members:
    return sealed(swapped_image(members))


def bad_thumbnail(members: Members) -> Members:
    data = b"\x89PNG not a jpeg"
    name = f"thumbnails/{hashlib.sha256(data).hexdigest()}.jpg"
    return table_with({**members, name: data}, thumbnail=[Path(name).stem])


def huge_thumbnail(members: Members) -> Members:
    data = b"\xff\xd8\xff\xc0\x00\x11\x08\xff\xff\xff\xff\x03" + bytes(20)
    name = f"thumbnails/{hashlib.sha256(data).hexdigest()}.jpg"
    return table_with({**members, name: data}, thumbnail=[Path(name).stem])


DAMAGE: dict[str, Callable[[Members], Members]] = {
    "a path upwards": with_member("../evil.png"),
    "a path from within": with_member("images/../../evil.png"),
    "an absolute path": with_member("/tmp/evil.png"),
    "a drive": with_member("C:\\evil.png"),
    "backslashes": with_member("images\\evil.png"),
    "a database": with_member("memory.sqlite"),
    "a folder": with_member("images/"),
    "a script": with_member("images/run.sh"),
    "a name in capitals": with_member("images/" + "A" * 64 + ".png"),
    "a control character": with_member("images/\n.png"),
    "no manifest": without("manifest.json"),
    "no table": lambda m: sealed(without("exemplars.parquet")(m)),
    "a manifest of another kind": lambda m: sealed(m, format="zip"),
    "a manifest that is a list": lambda m: {**m, "manifest.json": b"[]"},
    "a manifest nested deeply": lambda m: {**m, "manifest.json": b"[" * 100_000},
    "a manifest that is no JSON": lambda m: {**m, "manifest.json": b"\xff\xfe{"},
    "members not listed": lambda m: sealed(m, members={}),
    "a version that is text": lambda m: sealed(m, version="1"),
    "an encoder of no dimension": encoder(dim=0),
    "an encoder of another dimension": encoder(name="stranger", dim=63),
    "an encoder with other weights": encoder(weights_sha256="0" * 64),
    "an encoder that is text": lambda m: sealed(m, encoder="fake"),
    "an image that was swapped": swapped_image,
    "an image that was swapped and listed": swapped_and_listed,
    "an image that is not there": lambda m: table_with(m, image=["0" * 64], sha256=["0" * 64]),
    "an image outside": lambda m: table_with(m, image=["../../../etc/passwd"]),
    "an image that no exemplar has": with_member(f"images/{hashlib.sha256(b'x').hexdigest()}.png"),
    "a table of fewer rows": fewer_rows,
    "a table of fewer rows that is counted": lambda m: counts(exemplars=5, images=5)(fewer_rows(m)),
    "an image less than counted": lambda m: table_with(m, image=[None, *images_of(m)[1:]]),
    "struck exemplars that are not counted": lambda m: table_with(m, state=["struck"]),
    "no counts": lambda m: sealed(m, counts=None),
    "counts that are a list": lambda m: sealed(m, counts=[6]),
    "one count missing": lambda m: sealed(m, counts={"exemplars": 6}),
    "a negative count": counts(bare=-1),
    "a huge count": counts(exemplars=10**30),
    "a count that is a fraction": counts(images=6.0),
    "a count that is text": counts(exemplars="6"),
    "a count that is true": counts(exemplars=True),
    "settings that are a list": lambda m: sealed(m, settings=["k"]),
    "a setting that is a list": setting(k=[3]),
    "a setting that is a fraction": setting(k=1.5),
    "a setting that is negative": setting(level=-1),
    "a setting that is huge": setting(k=10**30),
    "a setting of its own kind": setting(rule="root"),
    "an encoder named by a path": encoder(name="x/enc.pt"),
    "an encoder named by an address": encoder(name="https://host/enc.pt"),
    "an encoder of a huge dimension": encoder(dim=10**9),
    "an encoder of a negative dimension": encoder(dim=-64),
    "an encoder with a list of weights": encoder(weights_sha256=[]),
    "a table that is noise": lambda m: sealed({**m, "exemplars.parquet": b"PAR1" + bytes(200) + b"PAR1"}),
    "a table cut short": lambda m: sealed({**m, "exemplars.parquet": m["exemplars.parquet"][:300]}),
    "a label upwards": lambda m: table_with(m, label=["../../x"]),
    "a label that is empty": lambda m: table_with(m, label=[""]),
    "a label of control characters": lambda m: table_with(m, label=["a\x1b[2J"]),
    "labels that are numbers": lambda m: table_with(m, label=[7]),
    "a trust of zero": lambda m: table_with(m, trust=[0.0]),
    "a trust of infinity": lambda m: table_with(m, trust=[float("inf")]),
    "a trust that is no number": lambda m: table_with(m, trust=[float("nan")]),
    "a state of its own": lambda m: table_with(m, state=["root"]),
    "a vector of NaN": lambda m: table_with(m, vector=[[float("nan")] * 64]),
    "a vector of zeros": lambda m: table_with(m, vector=[[0.0] * 64]),
    "vectors of unlike length": lambda m: table_with(m, vector=[[1.0], [1.0, 2.0]]),
    "vectors of whole numbers": lambda m: table_with(m, vector=[[1] * 64]),
    "a thumbnail that is no JPEG": bad_thumbnail,
    "a thumbnail of 65,535 pixels a side": huge_thumbnail,
}


@pytest.mark.parametrize("name", DAMAGE)
def test_a_hostile_bundle_is_refused_and_nothing_is_made(honest: Members, tmp_path: Path, name: str) -> None:
    source = packed(DAMAGE[name](honest), tmp_path / "evil.vmemz")
    with pytest.raises(VisualMemoryError):
        bundle.import_(source, tmp_path / "n.vmem")
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["evil.vmemz"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (counts(exemplars=7), "its number of exemplars is 6, not 7 as its manifest says"),
        (counts(struck=2), "its number of struck-out exemplars is 0, not 2 as its manifest says"),
        (counts(images=5), "its number of exemplars with an image is 6, not 5 as its manifest says"),
        (counts(bare=1), "its number of exemplars without an image is 0, not 1 as its manifest says"),
        (fewer_rows, "its number of exemplars is 5, not 6 as its manifest says"),
    ],
)
def test_a_bundle_that_holds_something_else_than_it_says_is_refused_with_both_numbers(
    honest: Members, tmp_path: Path, change: Callable[[Members], Members], words: str
) -> None:
    with pytest.raises(VisualMemoryError, match=words):
        bundle.import_(packed(change(honest), tmp_path / "evil.vmemz"), tmp_path / "n.vmem")


def test_what_a_bundle_says_of_itself_is_checked_before_it_is_unpacked(honest: Members, tmp_path: Path) -> None:
    assert bundle.check(packed(honest, tmp_path / "good.vmemz")) == 6
    for name in ("no counts", "a negative count", "a setting that is a list", "an encoder named by a path"):
        with pytest.raises(VisualMemoryError):
            bundle.check(packed(DAMAGE[name](honest), tmp_path / "evil.vmemz"))


def test_the_honest_bundle_passes_the_same_door(honest: Members, tmp_path: Path) -> None:
    source = packed(sealed(honest), tmp_path / "good.vmemz", zipfile.ZIP_DEFLATED)
    assert bundle.import_(source, tmp_path / "n.vmem").added == 6


def test_a_link_in_an_archive_is_refused(honest: Members, tmp_path: Path) -> None:
    source, name = tmp_path / "link.vmemz", first(honest, "images/")
    with zipfile.ZipFile(source, "w") as archive:
        for member, data in honest.items():
            info = zipfile.ZipInfo(member)
            info.external_attr = (stat.S_IFLNK | 0o777) << 16 if member == name else 0
            archive.writestr(info, data)
    with pytest.raises(VisualMemoryError, match="link"):
        bundle.import_(source, tmp_path / "n.vmem")


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_member_that_is_there_twice_is_refused(honest: Members, tmp_path: Path) -> None:
    source = packed(honest, tmp_path / "twice.vmemz")
    with zipfile.ZipFile(source, "a") as archive:
        archive.writestr("manifest.json", b"{}")
    with pytest.raises(VisualMemoryError, match="twice"):
        bundle.import_(source, tmp_path / "n.vmem")


def test_a_bomb_is_refused_before_it_is_unpacked(honest: Members, tmp_path: Path) -> None:
    data = bytes(300_000_000)
    name = f"images/{hashlib.sha256(data).hexdigest()}.bmp"
    source = packed(sealed({**honest, name: data}), tmp_path / "bomb.vmemz", zipfile.ZIP_DEFLATED)
    with pytest.raises(VisualMemoryError, match="unpack"):
        bundle.import_(source, tmp_path / "n.vmem")


@pytest.mark.parametrize("seed", range(30))
def test_a_bundle_with_flipped_bytes_is_refused_or_equal(honest: Members, tmp_path: Path, seed: int) -> None:
    random = np.random.default_rng(seed)
    data = bytearray(packed(honest, tmp_path / "a.vmemz").read_bytes())
    for at in random.integers(0, len(data), 3):
        data[at] ^= int(random.integers(1, 256))
    source = tmp_path / "b.vmemz"
    source.write_bytes(data[: len(data) - int(random.integers(0, 2)) * 50])
    try:
        done = import_export.import_(source, tmp_path / "n.vmem")
    except VisualMemoryError:
        assert not (tmp_path / "n.vmem").exists()
    else:
        assert done.added == 6


def test_a_small_table_of_many_rows_is_refused_in_no_time(tmp_path: Path) -> None:
    rows = 6_000_000
    one = pa.ListArray.from_arrays(
        pa.array(np.arange(0, rows + 1, dtype=np.int32)), pa.array(np.ones(rows, np.float32))
    )
    labels = pa.DictionaryArray.from_arrays(pa.array(np.zeros(rows, np.int8)), pa.array(["a"]))
    pq.write_table(pa.table({"label": labels, "vector": one}), tmp_path / "many.parquet", compression="zstd")
    with pytest.raises(VisualMemoryError, match="at most"):
        import_export.import_(tmp_path / "many.parquet", tmp_path / "n.vmem")


@pytest.mark.parametrize("name", ["../up.png", "/etc/passwd", "a/../../b.png", "x\\..\\y.png", ""])
def test_metadata_that_points_outside_is_refused(tmp_path: Path, name: str) -> None:
    folder = paint_classes(tmp_path / "f")
    (folder / "metadata.jsonl").write_text(json.dumps({"file_name": name, "label": "a"}))
    with pytest.raises(VisualMemoryError):
        import_export.import_(folder, tmp_path / "n.vmem", encoder="fake")
    assert not (tmp_path / "n.vmem").exists()
