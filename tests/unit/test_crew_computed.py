"""What the feed computes from a crew member's history and the table of airports, and compares with what is said."""

from typing import Any

import pytest

from penstock.feeds.crew.easa_tables import acclimatised_after, nights_at_home
from penstock.feeds.crew.policy import Policy
from penstock.model.findings import Severity
from tests.support.duties import at, codes, duty, easa, found_in, rest, roster, standby


def flown(start: str, fdp: str | int, route: str, **changes: Any) -> dict[str, Any]:
    """A duty of one sector without times."""
    origin, destination = route.split("-")
    sector = {"flight": "PS1", "origin": origin, "destination": destination}
    return easa(start, fdp, [sector], **({"home_base": "EDDF", "reference_tz": "Europe/Berlin"} | changes))


def hard(*records: dict[str, Any], **known: Any) -> list[str]:
    return [one.code[5:] for one in found_in(*records, **known)[-1] if one.severity is Severity.HARD]


class TestTable1:
    """ORO.FTL.105(1)."""

    @pytest.mark.parametrize(
        ("apart", "states"),
        [
            ("3:59", "BDDDD"),
            ("4:00", "BXDDD"),
            ("6:00", "BXDDD"),
            ("6:01", "BXXDD"),
            ("9:01", "BXXXD"),
            ("12:00", "BXXXD"),
        ],
    )
    def test_as_printed(self, apart: str, states: str) -> None:
        hours, minutes = map(int, apart.split(":"))
        elapsed = (0, 48 * 60 - 1), (48 * 60, 72 * 60 - 1), (72 * 60, 96 * 60 - 1), (96 * 60, 120 * 60 - 1), (120 * 60,)
        for state, ends in zip(states, elapsed, strict=True):
            assert {acclimatised_after(hours * 60 + minutes, one) for one in ends} == {state}

    # Frankfurt to New York and back again, 5 hours apart in the middle of March.
    OUT = flown("10:00", "9:00", "EDDF-KJFK", duty_id="D0")

    @pytest.mark.parametrize(
        ("start", "zone", "told"),
        [
            # 36 hours after reporting in Frankfurt: still to Frankfurt, within its two hours.
            ("+1 22:00", "Europe/Berlin", False),
            ("+1 22:00", "Europe/London", False),
            ("+1 22:00", "America/New_York", True),
            # 60 hours after: unknown.
            ("+2 22:00", "Europe/Berlin", True),
            ("+2 22:00", "America/New_York", True),
            # 84 hours after: to New York.
            ("+3 22:00", "Europe/Berlin", True),
            ("+3 22:00", "America/New_York", False),
        ],
    )
    def test_what_is_said_is_compared(self, start: str, zone: str, told: bool) -> None:
        back = flown(start, "8:00", "KJFK-EDDF", reference_tz=zone)
        assert ("easa.acclimatised" in codes(self.OUT, back)) is told

    def test_the_fdp_is_legal_by_what_is_computed_too(self) -> None:
        """60 hours after Frankfurt the state is unknown, and Table 3 allows 11 hours, whatever the time of day."""
        for length, found in (("11:00", []), ("11:01", ["easa.fdp"])):
            back = flown("+2 13:00", length, "KJFK-EDDF", reference_tz="America/New_York")
            out = flown("00:30", "9:00", "EDDF-KJFK", duty_id="D0")
            assert hard(out, back) == found
            assert hard(out, history=[back]) == found

    def test_who_says_unknown_is_not_contradicted(self) -> None:
        back = flown("+3 22:00", "8:00", "KJFK-EDDF", reference_tz="America/New_York", acclimatised="unknown")
        assert codes(self.OUT, back) == []

    def test_under_fatigue_risk_management_unknown_may_be_the_milder_one(self) -> None:
        """Table 4 allows 12 hours, at night Table 2 only 11."""
        back = flown("+4 03:00", "11:30", "KJFK-EDDF", reference_tz="America/New_York", acclimatised="unknown")
        assert hard(self.OUT, back, policy=Policy(frm=True)) == ["easa.fdp"]

    def test_nothing_is_computed_of_an_airport_that_no_table_has(self) -> None:
        back = flown("+2 22:00", "8:00", "QQQQ-EDDF")
        assert codes(self.OUT, back) == ["unknown_airport"]


class TestTheater:
    """117.3, 117.13(b): 30 minutes less where one is not acclimated."""

    OUT = flown("10:00", "9:00", "EDDF-KJFK", duty_id="D0", regulation="far117")

    @pytest.mark.parametrize(
        ("start", "length", "found"), [("+1 07:00", "13:30", []), ("+1 07:00", "13:31", ["far117.fdp"])]
    )
    def test_nobody_is_acclimated_to_a_theater_they_are_not_in(self, start: str, length: str, found: list[str]) -> None:
        back = flown(start, length, "KJFK-EDDF", regulation="far117", reference_tz="Europe/Berlin")
        assert hard(self.OUT, back) == found
        assert "far117.acclimated" in codes(self.OUT, back)

    def test_who_says_so_is_not_contradicted(self) -> None:
        back = flown("+1 07:00", "13:00", "KJFK-EDDF", regulation="far117", acclimatised="no")
        assert codes(self.OUT, back) == []


