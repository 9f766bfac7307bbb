"""The hub of models: where the weights of one are, what is known of them beforehand, and why they are refused.

Addresses, metadata and the user's token come from ``huggingface_hub``, which is imported when something is to be
fetched; the file itself is fetched by ``download``.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from visualmemory_gui.engine.encoders import weights
from visualmemory_gui.engine.encoders.download import SILENCE_S, Refusal, Remote, is_of_the_web

_HUB = "https://huggingface.co"
_FILE = "model.safetensors"
_SHA256 = re.compile(r"[0-9a-f]{64}")


def endpoint() -> str:
    """The hub, or the mirror that HF_ENDPOINT names."""
    return (os.environ.get("HF_ENDPOINT") or _HUB).rstrip("/")


def address(repository: str, file: str = _FILE) -> str:
    """Where the weights of a model are, or another file of it."""
    return f"{endpoint()}/{repository}/resolve/main/{file}"


def cached(repository: str) -> Path | None:
    """The file that other programs fetched from the hub before, if any."""
    home = Path(os.environ.get("HF_HOME", Path.home() / ".cache" / "huggingface"))
    cache = Path(os.environ.get("HF_HUB_CACHE", home / "hub"))
    found = sorted(cache.glob(f"models--{repository.replace('/', '--')}/snapshots/*/{_FILE}"))
    return found[-1] if found else None


def is_whole(path: Path) -> bool:
    """Whether a file has the checksum by which the hub's cache names it; True for files elsewhere."""
    named = path.resolve().name
    return not _SHA256.fullmatch(named) or weights.sha256(path) == named


def locate(repository: str, file: str = _FILE) -> Remote:
    """The weights of a model, or another file of it, with their size and checksum. Raises Refusal.

    The token goes along only where the hub itself sends the file, not where it redirects to.
    """
    from huggingface_hub import constants, get_hf_file_metadata
    from huggingface_hub.errors import HfHubHTTPError

    # Else it tells the hub what is installed and what runs this program. Its variable counts only before the first
    # import, which may be timm's.
    constants.HF_HUB_DISABLE_TELEMETRY = True
    asked, token = address(repository, file), _token()
    if not is_of_the_web(asked):
        raise Refusal("HF_ENDPOINT is not an address that begins with https://")
    try:
        found = get_hf_file_metadata(asked, token=token or False, timeout=SILENCE_S, endpoint=endpoint())
    except HfHubHTTPError as error:
        answer = error.response
        raise Refusal(_why(answer.status_code, answer.headers, repository, file, with_token=bool(token))) from None
    except Exception as error:  # each version of the library raises the errors of another transport
        raise Refusal(f"there is no connection to {_origin(asked)[1]}") from error
    if found.size is None or found.etag is None or not _SHA256.fullmatch(found.etag):
        raise Refusal(
            f"{_origin(asked)[1]} does not answer as the hub does; does this network ask you to log in, or is "
            "HF_ENDPOINT wrong?"
        )
    own = _origin(found.location) == _origin(asked)
    return Remote(found.location, found.etag, found.size, token if own else "")


def _token() -> str:
    """The user's token, by HF_TOKEN or the file of the library; "" where there is none, or it is not to be used."""
    from huggingface_hub import constants, get_token

    return "" if constants.HF_HUB_DISABLE_IMPLICIT_TOKEN else get_token() or ""


def _why(status: int, headers: Mapping[str, str], repository: str, file: str, *, with_token: bool) -> str:
    """Licence, token and name told apart by the status and by the word that the hub adds to it."""
    code, said = headers.get("X-Error-Code", ""), headers.get("X-Error-Message", "")
    page = f"{endpoint()}/{repository}"
    if code == "GatedRepo" or status == 403:
        own = "accept it there with the account of your token" if with_token else "accept it, then set HF_TOKEN"
        return f"its licence has to be accepted at {page}: {own}"
    if status == 404 or code in ("RepoNotFound", "EntryNotFound", "RevisionNotFound"):
        private = "" if with_token else ", or shows it only to those with a token"
        return f"the hub has no {repository} with a {file}{private}: is the name right?"
    if status == 401 and (with_token or "credentials" in said):
        return f"the hub does not know your token: set HF_TOKEN to one of {endpoint()}/settings/tokens"
    if status == 401:
        return f"the hub wants a token: set HF_TOKEN to one of {endpoint()}/settings/tokens"
    return f"the hub answered {status}; try again later"


def _origin(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.scheme, parts.netloc.rpartition("@")[2]
