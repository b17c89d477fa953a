"""What the crew feed reads, what it says about a record's own times, and the laws of the engine."""

import json
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from penstock.feeds.crew import CREW
from penstock.feeds.crew.duty import Duty
from penstock.feeds.crew.easa import longest_fdp as longest_easa
from penstock.feeds.crew.engine import CLAUSES, examine
from penstock.feeds.crew.history import History
from penstock.feeds.crew.part117 import longest_fdp as longest_far
from penstock.feeds.crew.policy import REGULATION_ONLY, Policy
from penstock.model.findings import Severity
from tests.support.duties import at, codes, duty, easa, flight, found_in, plain, roster, valid
from tests.support.reading import judge_file
from tests.support.spots import csv_file, ndjson_file


def sector(out: str, off: str, on: str, into: str, **changes: Any) -> dict[str, Any]:
    """A sector flown as planned; `changes` replaces fields."""
    times = {"out": at(out), "off": at(off), "on": at(on), "in": at(into)}
    planned = {f"planned_{name}": time for name, time in times.items()}
    actual = {f"actual_{name}": time for name, time in times.items()}
    return {"flight": "PS1", "origin": "EHAM", "destination": "LFPG"} | planned | actual | changes


BACK = {"flight": "PS2", "origin": "LFPG", "destination": "EHAM"}
FLOWN = duty(
    "06:00",
    "6:00",
    [sector("07:00", "07:15", "08:30", "08:40"), sector("09:30", "09:45", "11:00", "11:10", **BACK)],
    flight_time_minutes=200,
)


class TestReading:
    def test_ndjson(self) -> None:
        judged = judge_file(CREW, ndjson_file([FLOWN, easa("06:00", "8:00")]))
        assert judged.rejected == []
        delivered = json.loads(judged.accepted[0].payload)
        assert delivered["sectors"][0]["actual_out"] == "2026-03-10T07:00:00Z"
        assert judged.unknown == set()

    def test_json(self) -> None:
        judged = judge_file(CREW, json.dumps([FLOWN, easa("06:00", "8:00")]).encode())
        assert [one.payload for one in judged.accepted] == [
            one.payload for one in judge_file(CREW, ndjson_file([FLOWN, easa("06:00", "8:00")])).accepted
        ]

    def test_what_is_empty_within_a_sector_is_not_told(self) -> None:
        sectors = [{**one, "actual_off": "", "registration": " "} for one in FLOWN["sectors"]]
        (accepted,) = judge_file(CREW, ndjson_file([FLOWN | {"sectors": sectors}])).accepted
        assert not {"actual_off", "registration"} & json.loads(accepted.payload)["sectors"][0].keys()

    def test_csv_with_json_in_the_cells_of_what_is_nested(self) -> None:
        cells = {
            name: json.dumps(value) if isinstance(value, list | dict) else str(value) for name, value in FLOWN.items()
        }
        judged = judge_file(CREW, csv_file([cells], list(cells)))
        assert judged.rejected == []
        assert judged.accepted[0].payload == judge_file(CREW, ndjson_file([FLOWN])).accepted[0].payload

    @pytest.mark.parametrize(
        "changes",
        [
            {},
            {"duty_id": "2026-03-10 06:00"},
            {"crew_id": "C1\x1c"},
            {"qualifications": '[{"code": "A320 2026-03-10 06:00", "valid_until": "2026-12-31"}]'},
            {"qualifications": "null"},
            {"sectors": "[]"},
            {"sectors": "[" * 300},
            {"sectors": '[{"flight": "PS1", "flight": "PS2", "origin": "JFK", "destination": "ORD", "x": NaN}]'},
            {"sectors": '[{"flight": " PS1", "origin": "JFK", "destination": "ORD", "status": "CNX"}]'},
            {"regulation": "Part 117"},
        ],
    )
    def test_what_is_read_of_cells_at_once_is_what_is_normalised(self, changes: dict[str, str]) -> None:
        cells = {
            name: json.dumps(value) if isinstance(value, list | dict) else str(value) for name, value in FLOWN.items()
        }
        body = csv_file([cells, cells | changes], list(cells | changes))
        assert judge_file(CREW, body) == judge_file(replace(CREW, unnested=None), body)

    @pytest.mark.parametrize(
        ("changes", "field"),
        [
            ({"regulation": "Part 117"}, None),
            ({"acclimatised": "Y"}, None),
            ({"acclimatised": True}, None),
            ({"report_at": "2026-03-10 06:00Z"}, None),
            ({"report_at": "2026-03-10T06:00:00+0000"}, None),
            ({"report_at": "2026-03-10T06:00:00"}, "report_at"),
            ({"report_at": "2026-03-10"}, "report_at"),
            ({"report_at": 1773122400}, "report_at"),
            ({"report_at": "1773122400"}, "report_at"),
            ({"report_at": "2026-02-30T06:00:00Z"}, "report_at"),
            ({"report_at": "2026-03-10T24:00:00Z"}, "report_at"),
            ({"regulation": "casa"}, "regulation"),
            ({"pilots": 5}, "pilots"),
            ({"rest_facility_class": 4}, "rest_facility_class"),
            ({"flight_time_minutes": -1}, "flight_time_minutes"),
            ({"extension": "commander"}, "extension"),
            ({"standby": {"kind": "beach", "start": at("01:00"), "end": at("02:00")}}, "standby.kind"),
            ({"qualifications": [{"code": "ATPL", "valid_until": "never"}]}, "qualifications.valid_until"),
            ({"qualifications": [{"code": "ATPL", "valid_until": "2026-02-30"}]}, "qualifications.valid_until"),
            ({"sectors": [{"flight": "PS1", "origin": "1G4", "destination": "EHAM"}]}, "sectors.origin"),
            ({"sectors": [{"flight": "PS 12345", "origin": "AMS", "destination": "EHAM"}]}, "sectors.flight"),
            ({"sectors": "[{"}, "sectors"),
        ],
    )
    def test_a_field_is_told(self, changes: dict[str, Any], field: str | None) -> None:
        judged = judge_file(CREW, ndjson_file([FLOWN | changes]))
        told = {finding.field for one in judged.rejected for finding in one.findings}
        # Of a union its branches are told, by their names below the field's.
        assert {name and ".".join(name.split(".")[: len((field or "").split("."))]) for name in told} == (
            {field} if field else set()
        )

    @pytest.mark.parametrize("flight", ["PS1", "KL1234", "KLM12A", "U2 8765", "9W123", "AAL9123"])
    def test_flights(self, flight: str) -> None:
        assert valid(duty("06:00", "6:00", [{"flight": flight, "origin": "AMS", "destination": "EHAM"}]))


