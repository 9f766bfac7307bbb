"""The house: how much lies at its doors, on how many floors it stands, who knows whom, and what things are called."""

from __future__ import annotations

import ast
import json
import re
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path

import grimp
import numpy as np
import pytest

from tests import long_tail
from tools.floors import PACKAGE, circles_of, house
from visualmemory_gui import VisualMemory, VisualMemoryClassifier
from visualmemory_gui.app.models import headline
from visualmemory_gui.cli.main import COMMANDS
from visualmemory_gui.engine.curation import prune, review
from visualmemory_gui.engine.curation.blame import blame
from visualmemory_gui.engine.curation.influence import misleaders
from visualmemory_gui.engine.decision.voting_scheme import VotingScheme
from visualmemory_gui.engine.evaluation.evaluate import evaluate
from visualmemory_gui.engine.experiments import map as exemplar_map
from visualmemory_gui.engine.experiments.new_classes import add_classes
from visualmemory_gui.engine.experiments.scaling import scale
from visualmemory_gui.engine.published_lists.evaluate import evaluate_lists
from visualmemory_gui.engine.store.kept_images import NewKeptImage
from visualmemory_gui.engine.store.queue import NewQueued
from visualmemory_gui.engine.what_if.flip import flips
from visualmemory_gui.engine.what_if.impact import ImpactTracker

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
ACTS = {
    "building", "counting", "drawing", "erasing", "keyring", "listing", "numbering", "opening", "pruning", "reembed",
    "ring", "scaling", "subsampling", "tuning", "wording",
}  # fmt: skip
"""Words in -ing that are nouns, and a verb in -ed; a name that ends with any other such word ends with a participle."""
AFTER_A_NOUN = {"ray_shared", "torch_required"}
"""Modules whose participle says what is so of the noun before it."""
IRREGULAR = {
    "bound", "chosen", "cut", "drawn", "foreseen", "found", "frozen", "given", "held", "hidden", "kept", "known",
    "lost", "made", "meant", "seen", "shown", "taken", "told", "written",
}  # fmt: skip
"""Participles that do not end in -ing or -ed."""
BEFORE_A_NOUN = {
    "added", "changed", "derived", "dragged", "drawn", "elided", "fitting", "followed", "incoming", "kept", "labelled",
    "misleading", "observed", "planted", "proposed", "pruning", "refused", "saved", "scrolled", "sealed", "served",
    "shared", "skipped", "solved", "stored", "supposed", "teaching", "tracked", "unfinished", "unlearning", "unnamed",
    "voting", "written",
}  # fmt: skip
"""Participles, and words in -ing, that tell the noun behind them from others; a name begins with no other."""
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
    stems = {path.stem: str(path.relative_to(SOURCE)) for path in _files()}
    assert {place for stem, place in stems.items() if _is_no_noun(stem)} == set()


@pytest.mark.parametrize("stem", ["studied", "reading_room", "vectors_kept", "gathered_rows", "room_reading", "utils"])
def test_control_a_participle_at_either_end_of_a_name_is_found(stem: str):
    assert _is_no_noun(stem)


def test_every_participle_that_may_begin_a_name_begins_one():
    assert {path.stem.partition("_")[0] for path in _files() if "_" in path.stem} >= BEFORE_A_NOUN


def _is_no_noun(stem: str) -> bool:
    first, _, behind = stem.partition("_")
    last = behind.rpartition("_")[2] or first
    at_the_front = bool(behind) and _is_participle(first) and first not in BEFORE_A_NOUN
    at_the_end = _is_participle(last) and last not in ACTS and stem not in AFTER_A_NOUN
    return stem in NO_NOUNS or at_the_front or at_the_end


def _is_participle(word: str) -> bool:
    return word in IRREGULAR or re.fullmatch("[a-z]+(ing|ed)", word) is not None


def _public_classes() -> Iterator[tuple[str, ast.ClassDef]]:
    for place, tree in _trees():
        for node in tree.body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                yield place, node


def test_no_two_public_classes_have_one_name():
    places = defaultdict(list)
    for place, node in _public_classes():
        places[node.name].append(place)
    assert {name: where for name, where in places.items() if len(where) > 1} == {}


def test_every_public_class_says_what_it_is():
    assert [f"{place}: {node.name}" for place, node in _public_classes() if not ast.get_docstring(node)] == []


def test_nobody_outside_its_room_reaches_into_an_open_memory():
    room = SOURCE / "engine" / "memory"
    inside = re.compile(r"\._live\b")
    found = {path for path in _files() if inside.search(path.read_text(encoding="utf-8"))}
    assert {path.parent for path in found} == {room}


