"""14 CFR Part 117, of one duty by itself: worked examples, each figure computed by hand."""

from typing import Any

import pytest

from penstock.feeds.crew.editions import PART_117
from penstock.feeds.crew.policy import Policy
from penstock.model.findings import Severity
from tests.support.duties import at, codes, duty, flight, found_in, rest, standby

ANY_FACILITY = Policy(preferred_rest_class=3)


class TestLocalTime:
    """Tables go by the clock of the acclimated theater, 117.13(b)(2)."""

    @pytest.mark.parametrize(
        ("zone", "limit"),
        # 06:00 UTC on March 10 is 07:00 in Amsterdam, 02:00 in New York (summer time since March 8), 15:00 in Tokyo.
        [("Etc/UTC", 13), ("Europe/Amsterdam", 14), ("America/New_York", 9), ("Asia/Tokyo", 12)],
    )
    def test_the_clock_of_the_reference_zone(self, zone: str, limit: int) -> None:
        assert codes(duty("06:00", limit * 60, reference_tz=zone)) == []
        assert codes(duty("06:00", limit * 60 + 1, reference_tz=zone)) == ["far117.fdp"]

    @pytest.mark.parametrize(("day", "limit"), [("2026-03-07", 10), ("2026-03-08", 12)])
    def test_summer_time_moves_the_band(self, day: str, limit: int) -> None:
        """09:30 UTC is 04:30 in New York the day before its clocks go forward, and 05:30 on that day."""
        long = {"reference_tz": "America/New_York", "report_at": at("09:30", day), "release_at": at("+1 06:00", day)}
        assert codes(duty("09:30", 60, **long, fdp_end_at=at(f"{9 + limit}:30", day))) == []
        assert codes(duty("09:30", 60, **long, fdp_end_at=at(f"{9 + limit}:31", day))) == ["far117.fdp"]

    def test_the_same_instant_in_another_offset_is_the_same(self) -> None:
        written = duty("06:00", "13:01", report_at="2026-03-10T08:00:00+02:00")
        assert codes(written) == ["far117.fdp"]

    def test_seconds_do_not_count(self) -> None:
        assert codes(duty("06:00", "13:00", fdp_end_at="2026-03-10T19:00:59Z")) == []


class TestFinding:
    def test_it_has_the_figures(self) -> None:
        (breach,) = found_in(duty("07:00", "14:25", 2))[0]

        assert breach.payload() == {
            "rule": "crew.far117.fdp",
            "paragraph": "14 CFR 117.13, Table B",
            "edition": PART_117.name,
            "severity": "hard",
            "field": "fdp_end_at",
            "limit": 840,
            "actual": 865,
            "margin": -25,
            "unit": "minutes",
            "duties": ["D1"],
            "message": "the FDP takes 14:25, 0:25 over the 14:00 for a start at 07:00 with 2 segments; shorten it, or"
            " augment the crew",
        }
        assert breach.as_dict()["margin"] == -25


class TestFlightTime:
    @pytest.mark.parametrize(("pilots", "hours"), [(3, 13), (4, 17)])
    def test_with_more_pilots(self, pilots: int, hours: int) -> None:
        """117.11(a)(2), (3). A duty from 07:00, by Table C 17 and 19 hours."""
        crew = {"pilots": pilots, "rest_facility_class": 1}
        assert codes(duty("07:00", "17:00", **crew, flight_time_minutes=hours * 60)) == []
        over = duty("07:00", "17:01", **crew, flight_time_minutes=hours * 60 + 1)
        assert "far117.flight_time" in codes(over)

    def test_after_takeoff_it_may_be_exceeded_to_land(self) -> None:
        """117.11(b): off 08:10, planned in at 17:00, in at 17:20: 20 minutes arose in the air."""
        late = flight("08:00", "17:00", planned_off=at("08:10"), actual_off=at("08:10"), actual_in=at("17:20"))
        record = duty("07:00", "10:40", [late], flight_time_minutes=560, extension="discretion")
        assert codes(record) == ["far117.extension_used", "far117.flight_time_after_takeoff"]
        assert codes(record | {"extension": "none"}) == ["far117.flight_time"]


