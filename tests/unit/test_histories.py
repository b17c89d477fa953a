"""State across files: a duty is judged with those of earlier files, counts once whatever happens, and not at all where
it was not delivered."""

import asyncio
import json
import random
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from penstock import feeds
from penstock.account.completion import complete_file
from penstock.feeds.crew import CREW
from penstock.feeds.crew.editions import PART_117
from penstock.feeds.feed import Limits
from penstock.model.errors import LeaseLost
from penstock.model.findings import Outcome
from penstock.model.messages import DispatchMessage, SourceFile, read_message
from penstock.model.rows import FileState
from penstock.operate.bury import bury
from penstock.operate.hold import held_of, plan_release, refuse
from penstock.operate.replay import begin_replay, plan_replay
from penstock.operate.resolve import resolve, unknowns_of
from penstock.ports.destination import DestinationSettings
from penstock.ports.histories import Entry
from penstock_ops.operate.explaining import explain
from tests.support.budget import faults, with_faults
from tests.support.destination import LOST, Api, json_answer
from tests.support.duties import duty
from tests.support.pipeline import Fault, Pipeline
from tests.support.spots import rows_of

SETTINGS = DestinationSettings(
    url="api", batch_records=2, rate_per_second=1000.0, burst=1000, honours_idempotency_key=True
)


def week(number: int, flown: int = 8 * 60, **changes: Any) -> dict[str, Any]:
    """A duty on a day of its own, 08:00 to 17:00, with so many minutes flown; 12 of 8 hours are within 100 hours
    (117.23(b)(1)), the 13th is not. Every third day is free, so that there is rest enough."""
    day = number // 2 * 3 + number % 2
    return duty(f"+{day} 08:00", "9:00", 2, **{"duty_id": f"D{number}", "flight_time_minutes": flown, **changes})


def too_long(number: int) -> dict[str, Any]:
    """A duty with an FDP of 15:00, where Table B allows 14:00."""
    day = week(number)["report_at"][:10]
    return week(number, fdp_end_at=f"{day}T23:00:00Z", release_at=f"{day}T23:30:00Z")


def ndjson(*records: Mapping[str, Any]) -> bytes:
    return b"".join(json.dumps(record).encode() + b"\n" for record in records)


@dataclass
class Desk(Pipeline):
    """A pipeline of crew files."""

    api: Api = field(default_factory=lambda: Api(SETTINGS))

    async def file(self, *records: Mapping[str, Any], name: str = "duties") -> SourceFile:
        """Drops records, and waits until they have ended."""
        file = self.drop(ndjson(*records), f"crew/{name}.ndjson")
        await self.run()
        return file

    async def ended(self, *records: Mapping[str, Any], name: str = "duties") -> dict[str, int]:
        """How records end that are dropped."""
        return await self.counted(await self.file(*records, name=name))

    async def codes(self, file: SourceFile, ordinal: int = 0) -> list[str]:
        """What is told of a record."""
        outcome_line = (await self.outcome_lines(file)).get(ordinal, {})
        return sorted(finding["code"].removeprefix("crew.") for finding in outcome_line.get("findings", ()))

    def entries(self) -> list[Entry]:
        """All that is known, of anybody."""
        return [entry for history in self.histories.all().values() for entry in history.entries]

    def known(self) -> set[str]:
        """The duties that are known."""
        return {entry.id for entry in self.entries()}

    def policy(self, **policy: Any) -> None:
        """What the operator's settings are from now on."""
        self.api.settings_now = replace(self.api.settings_now, policy=policy)


@pytest.fixture
def desk() -> Desk:
    return Desk()


