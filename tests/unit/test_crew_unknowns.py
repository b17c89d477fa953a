"""What a record does not tell never loosens a limit: whatever field is left out, no decision gets milder."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.feeds.crew.policy import Policy
from penstock.model.findings import Severity
from tests.support.duties import at, codes, duty, easa, flight, found_in, plain, rest, roster

OPTIONAL = (
    "acclimatised",
    "pilots",
    "rest_facility_class",
    "home_base",
    "extension",
    "flight_time_minutes",
    "fdp_end_at",
    "role",
    "in_flight_rest_minutes",
    "original_report_at",
)
"""What may be left out of a duty without saying anything by it. Who leaves out a standby, a break or a sector says that
there was none."""

OPTIONAL_OF_A_SECTOR = ("planned_out", "planned_in", "actual_out", "actual_in", "positioning", "status")

TIMES = ("planned_out", "planned_in", "actual_out", "actual_in")

FAR_AWAY = {"KJFK": "America/New_York", "VIDP": "Asia/Kolkata", "EDDF": "Europe/Berlin"}


def clock(minute: int) -> str:
    return f"+{minute // 1440} {minute % 1440 // 60:02d}:{minute % 60:02d}"


@st.composite
def rosters(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Two duties of one crew member, of which all is told that can be, and nothing contradicts itself."""
    regulation = draw(st.sampled_from(["far117", "easa"]))
    made: list[dict[str, Any]] = []
    report = draw(st.integers(0, 23)) * 60
    away, zone = draw(st.sampled_from(sorted(FAR_AWAY.items())))
    for at_work in range(2):
        block, turn = draw(st.integers(60, 300)), draw(st.integers(30, 120))
        legs: list[dict[str, Any]] = []
        out = report + 45
        for number in range(draw(st.integers(1, 5))):
            here, there = ("EHAM", away) if (number + at_work) % 2 == 0 else (away, "EHAM")
            places: dict[str, Any] = {"origin": here, "destination": there}
            positioning: dict[str, Any] = {"positioning": True} if number == 0 and draw(st.booleans()) else {}
            legs.append(flight(clock(out), clock(out + block), **places, **positioning))
            out += block + turn
        legs[-1].pop("positioning", None)
        if draw(st.booleans()):
            legs = [{name: value for name, value in leg.items() if name not in TIMES} for leg in legs]
        augmented = {"pilots": 3, "rest_facility_class": 1}
        cabin = augmented | {"role": "cabin", "in_flight_rest_minutes": 110}
        crew: dict[str, Any] = draw(st.sampled_from([{}, augmented, *([cabin] if regulation == "easa" else [])]))
        legs[0]["status"] = draw(st.sampled_from(["operated", "delayed"]))
        record = duty(
            clock(report),
            out - turn - report,
            legs,
            regulation=regulation,
            acclimatised=draw(st.sampled_from(["yes", "unknown"])),
            home_base=draw(st.sampled_from(["EHAM", "AMS", "LFPG"])),
            reference_tz=draw(st.sampled_from(["Etc/UTC", "Europe/Amsterdam", zone])),
            flight_time_minutes=block * sum("positioning" not in leg for leg in legs),
            **draw(st.sampled_from([{}, {"status": "delayed", "original_report_at": at(clock(report))}])),
            extension=draw(st.sampled_from(["none", "discretion"])),
            **crew,
        )
        made.append(record)
        report = out - turn + 30 + draw(st.integers(9 * 60, 14 * 60))
    return roster(*made)


def rejected(records: list[dict[str, Any]], policy: Policy) -> list[bool]:
    return [any(one.severity is Severity.HARD for one in found) for found in found_in(*records, policy=policy)]


@settings(deadline=None, max_examples=300)
@given(rosters(), st.integers(0, 1), st.booleans(), st.data())
def test_no_decision_gets_milder(records: list[dict[str, Any]], which: int, frm: bool, data: st.DataObject) -> None:
    policy = Policy(frm=frm)
    before, lacking = records[which], dict(records[which])
    if data.draw(st.booleans(), "of a sector"):
        number = data.draw(st.integers(0, len(before["sectors"]) - 1), "sector")
        gone = data.draw(st.sampled_from(OPTIONAL_OF_A_SECTOR), "field")
        sectors = [dict(sector) for sector in before["sectors"]]
        sectors[number].pop(gone, None)
        lacking["sectors"] = sectors
    else:
        lacking.pop(data.draw(st.sampled_from(OPTIONAL), "field"), None)
    told, less = rejected(records, policy), rejected([*records[:which], lacking, *records[which + 1 :]], policy)
    assert less[which] >= told[which]
    # A duty that is not accepted any more is no burden to the other.
    if less[which] == told[which]:
        assert less >= told


