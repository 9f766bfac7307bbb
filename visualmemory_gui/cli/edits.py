"""The commands that edit exemplars: strike, restore, relabel, reweigh and rename-label."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from visualmemory_gui.cli import options
from visualmemory_gui.cli.opening import any_writer
from visualmemory_gui.cli.output import emit, print_line

if TYPE_CHECKING:
    from visualmemory_gui.engine.memory.protocol import AnyMemory
    from visualmemory_gui.engine.types import Changes


IdsOrNone = Annotated[list[int] | None, typer.Argument(metavar="ID", help="Ids of exemplars.")]


OrLabel = Annotated[str | None, typer.Option("--label", help="All exemplars of this label and of those below it.")]


def tell(changes: Changes, *, as_json: bool) -> None:
    """Print what an edit changed."""
    if as_json:
        emit({"edit": changes.edit, "ids": list(changes.ids)})
    else:
        print_line(changes.edit or "nothing changed")


def chosen(m: AnyMemory, ids: list[int] | None, label: str | None) -> list[int]:
    """The given ids, and those under ``label``. Raises BadValue for a label that no exemplar has."""
    if label is None:
        return list(dict.fromkeys(ids or []))
    m.catalog.require_label(label)
    return list(dict.fromkeys([*(ids or []), *m.catalog.ids_under(label)]))


def need_some(ids: list[int] | None, *others: object) -> None:
    """Refuse a command that names no exemplars."""
    if not ids and all(other is None or other is False for other in others):
        raise typer.BadParameter("name exemplars by id or by an option", param_hint="ID...")


def strike(
    memory: options.AnyMemory, ids: IdsOrNone = None, label: OrLabel = None, as_json: options.Json = False
) -> None:
    """Take exemplars out of every vote. `restore` brings them back."""
    need_some(ids, label)
    with any_writer(memory) as m:
        tell(m.strike(chosen(m, ids, label)), as_json=as_json)


def restore(
    memory: options.AnyMemory, ids: IdsOrNone = None, label: OrLabel = None, as_json: options.Json = False
) -> None:
    """Let struck exemplars vote again."""
    need_some(ids, label)
    with any_writer(memory) as m:
        tell(m.restore(chosen(m, ids, label)), as_json=as_json)


def relabel(
    memory: options.AnyMemory,
    ids: options.Ids,
    label: Annotated[str, typer.Option("--label", help="The new label, a path with `/`.")],
    as_json: options.Json = False,
) -> None:
    """Give exemplars another label."""
    with any_writer(memory) as m:
        tell(m.relabel(ids, label), as_json=as_json)


def reweigh(
    memory: options.AnyMemory,
    ids: options.Ids,
    to: Annotated[
        float, typer.Option("--to", metavar="X", help="The trust, a factor on the vote: above 0, at most 100.")
    ],
    as_json: options.Json = False,
) -> None:
    """Set the trust of exemplars. Their votes are multiplied by it."""
    with any_writer(memory) as m:
        tell(m.reweigh(ids, to), as_json=as_json)


def rename_label(
    memory: options.AnyMemory,
    old: Annotated[str, typer.Argument(metavar="OLD", help="The label to rename.")],
    new: Annotated[
        str, typer.Argument(metavar="NEW", help="The new name; if it is in use, the two classes are merged.")
    ],
    as_json: options.Json = False,
) -> None:
    """Rename a class, or merge it into another."""
    with any_writer(memory) as m:
        tell(m.rename_label(old, new), as_json=as_json)
