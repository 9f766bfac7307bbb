"""How many actions and seconds do the stories of docs/guide.md take, with a real mouse and keyboard?

Runs the tests of tests/e2e that tell one, under Xvfb. The seconds are those of the clock: what the program needs, and
the pauses of the hands, which move and type as a person could. Needs Xvfb and xdotool.

    python -m benchmarks.stories
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.results import table, write
from tests.e2e.story import KEPT_IN

TESTS = Path(__file__).parents[1] / "tests" / "e2e"


def tellers() -> list[str]:
    """The files of tests that tell a story."""
    return sorted(str(path) for path in TESTS.glob("test_*.py") if "Story(" in path.read_text())


def main() -> int:
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    with tempfile.TemporaryDirectory() as name:
        kept = Path(name) / "stories"
        kept.touch()
        command = [sys.executable, "-m", "pytest", "-q", *tellers()]
        ended = subprocess.run(command, env={**os.environ, KEPT_IN: str(kept)}, check=False).returncode
        found = [json.loads(line) for line in kept.read_text().splitlines()]
    if ended == 0:
        write("stories", {"stories": found})
    print(table(["story", "actions", "seconds"], [list(each.values()) for each in found]))
    return ended


if __name__ == "__main__":
    sys.exit(main())
