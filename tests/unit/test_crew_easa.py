"""ORO.FTL and CS FTL.1, of one duty by itself: worked examples, each figure computed by hand."""

from typing import Any

import pytest

from penstock.feeds.crew.policy import Policy
from penstock.model.findings import Severity
from tests.support.duties import at, codes, easa, found_in, rest, standby

ANY_FACILITY = Policy(preferred_rest_class=3)


class TestInFlightRest:
    @pytest.mark.parametrize(
        ("sectors", "longest", "hours"),
        [
            ([541, 60], 541, 15),
            ([540, 60], 540, 14),
            ([541, 30, 30], 541, 14),
            ([541], 541, 15),
        ],
    )
    def test_an_hour_more_with_a_long_sector(self, sectors: list[int], longest: int, hours: int) -> None:
        """CS FTL.1.205(c): class 3 and three pilots, at most two sectors and one of more than 9 hours."""
        legs: list[dict[str, Any]] = []
        out = 9 * 60
        for length in sectors:
            legs.append(
                {"flight": "PS1", "origin": "EHAM", "destination": "EHAM",
                 "planned_out": _at(out), "planned_in": _at(out + length)}
            )  # fmt: skip
            out += length + 30
        crew = {"pilots": 3, "rest_facility_class": 3, "sectors": legs, "flight_time_minutes": None}
        assert codes(easa("08:00", hours * 60, **crew), policy=ANY_FACILITY) == []
        assert codes(easa("08:00", hours * 60 + 1, **crew), policy=ANY_FACILITY) == ["easa.fdp_in_flight_rest"]

    def test_no_more_than_three_sectors(self) -> None:
        """From 08:00 with four sectors Table 2 allows 12 hours, for which nobody needs to rest in flight."""
        crew = {"pilots": 3, "rest_facility_class": 1}
        assert codes(easa("08:00", "12:31", 3, **crew)) == []
        assert codes(easa("08:00", "12:01", 4, **crew)) == ["easa.sectors_in_flight_rest"]
        assert codes(easa("08:00", "12:00", 4, **crew)) == []

    def test_without_a_facility_the_tables_hold(self) -> None:
        assert codes(easa("08:00", "13:01", pilots=4)) == ["easa.fdp", "rest_facility"]


def _at(minute: int) -> str:
    return at(f"+{minute // 1440} {minute % 1440 // 60:02d}:{minute % 60:02d}")


class TestSplitDuty:
    """CS FTL.1.220. From 10:00 with four sectors Table 2 allows 12 hours."""

    @pytest.mark.parametrize(
        ("break_", "fdp"),
        [
            (rest("13:00", "16:00"), "13:30"),
            (rest("13:00", "16:01"), "13:30"),
            (rest("13:00", "16:02"), "13:31"),
            (rest("13:00", "20:00"), "15:30"),
            # Not suitable: the seventh hour earns nothing.
            (rest("13:00", "20:00", suitable=False), "15:00"),
            (rest("13:00", "19:00", suitable=False), "15:00"),
        ],
    )
    def test_half_of_the_break(self, break_: dict[str, Any], fdp: str) -> None:
        hours, minutes = map(int, fdp.split(":"))
        record = easa("10:00", hours * 60 + minutes, 4, split_rest=break_)
        assert codes(record) == []
        over = easa("10:00", hours * 60 + minutes + 1, 4, split_rest=break_)
        assert codes(over) == ["easa.fdp"]

    def test_less_than_three_hours_earn_nothing(self) -> None:
        short = rest("13:00", "15:59")
        assert codes(easa("10:00", "12:00", 4, split_rest=short)) == ["easa.split_rest"]
        assert codes(easa("10:00", "12:01", 4, split_rest=short)) == ["easa.fdp", "easa.split_rest"]

    @pytest.mark.parametrize(("suitable", "minutes"), [(True, 120), (False, 75)])
    def test_the_circadian_low_needs_a_suitable_accommodation(self, suitable: bool, minutes: int) -> None:
        """From 17:00 with four sectors 10 hours; a break of 23:30 to 03:30, of which 2 hours 30 are before 02:00."""
        night = rest("23:30", "+1 03:30", suitable=suitable)
        assert codes(easa("17:00", 600 + minutes, 4, split_rest=night)) == []
        assert codes(easa("17:00", 600 + minutes + 1, 4, split_rest=night)) == ["easa.fdp"]

    def test_not_with_in_flight_rest(self) -> None:
        crew = {"pilots": 3, "rest_facility_class": 1}
        record = easa("10:00", "16:00", 2, split_rest=rest("13:00", "16:00"), **crew)
        assert codes(record) == ["easa.split_rest"]


