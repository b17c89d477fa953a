"""The console over a pipeline on the twins, and a browser's requests to it."""

import asyncio
import re
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx

from penstock_ops.operate.operations import Dropped, Records
from penstock_ops.web.app import create_app
from penstock_ops.web.desk import Desk
from penstock_ops.web.session import Session
from tests.support.operators import archive_of, operated
from tests.support.papers import Papers
from tests.support.pipeline import Pipeline

PORT = 8123
QUEUES = ("intake", "intake DLQ", "chunk", "chunk DLQ", "dispatch traffic", "dispatch DLQ")


def desk_over(pipeline: Pipeline, *, content: bool = False, papers: Papers | None = None) -> Desk:
    """What an operator called Ada has of the pipeline."""

    async def drop(path: Path, key: str) -> Dropped:
        body = await asyncio.to_thread(path.read_bytes)
        file = pipeline.drop(body, key)
        return Dropped(file.file_id, file.bucket, file.key, file.version_id, file.etag, len(body))

    async def depths() -> dict[str, dict[str, int]]:
        waiting = {"intake": pipeline.intake, "chunk": pipeline.chunks, "dispatch traffic": pipeline.dispatches}
        return {
            name: {"waiting": len(waiting[name].messages) if name in waiting else 0, "in_flight": 0, "delayed": 0}
            for name in QUEUES
        }

    records = Records(
        ledger=pipeline.ledger,
        store=pipeline.store,
        throttle=pipeline.throttle,
        directory=pipeline.api,
        clock=pipeline.clock,
        feeds=["traffic"],
        depths=depths,
        wrong=lambda lanes: {},
    )
    papers = papers or Papers(pipeline)
    archive = archive_of(pipeline.store)
    return Desk(records, operated(pipeline), "local world", archive, papers.templates, papers, drop, content=content)


class Browser:
    """A browser on this machine, at the console's door or past it."""

    def __init__(self, client: httpx.AsyncClient, session: Session) -> None:
        self.client, self.session = client, session

    async def get(self, path: str, **said: Any) -> httpx.Response:
        return await self.client.get(path, **said)

    async def post(self, path: str, data: Mapping[str, Any] | None = None, **said: Any) -> httpx.Response:
        """As a form of one of the console's own pages."""
        data = {"word": self.session.word} | dict(data or {})
        return await self.client.post(path, data=data, headers=self.ours, **said)

    @property
    def ours(self) -> dict[str, str]:
        """What a browser says of a write that comes from a page of the console."""
        return {"origin": f"http://127.0.0.1:{self.session.port}"}

    async def enter(self) -> httpx.Response:
        """Opens the printed link."""
        return await self.try_token(self.session.token)

    async def try_token(self, token: str) -> httpx.Response:
        """Hands a token in at the door."""
        return await self.client.post("/session", data={"token": token}, headers=self.ours)


@asynccontextmanager
async def at_the_door(
    pipeline: Pipeline, *, content: bool = False, papers: Papers | None = None, address: str = "127.0.0.1"
) -> AsyncGenerator[Browser]:
    """A browser, from this address, that has not opened the link yet."""
    session = Session(PORT)
    with TemporaryDirectory() as folder:
        app = create_app(desk_over(pipeline, content=content, papers=papers), session, Path(folder))
        transport = httpx.ASGITransport(app=app, client=(address, 50_000))
        async with httpx.AsyncClient(transport=transport, base_url=f"http://127.0.0.1:{PORT}") as client:
            yield Browser(client, session)


@asynccontextmanager
async def browsing(
    pipeline: Pipeline, *, content: bool = False, papers: Papers | None = None
) -> AsyncGenerator[Browser]:
    """A browser that has opened the link."""
    async with at_the_door(pipeline, content=content, papers=papers) as browser:
        assert (await browser.enter()).status_code == 303
        yield browser


def words_of(answer: httpx.Response) -> str:
    """What a page says, without its markup, in single blanks."""
    body = answer.text.partition("<main")[2]
    return " ".join(re.sub(r"<[^>]*>", " ", body).split())
