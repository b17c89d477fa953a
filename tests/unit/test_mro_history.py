"""What is wrong with a removal or an installation beside the others of the same component, and for the operator."""

import json
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from penstock.feeds.feed import Known, Record
from penstock.feeds.mro import MRO
from penstock.feeds.mro.examination import examine
from penstock.feeds.mro.history import KEPT, prune, to_history
from penstock.feeds.mro.policy import Policy
from penstock.model.findings import Finding, Severity
from tests.support.budget import examples
from tests.support.components import installation, removal

type Sent = dict[str, Any]


def valid(records: Sequence[Sent]) -> list[Record]:
    return [MRO.one.validate_python(record) for record in records]


def remembered(records: Sequence[Sent]) -> list[Known]:
    """What is known once these have been delivered, as the ledger gives it back."""
    known = [to_history(record) for record in valid(records)]
    return [Known(one.id, json.loads(json.dumps(one.kept))) for one in prune(known)]


def codes(found: Sequence[Finding]) -> list[str]:
    return [finding.code.removeprefix("mro.") for finding in found]


def found_in(records: Sequence[Sent], known: Sequence[Sent] = (), policy: Policy | None = None) -> list[list[str]]:
    return [codes(one) for one in examine(valid(records), remembered(known), policy or Policy())]


def off(day: str, hours: str | None = None, cycles: int | None = None, **changes: Any) -> Sent:
    return removal(removal_date=day, hours_since_new=hours, cycles_since_new=cycles, completion_date=None, **changes)


def on(day: str, removed: str, hours: str | None = None, cycles: int | None = None, **changes: Any) -> Sent:
    said = {"removal_date": removed, "installation_date": day, "hours_since_new": hours, "cycles_since_new": cycles}
    return installation(**(said | {"completion_date": None, "release_date": "02/JAN/2020"} | changes))


JANUARY, MARCH = "2026-01-10", "2026-03-10"


class TestLife:
    @pytest.mark.parametrize(
        ("before", "after", "told"),
        [
            (("100", 50), ("100", 50), []),
            (("100", 50), ("400", 90), []),
            (("100", 50), ("99.9", 90), ["hours_fall"]),
            (("100", 50), ("400", 49), ["cycles_fall"]),
            (("100", 50), (None, 49), ["cycles_fall"]),
            (("100", None), (None, 49), []),
        ],
    )
    def test_hours_and_cycles_never_fall(self, before: Any, after: Any, told: list[str]) -> None:
        first, then = off(JANUARY, *before), on(MARCH, JANUARY, *after)
        assert [code for code in found_in([then], [first])[0] if code.endswith("_fall")] == told
        # What comes late stands before what is known.
        assert [code for code in found_in([first], [then])[0] if code.endswith("_fall")] == told

    def test_none_are_as_good_as_any(self) -> None:
        assert found_in([off("2026-01-01", None, 5)], [on(JANUARY, "2026-01-01", None, 0)]) == [["cycles_fall"]]
        assert found_in([off("2026-01-01", "5")], [on(JANUARY, "2026-01-01", "0")]) == [["hours_fall"]]

    def test_a_gap_in_what_is_told_hides_nothing(self) -> None:
        known = [off(JANUARY, "100", 50), on("2026-01-20", JANUARY)]
        assert found_in([off(MARCH, "90", 60)], known) == [["hours_fall"]]

    @pytest.mark.parametrize(("hours", "told"), [("148", []), ("148.1", ["hours_rise_too_fast"])])
    def test_hours_rise_by_24_a_day_at_most(self, hours: str, told: list[str]) -> None:
        # From the first minute of one day to the last of the next.
        assert found_in([off("2026-01-11", hours)], [on(JANUARY, "2026-01-01", "100")]) == [told]
        assert found_in([on(JANUARY, "2026-01-01", "100")], [off("2026-01-11", hours)]) == [told]

    def test_a_rebuilt_component_begins_anew(self) -> None:
        rebuilt = on(MARCH, JANUARY, "0", 0, cert_status="REBUILT")
        assert found_in([rebuilt], [off(JANUARY, "9000", 4000)]) == [[]]
        assert found_in([off("2026-05-01", "700", 300)], [off(JANUARY, "9000", 4000), rebuilt]) == [[]]
        assert found_in([off(JANUARY, "9000", 4000)], [rebuilt]) == [[]]

    def test_but_no_life_limited_part_does(self) -> None:
        rebuilt = on(MARCH, JANUARY, "0", 0, cert_status="REBUILT", life_limited=True)
        assert found_in([rebuilt], [off(JANUARY, "9000", 4000)]) == [["hours_fall", "cycles_fall"]]


