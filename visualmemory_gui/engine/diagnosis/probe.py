"""Trying in a child process what may raise, hang or crash: the import of a library, or a function that uses one."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from visualmemory_gui.engine.processes.child_process import HOME

LIMIT_S = 60.0


@dataclass(frozen=True, slots=True)
class Probed:
    """The outcome for one module or function: its ``value``, or the ``error`` that it ended with, "" for none.

    ``printed`` is what it wrote on stderr, where it ended the process.
    """

    value: Mapping[str, object] = field(default_factory=dict)
    error: str = ""
    printed: str = ""


def probe(names: Sequence[str], *, limit_s: float = LIMIT_S) -> dict[str, Probed]:
    """Import each of ``names``, ``module`` or ``module:function``, which is also called and returns what JSON can hold.

    In one child process, and in another one for those after one that ends it or takes longer than ``limit_s``.
    """
    found: dict[str, Probed] = {}
    left = list(names)
    while left:
        answers, ended = _answers(left, limit_s)
        found.update(zip(left, answers, strict=False))
        left = left[len(answers) :]
        if left:
            found[left.pop(0)] = ended
    return found


def _answers(names: list[str], limit_s: float) -> tuple[list[Probed], Probed]:
    """The answers of one child, and what is to be said of the name after the last one."""
    command = [sys.executable, "-m", f"{__package__}.probe_child", *names]
    try:
        done = subprocess.run(command, capture_output=True, timeout=limit_s, cwd=HOME, check=False)
    except subprocess.TimeoutExpired as late:
        return _read(late.stdout or b""), Probed(error=f"not ready after {limit_s:g} s")
    except OSError as error:
        return [], Probed(error=f"no process can be started: {error}")
    printed = done.stderr.decode("utf-8", "replace")
    return _read(done.stdout), Probed(error=f"it ended the process (exit code {done.returncode})", printed=printed)


def _read(output: bytes) -> list[Probed]:
    lines = output.decode("utf-8", "replace").split("\n")[:-1]  # one that was cut has no end
    return [Probed(**json.loads(line)) for line in lines]
