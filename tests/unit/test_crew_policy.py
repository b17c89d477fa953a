"""An operator's policy: what it demands, what is refused of it, and the examples inside it."""

import json
from pathlib import Path
from typing import Any, ClassVar

import pytest
from pydantic import TypeAdapter, ValidationError
from typer.testing import CliRunner

from penstock.feeds.crew.policy import Policy
from penstock.feeds.crew.policy_examples import tried
from penstock.model.findings import Severity
from penstock_ops.cli import app
from tests.support.duties import at, codes, duty, easa, flight, found_in, roster
from tests.unit.test_crew_activities import activity

BY = {"source": "OM-A 7.1"}


def policy(**parts: Any) -> Policy:
    return TypeAdapter(Policy).validate_python(parts)


def own(*records: dict[str, Any], **parts: Any) -> list[str]:
    """What the policy finds in the last of these records."""
    return [one.removeprefix("policy.") for one in codes(*records, policy=policy(**parts)) if one.startswith("policy.")]


def limit(measure: str, most: int, **more: Any) -> dict[str, Any]:
    return {"limits": [{"code": "own", "measure": measure, "limit": most, **BY, **more}]}


class TestDays:
    def test_consecutive_days(self) -> None:
        days = [easa(f"+{day} 08:00", "4:00") for day in range(4)]
        assert own(*roster(*days[:3]), **limit("consecutive_days", 3)) == []
        assert own(*roster(*days), **limit("consecutive_days", 3)) == ["own"]
        assert own(*roster(days[0], *days[2:]), **limit("consecutive_days", 2)) == []

    def test_days_off_in_a_window(self) -> None:
        """Of a week two days: from day 0 to day 6, days 2 and 4 are free."""
        days = [easa(f"+{day} 08:00", "4:00") for day in (0, 1, 3, 5, 6)]
        assert own(*roster(*days), **limit("days_off", 2, window_hours=168)) == []
        assert own(*roster(*days), **limit("days_off", 3, window_hours=168)) == ["own"]

    def test_early_starts_and_night_duties(self) -> None:
        early = [easa(f"+{day} 05:30", "4:00") for day in range(3)]
        late = [easa(f"+{day} 22:00", "6:00") for day in range(3)]
        for measure, days in (("early_starts", early), ("night_duties", late)):
            assert own(*roster(*days[:2]), **limit(measure, 2, window_hours=72)) == []
            assert own(*roster(*days), **limit(measure, 2, window_hours=72)) == ["own"]
            assert own(*roster(*days), **limit(measure, 2, window_hours=48)) == []

    def test_a_limit_of_one_regulation_holds_in_every_window_with_a_duty_under_it(self) -> None:
        first, second = roster(easa("08:00", "6:00"), duty("+1 08:00", "6:00"))
        own_limit = limit("duty", 12 * 60, window_hours=48, regulation="easa")
        assert own(first, second, **own_limit) == ["own"]
        assert own(first | {"regulation": "far117"}, second, **own_limit) == []


class TestQualifications:
    """`qualifications` of the records: ATPL."""

    @pytest.mark.parametrize(
        ("asked", "found"),
        [
            ({}, ["own"]),
            ({"aircraft_type": "A320"}, ["own"]),
            ({"aircraft_type": "B738"}, []),
            ({"airport": "FRA"}, ["own"]),
            ({"airport": "EDDM"}, []),
            ({"route": ["EDDF", "EGLL"]}, ["own"]),
            ({"route": ["LHR", "FRA"]}, ["own"]),
            ({"route": ["EDDF", "EDDM"]}, []),
            ({"role": "cabin"}, []),
            ({"qualification": "ATPL"}, []),
        ],
    )
    def test_by_type_airport_and_route(self, asked: dict[str, Any], found: list[str]) -> None:
        sector = flight("09:00", "11:00", origin="EDDF", destination="EGLL", aircraft_type="A320")
        needed = {"code": "own", "qualification": "CAT3", **BY} | asked
        assert own(easa("08:00", "4:00", [sector]), qualifications=[needed]) == found

    def test_of_a_type_that_is_not_said_it_may_be_the_one(self) -> None:
        needed = {"code": "own", "qualification": "CAT3", "aircraft_type": "A320", **BY}
        assert own(easa("08:00", "4:00"), qualifications=[needed]) == ["own"]

    def test_a_cancelled_sector_asks_for_nothing(self) -> None:
        gone = {"flight": "PS1", "origin": "EDDF", "destination": "EGLL", "status": "cancelled"}
        assert own(easa("08:00", "4:00", [gone]), qualifications=[{"code": "own", "qualification": "CAT3", **BY}]) == []


