"""Does a GPU give the vectors, neighbours and winners of the CPU, how fast, and what does it survive?

One run, no network, seven minutes at most: vectors and images are made here, ``lite0`` has its weights in a Python
package, the other networks have random ones. Without a GPU the same code runs on torch on the processor, on smaller
sizes and with limits that are said and not real; the result then begins with "not run on a GPU".

    python -m benchmarks.gpu [--only PART ...] [--budget SECONDS]
"""

from __future__ import annotations

import argparse
import gc
import itertools
import os
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import torch

from benchmarks.results import read, table, write
from visualmemory_gui import VisualMemory
from visualmemory_gui.engine.decision.novelty import Limits
from visualmemory_gui.engine.decision.own_measures import OwnMeasures
from visualmemory_gui.engine.decision.voting_scheme import VotingScheme
from visualmemory_gui.engine.device import choice, room
from visualmemory_gui.engine.device.arithmetic import FullPrecision
from visualmemory_gui.engine.device.fallback import WORKS, fallbacks
from visualmemory_gui.engine.encoders import lite, timm_models
from visualmemory_gui.engine.encoders.torch_encoder import Network, TorchEncoder
from visualmemory_gui.engine.evaluation.evaluate import evaluate
from visualmemory_gui.engine.index.search import Searcher
from visualmemory_gui.engine.memory.classifier import Decider, Scope
from visualmemory_gui.engine.snapshot import Rows, Snapshot, WorkingSet
from visualmemory_gui.engine.types import F32, I64, U8, EncoderIdentity, MemorySettings, Rule

NOT_RUN = "not run on a GPU"
STAND_IN = "cpu:0"
"""Torch on the processor, which the product treats as it treats any GPU."""
DIM, CLASSES, PART = 1280, 100, 100_000
PRECISIONS = {"float32": False, "TF32 allowed": True}
RESERVE_BYTES = 12 << 30
"""Of the computer's own memory, beside the vectors."""
SMALLEST = 2 << 20
"""Bytes of the smallest pieces in which a GPU's memory is searched."""


class Machine:
    """The device that is measured, and the sizes that fit it."""

    def __init__(self) -> None:
        self.device = choice.resolve("auto")
        self.real = self.device != "cpu"
        if not self.real:
            self.device = STAND_IN
        self.cuda = self.device.startswith("cuda")
        self.batches = (1, 8, 32, 128, 512) if self.real else (1, 8)
        self.sizes = (1_000_000, 5_000_000, 10_000_000) if self.real else (20_000,)
        self.ties = 20_000 if self.real else 4_000
        self.decisions = 200 if self.real else 40
        self.rules: tuple[Rule, ...] = ("rank", "ridge") if self.real else ("rank",)

    @property
    def name(self) -> str:
        return torch.cuda.get_device_name(0) if self.cuda else self.device if self.real else NOT_RUN

    def told(self) -> dict[str, Any]:
        stands = {} if self.real else {"run instead on": f"torch {torch.__version__} on the processor, as {STAND_IN!r}"}
        total = torch.cuda.mem_get_info(0)[1] if self.cuda else None
        return {"device": self.name, **stands, "torch": torch.__version__, "bytes": total, "cores": os.cpu_count()}

    def wait(self) -> None:
        if self.cuda:
            torch.cuda.synchronize()


def networks() -> dict[str, tuple[Network, EncoderIdentity]]:
    """Three networks at 224 pixels: lite0 itself, ResNet50 and a DINOv2 ViT-S/14 with random weights."""
    import timm

    torch.manual_seed(0)
    small = lite.build()
    resnet = timm.create_model("resnet50", pretrained=False, num_classes=0)
    dino = timm.create_model("vit_small_patch14_dinov2.lvd142m", pretrained=False, img_size=224, num_classes=0)
    mean, std = timm_models.SPECS[0].colours
    return {
        lite.NAME: (
            Network(small, lambda x: lite.feature_map(small, x).mean((2, 3)), lite.MEAN, lite.STD),
            lite.IDENTITY,
        ),
        "ResNet50": (Network(resnet, resnet, mean, std), _random("ResNet50", 2048)),
        "DINOv2 ViT-S/14": (Network(dino, dino, mean, std), _random("DINOv2 ViT-S/14", 384)),
    }


