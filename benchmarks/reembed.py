"""Is the demo memory the same after it was embedded by a second encoder and back?

A copy of the demo memory is edited (labels, trust, strikes, an undone step, a tag), embedded by the encoder SECOND, and
from there by its own encoder again. All that is not a vector must be equal each time; the vectors must be those of the
beginning. The usual SECOND is a MobileNetV3 of timm with random weights, added as a file of the user's own.

    python -m benchmarks.reembed [MEMORY] [--second NAME]
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np

from benchmarks.results import write
from visualmemory_gui import VisualMemory
from visualmemory_gui.engine.evaluation.encoder_comparison import compare
from visualmemory_gui.engine.exchange.demo.demo import default_place

ARCHITECTURE = "mobilenetv3_small_050"
COLUMNS = ("id", "label", "state", "trust", "note", "group", "sha256", "box")


def edited(memory: VisualMemory) -> None:
    """Leave a past."""
    ids = [one.id for one in memory.catalog.select()]
    first = memory.catalog.get([ids[0]])[0].label
    memory.relabel(ids[5:25], first)
    memory.strike(ids[40:60])
    memory.reweigh(ids[80:90], 0.5)
    memory.tags.put("before the second encoder")
    memory.relabel(ids[100:110], "an undone label")
    memory.undo()


def past(memory: VisualMemory) -> dict[str, Any]:
    """All that must be equal under any encoder."""
    rows = [tuple(getattr(one, name) for name in COLUMNS) for one in memory.catalog.select()]
    steps = [str(step) for step in memory.history.steps()]
    return {"rows": rows, "steps": steps, "counts": memory.class_counts(), "settings": str(memory.settings)}


def vectors(memory: VisualMemory) -> np.ndarray:
    return memory.catalog.vectors([one.id for one in memory.catalog.select()])


def random_network(room: Path) -> str:
    """The path of weights for ``ARCHITECTURE``, drawn by seed."""
    import timm
    import torch
    from safetensors.torch import save_file

    torch.manual_seed(0)
    network, path = timm.create_model(ARCHITECTURE, pretrained=False), room / "random.safetensors"
    save_file({name: weights.contiguous() for name, weights in network.state_dict().items()}, path)
    path.with_name(f"{path.name}.json").write_text(json.dumps({"architecture": ARCHITECTURE}))
    return str(path)


def there_and_back(memory: VisualMemory, room: Path, second: str) -> dict[str, Any]:
    """What was equal, under the second encoder and at the end."""
    own, began = memory.identity.name, time.monotonic()
    there = memory.reembed(room / "there.vmem", second)
    took = time.monotonic() - began
    with VisualMemory.open(room / "there.vmem") as made:
        same_there, compared = past(made) == past(memory), compare(memory, made)
        back = made.reembed(room / "back.vmem", own)
    with VisualMemory.open(room / "back.vmem") as made:
        return {
            "exemplars": there.exemplars,
            "left_out": len(there.left_out) + len(back.left_out),
            "encoders": [own, there.identity.name, own],
            "there_took_s": took,
            "comparison": None if compared is None else compared.words,
            "equal_there": same_there,
            "equal_back": past(made) == past(memory),
            "vectors_differ_by": float(np.abs(vectors(made) - vectors(memory)).max()),
            "damage": len(made.maintenance.verify()),
        }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("memory", nargs="?", type=Path, default=default_place())
    parser.add_argument("--second", help="another encoder that is here")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, patch.dict(os.environ, {"XDG_DATA_HOME": folder}):
        copy = Path(shutil.copytree(asked.memory, Path(folder) / "m.vmem"))
        with VisualMemory.open(copy) as memory:
            edited(memory)
            found = there_and_back(memory, Path(folder), asked.second or random_network(Path(folder)))
    write("reembed", found)
    print(found)
    good = found["equal_there"] and found["equal_back"] and not found["damage"] and not found["left_out"]
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
