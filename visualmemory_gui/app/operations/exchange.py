"""A memory as one file or folder: export it, or make a memory from a bundle or from the demo's images."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from visualmemory_gui.app.models.query import Query, recent_queries
from visualmemory_gui.app.operations.edit import Job, Note, say_stopped
from visualmemory_gui.app.session import Session
from visualmemory_gui.engine.errors import MemoryExists
from visualmemory_gui.engine.files.path_kind import is_taken
from visualmemory_gui.engine.progress import Report

if TYPE_CHECKING:
    from visualmemory_gui.engine.exchange.demo.selection import Needs
    from visualmemory_gui.engine.memory.protocol import Memory

MB = 1_000_000
STOPPED = "Stopped. What was made of the demo is kept; *Open demo memory* continues from there."
DEMO = "make the demo memory"  # the name of the job


def export(
    session: Session, to: str | Path, format: str, *, label: str | None = None, keep_private: bool = False
) -> None:
    """Write the memory, or its class ``label``, to ``to`` in a format of ``import_export``, in the background."""

    def work(memory: Memory, report: Report) -> None:
        from visualmemory_gui.engine.exchange import import_export

        import_export.export(memory, to, format, label=label, keep_private=keep_private, report=report)

    exported, stopped = f"Exported to {Path(to).name}.", "Export stopped; what was written has been removed."
    Job("Exporting", work, lambda _: Note(exported), stopped, once=f"export {to}", only_reads=True).run(session)


def open_demo(session: Session) -> None:
    """Make the demo memory if it does not exist yet, and open it."""

    def work(report: Report) -> Path:
        from visualmemory_gui.engine.exchange.demo.demo import make_demo

        return make_demo(report=report)

    stopped = partial(say_stopped, session, STOPPED)
    opened = partial(session.open, then=partial(_decide_first, session))
    session.tasks.run_background("Making the demo memory", work, opened, stopped, once=DEMO)


def _decide_first(session: Session) -> None:
    """Decide the newest of the memory's recent queries, if nothing is decided yet."""
    memory = session.memory

    def decide(queries: list[Query]) -> None:
        if queries and session.memory is memory and session.decision.query is None:
            session.decision.ask_query(queries[0])
            session.demo_opened.emit()

    if memory is not None:
        session.tasks.run_edit("Reading recent queries", lambda: recent_queries(memory), decide)


def ask_demo_needs(session: Session, then: Callable[[str], object]) -> None:
    """Find out what opening the demo memory takes, and call ``then`` with a sentence about it."""

    def work() -> str:
        from visualmemory_gui.engine.exchange.demo.demo import demo_needs

        return demo_text(demo_needs())

    session.tasks.run_beside("Looking for the demo", work, then, topic="demo")


def demo_text(needs: Needs | None) -> str:
    """What the demo fetches before it opens."""
    if needs is None:
        return "The demo memory is on this computer and opens at once."
    if not needs.size:
        return "The demo is made of images that are already on this computer; nothing is downloaded."
    return f"The demo first downloads {needs.size / MB:,.0f} MB of {needs.what}."


def check_bundle(session: Session, bundle: str, then: Callable[[], object]) -> None:
    """Check a bundle before anything is asked about it; report a broken one."""

    def work(_: Report) -> None:
        from visualmemory_gui.engine.exchange import bundle as bundles

        bundles.check(bundle)

    title = f"Checking {Path(bundle).name}"
    session.tasks.run_background(title, work, lambda _: then(), session.raise_error, once=title, stoppable=False)


def open_bundle(session: Session, bundle: str, memory: str) -> None:
    """Make the memory at ``memory`` from a bundle, in the background, and open it."""

    def work(report: Report) -> None:
        from visualmemory_gui.engine.exchange import import_export

        if is_taken(Path(memory)):
            raise MemoryExists(f"{memory} is not empty")
        import_export.import_(bundle, memory, report=report)

    stopped = partial(say_stopped, session, f"Stopped; no memory was made from {Path(bundle).name}.")
    title = f"Unpacking {Path(bundle).name}"
    job = f"unpack {bundle} to {memory}"
    session.tasks.run_background(title, work, lambda _: session.open(memory), stopped, once=job)
