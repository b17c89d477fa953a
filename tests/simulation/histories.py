"""Dispatchers that change the same histories at once: random interleavings of two to four of them over duties that
overlap, correct each other, and are refused; in half of the seeds with everything that can go wrong.

    python -m tests.simulation.histories 1000        seeds 0 to 999
    python -m tests.simulation.histories --seed 17   one, with its trace
"""

import argparse
import asyncio
import json
import random
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import patch

from penstock.adapters.lambda_function import Process
from penstock.adapters import lambda_function
from penstock.deliver.stage import DispatcherPorts, dispatch
from penstock.identity.segmented_histories import SegmentedHistories, Shape
from penstock.model.errors import Transient, Unanswered
from penstock.model.messages import ChunkMessage, DispatchMessage, SourceFile, SplitMessage, read_message
from penstock.model.rows import FileState
from penstock.model.stage_result import StageResult
from penstock.operate.bury import bury
from penstock.outputs.outcomes import outcome_lines_of
from penstock.ports.destination import Answer, DestinationSettings
from penstock.ports.histories import Document, Entry
from penstock.ports.history_items import Segment
from penstock.ports.queue import Outgoing
from penstock.split.stage import SplitterPorts, split
from penstock.validate.stage import ValidatorPorts, validate
from penstock_testing.claims import MemoryClaims
from penstock_testing.histories import MemoryHistories, MemoryHistoryItems
from penstock_testing.ledger import MemoryLedger
from penstock_testing.memory import MemoryEvents, MemoryMappings, MemoryStore
from penstock_testing.throttle import MemoryThrottle
from tests.simulation.chaos import Chaos, Kind, Plan, Quiet
from tests.simulation.queues import SimQueue
from tests.simulation.releases import Deployed, Release
from tests.simulation.stages import Stage
from tests.simulation.trace import Trace
from tests.simulation.virtual import VirtualClock, VirtualLoop
from tests.simulation.worker import Worker, reach
from tests.support.finalising import Finalising

SECONDS = 300  #: that an invocation may take
PATIENCE = 6 * 3600.0  #: seconds without faults within which everything must have ended
BEGIN = datetime(2026, 3, 10, tzinfo=UTC)

type Duty = dict[str, Any]
type Place = tuple[str, str]
"""A duty: whose, and which."""


def duties_of(rng: random.Random) -> list[list[Duty]]:
    """The duties of two to four files: short ones of one or two crew members in the same few days. A file has at most
    one correction of a crew member's duties."""
    crews = [f"C{number}" for number in range(rng.choice((1, 1, 2)))]
    files: list[list[Duty]] = _making_room(rng) if rng.random() < 0.3 else []
    for number in range(len(files), rng.randint(max(2, len(files)), 4)):
        duties: list[Duty] = []
        corrected: set[str] = set()
        for _ in range(rng.randint(1, 4)):
            crew = rng.choice(crews)
            corrects = crew not in corrected and rng.random() < 0.3
            corrected |= {crew} if corrects else set[str]()
            # Of the same duty, every file may have another version.
            name = f"D{rng.randrange(5)}" if rng.random() < 0.75 else f"F{number}N{len(duties)}"
            duties.append(_duty(rng, crew, name, 1 + rng.randrange(1, 3) if corrects else 1))
        files.append(duties)
    return files


def _making_room(rng: random.Random) -> list[list[Duty]]:
    """A duty, its correction to another time, and a third that fits in where it was."""
    duty, third = _duty(rng, "C0", "D0", 1), _duty(rng, "C0", "D1", 1)
    times = {name: duty[name] for name in ("report_at", "fdp_end_at", "release_at")}
    files = [[duty], [_duty(rng, "C0", "D0", 2)], [third | times]]
    return files if rng.random() < 0.5 else [files[0], files[1] + files[2]]


