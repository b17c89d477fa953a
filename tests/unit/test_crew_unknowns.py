"""What a record does not tell never loosens a limit: whatever field is left out, no decision gets milder."""

from collections.abc import Iterator
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.feeds.crew.activities import FREE, STANDBY, WORK, Activity
from penstock.feeds.crew.policy import Policy, RequiredQualification
from penstock.feeds.crew.record import DutyRecord, Sector
from penstock.model.findings import Severity
from tests.support.crew_rosters import PLACES, clock
from tests.support.duties import at, codes, duty, easa, flight, found_in, plain, rest, roster

type Record = dict[str, Any]

MEDICAL = RequiredQualification("medical", "MEDICAL", "OM-D 2.1")
"""What nobody may fly without. Of a licence that no record and no rule knows of, nobody can tell that it is expired."""

REPORTS = frozenset(
    {
        # Two things that a record says are compared: without one of them there is nothing to compare.
        "crew.flight_time_mismatch", "crew.block_discrepancy", "crew.broken_route", "crew.rest_facility",
        "crew.far117.acclimated", "crew.easa.acclimatised", "crew.withdrawal",
        # What a record says that it uses is told, though no limit asked for it.
        "crew.far117.extension_used", "crew.far117.planned_extension", "crew.far117.split_rest",
        "crew.easa.extension_used", "crew.easa.discretion_used", "crew.easa.split_rest",
    }
)  # fmt: skip
"""Soft findings that are no limits."""


@st.composite
def activities(draw: st.DrawFn, kind: str, report: int) -> tuple[Record, int]:
    """An activity of which all is told that can be, without contradiction; and when it ends."""
    record: Record = {
        "activity": kind,
        "regulation": draw(st.sampled_from(["far117", "easa"])),
        "duty_id": "D",
        "crew_id": "C1",
        "revision": 1,
        "acclimatised": draw(st.sampled_from(["yes", "no", "unknown"])),
        "reference_tz": draw(st.sampled_from(["Etc/UTC", *PLACES.values()])),
        "home_base": draw(st.sampled_from(["EHAM", "AMS", "LFPG"])),
        "report_at": at(clock(report)),
        "qualifications": [{"code": "MEDICAL", "valid_until": draw(st.sampled_from(["2026-03-09", "2030-12-31"]))}],
        "status": "planned",
    }
    if kind != "flight_duty" and draw(st.integers(0, 5)) == 0:
        record |= {"status": "reassigned", "reassigned_to": "C2"}
    if kind == "flight_duty":
        release = draw(_flown(record, report))
    else:
        release = report + draw(st.sampled_from([120, 600, 850, 970]))
        if kind == "positioning":
            times = {"planned_out": at(clock(report + 10)), "planned_in": at(clock(release - 10))}
            record["sectors"] = [_sector(1, draw(st.sampled_from(sorted(PLACES))), times, True)]
        if kind in STANDBY and draw(st.booleans()):
            record["standby"] = {"kind": STANDBY[kind], "start": at(clock(report)), "end": at(clock(release))}
    return record | {"release_at": at(clock(release))}, release


def _sector(number: int, away: str, times: Record, positioning: bool) -> Record:
    here, there = ("EHAM", away) if number % 2 else (away, "EHAM")
    route = {"flight": f"PS{number}", "origin": here, "destination": there, "positioning": positioning}
    made = {"takeoff": not positioning, "landing": not positioning}
    return route | {"registration": "PHBXA", "aircraft_type": "B738"} | made | times


