"""The console's pages over a ledger of 100,000 files with ten million records: CPU until a page's first byte over
loopback, against a bare page of Starlette under the same server in the same run (CPU of both ends); bytes and requests
of a page with all that it loads; and memory.

The ledger is the twin, with files in an index by time as DynamoDB has them. What AWS takes to answer is not in it; how
often it is asked for a page is.
"""

import asyncio
import math
import re
import socket
import time
from bisect import bisect_left
from collections import Counter
from collections.abc import AsyncGenerator, Collection, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

import httpx
import uvicorn
from starlette.applications import Starlette
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from penstock.model.findings import Outcome
from penstock.model.rows import KEPT, FileRow, FileState
from penstock_ops.web.app import create_app
from penstock_ops.web.session import Session
from penstock_testing.ledger import MemoryLedger
from tests.bench.timing import peak_megabytes, row
from tests.support.consoles import PORT, desk_over
from tests.support.destination import Api, refusing
from tests.support.pipeline import Pipeline
from tests.support.spots import csv_file, spot

FILES, RECORDS = 100_000, 100
ROUNDS = 20
STATIC = re.compile(r'(?:src|href)="(/static/[^"]+)"')


class Indexed(MemoryLedger):
    """The twin with an index: files by the time at which they were opened."""

    def __init__(self, twin: MemoryLedger) -> None:
        self.__dict__.update(twin.__dict__)
        self.asked: Counter[str] = Counter()
        self._rows = sorted((kept.row for kept in self._files.values()), key=lambda one: -one.opened_at)
        self._places = [-one.opened_at for one in self._rows]
        self._opened = [one for one in reversed(self._rows) if one.state in (FileState.SPLITTING, FileState.SEALED)]

    async def files(
        self, limit: int, *, before: float | None = None, after: float = 0.0, states: Collection[FileState] = KEPT
    ) -> list[FileRow]:
        """As `Ledger.files`."""
        found: list[FileRow] = []
        for one in self._rows[bisect_left(self._places, math.nextafter(-(before or math.inf), math.inf)) :]:
            if one.opened_at <= after or len(found) == limit:
                break
            if one.state in states:
                found.append(one)
        return found

    async def open_files(self, limit: int, after: float = 0.0) -> list[FileRow]:
        """As `Ledger.open_files`."""
        return [one for one in self._opened if one.opened_at > after][:limit]


class Counting:
    """A port that counts what it is asked for."""

    def __init__(self, port: Any, asked: Counter[str]) -> None:
        self._port, self._asked = port, asked

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._port, name)

        def call(*args: Any, **said: Any) -> Any:
            self._asked["calls"] += 1
            return found(*args, **said)

        return call if callable(found) else found


def measure() -> list[dict[str, Any]]:
    """Figures, units and values, as every group gives them."""
    return asyncio.run(_measured())


async def _measured() -> list[dict[str, Any]]:
    pipeline, pages = await _full()
    asked: Counter[str] = Counter()
    desk = desk_over(pipeline, content=True)
    ledger, store = Counting(desk.records.ledger, asked), Counting(desk.records.store, asked)
    records = replace(desk.records, ledger=ledger, store=store)
    desk = replace(desk, records=records, ports=replace(desk.ports, ledger=ledger, store=store))
    session, bare = Session(PORT), Starlette(routes=[Route("/", _bare)])
    with TemporaryDirectory() as folder:
        app: Any = GZipMiddleware(create_app(desk, session, Path(folder)), minimum_size=1000)
        async with _serving(app) as port, _serving(bare) as bare_port:
            await _first_byte(port, "/", session)  # templates are compiled once
            resident = _resident()
            took = [
                {name: await _first_byte(port, path, session) for name, path in pages.items()}
                | {"": await _first_byte(bare_port, "/", session)}
                for _ in range(ROUNDS)
            ]
            grown = _resident() - resident
        floor = median(one[""] for one in took)
        rows = [row("a bare Starlette page, first byte", round(floor * 1e3, 3), "CPU ms")]
        for name, path in pages.items():
            first = median(one[name] for one in took)
            asked.clear()
            weight, requests = await _weight(app, path, session)
            rows += [
                row(f"{name}: first byte", round(first * 1e3, 1), "CPU ms"),
                row(f"{name}: first byte, against the bare page", round(first / floor, 1), "times"),
                row(f"{name}: with all that it loads", round(weight / 1e3, 1), "kB"),
                row(f"{name}: requests of the browser", requests, "requests"),
                row(f"{name}: asked of ledger and buckets", asked["calls"], "calls"),
            ]
    empty = peak_megabytes("import penstock_ops.web.app, penstock_ops.web.opening")
    return [
        *rows,
        row("memory of a console that has served nothing", round(empty), "MB"),
        row(f"memory that {ROUNDS} rounds of all pages add", round(grown, 1), "MB"),
    ]