def _random(name: str, dim: int) -> EncoderIdentity:
    return EncoderIdentity(name, dim, weights_sha256="random", preprocess="none")


def images(n: int, *, seed: int = 0) -> U8:
    """Seeded images of eight kinds: coarse colour fields, each kind about fields of its own, with noise."""
    rng = np.random.default_rng(seed)
    fields = np.random.default_rng(99).integers(0, 256, (8, 7, 7, 3))
    coarse = fields[np.arange(n) % 8] + rng.integers(-60, 61, (n, 7, 7, 3))
    fine = coarse.repeat(32, axis=1).repeat(32, axis=2) + rng.integers(-20, 21, (n, 224, 224, 3))
    return np.clip(fine, 0, 255).astype(np.uint8)


def encoders(on: Machine) -> dict[str, Any]:
    """Vectors and winners of the CPU and of the device, by network; and vectors where TF32 was allowed."""
    taught, asked = images(40 if on.real else 16), images(64 if on.real else 16, seed=1)
    found = {}
    for name, (network, identity) in networks().items():
        here = TorchEncoder(network, identity, geometry=lite.GEOMETRY, bulk=True)
        cpu = [here.encode(part) for part in (taught, asked)]
        there = TorchEncoder(network, identity, geometry=lite.GEOMETRY, device=on.device)
        gpu = [there.encode(part) for part in (taught, asked)]
        with tf32(True):
            loose = there.encode(asked)
        there.close()
        winners = [np.argmax(query @ own.T, axis=1) % 8 for own, query in (cpu, gpu)]
        found[name] = {
            "images": len(asked),
            "largest difference": _largest(cpu[1], gpu[1]),
            "with TF32": _largest(cpu[1], loose),
            "least cosine": float(np.einsum("ij,ij->i", cpu[1].astype(float), gpu[1].astype(float)).min()),
            "same winners": int((winners[0] == winners[1]).sum()),
        }
    return found


def _largest(one: F32, other: F32) -> float:
    return float(np.abs(one - other).max())


@contextmanager
def tf32(allowed: bool) -> Iterator[None]:
    """Encode and search with what torch would do on its own, where it is ``allowed``."""
    if not allowed:
        yield
        return
    old = torch.backends.cuda.matmul.allow_tf32
    torch.backends.cuda.matmul.allow_tf32 = True
    try:
        with patch.object(FullPrecision, "_enter"), patch.object(FullPrecision, "_leave"):
            yield
    finally:
        torch.backends.cuda.matmul.allow_tf32 = old


def pace(on: Machine) -> dict[str, Any]:
    """Images a second by network, batch and precision, copies to the device and back included; and the batch that the
    encoder chooses by itself."""
    found: dict[str, Any] = {}
    for name, (network, identity) in networks().items():
        encoder = TorchEncoder(network, identity, geometry=lite.GEOMETRY, device=on.device)
        rates: dict[str, dict[int, float]] = {}
        for (precision, allowed), batch in itertools.product(PRECISIONS.items(), on.batches):
            pixels = images(batch)
            with tf32(allowed), patch.object(TorchEncoder, "_most_at_once", lambda *_, batch=batch: batch):
                encoder._portion = None
                rates.setdefault(precision, {})[batch] = batch / _fastest(partial(encoder.encode, pixels), on)
        encoder._portion = None
        encoder.encode(images(1))
        found[name] = {**rates, "chosen batch": encoder._portion.most if encoder._portion else None}
        encoder.close()
    return found


def _fastest(work: Callable[[], object], on: Machine) -> float:
    """Seconds of the fastest of several runs."""
    times = []
    for _ in range(6 if on.real else 2):
        began = time.perf_counter()
        work()
        on.wait()
        times.append(time.perf_counter() - began)
    return min(times)


