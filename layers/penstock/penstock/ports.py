"""What the core needs of the world. Each port has an in-memory twin and an AWS side in `adapters/`; one contract
suite runs against both. Every port is async, so that a simulator can interleave any two workers at every call.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal, Protocol

from pydantic import Field

from penstock.messages import SourceFile


class Clock(Protocol):
    """The time, and waiting for it to pass."""

    def now(self) -> float:
        """Seconds since the epoch."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Returns after `seconds`."""
        ...


class Sources(Protocol):
    """What files are read from, and staged to where they cannot be read as they lie."""

    async def read_source(self, file: SourceFile, start: int, end: int) -> bytes:
        """Bytes [start, end) of the pinned object; exactly as many as asked for, but for the object's end.

        Raises:
            ObjectMissing: that version is gone.
            Transient: the read broke, or the answer was of another range.
        """
        ...

    async def stage(self, file: SourceFile, parts: AsyncIterator[bytes]) -> SourceFile:
        """Writes what a file's bytes have become as an object of the work bucket, from parts, in bounded memory, whole
        or not at all; the file as it is read from there. The same bytes give the same answer, however they come in
        parts."""
        ...


class Archive(Protocol):
    """Where what is written stays as it is."""

    async def put_once(self, key: str, body: bytes, content_type: str) -> None:
        """Writes an object of the archive, whole or not at all. Where the key is taken, what is there stays.

        Raises:
            Transient: it is not known to have been written.
        """
        ...


class ObjectStore(Sources, Archive, Protocol):
    """S3: the pinned source object, the work bucket, and the archive."""

    async def get(self, key: str) -> bytes | None:
        """An object of the work bucket, None if there is none.

        Raises:
            Transient: the read broke.
        """
        ...

    async def put(self, key: str, body: bytes, content_type: str) -> None:
        """Writes an object of the work bucket, whole or not at all."""
        ...

    async def put_parts(self, key: str, parts: AsyncIterator[bytes], content_type: str) -> None:
        """Writes an object of the work bucket from parts, in bounded memory, whole or not at all."""
        ...


class Drops(Protocol):
    """The drop bucket, looked through."""

    def between(self, since: float, until: float) -> AsyncIterator[SourceFile]:
        """The object versions that were dropped in this time, in seconds since the epoch.

        Raises:
            Transient: the listing broke.
        """
        ...


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message to send: the body, the fair queue's group (R19), and seconds until it can be received."""

    body: str
    group: str
    delay: int = 0


@dataclass(frozen=True, slots=True)
class Received:
    """A message as its receiver has it. `receives` counts how often it has been received, this time included."""

    body: str
    receipt: str
    receives: int


class Outlet(Protocol):
    """An SQS queue, as its senders see it."""

    async def send_batch(self, messages: Sequence[Outgoing]) -> list[int]:
        """Sends at most 10 messages in one call; the places of those that were not taken.

        Raises:
            Transient: the call failed; nothing is known of any of them.
        """
        ...


class Queue(Outlet, Protocol):
    """An SQS queue, as its consumers see it, too."""

    async def hold_back(self, receipt: str, seconds: float) -> None:
        """Makes a received message visible again after `seconds`, counted from now."""
        ...

    async def receive(self, most: int, seconds: float) -> list[Received]:
        """At most `most` (up to 10) messages, invisible to others for `seconds`; none where none can be seen now.

        For those that take messages without a mapping: the probe, the sweeper and operators.

        Raises:
            Transient: the call failed.
        """
        ...

    async def delete(self, receipt: str) -> None:
        """Done with a received message."""
        ...

    async def is_empty(self) -> bool:
        """Whether no message is there: none to be seen, none with a receiver, none delayed. SQS counts a while late."""
        ...


class Mappings(Protocol):
    """The dispatcher's event source mappings, one a feed's queue."""

    async def switch(self, feed: str, on: bool) -> None:
        """Has the feed's mapping poll, or not. Invocations under way come to their end.

        Raises:
            Transient: it is not known to have been switched.
        """
        ...


class EventBus(Protocol):
    """EventBridge."""

    async def put(self, kind: str, detail: Mapping[str, Any]) -> None:
        """Publishes an event of `kind`.

        Raises:
            Transient: it was not taken.
        """
        ...


@dataclass(frozen=True, slots=True)
class Answer:
    """What a destination answered. `retry_after` is in seconds; `json` says whether it calls its body JSON."""

    status: int
    body: bytes = b""
    content_type: str = ""
    retry_after: float | None = None


@dataclass(frozen=True, slots=True)
class Credentials:
    """Where a destination's credentials come from: a reference, never the secret itself."""

    kind: Literal["none", "bearer", "oauth2"] = "none"
    secret: str = ""
    token_url: str = ""
    scope: str = ""


@dataclass(frozen=True, slots=True)
class DestinationSettings:
    """How a feed's destination wants to be called. Times in seconds, but for the key's retention in hours.

    `rate_per_second` counts requests or records, as `rate_unit` says; `burst` is how many may come at once. The circuit
    opens when more than `error_share` of the last `error_window_seconds`' calls failed, of at least `error_calls`.
    `soft` and `policy` are the operator's word on what the feed's examination finds.
    """

    url: str
    batch_records: Annotated[int, Field(ge=1)] = 500
    rate_per_second: Annotated[float, Field(gt=0)] = 10.0
    rate_unit: Literal["requests", "records"] = "requests"
    burst: Annotated[int, Field(ge=1)] = 10
    concurrency: Annotated[int, Field(ge=1, le=100)] = 4
    timeout_seconds: Annotated[float, Field(gt=0, le=120)] = 20.0
    honours_idempotency_key: bool = False
    key_retention_hours: Annotated[float, Field(ge=0)] = 24.0
    error_window_seconds: Annotated[float, Field(ge=10, le=3600)] = 60.0
    error_share: Annotated[float, Field(gt=0, lt=1)] = 0.05
    error_calls: Annotated[int, Field(ge=1)] = 20
    soft: Literal["deliver", "hold"] | None = None
    policy: dict[str, Any] = field(default_factory=dict[str, Any])
    auth: Credentials = field(default_factory=Credentials)


class Destination(Protocol):
    """The API behind a feed."""

    async def settings(self, feed: str) -> DestinationSettings:
        """The feed's settings as they are now; they change without a deploy.

        Raises:
            Transient: there are none, or they cannot be read; nothing is sent without.
        """
        ...

    async def post(self, settings: DestinationSettings, key: str, body: bytes) -> Answer:
        """Sends one batch under its Idempotency-Key.

        Raises:
            Transient: it surely was not sent.
            Unanswered: it may have been.
        """
        ...
