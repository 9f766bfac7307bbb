"""What the window does with the reasons of a decision: preview of a flip, impact of an edit, a report."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from visualmemory_gui.app import operations, watch_operations
from visualmemory_gui.app.dialogs import Asking
from visualmemory_gui.app.models.asking import Query
from visualmemory_gui.app.models.thumbnails import scaled
from visualmemory_gui.app.session import Session
from visualmemory_gui.app.widgets.flip_dialog import StrikeRow
from visualmemory_gui.engine.decision.levels import at_level
from visualmemory_gui.engine.study.proposed_edit import ProposedEdit

if TYPE_CHECKING:
    from visualmemory_gui.engine.study.impact import Impact

SIDE = 160


class ReasonCommands:
    """``then`` takes a decision that was chosen to be looked at: an exemplar's id or a query."""

    def __init__(self, session: Session, ask: Asking, then: Callable[[Query | int], object]) -> None:
        self._session, self._ask, self._then = session, ask, then

    def preview_flip(self) -> None:
        """Show the exemplars whose strike would change the decision; applying it is one step."""
        found, query = self._session.counterfactuals.found, self._session.decision.query
        if found is None or found.strikes is None or not found.strikes.ids or query is None:
            return
        strikes, level = found.strikes, self._session.decision.level
        known = {n.id: n for n in self._session.decision.shown(strikes.ids)}

        def rows(memory: Any) -> list[StrikeRow]:
            images = memory.catalog.thumbnails(strikes.ids)
            return [
                StrikeRow(
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
            "a small class has, the more each of its votes weighs."
            if strikes.own
            else ""
        )
        self._session.edit("Reading pictures", rows, partial(self._ask_flip, title, note, strikes.ids))

    def _ask_flip(self, title: str, note: str, ids: tuple[int, ...], rows: list[StrikeRow]) -> None:
        found: list[tuple[str, Impact]] = []
        strike = partial(operations.strike, self._session, ids, here=True)
        say = self._ask.flip(title, note, rows, strike, lambda: self._show(*found[-1]))

        def tell(text: str, impact: Impact | None) -> None:
            if impact is not None:
                found.append((text, impact))
            say(text, impact is not None and bool(impact.changed))

        self._session.impact_preview.ask(ProposedEdit("strike", ids), tell)

    def _show(self, text: str, impact: Impact) -> None:
        watch_operations.show_changed(self._session, impact, ask=self._ask, then=self._then, title=text)

    def show_impact(self) -> None:
        """List the decisions that the edit in question would change."""
        model = self._session.impact_preview
        if model.impact is not None and model.impact.changed:
            self._show(model.text, model.impact)

    def report(self) -> None:
        """Ask where to, and write the decision that is shown as a document."""
        memory, query = self._session.memory, self._session.decision.query
        if memory is not None and query is not None and self._session.decision.decision is not None:
            stem = Path(query.name).stem or "decision"
            self._ask.report_file(memory.path.with_name(f"{stem}-report.html"), self._write_report)

    def _write_report(self, path: str) -> None:
        query, decision = self._session.decision.query, self._session.decision.decision
        if query is None or decision is None:
            return
        expected = self._session.counterfactuals.expected

        def work(memory: Any, _: Any) -> str:
            from visualmemory_gui.engine.exchange import report
            from visualmemory_gui.engine.exchange.report_content import Asked

            asked = Asked(query.name, query.thumbnail, query.source, expected)
            return str(report.write(report.gather(memory, decision, asked), path))

        self._session.run_background(
            "Writing the report", work, lambda to: self._session.post_note(f"Wrote {Path(to).name}."), stoppable=False
        )