class TestAugmented:
    def test_no_more_than_three_segments(self) -> None:
        crew = {"pilots": 3, "rest_facility_class": 1}
        """From 08:00 with four segments Table B allows 13 hours, for which nobody need be augmented."""
        assert codes(duty("08:00", "13:01", 3, **crew)) == []
        assert codes(duty("08:00", "13:01", 4, **crew)) == ["far117.segments_augmented"]
        assert codes(duty("08:00", "13:00", 4, **crew)) == []
        assert codes(duty("08:00", "13:00", 4, flight_time_minutes=541, **crew)) == ["far117.segments_augmented"]

    def test_without_a_rest_facility_it_is_no_augmented_crew(self) -> None:
        assert codes(duty("08:00", "14:00", pilots=3)) == ["rest_facility"]
        assert codes(duty("08:00", "14:01", pilots=3)) == ["far117.fdp", "rest_facility"]

    @pytest.mark.parametrize(("preferred", "missed"), [(1, True), (2, False), (3, False)])
    def test_a_lesser_facility_than_preferred_is_flagged(self, preferred: int, missed: bool) -> None:
        found = found_in(
            duty("08:00", "10:00", pilots=3, rest_facility_class=2), policy=Policy(preferred_rest_class=preferred)
        )[0]
        assert [(one.code, one.severity) for one in found] == [("crew.rest_facility", Severity.SOFT)] * missed


class TestSplitDuty:
    """117.15. From 17:00 with four segments Table B allows 11 hours."""

    @pytest.mark.parametrize(
        ("break_", "fdp", "expected"),
        [
            # 3 hours of sleep: 14:00 from report to end are 11:00 of FDP.
            (rest("23:00", "+1 02:00"), "14:00", []),
            (rest("23:00", "+1 02:59"), "14:00", []),
            # FDP and rest together take more than 14 hours (f): nothing is credited.
            (rest("23:00", "+1 02:59"), "14:01", ["far117.fdp", "far117.split_rest"]),
            # A minute short of 3 hours (b).
            (rest("23:00", "+1 01:59"), "11:01", ["far117.fdp", "far117.split_rest"]),
            (rest("23:00", "+1 01:59"), "11:00", ["far117.split_rest"]),
            # Only what is between 22:00 and 05:00 counts (a): of 21:00 to 01:00 three hours, of 21:00 to 00:59 less.
            (rest("21:00", "+1 01:00"), "14:00", []),
            (rest("21:00", "+1 00:59"), "13:59", ["far117.fdp", "far117.split_rest"]),
            (rest("+1 02:30", "+1 05:30"), "13:00", ["far117.fdp", "far117.split_rest"]),
            (rest("23:00", "+1 03:00", suitable=False), "13:00", ["far117.fdp", "far117.split_rest"]),
        ],
    )
    def test_a_rest_is_no_part_of_the_fdp(self, break_: dict[str, Any], fdp: str, expected: list[str]) -> None:
        assert codes(duty("17:00", fdp, 4, split_rest=break_)) == expected

    @pytest.mark.parametrize(("fdp", "over"), [("12:00", False), ("12:01", True)])
    def test_what_is_left_is_within_the_table(self, fdp: str, over: bool) -> None:
        """From 17:00 with seven segments Table B allows 9 hours; three of rest are none of it."""
        night = rest("23:00", "+1 02:00")
        assert codes(duty("17:00", fdp, 7, split_rest=night)) == ["far117.fdp"] * over

    def test_not_before_the_first_segment_is_completed(self) -> None:
        """117.15(e)."""
        night = rest("23:00", "+1 02:00")
        before = [flight("18:00", "22:59"), flight("+1 03:00", "+1 04:00")]
        after = [flight("+1 02:10", "+1 03:00"), flight("+1 03:00", "+1 04:00")]
        assert codes(duty("17:00", "13:00", before, flight_time_minutes=None, split_rest=night)) == []
        assert codes(duty("17:00", "13:00", after, flight_time_minutes=None, split_rest=night)) == [
            "far117.fdp",
            "far117.split_rest",
        ]

    def test_not_with_an_augmented_crew(self) -> None:
        record = duty("17:00", "13:00", 2, pilots=3, rest_facility_class=1, split_rest=rest("23:00", "+1 02:00"))
        assert codes(record) == ["far117.split_rest"]

    def test_by_the_clock_of_the_reference_zone(self) -> None:
        """03:00 to 06:00 UTC are 22:00 to 01:00 in Chicago, five hours behind in March's summer time."""
        night = rest("+1 03:00", "+1 06:00")
        record = duty("22:00", "14:00", 4, split_rest=night)
        assert codes(record | {"reference_tz": "America/Chicago"}) == []
        assert codes(record) == ["far117.fdp", "far117.split_rest"]


