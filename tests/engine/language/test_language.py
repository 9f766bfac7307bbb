"""Images by words, and what class names alone would say, with the fake encoder, whose words are colours."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import ImageColor

from tests.conftest import paint_image
from visualmemory_gui import VisualMemory
from visualmemory_gui.engine.encoders import open_clip_text, registry
from visualmemory_gui.engine.encoders.fake import FakeEncoder, FakeText
from visualmemory_gui.engine.errors import BadValue, EncoderError
from visualmemory_gui.engine.language.class_names import TEMPLATE, class_name_shares, name_of
from visualmemory_gui.engine.language.find import find
from visualmemory_gui.engine.language.text_vectors import LONGEST, TextVectors, refusal, text_vectors_of
from visualmemory_gui.engine.types import EncoderIdentity

COLOURS = {"things/red": (255, 0, 0), "things/green": (0, 128, 0), "others/blue": (0, 0, 255)}


@pytest.fixture(scope="module")
def memory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[VisualMemory]:
    with VisualMemory.create(tmp_path_factory.mktemp("words") / "m.vmem", encoder="fake") as made:
        for place, (label, colour) in enumerate(COLOURS.items()):
            made.add([paint_image(colour, seed=10 * place + i) for i in range(4)], label)
        made.strike([4])
        yield made


def test_images_are_found_best_first_with_their_cosine(memory: VisualMemory) -> None:
    ImageColor.getrgb("red")  # from now on Pillow's table holds it in another form
    found = find(memory, "  a red \n flag ", most=5)
    assert found.ids[:3].tolist() != [] and set(found.ids[:3].tolist()) == {1, 2, 3}  # 4 is struck out
    [text] = FakeText().encode(["a red flag"])
    by_hand = memory.catalog.vectors(found.ids).astype(np.float64) @ text.astype(np.float64)
    assert np.abs(found.scores - by_hand).max() < 1e-6
    assert (np.diff(found.scores) <= 0).all()


def test_those_in_another_state_are_found_too(memory: VisualMemory) -> None:
    assert find(memory, "red", state="struck").ids.tolist() == [4]
    assert find(memory, "red", state="withdrawn").ids.tolist() == []


def test_more_than_there_are_gives_all(memory: VisualMemory) -> None:
    assert sorted(find(memory, "blue", most=1000).ids.tolist()) == [i for i in range(1, 13) if i != 4]


@pytest.mark.parametrize("text", ["", " \n ", "x" * (LONGEST + 1)])
def test_words_that_say_nothing_or_too_much_are_refused(memory: VisualMemory, text: str) -> None:
    with pytest.raises(BadValue, match="1 to 500 characters"):
        find(memory, text)
    with pytest.raises(BadValue, match="at least 1"):
        find(memory, "red", most=0)


def test_class_names_alone_say_the_class_by_its_last_part(memory: VisualMemory) -> None:
    vector = memory.embed(paint_image((0, 0, 255), seed=99))[0]
    shares = class_name_shares(memory, vector, COLOURS)
    assert next(iter(shares)) == "others/blue" and sum(shares.values()) == pytest.approx(1.0)
    tower = FakeText()
    texts = tower.encode([TEMPLATE.format(word) for word in ("blue", "green", "red")]).astype(np.float64)
    logits = tower.scale * (texts @ vector)
    by_hand = np.exp(logits) / np.exp(logits).sum()
    assert [shares[label] for label in sorted(COLOURS)] == pytest.approx(by_hand.tolist(), abs=1e-9)
    assert set(class_name_shares(memory, vector, COLOURS, level=1)) == {"others", "things"}
    assert class_name_shares(memory, vector, ()) == {}


@pytest.mark.parametrize(
    ("label", "name"), [("town/flags_with-stars", "flags with stars"), ("cat", "cat"), ("a/b/ c  d", "c d")]
)
def test_the_name_of_a_class_is_the_last_part_in_words(label: str, name: str) -> None:
    assert name_of(label) == name


def test_a_text_is_computed_once_and_the_vocabulary_goes_with_its_encoder(memory: VisualMemory) -> None:
    class Counting(FakeText):
        asked: list[str] = []  # noqa: RUF012

        def encode(self, texts):  # type: ignore[no-untyped-def]
            self.asked += texts
            return super().encode(texts)

    texts = TextVectors(Counting())
    first = texts.vectors(["red", "blue", "red"])
    assert (first == texts.vectors(["red", "blue", "red"])).all() and Counting.asked == ["red", "blue"]
    assert text_vectors_of(memory) is text_vectors_of(memory)
    assert refusal(memory) == ""


def test_an_encoder_without_words_says_which_have_them(tmp_path: Path) -> None:
    class Wordless(FakeEncoder):
        identity = EncoderIdentity("dinov2-small", 384)

    with pytest.raises(EncoderError, match=r"dinov2-small knows no words; those that do are clip-base-32, .*siglip2"):
        registry.text_tower(Wordless())
    with pytest.raises(EncoderError, match="knows no words"):
        registry.fetch_text("lite0")
    assert "knows no words" in registry.text_refusal("lite0")
    with (
        VisualMemory.create(tmp_path / "v.vmem", dim=3) as vectors,
        pytest.raises(BadValue, match="vectors of your own"),
    ):
        find(vectors, "red")


def test_without_the_extra_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    class Clip(FakeEncoder):
        identity = EncoderIdentity("clip-base-32", 512)

    monkeypatch.setattr(open_clip_text, "find_spec", lambda _: None)
    with pytest.raises(EncoderError, match=r"install visualmemory_gui\[text\]"):
        registry.text_tower(Clip())
    with pytest.raises(EncoderError, match=r"install visualmemory_gui\[text\]"):
        registry.fetch_text("clip-base-32")
    assert "install visualmemory_gui[text]" in registry.text_refusal("clip-base-32")