class TestCurfews:
    """Frankfurt from 23:00 to 05:00, an hour ahead of UTC."""

    CURFEW: ClassVar[dict[str, Any]] = {"code": "own", "airport": "FRA", "begins": "23:00", "ends": "05:00", **BY}

    @pytest.mark.parametrize(
        ("into", "found"), [("21:59", []), ("22:00", ["own"]), ("+1 03:59", ["own"]), ("+1 04:00", [])]
    )
    def test_by_the_airports_own_clock(self, into: str, found: list[str]) -> None:
        arrival = flight("20:00", into, origin="EGLL", destination="EDDF")
        assert own(easa("19:00", "9:30", [arrival], pilots=3), curfews=[self.CURFEW]) == found
        assert own(easa("19:00", "9:30", [arrival]), curfews=[self.CURFEW | {"landings": False}]) == []

    def test_a_diversion_lands_elsewhere(self) -> None:
        away = flight("20:00", "22:30", origin="EGLL", destination="EDDF", diverted_to="EDDM")
        assert own(easa("19:00", "6:00", [away]), curfews=[self.CURFEW]) == []

    @pytest.mark.parametrize(("report", "found"), [("14:00", ["own"]), ("04:00", [])])
    def test_who_does_not_say_when_may_have_landed_at_any_time_of_the_duty(self, report: str, found: list[str]) -> None:
        """8 hours and half an hour, from 15:00 and from 05:00 of Frankfurt's clock."""
        untimed = {"flight": "PS1", "origin": "EGLL", "destination": "EDDF"}
        assert own(easa(report, "8:00", [untimed]), curfews=[self.CURFEW]) == found

    def test_an_airport_that_nobody_knows_may_be_the_one(self) -> None:
        arrival = flight("20:00", "22:30", origin="EGLL", destination="QQQQ")
        assert own(easa("19:00", "6:00", [arrival]), curfews=[self.CURFEW]) == ["own"]


class TestTurnRounds:
    def test_one_tail_has_its_minutes_and_is_at_one_place(self) -> None:
        there = flight("09:00", "10:00", origin="EDDF", destination="EGLL", registration="D-AIXA")
        back = flight("10:45", "12:00", origin="EGLL", destination="EDDF", registration="D-AIXA")
        for minutes, found in ((45, []), (46, ["own"])):
            rule = {"code": "own", "minutes": minutes, **BY}
            assert own(easa("08:00", "5:00", [there, back]), turn_rounds=[rule]) == found
            assert own(easa("08:00", "5:00", [there, back | {"registration": "D-AIXB"}]), turn_rounds=[rule]) == []
            untold = {name: value for name, value in back.items() if name != "registration"}
            assert own(easa("08:00", "5:00", [there, untold]), turn_rounds=[rule]) == found
        elsewhere = own(
            easa("08:00", "5:00", [there, back | {"origin": "EDDM"}]),
            turn_rounds=[{"code": "own", "minutes": 45, **BY}],
        )
        assert elsewhere == ["own"]


class TestAwards:
    AWARD: ClassVar[dict[str, Any]] = {
        "code": "own",
        "crew_id": "C1",
        "first_day": "2026-03-11",
        "last_day": "2026-03-12",
        **BY,
    }

    @pytest.mark.parametrize(
        ("start", "found"), [("20:00", ["own"]), ("19:30", []), ("+2 23:30", ["own"]), ("+3 00:00", [])]
    )
    def test_awarded_days_are_free(self, start: str, found: list[str]) -> None:
        assert own(easa(start, "4:00"), awards=[self.AWARD]) == found
        assert own(easa(start, "4:00", crew_id="C2"), awards=[self.AWARD]) == []
        assert own(activity("leave", start, "+4 00:00"), awards=[self.AWARD]) == []


