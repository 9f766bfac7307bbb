from __future__ import annotations

import json
from json import encoder

import pytest
from hypothesis import given
from hypothesis import strategies as st

from visualmemory_gui.engine.store import checksum

VALUES = st.none() | st.integers(-(2**63), 2**63 - 1) | st.floats() | st.text() | st.binary()


@given(st.lists(VALUES, max_size=22).map(tuple))
def test_a_row_is_sealed_as_the_json_that_python_writes(row: tuple[object, ...]) -> None:
    written = json.dumps(row, default=bytes.hex)
    assert checksum.seal(*row) == checksum.hash64(written.encode())


def test_a_python_without_an_encoder_in_c_seals_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    row = (1, "cat/é", None, b"\x00\xff", 0.1, 1e300, float("inf"), "", -(2**63))
    in_c = checksum.seal(*row)
    monkeypatch.setattr(encoder, "c_make_encoder", None)
    monkeypatch.setattr(checksum, "_as_json", checksum._row_encoder())
    assert checksum.seal(*row) == in_c
