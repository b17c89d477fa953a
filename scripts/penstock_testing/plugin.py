"""A pytest plugin for a feed's own tests: judge a file, run it through all stages on the twins, meet AWS's API on moto.

    pytest_plugins = ["penstock_testing.plugin"]      # in conftest.py

    def test_a_reading_needs_its_meter(judged):
        assert judged("meters", b"...").rejected == {0: ["schema.required"]}

    async def test_a_file_is_delivered(stack):
        report = await stack.deliver("meters/monday.csv", b"...")
        assert report["balanced"]

Nothing here leaves the process but `moto_aws`, a server on loopback: moto's decorators do not reach aiobotocore.
"""

import json
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, cast

import boto3
import pytest
from moto.server import ThreadedMotoServer

from penstock.deliver.stage import DispatcherPorts, dispatch
from penstock.feeds import FEEDS, feed_named
from penstock.formats.format import HEAD
from penstock.model.errors import Transient
from penstock.model.findings import Finding
from penstock.model.ids import report_key
from penstock.model.messages import ChunkMessage, DispatchMessage, SplitMessage, read_message
from penstock.ports.destination import DestinationSettings
from penstock.ports.queue import Outgoing
from penstock.split.planner import Planner
from penstock.split.stage import SplitterPorts, split
from penstock.validate.judging import judge
from penstock.validate.stage import ValidatorPorts, validate
from penstock_testing.claims import MemoryClaims
from penstock_testing.histories import MemoryHistories
from penstock_testing.ledger import MemoryLedger
from penstock_testing.memory import (
    MemoryClock,
    MemoryDestination,
    MemoryEvents,
    MemoryMappings,
    MemoryQueue,
    MemoryStore,
)
from penstock_testing.throttle import MemoryThrottle

INVOCATION = 300.0  #: seconds
STEPS = 10_000  #: until a file has ended, at most

type JudgeFile = Callable[[str, bytes], "Judged"]
"""(feed, a file's bytes) → what its model and rules say of each record."""


@dataclass(slots=True)
class Judged:
    """What was made of a file's records: the payloads that would be delivered, the codes of those that are rejected,
    and of those that are flagged, by ordinal."""

    format: str
    accepted: dict[int, dict[str, Any]] = field(default_factory=dict[int, dict[str, Any]])
    rejected: dict[int, list[str]] = field(default_factory=dict[int, list[str]])
    flagged: dict[int, list[str]] = field(default_factory=dict[int, list[str]])


@pytest.fixture
def judged() -> JudgeFile:
    """Judges a whole file, as the splitter would cut it and the validator would judge it.

    Raises:
        Refused: the feed cannot read it.
    """

    def of(feed_name: str, body: bytes) -> Judged:
        feed = feed_named(feed_name)
        layout = feed.recognise(body[:HEAD])
        found, planner = Judged(layout.format), Planner(feed, layout, size=len(body))
        for span in (*planner.push(body), *planner.finish()):
            judgement = judge(feed, span.layout or layout, span, body[span.start : span.end])
            found.accepted |= {one.ordinal: json.loads(one.payload) for one in judgement.accepted}
            found.rejected |= {one.ordinal: _codes(one.findings) for one in judgement.refused}
            found.flagged |= {one.ordinal: _codes(one.findings) for one in judgement.flagged}
        return found

    return of


def _codes(findings: tuple[Finding, ...]) -> list[str]:
    return [finding.code for finding in findings]