def _duty(rng: random.Random, crew: str, name: str, revision: int) -> Duty:
    begin = BEGIN + timedelta(hours=rng.choice((0, 4, 8, 24, 28, 48, 52, 72)))
    end = begin + timedelta(hours=rng.choice((5, 9)))
    return {
        "duty_id": name,
        "crew_id": crew,
        "revision": revision,
        "regulation": "far117",
        "acclimatised": "yes",
        "reference_tz": "Etc/UTC",
        "report_at": begin.isoformat(),
        "fdp_end_at": end.isoformat(),
        "release_at": (end + timedelta(minutes=30)).isoformat(),
        # Three pilots without a rest facility: a soft finding, for which a duty may be held.
        "pilots": rng.choice((2, 2, 2, 3)),
    }


@dataclass(slots=True)
class Api:
    """A destination that honours keys and refuses some duties."""

    settings_now: DestinationSettings
    chaos: Chaos
    rng: random.Random
    refused: frozenset[int]
    applied: Counter[str] = field(default_factory=Counter[str])
    answers: dict[str, Answer] = field(default_factory=dict[str, Answer])

    async def settings(self, feed: str) -> DestinationSettings:
        """As `Destination.settings`."""
        return self.settings_now

    async def own_settings(self, lane: str) -> DestinationSettings | None:
        """As `Destination.own_settings`."""
        return None

    async def lanes(self, feed: str) -> list[str]:
        """As `Destination.lanes`."""
        return []

    async def post(self, settings: DestinationSettings, key: str, body: bytes) -> Answer:
        """As `Destination.post`."""
        fault = self.chaos.strike("api")
        await asyncio.sleep(self.rng.uniform(0.01, 4.0))
        if fault is Kind.UNANSWERED:
            raise Unanswered("no answer within the timeout")
        if fault is Kind.FAILED:
            return Answer(503)
        if key not in self.answers:
            self.answers[key] = self._apply(json.loads(body)["records"], some_again=fault is Kind.RETURNED)
        if fault is Kind.APPLIED_UNANSWERED:
            raise Unanswered("no answer within the timeout")
        return self.answers[key]

    def _apply(self, records: Sequence[Duty], some_again: bool) -> Answer:
        results: list[dict[str, int]] = []
        for index, record in enumerate(records):
            if _number_of(record) in self.refused:
                results.append({"index": index, "status": 422})
            elif some_again and self.rng.random() < 0.5:
                results.append({"index": index, "status": 503})
            else:
                self.applied[json.dumps(record, sort_keys=True)] += 1
        return Answer(200, json.dumps({"results": results}).encode(), "application/json")


def _number_of(record: Duty) -> int:
    """One of ten numbers, the same for the same duty wherever it is."""
    text = f"{record['crew_id']} {record['duty_id']} {record['revision']} {record['report_at'][:13]}"
    return sum(text.encode()) % 10


class _Raced(MemoryHistoryItems):
    """The twin, which counts the races that were lost, and the documents that were written over segments."""

    lost = 0
    summed = 0

    async def write_document(self, feed: str, key: str, was: int | None, document: Document) -> bool:
        won = await super().write_document(feed, key, was, document)
        self.lost += not won
        self.summed += won and (feed, key) in self.slots
        return won

    async def write_segment(self, feed: str, key: str, slot: int, segment: Segment, until: float) -> bool:
        won = await super().write_segment(feed, key, slot, segment, until)
        self.lost += not won
        return won


@dataclass(frozen=True, slots=True)
class Told:
    """What became of a duty."""

    record: Duty
    file_id: str
    ordinal: int
    outcome: str
    findings: Sequence[dict[str, Any]]

    @property
    def place(self) -> Place:
        """Whose duty, and which."""
        return self.record["crew_id"], self.record["duty_id"]