class TestOwnTimes:
    def test_flawless(self) -> None:
        assert codes(FLOWN) == []
        assert codes(FLOWN | {"release_at": FLOWN["fdp_end_at"]}) == []

    @pytest.mark.parametrize(
        "changes",
        [
            {"release_at": at("11:59")},
            {"fdp_end_at": at("05:59")},
            {"flight_time_minutes": 361, "sectors": [BACK]},
            {"release_at": at("+4 06:01")},
            {"split_rest": {"start": at("05:00"), "end": at("09:00")}},
            {"split_rest": {"start": at("10:00"), "end": at("09:00")}},
            {"split_rest": {"start": at("10:00"), "end": at("12:01")}},
            {"standby": {"kind": "airport", "start": at("06:01"), "end": at("07:00")}},
            {"standby": {"kind": "airport", "start": at("04:00"), "end": at("03:00")}},
            {"standby": {"kind": "home", "start": at("04:00"), "end": at("06:01")}},
            # 200 minutes of flight in an FDP of 360, of which 180 are a break.
            {"split_rest": {"start": at("08:45"), "end": at("11:45")}, "sectors": [BACK]},
        ],
    )
    def test_what_cannot_be(self, changes: dict[str, Any]) -> None:
        record = {name: value for name, value in (FLOWN | changes).items() if value is not None}
        assert "time_order" in codes(record)
        assert set(codes(record)) <= {"time_order", "flight_time_mismatch", "sector_order", "fdp_mismatch"}

    @pytest.mark.parametrize(
        "late",
        [
            {"actual_off": at("06:59")},
            {"actual_on": at("07:14")},
            {"actual_in": at("08:29")},
            {"planned_off": at("06:59")},
            {"planned_in": at("08:29")},
            {"actual_off": None, "actual_on": at("06:59")},
        ],
    )
    def test_out_off_on_in(self, late: dict[str, Any]) -> None:
        first = {**FLOWN["sectors"][0], **late}
        record = FLOWN | {"sectors": [first, FLOWN["sectors"][1]], "flight_time_minutes": None}
        assert "oooi_order" in codes(record)
        assert found_in(record)[0][0].severity is Severity.HARD

    @pytest.mark.parametrize(
        "planned",
        [
            {"planned_out": at("07:00"), "planned_in": at("07:00")},
            {"planned_off": at("08:40"), "planned_on": at("08:40")},
            {"planned_out": at("07:00"), "planned_in": at("+1 07:01")},
        ],
    )
    def test_a_plan_that_takes_no_time_or_days(self, planned: dict[str, Any]) -> None:
        """Or all that the last sector took would have arisen after takeoff."""
        first = {name: value for name, value in FLOWN["sectors"][0].items() if not name.startswith("planned")}
        record = FLOWN | {"sectors": [first | planned, FLOWN["sectors"][1]]}
        assert "oooi_order" in codes(record)

    def test_out_and_off_within_one_minute_are_no_contradiction(self) -> None:
        first = FLOWN["sectors"][0] | {"actual_out": at("07:00"), "actual_off": at("07:00")}
        first = {name: value for name, value in first.items() if name not in ("actual_on", "actual_in")}
        assert codes(FLOWN | {"sectors": [first, FLOWN["sectors"][1]]}) == []

    def test_nobody_flies_from_an_airport_standby_before_the_report(self) -> None:
        """117.21(b): the FDP has begun with the standby, and the duty to fly has not."""
        record = duty(
            "08:00",
            "4:00",
            [flight("07:30", "10:00")],
            standby={"kind": "airport", "start": at("06:00"), "end": at("08:00")},
            flight_time_minutes=None,
        )
        assert codes(record) == ["sector_order"]

    @pytest.mark.parametrize(
        "sectors",
        [
            FLOWN["sectors"][::-1],
            [sector("05:59", "06:15", "08:30", "08:40")],
            [sector("07:00", "07:15", "08:30", "12:31")],
            [FLOWN["sectors"][0], sector("08:39", "09:45", "11:00", "11:10", **BACK)],
        ],
    )
    def test_sectors_follow_each_other_within_the_duty(self, sectors: list[dict[str, Any]]) -> None:
        found = codes(FLOWN | {"sectors": sectors, "flight_time_minutes": None})
        assert "sector_order" in found

    def test_a_broken_route(self) -> None:
        lost = FLOWN["sectors"][1] | {"origin": "EDDF"}
        iata = FLOWN["sectors"][1] | {"origin": "CDG"}
        assert codes(FLOWN | {"sectors": [FLOWN["sectors"][0], lost]}) == ["broken_route"]
        assert codes(FLOWN | {"sectors": [FLOWN["sectors"][0], iata]}) == []

    @pytest.mark.parametrize(
        ("into", "flagged"), [("11:40", False), ("11:41", True), ("10:39", True), ("10:40", False)]
    )
    def test_a_block_time_beyond_the_threshold(self, into: str, flagged: bool) -> None:
        """Planned 09:30 to 11:10; 30 minutes are allowed."""
        late = sector("09:30", "09:45", "11:00", "11:10", **BACK, actual_on=at("10:30"), actual_in=at(into))
        record = FLOWN | {"sectors": [FLOWN["sectors"][0], late], "flight_time_minutes": None}
        assert codes(record) == ["block_discrepancy"] * flagged
        assert codes(record, policy=Policy(block_threshold=31)) == []

    def test_its_effect_on_the_fdp(self) -> None:
        late = FLOWN["sectors"][0] | {"actual_in": at("09:20")}
        late_too = FLOWN["sectors"][1] | {"actual_in": at("11:15")}
        (breach,) = found_in(FLOWN | {"sectors": [late, late_too], "flight_time_minutes": None})[0]
        assert (breach.limit, breach.actual) == (130, 140)
        assert "sector 1 (PS1) took 2:20" in breach.message
        assert "the FDP ends 0:05 later than planned" in breach.message

    @pytest.mark.parametrize("unknown", ["planned_in", "actual_in"])
    def test_its_effect_is_not_known_before_the_last_arrival_is(self, unknown: str) -> None:
        late = FLOWN["sectors"][0] | {"actual_in": at("09:20")}
        last = {name: time for name, time in FLOWN["sectors"][1].items() if name != unknown}
        (breach,) = found_in(FLOWN | {"sectors": [late, last], "flight_time_minutes": None})[0]
        assert "what it did to the FDP is not known" in breach.message

    @pytest.mark.parametrize(("minutes", "flagged"), [(200, False), (202, False), (203, True), (197, True)])
    def test_flight_time_is_the_sum_of_the_blocks(self, minutes: int, flagged: bool) -> None:
        """100 minutes each; each may have been rounded."""
        assert codes(FLOWN | {"flight_time_minutes": minutes}) == ["flight_time_mismatch"] * flagged

    @pytest.mark.parametrize(("name", "odd"), [("N123AB", False), ("N6EAMQ", True), ("PH-BXA", False), ("N0123", True)])
    def test_a_tail_number_that_is_no_registration_is_told(self, name: str, odd: bool) -> None:
        first = FLOWN["sectors"][0] | {"registration": name}
        found = found_in(FLOWN | {"sectors": [first, FLOWN["sectors"][1]]})[0]
        assert [one.severity for one in found] == [Severity.INFO] * odd

    def test_a_zone_that_does_not_exist(self) -> None:
        assert codes(duty("06:00", "6:00", reference_tz="Europe/Atlantis")) == ["unknown_zone"]

    @pytest.mark.parametrize(
        ("said", "minutes"),
        [
            # Of which nothing is known, it may have filled the FDP.
            ({}, 360),
            ({"planned_out": "07:00"}, 360),
            ({"planned_in": "08:40"}, 360),
            ({"actual_in": "08:50"}, 360),
            ({"planned_out": "07:00", "planned_in": "08:40"}, 100),
            ({"planned_out": "07:00", "planned_in": "08:40", "actual_in": "08:50"}, 110),
            # Under way, it is taken to last as long as planned.
            ({"planned_out": "07:00", "planned_in": "08:40", "actual_out": "07:30"}, 100),
            ({"planned_in": "08:40", "actual_out": "07:30"}, 70),
            # A landing or a takeoff that is known makes it no shorter.
            ({"planned_in": "08:40", "actual_out": "07:30", "actual_on": "08:45"}, 75),
            ({"planned_out": "07:00", "planned_in": "08:40", "actual_off": "06:55"}, 105),
            ({"planned_out": "07:00", "planned_in": "08:40", "actual_out": "07:30", "actual_in": "09:05"}, 95),
        ],
    )
    def test_block_time_from_what_is_known(self, said: dict[str, str], minutes: int) -> None:
        flown = {"flight": "PS1", "origin": "EHAM", "destination": "LFPG"} | {
            name: at(time) for name, time in said.items()
        }
        record = duty("06:00", "6:00", [flown], flight_time_minutes=None)
        assert plain(record).flight_time == minutes
        assert codes(record) == []

    def test_positioning_is_fdp_and_no_sector(self) -> None:
        """ORO.FTL.215: from 08:00 a positioning flight before two sectors, 13 hours."""
        there = {**BACK, "positioning": True}
        out = {"flight": "PS1", "origin": "EHAM", "destination": "LFPG"}
        assert codes(easa("08:00", "13:00", [{**out, "positioning": True}, BACK, out])) == []
        assert codes(easa("08:00", "13:00", [out, BACK, out])) == ["easa.fdp"]
        assert plain(easa("08:00", "13:00", [BACK, there])).sectors == 1

    @pytest.mark.parametrize("regulation", ["far117", "easa"])
    def test_positioning_home_after_the_last_sector_is_duty_and_no_fdp(self, regulation: str) -> None:
        """14 CFR 117.3 (flight duty period), ORO.FTL.215: it counts before operating, not after."""
        home = flight("14:30", "17:30", positioning=True)
        record = duty("08:00", "6:00", [flight("09:00", "13:30"), home], flight_time_minutes=None) | {
            "regulation": regulation,
            "release_at": at("18:00"),
        }
        assert codes(record) == ["fdp_mismatch"]
        assert plain(record).fdp_end == plain(record).report + 330
        operated = record | {"sectors": [flight("09:00", "13:30"), flight("14:30", "17:30")]}
        assert plain(operated).fdp_end == plain(operated).report + 570
        assert codes(record | {"release_at": at("17:29")}) == ["fdp_mismatch", "sector_order"]

    def test_without_its_end_the_fdp_ends_with_the_last_sector_that_is_operated(self) -> None:
        sectors = [flight("09:00", "13:30"), flight("14:30", "17:30", positioning=True)]
        record = duty("08:00", "6:00", sectors, flight_time_minutes=None, fdp_end_at=None) | {"release_at": at("18:00")}
        assert plain(record).fdp_end == plain(record).report + 5 * 60 + 30
        untimed = record | {"sectors": [BACK]}
        assert plain(untimed).fdp_end == plain(untimed).release

    def test_a_duty_of_nothing_but_positioning_has_no_fdp(self) -> None:
        record = duty("08:00", "6:00", [flight("09:00", "13:30", positioning=True)], fdp_end_at=None)
        assert codes(record | {"flight_time_minutes": 0}) == []

    @pytest.mark.parametrize("zeroth", [True, False])
    def test_no_sector_ends_before_it_begins_whatever_is_planned_and_what_is_known(self, zeroth: bool) -> None:
        late = flight("09:00", "16:00", actual_in=at("18:30"))
        wrong = flight("19:00", "21:00", actual_in=at("-1 21:00"))
        sectors = [wrong, late] if zeroth else [late, wrong]
        assert "oooi_order" in codes(duty("08:00", "13:30", sectors, flight_time_minutes=None))

    def test_no_sector_takes_more_than_a_day(self) -> None:
        long = flight("09:00", "+1 09:01")
        assert "oooi_order" in codes(duty("08:00", "30:00", [long], flight_time_minutes=None))

    def test_nobody_flies_in_a_break(self) -> None:
        record = duty("18:00", "13:59", [flight("19:00", "21:00"), flight("+1 00:00", "+1 06:00")])
        breaks = {"split_rest": {"start": at("23:00"), "end": at("+1 05:00"), "suitable": True}}
        assert "sector_order" in codes(record | breaks | {"flight_time_minutes": 480})

    @pytest.mark.parametrize("null", ["0001-01-01T00:00:00+01:00", "1969-12-31T23:59Z", "9999-12-31T23:59:59Z"])
    @pytest.mark.parametrize("field", ["report_at", "actual_out"])
    def test_an_instant_that_no_duty_can_have_is_a_fault_of_its_own_record(self, null: str, field: str) -> None:
        """Exports write 0001-01-01 or 9999-12-31 where they know nothing."""
        first = FLOWN["sectors"][0]
        changes = {field: null} if field in FLOWN else {"sectors": [first | {field: null}, *FLOWN["sectors"][1:]]}
        judged = judge_file(CREW, ndjson_file([FLOWN, FLOWN | changes | {"duty_id": "D2"}]))
        (rejected,) = judged.rejected
        assert {finding.field for finding in rejected.findings} == {field if field in FLOWN else f"sectors.{field}"}


