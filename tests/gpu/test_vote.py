"""Encoding, the ridge vote, evaluation and tuning on a GPU, also where its memory ends or it disappears."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tests.conftest import write_images
from tests.engine.snapshots import snapshot_of
from tests.gpu.hard_device import Ceiling, Gone
from visualmemory_gui import VisualMemory
from visualmemory_gui.engine.curation.tune import tune
from visualmemory_gui.engine.decision import ridge, voting_rules
from visualmemory_gui.engine.decision.leave_one_out import NearestMany
from visualmemory_gui.engine.decision.neighbour_arrays import NeighbourArrays
from visualmemory_gui.engine.decision.novelty import Limits
from visualmemory_gui.engine.decision.voting_scheme import VotingScheme
from visualmemory_gui.engine.device.arithmetic import full_precision
from visualmemory_gui.engine.device.fallback import fallbacks
from visualmemory_gui.engine.encoders import registry
from visualmemory_gui.engine.encoders.fake import IDENTITY, FakeEncoder
from visualmemory_gui.engine.encoders.torch_encoder import Network, TorchEncoder
from visualmemory_gui.engine.evaluation.evaluate import evaluate
from visualmemory_gui.engine.experiments.new_classes import add_classes
from visualmemory_gui.engine.experiments.novelty import hide_classes
from visualmemory_gui.engine.experiments.scaling import scale
from visualmemory_gui.engine.index import search, torch_exact
from visualmemory_gui.engine.index.search import nearest_exact
from visualmemory_gui.engine.memory import image_reader
from visualmemory_gui.engine.snapshot import Snapshot
from visualmemory_gui.engine.types import F32, U8

Hard = Callable[[Callable[[], bool]], AbstractContextManager[object]]
SIZE = FakeEncoder.geometry.size


def network() -> Network:
    torch.manual_seed(0)
    module = torch.nn.Sequential(
        torch.nn.Conv2d(3, 8, 5, stride=4), torch.nn.BatchNorm2d(8), torch.nn.ReLU(), torch.nn.Conv2d(8, 64, 3)
    )
    return Network(module, lambda inputs: module(inputs).mean((2, 3)), (0.5, 0.5, 0.5), (0.5, 0.5, 0.5))


def encoder_on(device: str) -> TorchEncoder:
    return TorchEncoder(network(), IDENTITY, geometry=FakeEncoder.geometry, device=device)


@pytest.fixture(scope="module")
def batch() -> U8:
    return np.random.default_rng(0).integers(0, 256, (40, SIZE, SIZE, 3), dtype=np.uint8)


@pytest.fixture(scope="module")
def expected(batch: U8) -> F32:
    return encoder_on("cpu").encode(batch)


class TestEncoder:
    """A network on the GPU gives the vectors of the CPU."""

    def test_vectors_are_those_of_the_cpu(self, gpu: str, batch: U8, expected: F32) -> None:
        encoder = encoder_on(gpu)
        assert np.abs(encoder.encode(batch) - expected).max() < 1e-4
        assert encoder.device == gpu and encoder.encode(batch[:0]).shape == (0, 64)
        encoder.close()
        assert np.abs(encoder.encode(batch) - expected).max() < 1e-6

    def test_batches_are_halved_until_they_fit(self, gpu: str, batch: U8, expected: F32) -> None:
        encoder = encoder_on(gpu)
        encoder.encode(batch[:1])
        with Ceiling(6 * batch[:10].nbytes) as ceiling:
            found = encoder.encode(batch)
        assert ceiling.raised and np.abs(found - expected).max() < 1e-4
        assert encoder.device == gpu and encoder._portion is not None and encoder._portion.most <= 10
        assert fallbacks.now == ()

    @pytest.mark.parametrize("hard", [lambda on: Ceiling(1000, on), lambda on: Gone(20, on)], ids=["full", "gone"])
    def test_what_cannot_go_on_goes_on_on_the_cpu(self, gpu: str, batch: U8, expected: F32, hard: Hard) -> None:
        encoder = encoder_on(gpu)
        with hard(lambda: encoder.device != "cpu"):
            found = encoder.encode(batch)
        assert np.abs(found - expected).max() < 1e-4 and encoder.device == "cpu"
        assert [(one.work, one.device) for one in fallbacks.now] == [("encoding", gpu)]
        assert encoder_on(gpu).device == gpu and fallbacks.now == ()  # loaded again, it is tried again

    def test_a_network_that_does_not_fit_is_loaded_on_the_cpu(
        self, gpu: str, batch: U8, expected: F32, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def full(module: torch.nn.Module, *to: object, **how: object) -> torch.nn.Module:
            if to:
                raise torch.OutOfMemoryError("CUDA out of memory.")
            return module

        monkeypatch.setattr(torch.nn.Module, "to", full)
        encoder = encoder_on(gpu)
        assert encoder.device == "cpu" and np.abs(encoder.encode(batch) - expected).max() < 1e-6

    def test_an_import_goes_on_when_the_gpu_disappears(
        self, gpu: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        encoder = encoder_on(gpu)
        monkeypatch.setattr(registry, "load", lambda *_, **__: encoder)
        images = write_images(tmp_path / "images", each=8)
        with VisualMemory.create(tmp_path / "m.vmem", encoder="fake") as memory:
            with Gone(40, lambda: encoder.device != "cpu"):
                built = memory.build(images)
            assert (built.added, built.skipped) == (24, ()) and encoder.device == "cpu"
            own = memory.decide(images / "animals" / "cat" / "0.png")
            assert own.neighbours[0].distance < 1e-6


class TestBatches:
    """As many images as the GPU takes at once, of which few are written at a time."""

    @pytest.mark.parametrize(("most", "handed"), [(40, [16, 40, 40, 24]), (1000, [16, 104])])
    def test_an_import_hands_over_what_was_measured_to_fit(
        self, gpu: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, most: int, handed: list[int]
    ) -> None:
        encoder, found, written = encoder_on(gpu), list[int](), list[int]()
        encode = encoder.encode

        def counting(batch: U8) -> F32:
            found.append(len(batch))
            return encode(batch)

        monkeypatch.setattr(encoder, "encode", counting)
        monkeypatch.setattr(encoder, "_most_at_once", lambda *_: most)
        monkeypatch.setattr(registry, "load", lambda *_, **__: encoder)
        monkeypatch.setattr(image_reader, "LONGEST_S", 60.0)
        images = write_images(tmp_path / "images", each=40)
        with VisualMemory.create(tmp_path / "m.vmem", encoder="fake") as memory:
            memory.changed(lambda changes: written.append(len(changes.added)))
            assert memory.build(images).added == 120
        assert found == handed and sum(written) == 120 and max(written) == 16

    def test_on_the_cpu_there_are_few(self, gpu: str, batch: U8) -> None:
        encoder = encoder_on(gpu)
        encoder.encode(batch[:1])
        assert encoder.at_once > encoder_on("cpu").at_once == 16
        encoder.close()
        assert encoder.at_once == 16

    def test_images_that_take_their_time_are_not_waited_for(self, monkeypatch: pytest.MonkeyPatch) -> None:
        lengths = [len(one) for one in image_reader.timely_batches(range(50), lambda: 40)]
        monkeypatch.setattr(image_reader, "LONGEST_S", -1.0)
        assert lengths == [40, 10]
        assert [len(one) for one in image_reader.timely_batches(range(50), lambda: 40)] == [16, 16, 16, 2]


def precision() -> tuple[object, ...]:
    """What torch may round float32 to in matrix products and in convolutions, by the names of this version."""
    matmul, cudnn = torch.backends.cuda.matmul, torch.backends.cudnn
    if hasattr(matmul, "fp32_precision"):
        return matmul.fp32_precision, cudnn.conv.fp32_precision, matmul.allow_fp16_reduced_precision_reduction
    return matmul.allow_tf32, cudnn.allow_tf32, matmul.allow_fp16_reduced_precision_reduction


FULL = ("ieee", "ieee", False) if hasattr(torch.backends.cuda.matmul, "fp32_precision") else (False,) * 3


class TestArithmetic:
    """TF32 is off while vectors are made or compared, and as it was afterwards."""

    @pytest.mark.parametrize("allowed", [True, False])
    def test_it_is_full_inside_and_restored_by_the_last_that_leaves(self, gpu: str, allowed: bool) -> None:
        matmul, cudnn = torch.backends.cuda.matmul, torch.backends.cudnn
        kept = matmul.allow_tf32, cudnn.allow_tf32
        matmul.allow_tf32 = cudnn.allow_tf32 = allowed
        try:
            before = precision()
            with full_precision.on("cpu"):
                assert precision() == before != FULL
            with full_precision.on(gpu):
                with full_precision.on(gpu):
                    pass
                assert precision() == FULL
            with pytest.raises(KeyError), full_precision.on(gpu):
                raise KeyError
            assert precision() == before and (matmul.allow_tf32, cudnn.allow_tf32) == (allowed, allowed)
        finally:
            matmul.allow_tf32, cudnn.allow_tf32 = kept

    def test_an_encoder_and_a_search_compute_in_it(
        self, gpu: str, batch: U8, on_gpu: VisualMemory, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        seen: list[tuple[object, ...]] = []

        def read(inputs: torch.Tensor) -> torch.Tensor:
            seen.append(precision())
            return inputs.flatten(1)[:, :64]

        grey = (0.5, 0.5, 0.5)
        seeing = Network(torch.nn.Identity(), read, grey, grey)
        TorchEncoder(seeing, IDENTITY, geometry=FakeEncoder.geometry, device=gpu).encode(batch[:2])
        best = torch_exact._best
        monkeypatch.setattr(torch_exact, "_best", lambda *of: (seen.append(precision()), best(*of))[1])
        on_gpu.decide_vector(on_gpu.snapshot.vectors[0])
        assert len(seen) >= 2 and set(seen) == {FULL}


def problems(n: int = 60, k: int = 30) -> NeighbourArrays:
    rng = np.random.default_rng(3)
    raw = rng.normal(size=(200, 8))
    vectors = (raw / np.linalg.norm(raw, axis=1, keepdims=True)).astype(np.float32)
    snapshot = snapshot_of([f"c{i % 4}" for i in range(200)], vectors)
    rows = np.stack([np.sort(rng.permutation(200)[:k]) for _ in range(n)])
    return NeighbourArrays.of(snapshot, rows, np.sort(rng.uniform(0.1, 1.0, (n, k)), axis=1))


class TestRidge:
    """Many ridge votes are solved on the GPU, in parts that fit, or on the CPU."""

    @pytest.mark.parametrize(
        ("hard", "falls", "halves"),
        [
            (lambda _: nullcontext(), False, False),
            (lambda _: Ceiling(600_000), False, True),
            (lambda _: Ceiling(2_000), True, True),
            (lambda _: Gone(15), True, False),
        ],
        ids=["there", "small", "full", "gone"],
    )
    def test_weights_are_those_of_the_cpu(
        self, gpu: str, monkeypatch: pytest.MonkeyPatch, hard: Hard, falls: bool, halves: bool
    ) -> None:
        parameters = voting_rules.USUAL
        expected = voting_rules.ridge(problems(), parameters)
        monkeypatch.setattr(ridge, "MOST_ON_GPU", 40)
        ridge.solve_on(gpu)
        with hard(lambda: True):
            found = voting_rules.ridge(problems(), parameters)
        assert np.abs(found - expected).max() < 1e-10
        assert [one.work for one in fallbacks.now] == (["voting"] if falls else [])
        assert ridge.solving_device() == ("cpu" if falls else gpu)
        assert falls or (ridge.on_gpu().most < 40) == halves


EXPERIMENTS: dict[str, Callable[[Snapshot, VotingScheme, NearestMany], dict[str, Any]]] = {
    "novelty": lambda of, scheme, search: hide_classes(of, Limits(0.95, 0.95), scheme=scheme, search=search).to_json(),
    "classes": lambda of, scheme, search: add_classes(of, scheme, shots=(0, 1), search=search).to_json(),
    "scaling": lambda of, scheme, search: scale(of, scheme, sizes=(20, 60), seeds=1, search=search).to_json(),
}


class TestStudies:
    """What runs long goes on when the GPU fails in its middle, with the results of the CPU."""

    @pytest.mark.parametrize(
        "hard",
        [lambda _: Ceiling(400_000), lambda _: Ceiling(5_000), lambda _: Gone(25)],
        ids=["small", "full", "gone"],
    )
    def test_an_evaluation(self, on_gpu: VisualMemory, on_cpu: VisualMemory, hard: Hard) -> None:
        for memory in (on_gpu, on_cpu):
            memory.set("rule", "rank")
        expected = evaluate(on_cpu, ks=(1, 10), rules=("rank",)).to_json()
        with hard(lambda: True) as device:
            assert evaluate(on_gpu, ks=(1, 10), rules=("rank",)).to_json() == expected
        assert getattr(device, "raised", 0) > 0

    def test_an_evaluation_while_half_the_memory_goes(
        self, on_gpu: VisualMemory, on_cpu: VisualMemory, gpu: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(search, "LARGE_BLOCK", 100)
        for memory in (on_gpu, on_cpu):
            memory.set("rule", "rank")
        expected = evaluate(on_cpu, ks=(1, 10), rules=("rank",)).to_json()
        with Ceiling(1 << 30) as ceiling:

            def halve(done: int, total: int | None, what: str = "") -> None:
                if done >= 100 and ceiling.most == 1 << 30:
                    assert on_gpu.searcher.device == gpu and not ceiling.raised
                    ceiling.most = ceiling._bytes() // 2

            found = evaluate(on_gpu, ks=(1, 10), rules=("rank",), report=halve).to_json()
        assert found == expected and ceiling.raised
        assert [str(one) for one in fallbacks.now] == [f"{gpu} ran out of memory: searching on the CPU"]

    @pytest.mark.parametrize(
        ("name", "hard"), [("novelty", nullcontext), ("classes", nullcontext), ("scaling", lambda: Gone(60))]
    )
    def test_experiments_search_there(
        self, on_gpu: VisualMemory, gpu: str, name: str, hard: Callable[[], Any], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        asked, candidates = list[int](), torch_exact.TorchExactIndex.candidates_many

        def counting(
            index: torch_exact.TorchExactIndex, snapshot: Snapshot, queries: F32, *more: Any, **how: Any
        ) -> Any:
            found = candidates(index, snapshot, queries, *more, **how)
            asked.append(len(queries))
            return found

        monkeypatch.setattr(torch_exact.TorchExactIndex, "candidates_many", counting)
        study, scheme = EXPERIMENTS[name], VotingScheme.of(on_gpu.settings)
        expected = study(on_gpu.snapshot, scheme, nearest_exact)
        assert asked == []
        with hard() as gone:
            assert study(on_gpu.snapshot, scheme, on_gpu.searcher.exact_many) == expected
        assert gone is None or gone.raised
        assert asked and on_gpu.searcher.device == ("cpu" if gone else gpu)

    def test_tuning(self, on_gpu: VisualMemory, on_cpu: VisualMemory) -> None:
        for memory in (on_gpu, on_cpu):
            memory.set("rule", "rank")
        expected = tune(on_cpu, steps=2)
        with Gone(100, lambda: not any(one.work == "fitting trust" for one in fallbacks.now)):
            found = tune(on_gpu, steps=2)
        assert "fitting trust" in {one.work for one in fallbacks.now}
        assert [step.fit_loss for step in found.steps] == [step.fit_loss for step in expected.steps]
