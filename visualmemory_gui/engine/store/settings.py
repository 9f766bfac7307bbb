"""The settings of a memory: names, kinds and limits of their values."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from visualmemory_gui.engine.arguments import within
from visualmemory_gui.engine.device.choice import named
from visualmemory_gui.engine.errors import BadValue
from visualmemory_gui.engine.store.database import Database
from visualmemory_gui.engine.store.sealed_table import SETTINGS
from visualmemory_gui.engine.types import (
    MOST_K,
    PARAMETER_LIMITS,
    QUANTILE_LIMITS,
    RULES,
    MemorySettings,
    read_class_factor,
)

_YES, _NO = ("on", "true", "yes", "1"), ("off", "false", "no", "0")
SWITCH: Mapping[bool, str] = {True: "on", False: "off"}
"""The words for a setting that is a switch."""
NEW: Mapping[str, str] = {"rule": "ridge", "class_factor": "mean"}
"""What is set in a new memory. One made before these were usual has no such rows, and decides as it always did."""
UNSEALED = "its checksum does not match"  # why a setting is damaged


@dataclass(frozen=True, slots=True)
class Loaded:
    """``settings`` in effect; ``damaged`` names those whose stored value cannot be used, and says why: the default is
    used in their place until they are set again. ``unset`` is what ``NEW`` says of those that were never set."""

    settings: MemorySettings
    damaged: Mapping[str, str]
    unset: Mapping[str, str] = field(default_factory=dict)


def begin(database: Database) -> None:
    """Write the settings of a memory that is being made, within the open transaction."""
    SETTINGS.insert(database, NEW.items())


def load(database: Database) -> Loaded:
    """What is set, row by row, and the defaults of the rest. Names that only a newer version knows are left alone."""
    values, damaged = dict[str, Any](), dict[str, str]()
    # As text, whatever was put there: a value of another kind must not keep the memory from being opened.
    sql = "select cast(name as text), cast(coalesce(value, '') as text), checksum is seal(name, value) from settings"
    for name, text, whole in database.rows(sql):
        if name not in _READ:
            continue
        try:
            values[name] = read(name, text)
        except BadValue as error:
            damaged[name] = str(error)
        if not whole:
            values.pop(name, None)
            damaged[name] = UNSEALED
    unset = {name: value for name, value in NEW.items() if name not in values and name not in damaged}
    return Loaded(replace(MemorySettings(), **values), damaged, unset)


def save(database: Database, name: str, text: str) -> Loaded:
    """Set ``name`` to what ``text`` says; returns all settings as they are now. Raises BadValue.

    A damaged row is replaced as a whole, so that this repairs it.
    """
    value = read(name, text)
    with database.atomic():
        SETTINGS.delete(database, "name = ?", [(name,)])
        SETTINGS.insert(database, [(name, SWITCH[value] if isinstance(value, bool) else str(value))])
        return load(database)


def settings_with(settings: MemorySettings, texts: Mapping[str, str]) -> MemorySettings:
    """``settings`` with other values, by name, as their texts say. Raises BadValue."""
    values: dict[str, Any] = {name: read(name, text) for name, text in texts.items()}
    return replace(settings, **values)


def read(name: str, text: str) -> object:
    """The value of the setting ``name`` that ``text`` says. Raises BadValue."""
    if name not in _READ:
        raise BadValue(f"unknown setting {name!r}; the settings are {', '.join(_READ)}")
    return _READ[name](name, text)


def _whole(lowest: int, highest: int) -> Callable[[str, str], int]:
    def read(name: str, text: str) -> int:
        try:
            value = int(text.strip().replace("_", "").replace(",", ""))
        except ValueError:
            raise BadValue(f"{name} must be a whole number, not {text!r}") from None
        if not lowest <= value <= highest:
            raise BadValue(f"{name} must be between {lowest:,} and {highest:,}, not {value:,}")
        return value

    return read


def _number(limits: tuple[float, float]) -> Callable[[str, str], float]:
    def read(name: str, text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            raise BadValue(f"{name} must be a number, not {text!r}") from None
        return within(value, name, limits)

    return read


def _one_of(choices: tuple[str, ...]) -> Callable[[str, str], str]:
    def read(name: str, text: str) -> str:
        value = text.strip().lower()
        if value not in choices:
            raise BadValue(f"{name} must be one of {', '.join(choices)}, not {text!r}")
        return value

    return read


def _switch(name: str, text: str) -> bool:
    value = text.strip().lower()
    if value not in _YES + _NO:
        raise BadValue(f"{name} must be on or off, not {text!r}")
    return value in _YES


_READ: Mapping[str, Callable[[str, str], Any]] = {
    "k": _whole(1, MOST_K),
    "rule": _one_of(RULES),
    "class_factor": lambda name, text: read_class_factor(text, name),
    "level": _whole(0, 100),
    "device": lambda name, text: named(text),
    "exact_limit": _whole(0, 10**12),
    "threads": _whole(0, 1024),
    "ridge_k": _whole(1, MOST_K),
    **{name: _number(limits) for name, limits in PARAMETER_LIMITS.items()},
    "unlike": _switch,
    "unlike_quantile": _number(QUANTILE_LIMITS),
    "between": _switch,
    "between_quantile": _number(QUANTILE_LIMITS),
}
NAMES: tuple[str, ...] = tuple(_READ)
