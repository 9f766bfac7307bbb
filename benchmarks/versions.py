"""Do an edit and a decision take more processor time than in an earlier version? Versions of the product take turns.

Each version, a commit of this repository or "now" for the working tree, runs in a process of its own on a memory of its
own: clustered vectors of 384 dimensions, seeded, above the limit of exact search. The processes take turns,
two rounds at a time in a new random order, so that a busy moment hits all of them. A round adds one exemplar and
decides, strikes one out and decides, and decides again. Told are the 5th percentile and the median of the processor
time, in microseconds; files are in main memory where there is /dev/shm, so that no disk counts.

    python -m benchmarks.versions [--n 12000] [--rounds 600] [--rule ridge] [--exact] a1e7dec now
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.results import table, write

REPOSITORY = Path(__file__).parents[1]
CHILD = Path(__file__).with_name("version_child.py")
NOW = "now"
MEMORY_FILES = "/dev/shm"
TURN = 2


class Version:
    """One version in its own process."""

    def __init__(self, commit: str, folder: Path, *, n: int, rule: str, exact: bool) -> None:
        self.commit = commit
        source = REPOSITORY if commit == NOW else checked_out(commit, folder / f"{commit}-source")
        options = [str(folder / f"{commit}.vmem"), str(n), rule, *(["exact"] if exact else [])]
        self._process = subprocess.Popen(
            [sys.executable, "-P", str(CHILD), *options],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": str(source)},
            text=True,
        )
        self.kept: dict[str, list[float]] = defaultdict(list)

    def rounds(self, first: int, end: int) -> None:
        """Run these rounds, and keep what they took."""
        for what, values in self._asked(f"{first} {end}").items():
            self.kept[what] += values

    def wait(self) -> None:
        """Until its memory is filled."""
        self._asked("0 0")

    def close(self) -> None:
        self._process.communicate("")

    def _asked(self, line: str) -> dict[str, list[float]]:
        assert self._process.stdin is not None and self._process.stdout is not None
        print(line, file=self._process.stdin, flush=True)
        answer: dict[str, list[float]] = json.loads(self._process.stdout.readline())
        return answer


def checked_out(commit: str, folder: Path) -> Path:
    """The files of a commit in a new ``folder``."""
    folder.mkdir()
    archive = subprocess.run(["git", "archive", commit], cwd=REPOSITORY, check=True, capture_output=True).stdout
    subprocess.run(["tar", "-x", "-C", str(folder)], input=archive, check=True)
    return folder


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("commits", nargs="+")
    parser.add_argument("--n", type=int, default=12_000)
    parser.add_argument("--rounds", type=int, default=600)
    parser.add_argument("--rule", default="rank")
    parser.add_argument("--exact", action="store_true", help="searched exactly")
    options = parser.parse_args()
    place = MEMORY_FILES if Path(MEMORY_FILES).is_dir() else None
    with tempfile.TemporaryDirectory(dir=place) as name:
        versions = [
            Version(commit, Path(name), n=options.n, rule=options.rule, exact=options.exact)
            for commit in options.commits
        ]
        for version in versions:
            version.wait()
        order = random.Random(0)
        for first in range(0, options.rounds, TURN):
            for version in order.sample(versions, len(versions)):
                version.rounds(first, min(first + TURN, options.rounds))
        for version in versions:
            version.close()
    report(versions, options)


def report(versions: list[Version], options: argparse.Namespace) -> None:
    figures = list(versions[0].kept)
    sides: list[dict[str, Any]] = [
        {
            "commit": version.commit,
            **{f"{what}_us_p5": float(np.percentile(version.kept[what], 5)) for what in figures},
            **{f"{what}_us_p50": float(np.median(version.kept[what])) for what in figures},
        }
        for version in versions
    ]
    name = f"versions-{options.rule}" + ("-exact" if options.exact else "")
    write(name, {"n": options.n, "rounds": options.rounds, "versions": sides})
    rows = [list(side.values()) for side in sides]
    print(table(["version", *(f"{what}, p5" for what in figures), *(f"{what}, p50" for what in figures)], rows))


if __name__ == "__main__":
    main()