class TestMembers:
    def test_overlapping_duties(self) -> None:
        assert codes(*roster(duty("08:00", "8:00"), duty("16:29", "2:00"))) == ["duties_overlap"]
        (breach,) = found_in(*roster(duty("08:00", "8:00"), duty("09:00", "2:00")))[1]
        assert breach.duties == ("D1", "D2")

    def test_duties_that_touch_do_not_overlap(self) -> None:
        first, second = roster(duty("08:00", "8:00"), duty("16:30", "2:00"))
        assert codes(first, second) == ["far117.rest"]
        assert codes(first, history=[second]) == ["far117.rest"]

    def test_another_crew_member_is_another_matter(self) -> None:
        one, other = duty("08:00", "8:00"), duty("09:00", "8:00", crew_id="C2")
        history: dict[str, History] = {"C1": History(), "C2": History()}
        assert examine([valid(one), valid(other)], history) == [[], []]
        assert [len(each.duties) for each in history.values()] == [1, 1]

    def test_a_rejected_duty_does_not_count(self) -> None:
        wrong, fine = roster(duty("08:00", "15:00"), duty("23:35", "2:00"))
        assert [len(found) for found in found_in(wrong, fine)] == [1, 0]

    def test_a_higher_revision_replaces(self) -> None:
        """Also in the sums: what is left of the first is the second."""
        first, second = duty("08:00", "10:00"), duty("08:00", "8:00", revision=2)
        history = History()
        assert examine([valid(first)], {"C1": history}) == [[]]
        assert examine([valid(second)], {"C1": history}) == [[]]
        assert [one.revision for one in history.duties] == [2]
        assert history.timelines["fdp"].total(0, 2**40) == 480
        (breach,) = examine([valid(first)], {"C1": history})[0]
        assert (breach.code, breach.limit, breach.actual) == ("crew.superseded", 2, 1)

    def test_a_rejected_correction_leaves_what_was_accepted(self) -> None:
        history = History()
        examine([valid(duty("08:00", "10:00"))], {"C1": history})
        assert examine([valid(duty("08:00", "15:00", revision=2))], {"C1": history})[0] != []
        assert [one.revision for one in history.duties] == [1]

    def test_others_are_judged_beside_what_a_rejected_correction_leaves(self) -> None:
        """The first duty, 08:00 to 18:30, is to be moved away, to a length that is too long; the second needs its
        place."""
        first, second = roster(duty("08:00", "10:00"), duty("12:00", "4:00"))
        away = {**duty("+5 08:00", "15:00", revision=2), "duty_id": "D1"}
        assert found_in(second, {**away, "fdp_end_at": at("+5 16:00")}, history=[first]) == [[], []]
        for order in ([second, away], [away, second]):
            told = {
                one["duty_id"]: [breach.code for breach in found]
                for one, found in zip(order, found_in(*order, history=[first]), strict=True)
            }
            assert told == {"D1": ["crew.far117.fdp"], "D2": ["crew.duties_overlap"]}

    def test_two_corrections_may_change_places(self) -> None:
        """The first duty moves to where the second was, and the second before it."""
        first, second = roster(duty("08:00", "8:00"), duty("+1 08:00", "8:00"))
        moved = [
            {**duty("+1 08:00", "8:00", revision=2), "duty_id": "D1"},
            {**duty("08:00", "8:00", revision=2), "duty_id": "D2"},
        ]
        assert found_in(*moved, history=[first, second]) == [[], []]


