"""Whose an identity is: the table of `identity.decision`, word by word."""

from dataclasses import dataclass

import pytest

from penstock.feeds import FEEDS
from penstock.identity.decision import Decision, decide, findings_of, is_void, passes_over
from penstock.model.findings import Outcome
from penstock.model.records import Accepted

MRO = FEEDS["mro"]


@dataclass(frozen=True)
class Before:
    """The record that stands under the identity."""

    digest: str = "theirs"
    revision: int = 0


def record(digest: str = "ours", revision: int = 0) -> Accepted:
    return Accepted(0, "raw", "identity", digest, b"{}", revision)


def test_an_identity_that_nobody_has_is_ours() -> None:
    for outcome in (None, *Outcome):
        assert decide(record(), None, outcome) is Decision.OURS


@pytest.mark.parametrize("outcome", [Outcome.REJECTED, Outcome.DEAD, Outcome.DUPLICATE])
@pytest.mark.parametrize("digest", ["ours", "theirs"])
def test_who_was_not_delivered_holds_no_identity(outcome: Outcome, digest: str) -> None:
    assert is_void(outcome)
    assert decide(record(digest), Before(), outcome) is Decision.OURS


@pytest.mark.parametrize("outcome", [Outcome.DELIVERED, Outcome.UNKNOWN, Outcome.HELD])
def test_who_was_or_may_be_delivered_holds_it(outcome: Outcome) -> None:
    assert not is_void(outcome)
    assert decide(record("theirs"), Before(), outcome) is Decision.DUPLICATE
    assert decide(record("ours"), Before(), outcome) is Decision.CONFLICT


def test_who_is_on_its_way_is_waited_for_whatever_it_says() -> None:
    assert not is_void(None)
    for digest in ("ours", "theirs"):
        for revision in (0, 1, 2):
            assert decide(record(digest, revision), Before(revision=1), None) is Decision.WAITS


def test_a_later_revision_is_a_correction_and_an_earlier_one_comes_too_late() -> None:
    assert decide(record(revision=2), Before(revision=1), Outcome.DELIVERED) is Decision.OURS
    assert decide(record(revision=1), Before(revision=1), Outcome.DELIVERED) is Decision.CONFLICT
    assert decide(record(revision=0), Before(revision=1), Outcome.DELIVERED) is Decision.SUPERSEDED


def test_the_same_payload_is_a_duplicate_whatever_its_revision() -> None:
    for revision in (0, 1, 2):
        assert decide(record("theirs", revision), Before(revision=1), Outcome.DELIVERED) is Decision.DUPLICATE


def test_of_who_is_forgotten_a_held_one_is_never_released_and_an_unknown_one_never_known() -> None:
    assert decide(record("theirs"), Before(), Outcome.HELD, forgotten=True) is Decision.OURS
    assert decide(record("theirs"), Before(), Outcome.UNKNOWN, forgotten=True) is Decision.IN_DOUBT
    assert decide(record("theirs"), Before(), Outcome.DELIVERED, forgotten=True) is Decision.DUPLICATE
    assert decide(record("ours"), Before(), Outcome.UNKNOWN, forgotten=True) is Decision.CONFLICT
    assert not is_void(Outcome.UNKNOWN, forgotten=True)


def test_only_an_earlier_revision_passes_over_a_correction_that_is_held() -> None:
    assert passes_over(record(revision=1), Before(revision=2), Outcome.HELD)
    assert not passes_over(record(revision=2), Before(revision=2), Outcome.HELD)
    assert not passes_over(record(revision=3), Before(revision=2), Outcome.HELD)
    assert not passes_over(record(revision=1), Before(revision=2), Outcome.DELIVERED)
    assert not passes_over(record(revision=1), Before(revision=2), None)
    assert not passes_over(record(revision=1), None, Outcome.HELD)


def test_a_conflict_and_a_record_that_comes_too_late_say_beside_whom_and_no_other_is_rejected() -> None:
    for decision in Decision:
        codes = [finding.code for finding in findings_of(decision, MRO, "record 7 of another.csv")]
        assert codes == {
            Decision.CONFLICT: ["mro.identity_conflict"],
            Decision.SUPERSEDED: ["mro.superseded"],
        }.get(decision, [])
    (conflict,) = findings_of(Decision.CONFLICT, MRO, "record 7 of another.csv")
    (late,) = findings_of(Decision.SUPERSEDED, MRO, "record 7 of another.csv")
    assert conflict.message.startswith("record 7 of another.csv has the same ")
    assert late.message.startswith("record 7 of another.csv is a later ")
