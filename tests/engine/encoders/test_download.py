"""Fetching weights from a hub that behaves, and from networks that do not."""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from tests.hub_server import Hub, hub_server
from visualmemory_gui.engine.encoders import download
from visualmemory_gui.engine.encoders import hub as hub_of_models
from visualmemory_gui.engine.encoders.download import Refusal, Remote
from visualmemory_gui.engine.errors import Cancelled, EncoderError
from visualmemory_gui.engine.progress import Bytes, silent

BODY = np.random.default_rng(0).integers(0, 256, 2_000_000, np.uint8).tobytes()
SHA256 = hashlib.sha256(BODY).hexdigest()
NAME = "timm/some.model"


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    with hub_server() as running:
        running.files[NAME] = BODY
        monkeypatch.setenv("HF_ENDPOINT", running.endpoint)
        monkeypatch.delenv("HF_TOKEN", raising=False)
        yield running


@pytest.fixture
def target(weights_folder: Path) -> Path:
    return weights_folder / "some.safetensors"


def fetch(target: Path, **changed: Any) -> Path:
    arguments: dict[str, Any] = {"attempt": lambda path: None, "report": silent, **changed}
    locate = arguments.pop("locate", lambda: hub_of_models.locate(NAME))
    return download.fetch(locate, target, encoder="some", address=hub_of_models.address(NAME), **arguments)


def refused(target: Path, why: str, **changed: Any) -> None:
    """It fails, says why, what to fetch by hand and where to put it."""
    with pytest.raises(EncoderError, match=why) as error:
        fetch(target, **changed)
    assert f"fetch {hub_of_models.address(NAME)} and put it at {target}" in str(error.value)


def left(target: Path) -> list[str]:
    return sorted(path.name for path in target.parent.iterdir())


@pytest.mark.parametrize("how", [{}, {"redirects": False}, {"chunked": True}, {"pause_s": 0.01}])
def test_a_file_arrives_whole(hub: Hub, target: Path, how: dict[str, Any]) -> None:
    vars(hub).update(how)
    told: list[tuple[int, int | None, str]] = []
    tried: list[bytes] = []
    fetch(
        target,
        attempt=lambda path: tried.append(path.read_bytes() + path.suffix.encode()),
        report=lambda done, total, what="": told.append((done, total, what)),
    )
    assert target.read_bytes() == BODY and left(target) == [target.name]
    assert tried == [BODY + b".safetensors"]
    assert told[0] == (0, None, "Fetching the weights of some") and told[-1][2] == "Trying the weights of some"
    sizes = [done for done, total, _ in told[1:-1] if total == len(BODY) and isinstance(done, Bytes)]
    assert sizes[0] == 0 and sizes[-1] == len(BODY) and max(np.diff(sizes)) <= 2**16


def test_a_connection_that_is_cut_is_taken_up_again(hub: Hub, target: Path) -> None:
    hub.cuts = 2
    fetch(target)
    assert target.read_bytes() == BODY and left(target) == [target.name]
    assert [one.range for one in hub.of("store")] == ["", "bytes=1000000-", "bytes=1500000-"]


def test_what_arrived_is_kept_and_the_next_fetch_goes_on_from_there(hub: Hub, target: Path) -> None:
    hub.cuts = 100
    refused(target, "the connection ended after 2 MB of 2 MB; 2 MB are kept, and fetching it again goes on from there")
    part = download.part_of(target, SHA256)
    assert left(target) == [part.name] and BODY.startswith(part.read_bytes())
    begun, hub.cuts = part.stat().st_size, 0
    hub.asked.clear()
    fetch(target)
    assert target.read_bytes() == BODY and left(target) == [target.name]
    assert [one.range for one in hub.of("store")] == [f"bytes={begun}-"]


def test_a_store_that_knows_no_ranges_sends_it_from_the_beginning(hub: Hub, target: Path) -> None:
    hub.cuts, hub.ranges = 1, False
    fetch(target)
    assert target.read_bytes() == BODY


def test_a_store_that_cuts_every_answer_at_the_same_place_is_given_up_on(hub: Hub, target: Path) -> None:
    hub.cuts, hub.ranges = 100, False
    refused(target, "the connection ended")
    assert len(hub.of("store")) == 2


def test_cancel_is_heard_while_the_file_arrives_and_what_arrived_is_kept(hub: Hub, target: Path) -> None:
    def stop(done: int, total: int | None, what: str = "") -> None:
        if done >= 2**17:
            raise Cancelled

    with pytest.raises(Cancelled):
        fetch(target, report=stop)
    part = download.part_of(target, SHA256)
    assert left(target) == [part.name] and BODY.startswith(part.read_bytes())
    assert 2**17 <= part.stat().st_size <= 2**17 + 2**16
    fetch(target)
    assert target.read_bytes() == BODY


