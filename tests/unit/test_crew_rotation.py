"""One tail, one place, and its minutes between flights: in the records of all crew members, in whatever file."""

import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest

from penstock.feeds.crew import rotation
from penstock.feeds.crew.policy import Policy, TurnRound
from penstock.feeds.feed import Known
from penstock.model.findings import Severity
from tests.support.destination import Api
from tests.support.duties import at, easa, flight, valid
from tests.support.pipeline import Pipeline

TAIL = "D-AIXA"
RULE = TurnRound("turn", 45, "OM-A 8.1")
POLICY = Policy(turn_rounds=(RULE,), edition="OM-A 12")


def flown_by(crew: str, out: str, into: str, /, duty_id: str = "P1", **changes: Any) -> dict[str, Any]:
    """A duty of one flight with the tail, from Frankfurt to London."""
    places = {"flight": "PS1", "origin": "EDDF", "destination": "EGLL", "registration": TAIL} | changes
    record = easa("05:00", "9:00", [flight(out, into, **places)], flight_time_minutes=None, fdp_end_at=None)
    return record | {"crew_id": crew, "duty_id": duty_id, "release_at": at("18:00")}


def part(record: Mapping[str, Any], known: Mapping[str, Any] | None = None, tail: str = TAIL) -> dict[str, Any]:
    return dict(rotation.parts(valid(record), known or {}, POLICY)[f"tail\x1f{tail}"])


def kept(*records: Mapping[str, Any]) -> list[Known]:
    """A tail's history, as it was written and read again."""
    return [Known(one.id, json.loads(json.dumps(one.kept))) for one in (rotation.to_history(part(r)) for r in records)]


def told(record: Mapping[str, Any], *before: Mapping[str, Any], policy: Policy = POLICY) -> list[str]:
    (found,) = rotation.examine([part(record)], kept(*before), policy)
    return [one.message for one in found]


THERE = flown_by("C1", "06:00", "08:00")


class TestTwoFlights:
    @pytest.mark.parametrize(("out", "found"), [("08:45", 0), ("08:44", 1), ("07:59", 1)])
    def test_it_has_its_minutes_between_them_whoever_flies(self, out: str, found: int) -> None:
        back = flown_by("C2", out, "11:00", flight="PS2", origin="EGLL", destination="EDDF")
        assert len(told(back, THERE)) == found
        assert len(told(THERE, back)) == found

    @pytest.mark.parametrize(("out", "found"), [("08:45", 1), ("09:29", 1), ("09:30", 0)])
    def test_it_leaves_from_where_it_is_unless_there_was_time_for_a_flight_between(self, out: str, found: int) -> None:
        """Two turn-rounds of 45 minutes: what was flown between may be in a record that is still to come."""
        elsewhere = flown_by("C2", out, "11:00", flight="PS2", origin="EDDM")
        assert len(told(elsewhere, THERE)) == found

    def test_the_crew_of_one_flight_are_no_two_flights(self) -> None:
        assert told(flown_by("C2", "06:05", "08:10", origin="FRA"), THERE) == []

    def test_a_flight_under_another_is_found_behind_one_between(self) -> None:
        long, short = flown_by("C1", "06:00", "12:00"), flown_by("C2", "07:00", "07:30", flight="PS7")
        assert told(flown_by("C3", "11:00", "13:00", flight="PS9"), long, short)

    def test_a_rule_of_another_airport_or_type_asks_nothing(self) -> None:
        back = flown_by("C2", "08:10", "11:00", flight="PS2", origin="EGLL", aircraft_type="A320")
        for rule, found in (({"airport": "LHR"}, 1), ({"airport": "EDDF"}, 0), ({"aircraft_type": "B738"}, 0)):
            assert len(told(back, THERE, policy=Policy(turn_rounds=(replace(RULE, **rule),)))) == found

    def test_nothing_is_refused_for_what_another_record_says(self) -> None:
        hard = Policy(turn_rounds=(replace(RULE, severity=Severity.HARD),), edition="OM-A 12")
        back = flown_by("C2", "08:10", "11:00", duty_id="P2", flight="PS2", origin="EGLL")
        ((one,),) = rotation.examine([part(back)], kept(THERE), hard)
        assert (one.severity, one.code, one.margin) == (Severity.SOFT, "crew.policy.turn", -35)
        assert (one.duties, one.edition, one.rule) == (("P1", "P2"), "OM-A 12", "OM-A 8.1")


