"""The report on one decision: all of it is in one file, no text is taken for markup, nothing private goes out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.conftest import paint_image, write_images
from visualmemory_gui import VisualMemory
from visualmemory_gui.engine.errors import ExchangeError
from visualmemory_gui.engine.exchange.report import html, report
from visualmemory_gui.engine.exchange.report.content import Asked, DecisionReport

NASTY = "<script>alert(1)</script>&\"'"


class Page(HTMLParser):
    """Tags, what they fetch, and the words."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.fetched: list[str] = []
        self.words = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.fetched += [value or "" for name, value in attrs if name in ("src", "href", "srcset", "data", "action")]

    def handle_data(self, data: str) -> None:
        self.words += data


@pytest.fixture
def memory(tmp_path: Path) -> Iterator[VisualMemory]:
    with VisualMemory.create(tmp_path / "secret place" / "m.vmem", encoder="fake") as made:
        made.build(write_images(tmp_path / "private" / "images", each=3))
        yield made


def made(
    memory: VisualMemory, *, name: str = "query.png", keep_private: bool = False, level: int = 0
) -> DecisionReport:
    decoded = memory.decode(paint_image((190, 70, 50), seed=77))
    decision = memory.decide(decoded, level=level)
    asked = Asked(name, decoded.thumbnail, "/home/me/private/query.png", "animals/cat")
    return report.gather(memory, decision, asked, keep_private=keep_private)


def test_a_chance_below_certainty_is_not_called_ten_in_ten(memory: VisualMemory) -> None:
    decision = replace(memory.decide(memory.decode(paint_image((190, 70, 50), seed=77))), confidence=0.96)
    said = report.gather(memory, decision, Asked("query.png", None, None, None)).sentences
    assert "Such answers are right 96 in 100 times here." in said


def test_the_page_holds_image_neighbours_votes_edits_and_settings_and_fetches_nothing(
    memory: VisualMemory, tmp_path: Path
) -> None:
    memory.strike([1])
    memory.relabel([2], "animals/lynx")
    target = report.write(made(memory), tmp_path / "r.html")
    page = Page(target.read_text(encoding="utf-8"))
    assert len([each for each in page.fetched if each.startswith("data:image/jpeg;base64,")]) == 1 + 8
    assert all(each.startswith("data:") for each in page.fetched)
    assert "script" not in page.tags and "link" not in page.tags
    for words in (
        "query.png",
        "rank, k = 10, offset 2, at the full label",
        "old: classes of fewer than 10 exemplars weigh more",
        "fake, 64 dimensions",
        "Expected: animals/cat",
        "Struck out 1 exemplar",
        "animals/lynx",
        "of the vote",
        "distance 0.",
    ):
        assert words in page.words, words


def test_under_ridge_the_cards_are_those_that_vote_and_say_what_they_explain(memory: VisualMemory) -> None:
    memory.set("rule", "ridge")
    vectors = memory.snapshot.vectors
    between = vectors[:-1] + vectors[1:]
    memory.add_vectors(between / np.linalg.norm(between, axis=1, keepdims=True), "between")
    said = made(memory)
    decision = memory.decide(memory.decode(paint_image((190, 70, 50), seed=77)))
    assert decision.silent and [card.neighbour for card in said.cards] == list(decision.voters)
    assert f"{decision.silent_words}." in said.sentences
    assert all(card.neighbour.meaning in Page(html.page(said)).words for card in said.cards)
    assert decision.voters[0].meaning in decision._repr_html_() and decision.silent_words in decision._repr_html_()


def test_no_text_is_taken_for_markup(memory: VisualMemory) -> None:
    memory.relabel([1, 2, 3], NASTY.replace("/", "-"))
    page = Page(html.page(made(memory, name=NASTY)))
    assert "script" not in page.tags
    assert "<script>alert(1)" in page.words


@pytest.mark.parametrize("keep_private", [False, True])
def test_paths_go_out_only_when_they_are_asked_for(memory: VisualMemory, tmp_path: Path, keep_private: bool) -> None:
    text = html.page(made(memory, keep_private=keep_private))
    for private in (str(tmp_path), "/home/me/private", "secret place"):
        assert (private in text) == keep_private


def test_the_image_of_it_is_as_long_as_it_must_be(memory: VisualMemory, tmp_path: Path) -> None:
    for step in range(30):
        memory.relabel([1], f"class {step}")
    memory.reweigh([2], 3.0)
    target = report.write(made(memory, level=1), tmp_path / "r.png")
    with Image.open(target) as image:
        assert image.format == "PNG" and image.width == 980 and image.height > 1000
        assert image.info.keys() <= {"dpi"}


def test_an_empty_memory_has_a_report_too(tmp_path: Path) -> None:
    with VisualMemory.create(tmp_path / "m.vmem", encoder="fake") as memory:
        found = made(memory)
        assert found.headline == "Nothing to compare with"
        assert "No neighbour has a vote" in html.page(found)
        report.write(found, tmp_path / "r.png")


def test_neighbours_without_an_image_are_shown_without_one(tmp_path: Path) -> None:
    with VisualMemory.create(tmp_path / "m.vmem", encoder="fake") as memory:
        vectors = memory.embed([memory.decode(paint_image((i, 70, 50), seed=i)) for i in range(3)])
        memory.add_vectors(vectors, ["a", "b", "c"], [None, b"damaged", None])
        found = made(memory)
        assert "no image" in html.page(found)
        report.write(found, tmp_path / "r.png")


@pytest.mark.parametrize("name", ["r.pdf", "r", "there.html"])
def test_other_kinds_and_files_that_are_there_are_refused(memory: VisualMemory, tmp_path: Path, name: str) -> None:
    (tmp_path / "there.html").write_text("mine")
    with pytest.raises(ExchangeError):
        report.write(made(memory), tmp_path / name)
    assert (tmp_path / "there.html").read_text() == "mine"