class TestReconciliation:
    def test_a_component_that_goes_round(self) -> None:
        way = [
            off(JANUARY, "100", 50, registration="N841PS"),
            on("2026-02-01", JANUARY, "100", 50, registration="N842PS"),
            off(MARCH, "300", 120, registration="N842PS"),
            on("2026-03-10", MARCH, "300", 120, registration="N841PS"),
        ]
        assert found_in(way) == [[], [], [], []]
        assert found_in(way[2:], way[:2]) == [[], []]

    @pytest.mark.parametrize(
        ("known", "then", "told"),
        [
            (off(JANUARY), off(MARCH), "removed_twice"),
            (on(JANUARY, JANUARY), on(MARCH, JANUARY), "installed_twice"),
            (on(JANUARY, JANUARY, registration="N842PS"), off(MARCH, registration="N841PS"), "removed_elsewhere"),
            (off(JANUARY), on(MARCH, "2026-01-09"), "another_removal"),
            (off(JANUARY, "100"), on(MARCH, JANUARY, "101"), "time_off_aircraft"),
            (off(JANUARY, None, 50), on(MARCH, JANUARY, None, 51), "time_off_aircraft"),
        ],
    )
    def test_what_does_not_fit(self, known: Sent, then: Sent, told: str) -> None:
        assert found_in([then], [known]) == [[told]]
        assert found_in([then, known]) == [[told], []], "in one file, in any order"

    @pytest.mark.parametrize("same", [True, False])
    def test_a_temporary_removal_ends_on_the_same_aircraft(self, same: bool) -> None:
        known = off(JANUARY, "100", temporary=True)
        again = on("2026-01-12", JANUARY, "100", registration="N841PS" if same else "N842PS")
        assert found_in([again], [known]) == [[] if same else ["not_temporary"]]

    def test_and_with_the_same_life_status(self) -> None:
        assert found_in([on("2026-01-12", JANUARY, "101")], [off(JANUARY, "100", temporary=True)]) == [
            ["not_temporary"]
        ]

    def test_an_aircraft_that_nobody_names_is_no_other(self) -> None:
        assert found_in([off(MARCH)], [on(JANUARY, JANUARY, registration=None)]) == [[]]

    def test_only_what_life_itself_contradicts_rejects(self) -> None:
        hard = {finding.code for finding in MRO.findings if finding.severity is Severity.HARD}
        assert hard == {"mro.hours_fall", "mro.cycles_fall", "mro.hours_rise_too_fast"}


class TestCorrections:
    def test_a_corrected_record_takes_the_place_of_the_wrong_one(self) -> None:
        wrong, right = off(JANUARY, "9000"), off(JANUARY, "900", revision=1)
        assert found_in([right], [wrong]) == [[]]
        known = {one.id: one for one in (to_history(record) for record in valid([wrong, right]))}
        assert [one.kept["hours"] for one in known.values()] == ["900"]

    def test_so_does_a_record_under_a_corrected_certificate(self) -> None:
        old, corrected = valid([off(JANUARY), off(JANUARY, form_tracking_number="RS-8", corrects="RS-20260305-7")])
        assert to_history(old).id == to_history(corrected).id

    def test_a_rejected_correction_leaves_what_is_known_in_force(self) -> None:
        known = [off(JANUARY, "100"), off(MARCH, "300")]
        wrong = off(JANUARY, "9000", revision=1)
        after = off("2026-01-20", "50")
        assert found_in([wrong, after], known) == [["hours_fall"], ["hours_fall", "removed_twice"]]

    def test_one_wrong_record_makes_no_other_wrong(self) -> None:
        known = [on("2025-12-01", "2025-11-01", "100")]
        wrong = off(JANUARY, "99999")
        assert found_in([off("2026-02-01", "200"), wrong], known) == [[], ["hours_rise_too_fast"]]


