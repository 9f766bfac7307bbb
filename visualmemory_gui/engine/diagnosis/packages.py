"""The packages that this product declares: which are installed, which version, and for what each extra is."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import metadata
from importlib.util import find_spec

from visualmemory_gui.engine.diagnosis.diagnosis import Finding
from visualmemory_gui.engine.files.installation import APP

DEVELOPMENT = frozenset({"app", "bench", "docs", "test"})
"""Extras for those who work on the product itself."""
PURPOSE: Mapping[str, str] = {
    "heic": "reads HEIC images",
    "hnsw": "fast search in memories of more than about 20,000 images; exact search works without it",
    "keyring": "keeps keys and tokens of servers in the system's keyring",
    "map": "lays out the map by neighbourhoods (t-SNE)",
    "mcp": "serves a memory to an agent: visualmemory mcp",
    "milvus": "shared memories on a Milvus server",
    "pandas": "gives tables as data frames",
    "ray": "builds on several processes or machines: build --ray",
    "sklearn": "the estimator VisualMemoryClassifier",
    "text": "finds images by words, with an encoder that knows words",
    "video": "reads frames of videos",
}
"""What each extra is for."""
_MODULES = {
    "pillow": "PIL",
    "pillow-heif": "pillow_heif",
    "pyside6-essentials": "PySide6",
    "scikit-learn": "sklearn",
    "opentsne": "openTSNE",
    "open_clip_torch": "open_clip",
    "open-clip-torch": "open_clip",
}
IN_APPLICATION = "nothing can be added to this application; the full installation has it"
"""What is said in place of a line of pip in the application as one folder, which has no pip."""
_COMPILED = {"hnswlib": " (it is compiled, which needs a C++ compiler and Python's headers)"}


@dataclass(frozen=True, slots=True)
class Requirement:
    """A package that the product declares, in one of its extras or, where that is "", always."""

    name: str
    least: str = ""
    extra: str = ""

    @property
    def title(self) -> str:
        """Its name, and the extra that brings it."""
        return f"{self.name} [{self.extra}]" if self.extra else self.name

    @property
    def module(self) -> str:
        """The module that is imported of it."""
        return _MODULES.get(self.name.lower(), self.name.replace("-", "_"))

    @property
    def mend(self) -> str:
        """The line that installs it; in the application, what has it."""
        if getattr(sys, "frozen", False):
            return IN_APPLICATION
        if self.extra:
            return f"pip install '{APP}[{self.extra}]'{_COMPILED.get(self.name.lower(), '')}"
        least = f">={self.least}" if self.least else ""
        return f"pip install '{self.name}{least}'{_COMPILED.get(self.name.lower(), '')}"

    @property
    def mend_again(self) -> str:
        """The line that installs it in place of what is broken."""
        return f"pip install --force-reinstall --no-cache-dir '{self.name}'{_COMPILED.get(self.name.lower(), '')}"


def requirements(declared: list[str] | None = None) -> list[Requirement]:
    """What the installed product declares, without what only its developers need; ``declared`` as its metadata has it.

    Empty where the product runs from its source without being installed.
    """
    if declared is None:
        try:
            declared = metadata.requires(APP) or []
        except metadata.PackageNotFoundError:
            declared = []
    found = {(one.name, one.extra): one for one in _parsed(declared) if one.extra not in DEVELOPMENT}
    return sorted(found.values(), key=lambda one: (one.extra, one.name.lower()))


def _parsed(declared: list[str]) -> Iterator[Requirement]:
    for line in declared:
        name = re.match(r"[\w.-]+", line)
        least = re.search(r"[>=]=\s*([\d.]+)", line.split(";")[0])
        extra = re.search(r"""extra\s*==\s*["']([\w-]+)["']""", line)
        if name:
            yield Requirement(name[0], least[1] if least else "", extra[1] if extra else "")


def installed(wanted: Requirement, *, needed: bool, without: str = "") -> Finding:
    """Whether the package ``wanted`` is here and recent enough, without importing it. ``without`` says what works all
    the same where it is missing and not ``needed``."""
    version = version_of(wanted.name)
    if version is None or not has_module(wanted.module):
        use = PURPOSE.get(wanted.extra, without)
        why = "not installed" + (f": {use}" if use else "")
        return Finding(wanted.title, "missing" if needed else "note", why, wanted.mend, needed)
    if _numbers(version) < _numbers(wanted.least):
        why = f"{version} is older than {wanted.least}, which is needed"
        return Finding(wanted.title, "broken", why, f"pip install --upgrade '{wanted.name}>={wanted.least}'", needed)
    return Finding(wanted.title, "ok", version, needed=needed)


def version_of(package: str) -> str | None:
    """The version of an installed package, None where there is none."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def has_module(name: str) -> bool:
    """Whether there is a module of this name; it is not imported."""
    try:
        return find_spec(name) is not None
    except (ImportError, ValueError):
        return False


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version.split("+")[0])[:3])
