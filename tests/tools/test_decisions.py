"""Decisions that meet after a merge, numbered."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.decisions import decisions, renumber, table

TEXT = """# {number}. {title}

- Date: {date}
- Status: accepted

## Decision

See {link}.

## Options rejected

- None was better.

## Consequences

It is so.
"""


def write(folder: Path, name: str, *, title: str, date: str, link: str = "nothing") -> Path:
    path = folder / name
    path.write_text(TEXT.format(number=int(name[:4]), title=title, date=date, link=link), encoding="utf-8")
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two decisions of the number 2, a gap, and one that links to a file which is renamed."""
    write(tmp_path, "0001-first.md", title="First", date="2026-01-01", link="[decision 7](0007-last.md)")
    write(tmp_path, "0002-late.md", title="Late", date="2026-03-01")
    write(tmp_path, "0002-early.md", title="Early", date="2026-02-01")
    write(tmp_path, "0007-last.md", title="Last", date="2026-03-01", link="[2](0002-late.md)")
    return tmp_path


def test_decisions_are_numbered_by_date_without_gaps(folder: Path) -> None:
    renumber(folder, [])
    assert sorted(path.name for path in folder.iterdir()) == [
        "0001-first.md",
        "0002-early.md",
        "0003-late.md",
        "0004-last.md",
    ]
    assert [(d.number, d.title) for d in decisions(folder)] == [(1, "First"), (2, "Early"), (3, "Late"), (4, "Last")]


def test_links_follow_a_decision_that_is_renumbered(folder: Path) -> None:
    guide = folder / "guide.md"
    text = "In [decision 2](decisions/0002-late.md), `0002-early.md` and [0009](0009-unknown.md)."
    guide.write_text(text, encoding="utf-8")
    renumber(folder, [guide, *folder.glob("0*.md")])
    assert guide.read_text() == "In [decision 3](decisions/0003-late.md), `0002-early.md` and [0009](0009-unknown.md)."
    assert "[decision 4](0004-last.md)" in (folder / "0001-first.md").read_text()
    assert "[3](0003-late.md)" in (folder / "0004-last.md").read_text()


def test_decisions_in_order_are_left_as_they_are(folder: Path) -> None:
    renumber(folder, [])
    before = {path.name: path.read_text() for path in folder.iterdir()}
    renumber(folder, list(folder.glob("0*.md")))
    assert {path.name: path.read_text() for path in folder.iterdir()} == before


def test_the_table_has_a_row_for_each_decision(folder: Path) -> None:
    renumber(folder, [])
    assert "| [0003](0003-late.md) | Late | 2026-03-01 |\n" in table(folder)


@pytest.mark.parametrize(
    ("part", "instead"),
    [
        ("- Date: 2026-01-01\n", ""),
        ("- Status: accepted", "- Status: perhaps"),
        ("## Options rejected", "## Options"),
        ("- None was better.", "None."),
        ("## Consequences\n\nIt is so.\n", ""),
    ],
)
def test_a_decision_of_another_form_is_refused_by_name(folder: Path, part: str, instead: str) -> None:
    path = folder / "0001-first.md"
    path.write_text(path.read_text().replace(part, instead), encoding="utf-8")
    with pytest.raises(ValueError, match=r"0001-first\.md"):
        decisions(folder)
