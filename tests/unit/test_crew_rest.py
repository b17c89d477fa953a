"""Duties among others: rest, extensions, nights. StageResult examples, each figure computed by hand.

Release is half an hour after the FDP's end. Duties are D1, D2 and on; what is asserted is of the last one.
"""

from typing import Any

import pytest

from penstock.feeds.crew.policy import Policy
from penstock.model.findings import Severity
from tests.support.duties import at, codes, duty, easa, found_in, roster, standby

FRM = Policy(frm=True)


class TestPart117Rest:
    def test_10_hours(self) -> None:
        """117.25(e). Released at 18:30."""
        first = duty("08:00", "10:00")
        assert codes(*roster(first, duty("+1 04:30", "2:00"))) == []
        found = found_in(*roster(first, duty("+1 04:29", "2:00")))
        assert found[0] == []
        (short,) = found[1]
        assert (short.code, short.limit, short.actual, short.margin) == ("crew.far117.rest", 600, 599, -1)
        assert short.duties == ("D1", "D2")

    def test_it_does_not_depend_on_the_preceding_duty(self) -> None:
        assert codes(*roster(duty("07:00", "14:00", 2), duty("+1 07:30", "2:00"))) == []

    def test_before_a_reserve_availability_period_too(self) -> None:
        waiting = duty("+1 10:00", "2:00", standby=standby("short_call", "+1 04:29", "+1 10:00"))
        assert codes(*roster(duty("08:00", "10:00"), waiting)) == ["far117.rest"]

    def test_long_call_runs_through_a_rest(self) -> None:
        waiting = duty("+1 10:00", "2:00", standby=standby("long_call", "20:00", "20:30"))
        assert codes(*roster(duty("08:00", "10:00"), waiting)) == []

    def test_not_before_ground_duty(self) -> None:
        ground = duty("+1 02:00", 0, [], activity="ground_duty", flight_time_minutes=None, fdp_end_at=None)
        assert codes(*roster(duty("08:00", "10:00"), ground)) == []
        week = [duty(f"+{day} 08:00", "2:00") for day in range(6)]
        assert codes(*roster(*week, {**ground, "report_at": at("+6 08:00"), "release_at": at("+6 09:00")})) == []

    def test_a_duty_before_an_accepted_one_answers_for_its_rest(self) -> None:
        first, second = roster(duty("08:00", "10:00"), duty("+1 04:29", "2:00"))
        assert codes(first, history=[second]) == ["far117.rest"]

    def test_30_hours_in_168(self) -> None:
        """117.25(b): six duties a day apart, 08:00 to 16:30; 30 hours after the last are over at +6 22:30. Of the 168
        hours before that, 9:30 are before the first duty."""
        week = [duty(f"+{day} 08:00", "8:00") for day in range(6)]
        assert codes(*roster(*week, duty("+6 22:30", "2:00"))) == []
        assert codes(*roster(*week, duty("+6 22:29", "2:00"))) == ["far117.rest_168h"]

    def test_only_what_is_within_the_168_hours_counts(self) -> None:
        """Free until 08:00; then every day to the seventh, +6 08:00: 24 hours of the past week are free before."""
        days = [duty(f"+{day} 08:00", "2:00") for day in range(8)]
        (breach,) = found_in(*roster(*days))[6]
        # The window begins at -1 08:00, so 24:00 before the first duty; between duties 21:30.
        assert (breach.code, breach.actual) == ("crew.far117.rest_168h", 24 * 60)
        assert [len(found) for found in found_in(*roster(*days))[:6]] == [0] * 6


