"""The open memory made again under another encoder, from the window."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtWidgets import QComboBox, QPushButton

from tests.app.conftest import Desk
from visualmemory_gui.app.actions.encoder_choice import EncoderChoice
from visualmemory_gui.app.views.kit.choosers import Choosers
from visualmemory_gui.app.widgets.dialogs.encoder_dialog import EncoderDialog
from visualmemory_gui.engine.encoders import fake
from visualmemory_gui.engine.errors import Cancelled
from visualmemory_gui.engine.evaluation import encoder_comparison
from visualmemory_gui.engine.memory.visual_memory import VisualMemory
from visualmemory_gui.engine.store import vector_swap
from visualmemory_gui.engine.types import EncoderInfo


@pytest.fixture
def other(monkeypatch: pytest.MonkeyPatch, desk: Desk) -> Iterator[Desk]:
    """The window over a memory, with another encoder beside that of the memory."""
    monkeypatch.setattr(fake, "IDENTITY", replace(fake.IDENTITY, preprocess="another"))
    monkeypatch.setattr(fake.FakeEncoder, "identity", fake.IDENTITY)
    yield desk


def button(desk: Desk, text: str) -> QPushButton:
    found = desk.window.findChildren(QPushButton)
    return next(each for each in found if each.text() == text and each.isVisible())


def test_the_memory_is_made_beside_the_old_one_and_can_be_opened(other: Desk, small: Path) -> None:
    other.press("actionReembed")
    new = small.with_name("small-fake.vmem")
    assert other.ask.asked == ["fake", str(new)]
    assert other.notes[-1].startswith("small-fake.vmem holds 18 exemplars under fake. On 18 exemplars, each decided by")
    assert other.memory.path == small
    button(other, "Open it").click()
    other.settle()
    assert other.memory.path == new
    assert other.memory.identity == fake.IDENTITY
    assert not other.errors


def test_where_it_is_stopped_the_note_goes_on_with_it(
    other: Desk, small: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    replace_all: Callable[..., object] = vector_swap.replace

    def stop(*_: object) -> None:
        raise Cancelled

    monkeypatch.setattr(vector_swap, "replace", stop)
    other.press("actionReembed")
    assert other.notes[-1] == (
        "Stopped. What was embedded is kept, and small-fake.vmem is no memory until the rest is."
    )
    monkeypatch.setattr(vector_swap, "replace", replace_all)
    button(other, "Go on").click()
    other.settle()
    with VisualMemory.open(small.with_name("small-fake.vmem"), readonly=True) as made:
        assert made.catalog.select() == other.memory.catalog.select()


def test_where_only_the_comparison_is_stopped_the_memory_is_there(
    other: Desk, small: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*_: object, **__: object) -> None:
        raise Cancelled

    monkeypatch.setattr(encoder_comparison, "compare", stop)
    other.press("actionReembed")
    assert other.notes[-1] == "small-fake.vmem holds 18 exemplars under fake."
    button(other, "Open it").click()
    other.settle()
    assert other.memory.path == small.with_name("small-fake.vmem")
    assert not other.errors


def test_its_vectors_can_be_reduced_and_made_whole_again(desk: Desk, small: Path) -> None:
    opened: list[EncoderDialog] = []

    def ask(choice: EncoderChoice, then: Callable[[str], object], *, reduces: bool = False) -> None:
        Choosers(desk.window).encoder(choice, then, reduces=reduces)
        opened.extend(each for each in desk.window.findChildren(EncoderDialog) if each.isVisible())

    desk.ask.encoder = ask  # type: ignore[method-assign]
    desk.press("actionReembed")
    dialog, dims = opened[-1], opened[-1].findChild(QComboBox, "encoderDim")
    dialog.model.set_rows([EncoderInfo("fake", 100, "Apache-2.0", 0, True)])
    assert [dims.model().item(at).isEnabled() for at in range(dims.count())] == [True, False, False, False, True]
    dims.addItem("Reduced to 12 numbers", 12)
    dims.setCurrentIndex(dims.count() - 1)
    dialog.accept()
    desk.settle()
    reduced = small.with_name("small-fake-12.vmem")
    assert desk.ask.asked == [str(reduced)]
    assert desk.notes[-1].startswith(
        "small-fake-12.vmem holds 18 exemplars under fake, 64 -> 12 by PCA. On 18 exemplars"
    )
    button(desk, "Open it").click()
    desk.settle()
    assert desk.memory.identity.dim == 12
    desk.window.commands.memory._encoders.tell("Fetching it was stopped.")
    desk.press("actionReembed")
    assert opened[-1].model.told == ""  # in a new dialog
    opened[-1].model.set_rows([EncoderInfo("fake", 64, "Apache-2.0", 0, True)])
    opened[-1].accept()
    desk.settle()
    assert (
        "PCA is not kept: the old vectors are of fake, 64 -> 12 by PCA, the new ones have 64 numbers." in desk.notes[-1]
    )
    with VisualMemory.open(small.with_name("small-fake-12-fake.vmem"), readonly=True) as whole:
        assert whole.identity.dim == 64 and whole.summary().active == 18
    assert not desk.errors


def test_the_encoder_that_it_has_is_refused_in_words(desk: Desk, small: Path) -> None:
    desk.press("actionReembed")
    assert "under fake already" in " ".join(desk.errors[-1])
    assert not small.with_name("small-fake.vmem").exists()