class TestPlannedExtension:
    @pytest.mark.parametrize(
        "changes",
        [
            {"split_rest": rest("13:00", "14:00")},
            {"acclimatised": "unknown"},
        ],
    )
    def test_within_the_maximum_it_is_only_flagged(self, changes: dict[str, Any]) -> None:
        found = found_in(easa("08:00", "11:00", extension="planned", **changes))[0]
        assert ("crew.easa.extension_used", Severity.SOFT) in [(one.code, one.severity) for one in found]

    @pytest.mark.parametrize(
        ("changes", "over"),
        [
            # A break of 3 hours: 13:00 and 1:30.
            ({"split_rest": rest("10:00", "13:00")}, "14:31"),
            ({"pilots": 3, "rest_facility_class": 1}, "16:01"),
            ({"acclimatised": "unknown"}, "11:01"),
        ],
    )
    def test_not_with_a_break_nor_in_flight_rest_nor_unknown_state(self, changes: dict[str, Any], over: str) -> None:
        assert codes(easa("08:00", over, extension="planned", **changes)) == ["easa.extension_not_allowed"]


class TestCommandersDiscretion:
    @pytest.mark.parametrize(
        ("fdp", "reported"), [("13:00", False), ("14:00", False), ("14:01", True), ("15:00", True)]
    )
    def test_two_hours(self, fdp: str, reported: bool) -> None:
        (breach,) = found_in(easa("08:00", fdp, extension="discretion"))[0]
        assert (breach.code, breach.severity) == ("crew.easa.discretion_used", Severity.SOFT)
        assert ("to the authority" in breach.message) is reported

    @pytest.mark.parametrize(
        ("changes", "most"),
        [
            ({}, 15 * 60),
            ({"pilots": 3, "rest_facility_class": 2}, 18 * 60),
            ({"acclimatised": "unknown"}, 13 * 60),
            # The maximum with a break of 3 hours is 14:30 (ORO.FTL.220).
            ({"split_rest": rest("12:00", "15:00")}, 16 * 60 + 30),
        ],
    )
    def test_no_more_than_two_hours_three_with_an_augmented_crew(self, changes: dict[str, Any], most: int) -> None:
        within = easa("08:00", most, extension="discretion", **changes)
        over = easa("08:00", most + 1, extension="discretion", **changes)
        assert codes(within, policy=ANY_FACILITY) == ["easa.discretion_used"]
        assert codes(over, policy=ANY_FACILITY) == ["easa.discretion"]

    def test_after_takeoff_of_the_last_sector_the_flight_goes_on(self) -> None:
        """ORO.FTL.205(f)(1)(ii): 20 minutes longer in the air than planned."""
        last = {
            "flight": "PS1", "origin": "EHAM", "destination": "EHAM",
            "planned_out": at("20:00"), "planned_off": at("20:10"), "planned_in": at("22:50"),
            "actual_out": at("20:00"), "actual_off": at("20:10"), "actual_in": at("23:10"),
        }  # fmt: skip
        record = easa("08:00", "15:20", sectors=[last], flight_time_minutes=None, extension="discretion")
        assert codes(record) == ["easa.discretion_used"]
        assert codes(record | {"fdp_end_at": at("23:21")}) == ["easa.discretion"]


