"""The commands export and import: memories as files to share."""

from __future__ import annotations

from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from visualmemory_gui.cli import options
from visualmemory_gui.cli.build import first_pages_json, skipped_json, tell_first_pages, tell_skipped
from visualmemory_gui.cli.encoders import choose_encoder
from visualmemory_gui.cli.main_exit import STOPPED
from visualmemory_gui.cli.opening import any_reader
from visualmemory_gui.cli.output import Progress, emit, print_line, say
from visualmemory_gui.engine.text.visible_text import how_many

if TYPE_CHECKING:
    from visualmemory_gui.engine.exchange.results import Exported


class ExportFormat(StrEnum):
    """What a memory can be exported as."""

    bundle = "bundle"
    imagefolder = "imagefolder"
    coco = "coco"
    fiftyone = "fiftyone"
    parquet = "parquet"
    csv = "csv"
    report = "report"
    neighbours_json = "neighbours-json"


def export(
    memory: options.AnyMemory,
    to: Annotated[str, typer.Argument(metavar="TO", help="The new file or folder; it must not exist.")],
    kind: Annotated[
        ExportFormat | None,
        typer.Option(
            "--format",
            help="bundle: one file NAME.vmemz with everything but the history; imagefolder: class folders with "
            "metadata.jsonl; coco, fiftyone: images and labels.json; parquet: vectors and labels; csv: labels for a "
            "spreadsheet; report: one decision as NAME.html or NAME.png; neighbours-json: the 100 nearest others of "
            "each exemplar, in the format of the paper's repository (NAME.json). Default: by the ending of TO; without "
            "one, imagefolder.",
        ),
    ] = None,
    image: Annotated[
        str | None, typer.Option("--image", metavar="IMAGE", help="report: the image whose decision it shows.")
    ] = None,
    label: Annotated[
        str | None,
        typer.Option("--class", metavar="CLASS", help="Export this class alone, with what is below it."),
    ] = None,
    keep_private: Annotated[
        bool, typer.Option("--keep-private", help="Keep absolute paths and where images were taken (EXIF GPS).")
    ] = False,
    as_json: options.Json = False,
) -> None:
    """Export the memory, or a report on one decision."""
    from visualmemory_gui.engine.exchange import import_export

    chosen = import_export.format_of(to, kind and kind.value)
    if (chosen == import_export.REPORT) != (image is not None):
        raise typer.BadParameter("a report needs --image, and only a report has one", param_hint="--image")
    if image is not None:
        if label is not None:
            raise typer.BadParameter("a report is on one decision, not on a class", param_hint="--class")
        _report(memory, to, image, keep_private=keep_private, as_json=as_json)
        return
    with any_reader(memory) as m, Progress("exporting") as report:
        done = import_export.export(m, to, chosen, label=label, keep_private=keep_private, report=report)
    if as_json:
        emit({"to": done.path, "exported": done.exemplars, **_counts(done)})
    else:
        _tell_export(done)


def _report(memory: str, to: str, image: str, *, keep_private: bool, as_json: bool) -> None:
    from visualmemory_gui.engine.exchange.report import report
    from visualmemory_gui.engine.exchange.report.content import Asked

    with any_reader(memory) as m:
        decoded = m.decode(image)
        decision = m.decide(decoded, level=m.settings.level)
        watched = {w.image.content: w.expected for w in m.watch.all()}
        asked = Asked(Path(image).name, decoded.thumbnail, decoded.source, watched.get(decoded.content))
        report.write(report.gather(m, decision, asked, keep_private=keep_private), to)
    if as_json:
        emit({"to": to, "image": image, "label": decision.label})
    else:
        print_line(f"the decision on {image} written to {to}")


def _counts(done: Exported) -> dict[str, object]:
    return {name: value for name, value in asdict(done).items() if name not in ("path", "exemplars")}


def _tell_export(done: Exported) -> None:
    print_line(f"{how_many(done.exemplars)} written to {done.path}, {how_many(done.images, 'image')}")
    if done.thumbnails:
        say(f"{how_many(done.thumbnails)} exported as a thumbnail only: the original cannot be read")
    if done.left_out:
        say(f"{how_many(done.left_out)} not written: struck out")
    if done.parts:
        say(f"{how_many(done.parts, 'part')} of images not written: the format has none; COCO has")
    if done.bare and done.format in ("imagefolder", "coco", "fiftyone"):
        say(f"{how_many(done.bare)} not written: no image")


def import_(
    source: Annotated[
        str, typer.Argument(metavar="FROM", help="A bundle, a folder of images, a table, or vectors, as for `build`.")
    ],
    memory: options.Memory,
    encoder: Annotated[
        str | None, typer.Option("--encoder", help="The encoder of a new memory. Default: lite0.")
    ] = None,
    as_json: options.Json = False,
) -> None:
    """Import exemplars as one step. A missing memory is made first.

    A folder has class folders, or `labels.json` as COCO or FiftyOne have it. A CSV table has the columns label and
    source, the path of each image.
    """
    from visualmemory_gui.engine.exchange import import_export

    if encoder is not None:
        encoder = choose_encoder(encoder)
    with Progress("importing") as report:
        done = import_export.import_(source, memory, encoder=encoder, report=report)
    if as_json:
        counts = {"added": done.added, "skipped": skipped_json(done.skipped), "unchanged": done.unchanged}
        counts |= first_pages_json(done.first_pages)
        emit({"memory": memory, **counts, "ids": list(done.ids)})
    else:
        made = "made with" if done.created else "got"
        print_line(f"{memory} {made} {how_many(done.added)}; {done.unchanged:,} were here already")
        tell_skipped(done.skipped)
        tell_first_pages(done.first_pages)
    if done.stopped:
        say(f"stopped: the {how_many(done.added)} added so far are kept")
        raise typer.Exit(STOPPED)
