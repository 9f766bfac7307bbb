"""Entry point ``visualmemory``: assembles the commands and turns errors into one line and an exit code."""

from __future__ import annotations

import io
import os
import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from visualmemory_gui import __version__
from visualmemory_gui.cli import (
    add,
    attribute,
    build,
    classes,
    classify,
    compact,
    compare,
    demo,
    doctor,
    edits,
    encoders,
    evaluate,
    exchange,
    find,
    flip,
    forget,
    frames,
    gui,
    history,
    impact,
    map,
    mcp,
    merge,
    novelty,
    opinion,
    prune,
    pull,
    push,
    reembed,
    relink,
    review,
    scaling,
    settings,
    show,
    tune,
    verify,
    vote,
    watch,
)
from visualmemory_gui.cli.main_exit import STOPPED
from visualmemory_gui.cli.output import print_line, say
from visualmemory_gui.cli.usage import Command, plain_errors
from visualmemory_gui.engine.errors import Cancelled, VisualMemoryError
from visualmemory_gui.engine.files.installation import APP

if TYPE_CHECKING:
    from collections.abc import Callable

BROKEN = "a package of this installation cannot be imported: {}\n`visualmemory doctor` says which line mends it"
KEPT = "stopped: what was written so far is kept, and nothing is half done"


class CommandGroup(TyperGroup):
    """Runs a command; an error meant for the user becomes one line on stderr, without a traceback."""

    def invoke(self, ctx: Any) -> Any:
        try:
            with plain_errors():
                return super().invoke(ctx)
        except (KeyboardInterrupt, Cancelled):
            say("")  # off the line on which the terminal shows ^C
            say(KEPT)
            raise typer.Exit(STOPPED) from None
        except VisualMemoryError as error:
            say(f"error: {error}")
            raise typer.Exit(1) from None
        except ImportError as error:
            if (error.name or "").startswith(APP):
                raise
            say(f"error: {BROKEN.format(error)}")
            raise typer.Exit(1) from None
        except OSError as error:
            if isinstance(error, BrokenPipeError):
                raise
            where = f"{os.fsdecode(error.filename)}: " if isinstance(error.filename, str | bytes) else ""
            say(f"error: {where}{error.strerror or error}")
            raise typer.Exit(1) from None

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        with plain_errors():
            return super().parse_args(ctx, args)

    def list_commands(self, ctx: Any) -> list[str]:
        """The commands in the order in which they were added, which follows the user's work."""
        return list(self.commands)


app = typer.Typer(
    cls=CommandGroup,
    help="See, fix and unlearn what an image classifier knows: classification by an editable memory of images.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)


def _print_version(wanted: bool) -> None:
    if wanted:
        print_line(f"visualmemory {__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_print_version, help="Print the version and exit.")
    ] = False,
) -> None:
    """See, fix and unlearn what an image classifier knows: classification by an editable memory of images."""


COMMANDS: tuple[Callable[..., None], ...] = (
    gui.gui,
    demo.demo,
    build.build,
    add.add,
    classify.classify,
    frames.frames,
    vote.vote,
    edits.strike,
    edits.restore,
    edits.relabel,
    edits.reweigh,
    edits.rename_label,
    history.undo,
    history.redo,
    history.history,
    history.revert,
    history.tag,
    history.diff,
    show.show,
    find.find,
    forget.forget,
    evaluate.evaluate,
    review.review,
    watch.watch,
    impact.impact,
    flip.flip,
    attribute.attribute,
    opinion.opinion,
    prune.prune,
    tune.tune,
    novelty.novelty,
    classes.classes,
    classes.levels,
    scaling.scaling,
    map.map_,
    verify.verify,
    compact.compact,
    relink.relink,
    reembed.reembed,
    settings.settings,
    exchange.export,
    exchange.import_,
    push.push,
    pull.pull,
    compare.compare,
    merge.merge,
    encoders.encoders,
    mcp.mcp,
    doctor.doctor,
)

for _command in COMMANDS:
    app.command(_command.__name__.strip("_").replace("_", "-"), cls=Command)(_command)


def main() -> None:
    """Run the command line. A closed pipe (``| head``) ends it quietly."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        app(prog_name="visualmemory")
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        sys.exit(1)
