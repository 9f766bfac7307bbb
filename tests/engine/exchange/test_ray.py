"""Building on a real Ray cluster, which is started for it on this machine, without a network."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.engine.exchange.test_shards import imported, on_one_machine
from tools import network_namespace
from visualmemory_gui.engine.exchange.ray_build import PART

if find_spec("ray") is None:  # importing it is left to the command
    pytest.skip("Ray is not installed", allow_module_level=True)
LOOPBACK = {"0100007F", "0000000000000000FFFF00000100007F", "00000000000000000000000001000000"}
"""127.0.0.1, ::ffff:127.0.0.1 and ::1, as the kernel writes them."""
SOAK = pytest.mark.skipif("SOAK" not in os.environ, reason="ten starts of a cluster; `make soak` runs it")


def alone(*command: str) -> list[str]:
    """The product's ``command`` where there is no network; as it is where that is not allowed."""
    inside = [sys.executable, "-m", "tools.network_namespace"] if network_namespace.prefix() else []
    return [*inside, sys.executable, "-m", "visualmemory_gui", *command]


def painted(folder: Path, count: int) -> Path:
    """Small images of four classes, and one that cannot be read."""
    rng = np.random.default_rng(0)
    for number in range(count):
        target = folder / f"class {number % 4}" / f"{number}.png"
        target.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(rng.integers(0, 256, (24, 32, 3), dtype=np.uint8)).save(target)
    (folder / "class 0/broken.png").write_bytes(b"\x89PNG")
    return folder


@pytest.mark.parametrize(("count", "kills"), [(2 * PART + 40, 1), pytest.param(2_000, 10, marks=SOAK)])
@pytest.mark.timeout(1200)
def test_a_build_that_is_killed_goes_on_to_the_rows_of_one_machine(count: int, kills: int, tmp_path: Path) -> None:
    images, shards = painted(tmp_path / "images", count), tmp_path / "shards"
    command = alone(
        "build", str(images), str(shards), "--ray", "local", "--workers", "2", "--encoder", "fake", "--json"
    )
    parts = count // PART + 1
    for number in range(kills):
        wanted = max(1, parts * number // kills)
        build = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        while build.poll() is None and len(list(shards.glob("part-*.parquet"))) < wanted:
            time.sleep(0.02)
        assert build.stderr is not None
        with build.stderr:
            assert build.poll() is None, build.stderr.read().decode()
            build.kill()
            build.wait()
    [first, *_] = sorted(shards.glob("part-*.parquet"))
    first.write_bytes(first.read_bytes()[:-100])
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout.splitlines()[-1])
    assert told["added"] + told["unchanged"] in (count, count + 1)  # the broken one is unchanged where it was seen
    assert told["damaged"] == [str(first)]
    assert [Path(one["path"]).name for one in told["skipped"]] == ["broken.png"]
    assert "Traceback" not in done.stderr
    found = imported(shards, tmp_path / "b.vmem")
    assert found == on_one_machine(images, tmp_path / "a.vmem", group_by=None)


LOCAL_CLUSTER = """
from visualmemory_gui.engine.exchange.ray_cluster import connected_cluster
with connected_cluster("local", 1):
    print("ready", flush=True)
    input()
"""


def listening(pid: int) -> set[str]:
    """The addresses, in hexadecimal as the kernel writes them, at which a process and those below it listen."""
    parents = {int(each.name): stat_of(each) for each in Path("/proc").glob("[0-9]*")}
    family = {pid}
    while more := {one for one, parent in parents.items() if parent in family} - family:
        family |= more
    sockets = {link for one in family for link in links_of(Path(f"/proc/{one}/fd"))}
    lines = [
        line.split() for name in ("tcp", "tcp6") for line in Path(f"/proc/{pid}/net/{name}").read_text().split("\n")
    ]
    return {
        one[1].partition(":")[0] for one in lines if len(one) > 9 and one[3] == "0A" and f"socket:[{one[9]}]" in sockets
    }


def stat_of(process: Path) -> int:
    """The number of its parent; 0 for one that has ended."""
    try:
        return int((process / "stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return 0


def links_of(folder: Path) -> set[str]:
    found = set()
    for each in folder.iterdir():
        with suppress(OSError):
            found.add(str(each.readlink()))
    return found


def test_a_local_cluster_listens_to_this_computer_alone() -> None:
    """Where there is a network, unlike in the other tests."""
    with subprocess.Popen(
        [sys.executable, "-c", LOCAL_CLUSTER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as cluster:
        assert cluster.stdin is not None and cluster.stdout is not None
        assert cluster.stdout.readline() == "ready\n"
        found = listening(cluster.pid)
        cluster.stdin.write("\n")
    assert found and found <= LOOPBACK, found
    assert cluster.returncode == 0


def test_a_cluster_that_cannot_be_reached_is_told_in_a_sentence(tmp_path: Path) -> None:
    images = painted(tmp_path / "images", 2)
    place = str(tmp_path / "shards")
    command = alone("build", str(images), place, "--ray", "127.0.0.1:1", "--encoder", "fake")
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "error: the Ray cluster 127.0.0.1:1 cannot be reached" in done.stderr
    assert "Traceback" not in done.stderr
