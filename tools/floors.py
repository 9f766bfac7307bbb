"""Prints the rooms of a part of the package, the floor of each, and the arrows between them.

``python -m tools.floors engine`` (or ``app``), ``--moves FILE`` as if modules were moved: lines ``old new``, names
from the part on, old a module or a package (``store.purge forget``). A room is a module or package directly in the
part; its floor is the length of the longest chain of imports down from it; rooms of a circle share one.
"""

from __future__ import annotations

import argparse
import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import grimp

PACKAGE = "visualmemory_gui"
Arrow = tuple[str, str]


@dataclass(frozen=True, slots=True)
class House:
    """The rooms of a part, and ``arrows`` from room to room, each with the imports behind it."""

    rooms: frozenset[str]
    arrows: Mapping[Arrow, list[Arrow]]

    def below(self, room: str) -> set[str]:
        return {to for start, to in self.arrows if start == room}

    def circles(self) -> list[frozenset[str]]:
        """Groups of rooms of which each imports each, by whatever way."""
        return circles_of({room: self.below(room) for room in self.rooms})

    def floors(self) -> dict[str, int]:
        """Room -> floor, 1 is the ground."""
        circle_of = {room: circle for circle in self.circles() for room in circle}
        known: dict[frozenset[str], int] = {}

        def floor(group: frozenset[str]) -> int:
            if group not in known:
                under = {circle_of.get(to, frozenset({to})) for room in group for to in self.below(room)} - {group}
                known[group] = 1 + max(map(floor, under), default=0)
            return known[group]

        return {room: floor(circle_of.get(room, frozenset({room}))) for room in self.rooms}

    def longest_chain(self) -> list[str]:
        """One chain of rooms from the highest floor to the ground."""
        floors = self.floors()
        chain = [max(floors, key=lambda room: (floors[room], room))]
        while under := {to for to in self.below(chain[-1]) if floors[to] < floors[chain[-1]]}:
            chain.append(max(under, key=lambda room: (floors[room], room)))
        return chain


def circles_of(arrows: Mapping[str, Collection[str]]) -> list[frozenset[str]]:
    """The groups in which each leads to each; ``arrows`` holds where every one leads directly."""
    reach = {start: _reach(start, arrows) for start in arrows}
    found = {frozenset(o for o in reach[start] if start in reach[o]) for start in arrows if start in reach[start]}
    return sorted(found, key=sorted)


def _reach(start: str, arrows: Mapping[str, Collection[str]]) -> set[str]:
    """All that a chain of arrows leads to from ``start``, itself only where it is in a circle."""
    found: set[str] = set()
    ahead = set(arrows[start])
    while ahead:
        found |= ahead
        ahead = {to for each in ahead for to in arrows[each]} - found
    return found


def house(part: str, moves: Mapping[str, str] | None = None) -> House:
    """The house of ``engine`` or ``app`` as its imports draw it, those for types alone and late ones included."""
    root = f"{PACKAGE}.{part}."
    graph = grimp.build_graph(PACKAGE)
    modules = sorted(name for name in graph.modules if name.startswith(root))
    room_of = {name: _room(_moved(name.removeprefix(root), moves or {})) for name in modules}
    arrows: dict[Arrow, list[Arrow]] = defaultdict(list)
    for name in modules:
        for other in sorted(graph.find_modules_directly_imported_by(name)):
            if other in room_of and room_of[other] != room_of[name]:
                arrows[room_of[name], room_of[other]].append((name.removeprefix(root), other.removeprefix(root)))
    return House(frozenset(room_of.values()), dict(arrows))


def _moved(name: str, moves: Mapping[str, str]) -> str:
    """The name after the moves: that of the module itself counts before that of a package around it."""
    parts = name.split(".")
    for length in range(len(parts), 0, -1):
        if (old := ".".join(parts[:length])) in moves:
            return ".".join([moves[old], *parts[length:]])
    return name


def _room(name: str) -> str:
    return name.partition(".")[0]


def read_moves(path: Path) -> dict[str, str]:
    return dict(re.findall(r"^([\w.]+) +([\w.]+)$", path.read_text(encoding="utf-8"), re.MULTILINE))


def lines(found: House, *, imports: bool = False) -> Iterable[str]:
    """What the command prints."""
    floors = found.floors()
    yield f"{len(found.rooms)} rooms on {max(floors.values())} floors, {len(found.arrows)} arrows"
    yield "longest chain: " + " > ".join(found.longest_chain())
    for circle in found.circles():
        yield "circle: " + ", ".join(sorted(circle))
    for room in sorted(found.rooms, key=lambda room: (-floors[room], room)):
        yield f"{floors[room]:3}  {room}: {', '.join(sorted(found.below(room), key=lambda to: (-floors[to], to)))}"
        for (start, to), behind in sorted(found.arrows.items()) if imports else ():
            if start == room:
                yield from (f"       {module} > {other}  ({to})" for module, other in behind)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("part", choices=["engine", "app"])
    options.add_argument("--moves", type=Path, help="a file of lines: old new")
    options.add_argument("--imports", action="store_true", help="also the imports behind each arrow")
    chosen = options.parse_args()
    moves = read_moves(chosen.moves) if chosen.moves else {}
    print("\n".join(lines(house(chosen.part, moves), imports=chosen.imports)))


if __name__ == "__main__":
    main()
