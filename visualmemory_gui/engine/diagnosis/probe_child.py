"""The probing child: imports modules, one after the other, and writes a line of JSON about each.

``python -m visualmemory_gui.engine.diagnosis.probe_child MODULE[:FUNCTION]…``. A library that is broken may end this
process: the parent then knows by the missing line which one it was.
"""

from __future__ import annotations

import json
import os
import sys
from importlib import import_module


def main() -> None:
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what libraries print is no answer
    for name in sys.argv[1:]:
        print(json.dumps(_answer(name)), file=answers, flush=True)


def _answer(name: str) -> dict[str, object]:
    module, _, function = name.partition(":")
    try:
        imported = import_module(module)
        return {"value": getattr(imported, function)() if function else {}}
    except BaseException as error:  # anything at all may be raised by a broken installation
        return {"error": f"{type(error).__name__}: {error}"}


if __name__ == "__main__":
    main()
