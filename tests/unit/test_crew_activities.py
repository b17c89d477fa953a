"""What a crew member does beside flying, and what becomes of it: activities, and their status."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.feeds.crew.duty import dumped, loaded
from penstock.feeds.crew.engine import examine
from penstock.feeds.crew.history import History
from penstock.model.findings import Severity
from tests.support.budget import examples
from tests.support.duties import at, codes, duty, easa, flight, found_in, plain, rest, roster, standby, valid

TWO = ["far117", "easa"]


def activity(kind: str | None, start: str, end: str, **changes: Any) -> dict[str, Any]:
    """An activity without flights."""
    record = {
        "duty_id": "D1",
        "crew_id": "C1",
        "activity": kind,
        "regulation": "easa",
        "reference_tz": "Etc/UTC",
        "home_base": "EHAM",
        "report_at": at(start),
        "release_at": at(end),
    }
    return {name: value for name, value in (record | changes).items() if value is not None}


def hard(*records: dict[str, Any], **known: Any) -> list[str]:
    """The codes of the hard findings of the last record."""
    return [one.code[5:] for one in found_in(*records, **known)[-1] if one.severity is Severity.HARD]


class TestUnion:
    @pytest.mark.parametrize(
        "kind", ["airport_standby", "home_standby", "ground_duty", "simulator", "training", "leave", "day_off", "rest"]
    )
    def test_an_activity_without_flights(self, kind: str) -> None:
        assert codes(activity(kind, "08:00", "12:00")) == []
        assert hard(activity(kind, "08:00", "12:00", sectors=[flight("09:00", "10:00")])) == ["activity"]

    def test_positioning_has_no_sector_that_is_operated(self) -> None:
        there = flight("09:00", "11:00", positioning=True)
        assert codes(activity("positioning", "08:00", "12:00", sectors=[there])) == []
        assert hard(activity("positioning", "08:00", "12:00", sectors=[flight("09:00", "11:00")])) == ["activity"]

    def test_what_says_nothing_is_told_by_what_it_has(self) -> None:
        """Today's files."""
        assert plain(duty("08:00", "8:00")).activity == "flight_duty"
        assert plain(activity(None, "08:00", "12:00")).activity == "flight_duty"
        assert (
            plain(activity(None, "08:00", "12:00", standby=standby("home", "08:00", "12:00"))).activity
            == "home_standby"
        )
        there = flight("09:00", "11:00", positioning=True)
        assert plain(activity(None, "08:00", "12:00", sectors=[there])).activity == "positioning"

    def test_leave_takes_weeks_and_a_duty_does_not(self) -> None:
        assert codes(activity("leave", "08:00", "+30 08:00")) == []
        assert codes(activity("ground_duty", "08:00", "+30 08:00")) == ["time_order"]

    def test_nobody_has_leave_and_a_duty_at_once(self) -> None:
        leave, flown = roster(activity("leave", "00:00", "+10 00:00"), easa("+3 08:00", "8:00"))
        assert hard(flown, history=[leave]) == ["duties_overlap"]
        assert hard(leave, history=[flown]) == ["duties_overlap"]
        assert hard(activity("day_off", "+10 00:00", "+11 00:00", duty_id="D3"), history=[leave]) == []

    @pytest.mark.parametrize("kind", ["leave", "day_off", "rest"])
    def test_free_time_is_no_duty(self, kind: str) -> None:
        history = History([plain(activity(kind, "08:00", "20:00"))])
        assert history.timelines["duty"].total(0, 2**40) == 0
        early, between, late = roster(
            easa("08:00", "8:00"), activity(kind, "17:00", "+1 04:00"), easa("+1 04:30", "8:00")
        )
        assert hard(early, between, late) == [] == hard(early, late)

    def test_a_reserve_that_nobody_was_called_from_asks_for_no_rest(self) -> None:
        """EASA's FAQ 47645: reserve is no duty for ORO.FTL.210 and 235."""
        reserve, flown = roster(activity("long_call_reserve", "00:00", "20:00"), easa("21:00", "8:00"))
        assert hard(reserve, flown) == []
        assert hard(flown, reserve) == []
        assert History([plain(reserve)]).timelines["duty"].total(0, 2**40) == 0

    def test_a_home_standby_counts_by_the_quarter_and_one_at_the_airport_whole(self) -> None:
        """CS FTL.1.225(b)(3), ORO.FTL.225(c)."""
        minutes = {
            kind: History([plain(activity(kind, "08:00", "16:00"))]).timelines["duty"].total(0, 2**40)
            for kind in ("home_standby", "airport_standby")
        }
        assert minutes == {"home_standby": 120, "airport_standby": 480}

    def test_airport_standby_is_fdp_to_part_117_whether_it_leads_to_a_flight_or_not(self) -> None:
        """117.21(b)."""
        waiting = activity("airport_standby", "08:00", "16:00", regulation="far117")
        assert History([plain(waiting)]).timelines["fdp"].total(0, 2**40) == 480
        assert hard(waiting | {"release_at": at("22:01")}) == ["far117.fdp"]


