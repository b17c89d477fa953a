"""Documents in a run: their reader takes its time at every page, and may die between two of them. An engine elsewhere
takes its own, and what tells of its jobs' ends is lost now and then, or comes twice."""

import asyncio
import random
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from penstock.model.errors import Throttled
from penstock.model.textract import RecognisedPage
from penstock.ports.pages import Pictures, Survey
from penstock_testing.memory import MemoryStore
from penstock_testing.pages import MemoryDocument, MemoryPages
from penstock_testing.recognition import MemoryRecognition, Responses, responses
from tests.simulation.worker import Worker, reach


class _Paper:
    """What a reader looks at."""

    async def look(self, page: int) -> None:
        """At a page."""


@dataclass(slots=True)
class _Read:
    """As `OpenDocument`, page by page."""

    document: MemoryDocument
    paper: Any

    async def survey(self) -> Survey:
        """As `OpenDocument.survey`."""
        return await self.document.survey()

    async def pictures(self, first: int, last: int, seconds: float) -> Pictures:
        """As `OpenDocument.pictures`."""
        for page in range(first, last + 1):
            await self.paper.look(page)
        return await self.document.pictures(first, last, seconds)

    async def read(
        self, first: int, last: int, seconds: float, recognised: Mapping[int, RecognisedPage] | None = None
    ) -> bytes:
        """As `OpenDocument.read`."""
        for page in range(first, last + 1):
            await self.paper.look(page)
        return await self.document.read(first, last, seconds, recognised)


class SlowReader(MemoryPages):
    """As `PageReader`, in the hands of a worker. How many pages it reads at once, another release may say otherwise."""

    def __init__(self, worker: Worker, at_once: int) -> None:
        super().__init__(at_once)
        self._paper = reach(_Paper(), "reader", worker)

    @asynccontextmanager
    async def opened(self, file_id: str, blocks: AsyncGenerator[bytes]) -> AsyncGenerator[Any]:
        """As `PageReader.opened`."""
        async with super().opened(file_id, blocks) as document:
            yield _Read(document, self._paper)


class Elsewhere(MemoryRecognition):
    """As `Recognition`: it reads right what stands on pictures, and has enough to do now and then."""

    def __init__(self, store: MemoryStore, tell: Callable[[str], None], rng: random.Random) -> None:
        super().__init__(self._seen)
        self._store, self._tell, self._rng = store, tell, rng
        self._working = set[asyncio.Task[None]]()
        self.is_calm = False
        self.lost = 0  #: notices that never come
        self.refused = 0

    def _seen(self, key: str) -> Responses:
        return responses(*(text.decode().splitlines() for text in self._store.work[key].split(b"\f")), at_once=3)

    async def begin(self, key: str, tag: str, token: str) -> str:
        """As `Recognition.begin`."""
        if not self.is_calm and self._rng.random() < 0.2:
            self.refused += 1
            raise Throttled("it has enough to do")
        known = len(self.jobs)
        job = await super().begin(key, tag, token)
        if len(self.jobs) > known:
            working = asyncio.get_running_loop().create_task(self._work(job))
            self._working.add(working)
            working.add_done_callback(self._working.discard)
        return job

    async def _work(self, job: str) -> None:
        await asyncio.sleep(self._rng.choice((0.01, 5.0, 600.0)))
        told = self.end(job)
        times = 1 if self.is_calm else self._rng.choice((0, 1, 1, 1, 1, 2))
        self.lost += not times
        for _ in range(times):
            self._tell(told)
