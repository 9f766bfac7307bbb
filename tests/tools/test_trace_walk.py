from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(("walk", "first"), [("strike", "Striking out"), ("drop", "Deciding")])
def test_a_walk_leads_from_the_hand_through_an_executor_to_the_painted_shares(walk: str, first: str):
    command = [sys.executable, "-m", "tools.trace_walk", walk, "--json"]
    found = json.loads(subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=120).stdout)
    assert found["jobs"][0] == first
    assert found["way"][-1].endswith("shares_bars")
    assert any(module.endswith("store.database") for module in found["way"])
    assert set(found["way"]) <= set(found["entered"])
