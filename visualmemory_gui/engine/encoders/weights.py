"""Files of weights: where they lie, what their checksum is, fetching them, and saying what is missing."""

from __future__ import annotations

import functools
import hashlib
import os
import urllib.error
import urllib.request
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from typing import BinaryIO, NoReturn, cast

from visualmemory_gui.engine.errors import EncoderError
from visualmemory_gui.engine.files import atomic_file, installation
from visualmemory_gui.engine.progress import Report

_HUB = "https://huggingface.co"
_HUB_FILE = "model.safetensors"
_CHUNK = 2**20
TO_FETCH = "`--fetch` or `build --encoder` fetches the weights"
# A server that says nothing for so long is given up on.
_SILENCE_S = 8.0


def folder() -> Path:
    """Where the product keeps weights, and looks for those that the user puts there."""
    return installation.data_folder() / "weights"


def sha256(path: Path) -> str:
    """The checksum (hex) of a file; computed once as long as its size and time stay the same."""
    info = path.stat()
    return _sha256(path, info.st_size, info.st_mtime_ns)


@functools.lru_cache(maxsize=64)
def _sha256(path: Path, size: int, mtime_ns: int) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def hub_url(repository: str) -> str:
    """Where the weights of a model on the hub are, or on the mirror that HF_ENDPOINT names."""
    return f"{os.environ.get('HF_ENDPOINT', _HUB).rstrip('/')}/{repository}/resolve/main/{_HUB_FILE}"


def in_hub_cache(repository: str) -> Path | None:
    """The file that other programs fetched from the hub before, if any."""
    home = Path(os.environ.get("HF_HOME", Path.home() / ".cache" / "huggingface"))
    cache = Path(os.environ.get("HF_HUB_CACHE", home / "hub"))
    found = sorted(cache.glob(f"models--{repository.replace('/', '--')}/snapshots/*/{_HUB_FILE}"))
    return found[-1] if found else None


def fetch(url: str, target: Path, *, encoder: str, report: Report) -> Path:
    """Fetch ``url`` into the file ``target``; the file appears when it is whole.

    Raises EncoderError, which names the file to fetch by hand and where to put it, or what ``report`` raises.
    """
    what = f"Fetching the weights of {encoder}"
    report(0, None, what)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        atomic_file.sweep(target.parent)  # of a fetch that was killed
        with urllib.request.urlopen(_request(url), timeout=_SILENCE_S) as answer, atomic_file.write(target) as file:
            _copy(cast(HTTPResponse, answer), file, what=what, report=report)
    except urllib.error.HTTPError as error:
        with error:  # it holds the connection
            raise missing(encoder, url, target, why=_refused(error)) from error
    except (OSError, HTTPException, ValueError) as error:
        raise missing(encoder, url, target, why=_why(error)) from error
    return target


def not_here(encoder: str) -> NoReturn:
    """Nothing is fetched because a memory names an encoder: say what the user can do. Raises EncoderError."""
    raise EncoderError(
        f"the weights of {encoder} are not on this computer; `visualmemory encoders --fetch {encoder}` fetches them"
    )


def missing(encoder: str, url: str, target: Path, *, why: str) -> EncoderError:
    return EncoderError(
        f"the weights of {encoder} are not here and cannot be fetched ({why}): fetch {url} and put it at {target}"
    )


def _request(url: str) -> urllib.request.Request:
    if not url.startswith(("https://", "http://")):
        raise ValueError("not a web address")
    return urllib.request.Request(url, headers={"User-Agent": installation.APP})


def _copy(answer: HTTPResponse, file: BinaryIO, *, what: str, report: Report) -> None:
    total = int(answer.headers.get("Content-Length") or 0) or None
    done = 0
    while chunk := answer.read(_CHUNK):
        file.write(chunk)
        done += len(chunk)
        report(done, total, what)
    if total is not None and done != total:
        raise OSError("the connection ended early")


def _refused(error: urllib.error.HTTPError) -> str:
    asked = "; its licence must be accepted there first" if error.code in (401, 403) else ""
    return f"the server answered {error.code}{asked}"


def _why(error: Exception) -> str:
    if isinstance(error, urllib.error.URLError):
        return "there is no connection" if not isinstance(error.reason, str) else error.reason
    return str(error) or type(error).__name__