def test_every_vote_is_weighed_in_one_function(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Whoever needs the weights of votes is counted when it asks for them, and none has them from elsewhere."""
    asked: defaultdict[str, int] = defaultdict(int)
    weights = VotingScheme.vote_weights

    def counting(scheme: VotingScheme, near: object, **by_rule: object) -> object:
        asked[sys._getframe(1).f_globals["__name__"]] += 1
        return weights(scheme, near, **by_rule)

    monkeypatch.setattr(VotingScheme, "vote_weights", counting)
    without = []
    with long_tail.filled(tmp_path / "m.vmem", np.random.default_rng(5), (9, 7, 5, 4, 2)) as memory:
        for rule in ("rank", "ridge"):
            memory.set("rule", rule)
            for name, work in _all_that_votes(memory, tmp_path).items():
                before = sum(asked.values())
                work()
                without += [f"{name} by {rule}"] if sum(asked.values()) == before else []
    assert without == []
    assert set(asked) == set(_mentioning("vote_weights"))
    assert _mentioning("RULE_WEIGHTS") == [VotingScheme.__module__]


def _mentioning(name: str) -> list[str]:
    """The modules in which code reads ``.name``, or the table ``name`` from another module."""
    return [
        f"{PACKAGE}.{place.removesuffix('.py').replace('/', '.')}"
        for place, tree in _trees()
        if any(
            (isinstance(node, ast.Attribute) and node.attr == name)
            or (isinstance(node, ast.ImportFrom) and name in {each.name for each in node.names})
            for node in ast.walk(tree)
        )
    ]


def _all_that_votes(memory: VisualMemory, folder: Path) -> dict[str, Callable[[], object]]:
    """Everything that lets neighbours vote, by name."""
    vectors, ids = long_tail.unit(2, np.random.default_rng(1)), memory.snapshot.ids
    decision = memory.decide_vector(vectors[0])
    layout = exemplar_map.Layout("tsne", ids, vectors[[0] * len(ids), :2], np.empty(0), np.empty((0, 2)))
    lists = {"neighbor_image_ids": ["a"], "neighbor_classes": [1], "neighbor_distances": [0.1], "image_class": 1}
    (folder / "lists.json").write_text(json.dumps({"query": lists}))
    if not len(memory.queue):
        waiting = NewKeptImage(long_tail.content(5000), "/1.png", vector=vectors[1])
        memory._live.queue_rows.add([NewQueued(waiting, 1, 1, ".png")])
    return {
        "a decision": lambda: memory.decide_vector(vectors[0]),
        "the decisions of a queue": lambda: memory.queue.table(),
        "confidence and class sets": memory.maintenance.measure,
        "evaluation": lambda: evaluate(memory),
        "flips and examples to win": lambda: flips(memory, vectors[0]),
        "impact": lambda: ImpactTracker(memory),
        "pruning": lambda: prune.plan(memory, "soft"),
        "values": lambda: misleaders(memory),
        "blame": lambda: blame(memory, memory.catalog.ids_under("a/0")),
        "review": lambda: review.survey(memory),
        "scaling": lambda: scale(memory.snapshot, VotingScheme.of(memory.settings), seeds=1),
        "new classes": lambda: add_classes(memory.snapshot, VotingScheme.of(memory.settings)),
        "each rule on the same neighbours": lambda: headline.by_rule(decision),
        "a place on the map": lambda: exemplar_map.place(layout, memory.snapshot, vectors),
        "published lists": lambda: evaluate_lists(folder / "lists.json"),
        "an estimator": lambda: VisualMemoryClassifier.from_memory(memory).predict_proba(vectors),
    }


def test_operations_and_models_say_what_they_take_and_give():
    modules = {_module(place): tree for place, tree in _trees()}
    known = _names_of_any(modules)
    assert [
        f"{place}: {name}"
        for place, _ in _trees("app/operations", "app/models")
        for name in _taking_any(modules[_module(place)], known[_module(place)])
    ] == []


def test_control_any_is_found_under_other_names():
    modules = {
        "rows": ast.parse("from typing import Any as Whatever\nRow = dict[str, Whatever]\ncount = len([Whatever])"),
        "tables": ast.parse("from rows import Row as Line\nTable = list['Line']\ndef read() -> Table: ..."),
        "lists": ast.parse("import typing\ndef add(one: typing.Any): ...\nasync def take(one: int) -> 'Any': ..."),
        "others": ast.parse("from other import Row\ndef read(one: Row) -> int: ..."),
    }
    known = _names_of_any(modules)
    assert known["rows"] == {"Any", "Whatever", "Row"}
    found = {module: _taking_any(tree, known[module]) for module, tree in modules.items()}
    assert found == {"rows": [], "tables": ["read"], "lists": ["add", "take"], "others": []}


def _module(place: str) -> str:
    return f"{PACKAGE}.{place.removesuffix('.py').replace('/', '.')}"


def _names_of_any(modules: dict[str, ast.Module]) -> dict[str, set[str]]:
    """For each module the names by which it knows ``Any``, and what is made of it, its own and imported ones."""
    known = {module: {"Any"} for module in modules}
    before = 0
    while before < (before := sum(map(len, known.values()))):
        for module, tree in modules.items():
            for node in ast.walk(tree):
                known[module] |= _made_of_any(node, known, known[module])
    return known


def _made_of_any(node: ast.AST, known: dict[str, set[str]], here: set[str]) -> set[str]:
    if isinstance(node, ast.ImportFrom):
        there = {"Any"} if node.module == "typing" else known.get(node.module or "", set())
        return {each.asname or each.name for each in node.names if each.name in there}
    if isinstance(node, ast.Assign) and isinstance(node.value, ast.Name | ast.Subscript | ast.BinOp):
        is_alias = _mentions(ast.unparse(node.value), here)
        return {each.id for each in node.targets if isinstance(each, ast.Name) and is_alias}
    return set()


def _taking_any(tree: ast.Module, names: set[str]) -> list[str]:
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    return [node.name for node in functions if _mentions(_signature(node), names)]


def _mentions(text: str, names: set[str]) -> bool:
    return not names.isdisjoint(re.findall(r"\w+", text))


def _signature(node: ast.FunctionDef | ast.AsyncFunctionDef) -> str:
    return f"{ast.unparse(node.args)} -> {node.returns and ast.unparse(node.returns)}"


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
