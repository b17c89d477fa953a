"""An outage of hours, many workers under one rate, a small file beside a huge one, a lane beside another (R15, R19,
R24)."""

import pytest

from tests.simulation import nights
from tests.simulation.nights import beside, outage, rate, waits_beside_a_huge_file

CALM = 16  #: files beside the trouble: of fewer, the slowest tells of itself


@pytest.mark.parametrize("how", [0, 1, 2], ids=["unreachable", "silent", "5xx"])
def test_an_outage_of_six_hours_dead_letters_nothing(how: int) -> None:
    night = outage(6.0, how)
    assert night.problems == []
    assert night.dead_letters == 0
    # Hardly anybody calls, and what has waited goes out soon after.
    assert night.calls_during < 100
    assert night.drained_after < 900


@pytest.mark.parametrize("workers", [1, 8, 64])
def test_no_number_of_workers_exceeds_the_rate(workers: int) -> None:
    over, _, problems = rate(workers)
    assert problems == []
    assert over <= 0


def test_a_fair_queue_lets_a_small_file_pass_a_huge_one() -> None:
    assert waits_beside_a_huge_file(fair=True) < 5
    assert waits_beside_a_huge_file(fair=False) > 60


@pytest.mark.parametrize("trouble", ["silent", "slow"])
def test_a_lanes_flood_and_its_dead_destination_leave_its_neighbours_latency_within_10_percent(trouble: str) -> None:
    alone, night = beside("", calm=CALM), beside(trouble, calm=CALM)
    assert night.problems == []
    assert night.dead_letters == 0
    assert len(night.seconds) == CALM
    assert night.mean < 1.1 * alone.mean
    assert night.seconds[-1] < 1.1 * alone.seconds[-1]


def test_without_places_a_flood_takes_everybodys_dispatchers(monkeypatch: pytest.MonkeyPatch) -> None:
    """The test of the test."""
    monkeypatch.setattr(nights, "PLACES", 1000)
    assert beside("slow", calm=4).mean > 1.5 * beside("", calm=4).mean
