"""The three stages on the twins, driven as queues drive them: redelivery, visibility, backoff, a process that dies."""

import asyncio
import json
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from penstock.deliver.probing import probe
from penstock.deliver.stage import DispatcherPorts, dispatch
from penstock.extract.stage import ExtractorPorts, extract
from penstock.feeds import FEEDS
from penstock.io.retry import backoff
from penstock.io.sending import put_off
from penstock.model.errors import NewerRelease, Transient, Unanswered
from penstock.model.findings import Outcome
from penstock.model.intake import read_intake
from penstock.model.messages import ChunkMessage, DispatchMessage, SourceFile, read_document_message, read_message
from penstock.model.rows import FileRow, FileState
from penstock.model.stage_result import StageResult
from penstock.outputs.outcomes import outcome_lines_of
from penstock.ports.throttle import Circuit
from penstock.split.stage import SplitterPorts, split
from penstock.validate.stage import ValidatorPorts, validate
from penstock_testing.claims import MemoryClaims
from penstock_testing.histories import MemoryHistories
from penstock_testing.ledger import MemoryLedger
from penstock_testing.memory import Held, MemoryClock, MemoryMappings, MemoryQueue, MemoryStore
from penstock_testing.pages import MemoryPages
from penstock_testing.recognition import MemoryRecognition
from penstock_testing.throttle import MemoryThrottle
from tests.support.destination import Api
from tests.support.events import DeclaredEvents

INVOCATION = 300.0  #: seconds an invocation may take
MAX_RECEIVES = 5


class Killed(BaseException):
    """The process is gone: nothing of it runs any more, no `except Exception`, no release of leases."""


@dataclass
class Process:
    """One invocation's process. Killed, it calls nobody any more."""

    killed: bool = False


@dataclass
class Fault:
    """What goes wrong at the port call that is `at` calls away: the process is killed, or the call breaks; before or
    after it has done its work."""

    at: int = -1
    kills: bool = False
    after: bool = False
    calls: int = 0
    struck: str = ""

    async def around(self, name: str, process: Process, call: Callable[[], Awaitable[Any]]) -> Any:
        if process.killed:
            raise Killed
        number, self.calls = self.calls, self.calls + 1
        if number != self.at:
            return await call()
        self.struck = name
        if self.after:
            await call()
        if self.kills:
            process.killed = True
            raise Killed
        raise Unanswered("no answer") if name == "post" and self.after else Transient(f"{name} broke")


class Failing:
    """Any port, with a fault on the way to it."""

    def __init__(self, port: Any, pipeline: "Pipeline", process: Process) -> None:
        self._port, self._pipeline, self._process = port, pipeline, process

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._port, name)

        async def call(*args: Any, **kwargs: Any) -> Any:
            await self._pipeline.interleave()
            return await self._pipeline.fault.around(name, self._process, lambda: method(*args, **kwargs))

        return call