class TestStandby:
    @pytest.mark.parametrize(
        ("start", "most"),
        [
            # Report at 12:00: the first 4 hours are free, 13:00 allowed.
            ("08:00", "12:00"),
            # Fifth hour: 12:00 allowed, 17:00 together: 16 hours rule.
            ("07:00", "11:00"),
        ],
    )
    def test_at_the_airport_no_more_than_16_hours_together(self, start: str, most: str) -> None:
        """CS FTL.1.225(a)(2)(ii)."""
        hours = int(most[:2])
        waited = {"standby": standby("airport", start, "12:00")}
        assert codes(easa("12:00", hours * 60, **waited)) == []
        assert codes(easa("12:00", hours * 60 + 1, **waited)) == ["easa.airport_standby"]

    @pytest.mark.parametrize(("start", "limit"), [("13:00", 540), ("11:00", 540), ("10:59", 539), ("09:00", 420)])
    def test_at_the_airport_what_is_over_4_hours_shortens_the_fdp(self, start: str, limit: int) -> None:
        """CS FTL.1.225(a)(2)(i): report at 15:00 with eight sectors, 9 hours."""
        waited = {"standby": standby("airport", start, "15:00")}
        assert codes(easa("15:00", limit, 8, **waited)) == []
        assert codes(easa("15:00", limit + 1, 8, **waited)) == ["easa.fdp"]

    @pytest.mark.parametrize("kind", ["home", "other", "short_call"])
    @pytest.mark.parametrize(
        ("start", "call", "limit"),
        [
            # Report at 15:00 with four sectors: 11 hours. The first 6 hours are free.
            ("09:00", "14:00", 660),
            ("08:59", "14:00", 659),
            ("07:00", "14:00", 540),
            # From 06:00: the hour before 07:00 does not count, as the call came later.
            ("06:00", "14:00", 540),
            ("06:00", "06:30", 510),
        ],
    )
    def test_elsewhere_what_is_over_6_hours_shortens_the_fdp(
        self, kind: str, start: str, call: str, limit: int
    ) -> None:
        """CS FTL.1.225(b)(7), (9)."""
        waited = {"standby": standby(kind, start, call)}
        flagged = ["easa.awake"] * (limit + (15 - int(start[:2])) * 60 - int(start[3:]) > 18 * 60)
        assert codes(easa("15:00", limit, 4, **waited)) == flagged
        assert "easa.fdp" in codes(easa("15:00", limit + 1, 4, **waited))

    def test_a_night_asleep_does_not_count(self) -> None:
        """From 23:00 the day before, called at 05:00 for 08:00: 3 hours count, of which none is over 6."""
        night = {"kind": "home", "start": at("-1 23:00"), "end": at("05:00")}
        assert codes(easa("08:00", "13:00", standby=night)) == ["easa.awake"]
        assert codes(easa("08:00", "13:01", standby=night)) == ["easa.awake", "easa.fdp"]

    def test_8_hours_are_free_with_in_flight_rest(self) -> None:
        """CS FTL.1.225(b)(8): class 1, three pilots, 16 hours; 9 hours of standby take one."""
        crew = {"pilots": 3, "rest_facility_class": 1, "standby": standby("home", "07:00", "15:00")}
        assert codes(easa("16:00", "15:00", **crew)) == []
        assert codes(easa("16:00", "15:01", **crew)) == ["easa.fdp_in_flight_rest"]

    def test_no_more_than_16_hours(self) -> None:
        for start, found in (("06:00", []), ("05:59", ["easa.standby"])):
            waited = standby("home", start, "22:00") | {"called_at": at("20:00")}
            assert codes(easa("22:00", "1:00", standby=waited)) == found

    @pytest.mark.parametrize(("call", "expected"), [("02:00", []), ("02:01", ["easa.reserve_notice"])])
    def test_reserve_has_10_hours_of_notice(self, call: str, expected: list[str]) -> None:
        """CS FTL.1.230."""
        assert codes(easa("12:00", "8:00", standby=standby("reserve", "00:00", call))) == expected