class TestExtensions:
    """117.19. From 07:00 with one segment Table B allows 14 hours."""

    @pytest.mark.parametrize(
        ("fdp", "reported"), [("14:00", False), ("14:30", False), ("14:31", True), ("16:00", True)]
    )
    def test_up_to_two_hours_before_takeoff(self, fdp: str, reported: bool) -> None:
        (breach,) = found_in(duty("07:00", fdp, extension="discretion"))[0]
        assert (breach.code, breach.severity) == ("crew.far117.extension_used", Severity.SOFT)
        assert ("report it within 10 days" in breach.message) is reported

    def test_no_more(self) -> None:
        (breach,) = found_in(duty("07:00", "16:01", extension="discretion"))[0]
        assert (breach.code, breach.limit, breach.actual) == ("crew.far117.extension", 960, 961)

    @pytest.mark.parametrize(("fdp", "expected"), [("16:30", "extension_used"), ("16:31", "extension")])
    def test_what_arises_after_takeoff_comes_on_top(self, fdp: str, expected: str) -> None:
        """Off 19:10 as planned, in at 21:30 where 21:00 was planned."""
        late = flight("19:00", "21:00", planned_off=at("19:10"), actual_off=at("19:10"), actual_in=at("21:30"))
        record = duty("07:00", fdp, [late], flight_time_minutes=None, extension="discretion")
        assert codes(record) == [f"far117.{expected}"]

    def test_a_diversion_arises_after_takeoff(self) -> None:
        """117.19(b)(1): to the next airport, be it the destination or an alternate."""
        late = flight("19:00", "21:00", planned_off=at("19:10"), actual_off=at("19:10"), actual_in=at("21:30"))
        away = late | {"status": "diverted", "diverted_to": "EBBR"}
        record = duty("07:00", "16:30", [away], flight_time_minutes=None, extension="discretion")
        assert codes(record) == ["far117.extension_used"]

    def test_what_a_passenger_is_late_for_is_nothing_of_the_flights(self) -> None:
        """The last sector that is operated is on time, positioning behind it is not."""
        last = flight("20:00", "23:01", planned_off=at("20:10"), actual_off=at("20:10"))
        late = flight("23:10", "23:30", planned_off=at("23:10"), actual_off=at("23:10"), actual_in=at("+1 03:00"))
        record = duty("07:00", "16:01", [last, late | {"positioning": True}], flight_time_minutes=None)
        assert "far117.extension" in codes(record | {"extension": "discretion", "release_at": at("+1 03:00")})

    def test_there_is_no_planned_one(self) -> None:
        assert codes(duty("07:00", "14:00", extension="planned")) == ["far117.planned_extension"]
        assert codes(duty("07:00", "14:01", extension="planned")) == ["far117.fdp", "far117.planned_extension"]

    def test_of_the_shorter_fdp_of_who_is_not_acclimated(self) -> None:
        assert codes(duty("07:00", "15:30", extension="discretion", acclimatised="no")) == ["far117.extension_used"]
        assert codes(duty("07:00", "15:31", extension="discretion", acclimatised="no")) == ["far117.extension"]


