"""The destination, and its own books: what was asked of it, and what it really did."""

import asyncio
import json
import random
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from pydantic import TypeAdapter

from penstock.adapters.aws_parameters import ParameterSettings
from penstock.model.errors import Transient, Unanswered
from penstock.ports.destination import Answer, DestinationSettings
from tests.simulation.chaos import Chaos, Kind
from tests.simulation.senders import NOBODY
from tests.simulation.trace import Trace
from tests.simulation.virtual import VirtualLoop

LATEST = 300.0  #: seconds after which what was taken up is done

HERE, THERE = "https://api.example/spots", "https://other.example/spots"
"""Two destinations that are one for whoever keeps their books, but do not know each other's keys."""

OF_A_LANE = "https://lane.example/spots"
"""A lane's own, whose books are the same, too."""

_writer = TypeAdapter(DestinationSettings)

BAD = (
    "",
    "[]",
    *(f'{{"url": "{url}"}}' for url in ("", "api", "file:///api", "http://api.example/", "http://169.254.169.254/")),
    '{"url": "https://bad.example/", "batch_record": 1}',
    '{"url": "https://bad.example/", "rate_per_second": 0}',
)
"""Settings that must send nothing."""


@dataclass(slots=True)
class Call:
    """A call that came in. `harmless` once its caller has been told that nothing was done."""

    key: str
    harmless: bool = False


@dataclass(slots=True)
class Kept:
    """What is remembered of an Idempotency-Key; without an answer it is still at work."""

    at: float
    body: bytes
    answer: Answer | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """What a call asks for, and where."""

    url: str
    key: str
    body: bytes
    timeout: float

    @property
    def place(self) -> tuple[str, str]:
        """What its answer is kept under: every destination has its own keys."""
        return self.url, self.key

    @property
    def records(self) -> list[dict[str, Any]]:
        """The batch."""
        return json.loads(self.body)["records"]

    @property
    def labels(self) -> tuple[str, ...]:
        """Which records it holds."""
        return tuple(record["notes"] for record in self.records)


class Departure(NamedTuple):
    """When a call set out, with how many records, and where to."""

    at: float
    records: int
    url: str


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
    #: Where calls went that are no destinations.
    astray: list[str] = field(default_factory=list[str])
    departures: list[Departure] = field(default_factory=list[Departure])


@dataclass(frozen=True, slots=True)
class Departures:
    """The destination as a worker reaches it: notes when a call sets out, whenever it may arrive."""

    reached: Any
    books: Books
    loop: VirtualLoop

    async def settings(self, feed: str) -> DestinationSettings:
        """As `Destination.settings`."""
        return await self.reached.settings(feed)

    async def own_settings(self, lane: str) -> DestinationSettings | None:
        """As `Destination.own_settings`."""
        return await self.reached.own_settings(lane)

    async def lanes(self, feed: str) -> list[str]:
        """As `Destination.lanes`."""
        return await self.reached.lanes(feed)

    async def post(self, settings: DestinationSettings, key: str, body: bytes) -> Answer:
        """As `Destination.post`."""
        departure = Departure(self.loop.time(), len(json.loads(body)["records"]), settings.url)
        self.books.departures.append(departure)
        return await self.reached.post(settings, key, body)


@dataclass(slots=True)
class _Parameters:
    """As Parameter Store's client, with one parameter."""

    text: str = ""

    async def client(self) -> Any:
        """Itself."""
        return self

    async def get_parameter(self, **_: str) -> dict[str, Any]:
        """The parameter, as it is now."""
        return {"Parameter": {"Value": self.text}}


