"""Commands on the reasons for a decision: preview a flip, list an edit's impact, write a report."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from visualmemory_gui.app.actions.dialogs import Dialogs
from visualmemory_gui.app.models.query import Query
from visualmemory_gui.app.models.thumbnails import scaled
from visualmemory_gui.app.operations import exemplars, watch_set
from visualmemory_gui.app.operations.edit import Edit, Job, Note
from visualmemory_gui.app.session import Session
from visualmemory_gui.app.widgets.dialogs.changed_decisions_dialog import DecisionRow
from visualmemory_gui.app.widgets.tables.labelled_images import LabelledRow
from visualmemory_gui.engine.decision.levels import at_level
from visualmemory_gui.engine.progress import Report
from visualmemory_gui.engine.what_if.proposed_edit import ProposedEdit

if TYPE_CHECKING:
    from visualmemory_gui.engine.memory.protocol import Memory
    from visualmemory_gui.engine.what_if.impact import Impact

SIDE = 160
MOST_SHOWN = 200


class ReasonCommands:
    """``then`` takes a decision that the user chose to see: an exemplar's id or a query."""

    def __init__(self, session: Session, ask: Dialogs, then: Callable[[Query | int], object]) -> None:
        self._session, self._ask, self._then = session, ask, then

    def preview_flip(self) -> None:
        """Show the exemplars whose strike would change the decision; applying that is one step."""
        found, query = self._session.counterfactuals.found, self._session.decision.query
        if found is None or found.strikes is None or not found.strikes.ids or query is None:
            return
        strikes, level = found.strikes, self._session.decision.level
        known = {n.id: n for n in self._session.decision.shown(strikes.ids)}

        def rows(memory: Memory) -> list[LabelledRow]:
            images = memory.catalog.thumbnails(strikes.ids)
            return [
                LabelledRow(
                    at_level(row.label, level),
                    f"exemplar {row.id}, {f'rank {known[row.id].rank}' if row.id in known else 'moves up'}",
                    scaled(images.get(row.id, b""), SIDE),
                )
                for row in memory.catalog.get(strikes.ids)
            ]

        most = "" if strikes.exact else "at most "
        title = f"Strike {most}{len(strikes.ids):,}, and {query.name} is {strikes.label}"
        note = (
            f"{strikes.own} of them {'is' if strikes.own == 1 else 'are'} {strikes.label}: the fewer exemplars "
            "a small class has, the more each of its votes counts."
            if strikes.own
            else ""
        )
        ask = partial(self._ask_flip, title, note, strikes.ids)
        Edit("Reading images", rows, ask, only_reads=True).run(self._session)

    def _ask_flip(self, title: str, note: str, ids: tuple[int, ...], rows: list[LabelledRow]) -> None:
        found: list[tuple[Impact, str]] = []
        strike = partial(exemplars.strike, self._session, ids, here=True)
        say = self._ask.flip(title, note, rows, strike, lambda: self.show_changed(*found[-1]))

        def tell(text: str, impact: Impact | None) -> None:
            if impact is not None:
                found.append((impact, text))
            say(text, impact is not None and bool(impact.changed))

        self._session.impact_preview.ask(ProposedEdit("strike", ids), tell)

    def show_changed(self, impact: Impact, title: str = "") -> None:
        """List the decisions that an edit changed, or would change; ``title`` says which."""
        changed = impact.changed[:MOST_SHOWN]

        def chosen(row: int) -> None:
            query = changed[row].query
            found = query.exemplar if query.image is None else watch_set.query_of(query.image)
            if found is not None:
                self._then(found)

        def shown(rows: list[DecisionRow]) -> None:
            first = f" (the first {len(changed):,})" if len(changed) < len(impact.changed) else ""
            self._ask.changed_decisions(f"{title or impact.summary.capitalize()}{first}", rows, chosen)

        def rows(memory: Memory) -> list[DecisionRow]:
            return [watch_set.changed_row(memory, each) for each in changed]

        Edit("Reading images", rows, shown, only_reads=True).run(self._session)

    def show_impact(self) -> None:
        """List the decisions that a proposed edit would change."""
        model = self._session.impact_preview
        if model.impact is not None and model.impact.changed:
            self.show_changed(model.impact, model.text)

    def report(self) -> None:
        """Ask for a file, and write the decision that is shown to it as a document."""
        query = self._session.decision.query
        if query is not None and self._session.decision.decision is not None:
            stem = Path(query.name).stem or "decision"
            self._ask.report_file(self._session.beside / f"{stem}-report.html", self._write_report)

    def _write_report(self, path: str) -> None:
        query, decision = self._session.decision.query, self._session.decision.decision
        if query is None or decision is None:
            return
        expected = self._session.counterfactuals.expected

        def work(memory: Memory, _: Report) -> None:
            from visualmemory_gui.engine.exchange.report import report
            from visualmemory_gui.engine.exchange.report.content import Asked

            asked = Asked(query.name, query.thumbnail, query.source, expected)
            report.write(report.gather(memory, decision, asked), path)

        written = Note(f"Wrote {Path(path).name}.")
        Job("Writing the report", work, lambda _: written, only_reads=True, stoppable=False).run(self._session)