class Contest:
    """One run: files that are ready to be dispatched, and as many dispatchers."""

    def __init__(self, seed: int, trace: bool = False) -> None:
        rng = random.Random(seed)
        self.loop = VirtualLoop()
        self.clock, self.trace = VirtualClock(self.loop), Trace(self.loop, trace)
        self.chaos = Chaos(Plan(seed)) if seed % 2 else Quiet(Plan(seed), ())
        self.chaos.living.clear()  # nobody is here who could bring back what has expired
        deployed = Deployed(Release(records=0))
        self.store, self.ledger, self.claims = MemoryStore(), MemoryLedger(), MemoryClaims()
        shapes = random.Random(f"histories {seed}")
        # Most are segmented from the beginning, and soon written anew.
        self.shape = Shape(slots=shapes.choice((1, 1, 2, 32)), small=shapes.choice((0, 0, 0, 1024)))
        self.items = _Raced()
        self.histories = MemoryHistories(self.clock.now, self.shape, self.items)
        self.throttle, self.events = MemoryThrottle(), MemoryEvents()
        self.duties = duties_of(rng)
        settings = DestinationSettings(
            url="api",
            batch_records=rng.choice((1, 2, 50)),
            rate_per_second=1000.0,
            burst=1000,
            honours_idempotency_key=True,
            soft=rng.choice(("deliver", "hold")),
        )
        refused = frozenset(number for number in range(10) if rng.random() < 0.1)
        # Corrections more often: what they were to correct is back then.
        corrections = [duty for duties in self.duties for duty in duties if duty["revision"] == 2]
        refused |= {_number_of(duty) for duty in corrections if rng.random() < 0.4}
        self.api = Api(settings, self.chaos, rng, refused)
        queue = SimQueue("dispatcher", SECONDS * 6, 12, deployed, self.loop, self.chaos, rng)
        at_once = len(self.duties)
        place = deployed, self.loop, self.clock, self.chaos, rng, self.trace
        self.stage = Stage("dispatcher", queue, SECONDS, at_once, self._dispatcher, *place)
        self.files: list[SourceFile] = []
        self.problems: list[str] = []
        self.conflicts = 0
        self._rng = rng

    def _dispatcher(self, worker: Worker) -> Process:
        reached: dict[str, Any] = {
            "store": reach(self.store, "store", worker),
            "ledger": reach(self.ledger, "ledger", worker),
            "claims": reach(self.claims, "claims", worker),
            "histories": SegmentedHistories(reach(self.items, "claims", worker), self.clock.now, self.shape),
            "events": reach(self.events, "events", worker),
            "destination": reach(self.api, "destination", worker),
            "dispatches": {"crew": reach(self.stage.queue, "queue", worker)},
        }
        ports = DispatcherPorts(
            **reached, throttle=self.throttle, mappings=MemoryMappings(), clock=self.clock, rng=self._rng
        )

        async def process(body: str, deadline: float) -> list[StageResult]:
            return [await dispatch(ports, read_message(body, DispatchMessage), deadline)]

        return process

    def run(self) -> None:
        """Until everything has ended, or patience has; then what came of it is looked at."""
        asyncio.set_event_loop(self.loop)
        try:
            with patch.object(lambda_function, "time", self.clock):
                self.loop.run_until_complete(self._run())
        finally:
            for task in asyncio.all_tasks(self.loop):
                task.cancel()
            self.loop.run_until_complete(asyncio.sleep(0))
            self.loop.close()
            asyncio.set_event_loop(None)

    async def _run(self) -> None:
        for number, duties in enumerate(self.duties):
            await self._prepare(self.store.drop(f"crew/{number}.ndjson", _ndjson(duties)))
        begun = self.loop.time()
        while not await self._is_over():
            if self.loop.time() > begun + self.chaos.lasts:
                self.chaos.calm()
            if self.loop.time() > begun + self.chaos.lasts + PATIENCE:
                self.problems.append("not settled after six hours without faults")
                return
            await asyncio.sleep(600.0)
            await self._operate()
        self.problems += [line async for line in self._verdict()]

    async def _prepare(self, file: SourceFile) -> None:
        """The stages before, one after the other: a chunk of the whole file lies in the dispatch queue."""
        self.files.append(file)
        outlet, now = _Kept(), self.clock.now()
        stage = SplitterPorts(self.store, self.ledger, outlet, outlet, outlet, self.events, self.clock, self._rng)
        await split(stage, SplitMessage(file=file), now + 900)
        (chunk,) = outlet.bodies
        queue = {"crew": self.stage.queue}
        ports = ValidatorPorts(self.store, self.ledger, queue, self.clock, self._rng)
        await validate(ports, read_message(chunk, ChunkMessage), now + 120)

    async def _is_over(self) -> bool:
        rows = [await self.ledger.file(file.file_id) for file in self.files]
        settled = all(row and row.state is FileState.SETTLED and not row.chunks_dead for row in rows)
        return settled and not self.stage.alive

    async def _operate(self) -> None:
        """What has failed too often is buried, mostly, and gets its chances again. A circuit is closed by hand."""
        self.throttle = MemoryThrottle()
        queue = self.stage.queue
        for message in queue.dead:
            if self._rng.random() < 0.7:
                ports = Finalising(self.store, self.ledger, self.claims, self.histories, self.clock, self._rng)
                with suppress(Transient):
                    await bury(ports, read_message(message.body, DispatchMessage))
        queue.redrive()

    # -- what came of it

    async def _verdict(self) -> AsyncIterator[str]:
        told = [one async for one in self._told()]
        counting = [one for one in told if one.outcome in ("delivered", "held")]
        in_force = self._in_force(told)
        for line in self._lost(in_force, counting):
            yield f"lost update: {line}"
        passed_over = {one.place for one in told if any(_is_passed_over(other, one) for other in told)}
        for line in self._overlaps([one for one in in_force.values() if one.place not in passed_over]):
            yield line
        for line in self._losers(told, counting):
            yield line
        applied = Counter(json.dumps(one.record, sort_keys=True) for one in told if one.outcome == "delivered")
        if sum(self.api.applied.values()) != applied.total():
            yield f"{sum(self.api.applied.values())} duties were applied, and {applied.total()} are called delivered"
        for one in told:
            if one.outcome in ("dead", "unknown"):
                yield f"{one.place} is {one.outcome}"

    async def _told(self) -> AsyncIterator[Told]:
        for file, duties in zip(self.files, self.duties, strict=True):
            (chunk,) = await self.ledger.chunks(file.file_id)
            outcome_lines = await outcome_lines_of(self.store, chunk)
            for ordinal, record in enumerate(duties):
                outcome_line = outcome_lines.get(ordinal, {"outcome": "delivered"})
                yield Told(record, file.file_id, ordinal, outcome_line["outcome"], outcome_line.get("findings", ()))

    def _in_force(self, told: Sequence[Told]) -> dict[Place, Told]:
        """What the histories hold; what is void counts as what it replaced."""
        by_record = {(one.file_id, one.ordinal): one for one in told}
        known: dict[Place, Told] = {}
        for history in self.histories.all().values():
            for entry in history.entries:
                in_force: Entry | None = entry
                while in_force and by_record[in_force.file_id, in_force.ordinal].outcome not in ("delivered", "held"):
                    in_force = in_force.was
                if in_force:
                    one = by_record[in_force.file_id, in_force.ordinal]
                    known[one.place] = one
        return known

    def _lost(self, known: Mapping[Place, Told], counting: Sequence[Told]) -> Iterator[str]:
        """The histories hold the duties that were delivered, each in its latest revision, or are held as a correction
        of that, and no others. A correction that is held counts no more where an earlier revision passed over it."""
        delivered = _latest([one for one in counting if one.outcome == "delivered"])
        for place in known.keys() | {one.place for one in counting}:
            last = delivered[place].record["revision"] if place in delivered else -1
            held = {one.record["revision"] for one in counting if one.place == place and one.outcome == "held"}
            wanted = {revision for revision in held if revision > last} | ({last} if place in delivered else set[int]())
            is_known = known[place].record["revision"] if place in known else None
            if is_known not in wanted:
                yield f"of {place} one of {sorted(wanted)} was the last delivered or held, and {is_known} is known"

    def _overlaps(self, in_force: Sequence[Told]) -> Iterator[str]:
        for at, one in enumerate(in_force):
            for other in in_force[at + 1 :]:
                if one.place[0] == other.place[0] and _overlap(one.record, other.record):
                    yield f"{one.place} and {other.place} overlap, and both were delivered"

    def _losers(self, told: Sequence[Told], counting: Sequence[Told]) -> Iterator[str]:
        """Who was refused was refused by duties that are there, and is told which."""
        winners = {one.place for one in counting}
        for one in told:
            hard = [finding for finding in one.findings if finding["severity"] == "hard" and "duties" in finding]
            if one.outcome != "rejected" or not hard:
                continue
            named = {duty for finding in hard for duty in finding["duties"]} - {one.place[1]}
            self.conflicts += bool(named)
            for duty in named:
                if (one.place[0], duty) not in winners:
                    yield f"{one.place} was refused because of {duty}, which was never delivered"


