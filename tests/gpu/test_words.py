"""Texts on a GPU: the vectors of the CPU, also where the memory ends or the GPU disappears."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from tests.gpu.hard_device import Ceiling, Gone
from tests.gpu.test_vote import FULL, Hard, precision
from visualmemory_gui.engine.device.fallback import fallbacks
from visualmemory_gui.engine.encoders.open_clip_text import OpenClipText

TEXTS = ["a red flag", "a dog", ""]


class Tower(torch.nn.Module):
    """A text tower of one layer, which notes in which precision it computes."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(3)
        self.layer = torch.nn.Linear(8, 50)
        self.logit_scale = torch.nn.Parameter(torch.tensor(2.0), requires_grad=False)
        self.seen: list[tuple[object, ...]] = []

    def encode_text(self, tokens: torch.Tensor) -> torch.Tensor:
        self.seen.append(precision())
        out: torch.Tensor = self.layer(tokens.float())
        return out


def letters(texts: list[str]) -> torch.Tensor:
    return torch.tensor([[ord(letter) for letter in text[:8].ljust(8)] for text in texts])


def tower_on(device: str, of: Tower | None = None) -> OpenClipText:
    return OpenClipText(of or Tower(), letters, device)


def test_texts_have_the_vectors_of_the_cpu(gpu: str) -> None:
    there = tower_on(gpu)
    assert np.abs(there.encode(TEXTS) - tower_on("cpu").encode(TEXTS)).max() < 1e-6
    assert there.device == gpu and set(there._copy.seen) == {FULL} and there._model.seen == []


@pytest.mark.parametrize("hard", [lambda on: Ceiling(200, on), lambda on: Gone(2, on)], ids=["full", "gone"])
@pytest.mark.parametrize("loaded", [False, True])
def test_where_the_gpu_cannot_go_on_the_cpu_reads_them(gpu: str, hard: Hard, loaded: bool) -> None:
    tower = Tower()
    there = tower_on(gpu, tower) if loaded else None
    with hard(lambda: not fallbacks.now):
        there = there or tower_on(gpu, tower)
        found = there.encode(TEXTS)
    assert np.abs(found - tower_on("cpu").encode(TEXTS)).max() < 1e-6
    assert there.device == "cpu" and [(one.work, one.device) for one in fallbacks.now] == [("reading words", gpu)]
    assert str(fallbacks.now[0]).endswith(": reading words on the CPU")
    assert tower_on(gpu).device == gpu and fallbacks.now == ()  # loaded again, it is tried again