class TestLaterFiles:
    async def test_a_limit_that_is_reached_only_by_both_files_together(self, desk: Desk) -> None:
        assert await desk.ended(*(week(at) for at in range(12))) == {"delivered": 12}

        later = await desk.file(week(12), name="later")

        assert await desk.counted(later) == {"rejected": 1}
        assert await desk.codes(later) == ["far117.flight_time_672h"]
        (row,) = rows_of(desk.report(later, "rejects.csv"))
        assert row["penstock_code"] == "crew.far117.flight_time_672h"
        assert "104:00 hours of flight time" in row["penstock_message"]

    async def test_each_crew_member_has_a_history_of_their_own(self, desk: Desk) -> None:
        await desk.file(*(week(at) for at in range(12)))

        assert await desk.ended(week(12, crew_id="C2"), name="later") == {"delivered": 1}

    async def test_an_overlap_with_an_earlier_file_names_its_duty(self, desk: Desk) -> None:
        await desk.file(week(0))

        later = await desk.file(week(0, duty_id="X"), name="later")

        assert await desk.codes(later) == ["duties_overlap"]
        assert "overlaps with D0;" in (await desk.outcome_lines(later))[0]["findings"][0]["message"]

    async def test_a_duty_is_kept_once_it_is_seen_delivered_nobody_looks_again(self, desk: Desk) -> None:
        first = await desk.file(week(0))
        assert [(one.id, one.file_id, one.sure) for one in desk.entries()] == [("D0", first.file_id, False)]

        await desk.file(week(1), name="later")

        assert {one.id: one.sure for one in desk.entries()} == {"D0": True, "D1": False}

    async def test_a_row_that_has_expired_has_delivered_what_is_still_known_of_it(self, desk: Desk) -> None:
        await desk.file(*(week(at) for at in range(12)))
        vars(desk.ledger)["_chunks"].clear()

        assert await desk.ended(week(12), name="later") == {"rejected": 1}

    async def test_the_operators_policy_comes_on_top(self, desk: Desk) -> None:
        hours = {"code": "two_days", "measure": "flight_time", "limit": 600, "source": "OM-A 7", "window_hours": 48}
        desk.policy(limits=[{**hours, "severity": "hard"}])
        await desk.file(week(0))

        later = await desk.file(week(1), name="later")

        assert await desk.codes(later) == ["policy.two_days"]

    async def test_nothing_is_sent_while_the_policy_is_not_valid(self, desk: Desk) -> None:
        desk.policy(limits=[{"code": "x", "measure": "fdp", "limit": -1, "source": "OM"}])
        file = desk.drop(ndjson(week(0)), "crew/duties.ndjson")
        for _ in range(6):
            await desk.step()
            await desk.clock.sleep(400)
        assert desk.put_off[0] == (
            "the settings of the feed crew are not valid: policy.limits.0.limit: Input should be greater than or equal"
            " to 0"
        )

        desk.policy()
        await desk.run()

        assert await desk.counted(file) == {"delivered": 1}


class TestCountedOnce:
    async def test_the_same_file_again(self, desk: Desk) -> None:
        records = [week(at) for at in range(12)]
        assert await desk.ended(*records) == {"delivered": 12}

        assert await desk.ended(*records, name="again") == {"duplicate": 12}
        assert len(desk.entries()) == 12

    async def test_a_correction_replaces_what_it_corrects(self, desk: Desk) -> None:
        await desk.file(*(week(at) for at in range(12)))

        corrected = await desk.file(week(11, flown=4 * 60, revision=2), name="corrected")

        assert await desk.counted(corrected) == {"delivered": 1}
        assert await desk.ended(week(12, flown=4 * 60), name="later") == {"delivered": 1}
        assert len(desk.entries()) == 13

    async def test_a_correction_that_breaks_a_rule_leaves_what_it_was_to_correct(self, desk: Desk) -> None:
        await desk.file(*(week(at) for at in range(12)))

        corrected = await desk.file(week(11, flown=13 * 60, revision=2), name="corrected")

        assert await desk.counted(corrected) == {"rejected": 1}
        assert {one.kept["revision"] for one in desk.entries()} == {1}
        assert await desk.ended(week(11, flown=8 * 60 - 1, revision=3), name="again") == {"delivered": 1}

    async def test_a_replay_after_the_limit_was_lifted(self, desk: Desk) -> None:
        """A duty rejected by the operator's limit is delivered by a replay, and counts once."""
        limit = {"code": "short", "measure": "flight_time", "limit": 60, "source": "OM-A 7", "severity": "hard"}
        desk.policy(limits=[limit])
        file = await desk.file(week(0), week(1, flown=30))
        assert await desk.counted(file) == {"rejected": 1, "delivered": 1}
        desk.policy()

        replay = await plan_replay(desk.ledger, desk.store, await desk.row(file))
        await begin_replay(desk, replay)
        await desk.run()

        assert await desk.counted(file) == {"delivered": 2}
        assert sorted(one.id for one in desk.entries()) == ["D0", "D1"]

    async def test_a_call_that_was_tried_again(self, desk: Desk) -> None:
        desk.api.troubles = [json_answer({}, 503), LOST, json_answer({}, 429)]

        assert await desk.ended(*(week(at) for at in range(6))) == {"delivered": 6}
        assert len(desk.entries()) == 6