@st.composite
def _flown(draw: st.DrawFn, record: Record, report: int) -> int:
    """Adds what a flight duty has; gives when it ends."""
    number, away = draw(st.integers(1, 5)), draw(st.sampled_from(sorted(PLACES)))
    block, turn = draw(st.integers(60, 700 // number)), draw(st.integers(40, 90))
    resting = draw(st.sampled_from([0, 0, 170, 200, 400])) if number > 1 else 0
    first, out = int(number > 1 and draw(st.booleans())), report + 45
    sectors: list[Record] = []
    for at_work in range(number):
        points = {"out": out, "off": out + 10, "on": out + block - 5, "in": out + block}
        times = {
            f"{word}_{point}": at(clock(minute)) for word in ("planned", "actual") for point, minute in points.items()
        }
        status = draw(st.sampled_from(["operated", "delayed", "diverted"]))
        sector = _sector(at_work + 1, away, times | {"status": status}, at_work < first)
        sectors.append(sector | ({"diverted_to": sector["destination"]} if status == "diverted" else {}))
        out += block + turn
        if at_work == 0 and resting:
            began = out - turn + 20
            suitable = draw(st.booleans())
            rested = {"start": at(clock(began)), "end": at(clock(began + resting)), "suitable": suitable}
            record["split_rest"] = rested
            out = began + resting + 20
    end = out - turn
    if not resting and draw(st.booleans()):
        timeless = {name for sector in sectors for name in sector if name.startswith(("planned", "actual"))}
        sectors = [{name: said for name, said in sector.items() if name not in timeless} for sector in sectors]
    if not resting and draw(st.booleans()):
        record |= {"pilots": draw(st.sampled_from([3, 4])), "rest_facility_class": draw(st.integers(1, 3))}
        of_cabin = [{"role": "cabin"}] * (record["regulation"] == "easa")
        role = draw(st.sampled_from([{}, {"role": "flight"}, *of_cabin]))
        record |= role | ({"in_flight_rest_minutes": draw(st.sampled_from([0, 100, 200]))} if role else {})
    if draw(st.booleans()):
        early = draw(st.sampled_from([0, 60, 300]))
        record |= {"status": "delayed", "original_report_at": at(clock(report - early))}
    if draw(st.booleans()):
        record["standby"] = draw(_waited(report))
    record |= {
        "sectors": sectors,
        "fdp_end_at": at(clock(end)),
        # What is said beside the sectors' times does not count.
        "flight_time_minutes": block * (number - first) + 60 * ("actual_in" in sectors[0] and draw(st.booleans())),
        "extension": draw(st.sampled_from(["none", "planned", "discretion"])),
    }
    return end + 30


@st.composite
def _waited(draw: st.DrawFn, report: int) -> Record:
    """A standby before a flight duty, with its call: at its end, or before where it goes on until report."""
    start = report - draw(st.sampled_from([120, 600, 840, 1000]))
    called = draw(st.integers(start, report))
    kind = draw(st.sampled_from(["airport", "short_call", "long_call", "home", "other", "reserve"]))
    end = draw(st.sampled_from([called, report]))
    return {"kind": kind, "start": at(clock(start)), "end": at(clock(end)), "called_at": at(clock(called))}


def lacking(record: Record) -> Iterator[tuple[str, Record]]:
    """The record without each of its optional fields in turn, by the field's name.

    That a flight duty began with a standby is not told by halves: who leaves it out says that there was none."""
    for name in OPTIONAL & record.keys():
        if not (name == "standby" and record["activity"] == "flight_duty"):
            yield name, {field: said for field, said in record.items() if field != name}
    for number, sector in enumerate(record.get("sectors", ())):
        for name in OPTIONAL_OF_A_SECTOR & sector.keys():
            sectors = [dict(one) for one in record["sectors"]]
            del sectors[number][name]
            yield f"sectors.{name}", record | {"sectors": sectors}
    for name, field in (("standby", "called_at"), ("split_rest", "suitable")):
        if field in record.get(name, {}):
            without = {key: said for key, said in record[name].items() if key != field}
            yield f"{name}.{field}", record | {name: without}


OPTIONAL = DutyRecord.__optional_keys__
OPTIONAL_OF_A_SECTOR = Sector.__optional_keys__
KINDS = get_args(Activity.__value__)


def decisions(records: list[Record], policy: Policy) -> list[int]:
    """Accepted, held or rejected: 0, 1, 2."""
    return [
        max((GRADES[one.severity] for one in found if one.code not in REPORTS), default=0)
        for found in found_in(*records, policy=policy)
    ]


GRADES = {Severity.INFO: 0, Severity.SOFT: 1, Severity.HARD: 2}


@pytest.mark.parametrize("kind", KINDS)
def test_no_decision_gets_milder(kind: str) -> None:
    """Of every activity, beside whatever comes before or behind it."""

    @settings(deadline=None, max_examples=25 if kind == "flight_duty" else 6)
    @given(st.data())
    def holds(data: st.DataObject) -> None:
        policy = Policy(frm=data.draw(st.booleans(), "frm"), qualifications=[MEDICAL])
        which = data.draw(st.integers(0, 1), "which of two")
        other = data.draw(st.sampled_from(["flight_duty", *KINDS]), "the other")
        records: list[Record] = []
        minute = data.draw(st.integers(0, 1439), "first report")
        for of in (kind, other) if which == 0 else (other, kind):
            record, release = data.draw(activities(of, minute))
            records.append(record)
            minute = release + data.draw(st.sampled_from([30, 200, 540, 600, 720, 900]), "gap")
        records = roster(*records)
        told = decisions(records, policy)
        for field, record in lacking(records[which]):
            less = decisions([*records[:which], record, *records[which + 1 :]], policy)
            assert less[which] >= told[which], field
            # A duty that is not accepted any more is no burden to the other.
            if less[which] == told[which]:
                assert less >= told, field

    holds()


def test_all_that_may_be_left_out_is_tried() -> None:
    """Or a new field would be milder unseen."""
    tried = set[str]()

    @settings(deadline=None, max_examples=60)
    @given(st.data(), st.sampled_from(KINDS))
    def collects(data: st.DataObject, kind: str) -> None:
        record, _ = data.draw(activities(kind, 600))
        tried.update(name for name, _ in lacking(record))

    collects()
    assert tried == OPTIONAL | {f"sectors.{name}" for name in OPTIONAL_OF_A_SECTOR} | {
        "standby.called_at",
        "split_rest.suitable",
    }


def test_a_later_end_of_the_fdp_that_is_left_out_is_held() -> None:
    """From 08:00 Table 2 allows 13 hours. The plan has 12:30, and the release is at 13:30."""
    planned = {"actual_out": None, "actual_in": None}
    sector = {name: said for name, said in flight("09:00", "20:30", **planned).items() if said}
    later = easa("08:00", "13:01", [sector], flight_time_minutes=None)
    assert codes(later) == ["easa.fdp"]
    untold = {name: said for name, said in later.items() if name != "fdp_end_at"}
    assert [(one.code, one.severity) for one in found_in(untold)[0]] == [("crew.untold_fdp_end", Severity.SOFT)]
    home = flight("20:45", "21:15", positioning=True)
    assert codes(untold | {"sectors": [sector, home]}) == []
    assert codes(untold | {"sectors": [sector | {"actual_in": at("20:30")}]}) == []


def test_flight_time_is_what_the_sectors_add_up_to() -> None:
    """117.11: 9 hours from 08:00. What is said beside it is told."""
    flown = duty("08:00", "10:00", [flight("09:00", "17:00")], flight_time_minutes=541)
    assert codes(flown) == ["flight_time_mismatch"]
    assert plain(flown).flight_time == 8 * 60


def test_who_says_nothing_of_the_call_was_called_when_it_is_worst() -> None:
    """CS FTL.1.225(b)(9): standby from 23:00 counts from the call only, where somebody says when it came; 12 hours are
    6 more than 6. 117.21(a): long-call reserve has notice before the rest."""
    waited = {"kind": "home", "start": at("-1 23:00"), "end": at("11:00")}
    for called, most in ({}, "7:00"), ({"called_at": at("07:00")}, "13:00"):
        assert "easa.fdp" not in codes(easa("11:00", most, standby=waited | called))
        assert "easa.fdp" in codes(easa("11:00", plus_a_minute(most), standby=waited | called))
    reserve = {"kind": "long_call", "start": at("-1 08:00"), "end": at("11:00")}
    assert codes(duty("11:00", "6:00", standby=reserve)) == ["far117.long_call_rest"]
    assert codes(duty("11:00", "6:00", standby=reserve | {"called_at": at("01:00")})) == []


def plus_a_minute(length: str) -> int:
    hours, minutes = length.split(":")
    return int(hours) * 60 + int(minutes) + 1


def test_what_no_record_says_what_it_is_may_be_a_flight_duty() -> None:
    """Table 2 has 9 hours for 10 sectors."""
    ground = {**easa("08:00", "9:01"), "release_at": at("17:01")}
    nameless = {name: said for name, said in ground.items() if name not in ("sectors", "fdp_end_at")}
    assert codes(nameless) == ["easa.fdp", "untold_sectors"]
    ends = {"release_at": at("17:00")}
    assert codes(nameless | ends) == ["untold_sectors"]
    work = {name: said for name, said in nameless.items() if name in MINIMAL}
    assert codes(work | {"activity": "ground_duty"}) == []


MINIMAL = ("duty_id", "crew_id", "regulation", "reference_tz", "report_at", "release_at")


@pytest.mark.parametrize("kind", sorted(WORK | FREE))
def test_who_does_not_fly_needs_no_licence_for_it(kind: str) -> None:
    """A check in the simulator is where it is renewed."""
    expired = {name: said for name, said in easa("08:00", "4:00").items() if name in MINIMAL} | {
        "activity": kind,
        "qualifications": [{"code": "OPC", "valid_until": "2026-03-09"}],
    }
    assert codes(expired) == []
    assert codes(expired | {"activity": "home_standby"}) == ["qualification_expired"]


def test_a_planned_extension_that_the_fdp_does_not_need_extends_nothing() -> None:
    """ORO.FTL.205(d)(1): two in 7 days."""
    for length, found in (("12:00", []), ("13:30", ["easa.extensions_7d"])):
        days = [easa(f"+{day} 08:00", length, extension="planned") for day in (0, 2, 4)]
        hard = [one.code[5:] for one in found_in(*roster(*days))[-1] if one.severity is Severity.HARD]
        assert hard == found


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
