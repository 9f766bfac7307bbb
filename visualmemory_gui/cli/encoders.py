"""The command encoders, and how other commands use the encoder that the user names."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from visualmemory_gui.cli import options
from visualmemory_gui.cli.output import Progress, emit, megabytes, say, table

if TYPE_CHECKING:
    from visualmemory_gui.engine.types import EncoderInfo

DEFAULT_ENCODER = "lite0"


def encoders(
    add: Annotated[
        str | None,
        typer.Option(
            "--add",
            metavar="FILE",
            help="Add a file of your own: weights for an architecture of timm (.safetensors), ONNX (.onnx) or "
            "TorchScript (.pt). A TorchScript file is program code: add only one that you trust.",
        ),
    ] = None,
    fetch: Annotated[
        str | None, typer.Option("--fetch", metavar="NAME", help="Fetch the weights of an encoder.")
    ] = None,
    text: Annotated[
        bool, typer.Option("--text", help="With --fetch: the text tower too, with which `find` finds images by words.")
    ] = False,
    prepare: Annotated[
        bool,
        typer.Option(
            "--prepare",
            help="Convert the model of lite0, or of --fetch, to speed up encoding on a CPU, where possible.",
        ),
    ] = False,
    as_json: options.Json = False,
) -> None:
    """List the encoders. An encoder turns images into vectors; its weights may still have to be fetched."""
    from visualmemory_gui.engine.encoders import registry

    if add is not None:
        _add(add)
    if fetch is not None:
        _fetch(fetch)
        if text and (size := registry.text_to_fetch(fetch)):
            say(f"fetching the text tower of {fetch}: {size}")
        if text:
            with Progress("fetching the text tower") as report:
                registry.fetch_text(fetch, report=report)
    elif text:
        raise typer.BadParameter("whose text tower? name an encoder with --fetch", param_hint="--text")
    if prepare:
        with Progress("preparing the encoder") as report:
            made = registry.prepare(fetch or DEFAULT_ENCODER, report=report)
        say("the converted model is ready" if made else "nothing to prepare")
    found = registry.available()
    if as_json:
        emit({"encoders": [asdict(one) for one in found]})
    else:
        table([_cells(one) for one in found], ("name", "dim", "licence", "size", "weights", ""))


def _cells(one: EncoderInfo) -> tuple[object, ...]:
    return one.name, one.dim, one.licence, megabytes(one.size), one.weights, one.note


def choose_encoder(encoder: str) -> str:
    """The name of the encoder that the user asked for; a file is added first, and missing weights are fetched."""
    from visualmemory_gui.engine.encoders import local_file

    if local_file.is_path(encoder):
        return _add(encoder)
    _fetch(encoder)
    return encoder


def _add(file: str) -> str:
    from visualmemory_gui.engine.encoders import local_file

    added = local_file.add(Path(file))
    say(f"{file} was added as {added.name}, {added.dim} numbers per vector, sha256 {added.weights_sha256}")
    say(f"it is {local_file.NOTES[Path(file).suffix]}")
    return added.name


def _fetch(name: str) -> None:
    """Fetch weights that are not here yet, after saying their size and licence."""
    from visualmemory_gui.engine.encoders import registry

    info = registry.info(name)
    if not info.weights_here:
        say(f"fetching the weights of {name}: about {megabytes(info.size)}, {info.licence}")
        if info.terms:
            say(f"its terms, which you accept by using it: {info.terms}")
        with Progress("fetching weights") as report:
            registry.fetch(name, report=report)
