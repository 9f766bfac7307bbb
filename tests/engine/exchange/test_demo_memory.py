"""The demo memory: chosen by rule, continued when stopped, made once."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.engine.exchange.memories import paint
from visualmemory_gui.engine.errors import Cancelled, ExchangeError, MemoryExists
from visualmemory_gui.engine.exchange.demo import clipart, selection
from visualmemory_gui.engine.exchange.demo.demo import make_demo, spread
from visualmemory_gui.engine.exchange.demo.selection import Chosen
from visualmemory_gui.engine.memory.visual_memory import VisualMemory
from visualmemory_gui.engine.progress import Report, silent


@pytest.fixture(scope="module")
def drawings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Classes of 64, 24 and 10 drawings, one of them twice, and a link."""
    root = tmp_path_factory.mktemp("drawings")
    for label, count, first in (("animals/birds", 64, 0), ("food", 24, 1000), ("rare", 10, 2000)):
        for i in range(count):
            paint(root / label / f"{i:03d}.png", first + i)
    (root / "food" / "000b.png").write_bytes((root / "food" / "000.png").read_bytes())
    (root / "food" / "link.png").symlink_to(root / "rare" / "000.png")
    return root


def source(drawings: Path) -> object:
    return lambda room, report: selection.lay_out(selection.classes_of(drawings), room)


def test_classes_are_chosen_by_different_images(drawings: Path) -> None:
    found = selection.classes_of(drawings)
    assert {label: len(paths) for label, paths in found.items()} == {"animals/birds": 64, "food": 24}


def test_the_demo_is_made_once_with_an_empty_history(drawings: Path, tmp_path: Path) -> None:
    place = tmp_path / "demo.vmem"
    options = {"encoder": "fake", "sources": [source(drawings)], "room": tmp_path / "room"}
    assert make_demo(place, **options) == place
    with VisualMemory.open(place) as m:
        assert m.catalog.counts() == {"animals/birds": 60, "food": 24}
        assert m.settings.level == 1
        assert m.history.steps() == []
        assert [Path(str(q.source)).is_file() for q in m.queries.recent()] == [True] * 4
        m.strike([1])
    make_demo(place, **{**options, "sources": []})
    with VisualMemory.open(place) as m:
        assert m.catalog.totals() == (84, 83, 1)
    assert not (tmp_path / "demo.vmem.part").exists()


def test_a_demo_that_was_stopped_goes_on(drawings: Path, tmp_path: Path) -> None:
    place, room = tmp_path / "demo.vmem", tmp_path / "room"

    def stop(done: int, total: int | None, what: str = "") -> None:
        if what == "adding images" and done >= 30:
            raise Cancelled

    with pytest.raises(Cancelled):
        make_demo(place, encoder="fake", sources=[source(drawings)], room=room, report=stop)
    assert not place.exists()
    make_demo(place, encoder="fake", sources=[source(drawings)], room=room)
    with VisualMemory.open(place) as m:
        assert m.catalog.totals() == (84, 84, 0)
        assert m.history.steps() == []


def test_mistakes_are_thirty_and_the_same_each_time(drawings: Path, tmp_path: Path) -> None:
    wrong = []
    for name in ("a", "b"):
        options = {"encoder": "fake", "sources": [source(drawings)], "room": tmp_path / name, "mistakes": True}
        with VisualMemory.open(make_demo(tmp_path / f"{name}.vmem", **options)) as m:
            folder = tmp_path / name / "exemplars"
            wrong.append(
                {
                    (e.sha256, e.label)
                    for e in m.catalog.select()
                    if Path(str(e.source)).parent.relative_to(folder).as_posix() != e.label
                }
            )
    assert len(wrong[0]) == 30
    assert wrong[0] == wrong[1]


def test_no_source_is_told_with_every_reason(tmp_path: Path) -> None:
    def broken(room: Path, report: Report) -> Chosen:
        raise ExchangeError("the shop is closed")

    with pytest.raises(ExchangeError, match="the shop is closed"):
        make_demo(tmp_path / "d.vmem", sources=[broken], room=tmp_path / "r")


def test_a_place_of_other_things_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(MemoryExists):
        make_demo(tmp_path, sources=[])


def test_without_apt_the_clipart_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ExchangeError, match="apt-get is not here"):
        clipart.fetch(tmp_path, silent)


def test_queries_are_spread_over_the_classes() -> None:
    held = [(f"{label}{i}", label) for label in "abc" for i in range(5)]
    assert sorted(label for _, label in spread(held, 3)) == ["a", "b", "c"]
    assert len(spread(held, 40)) == 15


def test_a_folder_of_the_users_that_is_called_like_the_half_made_demo_stays(drawings: Path, tmp_path: Path) -> None:
    (tmp_path / "demo.vmem.part").mkdir()
    (tmp_path / "demo.vmem.part" / "letter.txt").write_text("precious")
    with pytest.raises(MemoryExists):
        make_demo(tmp_path / "demo.vmem", encoder="fake", sources=[source(drawings)], room=tmp_path / "room")
    assert (tmp_path / "demo.vmem.part" / "letter.txt").read_text() == "precious"
