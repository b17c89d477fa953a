"""One run: the whole of Penstock over its twins, its senders, its destination and its operator, by one seed."""

import asyncio
import json
import random
from collections.abc import Awaitable, Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import Any, cast
from unittest.mock import patch

from penstock.adapters.lambda_function import Process
from penstock import feeds
from penstock.adapters import lambda_function
from penstock.deliver.probing import probe_each
from penstock.deliver.stage import DispatcherPorts, dispatch
from penstock.extract.stage import ExtractorPorts, extract
from penstock.identity.segmented_histories import SegmentedHistories, Shape
from penstock.io import reader
from penstock.model.errors import Transient
from penstock.model.intake import read_intake
from penstock.model.messages import ChunkMessage, DispatchMessage, SourceFile, read_document_message, read_message
from penstock.model.rows import ChunkState, FileRow, FileState
from penstock.model.stage_result import StageResult
from penstock.operate.decide import NotToBeDecided
from penstock.operate.hold import Held, held_of, plan_release, refuse
from penstock.operate.replay import plan_replay
from penstock.operate.resolve import resolve, unknowns_of
from penstock.operate.sweep import SweeperPorts, look_for_overlooked, send_idle_again, sweep
from penstock.ports.destination import DestinationSettings
from penstock.ports.histories import Histories
from penstock.ports.ledger import Ledger
from penstock.ports.throttle import Circuit
from penstock.split import stage as splitter
from penstock.split.stage import SplitterPorts, split
from penstock.validate.stage import ValidatorPorts, validate
from penstock_testing.claims import MemoryClaims
from penstock_testing.histories import MemoryHistories
from penstock_testing.ledger import MemoryLedger
from penstock_testing.memory import MemoryDrops
from penstock_testing.throttle import MemoryThrottle
from tests.simulation.api import LATEST, OF_A_LANE, Api, Departures
from tests.simulation.archives import archive_of, files_of, of_the_same_object
from tests.simulation.chaos import Chaos, Kind, Plan, Quiet
from tests.simulation.living import MOST_STORED, Life
from tests.simulation.notarised import Notarised
from tests.simulation.papers import Elsewhere, SlowReader
from tests.simulation.queues import DeadLetters, SimQueue
from tests.simulation.releases import Deployed, Release, RowVersions
from tests.simulation.senders import Drop, Item, Senders, mended
from tests.simulation.stages import Scheduled, Stage, Switches
from tests.simulation.tabulated import Tabulated
from tests.simulation.trace import Trace
from tests.simulation.virtual import EPOCH, VirtualClock, VirtualLoop
from tests.simulation.watch import WatchedLedger, WatchedStore
from tests.simulation.worker import Worker, reach
from tests.support.events import DeclaredEvents
from tests.support.finalising import Finalising
from tests.support.spots import rows_of

IDLE = 6 * 3600.0  #: seconds after which work that nobody does is sent again
PATIENCE = 6 * 3600.0  #: seconds without any fault within which everything must have ended
RESENT = 18 * 3600.0  #: and those that it may take until what has lost its message is sent again
ROUND = 1800.0  #: seconds between two looks of the operator
DECISION = 120.0  #: seconds a scheduler's word may take

_LOSES = frozenset({Kind.EXPIRED, Kind.PURGED})

type Compose = Callable[[Worker], Process]


@dataclass(frozen=True, slots=True)
class Night:
    """What a run is like, where its seed is not to decide it. Nothing goes wrong but the outages: (from, to, how it
    shows) in seconds, of the destination at the URL `struck`, or of all. With `lanes` the feed has some, these of them
    with destinations of their own, each `places` for its chunks, and queues are fair."""

    settings: DestinationSettings
    drops: tuple[Drop, ...]
    chunk_records: int = 5
    at_once: int = 4
    outages: tuple[tuple[float, float, int], ...] = ()
    struck: str = ""
    lanes: Mapping[str, DestinationSettings] = field(default_factory=dict[str, DestinationSettings])
    places: int = 4


def _chunk_of(body: str) -> str:
    """The chunk that a message is about, "" if it is about none."""
    message = json.loads(body)
    about = message.get("chunk", message)
    return ChunkMessage.model_validate_json(json.dumps(about)).chunk_id if "span" in about else ""


