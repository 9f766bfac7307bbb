"""How the product installs: the tables of the page, and what counts as a failure. The measuring takes minutes."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from benchmarks import results
from tools.installation import __main__ as installation
from tools.installation import extras, lines, trial
from tools.installation.environment import last_words
from visualmemory_gui.engine.diagnosis.packages import PURPOSE


def test_the_page_has_the_tables_that_were_measured() -> None:
    page = installation.PAGE.read_text(encoding="utf-8")
    found = results.read(installation.NAME)
    tables = installation.tables(found)
    assert installation.filled(page, found) == page and all(table in page for table in tables.values())
    assert extras.failures(found["extras"]) == []
    assert set(found["extras"]) >= {extras.NONE, "hnsw without a compiler", *trial.WITH_EXTRA}


def test_each_extra_is_tried_and_doctor_knows_what_it_is_for() -> None:
    assert installation.extra_names() == sorted(trial.WITH_EXTRA) == sorted(PURPOSE)


def test_every_line_of_the_readme_that_installs_is_in_the_table() -> None:
    measured = {row["line"] for row in results.read(installation.NAME)["lines"]}
    assert measured == set(lines.named()) and {line.split()[0] for line in measured} == set(lines.INSTALLERS)


@pytest.mark.parametrize(
    ("extra", "said", "bad"),
    [
        ("mcp", "works", False),
        ("mcp", "FAILED: RuntimeError: mcp", True),
        ("none", "serving needs mcp: pip install 'visualmemory_gui[mcp]'", False),
        ("none", "pip install something", True),
        ("mcp", "serving needs mcp: pip install 'visualmemory_gui[mcp]'", True),
    ],
)
def test_an_outcome_is_works_or_a_refusal_that_names_the_extra(extra: str, said: str, bad: bool) -> None:
    assert bool(extras.failures({extra: {"outcomes": {"mcp": said}}})) is bad


def test_a_refusal_and_a_failure_are_told_apart(tmp_path: Path) -> None:
    def refuses(room: Path) -> None:
        raise RuntimeError("to read it, install visualmemory_gui[heic]")

    def breaks(room: Path) -> None:
        raise RuntimeError("Traceback … No module named 'x', install")

    said = [trial.outcome(each, tmp_path) for each in (lambda room: None, refuses, breaks)]
    assert said[0] == "works" and "[heic]" in said[1] and said[2].startswith("FAILED: RuntimeError")


def test_a_target_that_was_timed_elsewhere_takes_the_place_of_its_row(tmp_path: Path) -> None:
    (tmp_path / "packages").write_bytes(bytes(1))
    [row], bad = installation.MEASURE["took"](["test", "1343.4", str(tmp_path)])
    assert not bad and row == {"line": "make test", "seconds": 1343, "exit": 0, "gigabytes": 0.0}
    before = [{"line": "make test", "seconds": 9, "exit": 0}, {"line": "make demo", "seconds": 8, "exit": 0}]
    assert [one["seconds"] for one in installation._in_place(before, [row])] == [8, 1343]
    assert lines.targets_table([row, before[1]]).splitlines()[2:] == [
        "| `make test` | 1,343 | 0.0 |  |",
        "| `make demo` | 8 |  |  |",
    ]


def test_what_a_command_said_at_last_has_no_paths() -> None:
    error = subprocess.CalledProcessError(1, "pip", stderr="note\nerror: command '/opt/x/g++' failed\nhint: none\n")
    assert last_words(error) == "error: command '…/g++' failed"
