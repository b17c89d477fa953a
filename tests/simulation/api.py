"""The destination, and its own books: what was asked of it, and what it really did."""

import asyncio
import json
import random
from dataclasses import dataclass, field
from typing import Any

from penstock.model.errors import Transient, Unanswered
from penstock.ports.destination import Answer, DestinationSettings
from tests.simulation.chaos import Chaos, Kind
from tests.simulation.senders import NOBODY
from tests.simulation.trace import Trace
from tests.simulation.virtual import VirtualLoop

LATEST = 300.0  #: seconds after which what was taken up is done


@dataclass(slots=True)
class Call:
    """A call that came in. `harmless` once its caller has been told that nothing was done."""

    key: str
    harmless: bool = False


@dataclass(slots=True)
class Kept:
    """What is remembered of an Idempotency-Key; without an answer it is still at work."""

    at: float
    labels: tuple[str, ...]
    answer: Answer | None = None


@dataclass(slots=True)
class Books:
    """What the destination really did. Records go by their labels."""

    calls: list[Call] = field(default_factory=list[Call])
    #: (key, label) of every record applied, as often as it was.
    applied: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    #: When it first was.
    applied_at: dict[tuple[str, str], float] = field(default_factory=dict[tuple[str, str], float])
    refused: set[tuple[str, str]] = field(default_factory=set[tuple[str, str]])
    misused: list[str] = field(default_factory=list[str])
    #: When calls set out, and with how many records.
    departures: list[tuple[float, int]] = field(default_factory=list[tuple[float, int]])


@dataclass(frozen=True, slots=True)
class Departures:
    """The destination as a worker reaches it: notes when a call sets out, whenever it may arrive."""

    reached: Any
    books: Books
    loop: VirtualLoop

    async def settings(self, feed: str) -> DestinationSettings:
        """As `Destination.settings`."""
        return await self.reached.settings(feed)

    async def post(self, settings: DestinationSettings, key: str, body: bytes) -> Answer:
        """As `Destination.post`."""
        self.books.departures.append((self.loop.time(), len(json.loads(body)["records"])))
        return await self.reached.post(settings, key, body)