def test_without_times_a_sector_fills_the_fdp() -> None:
    """117.11(a): from 08:00 9 hours of flight time with two pilots, and nobody says how much of 13 it was."""
    untimed = duty("08:00", "13:00", flight_time_minutes=None)
    assert plain(untimed).flight_time == 13 * 60
    assert codes(untimed) == ["far117.flight_time"]
    assert codes(untimed | {"flight_time_minutes": 540}) == []


@pytest.mark.parametrize("frm", [False, True])
def test_an_absent_state_of_acclimatisation_takes_the_stricter_table(frm: bool) -> None:
    """ORO.FTL.205(b): from 22:00 Table 2 allows 11 hours, Table 3 as many, Table 4 an hour more."""
    absent = easa("22:00", "11:01", acclimatised=None)
    assert codes(absent, policy=Policy(frm=frm)) == ["easa.fdp"]
    assert (codes(absent | {"acclimatised": "unknown"}, policy=Policy(frm=frm)) == []) is frm


@pytest.mark.parametrize("state", ["unknown", "no", None])
def test_in_an_unknown_state_a_break_extends_only_under_fatigue_risk_management(state: str | None) -> None:
    """EASA's FAQ 47625. Table 3 allows 11 hours, Table 4 12, and half of the break of 4 hours comes on top."""
    record = easa("08:00", "13:00", split_rest=rest("11:00", "15:00"), acclimatised=state)
    assert codes(record) == ["easa.fdp", "easa.split_rest"]
    assert codes(record, policy=Policy(frm=True)) == []
    assert codes(easa("10:00", "13:30", 4, split_rest=rest("13:00", "16:00"))) == []


def test_a_single_sector_is_as_long_as_the_flight_time_that_is_said() -> None:
    """CS FTL.1.205(c): an hour more for a sector of more than 9 hours; class 1 and three pilots, 17 hours then."""
    crew = {"pilots": 3, "rest_facility_class": 1}
    assert codes(easa("10:00", "17:00", flight_time_minutes=541, **crew)) == []
    assert codes(easa("10:00", "16:01", flight_time_minutes=540, **crew)) == ["easa.fdp_in_flight_rest"]


def test_nobody_knows_of_a_long_sector_that_is_not_told() -> None:
    """The hour more of CS FTL.1.205(c) is for a sector of more than 9 hours, not for one that may have been."""
    crew = {"pilots": 3, "rest_facility_class": 1, "flight_time_minutes": None}
    assert codes(easa("10:00", "16:01", **crew)) == ["easa.fdp_in_flight_rest"]


@pytest.mark.parametrize(
    ("record", "found"),
    [
        # Table 2 has 9 hours for 10 sectors, Tables 3 and B for 8 and for 7 or more; Table A 9 hours of flight time.
        (easa("08:00", "9:00"), []),
        (easa("08:00", "9:01"), ["easa.fdp"]),
        (easa("08:00", "9:01", acclimatised="unknown"), ["easa.fdp"]),
        (duty("20:00", "9:01"), ["far117.fdp"]),
        (duty("08:00", "9:01", flight_time_minutes=None), ["far117.flight_time"]),
    ],
)
def test_a_flight_duty_without_a_word_of_its_sectors_has_the_most_there_are(
    record: dict[str, Any], found: list[str]
) -> None:
    untold = {name: value for name, value in record.items() if name != "sectors"}
    assert codes(untold) == sorted([*found, "untold_sectors"])


def test_a_delay_that_nobody_says_from_when_takes_the_strictest_start() -> None:
    """CS FTL.1.205(d): under 4 hours, Table 2 goes by the original report; 11 hours is the least it has."""
    delayed = easa("08:00", "11:01", status="delayed")
    assert codes(delayed) == ["easa.fdp"]
    assert codes(delayed | {"original_report_at": delayed["report_at"]}) == []
    assert codes(easa("08:00", "11:01", status="delayed", extension="planned")) == ["easa.extension_not_allowed"]
    assert codes(easa("08:00", "11:00", status="delayed")) == []
