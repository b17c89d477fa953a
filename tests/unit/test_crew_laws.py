"""What holds of whatever comes, in whatever order: what was accepted is legal."""

import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.feeds.crew import engine
from penstock.model.findings import Severity
from tests.support.crew_rosters import illegal, judged_one_by_one, rosters
from tests.support.duties import duty, found_in, roster

ROSTERS = 250


def test_what_was_accepted_one_by_one_is_legal_from_scratch() -> None:
    """Mixed regulations, all activities, corrections, cancellations and reassignments; 20,000 of them by `python -m
    tests.support.crew_rosters`."""
    assert {seed: found for seed in range(ROSTERS) if (found := illegal(rosters(random.Random(seed))))} == {}


def test_the_rosters_break_the_rules_where_nobody_looks_at_what_comes_later(monkeypatch: pytest.MonkeyPatch) -> None:
    """Or the law above would hold of anything."""
    monkeypatch.setattr(engine, "_among_later", lambda *_: [])
    assert any(illegal(rosters(random.Random(seed))) for seed in range(ROSTERS))


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 2**32), st.data())
def test_the_order_of_arrival_never_changes_that(seed: int, data: st.DataObject) -> None:
    records = rosters(random.Random(seed))
    assert illegal(data.draw(st.permutations(records))) == []


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 2**32))
def test_who_withdraws_is_never_refused(seed: int) -> None:
    """All that is in the histories in the end is in the highest revision there is, if that was withdrawn."""
    records = rosters(random.Random(seed))
    histories, _ = judged_one_by_one(records)
    for record in records:
        if record.get("status"):
            known = histories[record["crew_id"]].of_id(record["duty_id"])
            assert known
            assert known.withdrawn


def test_a_correction_that_leaves_others_with_what_is_not_allowed_is_refused() -> None:
    """117.27: moved away, the duty by day no longer parts the nights."""
    nights = [duty(f"+{day} 22:00", "8:00") for day in range(3)]
    given_before = roster(*nights, duty("+3 16:30", 15), duty("+4 05:00", "4:00"))
    moved: dict[str, Any] = duty("+20 08:00", "4:00", revision=2, duty_id="D4")
    told = found_in(moved, history=given_before)[0]
    assert [(one.code, one.severity) for one in told] == [("crew.far117.consecutive_nights", Severity.HARD)]