class TestDutyPeriods:
    @pytest.mark.parametrize("kind", ["simulator", "ground_duty", "training", "positioning"])
    @pytest.mark.parametrize("regulation", TWO)
    def test_work_before_a_flight_is_part_of_the_fdp(self, kind: str, regulation: str) -> None:
        """14 CFR 117.3 (flight duty period), ORO.FTL.215: from 06:00 13 hours, in whatever order the records come."""
        before = activity(kind, "06:00", "09:00", regulation=regulation)
        fits, over = (duty("10:00", length, regulation=regulation, home_base="EHAM") for length in ("9:00", "9:01"))
        for one, found in ((fits, []), (over, [f"{regulation}.fdp"])):
            first, second = roster(before, one)
            assert hard(first, second) == found
            assert hard(first, history=[second]) == found

    @pytest.mark.parametrize("regulation", TWO)
    def test_work_behind_a_flight_is_duty_and_no_fdp(self, regulation: str) -> None:
        flown, home = roster(
            duty("06:00", "10:00", regulation=regulation, home_base="EHAM"),
            activity("positioning", "17:00", "21:00", regulation=regulation),
        )
        assert hard(flown, home) == []
        history = History([plain(flown), plain(home)])
        assert [one.total(0, 2**40) for one in history.timelines.values()] == [60, 600, 15 * 60]

    def test_rest_is_as_long_as_the_whole_duty_before(self) -> None:
        """ORO.FTL.235(a): 06:00 to 21:00 takes 15 hours."""
        flown, home = easa("06:00", "10:00", home_base="EHAM"), activity("positioning", "17:00", "21:00")
        for start, found in (("+1 11:59", ["easa.rest"]), ("+1 12:00", [])):
            assert hard(*roster(flown, home, easa(start, "6:00", home_base="EHAM"))) == found

    def test_a_standby_by_itself_that_a_flight_follows_is_what_it_was_called_from(self) -> None:
        """CS FTL.1.225(b)(7): 8 hours until report are 2 more than 6, so that 9:30 of 11:30 are left."""
        waiting = activity("home_standby", "08:00", "15:00")
        for length, found in (("9:30", []), ("9:31", ["easa.fdp"])):
            first, second = roster(waiting, easa("16:00", length, home_base="EHAM"))
            assert hard(first, second) == found
            assert hard(first, history=[second]) == found

    def test_every_activity_of_a_breach_is_named(self) -> None:
        first, second = roster(activity("simulator", "06:00", "09:00"), easa("10:00", "9:01"))
        assert found_in(first, second)[1][0].duties == ("D1", "D2")

    def test_a_duty_period_does_not_go_on_for_ever(self) -> None:
        many = roster(*(activity("ground_duty", f"{hour:02d}:00", f"{hour:02d}:30") for hour in range(24)))
        assert hard(*many) == []
        assert hard(*roster(*many, activity("ground_duty", "+1 00:00", "+1 01:00"))) == ["duty_period"]