async def _full() -> tuple[Pipeline, Mapping[str, str]]:
    """A ledger with so many files, and the pages that are looked at."""
    pipeline = Pipeline(Api(refuses=refusing("station", "KBAD")))
    wrong = {at: {"station": "KBAD"} for at in range(0, RECORDS, 10)}
    file = pipeline.drop(csv_file(spot(at, **wrong.get(at, {})) for at in range(RECORDS)))
    rejected = pipeline.drop(csv_file(spot(at, station="KBAD") for at in range(RECORDS)), "traffic/rejected.csv")
    await pipeline.run()
    kept = pipeline.ledger._files[file.file_id]
    known = dict(kept.row.counted) | {Outcome.DELIVERED: RECORDS}
    for number in range(FILES - 1):
        named = file.model_copy(update={"key": f"traffic/2026-11-20/{number:06}.csv"})
        old = replace(kept.row, file=named, opened_at=kept.row.opened_at - 1 - number, counted=known)
        pipeline.ledger._files[named.file_id] = replace(kept, row=replace(old, settled_at=old.opened_at))
    for number in range(20):
        pipeline.drop(csv_file(spot(1000 + at) for at in range(RECORDS)), f"traffic/waits-{number}.csv")
        await pipeline.handle_next(pipeline.intake)
    pipeline.ledger = Indexed(pipeline.ledger)
    return pipeline, {
        "Now": "/",
        "Find": f"/find?feed=traffic&is.spot_id={spot(1)['spot_id']}&key=traffic/spots.csv",
        "Files": "/files",
        "Files, of which none is as wanted": "/files?key=nowhere",
        "one file": f"/files/{file.file_id}",
        "its records": f"/files/{file.file_id}/records",
        "one record": f"/files/{file.file_id}/records/1",
        "Mend, ten rows": f"/files/{file.file_id}/mend",
        "Mend, a hundred rows": f"/files/{rejected.file_id}/mend",
        "Held": "/worklists/held",
        "Documents": "/documents",
        "Decisions": "/decisions",
        "Drop": "/drop",
    }


async def _bare(request: Request) -> Response:
    return HTMLResponse("<!doctype html><title>bare</title>")


@asynccontextmanager
async def _serving(app: Any) -> AsyncGenerator[int]:
    """The port of an app under uvicorn, on loopback."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        options: Any = {"lifespan": "off", "log_level": "warning", "access_log": False}
        server = uvicorn.Server(uvicorn.Config(app, **options))
        serving = asyncio.create_task(server.serve(sockets=[listening]))
        try:
            yield listening.getsockname()[1]
        finally:
            server.should_exit = True
            await serving


async def _first_byte(port: int, path: str, session: Session) -> float:
    """CPU seconds from a request to the answer's first byte, on a connection of its own."""
    headers = {
        "Host": f"127.0.0.1:{PORT}",
        "Cookie": f"{session.cookie_name}={session.cookie}",
        "Accept-Encoding": "gzip",
        "Connection": "close",
    }
    asked = "".join((f"GET {path} HTTP/1.1\r\n", *(f"{name}: {said}\r\n" for name, said in headers.items()), "\r\n"))
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    began = time.process_time()
    writer.write(asked.encode())
    first = await reader.readline()
    took = time.process_time() - began
    assert b" 200 " in first, (path, first)
    await reader.read()
    writer.close()
    return took


async def _weight(app: Any, path: str, session: Session) -> tuple[int, int]:
    """Bytes of a page with all that it loads, as they are sent, and the requests that this takes."""
    transport = httpx.ASGITransport(app=app, client=("127.0.0.1", 50_000))
    cookies = {session.cookie_name: session.cookie}
    async with httpx.AsyncClient(transport=transport, base_url=f"http://127.0.0.1:{PORT}", cookies=cookies) as client:
        page = await client.get(path)
        parts = sorted(set(STATIC.findall(page.text)))
        loads = [page, *[await client.get(part) for part in parts]]
        return sum(one.num_bytes_downloaded for one in loads), len(loads)


def _resident() -> float:
    """Megabytes that this process has in memory (proc(5), VmRSS)."""
    told = Path("/proc/self/status").read_text()
    return int(told.partition("VmRSS:")[2].split()[0]) / 1024
