"""Run every benchmark: python -m benchmarks [NAME ...]"""

from __future__ import annotations

import subprocess
import sys

ALL = (
    "edit",
    "shots",
    "queue",
    "review",
    "browser",
    "window",
    "impact",
    "evaluate",
    "prune",
    "rules",
    "paper",
    "unknown",
    "gpu",
)


def main() -> int:
    names = sys.argv[1:] or list(ALL)
    codes = [subprocess.run([sys.executable, "-m", f"benchmarks.{name}"], check=False).returncode for name in names]
    return max(codes)


if __name__ == "__main__":
    raise SystemExit(main())
