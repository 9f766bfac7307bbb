"""What installed packages add to the product, by the entry points that they declare.

Naming them reads metadata alone. Their code is run when one is used: by its name, which the user or a memory gives,
from a package that the user has installed. Nothing else leads to it.
"""

from __future__ import annotations

from importlib import metadata

from visualmemory_gui.engine.errors import PluginError

ENCODERS = "visualmemory.encoders"
VOTING_RULES = "visualmemory.voting_rules"


def names(group: str) -> list[str]:
    """The names in ``group``, in the order of the alphabet."""
    return sorted({entry.name for entry in metadata.entry_points(group=group)})


def find(group: str, name: str) -> metadata.EntryPoint | None:
    """The entry point ``name`` of ``group``, None where no installed package declares it.

    Raises PluginError where several do.
    """
    found = tuple(metadata.entry_points(group=group, name=name))
    packages = sorted({package_of(entry) for entry in found})
    if len(packages) > 1:
        raise PluginError(f"{name} is provided by several packages ({', '.join(packages)}): uninstall all but one")
    return found[0] if found else None


def load(entry: metadata.EntryPoint) -> object:
    """What the entry point names; this runs the package's code. Raises PluginError, whatever that raises."""
    try:
        return entry.load()
    except Exception as error:
        raise broken(entry, f"cannot be loaded ({type(error).__name__}: {error})") from error


def package_of(entry: metadata.EntryPoint) -> str:
    """The package that declares it."""
    return entry.dist.name if entry.dist is not None else entry.module


def broken(entry: metadata.EntryPoint, why: str) -> PluginError:
    """The error to raise for an entry point that is not what it should be."""
    return PluginError(f"{entry.name}, of the installed package {package_of(entry)}, {why}")