class TestRevisions:
    BACK = flown_by("C2", "08:10", "11:00", duty_id="P2", flight="PS2", origin="EGLL")

    def test_the_highest_counts(self) -> None:
        earlier = flown_by("C1", "05:30", "07:20") | {"revision": 2}
        assert told(self.BACK, THERE, earlier) == []
        assert told(self.BACK, earlier, THERE) == []
        assert told(THERE, self.BACK, earlier) == []

    @pytest.mark.parametrize(
        "change",
        [
            {"status": "cancelled", "sectors": []},
            {"status": "reassigned", "reassigned_to": "C9"},
            {"sectors": [THERE["sectors"][0] | {"registration": "D-AIXB"}]},
        ],
    )
    def test_a_duty_that_has_left_the_tail_is_there_no_more(self, change: dict[str, Any]) -> None:
        """Its correction belongs to the history of every tail that it had before."""
        known = {"P1": {"tails": [TAIL]}}
        gone = rotation.to_history(part(THERE | {"revision": 2, **change}, known))
        (found,) = rotation.examine([part(self.BACK)], [*kept(THERE), gone], POLICY)
        assert found == []

    def test_without_a_word_of_turn_rounds_nothing_is_kept(self) -> None:
        assert rotation.parts(valid(THERE), {}, Policy()) == {}
        assert list(rotation.parts(valid(THERE), {}, None)) == [f"tail\x1f{TAIL}"]


def test_what_is_too_old_is_forgotten() -> None:
    old = kept(THERE)[0]
    new = kept(flown_by("C2", "+46 08:00", "+46 10:00"))[0]
    assert rotation.prune([old, new]) == [new]
    many = [Known(f"{number}", {"v": 1, "duty": [f"C{number}", "P", 0], "movements": [["PS1", "A", "B", 1, 2, ""]]})
            for number in range(rotation.MOST_KEPT + 1)]  # fmt: skip
    assert len(rotation.prune(many)) == rotation.MOST_KEPT


# -- through the three stages

SETTINGS: dict[str, Any] = {"turn_rounds": [{"code": "turn", "minutes": 45, "source": "OM-A 8.1"}]}


async def findings_of(*files: Sequence[Mapping[str, Any]]) -> list[int]:
    """The findings of each file, where they come one after the other."""
    api = Api()
    pipeline, found = Pipeline(api), list[int]()
    api.settings_now = replace(api.settings_now, policy=SETTINGS)
    for records in files:
        file = pipeline.drop(b"".join(json.dumps(one).encode() + b"\n" for one in records), "crew/roster.ndjson")
        await pipeline.run()
        assert await pipeline.assert_sound(file, len(records)) == {"delivered": len(records)}
        found.append(sum(pipeline.report(file)["findings"].values()))
    return found


async def test_two_crew_members_with_one_tail_in_two_files_and_a_correction() -> None:
    """The correction moves the first flight to another tail: what was kept of it there counts no more."""
    back = flown_by("C2", "08:10", "11:00", duty_id="P2", flight="PS2", origin="EGLL", destination="EDDF")
    swapped = THERE | {"revision": 2, "sectors": [THERE["sectors"][0] | {"registration": "D-AIXB"}]}
    again = flown_by("C3", "08:20", "11:10", duty_id="P3", flight="PS2", origin="EGLL", destination="EDDF")
    assert await findings_of([THERE], [back], [swapped], [again]) == [0, 1, 0, 0]


@pytest.mark.parametrize("seed", range(5))
async def test_chunks_with_one_tail_and_one_crew_member_never_wait_for_each_other_for_good(seed: int) -> None:
    """Corrections of both duties at once: each is in the history of the crew member and in that of the tail."""
    api = Api()
    pipeline = Pipeline(api, turns=random.Random(seed))
    api.settings_now = replace(api.settings_now, policy=SETTINGS)
    home = flown_by("C1", "+1 08:10", "+1 11:00", duty_id="P2", flight="PS2", origin="EGLL", destination="EDDF")
    home |= {"report_at": at("+1 07:00"), "release_at": at("+1 12:00")}
    for revision in (1, 2):
        files = [
            pipeline.drop(json.dumps(one | {"revision": revision}).encode(), "crew/a.json") for one in (THERE, home)
        ]
        await pipeline.run()
        for file in files:
            assert await pipeline.assert_sound(file, 1) == {"delivered": 1}