class TestGivenBack:
    async def test_what_the_destination_refuses_does_not_count(self, desk: Desk) -> None:
        desk.api.refuses = lambda record: 422 if record["duty_id"] == "D0" else 0
        assert await desk.ended(*(week(at) for at in range(12))) == {"delivered": 11, "rejected": 1}

        assert desk.known() == {f"D{at}" for at in range(1, 12)}
        assert await desk.ended(week(12), name="later") == {"delivered": 1}

    async def test_a_correction_that_the_destination_refuses_gives_back_what_it_was_to_correct(
        self, desk: Desk
    ) -> None:
        await desk.file(*(week(at) for at in range(12)))
        desk.api.refuses = lambda record: 422 if record["revision"] == 2 else 0

        assert await desk.ended(week(11, flown=60, revision=2), name="corrected") == {"rejected": 1}

        assert {one.kept["revision"] for one in desk.entries()} == {1}
        assert await desk.ended(week(12), name="later") == {"rejected": 1}

    async def test_of_two_that_exclude_each_other_the_second_goes_if_the_destination_refuses_the_first(
        self, desk: Desk
    ) -> None:
        """In one file: nobody is refused for what may yet come to nothing."""
        desk.api.refuses = lambda record: 422 if record["duty_id"] == "D0" else 0
        other = week(0, duty_id="X")

        file = await desk.file(week(0), other)

        assert await desk.counted(file) == {"rejected": 1, "delivered": 1}
        assert await desk.codes(file) == ["destination.rejected"]
        assert desk.known() == {"X"}

    async def test_of_two_that_exclude_each_other_the_first_wins(self, desk: Desk) -> None:
        file = await desk.file(week(0), week(0, duty_id="X"))

        assert await desk.counted(file) == {"rejected": 1, "delivered": 1}
        assert await desk.codes(file, 1) == ["duties_overlap"]

    async def test_what_is_new_waits_for_the_correction_that_makes_room_for_it(self, desk: Desk) -> None:
        """In one file, the correction comes to nothing: then there is no room."""
        await desk.file(week(0))
        desk.api.refuses = lambda record: 422 if record["revision"] == 2 else 0
        moved = week(0, revision=2, report_at="2026-03-12T08:00:00Z") | {
            name: week(2)[name] for name in ("report_at", "fdp_end_at", "release_at")
        }
        file = await desk.file(moved, week(0, duty_id="X"), name="later")

        assert await desk.codes(file, 0) == ["destination.rejected"]
        assert await desk.codes(file, 1) == ["duties_overlap"]
        assert desk.known() == {"D0"}

    async def test_a_chunk_that_dies_gives_its_duties_back(self, desk: Desk) -> None:
        file = await self.dies(desk)
        assert await desk.counted(file) == {"dead": 1}
        assert desk.known() == set()

        assert await desk.ended(week(0, duty_id="X"), name="later") == {"delivered": 1}

    async def test_redriven_it_is_judged_by_what_has_come_since(self, desk: Desk) -> None:
        file = await self.dies(desk)
        await desk.file(week(0, duty_id="X"), name="later")
        (body,) = desk.dead_letters
        desk.put(desk.dispatches, body)

        await desk.run()

        assert await desk.counted(file) == {"rejected": 1}
        assert await desk.codes(file) == ["duties_overlap"]

    @staticmethod
    async def dies(desk: Desk) -> SourceFile:
        desk.api.troubles = [json_answer({}, 503) for _ in range(40)]
        file = desk.drop(ndjson(week(0)), "crew/duties.ndjson")
        while not desk.dead_letters:
            await desk.step()
            await desk.clock.sleep(100)
        desk.api.troubles.clear()
        message = read_message(desk.dead_letters[0], DispatchMessage)
        await desk.clock.sleep(400)
        assert desk.known() == {"D0"}
        assert await bury(desk, message) is not None
        await complete_file(desk, file.file_id)
        return file

    async def test_an_operators_word_that_it_was_never_applied(self, desk: Desk) -> None:
        desk.api.settings_now = replace(SETTINGS, honours_idempotency_key=False)
        desk.api.troubles = [LOST]
        file = await desk.file(week(0, pilots=3))
        assert await desk.counted(file) == {"unknown": 1}
        # As long as nobody knows, it counts.
        assert await desk.ended(week(0, duty_id="X"), name="later") == {"rejected": 1}

        (unknown,) = await unknowns_of(desk.ledger, file.file_id)
        await resolve(desk, await desk.row(file), unknown, delivered=False)

        assert desk.known() == set()
        assert await desk.codes(file) == ["delivery.not_applied", "rest_facility"]
        assert await desk.ended(week(0, duty_id="Y"), name="latest") == {"delivered": 1}
        assert desk.known() == {"Y"}


