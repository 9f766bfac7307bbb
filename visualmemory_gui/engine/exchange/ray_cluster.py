"""A Ray cluster, or one that is started here for as long as it is needed, and the stages of a build on it."""

from __future__ import annotations

import logging
import os
import secrets
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from visualmemory_gui.engine.errors import EncoderError, ExchangeError
from visualmemory_gui.engine.exchange.ray_stages import DecodeStage, EncodeStage, GivenFile
from visualmemory_gui.engine.types import Device, EncoderIdentity

if TYPE_CHECKING:
    from visualmemory_gui.engine.exchange.ray_stages import Batch

LOCAL = "local"
PATIENCE_S = 10.0
MISSING = "building on a cluster needs Ray: `pip install 'visualmemory_gui[ray]'` installs it"
_ENVIRONMENT = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_BACKEND_LOG_LEVEL": "fatal",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
}
"""Nothing is sent anywhere, and next to nothing printed."""


def require_ray() -> None:
    """Raise EncoderError where Ray is not installed, saying what to install."""
    if find_spec("ray") is None:
        raise EncoderError(MISSING)


@dataclass(frozen=True, slots=True)
class RayCluster:
    """How many processes decode and encode at once, and the part of a GPU that each of the latter takes."""

    decoders: int
    encoders: int
    gpus: float

    def batches(
        self, parts: Sequence[tuple[int, Sequence[GivenFile]]], encoder: EncoderIdentity, device: Device
    ) -> Iterator[Batch]:
        """The columns of each part, by its number, in the order in which they become ready: see ``EncodeStage``.

        Raises ExchangeError where a process of the cluster cannot do its part.
        """
        import ray
        from ray.exceptions import RayError

        given = [{"part": number, "files": list(files)} for number, files in parts]
        decoded = ray.data.from_items(given, override_num_blocks=len(given)).map_batches(
            DecodeStage,
            fn_constructor_args=(encoder,),
            batch_size=None,
            compute=ray.data.ActorPoolStrategy(size=self.decoders),
            num_cpus=1,
        )
        computed: dict[str, Any] = {"num_gpus": self.gpus} if self.gpus and device != "cpu" else {"num_cpus": 1}
        encoded = decoded.map_batches(
            EncodeStage,
            fn_constructor_args=(encoder, device),
            batch_size=None,
            compute=ray.data.ActorPoolStrategy(size=self.encoders),
            **computed,
        )
        try:
            yield from encoded.iter_batches(batch_size=None, prefetch_batches=1)
        except RayError as error:
            raise ExchangeError(f"a process of the Ray cluster failed: {_last_line(error)}") from error


@contextmanager
def connected_cluster(address: str, workers: int | None) -> Iterator[RayCluster]:
    """Connect to the cluster at ``address``, or start a "local" one for the block. Raises ExchangeError."""
    for name, value in (_ENVIRONMENT | (_secret() if address == LOCAL else {})).items():
        os.environ.setdefault(name, value)
    import ray
    import ray.data
    from ray._private import ray_constants

    for name in ("ray", "ray.data"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    _require_answer(address)
    here, wanted = address == LOCAL, workers or os.cpu_count() or 1
    # Otherwise Ray takes 127.0.0.1 for an address that others can reach, and listens on all of this computer's.
    ray_constants.ENABLE_RAY_CLUSTER = not here
    # Logical: decoding, encoding and reading take turns on the cores. Without one to spare, a pool waits for ever.
    own = {"_node_ip_address": "127.0.0.1", "num_cpus": 2 * wanted + 2, "include_dashboard": False}
    try:
        ray.init(**(own if here else {"address": address}), log_to_driver=False, configure_logging=False)
    except Exception as error:  # whatever Ray raises
        raise _unreached(address, _last_line(error)) from error
    try:
        context = ray.data.DataContext.get_current()
        context.enable_progress_bars = False
        context.target_max_block_size = None  # a part stays in one block
        there = ray.cluster_resources()
        gpus = int(there.get("GPU", 0))
        count = wanted if here or workers else max(1, (int(there.get("CPU", 1)) - 2) // 2)
        yield RayCluster(count, min(count, gpus) if gpus else count, min(1.0, gpus))
    finally:
        ray.shutdown()


def _secret() -> dict[str, str]:
    """Whoever may connect to Ray may run code as this user: only those on this computer who know a word that is in no
    file, but in the environment of this process and its children."""
    return {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(32)}


def _require_answer(address: str) -> None:
    """Raise ExchangeError where nothing answers at HOST:PORT: Ray would end this process."""
    host, _, port = address.rpartition("://")[2].rpartition(":")
    if not host or not port.isdecimal():
        return
    try:
        socket.create_connection((host, int(port)), timeout=PATIENCE_S).close()
    except (OSError, OverflowError) as error:
        raise _unreached(address, error) from error


def _unreached(address: str, why: object) -> ExchangeError:
    return ExchangeError(f"the Ray cluster {address} cannot be reached: {why}")


def _last_line(error: Exception) -> str:
    """What an error of Ray ends with: before it come the tracebacks of other processes."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1] if lines else type(error).__name__
