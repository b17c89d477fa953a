"""Limits over rolling windows, and the laws of the history: worked examples, and a count done minute by minute."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.feeds.crew import cumulative
from penstock.feeds.crew.duty import dumped, loaded
from penstock.feeds.crew.history import History, Timeline
from penstock.feeds.crew.policy import Policy, PolicyLimit
from penstock.feeds.crew.times import DAY, midnight
from penstock.model.findings import Severity
from tests.support.duties import at, codes, duty, easa, found_in, plain, roster


def days(*numbers: int, make: Any = duty, fdp: str = "8:00", flight: int = 60, **changes: Any) -> list[dict[str, Any]]:
    """A duty from 08:00 on each of these days."""
    return [make(f"{day:+d} 08:00", fdp, flight_time_minutes=flight, **changes) for day in numbers]


class TestPart117:
    def test_100_hours_of_flight_time_in_672_hours(self) -> None:
        """117.23(b)(1): 12 days of 8 hours, 96 hours; on the last day 4 more are allowed, and not a minute."""
        past = days(0, 1, 2, 3, 6, 7, 8, 9, 12, 13, 14, 15, fdp="8:30", flight=480)
        assert codes(*roster(*past, *days(18, fdp="8:30", flight=240))) == []
        (breach,) = found_in(*roster(*past, *days(18, fdp="8:30", flight=241)))[-1]
        assert (breach.code, breach.limit, breach.actual) == ("crew.far117.flight_time_672h", 6000, 6001)
        assert len(breach.duties) == 13

    def test_what_is_older_than_672_hours_does_not_count(self) -> None:
        """Twelve flights of 8:15, from 08:15 to 16:30. A flight that ends 28 days after the first has nothing of it in
        its window, one that ends at 12:30 has its last four hours: 11 * 495 + 240 + 390 minutes."""
        past = days(0, 6, 7, 8, 9, 12, 13, 14, 15, 18, 19, 20, fdp="8:30", flight=495)
        assert codes(*roster(*past, duty("+28 08:00", "8:30", flight_time_minutes=390))) == []
        (breach,) = found_in(*roster(*past, duty("+28 04:00", "8:30", flight_time_minutes=390)))[-1]
        assert (breach.code, breach.actual) == ("crew.far117.flight_time_672h", 6075)

    def test_1000_hours_of_flight_time_in_365_days(self) -> None:
        """117.23(b)(2): 125 days of 8 hours are 1,000; a day is of the first to the 365th, whatever the hour."""
        past = [one for week in range(42) for one in days(week * 8, week * 8 + 1, week * 8 + 2, fdp="8:30", flight=475)]
        past = past[:126]  # 126 * 475 = 59,850 minutes, from day 0 to 330
        assert codes(*roster(*past, *days(364, fdp="8:30", flight=150))) == []
        assert codes(*roster(*past, *days(364, fdp="8:30", flight=151))) == ["far117.flight_time_365d"]
        assert codes(*roster(*past, *days(365, fdp="8:30", flight=475))) == []

    def test_60_hours_of_fdp_in_168_hours(self) -> None:
        """117.23(c)(1): five days of 11 hours are 55; from +6 08:00, the first is within the window until +7 08:00."""
        past = days(0, 1, 2, 3, 4, fdp="11:00")
        assert codes(*roster(*past, *days(6, fdp="5:00"))) == []
        assert codes(*roster(*past, *days(6, fdp="5:01"))) == ["far117.fdp_168h"]
        # The window begins at 09:00 of the first day, so that what was before that has no part in it.
        (breach,) = found_in(*roster(*days(-9), *past, duty("+6 22:00", "11:00")))[-1]
        assert (breach.code, breach.actual, breach.duties) == (
            "crew.far117.fdp_168h",
            65 * 60,
            ("D2", "D3", "D4", "D5", "D6", "D7"),
        )

    def test_190_hours_of_fdp_in_672_hours(self) -> None:
        """117.23(c)(2): 17 days of 11 hours are 187."""
        past = [one for week in range(5) for one in days(*range(week * 6, week * 6 + 4), fdp="11:00")][:17]
        assert codes(*roster(*past, *days(26, fdp="3:00"))) == []
        assert codes(*roster(*past, *days(26, fdp="3:01"))) == ["far117.fdp_672h"]

    def test_split_duty_rest_is_no_fdp(self) -> None:
        """117.15: 14 hours from report to end, of which three are rest: 11 of FDP each, 55 in five days."""
        nights = [
            duty(
                f"+{day} 17:00",
                "14:00",
                4,
                split_rest={"start": at(f"+{day} 23:00"), "end": at(f"+{day + 1} 02:00"), "suitable": True},
            )
            for day in (0, 1, 2)
        ]
        history = History(map(plain, roster(*nights)))
        assert cumulative.fullest(history, history.duties[-1], "fdp", cumulative.rolling(168 * 60))[0] == 33 * 60

    def test_landing_may_exceed_it(self) -> None:
        """117.19(b)(3), 117.11(b): 58 hours, and then 2:20 of which 30 minutes arose after takeoff."""
        last = {
            "flight": "PS1", "origin": "EHAM", "destination": "EHAM",
            "planned_out": at("+6 08:20"), "planned_off": at("+6 08:30"), "planned_in": at("+6 09:40"),
            "actual_out": at("+6 08:20"), "actual_off": at("+6 08:30"), "actual_in": at("+6 10:10"),
        }  # fmt: skip
        long = duty("+6 08:00", "2:20", [last], flight_time_minutes=None, extension="discretion")
        past = days(0, 1, 2, 3, 4, fdp="11:36")
        told = codes(*roster(*past, long))
        assert told == ["far117.cumulative_after_takeoff", "far117.extension_used"]
        assert codes(*roster(*past, long | {"extension": "none"})) == ["far117.fdp_168h"]

    def test_a_duty_before_accepted_ones_answers_for_their_windows(self) -> None:
        *late, early = roster(*days(1, 2, 3, 4, 6, fdp="11:00"), *days(0, fdp="5:01"))
        assert codes(early, history=late) == ["far117.fdp_168h"]
        assert codes(early | {"fdp_end_at": at("13:00")}, history=late) == []


class TestEasa:
    """ORO.FTL.210. Duty is report to release, half an hour after the FDP."""

    def test_60_duty_hours_in_7_days(self) -> None:
        """Five days of 11:30 are 57:30; days are calendar days: the whole of day 0 counts until day 6 is over."""
        past = days(0, 1, 2, 3, 4, make=easa, fdp="11:00")
        assert codes(*roster(*past, easa("+6 12:00", "2:00"))) == []
        assert codes(*roster(*past, easa("+6 12:00", "2:01"))) == ["easa.duty_7d"]
        assert codes(*roster(*past, easa("+7 06:00", "11:00"))) == []

    def test_110_duty_hours_in_14_days_and_190_in_28(self) -> None:
        """Nine days of 12 hours are 108; 15 are 180."""
        two_weeks = days(0, 1, 2, 3, 5, 8, 9, 10, 12, make=easa, fdp="11:30")
        assert codes(*roster(*two_weeks, easa("+13 12:00", "1:30"))) == []
        assert codes(*roster(*two_weeks, easa("+13 12:00", "1:31"))) == ["easa.duty_14d"]
        four_weeks = days(0, 1, 2, 3, 7, 8, 9, 10, 14, 15, 16, 17, 21, 22, 23, make=easa, fdp="11:30")
        assert codes(*roster(*four_weeks, easa("+27 08:00", "9:30"))) == []
        assert codes(*roster(*four_weeks, easa("+27 08:00", "9:31"))) == ["easa.duty_28d"]

    def test_a_duty_past_midnight_counts_on_both_days(self) -> None:
        """By the clock of the reference zone: from 20:00 to 04:30, of which four hours are on day 0."""
        night = easa("20:00", "8:00")
        past = days(2, 3, 4, 5, make=easa, fdp="11:00")  # 46 hours
        history = History(map(plain, roster(night, *past)))
        total = cumulative.fullest(history, history.duties[-1], "duty", cumulative.days(7))[0]
        assert total == 8 * 60 + 30 + 46 * 60
        assert history.timelines["duty"].total(midnight("Etc/UTC", _day("+1 00:00")), 2**40) == 270 + 46 * 60

    def test_of_a_standby_that_nobody_was_called_from_a_quarter_counts(self) -> None:
        """CS FTL.1.225(b)(3): 12 hours a day at home are 3 of duty, 18 in six days; at the airport they are 72."""
        home, airport = (
            [
                easa(f"+{day} 08:00", 0, 0, flight_time_minutes=0, sectors=None, fdp_end_at=None)
                | {
                    "release_at": at(f"+{day} 20:00"),
                    "standby": {"kind": kind, "start": at(f"+{day} 08:00"), "end": at(f"+{day} 20:00")},
                }
                for day in range(6)
            ]
            for kind in ("home", "airport")
        )
        assert codes(*roster(*home)) == []
        assert codes(*roster(*airport)) == ["easa.duty_7d"]
        history = History(map(plain, roster(*home)))
        assert history.timelines["duty"].total(0, 2**40) == 18 * 60

    def test_standby(self) -> None:
        """All of an airport standby is duty (ORO.FTL.225(c)), and a quarter of one elsewhere (CS FTL.1.225(b)(3))."""
        airport = easa("12:00", "2:00", standby={"kind": "airport", "start": at("08:00"), "end": at("12:00")})
        home = easa("12:00", "2:00", standby={"kind": "home", "start": at("08:00"), "end": at("11:00")})
        assert History([plain(airport)]).timelines["duty"].total(0, 2**40) == 4 * 60 + 150
        assert History([plain(home)]).timelines["duty"].total(0, 2**40) == 60 + 150

    def test_100_hours_of_flight_time_in_28_days(self) -> None:
        past = days(0, 1, 2, 3, 7, 8, 9, 10, 14, 15, 16, 17, make=easa, fdp="8:30", flight=480)
        assert codes(*roster(*past, *days(27, make=easa, fdp="8:30", flight=240))) == []
        assert codes(*roster(*past, *days(27, make=easa, fdp="8:30", flight=241))) == ["easa.flight_time_28d"]
        assert codes(*roster(*past, *days(28, make=easa, fdp="8:30", flight=480))) == []

    def test_900_hours_in_a_calendar_year(self) -> None:
        """From March 10; New Year is 297 days later."""
        full = [one for week in range(29) for one in days(*range(week * 10, week * 10 + 4), make=easa, flight=465)]
        # 116 * 465 = 53,940 minutes of 54,000.
        assert codes(*roster(*full, *days(296, make=easa, flight=60))) == []
        assert codes(*roster(*full, *days(296, make=easa, flight=61))) == ["easa.flight_time_year"]
        assert codes(*roster(*full, *days(297, make=easa, flight=480))) == []

    def test_1000_hours_in_12_calendar_months(self) -> None:
        """116 days of 465 minutes to December 19, and 6,060 minutes left in the months to the next February."""
        full = [one for week in range(29) for one in days(*range(week * 10, week * 10 + 4), make=easa, flight=465)]
        more = [
            one for week in range(3) for one in days(*range(300 + week * 10, 304 + week * 10), make=easa, flight=480)
        ]
        # 53,940 + 12 * 480 = 59,700 minutes of 60,000 by February 1.
        assert codes(*roster(*full, *more, *days(350, make=easa, flight=300))) == []
        assert codes(*roster(*full, *more, *days(350, make=easa, flight=301))) == ["easa.flight_time_12m"]
        # In March the twelve months begin in April: March's flights are out.
        assert codes(*roster(*full, *more, *days(357, make=easa, flight=480))) == []


def _day(text: str) -> int:
    return plain(easa(text, 60)).report // DAY


class TestPolicy:
    MANUAL = Policy(
        limits=[
            PolicyLimit("fdp_12h", "fdp", 720, "OM-A 7.1", Severity.HARD),
            PolicyLimit("two_sectors", "sectors", 2, "OM-A 7.2"),
            PolicyLimit("rest_11h", "rest_before", 660, "OM-A 7.3"),
            PolicyLimit("flight_30h", "flight_time", 1800, "OM-A 7.4", window_hours=168, regulation="far117"),
            PolicyLimit("duty_8h", "duty", 480, "OM-A 7.5", regulation="easa"),
        ]
    )

    @pytest.mark.parametrize(
        ("duties", "expected"),
        [
            ([duty("08:00", "12:00", 2)], []),
            ([duty("08:00", "12:01", 2)], ["policy.fdp_12h"]),
            ([duty("08:00", "9:00", 3)], ["policy.two_sectors"]),
            ([duty("08:00", "12:00"), duty("+1 07:30", "8:00")], []),
            ([duty("08:00", "12:00"), duty("+1 07:29", "8:00")], ["policy.rest_11h"]),
            (days(0, 1, 2, 3, flight=450), []),
            (days(0, 1, 2, 3, flight=451), ["policy.flight_30h"]),
            ([easa("08:00", "7:30")], []),
            ([easa("08:00", "7:31")], ["policy.duty_8h"]),
        ],
    )
    def test_limits_on_top(self, duties: list[dict[str, Any]], expected: list[str]) -> None:
        assert codes(*roster(*duties), policy=self.MANUAL) == expected

    def test_a_finding_cites_the_manual(self) -> None:
        (breach,) = found_in(duty("08:00", "12:01", 2), policy=self.MANUAL)[0]
        assert breach.payload() | {"message": ""} == {
            "rule": "crew.policy.fdp_12h",
            "paragraph": "OM-A 7.1",
            "severity": "hard",
            "field": "fdp_end_at",
            "limit": 720,
            "actual": 721,
            "margin": -1,
            "unit": "minutes",
            "duties": ["D1"],
            "message": "",
        }


intervals = st.lists(
    st.tuples(st.integers(0, 300), st.integers(1, 60)), max_size=12
).map(lambda gaps: _disjoint(gaps))  # fmt: skip


def _disjoint(gaps: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Intervals of (gap before, length)."""
    found: list[tuple[int, int]] = []
    now = 0
    for gap, length in gaps:
        found.append((now + gap, now + gap + length))
        now += gap + length
    return found