def shifted(record: dict[str, Any], minutes: int, offset: int) -> dict[str, Any]:
    """The record with every time as another offset writes it, moved by so many minutes."""

    def move(value: Any) -> Any:
        if isinstance(value, str) and len(value) > 20 and value[4] == "-":
            moment = datetime.fromisoformat(value) + timedelta(minutes=minutes + offset)
            return moment.replace(tzinfo=None).isoformat() + f"{'-' if offset < 0 else '+'}{abs(offset) // 60:02d}:00"
        if isinstance(value, list):
            return [move(one) for one in value]
        return {name: move(one) for name, one in value.items()} if isinstance(value, dict) else value

    return move(record)


starts = st.integers(0, 1439).map(lambda minute: f"{minute // 60:02d}:{minute % 60:02d}")
regulations = st.sampled_from(["far117", "easa"])
states = st.sampled_from(["yes", "no", "unknown"])


def limit(record: Duty) -> int:
    return longest_far(record) if record.far else longest_easa(record, REGULATION_ONLY) or 0


class TestLaws:
    @given(starts, regulations, states, st.integers(1, 11))
    def test_more_sectors_never_raise_the_limit(self, start: str, regulation: str, state: str, sectors: int) -> None:
        fewer, more = (
            plain(duty(start, 60, number, regulation=regulation, acclimatised=state))
            for number in (sectors, sectors + 1)
        )
        assert limit(more) <= limit(fewer)

    @given(starts, regulations, st.integers(1, 3), st.integers(3, 4), st.integers(1, 3))
    def test_a_better_facility_never_lowers_the_limit(
        self, start: str, regulation: str, sectors: int, pilots: int, rest_class: int
    ) -> None:
        crew = {"regulation": regulation, "pilots": pilots}
        worse = plain(duty(start, 60, sectors, **crew, rest_facility_class=rest_class))
        better = plain(duty(start, 60, sectors, **crew, rest_facility_class=max(1, rest_class - 1)))
        alone = plain(duty(start, 60, sectors, regulation=regulation))
        assert limit(alone) <= limit(worse) <= limit(better)

    @given(starts, regulations, st.integers(1, 8))
    def test_who_is_not_acclimatised_never_gains(self, start: str, regulation: str, sectors: int) -> None:
        known, unknown = (
            plain(duty(start, 60, sectors, regulation=regulation, acclimatised=state)) for state in ("yes", "unknown")
        )
        # At night Table 2 comes down to Table 3, which knows no time of day, and not below.
        assert limit(unknown) <= limit(known)

    @settings(deadline=None)
    @given(starts, st.integers(60, 1000), st.integers(1, 11), states, regulations, st.integers(-12, 14))
    def test_how_the_offset_is_written_does_not_matter(
        self, start: str, fdp: int, sectors: int, state: str, regulation: str, offset: int
    ) -> None:
        record = duty(start, fdp, sectors, acclimatised=state, regulation=regulation)
        assert codes(shifted(record, 0, offset * 60)) == codes(record)

    @settings(deadline=None)
    @given(starts, st.integers(60, 1000), st.integers(1, 11), states, regulations, st.integers(-11, 12))
    def test_moving_the_zone_with_the_clock_changes_nothing(
        self, start: str, fdp: int, sectors: int, state: str, regulation: str, offset: int
    ) -> None:
        """Everything an hour later, in a zone an hour behind, is the same to its clock."""
        record = duty(start, fdp, sectors, acclimatised=state, regulation=regulation, qualifications=None)
        moved = shifted(record, -offset * 60, 0) | {"reference_tz": f"Etc/GMT{-offset:+d}"}
        assert codes(moved) == codes(record)

    @settings(deadline=None, max_examples=60)
    @given(
        st.lists(st.tuples(st.integers(8, 40), st.integers(2, 15), regulations), min_size=1, max_size=12),
        st.randoms(use_true_random=False),
    )
    def test_the_order_in_a_file_does_not_matter(self, plan: list[tuple[int, int, str]], random: Any) -> None:
        records: list[dict[str, Any]] = []
        hour = 0
        for number, (gap, length, regulation) in enumerate(plan):
            hour += gap
            start = f"+{hour // 24} {hour % 24:02d}:00"
            records.append({**duty(start, length * 60, regulation=regulation), "duty_id": f"D{number}"})
            hour += length
        shuffled = list(records)
        random.shuffle(shuffled)

        def told(given: list[dict[str, Any]]) -> dict[str, list[Any]]:
            return {
                one["duty_id"]: [breach.payload() for breach in found]
                for one, found in zip(given, found_in(*given), strict=True)
            }

        assert told(shuffled) == told(records)

    @settings(deadline=None, max_examples=40)
    @given(st.lists(st.integers(0, 5), min_size=1, max_size=12), st.randoms(use_true_random=False))
    def test_a_duty_counts_once_in_its_highest_revision(self, ids: list[int], random: Any) -> None:
        """However often it comes, in whatever order, in one file or in one after the other."""
        versions = {
            (number, revision): duty(
                f"+{number * 2} 08:00", 300 + 10 * revision, duty_id=f"D{number}", revision=revision
            )
            for revision, number in enumerate(ids)
        }
        highest = {number: max(revision for one, revision in versions if one == number) for number in ids}
        records = [*versions.values(), *versions.values()]
        random.shuffle(records)
        at_once, one_by_one = History(), History()
        examine([valid(one) for one in records], {"C1": at_once})
        for one in records:
            examine([valid(one)], {"C1": one_by_one})

        expected = sum(300 + 10 * revision for revision in highest.values())
        assert at_once.timelines["fdp"].total(0, 2**40) == expected
        assert at_once.duties == one_by_one.duties


class TestClauses:
    def test_every_one_has_a_code_of_its_own_and_cites_its_source(self) -> None:
        assert len({clause.code for clause in CLAUSES}) == len(CLAUSES)
        assert all(clause.code.startswith("crew.") and clause.source and clause.demands for clause in CLAUSES)
        assert {clause.field for clause in CLAUSES} <= CREW.fields


def test_a_policy_is_data() -> None:
    policy = TypeAdapter(Policy).validate_json(
        b'{"frm": true, "schedule": "late", "limits": [{"code": "fdp_12h", "measure": "fdp", "limit": 720,'
        b' "source": "OM-A 7.1", "severity": "hard"}]}'
    )
    assert policy.frm
    assert policy.limits[0].severity is Severity.HARD
    with pytest.raises(ValidationError):
        TypeAdapter(Policy).validate_json(b'{"limit": []}')