def _in_lanes(drops: Sequence[Drop], rng: random.Random) -> Iterator[Drop]:
    """The drops in lanes, the same key always in the same one, and some in none."""
    lanes = {key: rng.choice(("", "busy/", "busy/", "calm/")) for key in sorted({drop.key for drop in drops})}
    yield from (replace(one, key=one.key.replace("traffic/", f"traffic/{lanes[one.key]}", 1)) for one in drops)


async def _nobody(world: "World") -> list[str]:
    """Who judges a world that is judged later."""
    return []


class World:
    """Buckets, queues, ledger, functions, destination, senders and operator."""

    def __init__(self, plan: Plan, trace: bool = False, night: Night | None = None) -> None:
        """A run of what the plan's seed decides; of a certain night, if one is given."""
        self.plan = plan
        self.loop = VirtualLoop()
        self.clock = VirtualClock(self.loop)
        self.trace = Trace(self.loop, trace)
        self.chaos = Quiet(plan, night.outages) if night else Chaos(plan)
        self._rng = random.Random(plan.seed * 4 + 2)
        shape = random.Random(plan.seed * 4 + 3)
        self.settings = night.settings if night else _settings(shape)
        records = night.chunk_records if night else shape.choice((2, 3, 5, 8))
        lanes = plan.lanes or bool(night and night.lanes)
        release = Release(records, examined=plan.seed % 3 == 0, papers=plan.papers, lanes=lanes)
        self.deployed = Deployed(release)
        self._block, self._announced = shape.choice((1024, 4096)), shape.choice((1, 3, 20))
        # Of 900 s a splitter keeps so many that it stops soon, at every chunk or almost never.
        self._reserve, self._kept = shape.choice((30.0, 899.0, 899.7, 1000.0)), shape.choice((1, 3, 500))
        self.store, self.events = WatchedStore(), DeclaredEvents()
        self.memory, self.claims = MemoryLedger(), MemoryClaims()
        #: Few slots, and hardly a history is small: so segments come, and come round.
        self._shape = Shape(slots=1 + plan.seed % 4, small=200 * (plan.seed % 2))
        self.histories = MemoryHistories(self.clock.now, self._shape)
        self.ledger = WatchedLedger(self.memory, self.clock, self.deployed)
        self.throttle = MemoryThrottle()
        self.tabulated = Tabulated(self.store, self.memory, self.clock)
        self.notarised = Notarised(self.store, self.memory, self.clock)
        self.ledger.settled = self._look_beside
        self.api = Api(self.settings, self.loop, self.chaos, self._rng)
        self.api.trace = self.trace
        self._places = night.places if night else 4
        if night:
            self.api.of_lanes, self.api.struck = dict(night.lanes), night.struck
        self.drops = list(night.drops) if night else Senders(random.Random(plan.seed * 4), plan.files).drops
        if plan.papers:
            papers = random.Random(f"papers {plan.seed}")
            self.drops = [
                replace(drop, paper=papers.choice((0, 1, 1, 2, 3)), scans=plan.elsewhere) for drop in self.drops
            ]
        if plan.archives:
            packing = random.Random(f"archives {plan.seed}")
            self.drops = [replace(drop, packed=packing.random() < 0.7) for drop in self.drops]
        if plan.lanes:
            self.drops = list(_in_lanes(self.drops, random.Random(f"lanes {plan.seed}")))
            self.api.of_lanes = {"traffic/busy": replace(self.settings, url=OF_A_LANE)}
        #: What lies in the bucket, and the files that it holds.
        self.objects: list[tuple[SourceFile, Drop]] = []
        self.dropped: list[tuple[SourceFile, Drop]] = []
        self.dropped_at: dict[str, float] = {}
        self._forgotten: list[tuple[SourceFile, Drop]] = []
        self._senders: list[asyncio.Task[None]] = []
        self._expected = len(self.drops)
        #: When a scheduler released which records, the first time: file and ordinal.
        self.released: dict[tuple[str, int], float] = {}
        #: When a scheduler had refused which.
        self.refused_at: dict[tuple[str, int], float] = {}
        #: What a scheduler is to refuse, until it is done.
        self._refusing: dict[tuple[str, int], Held] = {}
        self._decisions, self.all_decided, self.is_calm = 0, False, False
        #: What had another chance once nothing went wrong any more.
        self.replayed: set[tuple[str, int]] = set()
        self.problems: list[str] = []
        self.drained_at = 0.0
        at_once = night.at_once if night else shape.choice((1, 2, 4))
        # Timeouts, visibility timeouts and receive counts are the template's.
        self.splitting = self._stage("splitter", self._splitter, 900, 5, 2)
        self.validating = self._stage("validator", self._validator, 120, 5, at_once)
        self.dispatching = self._stage("dispatcher", self._dispatcher, 300, 12, at_once)
        self.extracting = self._stage("extractor", self._extractor, 900, 5, at_once) if plan.papers else None
        self.elsewhere = self._elsewhere() if self.extracting and plan.elsewhere else None
        for stage in self.stages:
            stage.queue.is_fair = lanes
        self.switches = Switches(self.dispatching)
        self.life = Life(
            self.deployed,
            self.api,
            [stage.queue for stage in self.stages],
            self.store,
            self.memory,
            self.loop,
            self.clock,
            self.trace,
            random.Random(f"lives {plan.seed}"),
            lambda: [file for file, _ in self.dropped],
            self.tell,
        )
        self.chaos.happens = self.life.happens
        #: Files that nobody has ever heard of, and whose senders have dropped them again.
        self.overlooked: set[str] = set()
        self.scheduled: tuple[Scheduled, ...] = (
            self._on_schedule("prober", self._probe, 60, 300),
            self._on_schedule("sweeper", self._sweep, 1800, 240),
        )
        if self.chaos.living.keys() & _LOSES:
            self.scheduled += (self._on_schedule("look", self._look, 3600, 240),)

    async def _look_beside(self, file_id: str) -> None:
        """Those who look at what was settled, and have no part in it."""
        await self.tabulated.look(file_id)
        await self.notarised.look(file_id)

    def _stage(self, name: str, compose: Compose, seconds: float, most_receives: int, at_once: int) -> Stage:
        queue = SimQueue(name, seconds * 6, most_receives, self.deployed, self.loop, self.chaos, self._rng)
        run = self.deployed, self.loop, self.clock, self.chaos, self._rng, self.trace
        return Stage(name, queue, seconds, at_once, compose, *run)

    def _on_schedule(
        self, name: str, work: Callable[[Worker, float], Awaitable[object]], every: float, seconds: float
    ) -> Scheduled:
        run = self.deployed, self.loop, self.clock, self.chaos, self._rng, self.trace
        return Scheduled(name, every, seconds, work, *run)

    @property
    def stages(self) -> tuple[Stage, ...]:
        """In the order of a record's way; what reads documents, if there are any, comes last."""
        extracting = (self.extracting,) if self.extracting else ()
        return self.splitting, self.validating, self.dispatching, *extracting

    # -- the functions

    def _splitter(self, worker: Worker) -> Process:
        intake, chunks = (reach(stage.queue, "queue", worker) for stage in (self.splitting, self.validating))
        store, ledger, events = self._shared(worker)
        documents = reach(self.extracting.queue, "queue", worker) if self.extracting else chunks
        ports = SplitterPorts(store, ledger, intake, chunks, documents, events, self.clock, self._rng)

        async def process(body: str, deadline: float) -> list[StageResult]:
            return [await split(ports, message, deadline) for message in read_intake(self.deployed.read(body))]

        return process

    def _extractor(self, worker: Worker) -> Process:
        assert self.extracting
        intake, documents = (reach(stage.queue, "queue", worker) for stage in (self.splitting, self.extracting))
        store, ledger, events = self._shared(worker)
        reader = SlowReader(worker, self.deployed.mine.records)
        engines = {"traffic": reach(self.elsewhere, "engine", worker)} if self.elsewhere else {}
        ports = ExtractorPorts(store, ledger, reader, intake, documents, events, self.clock, self._rng, engines)

        async def process(body: str, deadline: float) -> list[StageResult]:
            return [await extract(ports, read_document_message(self.deployed.read(body)), deadline)]

        return process

    def _elsewhere(self) -> Elsewhere:
        assert self.extracting
        queue, rng = self.extracting.queue, random.Random(f"elsewhere {self.plan.seed}")
        return Elsewhere(self.store, lambda told: queue.put(told, "notices"), rng)

    def _validator(self, worker: Worker) -> Process:
        dispatches = reach(self.dispatching.queue, "queue", worker)
        store, ledger, _ = self._shared(worker)
        ports = ValidatorPorts(store, ledger, {"traffic": dispatches}, self.clock, self._rng)

        async def process(body: str, deadline: float) -> list[StageResult]:
            return [await validate(ports, read_message(self.deployed.read(body), ChunkMessage), deadline)]

        return process

    def _dispatcher(self, worker: Worker) -> Process:
        ports = self._dispatching(worker)

        async def process(body: str, deadline: float) -> list[StageResult]:
            return [await dispatch(ports, read_message(self.deployed.read(body), DispatchMessage), deadline)]

        return process

    def _dispatching(self, worker: Worker) -> DispatcherPorts:
        dispatches = reach(self.dispatching.queue, "queue", worker)
        claims, throttle = reach(self.claims, "claims", worker), reach(self.throttle, "throttle", worker)
        histories = self._histories(worker)
        mappings = reach(self.switches, "mappings", worker)
        api = Departures(reach(self.api, "destination", worker), self.api.books, self.loop)
        store, ledger, events = self._shared(worker)
        return DispatcherPorts(
            store,
            ledger,
            claims,
            histories,
            throttle,
            mappings,
            {"traffic": dispatches},
            api,
            events,
            self.clock,
            self._rng,
            self._places,
        )

    def _histories(self, worker: Worker) -> Histories:
        """Of two writes that make one, the worker may die between them."""
        return SegmentedHistories(reach(self.histories.items, "claims", worker), self.clock.now, self._shape)

    async def _probe(self, worker: Worker, deadline: float) -> None:
        circuits = [(await self.throttle.row(name)).circuit for name in ("traffic", *self.api.of_lanes)]
        # Where it would find nothing to do, its looks are only time.
        if any(circuit is not Circuit.CLOSED for circuit in circuits) or not self.dispatching.polls:
            await probe_each(self._dispatching(worker), "traffic", deadline)

    async def _sweep(self, worker: Worker, deadline: float) -> None:
        await sweep(self._sweeping(worker), deadline)
        await send_idle_again(self._sweeping(worker), IDLE, deadline)

    async def _look(self, worker: Worker, deadline: float) -> None:
        # As with the prober's looks.
        if await self._unheard_of():
            await look_for_overlooked(self._sweeping(worker), deadline)

    def _sweeping(self, worker: Worker) -> SweeperPorts:
        store, ledger, events = self._shared(worker)
        claims, histories = reach(self.claims, "claims", worker), self._histories(worker)
        letters = [
            reach(DeadLetters(stage.queue, self.deployed, self.loop), "queue", worker) for stage in self.stages[1:]
        ]
        queues = [reach(stage.queue, "queue", worker) for stage in self.stages]
        there = (file for file, _ in self.objects if file.file_id not in self.life.deleted)
        return SweeperPorts(
            store=store,
            ledger=ledger,
            claims=claims,
            histories=histories,
            throttle=reach(self.throttle, "throttle", worker),
            drops=MemoryDrops([(EPOCH + self.dropped_at[file.file_id], file) for file in there]),
            dead_letters=letters,
            intake=queues[0],
            chunks=queues[1],
            dispatches={"traffic": queues[2]},
            directory=self.api,
            events=events,
            clock=self.clock,
            rng=self._rng,
        )

    async def _unheard_of(self) -> bool:
        """Whether a dropped file has no row."""
        return any([await self.memory.file(file.file_id) is None for file, _ in self.objects])

    def _shared(self, worker: Worker) -> tuple[Any, Any, Any]:
        return (
            reach(self.store, "store", worker),
            reach(self.ledger, "ledger", worker),
            reach(self.events, "events", worker),
        )

    # -- the senders

    async def _send(self, drop: Drop) -> None:
        await asyncio.sleep(drop.after)
        if drop.mends is not None:
            items = mended(await self._rejects_of(drop.mends))
            if not items:
                self._expected -= 1
                return
            drop = replace(drop, items=items)
        file = self.store.drop(drop.key, archive_of(drop) if drop.packed else drop.body)
        self.objects.append((file, drop))
        files = files_of(file, drop)
        self.dropped += files
        self.dropped_at |= {one.file_id: self.loop.time() for one, _ in [(file, drop), *files]}
        self.trace.add("sender", "drops", f"{file.file_id} {drop.key} {' '.join(item.label for item in drop.items)}")
        self.tell(file)
        if self.chaos.strike("S3"):
            await asyncio.sleep(self._rng.choice((0.0, 1.0, 100.0, 10_000.0)))
            self.tell(file)

    async def _rejects_of(self, place: int) -> list[Item]:
        """What came back of an earlier file, once it has."""
        while True:
            for file, drop in self.dropped:
                row = await self.memory.file(file.file_id)
                if drop.key != self.drops[place].key:
                    continue
                if (row and row.state is FileState.REFUSED) or (row is None and file.file_id in self.life.deleted):
                    return []
                if row and row.state is FileState.SETTLED:
                    report = self.store.work.get(f"reports/{file.file_id}/rejects.csv", b"")
                    return [drop.items[int(line["penstock_ordinal"])] for line in rows_of(report)]
            await asyncio.sleep(60.0)

    def tell(self, file: SourceFile) -> None:
        """S3 says that there is a file."""
        thing = {"key": file.key, "size": file.size, "eTag": file.etag, "versionId": file.version_id}
        record = {"eventName": "ObjectCreated:Put", "s3": {"bucket": {"name": file.bucket}, "object": thing}}
        self.splitting.queue.put(json.dumps({"Records": [record]}), file.feed)

    async def _put_again(self, stage: Stage) -> None:
        """Some of what a queue has held. What was lost is left out: nobody may have heard of it; and what is about a
        chunk that is dead, whose letter was purged: it would come back to life."""
        dead = await self._dead_chunks()
        bodies = [one for one in stage.queue.bodies if one[0] not in stage.queue.lost and _chunk_of(one[0]) not in dead]
        for body, group in self._rng.sample(bodies, min(4, len(bodies))):
            stage.queue.put(body, group)

    async def _dead_chunks(self) -> set[str]:
        chunks = [chunk for file, _ in self.dropped for chunk in await self.memory.chunks(file.file_id)]
        return {chunk.chunk_id for chunk in chunks if chunk.state is ChunkState.DEAD}

    # -- the run

    def run(self, judge: Callable[["World"], Awaitable[list[str]]] = _nobody) -> list[str]:
        """Until everything has ended, or patience has; what the judge says then, while the world is still there."""
        asyncio.set_event_loop(self.loop)
        try:
            with self._small():
                self.loop.run_until_complete(self._run())
                return self.loop.run_until_complete(judge(self))
        finally:
            for task in asyncio.all_tasks(self.loop):
                task.cancel()
            self.loop.run_until_complete(asyncio.sleep(0))
            self.loop.close()
            asyncio.set_event_loop(None)

    @contextmanager
    def _small(self) -> Generator[None]:
        """Little files meet every edge of big ones, and everybody's time is the loop's."""
        with (
            patch.object(feeds, "FEEDS", self.deployed.feeds),
            patch("penstock.feeds.feed.LARGEST_LAYOUT", MOST_STORED),
            patch("penstock_testing.ledger.versions", RowVersions(self.deployed)),
            patch("penstock_testing.claims.versions", RowVersions(self.deployed)),
            patch.object(reader, "BLOCK", self._block),
            patch.object(splitter, "ANNOUNCED", self._announced),
            patch.object(splitter, "RESERVE", self._reserve),
            patch.object(splitter, "KEPT", self._kept),
            patch.object(lambda_function, "time", self.clock),
        ):
            yield

    async def _run(self) -> None:
        self._senders += [self.loop.create_task(self._send(drop)) for drop in self.drops]
        scheduled = [self.loop.create_task(one.run()) for one in self.scheduled]
        storm_ends = self.loop.time() + self.chaos.lasts
        while self.loop.time() < storm_ends and not await self._is_over():
            await asyncio.sleep(ROUND)
            await self._operate()
        self.chaos.calm()
        self.life.calm()
        if self.elsewhere:
            self.elsewhere.is_calm = True
        self.is_calm = True
        if not await self._calm_down():
            self.problems.append("not settled after six hours without faults")
            return
        self.drained_at = self.loop.time()
        for sender in self._senders:
            await sender
        await self._resolve_all()
        await self._do_it_all_again()
        for one in scheduled:
            one.cancel()
        self.problems += [defect for one in (*self.stages, *self.scheduled) for defect in one.defects]
        self.problems += [broken for stage in self.stages for broken in stage.queue.broken]

    async def _calm_down(self) -> bool:
        """Redrives what is dead until everything has ended."""
        begin, patience = self.loop.time(), PATIENCE
        if self.chaos.counted().keys() & _LOSES or (self.elsewhere and self.elsewhere.lost):
            patience += RESENT
        while self.loop.time() < begin + patience:
            self._redrive()
            await self._drop_again()
            await self._refuse_the_rest()
            if not self._refusing and await self._is_over():
                return True
            await asyncio.sleep(ROUND)
        return False

    async def _operate(self) -> None:
        """What an operator does on a bad night, now and then."""
        if self._rng.random() < 0.2:
            self._redrive()
        if self.dropped and self._rng.random() < 0.2:
            await self._replay(self._rng.choice(self.dropped)[0])
        if self.dropped and self._rng.random() < 0.1:
            await self._resolve(self._rng.choice(self.dropped)[0])
        await self._refuse_the_rest()
        if self.dropped and self._rng.random() < 0.5:
            await self._decide(self._rng.choice(self.dropped)[0], 0.7)

    async def _drop_again(self) -> None:
        """What S3 told of in vain: it has been reported, and is dropped again, as another version."""
        told = {detail["file_id"] for kind, detail in self.events.published if kind == "FileOverlooked"}
        for file, drop in list(self.objects):
            if file.file_id in told - self.overlooked and await self.memory.file(file.file_id) is None:
                files = of_the_same_object(file, [one for one, _ in self.dropped])
                self.overlooked |= {file.file_id, *(one.file_id for one in files)}
                self._expected += 1
                self._senders.append(self.loop.create_task(self._send(replace(drop, after=0.0, mends=None))))

    async def _decide(self, file: SourceFile, share: float) -> None:
        """Releases or refuses held records of a file, about this share of them."""
        row = await self.memory.file(file.file_id)
        if row is None or row.layout is None:
            return
        for held in await held_of(self.memory, self.store, file.file_id):
            some = {at: outcome_line for at, outcome_line in held.outcome_lines.items() if self._rng.random() < share}
            if not some or (file.file_id, held.chunk.span.chunk) in self._refusing:
                continue
            if self._rng.random() < 0.6:
                self._release(row, replace(held, outcome_lines=some))
            else:
                await self._refuse(row, replace(held, outcome_lines=some))

    def _release(self, row: FileRow, held: Held) -> None:
        with suppress(NotToBeDecided):
            release = plan_release(row, [held])
            self.trace.add("scheduler", "releases", f"{held.chunk.chunk_id} {list(held.outcome_lines)}")
            for at in held.outcome_lines:
                self.released.setdefault((row.file.file_id, at), self.loop.time())
            for message in release.messages * self._rng.choice((1, 1, 2)):
                self.validating.queue.put(message.model_dump_json(), row.file.feed)

    async def _refuse(self, row: FileRow, held: Held) -> None:
        """With whatever happens on the way: what breaks off is done again, the same."""
        self._refusing[row.file.file_id, held.chunk.span.chunk] = held
        self._decisions += 1
        worker = Worker(f"scheduler-{self._decisions}", DECISION, self.chaos, self._rng, self.trace)
        self.trace.add(worker.name, "refuses", f"{held.chunk.chunk_id} {list(held.outcome_lines)}")
        store, ledger, _ = self._shared(worker)
        claims, histories = reach(self.claims, "claims", worker), self._histories(worker)
        ports = Finalising(store, ledger, claims, histories, self.clock, self._rng)

        async def refusal() -> None:
            with suppress(Transient, NotToBeDecided):
                await refuse(ports, row, held, "not like this")
                self._bring_again(row.file, list(held.outcome_lines))

        worker.task = self.loop.create_task(refusal(), context=self.deployed.context())
        await asyncio.wait([worker.task], timeout=DECISION)
        if not worker.outlives:
            worker.kill()

    def _bring_again(self, file: SourceFile, refused: Sequence[int]) -> None:
        """What a scheduler refused, mended by its sender; some say the same again until the end, some nothing."""
        self.refused_at |= {(file.file_id, at): self.loop.time() for at in refused}
        if self._rng.random() < 0.4:
            return
        items = next(drop.items for dropped, drop in self.dropped if dropped.file_id == file.file_id)
        insists = not self.all_decided and self._rng.random() < 0.5
        again = tuple(items[at] if insists else items[at].mended() for at in refused)
        drop = Drop(f"traffic/again-{self._decisions}.csv", again, self._rng.uniform(0.0, 60.0))
        self._expected += 1
        self._senders.append(self.loop.create_task(self._send(drop)))

    async def _refuse_the_rest(self) -> None:
        """What has broken off, or came at a bad moment, as far as it is held still."""
        for place, refusing in list(self._refusing.items()):
            row = await self.memory.file(place[0])
            held = [one for one in await held_of(self.memory, self.store, place[0]) if one.chunk.span.chunk == place[1]]
            if row and held and held[0].outcome_lines.keys() >= refusing.outcome_lines.keys():
                await self._refuse(row, replace(held[0], outcome_lines=refusing.outcome_lines))
            else:
                del self._refusing[place]

    async def _replay(self, file: SourceFile) -> None:
        """Another chance for a file's records that ended badly, all or every other of them."""
        row = await self.memory.file(file.file_id)
        if row and row.layout:
            some = range(self._rng.randrange(2), row.received, 2) if self._rng.random() < 0.4 else None
            if self.is_calm:
                self.replayed |= {(file.file_id, at) for at in (range(row.received) if some is None else some)}
            replay = await plan_replay(self.memory, self.store, row, ordinals=some)
            self.trace.add("operator", "replays", f"{file.file_id} {replay.records}")
            for message in replay.messages:
                # As `begin_replay` does it: the ledger first.
                if await self.ledger.begin_generation(message, self.clock.now()):
                    self.validating.queue.put(message.model_dump_json(), file.feed)

    async def _resolve(self, file: SourceFile) -> None:
        """Asks the destination what it did, when it can be doing nothing more of it."""
        row = await self.memory.file(file.file_id)
        for unknown in await unknowns_of(self.memory, file.file_id):
            age = self.loop.time() - self.ledger.doubted[file.file_id, unknown.chunk.span.chunk, unknown.batch.number]
            if age < 2 * LATEST or row is None:
                continue
            delivered = any(key == unknown.batch_id for key, _ in self.api.books.applied)
            self.trace.add("operator", "resolves", f"{unknown.batch_id} {delivered}")
            ports = Finalising(
                self.store, cast(Ledger, self.ledger), self.claims, self.histories, self.clock, self._rng
            )
            with suppress(Transient, NotToBeDecided):
                decision = resolve(ports, row, unknown, delivered=delivered)
                await self.loop.create_task(decision, context=self.deployed.context())

    async def _resolve_all(self) -> None:
        """No outcome stays open, if the seed has such an operator."""
        if self._rng.random() < 0.5:
            await asyncio.sleep(2 * LATEST)
            for file, _ in self.dropped:
                await self._resolve(file)
                await self._replay(file)
            if not await self._calm_down():
                self.problems.append("not settled after the operator's decisions")
            self.all_decided = True
            for file, _ in list(self.dropped):
                await self._decide(file, 1.0)
            if not await self._calm_down():
                self.problems.append("not settled after the scheduler's decisions")

    def _redrive(self) -> None:
        for stage in self.stages:
            stage.queue.redrive()

    async def _is_over(self) -> bool:
        """Nothing lies in a queue, nobody is at work, and no drop is outstanding."""
        busy = any(stage.alive or not stage.queue.is_idle for stage in self.stages)
        return not busy and len(self.objects) == self._expected and await self._all_settled()

    async def _all_settled(self) -> bool:
        """No file's end is outstanding: where a crash interrupted it, the sweeper finishes it."""
        refused = [await self._is_refused(file.file_id) for file in self.life.absurd]
        unpacked = [await self._is_unpacked(file.file_id) for file, drop in self.objects if drop.packed]
        ended = [await self.has_ended(file.file_id) for file, _ in self.dropped]
        return all([*ended, *refused, *unpacked])

    async def _is_unpacked(self, file_id: str) -> bool:
        """Whether the files of an archive go their own ways, if it has any to be seen."""
        row = await self.memory.file(file_id)
        return row is None or row.state in (FileState.UNPACKED, FileState.REFUSED)

    async def _is_refused(self, file_id: str) -> bool:
        """Whether nobody will do anything with a file; where its message was lost, nobody knows it."""
        row = await self.memory.file(file_id)
        return row is None or row.state is FileState.REFUSED

    async def has_ended(self, file_id: str) -> bool:
        """Whether nothing of a dropped file is outstanding; one whose original is gone may have had no beginning."""
        row, chunks = await self.memory.file(file_id), await self.memory.chunks(file_id)
        if any(chunk.state in (ChunkState.SENT, ChunkState.VALIDATED) for chunk in chunks):
            return False
        if file_id in self.life.deleted:
            return row is None or row.state in (FileState.SETTLED, FileState.REFUSED)
        return row.state is FileState.SETTLED if row else file_id in self.overlooked

    # -- what has expired

    @property
    def items(self) -> Iterator[Item]:
        """Everything that was ever dropped."""
        return (item for _, drop in (*self._forgotten, *self.dropped) for item in drop.items)

    def forget(self, *, claims: bool) -> None:
        """The ledger's rows of all that has ended expire, and what its chunks left in the work bucket; or all claims
        as well."""
        self.memory._files.clear()
        self.memory._chunks.clear()
        self.store.work = {key: body for key, body in self.store.work.items() if not key.startswith("chunks/")}
        if claims:
            self.claims.held.clear()
        self._forgotten, self.dropped, self.objects = self.dropped, [], []

    async def drop_it_all_again(self, storm: float) -> bool:
        """Every file comes again, as another version; whether all of them end. Faults go on for so many seconds."""
        scheduled = [self.loop.create_task(one.run()) for one in self.scheduled]
        self._expected = len(self._forgotten)
        for _, drop in self._forgotten:
            drop = replace(drop, after=self._rng.uniform(0.0, 60.0), mends=None)
            self._senders.append(self.loop.create_task(self._send(drop)))
        if storm:
            self.chaos.resume()
            await asyncio.sleep(storm)
            self.chaos.calm()
        ended = await self._calm_down()
        for one in scheduled:
            one.cancel()
        return ended

    async def _do_it_all_again(self) -> None:
        """Invariant 4: events and messages of all kinds again; it must change nothing."""
        await asyncio.sleep(LATEST)
        rows = {file.file_id: await self.memory.file(file.file_id) for file, _ in self.dropped}
        applied, held = list(self.api.books.applied), dict(self.claims.held)
        self.trace.add("operator", "replays everything")
        for stage in self.stages:
            await self._put_again(stage)
        if not await self._calm_down():
            self.problems.append("a replay does not come to an end")
        for file_id, row in rows.items():
            if await self.memory.file(file_id) != row:
                self.problems.append(f"a replay changed the file {file_id}")
        if self.api.books.applied != applied:
            self.problems.append("a replay applied something")
        if self.claims.held != held:
            self.problems.append("a replay changed who holds what")


def _settings(rng: random.Random) -> DestinationSettings:
    """A destination of this or that kind."""
    return DestinationSettings(
        url="api",
        batch_records=rng.choice((1, 2, 3, 6)),
        rate_per_second=rng.choice((0.1, 0.5, 2.0, 10.0, 1000.0)),
        rate_unit=rng.choice(("requests", "records")),
        burst=rng.choice((1, 3, 10)),
        concurrency=rng.choice((1, 2, 4)),
        timeout_seconds=rng.choice((2.0, 20.0)),
        honours_idempotency_key=rng.random() < 0.6,
        key_retention_hours=rng.choice((0.1, 0.5, 24.0)),
        soft=rng.choice(("deliver", "hold", "hold")),
    )
