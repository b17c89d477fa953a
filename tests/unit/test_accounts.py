"""An account: what was counted, and whether it balances; and what is told of findings."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.model.findings import EXAMPLES, Breach, Finding, Noted, Outcome, Placed, Severity, account, balances

COUNTED = st.lists(st.tuples(st.sampled_from(Outcome), st.integers(1, 9)))
FULL = Finding("mro.life", "too old", "hours", Severity.SOFT, "14 CFR 43.10", also=("cycles",))
FIGURES = Breach(
    "crew.rest",
    "too short",
    "begin",
    rule="117.25",
    limit=10,
    actual=8,
    margin=-2,
    unit="h",
    duties=["D1"],
    edition="1",
)


@given(COUNTED)
def test_an_account_has_every_outcome_and_adds_up_what_was_counted(counted: list[tuple[Outcome, int]]) -> None:
    summed = account(counted)

    assert list(summed) == list(Outcome)
    for outcome in Outcome:
        assert summed[outcome] == sum(count for one, count in counted if one is outcome)


@given(COUNTED, st.integers(-2, 2))
def test_it_balances_with_what_was_received_and_with_nothing_else(counted: list[tuple[Outcome, int]], off: int) -> None:
    received = sum(count for _, count in counted)

    assert balances(received + off, account(counted)) is (off == 0)


def test_of_many_findings_all_are_counted_and_the_first_are_kept() -> None:
    noted = Noted()
    for number in range(EXAMPLES + 5):
        noted.add(Finding(f"format.{'odd' if number % 2 else 'even'}", f"number {number}"))

    assert noted.counts == {"format.even": 13, "format.odd": 12}
    assert [finding.message for finding in noted.examples] == [f"number {number}" for number in range(EXAMPLES)]


def test_a_finding_names_every_field_by_which_it_may_be_mended() -> None:
    assert FULL.fields == ("hours", "cycles")
    assert Finding("mro.life", "too old", "hours").fields == ("hours",)
    assert Finding("mro.life", "too old", also=("cycles",)).fields == ()


def test_a_finding_is_told_without_what_it_does_not_have() -> None:
    assert Finding("mro.life", "too old").as_dict() == {"code": "mro.life", "message": "too old", "severity": "hard"}
    assert FULL.as_dict() == {
        "code": "mro.life",
        "message": "too old",
        "field": "hours",
        "severity": "soft",
        "rule": "14 CFR 43.10",
        "also": ("cycles",),
    }


@pytest.mark.parametrize("finding", [FULL, FIGURES, Finding("mro.life", "too old"), Breach("crew.rest", "too short")])
def test_what_was_told_of_a_finding_is_the_finding_again(finding: Finding) -> None:
    told = finding.as_dict() | {"line": 7}
    told["also"] = list(told.get("also", ()))

    assert Finding.from_dict(told) == finding


def test_an_exception_is_announced_by_its_rule_and_with_its_figures() -> None:
    assert FULL.payload() == {
        "rule": "mro.life",
        "paragraph": "14 CFR 43.10",
        "severity": "soft",
        "field": "hours",
        "message": "too old",
    }
    figures = {"limit": 10, "actual": 8, "margin": -2, "unit": "h", "duties": ["D1"]}
    said = {"rule": "crew.rest", "paragraph": "117.25", "severity": "hard", "field": "begin", "message": "too short"}
    assert FIGURES.payload() == said | figures | {"edition": "1"}
    assert "edition" not in Breach("crew.rest", "too short").payload()


def test_a_finding_within_a_record_names_the_line_of_its_file() -> None:
    placed = Placed("freight.sum", "is wrong", "total", Severity.SOFT, "BR-CO-15", ("net",), below=1200)

    assert placed.on(34) == Finding("freight.sum", "line 1,234: is wrong", "total", Severity.SOFT, "BR-CO-15", ("net",))