class TestRecency:
    """14 CFR 61.57(a), FCL.060(b)(1): three takeoffs and three landings in 90 days."""

    RULE: ClassVar[dict[str, Any]] = {"code": "own", "landings": 3, "days": 90, **BY}

    def landed(self, day: int, **changes: Any) -> dict[str, Any]:
        return easa(f"+{day} 08:00", "4:00", [flight(f"+{day} 09:00", f"+{day} 11:00", landing=True)], **changes)

    def test_of_who_is_known_for_as_long(self) -> None:
        landed = [self.landed(day) for day in (0, 30, 60, 80)]
        now = easa("+91 08:00", "4:00")
        assert own(*roster(*landed, now), recency=[self.RULE]) == []
        assert own(*roster(*landed[:3], now), recency=[self.RULE]) == ["own"]
        assert own(*roster(*landed[1:2], now), recency=[self.RULE]) == []

    @pytest.mark.parametrize(
        ("landed_in", "now_in", "found"),
        [
            ("A320", "A320", []),
            ("B738", "A320", ["own"]),
            ("B738", "B738", []),
            # Of a type that is not said, it may be the one now, and may not have been the one then.
            ("A320", None, []),
            (None, "A320", ["own"]),
            ("B738", None, ["own"]),
        ],
    )
    def test_by_type(self, landed_in: str | None, now_in: str | None, found: list[str]) -> None:
        """14 CFR 61.57(a)(1)(ii), FCL.060(b)(1): in an aircraft of the same type."""
        records = [self.landed(day) for day in (0, 30, 60, 80)]
        now = easa("+91 08:00", "4:00", [flight("+91 09:00", "+91 11:00")])
        for record, kind in (*((one, landed_in) for one in records), (now, now_in)):
            record["sectors"][0] |= {"aircraft_type": kind} if kind else {}
        of_type = self.RULE | {"aircraft_type": "A320"}
        assert own(*roster(*records, now), recency=[of_type]) == found

    def test_takeoffs(self) -> None:
        both = self.RULE | {"takeoffs": 3}
        landed = [self.landed(day) for day in (0, 30, 60, 80)]
        now = easa("+91 08:00", "4:00")
        assert own(*roster(*landed, now), recency=[both]) == ["own"]
        for record in landed:
            record["sectors"][0]["takeoff"] = True
        assert own(*roster(*landed, now), recency=[both]) == []
        assert own(*roster(*landed[:3], now), recency=[both]) == ["own", "own"]
        assert own(*roster(*landed, now), recency=[both | {"aircraft_type": "A320"}]) == ["own", "own"]
        for record in landed:
            record["sectors"][0]["aircraft_type"] = "A320"
        assert own(*roster(*landed, now), recency=[both | {"aircraft_type": "A320"}]) == []
        assert own(*roster(*landed, now), recency=[both | {"landings": 0, "takeoffs": 4}]) == ["own"]

    def test_who_sat_in_the_cabin_landed_nothing(self) -> None:
        landed = [self.landed(day) for day in (0, 30, 60, 80)]
        landed[1]["sectors"][0]["positioning"] = True
        assert own(*roster(*landed, easa("+91 08:00", "4:00")), recency=[self.RULE]) == ["own"]


class TestEditions:
    def test_findings_say_the_policys_edition(self) -> None:
        made = policy(edition="OM-A 12", **limit("sectors", 1))
        told = [one for one in found_in(easa("08:00", "4:00", 2), policy=made)[0] if "policy" in one.code]
        assert [(one.edition, one.rule) for one in told] == [("OM-A 12", "OM-A 7.1")]

    def test_before_it_holds_none_of_it_does(self) -> None:
        for day, found in (("2026-03-10", ["own"]), ("2026-03-11", [])):
            assert own(easa("08:00", "4:00", 2), effective=day, **limit("sectors", 1)) == found