class TestTimeZoneRest:
    """CS FTL.1.235(b)(3)."""

    @pytest.mark.parametrize(
        ("apart", "nights"), [("4:00", "2233"), ("6:00", "2233"), ("6:01", "2334"), ("9:01", "2345"), ("12:00", "2345")]
    )
    def test_as_printed(self, apart: str, nights: str) -> None:
        hours, minutes = map(int, apart.split(":"))
        elapsed = (0, 48 * 60 - 1), (48 * 60, 72 * 60 - 1), (72 * 60, 96 * 60 - 1), (96 * 60, 240 * 60)
        for number, ends in zip(nights, elapsed, strict=True):
            assert {nights_at_home(hours * 60 + minutes, one) for one in ends} == {int(number)}

    def test_at_home_base_local_nights(self) -> None:
        """To New York and back within 48 hours: two local nights, of Frankfurt."""
        trip = flown("06:00", "9:00", "EDDF-KJFK"), flown("+1 09:00", "8:00", "KJFK-EDDF")
        assert hard(*roster(*trip, flown("+3 04:59", "5:00", "EDDF-EGLL"))) == ["easa.time_zone_rest"]
        assert hard(*roster(*trip, flown("+3 07:00", "5:00", "EDDF-EGLL"))) == []

    def test_a_short_difference_asks_for_none(self) -> None:
        trip = flown("06:00", "5:00", "EDDF-EGLL"), flown("+1 09:00", "5:00", "EGLL-EDDF")
        assert hard(*roster(*trip, flown("+2 09:00", "5:00", "EDDF-EGLL"))) == []

    def test_three_nights_from_west_to_east(self) -> None:
        trip = flown("06:00", "9:00", "EDDF-KJFK"), flown("+1 09:00", "8:00", "KJFK-EDDF")
        west, east = (flown("+3 07:00", "11:00", f"EDDF-{there}") for there in ("KJFK", "VIDP"))
        assert hard(*roster(*trip, west)) == []
        assert hard(*roster(*trip, east)) == ["easa.time_zone_rest"]
        later = flown("+4 07:00", "11:00", "EDDF-VIDP")
        assert hard(*roster(*trip, later)) == []

    def test_away_from_home_base_14_hours(self) -> None:
        out = flown("06:00", "9:00", "EDDF-KJFK")
        assert hard(*roster(out, flown("+1 05:29", "8:00", "KJFK-EDDF"))) == ["easa.time_zone_rest_away"]
        assert hard(*roster(out, flown("+1 05:30", "8:00", "KJFK-EDDF"))) == []

    def test_in_whatever_order_they_come(self) -> None:
        out, back = roster(flown("06:00", "9:00", "EDDF-KJFK"), flown("+1 05:29", "8:00", "KJFK-EDDF"))
        assert hard(out, history=[back]) == ["easa.time_zone_rest_away"]


class TestBothRegulations:
    def test_a_window_is_judged_by_every_regulation_that_a_duty_in_it_is_under(self) -> None:
        """ORO.FTL.210(a)(1): 60 duty hours in 7 days, of which the last came in under Part 117."""
        days = [easa(f"+{day} 06:00", "10:00", home_base="EHAM") for day in range(5)]
        late = duty("+5 06:00", "8:00", regulation="far117", home_base="EHAM")
        for one, found in (
            (late, ["easa.duty_7d"]),
            (late | {"fdp_end_at": at("+5 13:00"), "release_at": at("+5 13:30")}, []),
        ):
            given = roster(*days, one)
            assert hard(*given) == found
            assert hard(given[-1], history=given[:-1]) == found

    def test_beside_duties_under_one_regulation_the_other_asks_nothing(self) -> None:
        days = [duty(f"+{day} 06:00", "11:00", regulation="far117") for day in range(5)]
        assert hard(*roster(*days, duty("+5 06:00", "4:30", regulation="far117"))) == []


class TestSplitDuty:
    def test_it_does_not_follow_a_reduced_rest(self) -> None:
        """ORO.FTL.220(c). 13:30 of duty ask for as much rest; 12 hours are reduced."""
        first = easa("06:00", "12:50", home_base="EHAM", acclimatised="yes")
        split = easa("+1 07:30", "10:00", home_base="EHAM", split_rest=rest("+1 10:00", "+1 14:00"))
        frm = Policy(frm=True)
        assert hard(*roster(first, split), policy=frm) == ["easa.split_after_reduced_rest"]
        assert hard(*roster(first, split | {"split_rest": rest("+1 10:00", "+1 12:00")}), policy=frm) == []

    def test_who_else_is_on_board_does_not_matter(self) -> None:
        """With two pilots 13 hours and half of a break of 4; a facility of class 3 allows 14."""
        split: dict[str, Any] = {"split_rest": rest("11:00", "15:00")}
        augmented = {"pilots": 3, "rest_facility_class": 3}
        assert hard(easa("08:00", "15:00", **split)) == []
        assert hard(easa("08:00", "15:00", **split, **augmented)) == []
        assert hard(easa("08:00", "15:01", **split, **augmented)) == ["easa.fdp_in_flight_rest"]


class TestShiftOfReserve:
    """117.21(e)."""

    @pytest.mark.parametrize(("start", "found"), [("+1 05:59", ["far117.shift_to_short_call"]), ("+1 06:00", [])])
    def test_from_long_call_to_short_call_by_way_of_a_rest(self, start: str, found: list[str]) -> None:
        long_call = {
            "duty_id": "D1", "crew_id": "C1", "activity": "long_call_reserve", "regulation": "far117",
            "reference_tz": "Etc/UTC", "report_at": at("06:00"), "release_at": at("20:00"),
        }  # fmt: skip
        shifted = long_call | {
            "duty_id": "D2", "activity": "short_call_reserve", "report_at": at(start), "release_at": at("+1 10:00"),
        }  # fmt: skip
        called = duty("+1 11:00", "4:00", standby=standby("short_call", start[3:], "10:00"), duty_id="D3")
        called["standby"] |= {"start": at(start), "end": at("+1 10:00")}
        assert hard(long_call, shifted) == found
        assert hard(long_call, called) == found
