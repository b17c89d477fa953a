"""The twins of what is small: clock, buckets, queue, mappings, event bus, destination."""

import hashlib
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from penstock.model.errors import ObjectMissing, Transient
from penstock.model.messages import SourceFile
from penstock.ports.destination import Answer, DestinationSettings
from penstock.ports.object_store import SIDECAR, Place
from penstock.ports.queue import Outgoing, Received


class MemoryClock:
    """A clock that moves only when somebody sleeps."""

    def __init__(self, start: float = 1_800_000_000.0) -> None:
        self._now = start

    def now(self) -> float:
        """As `Clock.now`."""
        return self._now

    async def sleep(self, seconds: float) -> None:
        """Lets the time pass at once."""
        self._now += max(0.0, seconds)


class MemoryStore:
    """Drop bucket, work bucket and archive."""

    def __init__(self) -> None:
        self.sources: dict[tuple[str, str, str], bytes] = {}
        self.work: dict[str, bytes] = {}
        self.archive: dict[str, bytes] = {}

    def drop(self, key: str, body: bytes, bucket: str = "drop") -> SourceFile:
        """Puts a new version of an object into the drop bucket, as a sender would."""
        version = f"v{sum((bucket, key) == place[:2] for place in self.sources) + 1}"
        self.sources[bucket, key, version] = body
        return SourceFile(
            feed=key.split("/", 1)[0] if "/" in key else "",
            bucket=bucket,
            key=key,
            version_id=version,
            etag=_etag(body),
            size=len(body),
        )

    async def read_source(self, file: SourceFile, start: int, end: int) -> bytes:
        """As `ObjectStore.read_source`."""
        dropped = self.sources.get((file.bucket, file.key, file.version_id))
        body = self.work.get(file.key) if file.is_staged else dropped
        if body is None or _etag(body) != file.etag:
            raise ObjectMissing("format.gone", "the dropped version of the object does not exist any more")
        return body[start:end]

    async def beside(self, file: SourceFile, key: str) -> bytes | None:
        """As `Sources.beside`."""
        bodies = [
            body for (bucket, name, _), body in self.sources.items() if (bucket, name) == (file.dropped.bucket, key)
        ]
        return bodies[-1][:SIDECAR] if bodies else None

    async def get(self, key: str) -> bytes | None:
        """As `ObjectStore.get`."""
        return self.work.get(key)

    async def has(self, key: str) -> bool:
        """As `ObjectStore.has`."""
        return key in self.work

    async def put(self, key: str, body: bytes, content_type: str) -> None:
        """As `ObjectStore.put`."""
        self.work[key] = body

    async def put_first(self, key: str, body: bytes, content_type: str) -> bool:
        """As `ObjectStore.put_first`."""
        if key in self.work:
            return False
        self.work[key] = body
        return True

    async def put_parts(self, key: str, parts: AsyncIterator[bytes], content_type: str) -> None:
        """As `ObjectStore.put_parts`."""
        self.work[key] = b"".join([part async for part in parts])

    async def listed(self, prefix: str) -> AsyncIterator[tuple[str, int]]:
        """As `Folder.listed`."""
        for key in sorted(self.work):
            if key.startswith(prefix):
                yield key, len(self.work[key])

    async def remove(self, key: str) -> None:
        """As `Folder.remove`."""
        self.work.pop(key, None)

    async def put_once(self, key: str, body: bytes, content_type: str) -> None:
        """As `Archive.put_once`."""
        self.archive.setdefault(key, body)

    async def stage(self, file: SourceFile, parts: AsyncIterator[bytes]) -> SourceFile:
        """As `Sources.stage`."""
        body = b"".join([part async for part in parts])
        staged = file.staged("work", _etag(body), len(body))
        self.work[staged.key] = body
        return staged


def _etag(body: bytes) -> str:
    return hashlib.md5(body, usedforsecurity=False).hexdigest()


@dataclass(slots=True)
class MemoryDrops:
    """As `Drops`; `files` are what was dropped, and when."""

    files: list[tuple[float, SourceFile]] = field(default_factory=list[tuple[float, SourceFile]])

    async def between(
        self, since: float, until: float, after: Place | None = None
    ) -> AsyncIterator[tuple[Place, SourceFile | None]]:
        """As `Drops.between`; a page is one version long."""
        listed = sorted(((file.key, file.version_id), at, file) for at, file in self.files)
        for place, at, file in listed:
            if after is None or place > after:
                yield place, file if since <= at < until else None


