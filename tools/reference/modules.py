"""The pages of the Python code: the public names, and each room of the engine. Nothing is imported for them."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "visualmemory_gui"
PYTHON = "reference/python.md"


def python_page() -> str:
    """Markdown: the names that ``import visualmemory_gui`` offers, with all that they can do."""
    names = [f"::: visualmemory_gui.{name}\n    options:\n      inherited_members: true" for name in _public_names()]
    return "\n\n".join(["# Python", _summary(PACKAGE / "__init__.py"), *names]) + "\n"


def engine_pages() -> dict[str, str]:
    """Path of a page -> its Markdown, one for each package and module directly in the engine."""
    rooms = sorted(path for path in (PACKAGE / "engine").iterdir() if _is_room(path))
    return {f"reference/engine.{room.stem}.md": _room_page(room) for room in rooms}


def _is_room(path: Path) -> bool:
    return (path / "__init__.py").is_file() or (path.suffix == ".py" and path.stem != "__init__")


def _room_page(room: Path) -> str:
    modules = sorted(room.rglob("*.py")) if room.is_dir() else [room]
    return "\n\n".join([f"# engine.{room.stem}", *(f"::: {_dotted(module)}" for module in modules)]) + "\n"


def _dotted(module: Path) -> str:
    parts = module.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _public_names() -> Iterator[str]:
    tree = ast.parse((PACKAGE / "__init__.py").read_text(encoding="utf-8"))
    for node in tree.body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            yield from (name for name in ast.literal_eval(node.value) if not name.startswith("_"))


def _summary(module: Path) -> str:
    return ast.get_docstring(ast.parse(module.read_text(encoding="utf-8"))) or ""
