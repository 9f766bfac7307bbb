"""What the application starts with: the command line, the window without arguments, and its own child processes."""

from __future__ import annotations

import runpy
import shutil
import sys
from pathlib import Path

SHIPPED = "encoders"
"""The folder with the converted encoder, among the application's own files."""


def main() -> None:
    if sys.argv[1:2] == ["-m"]:  # as an interpreter would: children are started so
        module, sys.argv = sys.argv[2], sys.argv[2:]
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    elif sys.argv[1:2] == ["-P"]:
        script, sys.argv = sys.argv[2], sys.argv[2:]
        runpy.run_path(script, run_name="__main__")
    else:
        place_encoder(Path(__file__).parent / SHIPPED)
        from visualmemory_gui.cli.main import main as command

        sys.argv[1:] = sys.argv[1:] or ["gui"]
        command()


def place_encoder(shipped: Path) -> None:
    """Put the converted encoder where one that was converted here would lie, unless one does."""
    from visualmemory_gui.engine.files.installation import cache_folder

    target = cache_folder() / "encoders"
    for model in shipped.iterdir():
        if not (target / model.name).exists():
            shutil.copytree(model, target / model.name)


if __name__ == "__main__":
    main()
