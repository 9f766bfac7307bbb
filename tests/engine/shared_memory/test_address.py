"""Addresses of shared memories, and that no password is shown anywhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from visualmemory_gui import VisualMemory
from visualmemory_gui.engine.errors import BadValue
from visualmemory_gui.engine.shared_memory.address import (
    AUTHORITY,
    PASSWORD,
    TOKEN,
    USER,
    Credentials,
    SharedAddress,
    is_shared,
)


@pytest.mark.parametrize(
    ("text", "uri", "spelled"),
    [
        ("milvus+http://h:1/c", "http://h:1", "milvus+http://h:1/c"),
        ("milvus+https://h/c_1/", "https://h:19530", "milvus+https://h:19530/c_1"),
        ("milvus+http://[::1]:19530/c", "http://[::1]:19530", "milvus+http://[::1]:19530/c"),
    ],
)
def test_an_address_is_read_and_spelled(text: str, uri: str, spelled: str) -> None:
    address = SharedAddress.of(text)
    assert (address.uri, str(address)) == (uri, spelled)
    assert SharedAddress.of(spelled) == address
    assert is_shared(text)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("milvus+http://h:1", "names no collection"),
        ("milvus+http://h:1/", "names no collection"),
        ("milvus+http://h:1/a-b", "not the name of a collection"),
        ("milvus+http://h:1/a/b", "not the name of a collection"),
        ("milvus+http://h:1/9a", "not the name of a collection"),
        ("milvus+http://h:99999/c", "no port"),
        ("milvus+http://h:0/c", "no port"),
        ("milvus+http:///c", "no host"),
        ("milvus+http:h/c", "no host"),
        ("milvus+http://h:1/c?x=1", "more than a collection"),
        ("milvus+http://[::1/c", "not an address"),
        ("http://h:1/c", "no scheme"),
        ("folder.vmem", "no scheme"),
    ],
)
def test_what_is_no_address_is_refused_with_the_form(text: str, why: str) -> None:
    with pytest.raises(BadValue, match=why):
        SharedAddress.of(text)


def test_a_password_in_an_address_is_refused_without_being_repeated() -> None:
    with pytest.raises(BadValue) as refused:
        SharedAddress.of("milvus+http://root:S3cret@h:1/c")
    assert "S3cret" not in str(refused.value)
    assert TOKEN in str(refused.value)


def test_credentials_come_from_the_environment_and_are_shown_nowhere(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    address = SharedAddress.of("milvus+http://h:1/c")
    for name in (TOKEN, USER, PASSWORD, AUTHORITY):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv(USER, "root")
    with pytest.raises(BadValue, match="belong together"):
        Credentials.of(address)
    monkeypatch.setenv(PASSWORD, "S3cret")
    found = Credentials.of(address)
    assert (found.user, found.password) == ("root", "S3cret")
    assert "S3cret" not in repr(found)
    monkeypatch.setenv(AUTHORITY, str(tmp_path / "none.pem"))
    with pytest.raises(BadValue, match="not a file"):
        Credentials.of(address)


def test_a_folder_is_not_an_address_nor_an_address_a_folder() -> None:
    assert not is_shared("folder.vmem") and not is_shared("./milvus+http") and not is_shared("s3://a/b")
    with pytest.raises(BadValue, match="pull URL FOLDER"):
        VisualMemory.open("milvus+http://h:1/c")
    with pytest.raises(BadValue, match="is an address"):
        VisualMemory.open("s3://bucket/c")
    assert SharedAddress.of("milvus+http://h:1/c").file_name != SharedAddress.of("milvus+http://h:2/c").file_name
