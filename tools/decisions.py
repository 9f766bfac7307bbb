"""Numbers the decisions in ``docs/decisions`` without gaps, oldest first, and writes their table.

``python -m tools.decisions`` after adding one, under any number, or after a merge that brought two of one number.
"""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
from datetime import date
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FORM = re.compile(
    r"# (?P<number>\d+)\. (?P<title>[^\n]+[^.\n])\n\n"
    r"- Date: (?P<date>\d{4}-\d\d-\d\d)\n"
    r"- Status: (?P<status>accepted|superseded by \[\d+\]\(\d{4}-\S+\.md\))\n\n"
    r"## Decision\n\n(?s:.+)\n\n## Options rejected\n\n- (?s:.+)\n\n## Consequences\n\n(?s:.+)\n"
)
LINK = re.compile(r"(?:\[(?P<word>(?:[Dd]ecision )?)\d+\]\((?P<folder>[^)\s]*?))?(?P<name>\d{4}-[a-z0-9-]+\.md)")
HEAD = """# Decisions

One file each: what was decided, which options were rejected, and what follows. `python -m tools.decisions` numbers them
and writes this table.

| | | |
|---|---|---|
"""


@dataclass(frozen=True, slots=True)
class Decision:
    """One decision on file. ``number`` is that of its heading."""

    path: Path
    number: int
    title: str
    date: date
    status: str

    @classmethod
    def read(cls, path: Path) -> Decision:
        """Raises ValueError, naming the file, where it has another form than FORM."""
        found = FORM.fullmatch(path.read_text(encoding="utf-8"))
        if found is None:
            raise ValueError(
                f"{path.name} needs a number and title, Date, Status, Decision, Options rejected, Consequences"
            )
        return cls(path, int(found["number"]), found["title"], date.fromisoformat(found["date"]), found["status"])


def decisions(folder: Path) -> list[Decision]:
    """All decisions, oldest first; of one day by number, of one number by file name."""
    found = map(Decision.read, folder.glob("[0-9]*.md"))
    return sorted(found, key=lambda each: (each.date, each.number, each.path.name))


def table(folder: Path) -> str:
    """The folder's README.md as it should be."""
    rows = [f"| [{d.path.name[:4]}]({d.path.name}) | {d.title} | {d.date} |\n" for d in decisions(folder)]
    return HEAD + "".join(rows)


def renumber(folder: Path, documents: list[Path]) -> None:
    """Give each decision its place as its number: in its heading, its file name and the links of ``documents``."""
    moves = {d: _name(d, number) for number, d in enumerate(decisions(folder), start=1)}
    for decision, name in moves.items():
        text = decision.path.read_text(encoding="utf-8")
        decision.path.write_text(text.replace(f"# {decision.number}.", f"# {int(name[:4])}.", 1), encoding="utf-8")
    for document in documents:
        _follow({decision.path.name: name for decision, name in moves.items()}, document)
    for decision, name in moves.items():
        decision.path.rename(folder / f"{name}.moving")
    for name in moves.values():
        (folder / f"{name}.moving").rename(folder / name)


def _name(decision: Decision, number: int) -> str:
    return f"{number:04}-{decision.path.name.partition('-')[2]}"


def _follow(moves: dict[str, str], document: Path) -> None:
    """Let the links of ``document``, and the numbers that they show, follow the files."""
    text = document.read_text(encoding="utf-8")
    new = LINK.sub(lambda link: _moved(link, moves.get(link["name"], link["name"])), text)
    if new != text:
        document.write_text(new, encoding="utf-8")


def _moved(link: re.Match[str], name: str) -> str:
    if name == link["name"]:
        return link[0]
    if link["folder"] is None:
        return name
    return f"[{link['word']}{int(name[:4])}]({link['folder']}{name}"


def _documents() -> list[Path]:
    """Every text of the repository that may name a decision: those under version control and the new ones."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.md", "*.py", "*.toml", "*.yml"]
    listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return [path for line in listed.splitlines() if (path := ROOT / line).is_file()]


def main() -> None:
    """Number the decisions of this repository and write their table."""
    folder = ROOT / "docs/decisions"
    try:
        renumber(folder, _documents())
    except ValueError as error:
        raise SystemExit(f"error: {error}") from None
    (folder / "README.md").write_text(table(folder), encoding="utf-8")


if __name__ == "__main__":
    main()
