"""A child process as its parent has it: where it starts, and how it ends. Light to import."""

from __future__ import annotations

import contextlib
import subprocess
from pathlib import Path

HOME = Path(__file__).resolve().parents[3]
"""The folder of the package: a child that starts there imports this product and nothing that lies around."""


def end(process: subprocess.Popen[bytes]) -> None:
    """Kill the child, collect its exit code and close its pipes."""
    process.kill()
    process.wait()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            with contextlib.suppress(OSError):  # what is left to send cannot be flushed
                pipe.close()