REFUSED = [
    ({"recency": [{"code": "own", "landings": 0, "days": 90, **BY}]}, "0 landings and 0 takeoffs is never missed"),
    (limit("sectors", 2, window_hours=24), "is not counted in a window"),
    (limit("rest_before", 600, window_hours=24), "is not counted in a window"),
    (limit("early_starts", 2), "give window_hours"),
    (limit("days_off", 2), "give window_hours"),
    (limit("rest_before", 0), "a minimum of 0"),
    (limit("rest_before", 599), "demand 600 minutes themselves"),
    (limit("fdp", 0), "more fdp than 0"),
    (limit("consecutive_days", 0), "more consecutive days than 0"),
    (limit("sectors", 24), "no record has more than 24"),
    (limit("fdp", 4 * 24 * 60), "no record has more"),
    (limit("duty", 1440, window_hours=24), "never hold more than 1440"),
    (limit("night_duties", 5, window_hours=48), "never hold more than 5"),
    (limit("days_off", 7, window_hours=168), "never hold 7"),
    ({"limits": [limit("fdp", 60)["limits"][0], limit("duty", 60)["limits"][0]]}, "two rules"),
    ({"curfews": [TestCurfews.CURFEW | {"airport": "LON"}]}, "no table of airports"),
    ({"curfews": [TestCurfews.CURFEW | {"ends": "23:00"}]}, "never holds"),
    ({"curfews": [TestCurfews.CURFEW | {"takeoffs": False, "landings": False}]}, "never holds"),
    ({"qualifications": [{"code": "own", "qualification": "X", "airport": "QQQQ", **BY}]}, "no table of airports"),
    ({"qualifications": [{"code": "own", "qualification": "X", "route": ["EDDF", "EDDF"], **BY}]}, "to itself"),
    ({"awards": [TestAwards.AWARD | {"last_day": "2026-03-10"}]}, "ends before it begins"),
    ({"awards": [TestAwards.AWARD], "effective": "2026-03-13"}, "before the policy is effective"),
    ({"examples": [{"says": "one", "records": [{}], "finds": ["other"]}]}, "no rule has that code"),
]


@pytest.mark.parametrize(("parts", "reason"), REFUSED)
def test_what_would_never_be_enforced_is_refused_with_the_reason(parts: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValidationError, match=reason):
        policy(**parts)


class TestExamples:
    RECORD: ClassVar[dict[str, Any]] = {
        name: value for name, value in easa("08:00", "4:00", 2).items() if name != "qualifications"
    }

    def test_they_are_tried(self) -> None:
        examples = [
            {"says": "two sectors", "records": [self.RECORD], "finds": ["own"]},
            {"says": "wrong", "records": [self.RECORD], "finds": []},
            {"says": "no record", "records": [{**self.RECORD, "report_at": "soon"}], "finds": ["own"]},
        ]
        tested = tried(policy(**limit("sectors", 1), examples=examples))
        assert [one.holds for one in tested] == [True, False, False]
        assert tested[1].found == ["own"]
        assert tested[2].found[0].startswith("0.report_at")

    @pytest.mark.parametrize(("finds", "status"), [(["own"], 0), ([], 1)])
    def test_the_command_shows_and_tries_them(self, tmp_path: Path, finds: list[str], status: int) -> None:
        file = tmp_path / "policy.json"
        examples = [{"says": "two sectors", "records": [self.RECORD], "finds": finds}]
        file.write_text(json.dumps({"policy": {**limit("sectors", 1), "examples": examples}}))
        shown = CliRunner().invoke(app, ["feeds", "show", "crew", "--policy", str(file), "--json"])
        assert shown.exit_code == status
        told = json.loads(shown.stdout)
        assert told["rules"] == [
            {
                "kind": "limits",
                "code": "own",
                "source": "OM-A 7.1",
                "severity": "soft",
                "demands": {"measure": "sectors", "limit": 1},
            }
        ]
        assert told["examples"][0]["holds"] is (status == 0)

    def test_the_command_refuses_what_would_never_be_enforced(self, tmp_path: Path) -> None:
        file = tmp_path / "policy.json"
        file.write_text(json.dumps({"policy": limit("sectors", 24)}))
        shown = CliRunner().invoke(app, ["feeds", "show", "crew", "--policy", str(file)])
        assert shown.exit_code != 0
        assert "no record has more than 24" in " ".join(shown.output.split())


def test_a_hard_limit_holds_for_a_later_duty_that_was_accepted_before() -> None:
    days = [easa(f"+{day} 08:00", "4:00") for day in range(3)]
    first, second, third = roster(*days)
    made = policy(**limit("consecutive_days", 2, severity="hard"))
    told = found_in(second, policy=made, history=[first, third])[0]
    assert [(one.code, one.severity, one.margin) for one in told] == [("crew.policy.own", Severity.HARD, -1)]


def test_times_are_of_the_day_a_duty_is_on() -> None:
    """No award, curfew or window looks at a withdrawn duty."""
    gone = easa("20:00", "4:00", status="cancelled", report_at=at("20:00"))
    assert own(gone, awards=[TestAwards.AWARD]) == []