@dataclass(slots=True)
class _Kept:
    """An outlet whose messages stay here."""

    bodies: list[str] = field(default_factory=list[str])

    async def send_batch(self, messages: Sequence[Outgoing]) -> list[int]:
        """As `Outlet.send_batch`."""
        self.bodies += [message.body for message in messages]
        return []


def _latest(told: Sequence[Told]) -> dict[Place, Told]:
    latest: dict[Place, Told] = {}
    for one in sorted(told, key=lambda one: one.record["revision"]):
        latest[one.place] = one
    return latest


def _is_passed_over(one: Told, by: Told) -> bool:
    """Whether a duty is held, and another one may have passed over it. It counts for nothing then, until it is released
    and examined again."""
    return one.outcome == "held" and one.place == by.place and by.record["revision"] < one.record["revision"]


def _overlap(one: Duty, other: Duty) -> bool:
    return one["report_at"] < other["release_at"] and other["report_at"] < one["release_at"]


def _ndjson(duties: Sequence[Duty]) -> bytes:
    return b"".join(json.dumps(duty).encode() + b"\n" for duty in duties)


def contest(seed: int, trace: bool = False) -> Contest:
    """Runs a seed. The same seed is the same run, call by call."""
    run = Contest(seed, trace)
    run.run()
    return run