def order(on: Machine) -> dict[str, Any]:
    """How many queries get the same neighbours in the same order, to the last digit, among near ties: from the device
    and from the CPU, and how much of it HNSW finds."""
    rng = np.random.default_rng(0)
    pool = rng.normal(size=(on.ties // 6, DIM))
    apart = rng.choice([0.0, 1e-7, 1e-5, 1e-3], on.ties)[:, None]
    vectors = _unit(pool[rng.integers(0, len(pool), on.ties)] + apart * rng.normal(size=(on.ties, DIM)))
    snapshot = snapshot_of(on.ties, lambda ids: vectors[ids - 1])
    queries = _unit(pool[:200] + 0.3 * rng.normal(size=(200, DIM)))
    there, here = Searcher(DIM, device=on.device), Searcher(DIM)
    gpu, cpu, graph = (
        searcher.nearest_many(snapshot, queries, 110, mode=mode)
        for searcher, mode in ((there, "exact"), (here, "exact"), (here, "hnsw"))
    )
    same = [
        a.rows.tolist() == b.rows.tolist() and a.distances.tolist() == b.distances.tolist()
        for a, b in zip(gpu, cpu, strict=True)
    ]
    recall = [len(np.intersect1d(a.rows, b.rows)) / len(b.rows) for a, b in zip(graph, cpu, strict=True)]
    right = [_in_order(a.rows, b.rows) for a, b in zip(graph, cpu, strict=True)]
    there.close()
    here.close()
    return {
        "rows": on.ties,
        "queries": len(queries),
        "device equals CPU": sum(same),
        "HNSW in the order of the CPU": sum(right),
        "recall of HNSW": float(np.mean(recall)),
    }


def _in_order(some: I64, every: I64) -> bool:
    """Whether the rows that are in both come in the same order."""
    return some[np.isin(some, every)].tolist() == every[np.isin(every, some)].tolist()


def _unit(raw: np.ndarray) -> F32:
    return (raw / np.linalg.norm(raw, axis=1, keepdims=True)).astype(np.float32)


def snapshot_of(n: int, load: Callable[[I64], F32]) -> Snapshot:
    """Exemplars 1 to ``n`` in a hundred classes, all different; ``load`` gives the vectors of ids when needed."""
    none, ids = np.zeros(n, np.int64), np.arange(1, n + 1)
    labels = tuple(f"class {c}" for c in range(CLASSES))
    rows = Rows(
        ids, (ids % CLASSES).astype(np.int32), labels, np.ones(n, bool), np.ones(n), none, none, ids, none, none
    )
    return WorkingSet(rows, change=1, load_vectors=load).snapshot


def drawn(on: Machine) -> Callable[[I64], F32]:
    """Unit vectors around a thousand centres, by ids, made on the device: the processor would take minutes."""
    torch.manual_seed(0)
    centres = torch.randn(1000, DIM, device=on.device)

    def load(ids: I64) -> F32:
        raw = torch.randn(len(ids), DIM, device=on.device) + centres[torch.from_numpy(ids % 1000).to(on.device)]
        return np.asarray(torch.nn.functional.normalize(raw).cpu().numpy(), np.float32)

    return load


def decide(on: Machine) -> dict[str, Any]:
    """Milliseconds of a decision by ridge, search and vote, alone and after a strike, by size; faiss beside it."""
    found: dict[str, Any] = {}
    for n in on.sizes:
        if (needed := int(1.3 * 4 * DIM * n) + RESERVE_BYTES) > _memory() and on.real:
            found[f"{n:,}"] = f"left out: needs {needed >> 30} GB of the computer's own memory"
            continue
        found[f"{n:,}"] = _decisions(n, on)
        gc.collect()
    return found


def _decisions(n: int, on: Machine) -> dict[str, Any]:
    """The times of one size; the arrays are gone when it returns."""
    snapshot, scheme = snapshot_of(n, drawn(on)), VotingScheme.of(MemorySettings())
    vectors = snapshot.vectors
    room.release(on.device)
    noise = 0.02 * np.random.default_rng(1).normal(size=(1, DIM))
    queries = _unit(vectors[:: max(n // on.decisions, 1)] + noise)
    began = time.perf_counter()
    searcher = Searcher(DIM, device=on.device)
    decider = Decider(searcher, OwnMeasures(), touched=0, deferred=False, scheme=scheme, limits=Limits())
    decider.decide(snapshot, queries[0], scheme, scope=Scope())
    first = time.perf_counter() - began
    took = [_ms(partial(decider.decide, snapshot, query, scheme, scope=Scope())) for query in queries]
    found = {"first, with the upload, s": first, **_quantiles(took), "searched on": searcher.device}
    searcher.close()
    return {**found, "faiss-gpu": faiss_ms(vectors, queries)}


def faiss_ms(vectors: F32, queries: F32) -> dict[str, float] | str:
    """The same search by faiss on the GPU, float16 too; without rescoring and vote."""
    try:
        import faiss
    except ImportError:
        return "not installed"
    if not getattr(faiss, "get_num_gpus", int)():
        return "installed without a GPU"
    how = faiss.GpuIndexFlatConfig()
    how.useFloat16 = True
    index = faiss.GpuIndexFlatIP(faiss.StandardGpuResources(), DIM, how)
    for start in range(0, len(vectors), PART):
        index.add(vectors[start : start + PART])
    return _quantiles([_ms(partial(index.search, query[None], 110)) for query in queries])


def _memory() -> int:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_AVPHYS_PAGES")


def _ms(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return (time.perf_counter() - began) * 1e3


def _quantiles(ms: list[float]) -> dict[str, float]:
    return {"p50 ms": float(np.percentile(ms, 50)), "p99 ms": float(np.percentile(ms, 99))}


@contextmanager
def filled(on: Machine, share: float) -> Iterator[None]:
    """So much of the free memory is taken by another; without a GPU it is only said to be."""
    if not on.cuda:
        with patch.object(room, "free_bytes", lambda device: int((1.0 - share) * (2 << 30))):
            yield
        return
    free = torch.cuda.mem_get_info()[0]
    ballast = torch.empty(int(share * free), dtype=torch.uint8, device=on.device)
    try:
        yield
    finally:
        del ballast
        torch.cuda.empty_cache()


def small_memory(folder: Path, n: int, rule: Rule, *, device: str | None = None) -> VisualMemory:
    """A memory of ``n`` vectors of 1280 numbers in ten classes."""
    rng = np.random.default_rng(5)
    of = rng.integers(0, 10, n)
    memory = VisualMemory.create(folder, dim=DIM, device=device)
    memory.maintenance.defer()
    memory.set("rule", rule)
    memory.add_vectors(_unit(rng.normal(size=(10, DIM))[of] + 3.0 * rng.normal(size=(n, DIM))), [f"c{i}" for i in of])
    return memory


def pressure(on: Machine) -> dict[str, Any]:
    """Decisions, an encoder and an evaluation with 30, 60 and 90 % of the memory taken: where they ran, and whether the
    answers are those of the CPU."""
    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as name:
        n = 3000 if on.real else 1000
        with small_memory(Path(name) / "cpu.vmem", n, on.rules[-1], device="cpu") as memory:
            asked = memory.snapshot.vectors[:50]
            expected = [memory.decide_vector(query).neighbours for query in asked]
            accuracy = evaluate(memory, ks=(10,), rules=on.rules).accuracy
        for share in (0.3, 0.6, 0.9):
            _clear()
            with filled(on, share), small_memory(Path(name) / f"{share}.vmem", n, on.rules[-1]) as memory:
                same = [memory.decide_vector(q).neighbours == e for q, e in zip(asked, expected, strict=True)]
                network, identity = networks()[lite.NAME]
                encoder = TorchEncoder(network, identity, geometry=lite.GEOMETRY, device=on.device)
                encoder.encode(images(16))
                found[f"{share:.0%}"] = {
                    "same decisions": f"{sum(same)} of {len(same)}",
                    "same evaluation": evaluate(memory, ks=(10,), rules=on.rules).accuracy == accuracy,
                    "searched on": memory.searcher.device,
                    "encoded on": encoder.device,
                    "fell back": [str(one) for one in fallbacks.now],
                }
                encoder.close()
    return found


def taken_away(on: Machine) -> dict[str, Any]:
    """All but 4 MB of the free memory goes while an evaluation runs, and comes back after it."""
    found: dict[str, Any] = {}
    ballast: list[torch.Tensor] = []

    def take(done: int, total: int, what: str = "") -> None:
        if on.cuda and not ballast and done:
            torch.cuda.empty_cache()
            left = max(torch.cuda.mem_get_info()[0] - (4 << 20), 0)
            ballast.append(torch.empty(left, dtype=torch.uint8, device=on.device))

    n = 6000 if on.real else 1000
    with tempfile.TemporaryDirectory() as name:
        with small_memory(Path(name) / "cpu.vmem", n, on.rules[-1], device="cpu") as memory:
            expected = evaluate(memory, ks=(10,), rules=on.rules).accuracy
        _clear()
        with small_memory(Path(name) / "gpu.vmem", n, on.rules[-1]) as memory, _short(on):
            found = {"same accuracy": evaluate(memory, ks=(10,), rules=on.rules, report=take).accuracy == expected}
            found |= {"exemplars": n, "searched on": memory.searcher.device}
        taken = sum(one.nbytes for one in ballast) if on.cuda else NOT_RUN
        ballast.clear()
        room.release(on.device)
    return {**found, "bytes taken": taken, "fell back": [str(one) for one in fallbacks.now]}


@contextmanager
def _short(on: Machine) -> Iterator[None]:
    """Without a GPU, the limit of the tests takes the place of memory that is gone."""
    if on.cuda:
        yield
        return
    from tests.gpu.hard_device import Ceiling

    with Ceiling(12 << 20):
        yield


def _clear() -> None:
    fallbacks.clear(*WORKS)


def edits(on: Machine) -> dict[str, Any]:
    """Milliseconds of a strike and the decision after it while another thread adds vectors, 16 at a time."""
    n = 20_000 if on.real else 3000
    with tempfile.TemporaryDirectory() as name, small_memory(Path(name) / "m.vmem", n, "ridge") as memory:
        queries, stop = memory.snapshot.vectors[: on.decisions].copy(), threading.Event()
        memory.decide_vector(queries[0])
        rng, added = np.random.default_rng(8), [0]

        def fill() -> None:
            while not stop.is_set():
                memory.add_vectors(_unit(rng.normal(size=(16, DIM))), ["c1"] * 16)
                added[0] += 16

        def step(query: F32) -> None:
            memory.strike([memory.decide_vector(query).neighbours[0].id])
            memory.decide_vector(query)

        alone = [_ms(partial(step, query)) for query in queries[::2]]
        thread = threading.Thread(target=fill)
        thread.start()
        beside = [_ms(partial(step, query)) for query in queries[1::2]]
        stop.set()
        thread.join()
        ran = {"searched on": memory.searcher.device, "added meanwhile": added[0]}
        return {"exemplars": n, "alone": _quantiles(alone), "under an import": _quantiles(beside), **ran}


def forgotten(on: Machine) -> dict[str, Any]:
    """How often the bytes of a vector are found in the memory that the process had on the GPU: while it is there, after
    its block was freed without being overwritten (the control), and after it was forgotten."""
    with tempfile.TemporaryDirectory() as name, small_memory(Path(name) / "m.vmem", 2000, "ridge") as memory:
        vector = memory.snapshot.vectors[1234].copy()
        memory.decide_vector(vector)
        index = memory.searcher._exact._there  # type: ignore[attr-defined]
        blocks = list(index._blocks)
        there, size = sum(_times(vector, block) for block in blocks), blocks[0].nbytes
        if on.cuda:
            blocks.clear()  # else they are not freed
        receipt = memory.forget([1235]).receipt
        after = _left(vector, size, blocks, on)
        device = None if receipt is None else receipt.device
    given_back = _control(vector, size, on, give_back=True) if on.cuda else NOT_RUN
    control = {"control": _control(vector, size, on), "control, given back to the driver": given_back}
    return {"while it is there": there, **control, "after forget": after, "receipt": device}


def _control(vector: F32, size: int, on: Machine, *, give_back: bool = False) -> int:
    """What the same search finds where a block of ``size`` bytes with the vector was freed and not overwritten: the
    allocator keeps it, unless it is to ``give_back``."""
    block = torch.zeros((size // DIM // room.FLOAT16, DIM), dtype=torch.float16, device=on.device)
    block[777] = torch.from_numpy(vector).to(on.device)
    kept = [] if on.cuda else [block]
    del block
    if give_back:
        room.release(on.device)
    return _left(vector, size, kept, on)


def _left(vector: F32, size: int, kept: list[torch.Tensor], on: Machine) -> int:
    """How often the vector is in memory that was not written since: on CUDA in all that can be allocated, in pieces of
    ``size`` bytes, as the block had, and then in smaller ones; elsewhere in the blocks themselves."""
    if not on.cuda:
        return sum(_times(vector, block) for block in kept)
    on.wait()
    equal = torch.empty(size // 8, dtype=torch.bool, device=on.device)  # before all else is taken
    found, pieces = 0, list[torch.Tensor]()
    while size >= SMALLEST:
        piece: torch.Tensor | None = None
        try:
            piece = torch.empty(size, dtype=torch.uint8, device=on.device)
            found += _times(vector, piece, equal)
            pieces.append(piece)
        except torch.cuda.OutOfMemoryError:
            size //= 2
    return found


def _times(vector: F32, where: torch.Tensor, equal: torch.Tensor | None = None) -> int:
    """How often the first eight bytes of ``vector``, as float16 or as float32, lie there at a multiple of eight.
    ``equal`` is room for the comparison."""
    words = where.contiguous().view(torch.uint8).reshape(-1)[: where.nbytes // 8 * 8].view(torch.int64)
    if equal is None:
        equal = torch.empty(len(words), dtype=torch.bool, device=where.device)
    first = [vector.astype(kind).tobytes()[:8] for kind in (np.float16, np.float32)]
    found = 0
    for part in first:
        torch.eq(words, int(np.frombuffer(part, np.int64)[0]), out=equal[: len(words)])
        found += int(equal[: len(words)].count_nonzero())
    return found


PARTS: dict[str, Callable[[Machine], dict[str, Any]]] = {
    "encoders": encoders,
    "order": order,
    "pressure": pressure,
    "taken away": taken_away,
    "forgotten": forgotten,
    "edits": edits,
    "pace": pace,
    "decide": decide,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="*", choices=PARTS, default=list(PARTS), help="measure these alone")
    parser.add_argument("--budget", type=float, default=420.0, help="seconds after which no further part begins")
    given, began, on = parser.parse_args(), time.monotonic(), Machine()
    if not on.real:
        choice.gpu_is_likely, choice.usable = lambda: True, lambda: (STAND_IN,)
    results: dict[str, Any] = {**read("gpu"), **on.told()}
    for name in given.only:
        if time.monotonic() - began > given.budget:
            results[name] = "left out: no time left"
        else:
            _clear()
            started = time.monotonic()
            results[name] = {**PARTS[name](on), "took, s": round(time.monotonic() - started, 1)}
            room.release(on.device)
        print(name, results[name], flush=True)
        write("gpu", results)
    print(table(["part", on.name], [[name, str(results[name])] for name in given.only]))


if __name__ == "__main__":
    main()
