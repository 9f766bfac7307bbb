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
    now = 11.0
    assert pace.text(250, 1000, "adding") == "20/s, 40 s left"
    assert pace.text(0, 50, "indexing") == ""
    now = 131.0
    assert pace.text(10, 50, "indexing") == ""
    now = 251.0
    assert pace.text(20, 50, "indexing") == "5/min, 6 min left"
    assert pace.text(30, None, "indexing") == "10/min"
    assert pace.text(1000, 1000, "adding") == ""
    assert pace.text(2, 3, "indexing") == ""


def seconds_of(text: str) -> float:
    number, unit = text.split(", ")[1].removesuffix(" left").split()
    return float(number) * {"s": 1, "min": 60}[unit]


def test_the_time_left_is_true_from_its_first_word_on_after_a_slow_start() -> None:
    """An encoder is loaded for 8 seconds, and then 3,200 images take 72."""
    now, told = 0.0, dict[float, str]()
    pace = Pace(lambda: now)
    pace.text(0, 3200, "adding")
    for batch in range(1, 201):
        now = 8.0 + batch * 0.36
        if text := pace.text(16 * batch, 3200, "adding"):
            told[80.0 - now] = text
    assert max(told) > 68
    for left, text in list(told.items())[:-1]:
        assert "min left" not in text or seconds_of(text) <= 60
        assert abs(seconds_of(text) - left) <= 12


def test_the_time_left_follows_a_speed_that_changes() -> None:
    """What is here already goes by fast; then every image is embedded."""
    now = 0.0
    pace = Pace(lambda: now)
    for done in range(0, 1001, 100):
        pace.text(done, 3000, "adding")
        now += 0.5
    for done in range(1020, 1600, 20):
        now += 1.0
        text = pace.text(done, 3000, "adding")
    assert text == "20/s, 1 min left"


def test_a_task_that_stands_gets_no_nearer_to_its_end() -> None:
    now = 0.0
    pace = Pace(lambda: now)
    for done in (0, 10, 20, 30):
        pace.text(done, 100, "adding")
        now += 2.0
    early = pace.text(30, 100, "adding")
    now += 60.0
    assert (early, pace.text(30, 100, "adding")) == ("3/s, 20 s left", "9/min, 7 min left")


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
