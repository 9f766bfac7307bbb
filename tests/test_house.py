"""The house: how much lies at its doors, on how many floors it stands, who knows whom, and what things are called."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import grimp
import pytest

from tools.floors import PACKAGE, circles_of, house
from visualmemory_gui.cli.main import COMMANDS

ROOT = Path(__file__).resolve().parents[1]
SOURCE = ROOT / PACKAGE
AT_THE_DOOR = {"engine": 6, "app": 7}
FLOORS = {"engine": 7, "app": 9}
NO_NOUNS = {
    "adding", "arrivals", "asking", "chosen", "closeness", "considering", "deciding", "finding", "followed",
    "foreseen", "frozen", "gathered", "honest", "incoming", "intake", "kept", "labelled", "lessons", "live", "look",
    "looking", "looking_ahead", "many", "misleading", "nearest", "parts", "reading", "reasons", "shared_out",
    "standing", "studied", "supposing", "teaching", "traces", "twins", "upkeep", "warming", "words", "working",
    "written", "helpers", "misc", "utils", "common", "import",
}  # fmt: skip
"""Names of modules that tell a stranger nothing: participles, drawers, and Python's own words."""
COMMAND_MODULES = {
    "undo": "history", "redo": "history", "revert": "history", "tag": "history", "diff": "history",
    "strike": "edits", "restore": "edits", "relabel": "edits", "reweigh": "edits", "rename-label": "edits",
    "export": "exchange", "import": "exchange", "levels": "classes",
}  # fmt: skip
"""The module of each command that lies with others of its noun; any other lies in a module of its own name."""


def _files(*parts: str) -> list[Path]:
    return sorted(path for part in parts or ("",) for path in (SOURCE / part).rglob("*.py"))


def _trees(*parts: str) -> Iterator[tuple[str, ast.Module]]:
    for path in _files(*parts):
        yield str(path.relative_to(SOURCE)), ast.parse(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize(("part", "most"), AT_THE_DOOR.items())
def test_few_modules_lie_at_the_door_of_a_part(part: str, most: int):
    at_the_door = [path.stem for path in (SOURCE / part).glob("*.py") if path.stem != "__init__"]
    assert len(at_the_door) <= most, sorted(at_the_door)


@pytest.mark.parametrize(("part", "most"), FLOORS.items())
def test_a_part_stands_on_few_floors(part: str, most: int):
    found = house(part)
    assert max(found.floors().values()) <= most, found.longest_chain()


@pytest.mark.parametrize("part", FLOORS)
def test_no_rooms_import_each_other(part: str):
    assert house(part).circles() == []


def test_no_modules_import_each_other():
    graph = grimp.build_graph(PACKAGE, exclude_type_checking_imports=True)
    arrows = {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}
    assert circles_of(arrows) == []


def test_a_module_is_called_by_a_noun():
    assert {str(path.relative_to(SOURCE)) for path in _files() if path.stem in NO_NOUNS} == set()


def test_no_two_public_classes_have_one_name():
    places = defaultdict(list)
    for place, tree in _trees():
        for node in tree.body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                places[node.name].append(place)
    assert {name: where for name, where in places.items() if len(where) > 1} == {}


def test_nobody_outside_its_room_reaches_into_an_open_memory():
    room = SOURCE / "engine" / "memory"
    inside = re.compile(r"\.live\.")
    found = [path for path in _files() if room not in path.parents and inside.search(path.read_text(encoding="utf-8"))]
    assert [str(path.relative_to(SOURCE)) for path in found] == []


def test_operations_and_models_say_what_they_take_and_give():
    assert [
        f"{place}: {node.name}"
        for place, tree in _trees("app/operations", "app/models")
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef) and "Any" in _names_of_signature(node)
    ] == []


def _names_of_signature(node: ast.FunctionDef) -> set[str]:
    arguments = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs, node.args.vararg, node.args.kwarg]
    notes = [node.returns, *(argument.annotation for argument in arguments if argument is not None)]
    return {n.id for n in chain.from_iterable(map(ast.walk, filter(None, notes))) if isinstance(n, ast.Name)}


def test_a_command_lies_in_the_module_of_its_noun():
    for command in COMMANDS:
        name, module = command.__name__.strip("_").replace("_", "-"), command.__module__.rpartition(".")[2]
        assert module == COMMAND_MODULES.get(name, name)


def test_a_view_imports_no_view_of_another_family():
    views = f"{PACKAGE}.app.views."
    graph = grimp.build_graph(PACKAGE)
    assert [
        (module.removeprefix(views), other.removeprefix(views))
        for module in sorted(graph.modules)
        if module.startswith(views)
        for other in sorted(graph.find_modules_directly_imported_by(module))
        if other.startswith(views) and _family(other) not in (_family(module), "kit")
    ] == []


def _family(module: str) -> str:
    return module.removeprefix(f"{PACKAGE}.app.views.").split(".")[0]


def test_every_package_says_in_a_sentence_what_lives_in_it():
    packages = [tree for place, tree in _trees() if place.endswith("__init__.py")]
    assert all(ast.get_docstring(tree) for tree in packages)