class TestPart117Acclimation:
    """117.25(c), and the definition in 117.3. March 10: Chicago is 5 hours behind, Tokyo 9 ahead of UTC."""

    OUT = duty("14:00", "4:00", reference_tz="America/Chicago", acclimatised="yes")

    def test_36_hours_of_rest(self) -> None:
        there = {"reference_tz": "Asia/Tokyo", "acclimatised": "yes"}
        assert codes(*roster(self.OUT, duty("+2 06:30", "2:00", **there))) == []
        assert codes(*roster(self.OUT, duty("+2 06:29", "2:00", **there))) == ["far117.acclimated"]
        still = {"reference_tz": "America/Chicago", "acclimatised": "no"}
        assert codes(*roster(self.OUT, duty("+2 06:29", "2:00", **still))) == []

    def test_or_72_hours_there(self) -> None:
        """With duties every day and no 36 hours between."""
        still = {"reference_tz": "America/Chicago", "acclimatised": "no"}
        there = {"reference_tz": "Asia/Tokyo", "acclimatised": "yes"}
        between = [duty("+1 08:00", "4:00", **still), duty("+2 08:00", "4:00", **still)]
        assert codes(*roster(self.OUT, *between, duty("+3 18:30", "2:00", **there))) == []
        assert codes(*roster(self.OUT, *between, duty("+3 18:29", "2:00", **there))) == ["far117.acclimated"]

    @pytest.mark.parametrize(
        ("release", "rest_end", "flagged"),
        [
            # Three physiological nights, 01:00 to 07:00, end at +12 07:00; 56 hours are over before.
            ("+9 12:30", "+11 20:30", True),
            ("+9 12:30", "+12 06:59", True),
            ("+9 12:30", "+12 07:00", False),
            # Here 56 hours end at +12 08:50, after the nights.
            ("+10 00:50", "+12 08:49", True),
            ("+10 00:50", "+12 08:50", False),
        ],
    )
    def test_56_hours_at_home_base_after_a_week_far_away(self, release: str, rest_end: str, flagged: bool) -> None:
        """117.25(d): more than eight days between zones that are eight hours apart."""
        home = {"home_base": "KORD"}
        out = _leg("KORD", "EGLL", "2026-03-10T08:00:00-06:00", "2026-03-10T17:00:00+01:00")
        back = _leg("EGLL", "KORD", "2026-03-19T02:00:00+02:00", "2026-03-19T06:00:00-06:00")
        trip = [
            duty("13:00", "4:00", [out], flight_time_minutes=None, **home),
            duty(
                "+8 23:00",
                "13:00",
                [back],
                **home,
                pilots=4,
                rest_facility_class=1,
                flight_time_minutes=None,
                release_at=at(release),
            ),
        ]
        at_home = duty(rest_end, "2:00", [{**_leg("KORD", "KORD"), "flight": "PS3"}], **home)
        assert codes(*roster(*trip, at_home)) == ["far117.rest_at_home_base"] * flagged
        near = [{**one, "home_base": "KDEN"} for one in trip]
        assert codes(*roster(*near, {**at_home, "home_base": "KDEN"})) == []


def _leg(origin: str, destination: str, out: str | None = None, into: str | None = None) -> dict[str, Any]:
    leg = {"flight": "PS1", "origin": origin, "destination": destination}
    return leg | ({"planned_out": out, "planned_in": into} if out else {})


class TestPart117Extensions:
    """117.19(a)(2): more than 30 minutes once before a rest of 30 hours. From 08:00 with one segment 14 hours."""

    @pytest.mark.parametrize(
        ("first", "second", "expected"),
        [
            ("15:00", "14:31", ["far117.extended_twice", "far117.extension_used"]),
            ("15:00", "14:30", ["far117.extension_used"]),
            ("14:30", "15:00", ["far117.extension_used"]),
        ],
    )
    def test_once(self, first: str, second: str, expected: list[str]) -> None:
        used = {"extension": "discretion"}
        # From 11:00 the table allows as much as from 08:00.
        assert codes(*roster(duty("08:00", first, **used), duty("+1 11:00", second, **used))) == expected

    def test_again_after_30_hours_of_rest(self) -> None:
        """Released at 23:30."""
        used = {"extension": "discretion"}
        first = duty("08:00", "15:00", **used)
        assert codes(*roster(first, duty("+2 05:30", "12:31", **used))) == ["far117.extension_used"]
        assert codes(*roster(first, duty("+2 05:29", "12:31", **used))) == [
            "far117.extended_twice",
            "far117.extension_used",
        ]