class Api:
    """As `Destination`: takes every record but those of one advertiser."""

    def __init__(self, settings: DestinationSettings, loop: VirtualLoop, chaos: Chaos, rng: random.Random) -> None:
        self.books = Books()
        #: Settings of lanes that have destinations of their own, and which of their URLs outages strike, "" for all.
        self.of_lanes: dict[str, DestinationSettings] = {}
        self.struck = ""
        self._loop, self._chaos, self._rng = loop, chaos, rng
        self._keys: dict[tuple[str, str], Kept] = {}
        self.trace = Trace(loop, on=False)
        self._kept = _Parameters()
        self._parameters = ParameterSettings(self._kept.client, self._kept.client, "destinations", seconds=0)
        self.configure(replace(settings, url=HERE))

    def configure(self, settings: DestinationSettings) -> None:
        """What the operator sets."""
        self.configured, self._kept.text = settings, _writer.dump_json(settings, exclude_defaults=True).decode()

    def misconfigure(self, text: str) -> None:
        """What he sets by mistake."""
        self._kept.text = text

    async def settings(self, feed: str) -> DestinationSettings:
        """As `Destination.settings`: what the operator has set, as the function reads it."""
        return await self._parameters.settings(feed)

    async def own_settings(self, lane: str) -> DestinationSettings | None:
        """As `Destination.own_settings`."""
        return self.of_lanes.get(lane)

    async def lanes(self, feed: str) -> list[str]:
        """As `Destination.lanes`."""
        return sorted(self.of_lanes)

    async def post(self, settings: DestinationSettings, key: str, body: bytes) -> Answer:
        """As `Destination.post`."""
        call = Call(key)
        self.books.calls.append(call)
        if settings.url not in (HERE, THERE, OF_A_LANE):
            self.books.astray.append(settings.url)
        try:
            answer = await self._answer(Asked(settings.url, key, body, settings.timeout_seconds))
        except Transient:
            call.harmless = True
            raise
        call.harmless = answer.status in (302, 401, 429, 503)
        return answer

    async def _answer(self, asked: Asked) -> Answer:
        """An answer within the timeout, if at all."""
        down = self._down() if self.struck in ("", asked.url) else None
        fault = down or self._chaos.strike("api")
        if fault:
            self.trace.add("api", "is called", asked.key, fault)
        if fault is Kind.UNREACHABLE:
            raise Transient("connection refused")
        await self._work()
        if fault is Kind.UNANSWERED and self.struck:
            await asyncio.sleep(asked.timeout)
        if fault is Kind.UNANSWERED:
            raise Unanswered("no answer within the timeout")
        if fault is Kind.APPLIED_LATE:
            self._later(asked)
            raise Unanswered("no answer within the timeout")
        if fault and fault in _INSTEAD:
            return self._instead(fault, asked)
        if fault is Kind.FAILED:
            return self._fail(asked)
        if fault is Kind.REFUSED and not self._knows(asked):
            return self._refuse_all(asked)
        answer = self._once(asked, some_again=fault is Kind.RETURNED)
        await self._work()
        if fault is Kind.APPLIED_UNANSWERED:
            raise Unanswered("no answer within the timeout")
        return _nonsense(self._rng, len(asked.records)) if fault is Kind.NONSENSE else answer

    def _down(self) -> Kind | None:
        for begin, end, how in self._chaos.outages:
            if begin <= self._loop.time() < end and self._chaos.note(Kind.DOWN, "api"):
                return (Kind.UNREACHABLE, Kind.UNANSWERED, Kind.FAILED)[how]
        return None

    async def _work(self) -> None:
        await asyncio.sleep(self._rng.uniform(0.01, self.configured.timeout_seconds / 3))

    def _instead(self, fault: Kind, asked: Asked) -> Answer:
        """What something in front of the API answers, without asking it."""
        if fault is Kind.GATE_SHUT:
            self.books.refused.update((asked.key, label) for label in asked.labels)
        if fault is Kind.TOO_MANY:
            return Answer(429, b"", "", self._rng.choice((None, 1.0, 30.0, 600.0)))
        if fault is Kind.PROXY_PAGE:
            return Answer(200, b"<html>Sign in</html>", "text/html")
        return Answer(self._rng.choice((302, 401) if fault is Kind.ODD else (403, 404)))

    def _fail(self, asked: Asked) -> Answer:
        """A server's fault; but for a 503, it may come after the deed."""
        answer = Answer(self._rng.choice((500, 502, 503, 504)))
        if answer.status != 503 and self._rng.random() < 0.5:
            self._once(asked)
        return answer

    # -- the API itself

    def _knows(self, asked: Asked) -> bool:
        """Keys are forgotten after their retention."""
        kept = self._keys.get(asked.place)
        if kept and self._loop.time() - kept.at > self.configured.key_retention_hours * 3600:
            del self._keys[asked.place]
        return asked.place in self._keys

    def _once(self, asked: Asked, some_again: bool = False) -> Answer:
        """The answer to a key's first call, also to those that follow; without keys, every call is a first."""
        if not self.configured.honours_idempotency_key:
            return self._apply(asked, some_again)
        if not self._knows(asked):
            self._keys[asked.place] = Kept(self._loop.time(), asked.body, self._apply(asked, some_again))
        kept = self._keys[asked.place]
        if kept.body != asked.body:
            self.books.misused.append(asked.key)
            return Answer(422, b'{"code":"key_reused"}', "application/json")
        return kept.answer or Answer(409, b'{"code":"in_progress"}', "application/json")

    def _later(self, asked: Asked) -> None:
        """Taken up now, done in a while."""
        delay = self._rng.uniform(1.0, LATEST)
        if not self.configured.honours_idempotency_key:
            self._loop.call_later(delay, self._apply, asked, False)
            return
        if self._knows(asked):
            return
        kept = self._keys[asked.place] = Kept(self._loop.time(), asked.body)

        def apply() -> None:
            kept.answer = self._apply(asked, False)

        self._loop.call_later(delay, apply)

    def _refuse_all(self, asked: Asked) -> Answer:
        """The whole batch, for good."""
        answer = Answer(self._rng.choice((400, 413, 422)), b'{"code":"no"}', "application/json")
        self.books.refused.update((asked.key, label) for label in asked.labels)
        if self.configured.honours_idempotency_key:
            self._keys[asked.place] = Kept(self._loop.time(), asked.body, answer)
        return answer

    def _apply(self, asked: Asked, some_again: bool) -> Answer:
        results: list[dict[str, int]] = []
        for index, record in enumerate(asked.records):
            if record.get("advertiser") == NOBODY:
                self.books.refused.add((asked.key, record["notes"]))
                results.append({"index": index, "status": 422})
            elif some_again and self._rng.random() < 0.5:
                results.append({"index": index, "status": 503})
            else:
                self.books.applied.append((asked.key, record["notes"]))
                self.books.applied_at.setdefault((asked.key, record["notes"]), self._loop.time())
        return Answer(200, json.dumps({"results": results}).encode(), "application/json")


_INSTEAD = frozenset({Kind.GATE_SHUT, Kind.TOO_MANY, Kind.ODD, Kind.PROXY_PAGE})


def _nonsense(rng: random.Random, records: int) -> Answer:
    """A 200 that nobody can read."""
    body = rng.choice((b"{", b'{"results": 7}', b'{"results": [{"index": %d, "status": 422}]}' % records))
    return Answer(200, body, "application/json")
