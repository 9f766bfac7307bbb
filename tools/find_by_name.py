"""Asks a newcomer to find twenty things by the names of the files alone, and checks the answers.

``python -m tools.find_by_name --list`` prints the twenty things of ``findings.json`` and the names of all files of the
package, which is all that the newcomer sees; ``--check FILE`` says which answers are right: one path below the package
a line, in the order of the list. ``--draw`` draws twenty again from the texts as they are now. A thing is a command of
the command line, an action or page of the window, or a section of the guide. What a command does is looked for below
``cli``, so that its own file is no answer.
"""

from __future__ import annotations

import argparse
import json
import random
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import typer.main

from visualmemory_gui.app.actions import window_actions
from visualmemory_gui.app.actions.action import Action
from visualmemory_gui.app.views.curate import curate_actions, history_panel, misleading_page, review_view
from visualmemory_gui.app.views.study import map_page, novelty_page, prune_page, tune_page, watch_page
from visualmemory_gui.app.views.study.evaluate_page import EvaluatePage
from visualmemory_gui.app.views.study.growth_page import GrowthPage
from visualmemory_gui.app.views.study.map_page import MapPage
from visualmemory_gui.app.views.study.novelty_page import NoveltyPage
from visualmemory_gui.app.views.study.prune_page import PrunePage
from visualmemory_gui.app.views.study.tune_page import TunePage
from visualmemory_gui.app.views.study.watch_page import WatchPage
from visualmemory_gui.cli.main import app

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "visualmemory_gui"
SHEET = Path(__file__).with_name("findings.json")
SEED = 21
SHARES = {"command": 7, "window": 7, "guide": 6}
STUDY = (map_page, novelty_page, prune_page, tune_page, watch_page)
NOT_THE_PRODUCT = "These images"
"""The section of the guide on how the guide itself was made."""
PLACES = {"command": "engine/", "window": "app/", "guide": ""}
ASK = """Which file would you open first to see how each of these is done, or to change it?
Answer with one path a line, in this order. A command is looked for below engine/, an action of the window
below app/; a table that only lists actions (window_actions.py, curate_actions.py) is no answer.
"""
Kind = Literal["command", "window", "guide"]


@dataclass(frozen=True, slots=True)
class Thing:
    """What is to be found. ``accepted`` are the paths below the package that are right."""

    kind: Kind
    text: str
    accepted: tuple[str, ...] = ()

    def __str__(self) -> str:
        where = f" [in {PLACES[self.kind]}]" if PLACES[self.kind] else ""
        return f"{self.kind}: {self.text}{where}"


def things() -> list[Thing]:
    """All that can be drawn, from the texts as they are now."""
    return [*_commands(), *_window(), *_guide()]


def _commands() -> Iterable[Thing]:
    group: Any = typer.main.get_command(app)
    for name, command in group.commands.items():
        if name == "gui":  # it opens the window and does nothing in the engine
            continue
        first = command.help.partition("\n\n")[0]
        yield Thing("command", f"{name}: {' '.join(first.split())}")


def _window() -> Iterable[Thing]:
    decide = [each for each in window_actions.ACTIONS if each not in window_actions.DIGITS]
    tables: tuple[tuple[str, Sequence[Action[Any]]], ...] = (
        ("Menu", decide),
        ("Curate", curate_actions.ACTIONS),
        ("History", history_panel.ACTIONS),
        ("Misleading", misleading_page.ACTIONS),
        ("Suspects", review_view.SUSPECT_ACTIONS),
        ("Duplicates", review_view.GROUP_ACTIONS),
        *((page.__name__.rpartition(".")[2].removesuffix("_page").capitalize(), page.ACTIONS) for page in STUDY),
    )
    for place, each in ((place, each) for place, table in tables for each in table):
        yield Thing("window", f"{place} > {each.bare.rstrip('…')}: {each.tip}")
    for page in (EvaluatePage, GrowthPage, MapPage, NoveltyPage, PrunePage, TunePage, WatchPage):
        yield Thing("window", f"the page {page.title} of Study")


def _guide() -> Iterable[Thing]:
    text = (ROOT / "docs/guide.md").read_text(encoding="utf-8")
    headings = re.findall(r"^###? (.+)$", text, re.MULTILINE)
    return (Thing("guide", heading) for heading in headings if heading != NOT_THE_PRODUCT)


def draw(seed: int = SEED) -> list[Thing]:
    """Twenty things: so many of each kind as ``SHARES`` says, always the same of the same texts."""
    chance, found = random.Random(seed), things()
    by_kind = {kind: sorted((each for each in found if each.kind == kind), key=str) for kind in SHARES}
    return [each for kind, some in SHARES.items() for each in chance.sample(by_kind[kind], some)]


def sheet() -> list[Thing]:
    """The twenty things that were drawn, with what is accepted."""
    rows = json.loads(SHEET.read_text(encoding="utf-8"))
    return [Thing(row["kind"], row["text"], tuple(row["accepted"])) for row in rows]


def files() -> list[str]:
    """The paths of all modules below the package, without those that only say what a folder holds."""
    return sorted(
        str(path.relative_to(PACKAGE)) for path in PACKAGE.rglob("*.py") if not path.name.startswith("__init__")
    )


def check(answers: Sequence[str]) -> list[tuple[Thing, str, bool]]:
    """Each thing with its answer, and whether that is right. Raises ValueError unless there is one answer for each."""
    return [(thing, given, given in thing.accepted) for thing, given in zip(sheet(), answers, strict=True)]


def _answers(path: Path) -> list[str]:
    """One a line; a number before it, and the name of the package, may be there."""
    lines = filter(str.strip, path.read_text(encoding="utf-8").splitlines())
    return [re.sub(r"^\s*\d+[.):]?\s+", "", line).strip().removeprefix("visualmemory_gui/") for line in lines]


def _numbered(found: Iterable[Thing]) -> str:
    return "\n".join(f"{number:2}. {thing}" for number, thing in enumerate(found, start=1))


def main() -> None:
    """Print the list, a new draw, or the result of an answer sheet as rows of a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    choice = parser.add_mutually_exclusive_group(required=True)
    choice.add_argument("--list", action="store_true", help="print the things and the names of the files")
    choice.add_argument("--draw", action="store_true", help="draw twenty things from the texts as they are now")
    parser.add_argument("--seed", type=int, default=SEED, help="of the draw")
    choice.add_argument("--check", type=Path, metavar="FILE", help="check an answer sheet")
    chosen = parser.parse_args()
    if chosen.list:
        print("\n".join([ASK, _numbered(sheet()), "", *files()]))
    elif chosen.draw:
        print(_numbered(draw(chosen.seed)))
    else:
        results = check(_answers(chosen.check))
        print("\n".join([*rows(results), f"{sum(ok for *_, ok in results)} of {len(results)} right"]))


def rows(results: Iterable[tuple[Thing, str, bool]]) -> list[str]:
    """The results as rows of a table; a miss names the file that was meant."""
    return [
        f"| {number} | {thing.text} | `{given}` | {'yes' if ok else f'no: `{thing.accepted[0]}`'} |"
        for number, (thing, given, ok) in enumerate(results, start=1)
    ]


if __name__ == "__main__":
    main()