class TestPart117Nights:
    """117.27. FDPs from 22:00 to 04:00 infringe on 02:00 to 05:59."""

    def test_three(self) -> None:
        nights = [duty(f"+{day} 22:00", "6:00") for day in range(4)]
        assert codes(*roster(*nights[:3])) == []
        (breach,) = found_in(*roster(*nights))[-1]
        assert (breach.code, breach.limit, breach.actual) == ("crew.far117.consecutive_nights", 3, 4)
        assert breach.duties == ("D1", "D2", "D3", "D4")

    def test_a_night_of_rest_ends_the_series(self) -> None:
        nights = [duty(f"+{day} 22:00", "6:00") for day in (0, 1, 2, 4)]
        assert codes(*roster(*nights)) == []

    def test_an_fdp_that_ends_at_0200_does_not_infringe(self) -> None:
        nights = [duty(f"+{day} 22:00", "6:00") for day in range(3)]
        assert codes(*roster(*nights, duty("+3 22:00", "4:00"))) == []
        assert codes(*roster(*nights, duty("+3 22:00", "4:01"))) == ["far117.consecutive_nights"]

    @pytest.mark.parametrize(
        ("lengths", "expected"),
        [
            ([120] * 5, []),
            ([120] * 6, ["far117.consecutive_nights"]),
            ([120, 119, 120, 120], ["far117.consecutive_nights"]),
        ],
    )
    def test_five_with_two_hours_of_rest_in_each(self, lengths: list[int], expected: list[str]) -> None:
        nights = [
            duty(
                f"+{day} 22:00",
                "6:00",
                split_rest={
                    "start": at(f"+{day + 1} 00:00"),
                    "end": at(f"+{day + 1} {length // 60:02d}:{length % 60:02d}"),
                    "suitable": True,
                },
            )
            for day, length in enumerate(lengths)
        ]
        # Less than three hours do not count towards 117.15.
        assert [code for code in codes(*roster(*nights)) if code != "far117.split_rest"] == expected


HOME = {"home_base": "EHAM"}  #: where all sectors of these duties begin and end
AWAY = {"home_base": "LFPG"}


@pytest.mark.parametrize(("fdp", "expected"), [("8:29", []), ("8:30", ["easa.night_sectors"])])
def test_a_duty_that_ends_at_0200_is_a_night_duty(fdp: str, expected: list[str]) -> None:
    """ORO.FTL.105(8): a late finish ends by 01:59, and a night duty encroaches on 02:00 to 04:59: no minute is
    between. From 17:00 the duty ends half an hour after its FDP (CS FTL.1.205(a)(1))."""
    assert codes(*roster(easa("17:00", fdp, 5), easa("+1 17:00", fdp, 5))) == expected


class TestEasaRest:
    """ORO.FTL.235(a), (b). A duty of 10:30, from 08:00 to 18:30."""

    FIRST = easa("08:00", "10:00")

    @pytest.mark.parametrize(("where", "hours"), [(HOME, 12), (AWAY, 10.5)])
    def test_12_hours_at_home_base_and_10_away_or_the_preceding_duty(self, where: Any, hours: float) -> None:
        minute = int(18.5 * 60 + hours * 60)
        for length, expected in ((minute, []), (minute - 1, ["easa.rest"])):
            start = f"+1 {length % 1440 // 60:02d}:{length % 60:02d}"
            assert codes(*roster(self.FIRST, easa(start, "2:00", **where))) == expected

    def test_never_less_than_10_hours_away(self) -> None:
        short = easa("08:00", "2:00")
        assert codes(*roster(short, easa("20:30", "2:00", **AWAY))) == []
        assert codes(*roster(short, easa("20:29", "2:00", **AWAY))) == ["easa.rest"]

    def test_without_a_home_base_it_may_be_anywhere(self) -> None:
        short = easa("08:00", "2:00")
        assert codes(*roster(short, easa("22:30", "2:00"))) == []
        (asked,) = found_in(*roster(short, easa("20:30", "2:00")))[-1]
        assert (asked.code, asked.severity) == ("crew.easa.rest", Severity.HARD)
        assert "give home_base if it is not" in asked.message

    def test_14_hours_after_in_flight_rest(self) -> None:
        """CS FTL.1.205(c): an FDP of 13:01 needed it, one of 13:00 did not. Released at 21:31 and 21:30."""
        crew = {"pilots": 3, "rest_facility_class": 1}
        assert codes(*roster(easa("08:00", "13:00", **crew), easa("+1 11:00", "2:00", **HOME))) == []
        assert codes(*roster(easa("08:00", "13:01", **crew), easa("+1 11:31", "2:00", **HOME))) == []
        assert codes(*roster(easa("08:00", "13:01", **crew), easa("+1 11:30", "2:00", **HOME))) == ["easa.rest"]

    @pytest.mark.parametrize(
        ("start", "expected"), [("+1 08:30", "easa.rest_with_discretion"), ("+1 08:29", "easa.rest")]
    )
    def test_the_commander_may_reduce_it_to_10_hours(self, start: str, expected: str) -> None:
        """ORO.FTL.205(f)(1)(iii). From 08:00 to 22:30."""
        long = easa("08:00", "14:00", extension="discretion")
        assert codes(*roster(long, easa(start, "2:00", **HOME))) == [expected]

    def test_after_a_planned_extension_two_hours_before_and_after_or_four_after(self) -> None:
        """ORO.FTL.205(d)(1). From 08:00 to 22:30, a duty of 14:30; 16:30 after it, or 18:30 when nothing came before:
        the rest before was 12:00, and 2 hours more would have been 14:00."""
        extended = easa("08:00", "14:00", extension="planned", **HOME)
        short_before, long_before = easa("-1 17:00", "2:30"), easa("-1 15:00", "2:30")
        assert codes(*roster(short_before, extended, easa("+1 17:00", "2:00", **HOME))) == []
        assert codes(*roster(short_before, extended, easa("+1 16:59", "2:00", **HOME))) == ["easa.rest"]
        assert codes(*roster(long_before, extended, easa("+1 15:00", "2:00", **HOME))) == []
        assert codes(*roster(long_before, extended, easa("+1 14:59", "2:00", **HOME))) == ["easa.rest"]

    def test_no_more_than_two_planned_extensions_in_7_days(self) -> None:
        def extended(day: int) -> dict[str, Any]:
            return easa(f"+{day} 08:00", "13:30", extension="planned", **HOME)

        used = ["easa.extension_used"]
        assert codes(*roster(extended(0), extended(3), extended(7))) == used
        assert codes(*roster(extended(0), extended(3), extended(6))) == [*used, "easa.extensions_7d"]