@dataclass
class Pipeline:
    """Buckets, queues, ledger and destination of one stack."""

    api: Api = field(default_factory=Api)
    fault: Fault = field(default_factory=Fault)
    #: With it, messages are worked on at once, and every port call lets others go first, as these numbers fall.
    turns: random.Random | None = None
    invocation: float = INVOCATION
    awaits: Mapping[str, float] = field(default_factory=dict[str, float])

    def __post_init__(self) -> None:
        self.clock = MemoryClock()
        self.store = MemoryStore()
        self.ledger = MemoryLedger()
        self.claims, self.histories = MemoryClaims(), MemoryHistories()
        self.throttle, self.mappings = MemoryThrottle(), MemoryMappings()
        self.events = DeclaredEvents()
        self.intake, self.documents, self.chunks, self.dispatches = (MemoryQueue(self.clock) for _ in range(4))
        self.reader, self.engines = MemoryPages(), dict[str, MemoryRecognition]()
        self.dead_letters: list[str] = []
        self.received: list[tuple[MemoryQueue, str]] = []
        self.worked: list[StageResult] = []
        self.errors: list[Exception] = []
        self.rng = random.Random(4711)
        self._receipt = 0

    # -- the sender

    def drop(self, body: bytes, key: str = "traffic/spots.csv", events: int = 1) -> SourceFile:
        """Drops a file; S3 tells of it `events` times."""
        file = self.store.drop(key, body)
        for _ in range(events):
            self.tell(file)
        return file

    def tell(self, file: SourceFile) -> None:
        """S3's notification of a file, again or for the first time."""
        thing = {"key": file.key, "size": file.size, "eTag": file.etag, "versionId": file.version_id}
        record = {"eventName": "ObjectCreated:Put", "s3": {"bucket": {"name": file.bucket}, "object": thing}}
        self.put(self.intake, json.dumps({"Records": [record]}))

    def put(self, queue: MemoryQueue, body: str) -> None:
        """A message into a queue, from outside."""
        self._receipt += 1
        receipt = f"put{self._receipt}"
        queue.messages[receipt] = Held(receipt, body, "traffic", self.clock.now())

    # -- the stages

    async def run(self, most: int = 2000) -> None:
        """Until every queue is empty."""
        for _ in range(most):
            waiting = [held for queue in self._queues() for held in queue.messages.values()]
            if not waiting:
                return
            nearest = min(held.visible_at for held in waiting)
            await self.clock.sleep(max(0.0, nearest - self.clock.now()))
            if await self._is_shut():
                await self.clock.sleep(60.0)
            await self.step()
        raise AssertionError("the queues do not run empty")

    async def step(self) -> None:
        """One message of each queue, or all that can be seen, at once; the prober, where the circuit is not closed."""
        if await self._is_shut():
            await self.probe()
        received: list[tuple[MemoryQueue, Held]] = []
        for queue in self._queues():
            while not (queue is self.dispatches and self.mappings.off) and (held := queue.take()):
                received.append((queue, held))
        if self.turns:
            await asyncio.gather(*(self.handle(queue, held) for queue, held in received))
            return
        for queue, held in received:
            await self.handle(queue, held)

    async def _is_shut(self) -> bool:
        """Whether the prober has something to do; who opened the circuit may have died before it switched."""
        return bool(self.mappings.off) or (await self.throttle.row("traffic")).circuit is not Circuit.CLOSED

    async def probe(self, name: str = "traffic") -> StageResult | None:
        """As the prober does on its schedule; what it tells, if it came to its end."""
        process = Process()
        try:
            return await probe(self._dispatcher(process), name, self.clock.now() + self.invocation)
        except Transient as error:
            self.errors.append(error)
        except BaseException:
            if not process.killed:
                raise
        return None

    async def handle(self, queue: MemoryQueue, held: Held) -> None:
        """As a function and its queue do together."""
        self.received.append((queue, held.body))
        if held.receives > MAX_RECEIVES:
            queue.messages.pop(held.receipt, None)
            self.dead_letters.append(held.body)
            return
        process = Process()
        try:
            self.worked.append(await self.work(queue, held.body, process))
        except NewerRelease as error:
            self.errors.append(error)
            await put_off(queue, held.body, held.group)
            queue.messages.pop(held.receipt, None)
        except Transient as error:
            self.errors.append(error)
            wait = backoff(held.receives, self.rng, error.after) if error.wait is None else error.wait
            await queue.hold_back(held.receipt, wait)
        except BaseException:
            if not process.killed:
                raise
        else:
            queue.messages.pop(held.receipt, None)

    async def handle_next(self, queue: MemoryQueue) -> None:
        """The next message of a queue, which has one that can be seen."""
        held = queue.take()
        assert held
        await self.handle(queue, held)

    async def work(self, queue: MemoryQueue, body: str, process: Process | None = None) -> StageResult:
        """One invocation, with whatever it raises."""
        deadline, process = self.clock.now() + self.invocation, process or Process()

        def reach(port: Any) -> Any:
            return Failing(port, self, process)

        store, ledger, events = reach(self.store), reach(self.ledger), reach(self.events)
        if queue is self.intake:
            intake, chunks = reach(self.intake), reach(self.chunks)
            (message,) = read_intake(body)
            return await split(
                SplitterPorts(
                    *(store, ledger, intake, chunks, reach(self.documents), events, self.clock, self.rng),
                    awaits=self.awaits,
                ),
                message,
                deadline,
            )
        if queue is self.documents:
            ports = ExtractorPorts(
                store,
                ledger,
                self.reader,
                reach(self.intake),
                reach(self.documents),
                events,
                self.clock,
                self.rng,
                {feed: reach(engine) for feed, engine in self.engines.items()},
            )
            return await extract(ports, read_document_message(body), deadline)
        if queue is self.chunks:
            return await validate(
                ValidatorPorts(store, ledger, {feed: reach(self.dispatches) for feed in FEEDS}, self.clock, self.rng),
                read_message(body, ChunkMessage),
                deadline,
            )
        return await dispatch(self._dispatcher(process), read_message(body, DispatchMessage), deadline)

    def _dispatcher(self, process: Process) -> DispatcherPorts:
        def reach(port: Any) -> Any:
            return Failing(port, self, process)

        return DispatcherPorts(
            reach(self.store),
            reach(self.ledger),
            reach(self.claims),
            reach(self.histories),
            reach(self.throttle),
            reach(self.mappings),
            {feed: reach(self.dispatches) for feed in FEEDS},
            reach(self.api),
            reach(self.events),
            self.clock,
            self.rng,
        )

    async def interleave(self) -> None:
        if self.turns:
            for _ in range(self.turns.randrange(4)):
                await asyncio.sleep(0)

    def _queues(self) -> tuple[MemoryQueue, ...]:
        return self.intake, self.documents, self.chunks, self.dispatches

    # -- what became of it

    async def row(self, file: SourceFile) -> FileRow:
        row = await self.ledger.file(file.file_id)
        assert row is not None
        return row

    async def counted(self, file: SourceFile) -> dict[str, int]:
        """The file's outcomes, those that occur."""
        row = await self.row(file)
        return {str(outcome): number for outcome, number in row.counted.items() if number}

    @property
    def put_off(self) -> list[str]:
        """Why chunks came back later without an attempt being counted."""
        reasons = (worked.what.partition("put off: ")[2] for worked in self.worked)
        return [reason for reason in reasons if reason]

    def report(self, file: SourceFile, name: str = "summary.json") -> Any:
        """A report of a file's end: JSON read, another file as it is."""
        body = self.store.work[f"reports/{file.file_id}/{name}"]
        return json.loads(body) if name.endswith("json") else body

    def told(self, kind: str) -> list[str]:
        """The files that an event of `kind` told of."""
        return [detail["file_id"] for name, detail in self.events.published if name == kind]

    async def outcome_lines(self, file: SourceFile) -> dict[int, dict[str, Any]]:
        """What the chunks' endings tell, by ordinal."""
        outcome_lines: dict[int, dict[str, Any]] = {}
        for chunk in await self.ledger.chunks(file.file_id):
            outcome_lines |= await outcome_lines_of(self.store, chunk)
        return outcome_lines

    async def assert_sound(self, file: SourceFile, received: int) -> Counter[str]:
        """Invariants 1 to 3 for one settled file; its outcomes."""
        row = await self.row(file)
        assert row.state is FileState.SETTLED
        assert row.received == received == sum(row.counted.values())
        assert row.chunks == row.chunks_settled
        chunks = await self.ledger.chunks(file.file_id)
        for outcome in Outcome:
            assert row.counted[outcome] == sum(chunk.counted[outcome] for chunk in chunks)
        summary = self.report(file)
        assert summary["balanced"] is True
        assert summary["state"] == "settled"
        assert file.file_id in self.told("FileSettled")
        assert self.dead_letters == []
        assert self.api.conflicts == []
        assert all(times == 1 for times in self.api.applied.values())
        return Counter({str(outcome): number for outcome, number in row.counted.items() if number})