class TestWithoutSerialNumber:
    def test_records_have_no_history(self) -> None:
        known = [off(JANUARY, "9000", component_sn="N/A")]
        assert remembered(known) == []
        assert found_in([off(MARCH, "10", component_sn="N/A"), off(MARCH, "5", component_sn="N/A")]) == [[], []]

    def test_but_the_operators_policy_holds_for_them(self) -> None:
        assert found_in([off(MARCH, component_sn="N/A", ocr_confidence="0.5")]) == [["ocr_confidence"]]


class TestPolicy:
    @pytest.mark.parametrize(("confidence", "told"), [("0.85", []), ("0.849999", ["ocr_confidence"]), (None, [])])
    def test_what_was_hard_to_read_waits(self, confidence: str | None, told: list[str]) -> None:
        assert found_in([off(MARCH, ocr_confidence=confidence)]) == [told]

    def test_the_operator_says_how_hard(self) -> None:
        strict = TypeAdapter(Policy).validate_python({"ocr_threshold": 0.99})
        assert strict.ocr_threshold == Decimal("0.99")
        assert found_in([off(MARCH, ocr_confidence="0.98")], policy=strict) == [["ocr_confidence"]]

    def test_what_comes_years_later_waits(self) -> None:
        assert found_in([off("2024-03-06")]) == [[]]  # released two years later, to the day but one
        assert found_in([off("2024-03-04")]) == [["late"]]
        assert found_in([off("2024-03-04")], policy=Policy(late_after_days=800)) == [[]]

    @pytest.mark.parametrize("policy", [{"ocr": 0.5}, {"ocr_threshold": 85}, {"late_after_days": 0}, []])
    def test_a_policy_that_says_anything_else_is_refused(self, policy: Any) -> None:
        with pytest.raises(ValidationError):
            TypeAdapter(Policy).validate_python(policy)


class TestMemory:
    def test_only_the_latest_events_are_remembered(self) -> None:
        many = [
            off(f"{year}-{month:02d}-{day:02d}")
            for year in (2019, 2020)
            for month in range(1, 13)
            for day in range(1, 13)
        ]
        known = prune([to_history(record) for record in valid(many)])
        assert len(known) == KEPT
        assert min(one.kept["day"] for one in known) == sorted(one["removal_date"] for one in many)[-KEPT]

    def test_it_is_small(self) -> None:
        (known,) = remembered([removal()])
        assert len(json.dumps(known.kept)) < 200


_DAYS = [f"2026-{month:02d}-{day:02d}" for month in (1, 2) for day in (1, 2, 15)]
_EVENTS = st.builds(
    lambda day, way, hours, tail: (
        off(day, hours, registration=tail) if way == "off" else on(day, day, hours, registration=tail)
    ),
    st.sampled_from(_DAYS),
    st.sampled_from(["off", "on"]),
    st.sampled_from([None, "100", "110", "500", "2000"]),
    st.sampled_from(["N841PS", "N842PS"]),
)


class TestLaws:
    @given(st.lists(_EVENTS, max_size=6), st.lists(_EVENTS, max_size=4), st.randoms())
    @settings(max_examples=examples(150))
    def test_the_order_of_records_changes_nothing(self, sent: list[Sent], known: list[Sent], rng: Any) -> None:
        order = list(range(len(sent)))
        rng.shuffle(order)
        found = found_in(sent, known)
        shuffled = found_in([sent[at] for at in order], known)
        # Of two that are the same in all that is compared, either may be the first.
        assert sorted(map(str, shuffled)) == sorted(map(str, found))

    @given(st.lists(_EVENTS, max_size=8))
    @settings(max_examples=examples(150))
    def test_what_is_accepted_agrees_with_itself(self, sent: list[Sent]) -> None:
        """Nothing that is remembered has fewer hours than what came before it."""
        known: dict[str, Known] = {}
        for record in valid(sent):
            (found,) = examine([record], list(known.values()), Policy())
            if not any(finding.severity is Severity.HARD for finding in found):
                known[to_history(record).id] = to_history(record)
        in_order = sorted(known.values(), key=lambda one: (one.kept["day"], one.kept["event"] == "installation"))
        hours = [Decimal(one.kept["hours"]) for one in in_order if "hours" in one.kept]
        assert hours == sorted(hours)