@pytest.mark.parametrize(("where", "kept"), [("hub", 0), ("store", 0), ("midway", 2**16)])
def test_cancel_is_heard_while_a_server_says_nothing(
    hub: Hub, target: Path, monkeypatch: pytest.MonkeyPatch, where: str, kept: int
) -> None:
    monkeypatch.setattr(download, "SILENCE_S", 3600.0)  # what is waited for is never the end of the server's silence
    hub.silent_at, looks = where, list[int]()

    def stop(done: int, total: int | None, what: str = "") -> None:
        looks.append(done)
        if looks[-6:] == [kept] * 6 and (where == "hub" or hub.of("store")):
            raise Cancelled

    with pytest.raises(Cancelled):
        fetch(target, report=stop)
    part = download.part_of(target, SHA256)
    assert left(target) == ([part.name] if kept else []) and (not kept or part.read_bytes() == BODY[:kept])
    hub.silent_at = ""
    hub.release.set()
    fetch(target)
    assert target.read_bytes() == BODY


@pytest.mark.parametrize(
    ("how", "why"),
    [
        ({"sent": BODY[:700_000] + bytes(50_000) + BODY[750_000:]}, "its SHA-256 is another; what arrived was removed"),
        ({"sent": BODY + b"more"}, "the server sends 2,000,004 bytes, but the file has 2,000,000"),
        ({"sent": BODY[:-9]}, "the server sends 1,999,991 bytes, but the file has 2,000,000"),
        ({"sent": BODY + b"more", "chunked": True}, "more than the 2,000,000 bytes of the file"),
        ({"login_at": "hub"}, "does not answer as the hub does; does this network ask you to log in"),
        ({"login_at": "store"}, "a web page came in place of the file; does this network ask you to log in"),
        ({"status": 404}, "the hub has no timm/some.model with a model.safetensors.*is the name right"),
        ({"status": 401, "code": "RepoNotFound"}, "the hub has no timm/some.model.*only to those with a token"),
        ({"status": 401}, "the hub wants a token: set HF_TOKEN to one of .*/settings/tokens"),
        ({"status": 403}, "its licence has to be accepted at .*/timm/some.model: accept it, then set HF_TOKEN"),
        ({"status": 401, "code": "GatedRepo"}, "its licence has to be accepted at .*: accept it, then set HF_TOKEN"),
        ({"status": 503}, "the hub answered 503; try again later"),
    ],
)  # fmt: skip
def test_what_is_not_the_file_leaves_nothing_and_says_why(hub: Hub, target: Path, how: Any, why: str) -> None:
    vars(hub).update(how)
    refused(target, why)
    assert left(target) == []


