"""The report on a decision: image, neighbours, votes, edits and settings in one file, HTML or PNG."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from visualmemory_gui import __version__
from visualmemory_gui.engine.decision import class_sets, novelty
from visualmemory_gui.engine.decision.class_factor import IN_WORDS
from visualmemory_gui.engine.decision.confidence import in_words
from visualmemory_gui.engine.decision.levels import at_level, is_for_winner, level_in_words
from visualmemory_gui.engine.decision.voting_scheme import VotingScheme
from visualmemory_gui.engine.errors import ExchangeError
from visualmemory_gui.engine.exchange.atomic_output import new_file
from visualmemory_gui.engine.exchange.report import html, image
from visualmemory_gui.engine.exchange.report.content import Asked, DecisionReport, ReportCard
from visualmemory_gui.engine.text.visible_text import NO_ANSWER
from visualmemory_gui.engine.types import Decision

if TYPE_CHECKING:
    from visualmemory_gui.engine.memory.protocol import Memory

MOST_EDITS = 20
SUFFIXES = (".html", ".png")


def gather(memory: Memory, decision: Decision, asked: Asked, *, keep_private: bool = False) -> DecisionReport:
    """Everything the document needs. Without ``keep_private`` it holds file names but no paths."""
    ids = [n.id for n in decision.voters]
    thumbnails, sources = memory.catalog.thumbnails(ids), memory.catalog.sources(ids)
    cards = tuple(
        ReportCard(
            n, at_level(n.label, decision.level), thumbnails.get(n.id), sources.get(n.id) if keep_private else None
        )
        for n in decision.voters
    )
    steps = memory.history.steps()
    edits = tuple((_time(step.time), step.past, step.state) for step in steps[:MOST_EDITS])
    return DecisionReport(
        asked if keep_private else Asked(asked.name, asked.thumbnail, None, asked.expected),
        headline=_headline(decision),
        sentences=_sentences(decision, asked),
        shares=decision.shares,
        cards=cards,
        facts=_facts(memory, decision, keep_private=keep_private),
        edits=edits,
        more_edits=max(0, len(steps) - MOST_EDITS),
        made=f"Made by Visual Memory {__version__}, {_time(datetime.now(UTC).timestamp())}",
    )


def write(report: DecisionReport, target: str | Path) -> Path:
    """Write the document to ``target``, a new file NAME.html or NAME.png. Raises ExchangeError, StorageError."""
    path = Path(target)
    kind = path.suffix.lower()
    if kind not in SUFFIXES:
        raise ExchangeError(f"a report is a file NAME.html or NAME.png, not {path.name}")
    with new_file(path) as file:
        if kind == ".html":
            file.write(html.page(report).encode())
        else:
            image.page(report).save(file, "PNG", optimize=True)
    return path


def _headline(decision: Decision) -> str:
    if decision.label is None:
        return NO_ANSWER.capitalize()
    return novelty.headline(decision)


def _sentences(decision: Decision, asked: Asked) -> tuple[str, ...]:
    said: list[str] = []
    if decision.label is not None and decision.share is not None:
        margin = f", {decision.margin:.0%} ahead of the next class" if len(decision.shares) > 1 else ""
        said.append(f"{decision.share:.0%} of the vote{margin}.".replace("%", " %"))
        mine = sum(is_for_winner(n, decision) for n in decision.voters)
        said.append(f"{mine} of {len(decision.voters)} neighbours are {decision.label}.")
        said += [f"{decision.silent_words}."] if decision.silent_words else []
    if decision.confidence is not None:
        said.append(f"Such answers are right {in_words(decision.confidence)} here.")
    if words := class_sets.in_words(decision.class_set, decision.label):
        said.append(f"{words[0].upper()}{words[1:]}: measured coverage, no guarantee.")
    if decision.novelty is not None and decision.novelty.reason:
        known = {True: "Known", False: "Unknown", None: "Known or unknown"}[decision.known]
        said.append(f"{known}: {decision.novelty.reason}.")
    if asked.expected is not None:
        said.append(f"Expected: {asked.expected}.")
    return tuple(said)


def _facts(memory: Memory, decision: Decision, *, keep_private: bool) -> tuple[tuple[str, str], ...]:
    identity, settings, place = memory.identity, memory.settings, memory.address
    weights = f", weights {identity.weights_sha256[:12]}…" if identity.weights_sha256 else ""
    counts, change = memory.class_counts(), memory.catalog.change()
    scheme = VotingScheme.of(settings, decision.k, decision.rule)
    found = [
        ("Memory", place if keep_private else Path(place).name),
        (
            "Exemplars",
            f"{sum(counts.values()):,} active, in {len(counts):,} classes; change {change:,}",
        ),
        ("Encoder", f"{identity.words}, {identity.dim} dimensions{weights}"),
        ("Preprocessing", identity.preprocess or "none"),
        ("Voting", f"{scheme.words}, at {level_in_words(decision.level)}"),
        ("Class factor", IN_WORDS[settings.class_factor]),
    ]
    if decision.search is not None:
        found.append(("Search", f"{decision.search.mode} on {decision.search.device}"))
    return tuple(found)


def _time(moment: float) -> str:
    return datetime.fromtimestamp(moment).astimezone().strftime("%Y-%m-%d %H:%M")