class Api:
    """As `Destination`: takes every record but those of one advertiser."""

    def __init__(self, settings: DestinationSettings, loop: VirtualLoop, chaos: Chaos, rng: random.Random) -> None:
        self.configured, self.books = settings, Books()
        self._loop, self._chaos, self._rng = loop, chaos, rng
        self._keys: dict[str, Kept] = {}
        self.trace = Trace(loop, on=False)

    async def settings(self, feed: str) -> DestinationSettings:
        """As `Destination.settings`."""
        return self.configured

    async def post(self, settings: DestinationSettings, key: str, body: bytes) -> Answer:
        """As `Destination.post`."""
        records: list[dict[str, Any]] = json.loads(body)["records"]
        call = Call(key)
        self.books.calls.append(call)
        try:
            answer = await self._answer(key, records)
        except Transient:
            call.harmless = True
            raise
        call.harmless = answer.status in (302, 401, 429, 503)
        return answer

    async def _answer(self, key: str, records: list[dict[str, Any]]) -> Answer:
        """An answer within the timeout, if at all."""
        down = self._down()
        fault = down or self._chaos.strike("api")
        if fault:
            self.trace.add("api", "is called", key, fault)
        if fault is Kind.UNREACHABLE:
            raise Transient("connection refused")
        await self._work()
        if fault is Kind.UNANSWERED:
            raise Unanswered("no answer within the timeout")
        if fault is Kind.APPLIED_LATE:
            self._later(key, records)
            raise Unanswered("no answer within the timeout")
        if fault and fault in _INSTEAD:
            return self._instead(fault, key, records)
        if fault is Kind.FAILED:
            return self._fail(key, records)
        if fault is Kind.REFUSED and not self._knows(key):
            return self._refuse_all(key, records)
        answer = self._once(key, records, some_again=fault is Kind.RETURNED)
        await self._work()
        if fault is Kind.APPLIED_UNANSWERED:
            raise Unanswered("no answer within the timeout")
        return _nonsense(self._rng, len(records)) if fault is Kind.NONSENSE else answer

    def _down(self) -> Kind | None:
        for begin, end, how in self._chaos.outages:
            if begin <= self._loop.time() < end and self._chaos.note(Kind.DOWN, "api"):
                return (Kind.UNREACHABLE, Kind.UNANSWERED, Kind.FAILED)[how]
        return None

    async def _work(self) -> None:
        await asyncio.sleep(self._rng.uniform(0.01, self.configured.timeout_seconds / 3))

    def _instead(self, fault: Kind, key: str, records: list[dict[str, Any]]) -> Answer:
        """What something in front of the API answers, without asking it."""
        if fault is Kind.GATE_SHUT:
            self.books.refused.update((key, record["notes"]) for record in records)
        if fault is Kind.TOO_MANY:
            return Answer(429, b"", "", self._rng.choice((None, 1.0, 30.0, 600.0)))
        if fault is Kind.PROXY_PAGE:
            return Answer(200, b"<html>Sign in</html>", "text/html")
        return Answer(self._rng.choice((302, 401) if fault is Kind.ODD else (403, 404)))

    def _fail(self, key: str, records: list[dict[str, Any]]) -> Answer:
        """A server's fault; but for a 503, it may come after the deed."""
        answer = Answer(self._rng.choice((500, 502, 503, 504)))
        if answer.status != 503 and self._rng.random() < 0.5:
            self._once(key, records)
        return answer

    # -- the API itself

    def _knows(self, key: str) -> bool:
        """Keys are forgotten after their retention."""
        kept = self._keys.get(key)
        if kept and self._loop.time() - kept.at > self.configured.key_retention_hours * 3600:
            del self._keys[key]
        return key in self._keys

    def _once(self, key: str, records: list[dict[str, Any]], some_again: bool = False) -> Answer:
        """The answer to a key's first call, also to those that follow; without keys, every call is a first."""
        if not self.configured.honours_idempotency_key:
            return self._apply(key, records, some_again)
        labels = tuple(record["notes"] for record in records)
        if not self._knows(key):
            self._keys[key] = Kept(self._loop.time(), labels, self._apply(key, records, some_again))
        kept = self._keys[key]
        if kept.labels != labels:
            self.books.misused.append(key)
            return Answer(422, b'{"code":"key_reused"}', "application/json")
        return kept.answer or Answer(409, b'{"code":"in_progress"}', "application/json")

    def _later(self, key: str, records: list[dict[str, Any]]) -> None:
        """Taken up now, done in a while."""
        delay = self._rng.uniform(1.0, LATEST)
        if not self.configured.honours_idempotency_key:
            self._loop.call_later(delay, self._apply, key, records, False)
            return
        if self._knows(key):
            return
        kept = self._keys[key] = Kept(self._loop.time(), tuple(record["notes"] for record in records))

        def apply() -> None:
            kept.answer = self._apply(key, records, False)

        self._loop.call_later(delay, apply)

    def _refuse_all(self, key: str, records: list[dict[str, Any]]) -> Answer:
        """The whole batch, for good."""
        answer = Answer(self._rng.choice((400, 413, 422)), b'{"code":"no"}', "application/json")
        labels = tuple(record["notes"] for record in records)
        self.books.refused.update((key, label) for label in labels)
        if self.configured.honours_idempotency_key:
            self._keys[key] = Kept(self._loop.time(), labels, answer)
        return answer

    def _apply(self, key: str, records: list[dict[str, Any]], some_again: bool) -> Answer:
        results: list[dict[str, int]] = []
        for index, record in enumerate(records):
            if record.get("advertiser") == NOBODY:
                self.books.refused.add((key, record["notes"]))
                results.append({"index": index, "status": 422})
            elif some_again and self._rng.random() < 0.5:
                results.append({"index": index, "status": 503})
            else:
                self.books.applied.append((key, record["notes"]))
                self.books.applied_at.setdefault((key, record["notes"]), self._loop.time())
        return Answer(200, json.dumps({"results": results}).encode(), "application/json")


_INSTEAD = frozenset({Kind.GATE_SHUT, Kind.TOO_MANY, Kind.ODD, Kind.PROXY_PAGE})


def _nonsense(rng: random.Random, records: int) -> Answer:
    """A 200 that nobody can read."""
    body = rng.choice((b"{", b'{"results": 7}', b'{"results": [{"index": %d, "status": 422}]}' % records))
    return Answer(200, body, "application/json")
