from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    ("walk", "jobs", "most"), [("strike", ["Striking out", "Deciding"], 23), ("drop", ["Deciding"], 17)]
)
def test_a_walk_leads_from_the_hand_through_few_jobs_and_modules_to_the_painted_shares(
    walk: str, jobs: list[str], most: int
):
    command = [sys.executable, "-m", "tools.trace_walk", walk, "--json"]
    found = json.loads(subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=120).stdout)
    assert found["jobs"] == jobs
    assert len(found["way"]) <= most, found["way"]
    assert found["way"][-1].endswith("shares_bars")
    assert any(module.endswith("store.database") for module in found["way"])
    assert set(found["way"]) <= set(found["entered"])
    page = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
    assert [module for module in found["way"] if f"`{module.replace('.', '/')}.py`" not in page] == []
