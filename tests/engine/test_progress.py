"""What a task says of its speed, and that it can be stopped."""

from __future__ import annotations

import pytest

from visualmemory_gui.engine.errors import Cancelled
from visualmemory_gui.engine.progress import CancelToken, Pace, duration


def test_the_pace_is_that_of_the_phase_and_comes_after_two_seconds() -> None:
    now = 0.0
    pace = Pace(lambda: now)
    assert pace.text(0, 1000, "adding") == ""
    now = 1.0
    assert pace.text(50, 1000, "adding") == ""
    now = 10.0
    assert pace.text(200, 1000, "adding") == "20/s, 40 s left"
    assert pace.text(0, 50, "indexing") == ""
    now = 130.0
    assert pace.text(10, 50, "indexing") == "5/min, 8 min left"
    assert pace.text(20, None, "indexing") == "10/min"
    assert pace.text(1000, 1000, "adding") == ""
    assert pace.text(2, 3, "indexing") == ""


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.2, "1 s"),
        (7, "7 s"),
        (42, "40 s"),
        (58, "1 min"),
        (130, "2 min"),
        (3600, "1 h 0 min"),
        (12_100, "3 h 22 min"),
    ],
)
def test_durations_are_rounded_to_what_one_can_say(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_a_cancelled_report_stops_its_task() -> None:
    token, heard = CancelToken(), []
    report = token.guard(lambda done, total, what: heard.append(done))
    report(1, 2)
    token.cancel()
    with pytest.raises(Cancelled):
        report(2, 2)
    assert heard == [1]