@dataclass(slots=True)
class Held:
    """A message in a queue. `visible_at` is when it can be received next."""

    receipt: str
    body: str
    group: str
    visible_at: float
    receives: int = 0


class MemoryQueue:
    """A standard queue with visibility timeouts and receive counts."""

    def __init__(self, clock: MemoryClock, visibility: float = 1800.0) -> None:
        self._clock, self._visibility, self._sent = clock, visibility, 0
        self.messages: dict[str, Held] = {}

    async def send_batch(self, messages: Sequence[Outgoing]) -> list[int]:
        """As `Queue.send_batch`; takes everything."""
        for message in messages:
            self._sent += 1
            receipt = f"r{self._sent}"
            self.messages[receipt] = Held(receipt, message.body, message.group, self._clock.now() + message.delay)
        return []

    async def hold_back(self, receipt: str, seconds: float) -> None:
        """As `Queue.hold_back`."""
        self.messages[receipt].visible_at = self._clock.now() + seconds

    async def receive(self, most: int, seconds: float) -> list[Received]:
        """As `Queue.receive`."""
        taken = [held for held in (self.take(seconds) for _ in range(most)) if held]
        return [Received(held.body, held.receipt, held.receives) for held in taken]

    async def delete(self, receipt: str) -> None:
        """As `Queue.delete`."""
        self.messages.pop(receipt, None)

    async def is_empty(self) -> bool:
        """As `Queue.is_empty`."""
        return not self.messages

    def take(self, seconds: float | None = None) -> Held | None:
        """The next visible message, invisible from now on: what a mapping does."""
        now = self._clock.now()
        for message in self.messages.values():
            if message.visible_at <= now:
                message.visible_at = now + (self._visibility if seconds is None else seconds)
                message.receives += 1
                return message
        return None


@dataclass(slots=True)
class MemoryMappings:
    """As `Mappings`; `off` are the feeds whose mapping does not poll."""

    off: set[str] = field(default_factory=set[str])

    async def switch(self, feed: str, on: bool) -> None:
        """As `Mappings.switch`."""
        (self.off.discard if on else self.off.add)(feed)


@dataclass(slots=True)
class MemoryEvents:
    """Keeps what was published."""

    published: list[tuple[str, Mapping[str, Any]]] = field(default_factory=list[tuple[str, Mapping[str, Any]]])

    async def put(self, kind: str, detail: Mapping[str, Any]) -> None:
        """As `EventBus.put`."""
        self.published.append((kind, detail))


@dataclass(slots=True)
class MemoryDestination:
    """An API that takes everything, once a key. `answers` come first, one a call; an error is raised."""

    configured: dict[str, DestinationSettings]
    answers: list[Answer | Exception] = field(default_factory=list[Answer | Exception])
    calls: list[tuple[str, bytes]] = field(default_factory=list[tuple[str, bytes]])
    applied: dict[str, bytes] = field(default_factory=dict[str, bytes])

    async def settings(self, feed: str) -> DestinationSettings:
        """As `Destination.settings`."""
        if feed not in self.configured:
            raise Transient(f"no destination is configured for the feed {feed}")
        return self.configured[feed]

    async def own_settings(self, lane: str) -> DestinationSettings | None:
        """As `Destination.own_settings`."""
        return self.configured.get(lane)

    async def lanes(self, feed: str) -> list[str]:
        """As `Destination.lanes`."""
        return sorted(name for name in self.configured if name.startswith(f"{feed}/"))

    async def post(self, settings: DestinationSettings, key: str, body: bytes) -> Answer:
        """As `Destination.post`. An error of the script is raised after the batch was applied if it is `Unanswered`."""
        self.calls.append((key, body))
        answer = self.answers.pop(0) if self.answers else Answer(200)
        if isinstance(answer, Transient) or (isinstance(answer, Answer) and not 200 <= answer.status < 300):
            if isinstance(answer, Exception):
                raise answer
            return answer
        self.applied.setdefault(key, body)
        if isinstance(answer, Exception):
            raise answer
        return answer
