"""Where an image resembles its neighbours: with real encoders, and when the neighbour's image is gone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from tests.conftest import paint_image, write_images
from visualmemory_gui import VisualMemory
from visualmemory_gui.engine.attribution.attribute import attribute, default_pair, look, look_at_exemplar
from visualmemory_gui.engine.attribution.sheet import drawn, sentence
from visualmemory_gui.engine.encoders.fake import FakeEncoder
from visualmemory_gui.engine.errors import BadImage, BadValue, EncoderError, UnknownExemplar
from visualmemory_gui.engine.images import heat
from visualmemory_gui.engine.images.geometry import inside, square_of
from visualmemory_gui.engine.types import Geometry


def seen(memory: VisualMemory, image: Image.Image | str | Path):
    found = memory.decode(image)
    return look(memory, found, vector=memory.embed([found])[0])


def test_the_map_sums_to_the_cosine_and_the_lead(memory: VisualMemory) -> None:
    query = seen(memory, paint_image((190, 70, 50), seed=5))
    decision = memory.decide_vector(query.vector)
    found = attribute(memory, query, decision)
    one, minus = default_pair(decision)
    assert minus is not None and found.neighbour == one and found.minus == minus
    assert one.label == decision.label != minus.label
    assert found.kind == "attribution"
    assert found.query.sum() == pytest.approx(minus.distance - one.distance, abs=1e-5)
    alone = attribute(memory, query, decision, neighbour=one.id)
    assert alone.minus is None
    for total in (alone.query.sum(), alone.other.sum(), alone.pairs.sum()):
        assert total == pytest.approx(1 - one.distance, abs=1e-5)


@pytest.fixture(scope="module")
def drawings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[VisualMemory]:
    """A small memory of lite0: stars, discs and stripes of several colours."""
    folder = tmp_path_factory.mktemp("drawings")
    for label in ("star", "disc", "stripes"):
        (folder / "images" / label).mkdir(parents=True)
        for i, colour in enumerate(("crimson", "navy", "darkgreen", "orange")):
            drawing(label, colour).save(folder / "images" / label / f"{i}.png")
    with VisualMemory.create(folder / "m.vmem") as made:
        made.build(folder / "images")
        yield made


def drawing(kind: str, colour: str, side: int = 224) -> Image.Image:
    image = Image.new("RGB", (side, side), "white")
    pen = ImageDraw.Draw(image)
    if kind == "star":
        angles = np.linspace(0, 2 * np.pi, 11)[:-1] - np.pi / 2
        radii = np.where(np.arange(10) % 2 == 0, 0.46, 0.19) * side
        pen.polygon([(side / 2 + r * np.cos(a), side / 2 + r * np.sin(a)) for a, r in zip(angles, radii)], fill=colour)  # noqa: B905
    elif kind == "disc":
        pen.ellipse((side * 0.1, side * 0.1, side * 0.9, side * 0.9), fill=colour)
    else:
        for x in range(0, side, 32):
            pen.rectangle((x, 0, x + 15, side), fill=colour)
    return image


@pytest.mark.parametrize(
    ("label", "at"), [("star", (0, 0)), ("disc", (224, 0)), ("stripes", (96, 128)), ("star", (224, 224))]
)
def test_the_mass_of_a_neighbours_crop_on_noise_lies_in_the_crop(
    drawings: VisualMemory, label: str, at: tuple[int, int]
) -> None:
    """Control: the noise alone has no such place."""
    exemplar = next(e for e in drawings.catalog.select(label=label))
    noise = np.random.default_rng(1).integers(0, 255, (448, 448, 3)).astype(np.uint8)
    crop = np.zeros((448, 448), np.float32)
    crop[at[1] : at[1] + 224, at[0] : at[0] + 224] = 1
    share = np.array(Image.fromarray(crop, "F").resize((7, 7), Image.Resampling.BOX))
    shares = []
    for pasted in (True, False):
        canvas = Image.fromarray(noise)
        if pasted:
            canvas.paste(Image.open(str(exemplar.source)).convert("RGB"), at)
        query = seen(drawings, canvas)
        found = attribute(drawings, query, drawings.decide_vector(query.vector), neighbour=exemplar.id)
        assert found.kind == "attribution"
        assert found.query.sum() == pytest.approx(found.cosine, abs=1e-5)
        mass = np.clip(found.query, 0, None)
        shares.append(float((mass * share).sum() / mass.sum()))
    assert shares[0] > 0.5 > 0.4 > shares[1]


def test_a_linked_image_that_is_gone_is_seen_as_its_thumbnail_and_said(tmp_path: Path) -> None:
    images = write_images(tmp_path / "images", each=3)
    with VisualMemory.create(tmp_path / "m.vmem", encoder="fake") as memory:
        memory.build(images)
        [row] = memory.catalog.get([1])
        assert look_at_exemplar(memory, 1).note == ""
        Path(str(row.source)).write_bytes(Path(str(memory.catalog.get([2])[0].source)).read_bytes())
        assert "thumbnail" in look_at_exemplar(memory, 1).note  # another file by now
        Path(str(row.source)).unlink()
        query = seen(memory, paint_image((190, 70, 50), seed=5))
        found = attribute(memory, query, memory.decide_vector(query.vector), neighbour=1)
        assert "thumbnail" in found.seen_other.note
        assert found.query.sum() == pytest.approx(found.cosine, abs=1e-5)
        assert drawn(found, "query.png").height > 100


def test_a_copy_in_the_memory_is_looked_at_where_the_original_is_gone(tmp_path: Path) -> None:
    images = write_images(tmp_path / "images", each=3)
    with VisualMemory.create(tmp_path / "m.vmem", encoder="fake") as memory:
        memory.build(images, copy=True)
        Path(str(memory.catalog.get([1])[0].source)).unlink()
        assert look_at_exemplar(memory, 1).note == ""


def test_a_neighbour_without_an_image_is_refused_by_name(tmp_path: Path) -> None:
    with VisualMemory.create(tmp_path / "m.vmem", encoder="fake") as memory:
        memory.add_vectors(np.eye(64, dtype=np.float32)[:3], ["a", "b", "c"])
        query = seen(memory, paint_image((190, 70, 50), seed=5))
        with pytest.raises(BadImage, match="exemplar"):
            attribute(memory, query, memory.decide_vector(query.vector))
        with pytest.raises(UnknownExemplar):
            attribute(memory, query, memory.decide_vector(query.vector), neighbour=9)


def test_one_class_alone_has_no_runner_up_and_no_vote_nothing_to_show(tmp_path: Path) -> None:
    with VisualMemory.create(tmp_path / "m.vmem", encoder="fake") as memory:
        query = seen(memory, paint_image((190, 70, 50), seed=5))
        with pytest.raises(BadValue, match="nothing to compare"):
            default_pair(memory.decide_vector(query.vector))
        memory.add([paint_image((10, 70, 50), seed=1)], ["only"])
        found = attribute(memory, query, memory.decide_vector(query.vector))
        assert found.minus is None and "only" in sentence(found)


class TokenEncoder:
    """Has cells, but its vector is not their average."""

    at_once = 16

    def __init__(self, encoder) -> None:
        self.identity, self.geometry, self.device, self.backend = encoder.identity, encoder.geometry, "cpu", "numpy"
        self._encoder = encoder

    def encode(self, batch):
        return self._encoder.encode(batch)

    def features(self, batch):
        return np.concatenate([self._encoder.features(batch)] * 2, axis=-1)

    def close(self) -> None:
        pass


def test_an_encoder_that_does_not_average_gets_a_map_that_is_called_similarity(memory: VisualMemory) -> None:
    memory._reader._encoder = TokenEncoder(memory.encoder)  # type: ignore[assignment]
    query = seen(memory, paint_image((190, 70, 50), seed=5))
    found = attribute(memory, query, memory.decide_vector(query.vector), neighbour=1)
    assert found.kind == "similarity"
    assert found.query.shape == (8, 8) and np.abs(found.query).max() <= 1 + 1e-9
    assert sentence(found).startswith("Patches like")


class BlindEncoder(FakeEncoder):
    features = None  # type: ignore[assignment]


def test_an_encoder_without_cells_says_so(memory: VisualMemory) -> None:
    memory._reader._encoder = BlindEncoder()
    with pytest.raises(EncoderError, match="cannot say what it sees where"):
        seen(memory, paint_image((1, 2, 3), seed=1))


@pytest.mark.parametrize(
    ("geometry", "size", "expected"),
    [
        (Geometry(224, "letterbox"), (200, 100), (0.0, -0.5, 1.0, 1.5)),
        (Geometry(224, "letterbox"), (100, 100), (0.0, 0.0, 1.0, 1.0)),
        (Geometry(224, "crop", resize=256), (400, 200), (0.28125, 0.0625, 0.71875, 0.9375)),
    ],
)
def test_the_encoders_square_lies_where_the_image_was_brought_to(geometry, size, expected) -> None:
    assert square_of(geometry, *size) == pytest.approx(expected)


def test_cells_of_the_letterbox_are_masked_in_what_is_shown() -> None:
    square = square_of(Geometry(224, "letterbox"), 200, 100)
    share = inside(square, 4, 4)
    assert share.tolist() == [[0] * 4, [1] * 4, [1] * 4, [0] * 4]
    shown = heat.shown(np.ones((4, 4)), square)
    assert shown.sum() == 8
    layer = heat.layer(np.ones((4, 4)), square, (200, 100))
    assert layer.shape == (100, 200, 4)
    assert layer[50, 100, 3] == round(255 * heat.STRONGEST)
    assert tuple(heat.layer(-np.ones((4, 4)), square, (200, 100))[50, 100, :3]) == heat.AGAINST


def test_beside_a_crop_nothing_is_painted() -> None:
    layer = heat.layer(np.ones((4, 4)), square_of(Geometry(224, "crop", resize=224), 300, 100), (300, 100))
    assert not layer[:, :99, 3].any() and not layer[:, 201:, 3].any() and layer[50, 150, 3]
