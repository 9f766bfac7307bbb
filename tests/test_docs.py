"""What the documents say exists: files they link to or name, commands, scripts, versions."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import unquote

import pytest
import typer.main

import visualmemory_gui
from tools.decisions import decisions, table
from visualmemory_gui import VisualMemory, __version__
from visualmemory_gui.cli.main import app

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "visualmemory_gui"
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
FOR_USERS = ("guide", "how_to", "installation", "other_tools", "scale")
GROUP = typer.main.get_command(app)
LINK = re.compile(r"\]\(([^)\s]+)\)")
COMMAND = re.compile(r"\bvisualmemory ((?:[a-z-]+)(?: [^`\n#;|&]*)?)")
SCRIPT = re.compile(r"\bpython -m ((?:tools|benchmarks)[.\w]*)")
NUMBERS = {"ID": "1", "ID…": "1", "STEP": "1"}
DECISIONS = ROOT / "docs/decisions"
ARCHITECTURE = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
PATH = re.compile(r"`([\w./-]+(?:\.(?:py|json|toml|md)|/))`")
ON_DISK = {"index.json", "rows.json"}
"""Files of a memory, which the page on the architecture names too."""
CHOSEN_ONCE = {"engine/store/exemplars.py"}
"""A file that readers chose by a name that misled them, on the same page."""
WORD = re.compile(r"^\| ([^|]+?) \| [^|]+ \| [^|]*\|$", re.MULTILINE)


def links() -> Iterator[tuple[Path, str]]:
    for document in DOCUMENTS:
        for target in LINK.findall(document.read_text(encoding="utf-8")):
            if not target.startswith(("http:", "https:", "#")):
                yield document, target


def commands() -> list[str]:
    """Every command line of the product in code of the README and the pages for users."""
    found: set[str] = set()
    for document in (ROOT / "README.md", *(ROOT / "docs" / f"{name}.md" for name in FOR_USERS)):
        text = document.read_text(encoding="utf-8")
        code = re.findall(r"```sh\n(.*?)```", text, re.DOTALL) + re.findall(r"`([^`\n]+)`", text)
        found |= {line.strip() for part in code for line in COMMAND.findall(part)}
    return sorted(found)


@pytest.mark.parametrize(
    ("document", "target"), [pytest.param(d, t, id=f"{d.relative_to(ROOT)}: {t}") for d, t in links()]
)
def test_every_file_that_is_linked_to_exists(document: Path, target: str) -> None:
    assert (document.parent / unquote(target.split("#")[0])).exists()


@pytest.mark.parametrize("line", commands())
def test_every_command_that_is_named_is_one_that_can_be_given(line: str) -> None:
    name, *arguments = shlex.split(line)
    if name.startswith("-"):
        return
    assert name in GROUP.commands
    if arguments:
        GROUP.commands[name].make_context(name, [NUMBERS.get(each, each) for each in arguments]).close()


def test_the_guide_and_the_readme_name_commands_at_all() -> None:
    assert len(commands()) > 20


def test_every_method_that_a_task_names_exists(memory: VisualMemory) -> None:
    text = (ROOT / "docs/how_to.md").read_text(encoding="utf-8")
    named = re.findall(r"`(VisualMemory|SharedMemory|VisualMemoryClassifier|memory)\.([\w.]+)", text)
    assert len(named) > 15
    for start, path in named:
        found = memory if start == "memory" else getattr(visualmemory_gui, start)
        for name in path.split("."):
            found = getattr(found, name)


def test_every_script_that_is_named_exists() -> None:
    named = {script for document in DOCUMENTS for script in SCRIPT.findall(document.read_text(encoding="utf-8"))}
    assert named and all(find_spec(script) for script in named)


def test_every_image_that_is_kept_is_shown_somewhere() -> None:
    shown = {(document.parent / target).resolve() for document, target in links()}
    kept = set((ROOT / "resources/screenshots").glob("*.png"))
    assert kept - shown == set()
    assert sum(png.stat().st_size for png in kept) < 2_500_000


def test_decisions_have_one_form_and_numbers_without_gaps() -> None:
    kept = decisions(DECISIONS)
    assert [decision.number for decision in kept] == list(range(1, len(kept) + 1))
    assert all(decision.path.name.startswith(f"{decision.number:04}-") for decision in kept)


def test_the_table_of_decisions_lists_each_with_its_title() -> None:
    assert (DECISIONS / "README.md").read_text(encoding="utf-8") == table(DECISIONS)


def test_the_words_of_the_glossary_are_in_the_order_of_the_alphabet() -> None:
    groups = (ROOT / "docs/glossary.md").read_text(encoding="utf-8").split("\n## ")[1:]
    words = [[word for word in WORD.findall(group) if word != "word"] for group in groups]
    assert all(group == sorted(group) for group in words)
    assert sum(map(len, words)) > 25


def test_the_glossary_has_every_word_that_the_readme_explains() -> None:
    section = (ROOT / "README.md").read_text(encoding="utf-8").split("\n## Words\n")[1].split("\n## ")[0]
    explained = {word.replace(" /", ",") for word in re.findall(r"^\| ([^|]+?) \|", section, re.MULTILINE)} - {"word"}
    assert explained <= set(WORD.findall((ROOT / "docs/glossary.md").read_text(encoding="utf-8")))


def test_every_path_that_the_architecture_page_names_exists() -> None:
    named = set(PATH.findall(ARCHITECTURE)) - ON_DISK - CHOSEN_ONCE
    assert len(named) > 60
    assert [path for path in sorted(named) if not any((base / path).exists() for base in (PACKAGE, ROOT))] == []


def test_the_architecture_page_has_two_walks_of_ten_steps_and_a_table_of_25_rows_or_more() -> None:
    walks = _section("Two walks").split("\n**A")[1:]
    assert [walk.split(",")[0] for walk in walks] == ["n image", " strike"]
    assert [len(re.findall(r"^\d+\. .*`app/|^\d+\. .*`engine/", walk, re.MULTILINE)) for walk in walks] == [10, 10]
    assert len(re.findall(r"^\| .+ \| `\S+\.py` \|$", _section("To change something"), re.MULTILINE)) >= 25


def _section(title: str) -> str:
    return ARCHITECTURE.split(f"\n## {title}\n")[1].split("\n## ")[0]


def test_the_changelog_and_the_citation_name_the_version() -> None:
    released = re.findall(
        r"^## \[(\d\S*)\] - (\d{4}-\d\d-\d\d)$", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE
    )
    citation = (ROOT / "CITATION.cff").read_text("utf-8")
    assert released[0][0] == __version__
    assert f"\nversion: {released[0][0]}\ndate-released: {released[0][1]}\n" in citation
