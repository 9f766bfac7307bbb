"""Exemplars and decisions as data frames."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from visualmemory_gui import VisualMemory


def test_each_exemplar_is_a_row_and_says_what_it_is(memory: VisualMemory, images: Path) -> None:
    first, second, *_ = memory.catalog.ids_under("animals/cat")
    memory.strike([first])
    memory.reweigh([second], 2.5)
    [part] = memory.add([images / "animals/dog/0.png"], "animals/dog/head", [(4, 6, 20, 24)])
    frame = memory.to_pandas(vectors=True)
    assert len(frame) == 19 and frame.index.name == "id" and frame.index.is_unique
    assert (frame.loc[first, "state"], frame.loc[second, "trust"]) == ("struck", 2.5)
    assert frame.loc[part, "box"] == (4, 6, 20, 24) and frame.loc[first, "box"] is None
    assert isinstance(frame["label"].dtype, pd.CategoricalDtype) and str(frame["added"].dt.tz) == "UTC"
    assert frame["added"].max() <= pd.Timestamp.now(tz="UTC")
    active = frame[frame["state"] == "active"]
    counts = {label: count for label, count in active["label"].value_counts().items() if count}
    assert counts == memory.class_counts()
    np.testing.assert_array_equal(np.stack(frame["vector"]), memory.catalog.vectors(frame.index.to_numpy()))
    assert [Path(one).is_file() for one in frame["source"]] == [True] * 19


def test_an_empty_memory_is_a_frame_of_the_same_columns(memory: VisualMemory, tmp_path: Path) -> None:
    with VisualMemory.create(tmp_path / "empty.vmem", dim=3) as empty:
        frame = empty.to_pandas(vectors=True)
    assert len(frame) == 0 and list(frame.columns) == list(memory.to_pandas(vectors=True).columns)
    assert "vector" not in memory.to_pandas().columns


@pytest.mark.parametrize("rule", ["rank", "ridge"])
def test_the_neighbours_of_a_decision_are_rows_whose_shares_add_up(memory: VisualMemory, rule: str) -> None:
    decision = memory.decide(memory.catalog.ids_under("plants")[0], rule=rule)
    frame = decision.to_pandas()
    assert frame.index.tolist() == [n.rank for n in decision.neighbours] and frame["share"].sum() == pytest.approx(1)
    by_class = frame.groupby("label")["share"].sum()
    assert by_class.idxmax() == decision.label and by_class.max() == pytest.approx(decision.share)


def test_without_pandas_the_line_that_installs_it_is_said(
    memory: VisualMemory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ImportError, match=r"pip install 'visualmemory_gui\[pandas\]'"):
        memory.to_pandas()