def main() -> int:
    """The command line; 1 if a seed fails."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.simulation.histories",
        description=__doc__,
        formatter_class=argparse.RawTextHelpFormatter,
    )
    parser.add_argument("seeds", nargs="?", type=int, default=1000, help="how many")
    parser.add_argument("--seed", type=int, help="one seed, with its trace")
    asked = parser.parse_args()
    if asked.seed is not None:
        run = contest(asked.seed, trace=True)
        _say(*run.trace.lines, *(run.problems or ["sound"]))
        return 1 if run.problems else 0
    return many(range(asked.seeds))


def many(seeds: Sequence[int]) -> int:
    """Runs seeds and sums them up."""
    began, sums, lost, failed = time.monotonic(), Counter[str](), 0, 0
    for seed in seeds:
        run = contest(seed)
        failed += bool(run.problems)
        lost += sum(problem.startswith("lost update") for problem in run.problems)
        if run.problems:
            _say(f"seed {seed} fails: {run.problems[0]}")
        sums += Counter(
            dispatchers=len(run.duties),
            duties=sum(map(len, run.duties)),
            races=run.items.lost,
            summed=run.items.summed,
            conflicts=run.conflicts,
            faults=len(run.chaos.struck),
        )
    _say(
        f"{len(seeds)} random interleavings, {failed} failed; {len(seeds) / (time.monotonic() - began):.1f} a second",
        f"{sums['dispatchers']} dispatchers, {sums['duties']} duties, {sums['faults']} faults",
        f"{sums['races']} lost races, {sums['conflicts']} clean conflicts, {lost} lost updates",
        f"{sums['summed']} documents written over segments",
    )
    return 1 if failed else 0


def _say(*lines: str) -> None:
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
