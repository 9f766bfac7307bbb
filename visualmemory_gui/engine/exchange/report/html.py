"""The report as one HTML file: it loads nothing, and none of its text is interpreted as markup."""

from __future__ import annotations

import base64
from html import escape
from typing import TYPE_CHECKING

from visualmemory_gui.engine.exchange.report.content import NO_EDITS
from visualmemory_gui.engine.text.visible_text import factor_text

if TYPE_CHECKING:
    from visualmemory_gui.engine.exchange.report.content import DecisionReport, ReportCard

STYLE = """
body { margin: 0 auto; padding: 28px; max-width: 980px; background: #fff; color: #1b1d22;
  font: 15px/1.45 system-ui, "DejaVu Sans", sans-serif; }
h1 { margin: 0 0 6px; font-size: 26px; overflow-wrap: anywhere; } h2 { margin: 30px 0 10px; font-size: 17px; }
p { margin: 3px 0; } .dim { color: #565c66; }
.query { display: flex; gap: 26px; align-items: flex-start; flex-wrap: wrap; }
.query img { max-width: 256px; border: 1px solid #d4d7dd; border-radius: 6px; background: #fff; }
.query div { flex: 1; min-width: 260px; }
.bar { display: grid; grid-template-columns: minmax(120px, 1fr) 2fr 56px; gap: 12px; align-items: center;
  margin: 5px 0; }
.bar span { overflow-wrap: anywhere; } .bar b { font-weight: 400; text-align: right; }
.track { height: 10px; border-radius: 5px; background: #e6e8ec; }
.track i { display: block; height: 10px; border-radius: 5px; background: #6c717c; }
.track i.won { background: #2872d4; }
.cards { display: grid; grid-template-columns: repeat(auto-fill, minmax(168px, 1fr)); gap: 14px; }
.card { border: 1px solid #d4d7dd; border-radius: 7px; padding: 10px; break-inside: avoid; overflow-wrap: anywhere; }
.card img, .none { display: block; width: 100%; height: 128px; object-fit: contain; background: #fff; }
.none { color: #565c66; line-height: 128px; text-align: center; }
.card p { font-size: 13px; } .card .label { font-weight: 600; font-size: 14px; }
table { border-collapse: collapse; width: 100%; }
td { padding: 4px 14px 4px 0; vertical-align: top; border-top: 1px solid #e6e8ec; overflow-wrap: anywhere; }
td:first-child { color: #565c66; white-space: nowrap; width: 1%; }
footer { margin-top: 30px; color: #565c66; font-size: 13px; }
"""


def page(report: DecisionReport) -> str:
    """The report as an HTML document."""
    asked = report.asked
    source = f'<p class="dim">{escape(asked.source)}</p>' if asked.source else ""
    lines = "".join(f"<p>{escape(line)}</p>" for line in report.sentences)
    return "\n".join(
        [
            "<!DOCTYPE html>",
            '<html lang="en"><head><meta charset="utf-8">',
            '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; img-src data:; '
            "style-src 'unsafe-inline'\">",
            '<meta name="viewport" content="width=device-width">',
            f"<title>{escape(asked.name)}: {escape(report.headline)}</title><style>{STYLE}</style></head><body>",
            f'<section class="query">{_image(asked.thumbnail, f"Query {asked.name}")}<div>'
            f'<p class="dim">{escape(asked.name)}</p><h1>{escape(report.headline)}</h1>{lines}{source}</div></section>',
            f"<h2>Votes</h2>{_bars(report)}",
            f'<h2>Neighbours</h2><div class="cards">{"".join(map(_card, report.cards))}</div>' if report.cards else "",
            f"<h2>Settings</h2>{_table(report.facts)}",
            f"<h2>Edits</h2>{_edits(report)}",
            f"<footer>{escape(report.made)}</footer></body></html>",
        ]
    )


def _bars(report: DecisionReport) -> str:
    rows = []
    for place, (label, share) in enumerate(report.shares.items()):
        won = "" if place else ' class="won"'
        track = f'<div class="track"><i{won} style="width:{100 * share:.1f}%"></i></div>'
        rows.append(f'<div class="bar"><span>{escape(label)}</span>{track}<b>{100 * share:.0f} %</b></div>')
    return "".join(rows) or '<p class="dim">No neighbour has a vote.</p>'


def _card(card: ReportCard) -> str:
    n = card.neighbour
    more = [f"trust {n.trust:g}"] if n.trust != 1 else []
    more += [f"x{factor} for a small class"] if (factor := factor_text(n.factor)) else []
    meaning = f'<p class="dim">{escape(n.meaning)}</p>' if n.meaning else ""
    source = f'<p class="dim">{escape(card.source)}</p>' if card.source else ""
    full = f'<p class="dim">{escape(n.label)}</p>' if n.label != card.label else ""
    return (
        f'<div class="card">{_image(card.thumbnail, f"Exemplar {n.id}")}'
        f'<p class="label">{n.rank}. {escape(card.label)}</p>{full}'
        f"<p>{100 * n.share:.1f} % of the vote, distance {n.distance:.3f}</p>{meaning}"
        f'<p class="dim">exemplar {n.id}{"".join(f", {escape(part)}" for part in more)}</p>{source}</div>'
    )


def _edits(report: DecisionReport) -> str:
    if not report.edits:
        return f'<p class="dim">{NO_EDITS}</p>'
    more = f'<p class="dim">and {report.more_edits:,} earlier</p>' if report.more_edits else ""
    return _table(report.edit_rows) + more


def _table(rows: tuple[tuple[str, str], ...]) -> str:
    cells = "".join(f"<tr><td>{escape(name)}</td><td>{escape(value)}</td></tr>" for name, value in rows)
    return f"<table>{cells}</table>"


def _image(jpeg: bytes | None, words: str) -> str:
    if not jpeg:
        return '<div class="none">no image</div>'
    return f'<img alt="{escape(words)}" src="data:image/jpeg;base64,{base64.b64encode(jpeg).decode()}">'