class TestReserve:
    def test_airport_standby_is_fdp(self) -> None:
        """117.21(b): from 05:30 Table B allows 12 hours, of which 3 pass before report."""
        assert codes(duty("08:30", "9:00", standby=standby("airport", "05:30", "08:30"))) == []
        assert codes(duty("08:30", "9:01", standby=standby("airport", "05:30", "08:30"))) == ["far117.fdp"]

    def test_a_reserve_availability_period_takes_14_hours(self) -> None:
        """117.21(c)(1)."""
        assert codes(duty("17:00", "1:00", standby=standby("short_call", "03:00", "17:00"))) == []
        assert codes(duty("17:01", "1:00", standby=standby("short_call", "03:00", "17:01"))) == [
            "far117.reserve_period"
        ]

    @pytest.mark.parametrize(
        ("report", "together", "expected"),
        [
            # From 13:00 Table B allows 12 hours, and 4 more are 16; from 17:00 also 12.
            ("13:00", 16 * 60, []),
            ("13:00", 16 * 60 + 1, ["far117.reserve_and_fdp"]),
            # From 22:00 it allows 11, so 15 together.
            ("22:00", 15 * 60, []),
            ("22:00", 15 * 60 + 1, ["far117.reserve_and_fdp"]),
            # From 07:00 it allows 14, and 18 together are more than 16.
            ("07:00", 16 * 60, []),
            ("07:00", 16 * 60 + 1, ["far117.reserve_and_fdp"]),
        ],
    )
    def test_short_call_and_fdp_together(self, report: str, together: int, expected: list[str]) -> None:
        """117.21(c)(3); the reserve begins 6 hours before report."""
        begin = f"{'' if report > '06' else '-1 '}{(int(report[:2]) - 6) % 24:02d}:00"
        record = duty(report, together - 360, standby=standby("short_call", begin, report))
        assert codes(record) == expected

    def test_with_an_augmented_crew_as_table_c_and_4_hours(self) -> None:
        """117.21(c)(4): 3 pilots, class 1, from 13:00: 16 + 4 hours, of which 7 pass before report."""
        crew = {"pilots": 3, "rest_facility_class": 1, "standby": standby("short_call", "06:00", "13:00")}
        assert codes(duty("13:00", "13:00", **crew)) == []
        assert codes(duty("13:00", "13:01", **crew)) == ["far117.reserve_and_fdp"]

    def test_an_extension_extends_both(self) -> None:
        """117.19(a)(1): 18 hours together from 07:00, of which 6 pass before report at 13:00."""
        extended = {"standby": standby("short_call", "07:00", "13:00"), "extension": "discretion"}
        assert codes(duty("13:00", "12:00", **extended)) == ["far117.extension_used"]
        assert codes(duty("13:00", "12:01", **extended)) == ["far117.extension_used", "far117.reserve_and_fdp"]

    @pytest.mark.parametrize("kind", ["long_call", "reserve", "home", "other"])
    @pytest.mark.parametrize(
        ("report", "call", "fdp", "expected"),
        [
            # Into the window of circadian low, 02:00, with 12 hours' notice and with a minute less.
            ("20:00", "08:00", "6:01", []),
            ("20:00", "08:01", "6:01", ["far117.long_call_notice"]),
            # It ends as the window begins.
            ("20:00", "08:01", "6:00", []),
            # It begins within the window; of any the rest before it is not to be broken.
            ("02:00", "-1 16:00", "6:00", []),
            ("02:00", "-1 16:01", "6:00", ["far117.long_call_rest"]),
            ("20:00", "10:01", "6:00", ["far117.long_call_rest"]),
            ("20:00", "10:00", "6:00", []),
            # Where it ends at the report, and nobody says when the call came, there was none before.
            ("20:00", "20:00", "6:00", ["far117.long_call_rest"]),
            ("01:59", "01:00", "6:00", ["far117.long_call_notice"]),
        ],
    )
    def test_long_call_has_notice_of_a_night(
        self, kind: str, report: str, call: str, fdp: str, expected: list[str]
    ) -> None:
        """117.21(a), (d), 117.3."""
        assert codes(duty(report, fdp, standby=standby(kind, "-1 15:30", call))) == expected


class TestQualifications:
    @pytest.mark.parametrize(
        ("until", "expired"),
        [
            # The duty ends at 18:00 UTC on March 10: 03:00 on March 11 in Tokyo.
            ("2026-03-10", True),
            ("2026-03-11", False),
            ("2026-03-10T18:00:00Z", False),
            ("2026-03-10T17:59:00Z", True),
            ("2026-03-11T03:00:00+09:00", False),
        ],
    )
    def test_valid_to_the_end_of_the_duty(self, until: str, expired: bool) -> None:
        held = [{"code": "MEDICAL1", "valid_until": until}, {"code": "ATPL", "valid_until": "2031-01-01"}]
        record = duty("12:00", "6:00", qualifications=held, reference_tz="Asia/Tokyo")
        assert codes(record) == ["qualification_expired"] * expired
