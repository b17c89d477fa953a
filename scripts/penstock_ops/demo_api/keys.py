"""Idempotency keys: one key, one payload, one effect, one answer."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from .clock import Clock


class KeyReused(Exception):
    """The key came with another payload before."""


@dataclass(frozen=True, slots=True)
class Answer:
    """Status and JSON body, as they are replayed."""

    status: int
    body: bytes


@dataclass(frozen=True, slots=True)
class _Remembered:
    payload: bytes
    until: float
    answer: asyncio.Future[Answer]


class Keys:
    def __init__(self, retention_seconds: float, clock: Clock) -> None:
        self._retention = retention_seconds
        self._clock = clock
        self._remembered: dict[str, _Remembered] = {}
        #: Calls that were answered from memory.
        self.replays = 0

    async def once(self, key: str, payload: bytes, work: Callable[[], Awaitable[Answer]]) -> Answer:
        """The answer of `work`, done the first time that `key` is seen.

        A repeat that comes while the work is under way waits for the same answer. The work goes on
        when its caller hangs up, as it does behind a real API.
        """
        self._forget()
        known = self._remembered.get(key)
        if known is None:
            answer = asyncio.ensure_future(work())
            known = _Remembered(payload, self._clock() + self._retention, answer)
            self._remembered[key] = known
        elif known.payload != payload:
            raise KeyReused
        else:
            self.replays += 1
        return await asyncio.shield(known.answer)

    def _forget(self) -> None:
        """Drops what is past its time; the oldest key is always the first."""
        now = self._clock()
        while self._remembered:
            oldest = next(iter(self._remembered))
            if self._remembered[oldest].until > now:
                return
            del self._remembered[oldest]
