"""Listing, fetching and measuring encoders."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from visualmemory_gui.app.models.encoders import JOB, EncodersModel
from visualmemory_gui.app.session import Session
from visualmemory_gui.engine.errors import Cancelled, EncoderError
from visualmemory_gui.engine.progress import Report
from visualmemory_gui.engine.types import EncoderInfo

Result = TypeVar("Result")
STOPPED = "Fetching {} was stopped. What has arrived is kept, and the next fetch goes on from there."


def look(model: EncodersModel) -> None:
    """Read which encoders there are, and which of them are here."""
    model.tasks.run_beside("Listing the encoders", _rows, model.set_rows, topic="encoders")


def fetch(session: Session, model: EncodersModel, name: str) -> None:
    """Fetch the weights of ``name``; the model and a note say what came of it."""

    def work(report: Report) -> None:
        from visualmemory_gui.engine.encoders import registry

        registry.fetch(name, report=report)

    def say(text: str) -> None:
        model.tell(text)
        session.post_note(text)
        look(model)

    def done(_: None) -> None:
        say(f"The weights of {name} are here.")

    _run(session, model, f"Fetching the weights of {name}", work, done, lambda why: say(why or STOPPED.format(name)))


def add(session: Session, model: EncodersModel, path: str, then: Callable[[str], object]) -> None:
    """Try the user's own file, add it, and call ``then`` with the name of the encoder that it is."""

    def work(report: Report) -> str:
        from visualmemory_gui.engine.encoders import registry

        report(0, None, "Trying it")
        return registry.choose(path, report=report).name

    def done(name: str) -> None:
        model.tell(f"{Path(path).name} was added as {name}.")
        look(model)
        then(name)

    _run(session, model, f"Adding {Path(path).name}", work, done, model.tell)


def measure(session: Session, model: EncodersModel, name: str) -> None:
    """Measure how fast ``name``, which is here, computes on this computer."""

    def work(report: Report) -> float:
        from visualmemory_gui.engine.encoders import registry, throughput

        report(0, None, "Loading it")
        encoder = registry.load(registry.choose(name, report=report), bulk=True)
        try:
            return throughput.images_per_second(encoder, report=report)
        finally:
            encoder.close()

    _run(session, model, f"Measuring {name}", work, lambda speed: model.set_speed(name, speed), model.tell)


def _run(
    session: Session,
    model: EncodersModel,
    title: str,
    work: Callable[[Report], Result],
    done: Callable[[Result], object],
    failed: Callable[[str], object],
) -> None:
    """Run ``work``; ``failed`` gets the reason in words, "" where the user stopped it."""

    def fail(error: BaseException) -> None:
        if isinstance(error, EncoderError | Cancelled):
            failed("" if isinstance(error, Cancelled) else str(error))
        else:
            session.raise_error(error)

    model.tell("")
    session.tasks.run_background(title, work, done, fail, once=JOB)


def _rows() -> list[EncoderInfo]:
    from visualmemory_gui.engine.encoders import registry

    return registry.available()