class TestTimeline:
    @given(intervals, st.integers(-100, 4000), st.integers(1, 2000))
    def test_a_sum_is_the_number_of_minutes(self, given: list[tuple[int, int]], begin: int, length: int) -> None:
        counted = sum(start <= minute < end for minute in range(begin, begin + length) for start, end in given)

        assert Timeline(given).total(begin, begin + length) == counted

    @given(intervals, st.randoms(use_true_random=False))
    def test_it_does_not_matter_in_which_order_they_come(self, given: list[tuple[int, int]], random: Any) -> None:
        shuffled = list(given)
        random.shuffle(shuffled)
        timeline = Timeline()
        for interval in shuffled:
            timeline.add([interval])
        assert (timeline.starts, timeline.ends) == (Timeline(given).starts, Timeline(given).ends)

    @given(intervals, intervals)
    def test_a_minute_counts_once(self, some: list[tuple[int, int]], others: list[tuple[int, int]]) -> None:
        timeline = Timeline(some)
        timeline.add(others)
        covered = {minute for start, end in [*some, *others] for minute in range(start, end)}
        assert timeline.total(0, 10**6) == len(covered)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.integers(10 * 60, 40 * 60), st.integers(60, 540)), min_size=1, max_size=14),
    st.sampled_from([24, 72, 168]),
)
def test_the_fullest_window_is_that_of_a_search_minute_by_minute(gaps: list[tuple[int, int]], length: int) -> None:
    """Of all windows that the last duty has a part in and that nothing comes after."""
    history, now = History(), plain(duty("00:00", 60)).report
    for number, (gap, fdp) in enumerate(gaps):
        now += gap
        record = plain(duty("00:00", fdp))
        moved = now - record.report
        history.add(
            record._replace(
                id=f"D{number}",
                begin=now,
                report=now,
                fdp_start=now,
                fdp_end=record.fdp_end + moved,
                release=record.release + moved,
            )
        )
        now += fdp + 30
    last, timeline = history.duties[-1], history.timelines["fdp"]
    searched = max(timeline.total(end - length * 60, end) for end in range(last.begin, last.release + 1, 1))

    assert cumulative.fullest(history, last, "fdp", cumulative.rolling(length * 60))[0] == searched


