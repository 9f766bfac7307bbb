"""The command line explains itself, and quickly."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator

import numpy as np
import pytest
import typer.main
from typer.testing import CliRunner, Result

from visualmemory_gui.cli.main import app
from visualmemory_gui.engine.memory.visual_memory import VisualMemory

GROUP = typer.main.get_command(app)
COMMANDS = """
gui demo build add classify frames vote strike restore relabel reweigh rename-label undo redo history revert tag diff
show find forget evaluate review watch impact flip attribute opinion prune tune novelty classes levels scaling map
verify compact relink reembed settings export import push pull compare merge encoders mcp
doctor
""".split()  # noqa: SIM905 - a list of words reads best as words
HEAVY = ("torch", "timm", "torchvision", "PySide6", "pyarrow", "openvino")


def parameters() -> Iterator[tuple[str, str, object]]:
    for name, command in GROUP.commands.items():
        for parameter in command.params:
            yield name, parameter.name, parameter


def test_every_command_is_there_and_no_other() -> None:
    assert list(GROUP.commands) == COMMANDS


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_says_what_it_does_in_a_line(name: str) -> None:
    text = GROUP.commands[name].get_short_help_str(60)
    assert text
    assert not text.endswith("...")


@pytest.mark.parametrize(("command", "name", "parameter"), list(parameters()))
def test_every_argument_and_option_has_help(command: str, name: str, parameter: object) -> None:
    assert getattr(parameter, "help", None), f"{command} {name}"


def call(*arguments: str) -> Result:
    return CliRunner().invoke(app, arguments, prog_name="visualmemory")


@pytest.mark.parametrize("name", ["", *COMMANDS])
def test_help_speaks_of_no_type_and_no_bracket_that_is_not_to_be_typed(name: str) -> None:
    text = call(*name.split(), "--help").stdout
    assert text.startswith("Usage: visualmemory")
    assert not re.search(r"[{}]|<|list\[|\bx>=|Value error|None\b", text), text


def test_help_names_arguments_by_capitals_and_options_by_their_choices() -> None:
    text = call("watch", "--help").stdout
    assert "Usage: visualmemory watch [OPTIONS] MEMORY VERB [IMAGE|NUMBER]..." in text
    assert "--by label|absence|value|misled|duplicates" in call("review", "--help").stdout


WRONG_CALLS = [
    (["strike", "m", "abc"], "Invalid value for 'ID': 'abc' is not a whole number"),
    (["reweigh", "m", "1", "--to", "much"], "Invalid value for '--to': 'much' is not a number"),
    (["review", "m", "--by", "zz"], "'zz' is not one of 'label', 'absence', 'value', 'misled', 'duplicates'."),
    (["classify", "m", "i", "-k", "0"], "Invalid value for '-k': 0 is below 1"),
    (["watch", "m"], "Missing argument 'VERB'."),
    (["impact", "m", "zz"], "'zz' is not one of"),
    (["show", "m", "--no\x1b[31m"], "No such option: --no\\x1b[31m"),
    (["gui", "--query", "a.png"], "name the memory too"),
    (["gui", "--workspace", "study"], "name the memory too"),
    (["gui", "m.vmemz", "--query", "a.png"], "a bundle is not a memory yet"),
    (["gui", "m.vmem", "--workspace", "map"], "'map' is not one of 'decide', 'curate', 'study'"),
    (["\u202eshow"], "No such command '\\u202eshow'."),
]


@pytest.mark.parametrize(("arguments", "words"), WRONG_CALLS)
def test_a_wrong_call_is_told_in_plain_words(arguments: list[str], words: str) -> None:
    done = call(*arguments)
    assert done.exit_code == 2
    assert words in done.stderr
    assert not re.search(r"[{}<]|Value error|Input should", done.stderr)


def test_every_command_but_those_that_serve_prints_json() -> None:
    without = {name for name, command in GROUP.commands.items() if "as_json" not in {p.name for p in command.params}}
    assert without == {"gui", "mcp"}


def modules_after(*arguments: str) -> set[str]:
    """Names of the modules that a run of the command line has loaded when it ends."""
    program = (
        "import sys, json, atexit\n"
        "atexit.register(lambda: print('\\n' + json.dumps(sorted(sys.modules))))\n"
        "from visualmemory_gui.cli.main import main\n"
        "main()"
    )
    done = subprocess.run([sys.executable, "-c", program, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stdout.splitlines()[-1]))


@pytest.fixture(scope="module")
def memory(tmp_path_factory: pytest.TempPathFactory) -> str:
    place = tmp_path_factory.mktemp("m") / "m.vmem"
    with VisualMemory.create(place, dim=4) as m:
        m.add_vectors(np.eye(4, dtype=np.float32), list("abcd"))
    return str(place)


@pytest.mark.parametrize("arguments", ["--help", "show", "show 1", "strike 1", "undo", "history", "settings"])
def test_light_commands_load_neither_torch_nor_qt(memory: str, arguments: str) -> None:
    command, *rest = arguments.split()
    found = modules_after(command, *([] if command == "--help" else [memory]), *rest)
    assert found.isdisjoint(HEAVY)
    assert "PIL.Image" not in found


def test_help_loads_not_even_numpy() -> None:
    assert "numpy" not in modules_after("--help")


def test_the_module_runs_like_the_command(memory: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "visualmemory_gui", "show", memory, "--json"], capture_output=True, check=True
    )
    assert json.loads(done.stdout)["active"] == 4


def test_a_reader_that_goes_away_ends_it_quietly(memory: str) -> None:
    command = f"{sys.executable} -m visualmemory_gui show {memory} --label a | true"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert done.stderr == ""
