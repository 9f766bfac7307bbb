"""How long does a process take from its start to its first decision, and to the first paint of its window?

Whole processes are started in turn, those of another checkout of the product and those of this one, each after one run
that is not counted. Told are medians of seconds and of processor time, children included.

    python -m benchmarks.start --memory MEMORY --image IMAGE [--before CHECKOUT] [--runs 15] [--only "first decision"]
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from benchmarks.results import read, table, write

HERE = Path(__file__).resolve().parents[1]
PAINT = """
import os
from visualmemory_gui.app import application
app, window = application.create(["visualmemory-gui"])
window.show()
while not window._painted:
    app.processEvents()
os._exit(0)
"""


def spent(command: list[str], checkout: Path) -> tuple[float, float]:
    """Seconds and processor seconds of one process of ``checkout``."""
    environment = {**os.environ, "PYTHONPATH": str(checkout), "QT_QPA_PLATFORM": "offscreen"}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(
        command, cwd=checkout, env=environment, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    seconds, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    return seconds, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def compared(command: list[str], checkouts: dict[str, Path], runs: int) -> dict[str, Any]:
    """By the name of a checkout, the medians of ``runs`` processes, in turn."""
    each: dict[str, list[tuple[float, float]]] = {name: [] for name in checkouts}
    for run in range(runs + 1):
        for name, checkout in checkouts.items():
            found = spent(command, checkout)
            if run:
                each[name].append(found)
    return {
        name: {
            "seconds": round(statistics.median(one[0] for one in found), 3),
            "least_seconds": round(min(one[0] for one in found), 3),
            "processor_seconds": round(statistics.median(one[1] for one in found), 3),
        }
        for name, found in each.items()
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--memory", type=Path, required=True)
    parser.add_argument("--image", type=Path, required=True)
    parser.add_argument("--before", type=Path, help="another checkout, to compare with")
    parser.add_argument("--runs", type=int, default=15)
    parser.add_argument("--only", choices=["first decision", "first paint"])
    parser.add_argument("--note", default="", help="what is to be known of the machine, kept with the result")
    given = parser.parse_args()
    python, memory, image = sys.executable, str(given.memory.resolve()), str(given.image.resolve())
    commands = {
        "first decision": [python, "-m", "visualmemory_gui", "classify", memory, image],
        "first paint": [python, "-c", PAINT],
    }
    commands = {what: command for what, command in commands.items() if given.only in (None, what)}
    checkouts = {**({"before": given.before.resolve()} if given.before else {}), "now": HERE}
    found = {what: compared(command, checkouts, given.runs) for what, command in commands.items()}
    write(
        "start",
        {**read("start"), "runs": given.runs, "load": round(os.getloadavg()[0], 1), "note": given.note, **found},
    )
    rows = [[what, name, *one.values()] for what, by_name in found.items() for name, one in by_name.items()]
    print(table(["to", "", "s", "least s", "processor s"], rows))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
