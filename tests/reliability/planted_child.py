"""Does to memories of strangers all that a receiver would do, each command on a copy of its own, in one process.

Arguments: an image, then the planted memories; each has its room to itself, where ``home`` is the user's and ``work``
is made. Prints one JSON line a command: the room's name, what was run, its exit code, its output, and the seconds of
computing. The commands run as from a shell, in this process, which imports once. It ends where one memory takes longer
than ``PATIENCE_S``.
"""

from __future__ import annotations

import faulthandler
import json
import os
import shutil
import sys
import time
import traceback
from pathlib import Path

from typer.testing import CliRunner

from visualmemory_gui.cli.main import app

PATIENCE_S = 100  # for all commands on one memory: a pipe without a writer is waited for without computing
HOMES = ("XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME")

# What a person does who got a memory: look, ask, check, edit, tidy up, erase, pass on.
COMMANDS = (
    ("show", "{memory}", "--json"),
    ("show", "{memory}", "1"),
    ("classify", "{memory}", "{image}", "--json"),
    ("history", "{memory}"),
    ("settings", "{memory}"),
    ("verify", "{memory}", "--json"),
    ("strike", "{memory}", "2"),
    ("undo", "{memory}"),
    ("relabel", "{memory}", "3", "--label", "other"),
    ("add", "{memory}", "{image}", "--label", "new"),
    ("settings", "{memory}", "k", "7"),
    ("compact", "{memory}"),
    ("forget", "{memory}", "1", "--yes"),
    ("export", "{memory}", "{work}/out.vmemz"),
    ("export", "{memory}", "{work}/classes"),
    ("import", "{work}/out.vmemz", "{work}/again.vmem"),
)


def copied(planted: Path, target: Path) -> Path:
    """The planted folder with its links, pipes and times as they are."""
    shutil.copytree(planted, target, symlinks=True, copy_function=copy_anything)
    return target


def copy_anything(source: str, target: str) -> str:
    if not os.path.lexists(source) or not Path(source).is_file():
        os.mkfifo(target)
        return target
    return shutil.copy2(source, target, follow_symlinks=False)


def run(words: list[str]) -> dict[str, object]:
    began = time.process_time()  # of computing: on a busy machine everything takes long
    done = CliRunner().invoke(app, words)
    took = time.process_time() - began
    raw = ""
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raw = "".join(traceback.format_exception(done.exception))
    return {
        "command": words[0],
        "code": done.exit_code,
        "out": done.stdout[-4000:],
        "err": done.stderr[-4000:],
        "raw": raw,
        "seconds": took,
    }


def use(planted: Path, image: Path) -> None:
    room = planted.parent
    os.environ.update({name: str(room / "home" / name.lower()) for name in HOMES})
    (work := room / "work").mkdir()
    for number, template in enumerate(COMMANDS):
        memory = copied(planted, work / f"{number}.vmem")
        words = [word.format(memory=memory, image=image, work=work) for word in template]
        print(json.dumps({"room": room.name, **run(words)}), flush=True)
        if template[0] not in ("export", "import"):
            shutil.rmtree(memory)


def main() -> None:
    image, *memories = map(Path, sys.argv[1:])
    for planted in memories:
        faulthandler.dump_traceback_later(PATIENCE_S, exit=True)
        use(planted, image)
    faulthandler.cancel_dump_traceback_later()


if __name__ == "__main__":
    main()
