"""The twenty things that a newcomer looks for by the names of files, and the check of the answers."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from tools import find_by_name
from tools.find_by_name import SHARES, check, draw, files, sheet, things


def test_a_draw_is_the_same_each_time_and_takes_from_every_source() -> None:
    assert draw() == draw() != draw(seed=1)
    assert Counter(thing.kind for thing in draw()) == SHARES


def test_what_is_accepted_exists_and_is_little() -> None:
    assert Counter(thing.kind for thing in sheet()) == SHARES
    there = {(thing.kind, thing.text) for thing in things()}
    for thing in sheet():
        assert (thing.kind, thing.text) in there
        assert set(thing.accepted) <= set(files())
        assert 1 <= len(thing.accepted) <= 5


def test_an_answer_counts_when_it_names_an_accepted_file() -> None:
    right = [thing.accepted[-1] for thing in sheet()]
    assert all(ok for *_, ok in check(right))
    assert [ok for *_, ok in check(["engine/types.py", *right[1:]])] == [False] + [True] * 19
    with pytest.raises(ValueError, match="shorter"):
        check(right[1:])


def test_an_answer_sheet_may_be_numbered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    answers = tmp_path / "answers.txt"
    answers.write_text("".join(f"{n}. visualmemory_gui/{t.accepted[0]}\n" for n, t in enumerate(sheet(), start=1)))
    monkeypatch.setattr("sys.argv", ["find_by_name", "--check", str(answers)])
    find_by_name.main()
    assert capsys.readouterr().out.endswith("20 of 20 right\n")


def test_the_table_on_the_architecture_page_is_what_the_check_says() -> None:
    page = find_by_name.ROOT / "docs/architecture.md"
    section = page.read_text(encoding="utf-8").split("\n## Found by name\n")[1]
    table = [line for line in section.splitlines() if line.startswith("| ") and line[2].isdigit()]
    results = check([line.split("`")[-4 if line.endswith("` |") else -2] for line in table])
    assert find_by_name.rows(results) == table
    assert f"\n{sum(ok for *_, ok in results)} of 20 were right" in section