def test_a_history_goes_back_400_days(monkeypatch: pytest.MonkeyPatch) -> None:
    """Released at 16:30; what was released 400 days before that is dropped, what was a minute later is kept."""
    monkeypatch.setattr("penstock.feeds.crew.history.LEAST", 1)
    past = [duty("00:00", 60, release_at=at(time), duty_id=time) for time in ("16:30", "16:31")]
    history = History(map(plain, [*past, duty("+400 08:00", "8:00")]))
    assert [one.id for one in history.kept()] == ["16:31", "D1"]
    assert History().kept() == []


def test_a_duty_with_a_wrong_year_does_not_make_the_past_forgotten() -> None:
    past = [duty(f"+{day} 08:00", "8:00", duty_id=f"D{day}") for day in range(500)]
    history = History(map(plain, [*past, duty("+4000 08:00", "8:00", duty_id="wrong")]))
    assert [one.id for one in history.kept()] == [*(f"D{day}" for day in range(1, 500)), "wrong"]


def test_a_history_is_kept_as_json() -> None:
    records = roster(
        duty("08:00", "10:00"),
        easa("+1 08:00", "10:00", standby={"kind": "home", "start": at("+1 05:00"), "end": at("+1 07:00")}),
    )
    duties = [plain(one) for one in records]
    assert loaded(json.loads(json.dumps([dumped(duty) for duty in duties]))) == duties
