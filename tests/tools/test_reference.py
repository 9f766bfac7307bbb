"""The generated pages of the reference leave nothing out."""

from __future__ import annotations

import typer.main

import visualmemory_gui
from tools.reference import commands, modules
from visualmemory_gui.cli.main import app

PAGE = commands.page()
COMMANDS = typer.main.get_command(app).commands


def section(name: str) -> str:
    """What the page of the command line says of one command."""
    return PAGE.split(f"\n### {name}\n")[1].split("\n### ")[0].split("\n## ")[0]


def test_every_command_has_a_section_with_its_help() -> None:
    assert sorted(line[4:] for line in PAGE.splitlines() if line.startswith("### ")) == sorted(COMMANDS)
    assert all(f"visualmemory {name} [OPTIONS]" in section(name) for name in COMMANDS)


def test_every_option_of_every_command_is_listed() -> None:
    for name, command in COMMANDS.items():
        options = [option for each in command.params for option in each.opts if option.startswith("-")]
        assert all(f"`{option}" in section(name) or f" {option}" in section(name) for option in options), name


def test_a_choice_stays_in_its_cell_of_the_table() -> None:
    rows = [line for line in PAGE.splitlines() if line.startswith("|")]
    assert all(row.replace("\\|", "").count("|") == 3 for row in rows)
    assert any("auto\\|exact\\|hnsw" in row for row in rows)


def test_every_public_name_is_on_the_page_of_python() -> None:
    names = [name for name in visualmemory_gui.__all__ if not name.startswith("_")]
    assert all(f"::: visualmemory_gui.{name}\n" in modules.python_page() for name in names)


def test_every_module_of_the_engine_is_on_one_page() -> None:
    lines = [line for page in modules.engine_pages().values() for line in page.splitlines()]
    listed = [line for line in lines if line.startswith("::: ")]
    assert len(listed) == len(set(listed)) > 50
    files = list((modules.PACKAGE / "engine").rglob("*.py"))
    assert len(listed) == len(files) - 1  # the engine's own __init__.py says only what the engine is