def test_control_without_the_checksum_a_damaged_file_would_count(
    hub: Hub, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(download, "_require_equal", lambda *_: None)
    hub.sent = bytes(50_000) + BODY[50_000:]
    assert fetch(target).read_bytes() != BODY


@pytest.mark.parametrize(
    ("how", "why"),
    [
        ({"token": "another"}, "the hub does not know your token: set HF_TOKEN"),
        ({"status": 403, "code": "GatedRepo"}, "accept it there with the account of your token"),
        ({"status": 403}, "accept it there with the account of your token"),
        ({"status": 404, "code": "RepoNotFound"}, "the hub has no timm/some.model with a model.safetensors: is the"),
    ],
)
def test_with_a_token_the_reason_is_another(
    hub: Hub, target: Path, monkeypatch: pytest.MonkeyPatch, how: Any, why: str
) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    vars(hub).update(how)
    refused(target, why)
    assert left(target) == []


@pytest.mark.parametrize("redirects", [True, False])
def test_the_token_is_shown_to_the_hub_alone(
    hub: Hub, target: Path, monkeypatch: pytest.MonkeyPatch, redirects: bool
) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    hub.token, hub.redirects = "hf_secret", redirects
    fetch(target)
    assert target.read_bytes() == BODY
    assert {one.authorization for one in hub.of("hub")} == {"Bearer hf_secret"}
    assert {one.authorization for one in hub.of("store")} <= {""}
    assert len(hub.of("store")) == redirects


def test_a_redirect_on_the_way_does_not_take_the_token_along(hub: Hub, target: Path) -> None:
    """As when the hub answers a question about a file itself, and sends the file from elsewhere."""
    remote = Remote(f"{hub.endpoint}/{NAME}/resolve/main/model.safetensors", SHA256, len(BODY), "hf_secret")
    fetch(target, locate=lambda: remote)
    assert [(one.host, one.authorization) for one in hub.asked] == [("hub", "Bearer hf_secret"), ("store", "")]


def test_the_hub_is_not_told_what_else_is_installed(hub: Hub, target: Path) -> None:
    fetch(target)
    assert all("torch" not in one.agent and "agent/" not in one.agent for one in hub.asked)
    assert [one.path for one in hub.of("hub")] == [f"/{NAME}/resolve/main/model.safetensors"]


@pytest.mark.parametrize("name", ["HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"])
def test_offline_no_one_is_asked(hub: Hub, target: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "1")
    refused(target, "HF_HUB_OFFLINE is set")
    assert hub.asked == [] and left(target) == []


@pytest.mark.parametrize("endpoint", ["http://127.0.0.1:9", "http://name.invalid"])
def test_without_a_server_it_fails_at_once(target: Path, monkeypatch: pytest.MonkeyPatch, endpoint: str) -> None:
    monkeypatch.setenv("HF_ENDPOINT", endpoint)
    refused(target, f"there is no connection to {endpoint.removeprefix('http://')}")
    assert left(target) == []


@pytest.mark.parametrize("endpoint", ["huggingface.example", "ftp://127.0.0.1"])
def test_an_endpoint_that_is_no_address_is_named(target: Path, monkeypatch: pytest.MonkeyPatch, endpoint: str) -> None:
    monkeypatch.setenv("HF_ENDPOINT", endpoint)
    refused(target, "HF_ENDPOINT is not an address that begins with https://")
    assert left(target) == []


@pytest.mark.parametrize("url", ["file:///etc/passwd", "http://127.0.0.1:9/a", "ftp://127.0.0.1/a"])
def test_only_the_web_is_fetched_from(target: Path, url: str) -> None:
    refused(target, "not one of the web|no connection", locate=lambda: Remote(url, ""))
    assert left(target) == []


def test_a_file_that_cannot_be_used_does_not_count(hub: Hub, target: Path) -> None:
    def attempt(path: Path) -> None:
        raise EncoderError(f"{path.name} does not hold the weights of some")

    refused(target, "some.safetensors does not hold the weights of some; what arrived was removed", attempt=attempt)
    assert left(target) == []


def test_the_checksum_may_be_known_by_its_beginning(hub: Hub, target: Path) -> None:
    url = f"{hub.store}/{NAME}"
    refused(target, "its SHA-256 is another", locate=lambda: Remote(url, "0" * 8))
    assert left(target) == []
    hub.cuts = 1
    fetch(target, locate=lambda: Remote(url, SHA256[:8]))
    assert target.read_bytes() == BODY and left(target) == [target.name]


def test_a_part_that_is_too_long_is_fetched_from_the_beginning(hub: Hub, target: Path) -> None:
    part = download.part_of(target, SHA256[:8])
    part.write_bytes(BODY + BODY)
    fetch(target, locate=lambda: Remote(f"{hub.store}/{NAME}", SHA256[:8]))
    assert target.read_bytes() == BODY


def test_two_programs_do_not_fetch_the_same_file_at_once(hub: Hub, target: Path) -> None:
    part = download.part_of(target, SHA256)
    with part.open("wb") as other:
        fcntl.flock(other.fileno(), fcntl.LOCK_EX)
        refused(target, "another program is fetching it now")
    fetch(target)


def test_a_link_in_place_of_the_part_is_not_followed(hub: Hub, target: Path, tmp_path: Path) -> None:
    (tmp_path / "own").write_bytes(b"precious")
    download.part_of(target, SHA256).symlink_to(tmp_path / "own")
    refused(target, os.strerror(errno.ELOOP))
    assert (tmp_path / "own").read_bytes() == b"precious"


def test_a_disk_without_room_is_told_before_anything_arrives(
    hub: Hub, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(download.shutil, "disk_usage", lambda _: SimpleNamespace(free=1_000_000))
    refused(target, "it takes 2 MB and 1 MB are free")
    assert left(target) == []


def test_a_folder_that_cannot_be_written_is_told(hub: Hub, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    refused(tmp_path / "file" / "a", "Not a directory|File exists")


def test_parts_that_no_one_goes_on_with_are_removed_after_a_week(hub: Hub, target: Path) -> None:
    old, recent = target.with_name("a.part"), target.with_name("b.part")
    for path in (old, recent):
        path.touch()
    os.utime(old, (time.time() - 8 * 24 * 3600,) * 2)
    fetch(target)
    assert left(target) == ["b.part", target.name]


def test_the_hub_s_cache_is_looked_into(tmp_path: Path) -> None:
    assert hub_of_models.cached("timm/some.model") is None
    path = tmp_path / "hub" / "hub" / "models--timm--some.model" / "snapshots" / "abc" / "model.safetensors"
    path.parent.mkdir(parents=True)
    path.touch()
    assert hub_of_models.cached("timm/some.model") == path


def test_a_refusal_never_shows_the_token(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_secret with a line\nbreak")
    hub.token = "another"
    with pytest.raises(Refusal) as refusal:
        hub_of_models.locate(NAME)
    assert "secret" not in str(refusal.value)
