"""A worker and its ports: every call takes time, can go wrong, and is where the worker can die."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import Any

from penstock.model import ids
from penstock.model.errors import Transient
from penstock.model.messages import SourceFile
from penstock.model.rows import BatchRow, ChunkRow
from tests.simulation.chaos import Chaos, Kind
from tests.simulation.trace import Trace

#: Whose parts are handed over once: it cannot be done twice by who does not have them twice.
_ONCE = frozenset({"put_parts", "stage"})


class Worker:
    """One invocation's process."""

    def __init__(self, name: str, seconds: float, chaos: Chaos, rng: random.Random, trace: Trace) -> None:
        self.name, self.outlives = name, False
        self._seconds, self._chaos, self._rng, self._trace = seconds, chaos, rng, trace
        self._dead = False
        self.task: asyncio.Task[Any] | None = None

    def kill(self) -> None:
        """Nothing of it runs any more: it calls nobody, it catches nothing, it releases nothing."""
        self._dead = True
        if self.task:
            self.task.cancel()

    async def call(self, place: str, name: str, method: Callable[..., Awaitable[Any]], *args: Any, **named: Any) -> Any:
        """A call of a port, with whatever happens on the way there and back."""
        if self._dead:
            raise asyncio.CancelledError
        if name == "store.put" and args[0].startswith((ids.DUE, ids.ACCOUNTS)):
            # Beside a record's way, and of no effect on it: nights stay what they were without it. What goes wrong
            # there is tried in unit/test_tabulating.py and unit/test_receipts.py.
            return await method(*args, **named)
        self._chaos.live(name)
        fault = self._chaos.strike(place, name)
        if self._trace.on:
            self._trace.add(self.name, name, brief(*args, *named.values()), fault)
        await asyncio.sleep(self._delay(fault))
        if fault is None or fault is Kind.SLOW:
            return await method(*args, **named)
        if fault is Kind.OUTLIVED:
            return await self._outlive(place, method, *args, **named)
        if fault is Kind.CRASHED_BEFORE:
            await self._die()
        if fault is Kind.THROTTLED:
            raise Transient(f"{name} was throttled")
        if fault is Kind.PARTLY_SENT and name.endswith("send_batch"):
            return await self._send_some(method, *args)
        answer = await method(*args, **named)
        if fault is Kind.CRASHED_AFTER:
            await self._die()
        if fault is Kind.ANSWER_LOST:
            raise Transient(f"the answer to {name} was lost")
        if fault is Kind.DONE_TWICE and not name.endswith(tuple(_ONCE)):
            await asyncio.sleep(self._delay(None))
            return await method(*args, **named)
        return answer

    def _delay(self, fault: Kind | None) -> float:
        """How long the call takes until it has its effect."""
        if fault is Kind.SLOW:
            return self._rng.uniform(1.0, self._seconds * 1.2)
        return self._rng.uniform(0.002, 0.05)

    async def _outlive(self, place: str, method: Callable[..., Awaitable[Any]], *args: Any, **named: Any) -> Any:
        """Held up before or after the call for far longer than it may live, and then it goes on. A call of the
        destination sets out in time, or never."""
        self.outlives = True
        held_up = self._rng.uniform(self._seconds, self._seconds * 9)
        if place != "destination" and self._rng.random() < 0.5:
            await asyncio.sleep(held_up)
            return await method(*args, **named)
        answer = await method(*args, **named)
        await asyncio.sleep(held_up)
        return answer

    async def _die(self) -> None:
        self.kill()
        await asyncio.get_running_loop().create_future()

    async def _send_some(self, method: Callable[..., Awaitable[Any]], messages: Any) -> list[int]:
        """SendMessageBatch that takes only some of the messages."""
        failed = [place for place in range(len(messages)) if self._rng.random() < 0.5]
        taken = [message for place, message in enumerate(messages) if place not in failed]
        if taken:
            await method(taken)
        return failed


def reach(port: Any, place: str, worker: Worker) -> Any:
    """A port as a worker reaches it: it has every method of the port."""
    return _Reached(port, place, worker)


class _Reached:
    def __init__(self, port: Any, place: str, worker: Worker) -> None:
        self._port, self._place, self._worker = port, place, worker

    def __getattr__(self, name: str) -> Any:
        method, full = getattr(self._port, name), f"{self._place}.{name}"
        place, call = self._place, self._worker.call

        def reached(*args: Any, **named: Any) -> Awaitable[Any]:
            return call(place, full, method, *args, **named)

        setattr(self, name, reached)
        return reached


def brief(*args: Any) -> str:
    """What a call was about, in a few words."""
    return " ".join(filter(None, map(_brief, args)))[:150]


def _brief(value: Any) -> str:
    if isinstance(value, BatchRow):
        doubt = " in doubt" if value.unanswered else ""
        return f"batch {value.number} {value.state}{doubt} {list(value.ordinals)}"
    if isinstance(value, ChunkRow):
        return value.chunk_id
    if isinstance(value, SourceFile):
        return value.file_id
    if isinstance(value, list | tuple):
        return brief(*value)
    if isinstance(value, str) and not value.startswith("{"):
        return value
    return str(value) if isinstance(value, int) else ""