class TestReducedRest:
    """CS FTL.1.235(c), under fatigue risk management: away from home base, a duty of 12:00, 08:00 to 20:00."""

    LONG = easa("08:00", "11:30")

    def test_it_is_flagged_down_to_10_hours_away(self) -> None:
        assert codes(*roster(self.LONG, easa("+1 08:00", "2:00", **AWAY)), policy=FRM) == []
        assert codes(*roster(self.LONG, easa("+1 06:00", "2:00", **AWAY)), policy=FRM) == ["easa.reduced_rest"]
        assert codes(*roster(self.LONG, easa("+1 05:59", "2:00", **AWAY)), policy=FRM) == ["easa.rest"]
        assert codes(*roster(self.LONG, easa("+1 07:59", "2:00", **AWAY))) == ["easa.rest"]

    def test_the_fdp_after_it_is_shorter(self) -> None:
        """Two hours are missing: 13 less 2 hours."""
        assert codes(*roster(self.LONG, easa("+1 06:00", "11:00", **AWAY)), policy=FRM) == ["easa.reduced_rest"]
        assert codes(*roster(self.LONG, easa("+1 06:00", "11:01", **AWAY)), policy=FRM) == [
            "easa.fdp_after_reduced_rest",
            "easa.reduced_rest",
        ]

    def test_the_rest_after_it_is_longer(self) -> None:
        """Released at +1 08:30 after a rest that lacked 2 hours: 12 hours, and no reduced ones."""
        reduced = easa("+1 06:00", "2:00", **AWAY)
        assert codes(*roster(self.LONG, reduced, easa("+1 20:30", "2:00", **AWAY)), policy=FRM) == []
        assert codes(*roster(self.LONG, reduced, easa("+1 20:29", "2:00", **AWAY)), policy=FRM) == ["easa.rest"]

    def test_no_more_than_two_between_recovery_rests(self) -> None:
        """Each long duty of 12 hours is followed by 10 hours of rest, a short duty, and a rest that makes up for it."""
        week: list[dict[str, Any]] = []
        for day in (0, 2, 4):
            week += [easa(f"+{day} 08:00", "11:30"), easa(f"+{day + 1} 06:00", "2:00", **AWAY)]
        found = found_in(*roster(*week), policy=FRM)
        assert [[one.code for one in each] for each in found][1::2] == [
            ["crew.easa.reduced_rest"],
            ["crew.easa.reduced_rest"],
            ["crew.easa.reduced_rest", "crew.easa.reduced_rests"],
        ]