class TestOutlived:
    async def test_a_worker_whose_lease_has_passed_puts_nothing_before_what_has_come_since(
        self, desk: Desk, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Seed 339: held up before its write, it put a duty in the place of its correction, which had been delivered
        meanwhile; and as the duty had been, too, nobody could tell that it was not in force."""
        # A feed that finds nothing: the crew feed's own rule about revisions would see it.
        assert CREW.examination
        blind = replace(CREW.examination, examine=lambda records, known, policy: [[] for _ in records])
        monkeypatch.setitem(feeds.FEEDS, "crew", replace(CREW, examination=blind))
        write, arrived, went_on = desk.histories.write, asyncio.Event(), asyncio.Event()

        async def held_up(*args: Any) -> bool:
            monkeypatch.setattr(desk.histories, "write", write)
            arrived.set()
            await went_on.wait()
            return await write(*args)

        # Given
        file = desk.drop(ndjson(week(0)), "crew/duties.ndjson")
        for queue in (desk.intake, desk.chunks):
            await desk.handle_next(queue)
        (body,) = (held.body for held in desk.dispatches.messages.values())
        monkeypatch.setattr(desk.histories, "write", held_up)
        outlived = asyncio.create_task(desk.work(desk.dispatches, body))
        await arrived.wait()
        await desk.clock.sleep(1000)
        await desk.run()
        assert await desk.counted(file) == {"delivered": 1}
        assert await desk.ended(week(0, revision=2), name="corrected") == {"delivered": 1}
        # When
        went_on.set()
        with pytest.raises(LeaseLost):
            await outlived
        # Expect
        assert [(one.id, one.kept["revision"]) for one in desk.entries()] == [("D0", 2)]


class TestHeld:
    @pytest.fixture
    async def held(self, desk: Desk) -> SourceFile:
        """A duty with a soft finding, which a scheduler is to look at; it counts meanwhile."""
        desk.api.settings_now = replace(SETTINGS, soft="hold")
        file = await desk.file(week(0, pilots=3))
        assert await desk.counted(file) == {"held": 1}
        assert await desk.ended(week(0, duty_id="X"), name="other") == {"rejected": 1}
        return file

    async def test_released_it_is_judged_anew_and_counts_once(self, desk: Desk, held: SourceFile) -> None:
        row = await desk.row(held)
        release = plan_release(row, await held_of(desk.ledger, desk.store, held.file_id))
        await begin_replay(desk, release)
        await desk.run()

        assert await desk.counted(held) == {"delivered": 1}
        assert await desk.codes(held) == ["rest_facility"]
        assert [(one.id, one.was) for one in desk.entries()] == [("D0", None)]
        assert desk.report(held)["findings"] == {"crew.rest_facility": 1}

    async def test_refused_it_counts_no_more(self, desk: Desk, held: SourceFile) -> None:
        (one,) = await held_of(desk.ledger, desk.store, held.file_id)
        await refuse(desk, await desk.row(held), one, "there is a class 1 seat on the other rotation")

        assert desk.known() == set()
        assert await desk.ended(week(0, duty_id="Y"), name="later") == {"delivered": 1}

    async def test_what_is_held_bars_who_comes_with_a_correction_of_it_that_is_refused(self, desk: Desk) -> None:
        """It was passed over for the correction's sake, and stands again once that is refused. Seed 1309 of
        `simulation.histories`."""
        desk.api.settings_now = replace(SETTINGS, soft="hold")
        assert await desk.ended(week(0, pilots=3), name="held") == {"held": 1}
        assert await desk.ended(week(2)) == {"delivered": 1}
        refused = week(0, revision=2, **{name: week(2)[name] for name in ("report_at", "fdp_end_at", "release_at")})

        later = await desk.file(refused, week(0, duty_id="Y"), name="later")

        assert await desk.counted(later) == {"rejected": 2}
        assert await desk.codes(later, 1) == ["duties_overlap"]
        assert desk.known() == {"D0", "D2"}


class TestFull:
    async def test_a_history_that_is_full_takes_nobody_more(self, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("penstock.identity.packed_histories.LARGEST", 390)
        await desk.file(week(0))

        later = await desk.file(*(week(at) for at in range(1, 8)), week(0, crew_id="C2"), name="later")

        assert await desk.counted(later) == {"rejected": 7, "delivered": 1}
        assert await desk.codes(later) == ["history_full"]
        assert {(one.kept["crew"], one.id) for one in desk.entries()} == {("C1", "D0"), ("C2", "D0")}


class TestExceptions:
    async def test_every_finding_is_reported_with_its_figures(self, desk: Desk) -> None:
        """A hard and a soft one."""
        records = [week(0, pilots=3), too_long(1)]
        file = await desk.file(*records)

        report = desk.store.work[f"reports/{file.file_id}/exceptions.ndjson"]
        lines = [json.loads(line) for line in report.splitlines()]

        soft, hard = lines
        assert (soft["ordinal"], soft["outcome"], soft["rule"]) == (0, "delivered", "crew.rest_facility")
        assert hard["message"]
        assert hard | {"message": ""} == {
            "ordinal": 1,
            "trace": f"{file.file_id}:1",
            "outcome": "rejected",
            "rule": "crew.far117.fdp",
            "paragraph": "14 CFR 117.13, Table B",
            "edition": PART_117.name,
            "severity": "hard",
            "field": "fdp_end_at",
            "limit": 840,
            "actual": 900,
            "margin": -60,
            "unit": "minutes",
            "duties": ["D1"],
            "message": "",
        }
        assert desk.report(file)["findings"] == {"crew.far117.fdp": 1, "crew.rest_facility": 1}

    async def test_a_record_tells_them_itself(self, desk: Desk) -> None:
        file = await desk.file(week(0, pilots=3), too_long(1))
        row = await desk.row(file)

        soft, hard = [await explain(desk.ledger, desk.store, row, ordinal, 0.0) for ordinal in range(2)]

        assert (soft["outcome"], [one["code"] for one in soft["findings"]]) == ("delivered", ["crew.rest_facility"])
        assert (hard["outcome"], hard["stage"]) == ("rejected", "dispatcher")
        (finding,) = hard["findings"]
        assert (finding["limit"], finding["actual"], finding["margin"], finding["duties"]) == (840, 900, -60, ["D1"])

    async def test_a_file_without_exceptions_has_no_report_of_them(self, desk: Desk) -> None:
        file = await desk.file(week(0))

        assert f"reports/{file.file_id}/exceptions.ndjson" not in desk.store.work

    async def test_those_that_reject_are_announced_in_parts(self, desk: Desk) -> None:
        file = await desk.file(*(too_long(at) for at in range(150)))

        told = [detail for kind, detail in desk.events.published if kind == "RecordsRefused"]

        assert [len(detail["refused"]) for detail in told] == [100, 50]
        assert [detail["id"] for detail in told] == [f"{file.file_id}-000000-0-0", f"{file.file_id}-000000-0-1"]
        assert {line["trace"] for detail in told for line in detail["refused"]} == {
            f"{file.file_id}:{at}" for at in range(150)
        }
        assert all(len(json.dumps(detail)) < 256 * 1024 for detail in told)

    async def test_what_was_found_before_a_crash_is_not_forgotten(self, desk: Desk) -> None:
        """The batch is fixed: nobody examines its record again."""
        desk.api.troubles = [json_answer({}, 503)]
        file = await desk.file(week(0, pilots=3))

        assert desk.report(file)["findings"] == {"crew.rest_facility": 1}
        assert await desk.codes(file) == ["rest_facility"]


#: Two files of one crew member that overlap and correct each other, in chunks of three.
FIRST = [*(week(at) for at in range(4)), week(2, duty_id="X"), too_long(6)]
SECOND = [week(0, flown=4 * 60, revision=2), week(3, duty_id="Y"), week(1), week(7, crew_id="C2")]


class TestCrashes:
    @pytest.fixture(autouse=True)
    def small_chunks(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(feeds.FEEDS, "crew", replace(CREW, limits=Limits(records=3), group=()))

    @staticmethod
    async def run_with(fault: Fault) -> tuple[Desk, list[SourceFile]]:
        desk = Desk(Api(SETTINGS, [json_answer({}, 429)], lambda record: 422 if record["duty_id"] == "D3" else 0))
        files = [desk.drop(ndjson(*FIRST), "crew/first.ndjson"), desk.drop(ndjson(*SECOND), "crew/second.ndjson")]
        for queue in (desk.intake, desk.chunks):
            while queue.messages:
                await desk.clock.sleep(1)
                await desk.handle_next(queue)
        desk.fault = fault
        await desk.run()
        return desk, files

    @staticmethod
    async def assert_sound(desk: Desk, files: list[SourceFile]) -> None:
        """What is known is what was delivered, in its last revision."""
        latest: dict[tuple[str, str], int] = {}
        for file, records in zip(files, (FIRST, SECOND), strict=True):
            row = await desk.row(file)
            assert row.state is FileState.SETTLED
            assert sum(row.counted.values()) == row.received == len(records)
            outcome_lines = await desk.outcome_lines(file)
            for ordinal, record in enumerate(records):
                if outcome_lines.get(ordinal, {"outcome": "delivered"})["outcome"] == Outcome.DELIVERED:
                    place = record["crew_id"], record["duty_id"]
                    latest[place] = max(latest.get(place, 0), record["revision"])
        # One more look, so that all that is void is found out.
        await desk.file(week(99, crew_id="C1"), week(99, crew_id="C2", duty_id="Z"), name="last")
        known = {(one.kept["crew"], one.id): one.kept["revision"] for one in desk.entries()}
        assert known == latest | {("C1", "D99"): 1, ("C2", "Z"): 1}

    @with_faults
    async def test_a_fault_at_any_call_leaves_exactly_what_was_delivered(self) -> None:
        calls = (await self.run_with(Fault()))[0].fault.calls
        met: set[str] = set()
        for at, kills, after in faults(calls):
            desk, files = await self.run_with(Fault(at, kills, after))
            await self.assert_sound(desk, files)
            met.add(desk.fault.struck)
        assert met >= {"read", "write", "fix_batches", "post", "end_batch", "end_chunk", "give_up"}

    async def test_many_dispatchers_at_once(self) -> None:
        """Every call lets others go first; seeds, so that a failure comes back."""
        for seed in range(60):
            desk = Desk(turns=random.Random(seed))
            desk.api.refuses = lambda record: 422 if record["duty_id"] == "D3" else 0
            files = [desk.drop(ndjson(*FIRST), "crew/first.ndjson"), desk.drop(ndjson(*SECOND), "crew/second.ndjson")]
            await desk.run()
            await self.assert_sound(desk, files)