class TestStatus:
    def test_what_is_cancelled_counts_no_more(self) -> None:
        first, second = roster(easa("08:00", "8:00"), easa("10:00", "8:00"))
        cancelled = first | {"revision": 2, "status": "cancelled"}
        assert hard(second, history=[first]) == ["duties_overlap"]
        assert found_in(cancelled, second, history=[first]) == [[], []]

    @pytest.mark.parametrize("status", ["cancelled", "reassigned"])
    def test_an_older_revision_does_not_bring_it_back(self, status: str) -> None:
        history = History()
        withdrawn = easa(
            "08:00", "8:00", status=status, revision=2, reassigned_to="C2" if status == "reassigned" else None
        )
        assert examine([valid(withdrawn)], {"C1": history}) == [[]]
        assert [one.code for one in examine([valid(easa("08:00", "8:00"))], {"C1": history})[0]] == ["crew.superseded"]
        assert history.duties == []
        assert history.timelines["duty"].total(0, 2**40) == 0

    def test_a_reassignment_says_to_whom(self) -> None:
        given = easa("08:00", "8:00", status="reassigned")
        assert hard(given) == ["status"]
        assert hard(given | {"reassigned_to": "C1"}) == ["status"]
        assert hard(given | {"reassigned_to": "C2"}) == []
        assert hard(easa("08:00", "8:00", reassigned_to="C2")) == ["status"]

    def test_what_was_flown_is_not_withdrawn(self) -> None:
        flown = flight("09:00", "11:00", actual_off=at("09:10"))
        assert hard(easa("08:00", "8:00", [flown], status="cancelled")) == ["status"]
        assert hard(easa("08:00", "8:00", [flown, flight("12:00", "13:00", status="cancelled")])) == ["status"]

    def test_a_cancelled_sector_is_none(self) -> None:
        """Neither a sector of the table, nor flight time, nor FDP."""
        record = duty(
            "08:00",
            "11:00",
            [flight("09:00", "11:00"), planned("12:00", "18:30", status="cancelled")],
            flight_time_minutes=510,
        )
        one = plain(record)
        assert (one.sectors, one.flight_time, one.fdp_end - one.report) == (1, 120, 180)
        assert hard(record) == []

    def test_a_duty_of_which_all_is_cancelled_has_no_fdp(self) -> None:
        record = duty("08:00", "11:00", [planned("09:00", "18:00", status="cancelled")], flight_time_minutes=540)
        assert not plain(record).flies
        assert plain(record).flight_time == 0
        assert History([plain(record)]).timelines["duty"].total(0, 2**40) == 11 * 60 + 30

    def test_a_diversion_goes_on_from_where_it_landed(self) -> None:
        away = flight("09:00", "11:00", destination="EDDF", diverted_to="EDDM", status="diverted")
        on = flight("12:00", "13:00", origin="EDDM", destination="EDDF")
        assert codes(duty("08:00", "6:00", [away, on], flight_time_minutes=None)) == []
        assert codes(duty("08:00", "6:00", [away, on | {"origin": "EDDF"}], flight_time_minutes=None)) == [
            "broken_route"
        ]
        assert plain(duty("08:00", "6:00", [away], flight_time_minutes=None)).destination == "EDDM"

    @pytest.mark.parametrize("status", ["returned", "cancelled"])
    def test_what_diverted_neither_returned_nor_was_cancelled(self, status: str) -> None:
        both = planned("09:00", "11:00", status=status, diverted_to="EDDM")
        assert "status" in codes(duty("08:00", "6:00", [both], flight_time_minutes=None))

    def test_only_a_sector_that_was_cancelled_at_the_end_explains_a_later_end_of_the_fdp(self) -> None:
        gone = planned("09:00", "10:00", status="cancelled")
        first, last = ([gone, flight("11:00", "12:00")], [flight("09:00", "10:00"), gone])
        ends = [plain(duty("08:00", "12:00", sectors, flight_time_minutes=None)) for sectors in (first, last)]
        assert [one.fdp_end - one.report for one in ends] == [720, 120]

    def test_what_is_withdrawn_need_not_say_when_it_was_to_be(self) -> None:
        untimed = duty("08:00", "6:00", 2, status="cancelled", fdp_end_at=None)
        assert codes(untimed) == []

    def test_what_was_planned_of_an_arrival_says_nothing_of_a_diversion(self) -> None:
        """Until it is in, it fills the FDP."""
        away = planned("09:00", "11:00", diverted_to="EDDM", status="diverted")
        assert plain(duty("08:00", "6:00", [away], flight_time_minutes=None)).flight_time == 6 * 60

    def test_a_flight_that_returned_is_where_it_began(self) -> None:
        back = flight("09:00", "09:40", destination="EDDF", status="returned")
        again = flight("11:00", "13:00", destination="EDDF")
        assert codes(duty("08:00", "6:00", [back, again], flight_time_minutes=None)) == []

    def test_what_a_withdrawal_leaves_others_with_is_told(self) -> None:
        """117.27: without the duty by day between, the fourth is the fourth night in a row."""
        nights = [duty(f"+{day} 22:00", "8:00") for day in range(3)]
        given = roster(*nights, duty("+3 16:30", 15), duty("+4 05:00", "4:00"))
        assert found_in(*given) == [[]] * 5
        (told,) = found_in(given[3] | {"revision": 2, "status": "cancelled"}, history=given)[0]
        assert (told.code, told.severity) == ("crew.withdrawal", Severity.SOFT)
        assert "crew.far117.consecutive_nights" in told.message
        assert told.duties == ("D1", "D2", "D3", "D5")

    def test_a_standby_that_a_withdrawn_flight_leaves_alone_is_looked_at_again(self) -> None:
        """Away from home base 10 hours of rest; a standby of which nobody says where it is asks for 12."""
        first = easa("08:00", "4:00", home_base="EDDF")
        waiting = activity("home_standby", "23:00", "+1 02:00", home_base="EDDF")
        given = roster(first, waiting, easa("+1 03:00", "4:00", home_base="EDDF"))
        assert hard(*given) == []
        (told,) = found_in(given[2] | {"revision": 2, "status": "cancelled"}, history=given)[0]
        assert "crew.easa.rest " in told.message

    def test_older_releases_leave_alone_what_they_would_count_as_a_duty(self) -> None:
        leave, gone = activity("leave", "08:00", "12:00"), easa("08:00", "8:00", status="cancelled")
        assert [dumped(plain(one))["v"] for one in (easa("08:00", "8:00"), leave, gone)] == [2, 3, 3]
        assert loaded([dumped(plain(leave))]) == [plain(leave)]

    @pytest.mark.parametrize(
        ("record", "kind"),
        [(easa("08:00", "8:00"), "flight_duty"), (activity("home_standby", "08:00", "12:00"), "home_standby")],
    )
    def test_what_an_older_release_has_kept(self, record: dict[str, Any], kind: str) -> None:
        row = {name: value for name, value in dumped(plain(record)).items() if name != "activity"} | {"v": 2}
        assert loaded([row]) == [plain(record)]
        assert plain(record).activity == kind


