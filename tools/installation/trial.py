"""What works in an installation: run as a script by its Python, ``python -P trial.py FOLDER``.

``FOLDER`` holds images in ``images``, and ``query.png``, ``photo.heic`` and ``film.mp4``. It imports only the installed
product, and prints JSON: for each function "works", or the words in which it is refused; a traceback is a failure.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

INITIALIZE = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "trial", "version": "1"}},
}
NO_SERVER = "milvus+http://127.0.0.1:9/nothing"


def command(*words: object) -> str:
    """The output of a command of the product. Raises RuntimeError with what it says on stderr where it fails."""
    from typer.testing import CliRunner

    from visualmemory_gui.cli.main import app

    done = CliRunner().invoke(app, [str(word) for word in words])
    if done.exit_code:
        raise RuntimeError(done.stderr.strip() or repr(done.exception))
    return done.stdout


def build_and_classify(room: Path) -> None:
    added = json.loads(command("build", room / "images", room / "m.vmem", "--json"))["added"]
    label = json.loads(command("classify", room / "m.vmem", room / "query.png", "--json"))["label"]
    if (added, label) != (6, "red"):
        raise AssertionError(f"{added} images, {label}")


def parquet(room: Path) -> None:
    command("export", room / "m.vmem", room / "m.parquet")
    command("import", room / "m.parquet", room / "again.vmem")


def window(room: Path) -> None:
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    from visualmemory_gui.app import application

    app, opened = application.create(["visualmemory-gui", str(room / "m.vmem")])
    end = time.monotonic() + 60
    while opened.session.memory is None and time.monotonic() < end:
        app.processEvents()
    if opened.session.memory is None:
        raise AssertionError("the memory was not opened")
    opened.close()
    app.processEvents()


def doctor(room: Path) -> None:
    command("doctor")


def heic(room: Path) -> None:
    command("classify", room / "m.vmem", room / "photo.heic")


def graph(room: Path) -> None:
    import numpy as np

    from visualmemory_gui import VisualMemory

    vectors = np.random.default_rng(0).normal(size=(200, 16)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    with VisualMemory.create(room / "large.vmem", dim=16) as memory:
        memory.set("exact_limit", 1600)
        memory.add_vectors(vectors, ["a", "b"] * 100)
        found = memory.decide_vector(vectors[0], search="hnsw").search
        if found is None or found.mode != "hnsw":
            raise AssertionError(str(found))


def stored_key(room: Path) -> None:
    from visualmemory_gui.engine.files import user_keyring

    if not user_keyring.is_reachable():
        from visualmemory_gui.engine.second_opinion import endpoint

        endpoint.store_key(endpoint.Endpoint("http://127.0.0.1:9/v1", "model"), "key")
    user_keyring.secret_of("visualmemory_gui trial", "nobody")


def tsne(room: Path) -> None:
    command("map", room / "m.vmem", "--method", "tsne")


def agents(room: Path) -> None:
    line = [sys.executable, "-P", "-m", "visualmemory_gui", "mcp", str(room / "m.vmem")]
    asked = json.dumps(INITIALIZE) + "\n"
    done = subprocess.run(line, input=asked, capture_output=True, text=True, timeout=300, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr.strip())
    if json.loads(done.stdout.splitlines()[0])["result"]["serverInfo"]["name"] != "visualmemory":
        raise AssertionError(done.stdout)


def shared_memory(room: Path) -> None:
    """With the client a server is missed, which there is not; without it, the client."""
    try:
        command("show", NO_SERVER)
    except RuntimeError as error:
        if "pip install" in str(error) or "127.0.0.1:9" not in str(error):
            raise


def data_frames(room: Path) -> None:
    from visualmemory_gui import VisualMemory

    with VisualMemory.open(room / "m.vmem", readonly=True) as memory:
        if len(memory.to_pandas()) != 6:
            raise AssertionError("rows")


def ray(room: Path) -> None:
    command("build", room / "images", room / "shards", "--ray", "local", "--workers", "1")


def estimator(room: Path) -> None:
    from visualmemory_gui import VisualMemoryClassifier

    found = VisualMemoryClassifier.from_memory(room / "m.vmem")
    if set(found.predict(found.vectors_)) != {"red", "green"}:
        raise AssertionError(found.predict(found.vectors_))


def words(room: Path) -> None:
    """With the extra the weights of a text tower are missed, which are not here; without it, the extra."""
    from visualmemory_gui.engine.encoders import open_clip_text

    why = open_clip_text.refusal(open_clip_text.SPECS[0])
    if "pip install" in why or "[text]" in why:
        raise RuntimeError(why)
    import open_clip  # noqa: F401
    import tokenizers  # noqa: F401


def video(room: Path) -> None:
    command("frames", room / "film.mp4", room / "frames", "--every", "1")


ALWAYS: dict[str, Callable[[Path], None]] = {
    "build, classify": build_and_classify,
    "Parquet": parquet,
    "window": window,
    "doctor": doctor,
}
"""What every installation can do. The first makes what the others need."""
WITH_EXTRA: dict[str, Callable[[Path], None]] = {
    "heic": heic,
    "hnsw": graph,
    "keyring": stored_key,
    "map": tsne,
    "mcp": agents,
    "milvus": shared_memory,
    "pandas": data_frames,
    "ray": ray,
    "sklearn": estimator,
    "text": words,
    "video": video,
}
"""By the extra that brings it."""


def outcome(function: Callable[[Path], None], room: Path) -> str:
    """ "works", the words of a refusal, or "FAILED: …"."""
    try:
        function(room)
    except Exception as error:  # whatever a library raises is an outcome
        said = " ".join(str(error).split())
        refused = "install" in said and "Traceback" not in said
        return said if refused else f"FAILED: {type(error).__name__}: {said[-300:]}"
    return "works"


def main() -> None:
    room = Path(sys.argv[1])
    print(json.dumps({name: outcome(function, room) for name, function in (ALWAYS | WITH_EXTRA).items()}))
    sys.stdout.flush()
    os._exit(0)  # threads of libraries that were tried do not matter


if __name__ == "__main__":
    main()