class LocalStack:
    """Every stage on the twins: drop a file, and see what became of it."""

    def __init__(self) -> None:
        self.clock, self.rng = MemoryClock(), random.Random(1)
        self.store, self.ledger, self.events = MemoryStore(), MemoryLedger(), MemoryEvents()
        self.intake, self.chunks = MemoryQueue(self.clock), MemoryQueue(self.clock)
        self.documents = MemoryQueue(self.clock)  # no extractor takes them: a document has no account here
        self.dispatches = {feed: MemoryQueue(self.clock) for feed in FEEDS}
        settings = DestinationSettings(url="memory", rate_per_second=1000.0, burst=1000, honours_idempotency_key=True)
        self.destination = MemoryDestination(dict.fromkeys(FEEDS, settings))
        self._dispatcher = DispatcherPorts(
            self.store,
            self.ledger,
            MemoryClaims(self.clock, 90 * 86_400),
            MemoryHistories(),
            MemoryThrottle(),
            MemoryMappings(),
            self.dispatches,
            self.destination,
            self.events,
            self.clock,
            self.rng,
        )

    async def deliver(self, key: str, body: bytes) -> dict[str, Any]:
        """Drops a file under a key, whose first part names its feed, and runs all stages until it has ended; its
        report, as `penstock report --json` prints it.

        Raises:
            AssertionError: it does not come to an end.
        """
        file = self.store.drop(key, body)
        await self.intake.send_batch([_outgoing(SplitMessage(file=file).model_dump_json(), file.feed)])
        await self._run()
        return cast("dict[str, Any]", json.loads(self.store.work[report_key(file.file_id, "summary.json")]))

    def rejects(self, report: dict[str, Any]) -> str:
        """A file's rejects.csv, "" where nothing of it was rejected."""
        return self.store.work.get(report_key(report["file_id"], "rejects.csv"), b"").decode()

    @property
    def delivered(self) -> list[dict[str, Any]]:
        """The records that were posted, in order."""
        return [record for _, body in self.destination.calls for record in json.loads(body)["records"]]

    async def _run(self) -> None:
        for _ in range(STEPS):
            held = [one for queue in self._queues() for one in queue.messages.values()]
            if not held:
                return
            await self.clock.sleep(min(one.visible_at for one in held) - self.clock.now())
            for queue in self._queues():
                await self._take(queue)
        raise AssertionError("the file does not come to an end: see the ledger for what set it back")

    async def _take(self, queue: MemoryQueue) -> None:
        """The queue's next message, as its function and its mapping do together."""
        held = queue.take()
        if held is None:
            return
        deadline = self.clock.now() + INVOCATION
        try:
            await self._work(queue, held.body, deadline)
        except Transient as error:
            await queue.hold_back(held.receipt, error.wait or 1.0)
        else:
            await queue.delete(held.receipt)

    async def _work(self, queue: MemoryQueue, body: str, deadline: float) -> None:
        if queue is self.intake:
            splitter = SplitterPorts(
                self.store,
                self.ledger,
                self.intake,
                self.chunks,
                self.documents,
                self.events,
                self.clock,
                self.rng,
            )
            await split(splitter, read_message(body, SplitMessage), deadline)
        elif queue is self.chunks:
            validator = ValidatorPorts(self.store, self.ledger, self.dispatches, self.clock, self.rng)
            await validate(validator, read_message(body, ChunkMessage), deadline)
        else:
            await dispatch(self._dispatcher, read_message(body, DispatchMessage), deadline)

    def _queues(self) -> list[MemoryQueue]:
        return [self.intake, self.chunks, *self.dispatches.values()]


def _outgoing(body: str, feed: str) -> Outgoing:
    return Outgoing(body, feed or "none")


@pytest.fixture
def stack() -> LocalStack:
    """All stages on the twins: no network, no AWS, no waiting."""
    return LocalStack()


@dataclass(slots=True)
class MotoAws:
    """AWS's API on loopback, by moto. What a test makes there is gone with it."""

    endpoint: str

    def client(self, service: str) -> Any:
        """A boto3 client of it."""
        return cast("Any", boto3).client(service)

    def drop_bucket(self, name: str = "drop") -> str:
        """A versioned bucket, as files are dropped in."""
        s3 = self.client("s3")
        s3.create_bucket(Bucket=name)
        s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
        return name


_ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_REGION": "us-east-1",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
    "NO_PROXY": "127.0.0.1",
}


@pytest.fixture
def moto_aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[MotoAws]:
    """moto as a server, where every AWS client of the test finds it: boto3's and aiobotocore's."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    _, port = server.get_host_and_port()
    endpoint = f"http://127.0.0.1:{port}"
    for name, value in (_ENVIRONMENT | {"AWS_ENDPOINT_URL": endpoint}).items():
        monkeypatch.setenv(name, value)
    yield MotoAws(endpoint)
    server.stop()