class TestRecoveryRest:
    """ORO.FTL.235(d): 36 hours with two local nights, no more than 168 hours apart."""

    def test_168_hours(self) -> None:
        """From 08:00; seven days later at 08:00 168 hours are over."""
        week = [easa(f"+{day} 08:00", "6:00") for day in range(6)]
        assert codes(*roster(*week, easa("+6 20:00", "11:00", 2))) == []
        (breach,) = found_in(*roster(*week, easa("+6 20:00", "11:00", 2, release_at=at("+7 08:01"))))[-1]
        assert (breach.code, breach.limit, breach.actual) == ("crew.easa.recovery_rest", 168 * 60, 168 * 60 + 1)
        assert len(breach.duties) == 7

    # Released at +5 14:30: 36 hours later is +7 02:30, and the second local night is had by 06:00.
    @pytest.mark.parametrize(("start", "nights"), [("+7 06:00", True), ("+7 05:59", False)])
    def test_two_local_nights(self, start: str, nights: bool) -> None:
        week = [easa(f"+{day} 08:00", "6:00") for day in range(6)]
        found = codes(*roster(*week, easa(start, "4:00")))
        assert ("easa.recovery_rest" in found) is not nights

    def test_60_hours_after_four_disruptive_duties(self) -> None:
        """CS FTL.1.235(a)(2): early starts at 05:30 on four days, the last released at +3 12:00; 60 hours later is
        +6 00:00. From 05:30 of the first, 168 hours are over on +7 05:30."""
        early = [easa(f"+{day} 05:30", "6:00", **HOME) for day in range(4)]
        after_48 = [easa("+5 12:00", "6:00", **HOME), easa("+7 08:00", "2:00", **HOME)]
        after_60 = [easa("+6 00:00", "6:00", **HOME), easa("+7 08:00", "2:00", **HOME)]
        assert codes(*roster(*early, *after_48)) == ["easa.recovery_rest"]
        assert codes(*roster(*early, *after_60)) == []
        assert codes(*roster(*early[1:], *after_48)) == []

    @pytest.mark.parametrize(("activity", "found"), [("simulator", True), ("training", True), ("home_standby", False)])
    def test_a_duty_without_a_flight_may_be_disruptive(self, activity: str, found: bool) -> None:
        """ORO.FTL.105(8) is of duty periods; standby at home is none."""
        plain = {"sectors": None, "fdp_end_at": None, "flight_time_minutes": None, "activity": activity, **HOME}
        early = [easa(f"+{day} 05:30", "6:00", **plain) for day in range(4)]
        after_48 = [easa("+5 12:00", "6:00", **HOME), easa("+7 08:00", "2:00", **HOME)]
        assert ("easa.recovery_rest" in codes(*roster(*early, *after_48))) is found


class TestNightDuties:
    def test_four_sectors_in_consecutive_ones(self) -> None:
        """CS FTL.1.205(a)(1): from 21:00 to 03:30 and again."""
        four, five = easa("21:00", "6:00", 4), easa("21:00", "6:00", 5)
        again = easa("+1 21:00", "6:00", 4)
        assert codes(five) == []
        assert codes(*roster(four, again)) == []
        assert codes(*roster(five, again)) == ["easa.night_sectors"]
        assert codes(*roster(four, easa("+1 21:00", "6:00", 5))) == ["easa.night_sectors"]
        assert codes(*roster(five, easa("+2 21:00", "6:00", 5))) == []

    @pytest.mark.parametrize(
        ("release", "start", "schedule", "found"),
        [
            # An early type's late finish begins at 23:00, its early start ends at 05:59.
            ("23:00", "+1 05:59", "early", True),
            ("22:59", "+1 05:59", "early", False),
            ("23:00", "+1 06:00", "early", False),
            # A late type's begin at 00:00 and end at 06:59.
            ("23:30", "+1 06:59", "late", False),
            ("+1 00:00", "+1 06:59", "late", True),
            ("+1 00:00", "+1 07:00", "late", False),
            # A local night of rest, 8 hours between 22:00 and 08:00.
            ("23:00", "+2 05:59", "early", False),
        ],
    )
    def test_a_local_night_from_late_to_early(self, release: str, start: str, schedule: Any, found: bool) -> None:
        """CS FTL.1.235(a)(1), ORO.FTL.105(8)."""
        late = easa("18:00", "4:30", **HOME, release_at=at(release))
        told = codes(*roster(late, easa(start, "2:00", **HOME)), policy=Policy(schedule=schedule))
        assert ("easa.late_to_early" in told) is found
