from __future__ import annotations

import re
from pathlib import Path

import pytest

from tools.floors import House, house, lines

PAGE = Path(__file__).resolve().parents[2] / "docs/architecture.md"


def _house(*arrows: str) -> House:
    pairs = [(start, to) for start, _, to in (arrow.partition(">") for arrow in arrows)]
    return House(frozenset(room for pair in pairs for room in pair), {pair: [] for pair in pairs})


def test_a_room_stands_one_floor_above_the_highest_below_it():
    assert _house("a>b", "b>c", "a>c").floors() == {"a": 3, "b": 2, "c": 1}


def test_rooms_of_a_circle_share_a_floor_and_are_named():
    found = _house("a>b", "b>c", "c>b", "c>d")
    assert found.circles() == [frozenset("bc")]
    assert found.floors() == {"a": 3, "b": 2, "c": 2, "d": 1}


def test_a_chain_leads_from_the_highest_floor_to_the_ground():
    assert _house("a>b", "b>c", "a>d").longest_chain() == ["a", "b", "c"]


def test_moves_put_modules_into_other_rooms():
    moved = house("engine", {"index": "search", "index.exact": "judge.exact"})
    assert {"search", "judge"} <= moved.rooms and "index" not in moved.rooms
    assert any(line.startswith("longest chain: ") for line in lines(moved))


@pytest.mark.parametrize(("part", "place"), [("app", 0), ("engine", -1)])
def test_the_picture_on_the_architecture_page_is_what_the_imports_draw(part: str, place: int):
    picture = PAGE.read_text(encoding="utf-8").split("```")[1].split("▼")[place]
    drawn = {
        room: int(floor)
        for floor, rooms in re.findall(r"^ (\d)  (\S+(?: \| \S+)*)", picture, re.MULTILINE)
        for room in rooms.split(" | ")
    }
    assert drawn == house(part).floors()