def planned(out: str, into: str, **changes: Any) -> dict[str, Any]:
    """A sector of which nothing is known but its plan."""
    return {name: value for name, value in flight(out, into, **changes).items() if not name.startswith("actual_")}


class TestDelayedReporting:
    """CS FTL.1.205(d). By 13:00 the table allows 13 hours, by 15:00 12, by 17:30 11."""

    @pytest.mark.parametrize(
        ("original", "report", "most"), [("13:00", "15:00", 13), ("13:00", "17:30", 11), ("05:00", "10:00", 12)]
    )
    def test_the_table_goes_by_the_original_report_and_from_4_hours_on_by_the_stricter(
        self, original: str, report: str, most: int
    ) -> None:
        for length, found in ((most * 60, []), (most * 60 + 1, ["easa.fdp"])):
            assert hard(easa(report, length, original_report_at=at(original))) == found

    def test_it_is_no_later_than_the_report(self) -> None:
        assert codes(easa("08:00", "8:00", original_report_at=at("08:01"))) == ["time_order"]


class TestPeriodsOfAHistory:
    @settings(deadline=None, max_examples=examples(200))
    @given(st.data())
    def test_a_history_is_the_same_in_whatever_order_it_was_made(self, data: st.DataObject) -> None:
        kinds = ["flight_duty", "simulator", "airport_standby", "home_standby", "leave", "long_call_reserve"]
        made: list[dict[str, Any]] = []
        minute = 0
        for number in range(data.draw(st.integers(1, 8))):
            minute += data.draw(st.sampled_from([30, 239, 241, 599, 600, 800]))
            start, end = (f"+{one // 1440} {one % 1440 // 60:02d}:{one % 60:02d}" for one in (minute, minute + 120))
            kind = data.draw(st.sampled_from(kinds))
            one = easa(start, 90) if kind == "flight_duty" else activity(kind, start, end)
            made.append(one | {"duty_id": f"D{number}"})
            minute += 120
        activities = [plain(one) for one in made]
        shuffled = data.draw(st.permutations(activities))
        gone = data.draw(st.sets(st.sampled_from(activities)))
        history = History()
        for one in shuffled:
            history.add(one)
        for one in gone:
            history.discard(one.id)
        anew = History(one for one in activities if one not in gone)
        assert history.duties == anew.duties
        assert [history.parts(one) for one in history.duties] == [anew.parts(one) for one in anew.duties]
        assert {name: (one.starts, one.ends) for name, one in history.timelines.items()} == {
            name: (one.starts, one.ends) for name, one in anew.timelines.items()
        }
        assert list(history.governed) == list(anew.governed) or set(history.governed) == set(anew.governed)


def test_a_called_reserve_may_end_after_its_call() -> None:
    """CS FTL.1.230: 10 hours from the call to report, whenever the reserve would have ended."""
    called = standby("reserve", "00:00", "11:00") | {"called_at": at("01:00")}
    assert hard(easa("11:00", "8:00", standby=called)) == []
    assert hard(easa("11:00", "8:00", standby=called | {"called_at": at("01:01")})) == ["easa.reserve_notice"]
    assert hard(easa("11:00", "8:00", standby=called | {"called_at": at("11:01")})) == ["time_order"]


def test_a_break_beside_a_cancelled_sector_is_no_contradiction() -> None:
    record = duty(
        "08:00",
        "10:00",
        [flight("09:00", "10:00"), planned("11:00", "13:00", status="cancelled"), flight("16:00", "18:00")],
        split_rest=rest("11:00", "15:00"),
        flight_time_minutes=None,
    )
    assert hard(record) == []
