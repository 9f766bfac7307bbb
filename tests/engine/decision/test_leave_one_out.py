"""What a query must not see: many looked up in sorted keys, a few scanned for, each against a plain loop."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.engine.snapshots import snapshot_of
from visualmemory_gui.engine.decision import leave_one_out
from visualmemory_gui.engine.decision.leave_one_out import ContentKeys, Copies, LeftOut, alike, rows_alike
from visualmemory_gui.engine.snapshot import Snapshot

DIRECTIONS = np.eye(4, dtype=np.float32)


@st.composite
def memories(draw: st.DrawFn) -> Snapshot:
    n = draw(st.integers(1, 9))
    at, content, group, image = (draw(st.lists(st.integers(0, 3), min_size=n, max_size=n)) for _ in range(4))
    return snapshot_of(["a"] * n, DIRECTIONS[at], content=content, group=group, image=image)


def looped(snapshot: Snapshot, content: int, twin: int, group: int, image: int) -> list[int]:
    return [
        row
        for row in range(len(snapshot))
        if snapshot.twin[row] == twin
        or (content != 0 and snapshot.content[row] == content)
        or (group != 0 and snapshot.group[row] == group)
        or (image != 0 and snapshot.image[row] == image)
    ]


@pytest.mark.parametrize("few", [0, 100])
@given(snapshot=memories(), data=st.data())
def test_all_that_is_like_a_query_is_left_out_and_nothing_else(few: int, snapshot: Snapshot, data: st.DataObject):
    q = data.draw(st.integers(1, 6))
    content, group, image = (np.array(data.draw(st.lists(st.integers(0, 4), min_size=q, max_size=q))) for _ in "cgi")
    twin = np.array(data.draw(st.lists(st.sampled_from([*snapshot.twin.tolist(), 7]), min_size=q, max_size=q)))
    keys = ContentKeys(content, twin, group, image)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(leave_one_out, "FEW", few)
        left_out = LeftOut(snapshot, keys)
    table = alike(snapshot, np.arange(len(snapshot)), ContentKeys(*(key[:, None] for key in keys)))
    copies = Copies.find(snapshot, content, twin)
    for i in range(q):
        wanted = looped(snapshot, *(int(key[i]) for key in keys))
        assert left_out(i).tolist() == wanted == np.flatnonzero(table[i]).tolist()
        assert rows_alike(snapshot, ContentKeys(*(key[i] for key in keys))).tolist() == wanted
        assert sorted(copies.rows[copies.queries == i].tolist()) == looped(
            snapshot, int(content[i]), int(twin[i]), 0, 0
        )
