"""The house: who knows whom, and where things lie."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import grimp
import pytest

from tools.floors import PACKAGE, circles_of, house
from visualmemory_gui.cli.main import COMMANDS

ROOT = Path(__file__).resolve().parents[1]
SOURCE = ROOT / PACKAGE
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


@pytest.mark.parametrize("part", ["engine", "app"])
def test_no_rooms_import_each_other(part: str):
    assert house(part).circles() == []


def test_no_modules_import_each_other():
    graph = grimp.build_graph(PACKAGE, exclude_type_checking_imports=True)
    arrows = {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}
    assert circles_of(arrows) == []


def test_nobody_outside_its_room_reaches_into_an_open_memory():
    assert [str(path.relative_to(SOURCE)) for path in _files() if ".live." in path.read_text(encoding="utf-8")] == []


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


def test_every_package_says_in_a_sentence_what_lives_in_it():
    packages = [tree for place, tree in _trees() if place.endswith("__init__.py")]
    assert all(ast.get_docstring(tree) for tree in packages)
