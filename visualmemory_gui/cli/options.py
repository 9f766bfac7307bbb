"""Arguments and options that several commands share."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from visualmemory_gui.engine.types import Box
    from visualmemory_gui.engine.types import Rule as RuleText


class RuleName(StrEnum):
    """The voting rules."""

    plurality = "plurality"
    distance = "distance"
    softmax = "softmax"
    rank = "rank"
    ridge = "ridge"


class RuleOrAll(StrEnum):
    """The voting rules, or all of them at once."""

    plurality = "plurality"
    distance = "distance"
    softmax = "softmax"
    rank = "rank"
    ridge = "ridge"
    all = "all"


class SearchName(StrEnum):
    """How neighbours are searched for."""

    auto = "auto"
    exact = "exact"
    hnsw = "hnsw"


class StateName(StrEnum):
    """The state of an exemplar: it votes, is in the trash, or its adding was undone."""

    active = "active"
    struck = "struck"
    withdrawn = "withdrawn"


class FormatName(StrEnum):
    """How a list is printed."""

    text = "text"
    json = "json"
    csv = "csv"


def format_of(given: FormatName | None, *, as_json: bool) -> FormatName:
    """The requested format; ``--json`` is short for ``--format json``."""
    if as_json and given not in (None, FormatName.json):
        raise typer.BadParameter("--json cannot be combined with another format", param_hint="--format")
    return FormatName.json if as_json else given or FormatName.text


def whole_number(text: str, what: str, *, argument: str) -> int:
    """The number that is written in one of several arguments which may also be something else."""
    try:
        return int(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is not {what}", param_hint=argument) from None


def part_of_one(box: str | None, images: list[str]) -> Box | None:
    """The box of the one image that was named. Raises BadParameter for several images, or a folder."""
    from visualmemory_gui.engine.errors import BadValue
    from visualmemory_gui.engine.types import Box

    if box is None:
        return None
    if len(images) != 1 or Path(images[0]).is_dir():
        raise typer.BadParameter("a box is a part of one image: name one image", param_hint="--box")
    try:
        return Box.of(box)
    except BadValue as error:
        raise typer.BadParameter(str(error), param_hint="--box") from None


def require_can_copy(memory: str, *, copy: bool | None) -> None:
    """Raise BadParameter where ``copy`` asks for copies of images in a shared memory, which keeps none."""
    from visualmemory_gui.engine.shared_memory.address import is_shared

    if copy and is_shared(memory):
        raise typer.BadParameter("a shared memory keeps thumbnails, and no images: leave it out", param_hint="--copy")


def box_json(box: Box | None) -> dict[str, object]:
    """A box as JSON has it, nothing for a whole image."""
    return {} if box is None else {"box": list(box)}


def _device_name(text: str) -> str:
    """The name of a device, whether it is here or not: whoever opens a memory on it finds out."""
    from visualmemory_gui.engine.device.choice import named
    from visualmemory_gui.engine.errors import BadValue

    try:
        return named(text)
    except BadValue as error:
        raise typer.BadParameter(str(error)) from None


def read_rule(text: str) -> str:
    """The name of a voting rule, the product's own or that of an installed package. Raises BadParameter."""
    own = [one.value for one in RuleName]
    if text in own:
        return text
    from visualmemory_gui.engine.decision import plugin_rules

    others = plugin_rules.names()
    if text in others:
        return text
    raise typer.BadParameter(f"{text!r} is not one of {', '.join((*own, *others))}")


def rule_name(rule: str | None) -> RuleText | None:
    """The rule as the engine names it; what ``read_rule`` gave."""
    return rule  # type: ignore[return-value]


Memory = Annotated[str, typer.Argument(metavar="MEMORY", help="The memory: a folder NAME.vmem.")]
AnyMemory = Annotated[
    str,
    typer.Argument(
        metavar="MEMORY", help="The memory: a folder NAME.vmem, or a shared one, milvus+http://HOST:PORT/COLLECTION."
    ),
]
Ids = Annotated[list[int], typer.Argument(metavar="ID", help="Ids of exemplars, as `show` lists them.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for scripts instead of text.")]
Format = Annotated[
    FormatName | None,
    typer.Option("--format", help="text for people; json, the same as --json, or csv for programs. Default: text."),
]
OnDevice = Annotated[
    str | None,
    typer.Option(
        "--device",
        metavar="NAME",
        parser=_device_name,
        help="Where to compute: auto (a GPU if there is one), cpu, cuda, cuda:1 (the second GPU) or mps. Default: the "
        "memory's setting.",
    ),
]
K = Annotated[
    int | None, typer.Option("-k", metavar="N", min=1, help="How many neighbours vote. Default: the memory's setting.")
]
Rule = Annotated[
    str | None,
    typer.Option(
        "--rule",
        parser=read_rule,
        metavar=f"[{'|'.join(RuleName)}]",
        help="The voting rule, also one of an installed package. Default: the memory's setting.",
    ),
]
PartBox = Annotated[
    str | None,
    typer.Option(
        "--box",
        metavar="X,Y,W,H",
        help="Take only this part of the one image: left, top, width and height in pixels of the upright image.",
    ),
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
Image = Annotated[str, typer.Argument(metavar="IMAGE", help="The image to decide.")]
Level = Annotated[
    int, typer.Option("--level", min=0, help="Decide by the first LEVEL parts of the label; 0 = the full label.")
]
Seed = Annotated[int, typer.Option("--seed", help="The seed of everything random.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only report what would change and what it would gain.")]
Normalise = Annotated[
    bool, typer.Option("--normalise", help="Scale distances to [0, 1] over the file, as in two of the paper's tables.")
]
