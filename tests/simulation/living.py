"""What happens to the system while it is used: what expires, what is deleted, what is deployed, what is edited."""

import asyncio
import random
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from penstock.model.findings import Noted, Outcome, account
from penstock.model.messages import ChunkMessage, Layout, SourceFile, Span
from penstock.model.rows import ChunkState
from penstock_testing.ledger import MemoryLedger
from penstock_testing.memory import MemoryStore
from tests.simulation.api import BAD, HERE, THERE, Api
from tests.simulation.archives import of_the_same_object
from tests.simulation.chaos import Kind
from tests.simulation.queues import SimQueue
from tests.simulation.releases import PLAIN, SPACED, TRACED, Deployed, Release
from tests.simulation.trace import Trace
from tests.simulation.virtual import VirtualClock, VirtualLoop
from tests.support.spots import COLUMNS, csv_file, spot

MISSET_FOR = (60.0, 10_800.0)  #: seconds until somebody sees that a setting is bad
MOST_STORED = 2500  #: bytes that a layout may take as it is stored; that of all other files takes less
NOBODYS = 77_777  #: the number of a record that is not to be delivered
GONE_FEED = "ghost"  #: a feed that an earlier release had; nobody can do anything about what is left of it


@dataclass(slots=True)
class Life:
    """Does what a fault of living does. `deleted` are the files whose originals are gone, `absurd` those that no table
    could hold, `soft` what the settings have ever said of soft findings."""

    deployed: Deployed
    api: Api
    queues: Sequence[SimQueue]
    store: MemoryStore
    ledger: MemoryLedger
    loop: VirtualLoop
    clock: VirtualClock
    trace: Trace
    rng: random.Random
    dropped: Callable[[], Sequence[SourceFile]]
    tell: Callable[[SourceFile], None]
    absurd: list[SourceFile] = field(default_factory=list[SourceFile])
    deleted: set[str] = field(default_factory=set[str])
    soft: set[str | None] = field(default_factory=set[str | None])
    _poisons: int = 0
    _tasks: set[asyncio.Task[None]] = field(default_factory=set[asyncio.Task[None]])

    def __post_init__(self) -> None:
        self.soft.add(self.api.configured.soft)

    def happens(self, kind: Kind) -> None:
        """One of them, now."""
        self.trace.add("life", "goes on", "", kind)
        match kind:
            case Kind.PURGED:
                self.rng.choice(self.queues).purge(letters=self.rng.random() < 0.3)
            case Kind.DELETED:
                self._delete()
            case Kind.POISONED:
                self._start(self._poison())
            case Kind.ABSURD:
                self._drop_absurd()
            case Kind.MOVED:
                url = THERE if self.api.configured.url == HERE else HERE
                self.api.configure(replace(self.api.configured, url=url))
            case Kind.EDITED:
                self._edit()
            case Kind.MISSET:
                self.api.misconfigure(self.rng.choice(BAD))
                self.loop.call_later(self.rng.uniform(*MISSET_FOR), self._set_right)
            case _:
                self._deploy(kind)

    def calm(self) -> None:
        """Somebody has seen to it: the settings are right, the rule is mended, and no release is rolled back that has
        begun something."""
        self._set_right()
        newer = any(release.newer for release in self.deployed.so_far)
        newer_rows = any(release.newer_rows for release in self.deployed.so_far)
        latest = replace(self.deployed.latest, raising=False, newer=newer, newer_rows=newer_rows)
        if latest != self.deployed.latest:
            self.deployed.deploy(latest)

    def _deploy(self, kind: Kind) -> None:
        self.deployed.deploy(self._changed(self.deployed.latest, kind))

    def _changed(self, was: Release, kind: Kind) -> Release:
        """The release that follows, or the one before, again."""
        match kind:
            case Kind.RECUT:
                return replace(was, records=self._another((2, 3, 5, 8), was.records))
            case Kind.RESERIALISED:
                return replace(was, serialised=self._another((PLAIN, TRACED, SPACED), was.serialised))
            case Kind.RULED:
                return replace(was, strict=not was.strict)
            case Kind.RAISING:
                return replace(was, raising=not was.raising)
            case Kind.REROWED:
                return replace(was, newer_rows=not was.newer_rows)
            case _:
                return replace(was, newer=not was.newer)

    def _another[T](self, choices: Sequence[T], than: T) -> T:
        return self.rng.choice([one for one in choices if one != than])

    def _edit(self) -> None:
        edited = replace(
            self.api.configured,
            batch_records=self.rng.choice((1, 2, 3, 6)),
            concurrency=self.rng.choice((1, 2, 4)),
            soft=self.rng.choice(("deliver", "hold")),
        )
        self.soft.add(edited.soft)
        self.api.configure(edited)

    def _set_right(self) -> None:
        self.api.configure(self.api.configured)

    def _delete(self) -> None:
        """A version of an object goes; another takes neither its place nor its number."""
        files = self.dropped()
        if not files:
            return
        file = self.rng.choice(files)
        self.deleted |= {one.file_id for one in of_the_same_object(file, files)}
        self.store.sources[file.bucket, file.key, file.version_id] = b""
        self.trace.add("life", "deletes", file.file_id)

    def _drop_absurd(self) -> None:
        """A header that is small, and large as it is stored: a control character takes six bytes there."""
        record, columns = spot(NOBODYS), (*COLUMNS, "\x01" * (MOST_STORED // 6))
        file = self.store.drop(f"traffic/absurd-{len(self.absurd)}.csv", csv_file([record], columns))
        self.absurd.append(file)
        self.tell(file)

    # -- poison

    async def _poison(self) -> None:
        """What an older release has left of a feed that there is no more: a letter about a chunk, and a file whose last
        chunk has ended. Both are older than all else."""
        self._poisons += 1
        with_letter, with_end = (self._ghost(f"{self._poisons}-{name}.csv") for name in ("letter", "end"))
        span = Span(chunk=0, start=0, end=10, first_record=0, records=1, line=1)
        for file in (with_letter, with_end):
            fence = (await self.ledger.claim_file(file, 0.0, 1.0)).fence or 0
            await self.ledger.plan_chunks(file.file_id, fence, [span])
            await self.ledger.seal_file(
                file.file_id, fence, layout=_LAYOUT, chunks=1, received=1, sha256_tree="", noted=Noted(), now=0.0
            )
        message = ChunkMessage(file=with_letter, layout=_LAYOUT, span=span).model_dump_json()
        letters = self.rng.choice(self.queues[1:])
        letters.poison("{")
        letters.poison(message)
        lease = await self.ledger.claim_ending(with_end.file_id, 0, 0, 0.0, 1.0)
        dead = account([(Outcome.DEAD, 1)])
        await self.ledger.end_chunk(lease.row, lease.fence or 0, ChunkState.DEAD, dead, {}, 0.0)

    def _ghost(self, name: str) -> SourceFile:
        key = f"{GONE_FEED}/{name}"
        return SourceFile(feed=GONE_FEED, bucket="drop", key=key, version_id="v1", etag="e", size=10)

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = self.loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


_LAYOUT = Layout(format="csv", columns=("spot_id",), header=("spot_id",))
