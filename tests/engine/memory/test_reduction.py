"""Memories of vectors that are reduced by PCA: the projection belongs to the encoder wherever the memory goes."""

from __future__ import annotations

import json
import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner, Result

from tests.engine.exchange.memories import facts, paint, paint_classes
from tests.reliability.planting import plant, reseal
from visualmemory_gui.cli.main import app
from visualmemory_gui.engine.attribution import attribute
from visualmemory_gui.engine.encoders import fake, registry
from visualmemory_gui.engine.encoders.base import unit
from visualmemory_gui.engine.errors import BadValue, DamagedMemory, EncoderError, ExchangeError, MemoryExists
from visualmemory_gui.engine.exchange import bundle
from visualmemory_gui.engine.language import text_vectors
from visualmemory_gui.engine.memory.reduction import create_reduced
from visualmemory_gui.engine.memory.visual_memory import VisualMemory
from visualmemory_gui.engine.projection import MOST_BYTES, Projection, ProjectionNote, fit, from_bytes, note_in
from visualmemory_gui.engine.shared_memory.in_process_server import InProcessServer
from visualmemory_gui.engine.shared_memory.push import push
from visualmemory_gui.engine.types import F32, U8

DIM = 5


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(one) for one in arguments])


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Twelve images of three classes, and the memory of their vectors reduced to five numbers; no test changes it."""
    room = tmp_path_factory.mktemp("reduced")
    images = paint_classes(room / "images")
    done = run("build", images, room / "m.vmem", "--encoder", "fake", "--dim", DIM, "--copy")
    assert done.exit_code == 0, done.stderr
    return room / "m.vmem", images


@pytest.fixture
def copy(made: tuple[Path, Path], tmp_path: Path) -> Path:
    return Path(shutil.copytree(made[0], tmp_path / "copy.vmem"))


def whole_vectors(m: VisualMemory, images: Path) -> np.ndarray:
    """Of all images below ``images``, by the encoder without a projection."""
    with VisualMemory.create(m.path.with_name("whole.vmem"), "fake") as whole:
        whole.build(images)
        files = {one.sha256: vector for one, vector in zip(*both(whole), strict=True)}
    return np.stack([files[one.sha256] for one in m.catalog.select()])


def both(m: VisualMemory) -> tuple[list, np.ndarray]:
    shown = m.catalog.select()
    return shown, m.catalog.vectors([one.id for one in shown])


def test_vectors_are_those_of_pca_by_hand(copy: Path, made: tuple[Path, Path]) -> None:
    with VisualMemory.open(copy) as m:
        vectors = whole_vectors(m, made[1]).astype(np.float64)
        mean = vectors.mean(axis=0)
        _, directions = np.linalg.eigh((vectors - mean).T @ (vectors - mean))
        by_hand = unit((vectors - mean) @ directions[:, ::-1][:, :DIM])
        found = both(m)[1]
        assert found.shape == (12, DIM)
        np.testing.assert_allclose(np.abs(found), np.abs(by_hand), atol=1e-4)  # the sign of a direction is free
        np.testing.assert_allclose(found @ found.T, by_hand @ by_hand.T, atol=1e-4)


def test_a_later_session_projects_queries_and_new_images_in_the_same_way(copy: Path, tmp_path: Path) -> None:
    with VisualMemory.open(copy) as m:
        row = m.catalog.select()[0]
        source = Path(row.source or "")
        pixels = m.decode(source).pixels[None]
        np.testing.assert_allclose(m.encoder.encode(pixels)[0], m.catalog.vectors([row.id])[0], atol=1e-6)
        new = paint(tmp_path / "new.png", 999)
        [added] = m.add([new], "plant")
        assert m.decide(new).neighbours[0].distance == pytest.approx(0.0, abs=1e-6)
        assert m.catalog.vectors([added]).shape == (1, DIM)


def test_show_says_what_was_reduced_and_how(made: tuple[Path, Path]) -> None:
    assert "encoder fake, 64 -> 5 by PCA, 5 numbers" in run("show", made[0]).stdout
    found = json.loads(run("show", made[0], "--json").stdout)
    assert (found["encoder"], found["dim"], found["reduced_from"]) == ("fake", DIM, 64)


def test_the_images_that_pca_is_fitted_to_are_embedded_once(
    made: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    embedded, encode = list[int](), fake.FakeEncoder.encode

    def counting(encoder: fake.FakeEncoder, batch: U8) -> F32:
        embedded.append(len(batch))
        return encode(encoder, batch)

    monkeypatch.setattr(fake.FakeEncoder, "encode", counting)
    shutil.copy(next(made[1].rglob("*.png")), made[1] / "again.png")
    with create_reduced(tmp_path / "m.vmem", made[1], "fake", DIM) as m:
        assert m.build(made[1]).added == 13
        assert sum(embedded) == 12
        np.testing.assert_allclose(both(m)[1], m.embed([Image.open(str(one.source)) for one in both(m)[0]]), atol=1e-6)
    (made[1] / "again.png").unlink()


def test_building_again_adds_what_is_new_and_fits_nothing_again(copy: Path, made: tuple[Path, Path]) -> None:
    for options in ([], ["--dim", DIM], ["--encoder", "fake"]):
        done = json.loads(run("build", made[1], copy, *options, "--json").stdout)
        assert (done["added"], done["unchanged"]) == (0, 12)
    refused = run("build", made[1], copy, "--dim", 4)
    assert (refused.exit_code, "--dim is for a new memory" in refused.stderr) == (1, True)


@pytest.mark.parametrize(
    ("dim", "says"),
    [(12, "needs at least 13 different images"), (64, "2 to 63 numbers"), (11, None)],
)
def test_too_few_images_or_too_many_numbers_leave_no_memory(
    made: tuple[Path, Path], tmp_path: Path, dim: int, says: str | None
) -> None:
    done = run("build", made[1], tmp_path / "m.vmem", "--encoder", "fake", "--dim", dim)
    assert (done.exit_code == 0) is (says is None)
    assert (tmp_path / "m.vmem").exists() is (says is None)
    assert says is None or says in done.stderr


def test_copies_of_one_image_count_once(tmp_path: Path) -> None:
    for i in range(9):
        paint(tmp_path / "images" / "a" / f"{i}.png", i % 3)
    done = run("build", tmp_path / "images", tmp_path / "m.vmem", "--encoder", "fake", "--dim", 4)
    assert (done.exit_code, "at least 5 different images" in done.stderr) == (1, True)


def test_no_place_is_fitted_for_where_a_memory_is(made: tuple[Path, Path]) -> None:
    with pytest.raises(MemoryExists):
        create_reduced(made[0], made[1], "fake", DIM)


def test_a_bundle_carries_the_projection(made: tuple[Path, Path], tmp_path: Path) -> None:
    with VisualMemory.open(made[0], readonly=True) as m:
        bundle.export(m, tmp_path / "m.vmemz")
        bundle.import_(tmp_path / "m.vmemz", tmp_path / "b.vmem")
        with VisualMemory.open(tmp_path / "b.vmem") as other:
            assert facts(other) == facts(m)
            assert other.identity == m.identity
            query = paint(tmp_path / "q.png", 7)
            assert other.decide(query).shares == m.decide(query).shares


@pytest.mark.parametrize("how", ["missing", "changed", "foreign"])
def test_a_bundle_with_another_projection_is_refused(made: tuple[Path, Path], tmp_path: Path, how: str) -> None:
    with VisualMemory.open(made[0], readonly=True) as m:
        bundle.export(m, tmp_path / "m.vmemz")
    with zipfile.ZipFile(tmp_path / "m.vmemz") as old, zipfile.ZipFile(tmp_path / "bad.vmemz", "w") as new:
        manifest = json.loads(old.read("manifest.json"))
        for name in set(old.namelist()) - {"manifest.json"}:
            data = old.read(name)
            if name == "projection.f32" and how == "missing":
                del manifest["members"][name]
                continue
            if name == "projection.f32" and how == "changed":
                data = data[:-4] + b"\0\0\0\0"
            new.writestr(name, data)
        if how == "foreign":
            manifest["encoder"] = {"name": "fake", "dim": DIM, "weights_sha256": "", "preprocess": "other"}
        new.writestr("manifest.json", json.dumps(manifest))
    with pytest.raises(ExchangeError):
        bundle.import_(tmp_path / "bad.vmemz", tmp_path / "b.vmem")
    assert not (tmp_path / "b.vmem").exists()


def test_a_table_of_reduced_vectors_fits_its_memory_and_makes_no_other(copy: Path, tmp_path: Path) -> None:
    assert run("export", copy, tmp_path / "t.parquet").exit_code == 0
    assert run("import", tmp_path / "t.parquet", copy).exit_code == 0
    refused = run("import", tmp_path / "t.parquet", tmp_path / "new.vmem")
    assert (refused.exit_code, "projection" in refused.stderr) == (1, True)
    assert not (tmp_path / "new.vmem").exists()


@pytest.mark.parametrize(
    "sql",
    [
        "delete from projection",
        "update projection set numbers = zeroblob(length(numbers))",
        "update projection set numbers = substr(numbers, 5)",
        "update meta set preprocess = replace(preprocess, '64 -> 5', '65 -> 5')",
        "update meta set preprocess = replace(preprocess, '64 -> 5', '999999 -> 999998')",
        "update meta set dim = 6",
    ],
)
def test_a_projection_that_is_not_what_was_written_is_damage(copy: Path, sql: str) -> None:
    plant(copy, sql)
    reseal(copy)
    with pytest.raises(DamagedMemory, match=r"projection|reduces"):
        VisualMemory.open(copy)


def test_a_strangers_projection_consists_of_unit_directions() -> None:
    good = fit(np.random.default_rng(0).normal(size=(9, 6)) / 4, 3)
    bad = [good.mean + np.nan, good.mean + 9, good.mean], [good.components, good.components, good.components * 2]
    for mean, components in zip(*bad, strict=True):
        one = Projection(np.asarray(mean, np.float32), np.asarray(components, np.float32))
        note = note_in(one.note("x"))
        assert note is not None
        with pytest.raises(ValueError, match="no mean"):
            from_bytes(one.to_bytes(), note)
    note = note_in(good.note("x; PCA 9 -> 4, sha256 none"))
    assert note is not None
    assert (note.rest, note.before, note.after) == ("x; PCA 9 -> 4, sha256 none", 6, 3)
    np.testing.assert_array_equal(from_bytes(good.to_bytes(), note).components, good.components)
    with pytest.raises(ValueError, match="reduces"):
        from_bytes(b"", ProjectionNote("", MOST_BYTES, 3, "00"))


def test_vectors_in_too_few_directions_are_refused() -> None:
    for rows in (np.ones((9, 4)), np.eye(4)[np.arange(9) % 2]):
        with pytest.raises(ValueError, match="fewer than 2 directions"):
            fit(rows, 2)


def test_the_similarity_map_is_exact_through_the_projection(made: tuple[Path, Path]) -> None:
    with VisualMemory.open(made[0], readonly=True) as m:
        image = m.decode(next(made[1].rglob("*.png")))
        seen = attribute.look(m, image)
        assert seen.cells.shape[-1] == DIM
        found = attribute.attribute(m, seen, m.decide(image))
        assert found.kind == "attribution"
        assert found.query.sum() == pytest.approx(found.total, abs=1e-4)


def test_words_are_refused(made: tuple[Path, Path]) -> None:
    with VisualMemory.open(made[0], readonly=True) as m:
        assert "reduced by PCA" in text_vectors.refusal(m)
        with pytest.raises(EncoderError, match="reduced by PCA"):
            text_vectors.vector_of(m, "a red flag")
        assert text_vectors.to_fetch(m) == ""


def test_a_server_is_refused(made: tuple[Path, Path]) -> None:
    with VisualMemory.open(made[0], readonly=True) as m, pytest.raises(BadValue, match="reduced"):
        push(m, InProcessServer(), "m")


def test_an_encoder_without_its_projection_is_not_loaded(made: tuple[Path, Path]) -> None:
    with VisualMemory.open(made[0], readonly=True) as m:
        bare = type(m.identity)(*m.identity.facts)
    assert bare.whole == fake.IDENTITY
    for use in (registry.require, registry.load):
        with pytest.raises(EncoderError, match="projection is missing"):
            use(bare)


def test_embedding_again_drops_the_projection_and_says_so(made: tuple[Path, Path], tmp_path: Path) -> None:
    done = run("reembed", made[0], tmp_path / "new.vmem", "--encoder", "fake")
    assert (done.exit_code, "PCA is not kept" in done.stderr) == (0, True), done.stderr
    with VisualMemory.open(tmp_path / "new.vmem") as m:
        assert m.identity == fake.IDENTITY
        assert m.maintenance.verify() == []
