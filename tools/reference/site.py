"""The hook of MkDocs: gives the site the layout of the repository, so that every link of a document holds in both.

Pages are the documents at the root, those in ``docs`` and the generated ones. Files that a document links to come too.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

from tools.reference import commands, modules

ROOT = modules.ROOT
LINK = re.compile(r"\]\(([^)\s#]+)")


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Append the rooms of the engine to the navigation."""
    rooms: list[dict[str, Any]] = [{page.split(".")[1]: page} for page in modules.engine_pages()]
    config.nav = [*(config.nav or []), {"Engine": rooms}]
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Replace what MkDocs found in ``docs`` by the pages and by the files that they link to; the theme's files stay."""
    documents = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]
    kept = [*documents, *sorted(_linked(documents))]
    copied = [_copy(path, config) for path in kept]
    written = [File.generated(config, uri, content=text) for uri, text in _generated().items()]
    return Files([*(file for file in files if file.src_dir != config.docs_dir), *copied, *written])


def _copy(path: Path, config: MkDocsConfig) -> File:
    return File.generated(config, path.relative_to(ROOT).as_posix(), abs_src_path=str(path))


def _generated() -> dict[str, str]:
    return {commands.PAGE: commands.page(), modules.PYTHON: modules.python_page(), **modules.engine_pages()}


def _linked(documents: Iterable[Path]) -> set[Path]:
    return {target for document in documents for target in _targets(document)} - set(documents)


def _targets(document: Path) -> Iterator[Path]:
    for link in LINK.findall(document.read_text(encoding="utf-8")):
        target = (document.parent / unquote(link)).resolve()
        if target.is_file() and target.is_relative_to(ROOT):
            yield target
