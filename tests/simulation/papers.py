"""Documents in a run: their reader takes its time at every page, and may die between two of them."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from penstock.ports.pages import Survey
from penstock_testing.pages import MemoryDocument, MemoryPages
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

    async def read(self, first: int, last: int, seconds: float) -> bytes:
        """As `OpenDocument.read`."""
        for page in range(first, last + 1):
            await self.paper.look(page)
        return await self.document.read(first, last, seconds)


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
