"""What people write today to take a log to an API: a script on asyncio, and Celery with Redis.

Both validate by the same model as we do, and send batches of the same size. Each runs in a process of its own:

python -m tests.bench.other_scripts script LOG URL
python -m tests.bench.other_scripts celery LOG URL REDIS-SOCKET
python -m tests.bench.other_scripts worker REDIS-SOCKET
"""

import asyncio
import csv
import json
import os
import sys
import time
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from itertools import batched
from pathlib import Path
from typing import Any

import aiohttp
import urllib3
from pydantic import TypeAdapter, ValidationError

from penstock.feeds.traffic import TrafficRecord
from penstock_ops.world.project import ROOT

BATCH = 500
AT_ONCE = 4
LIBRARIES = ROOT / ".world" / "bench" / "lib" / "python3.13" / "site-packages"


@cache
def _model() -> TypeAdapter[TrafficRecord]:
    return TypeAdapter(TrafficRecord)


def valid_among(rows: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """One by one, so that a bad record takes no good one with it."""
    for row in rows:
        try:
            yield _model().dump_python(_model().validate_python(row), mode="json")
        except ValidationError as error:
            error.errors(include_url=False)


def batches_of(log: Path) -> Iterator[list[dict[str, Any]]]:
    with log.open(encoding="utf-8", errors="replace", newline="") as source:
        for rows in batched(csv.DictReader(source), BATCH, strict=False):
            yield [{name: cell for name, cell in row.items() if name and cell} for row in rows]


async def script(log: Path, url: str) -> None:
    """A file in, posts out, so many at once."""
    places = asyncio.Semaphore(AT_ONCE)
    async with aiohttp.ClientSession() as http, asyncio.TaskGroup() as tasks:

        async def post(body: bytes) -> None:
            try:
                async with http.post(url, data=body) as answer:
                    answer.raise_for_status()
                    await answer.read()
            finally:
                places.release()

        for rows in batches_of(log):
            await places.acquire()
            tasks.create_task(post(json.dumps({"records": list(valid_among(rows))}).encode()))


def celery_app(redis: str) -> Any:
    """An app with one task: a batch is validated and posted; acknowledged late, as one must to lose nothing."""
    sys.path.append(str(LIBRARIES))
    app: Any = import_module("celery").Celery(
        "penstock", broker=f"redis+socket://{redis}", backend=f"redis+socket://{redis}"
    )
    app.conf.update(task_acks_late=True, worker_prefetch_multiplier=1)
    http = urllib3.PoolManager()

    @app.task(name="deliver")
    def deliver(url: str, rows: list[dict[str, Any]]) -> int:
        body = json.dumps({"records": list(valid_among(rows))}).encode()
        answer = http.request("POST", url, body=body)
        if answer.status != 200:
            raise RuntimeError(answer.status)
        return len(rows)

    return app


def celery(log: Path, url: str, redis: str) -> None:
    """Sends a task a batch and waits for all of them; a worker is expected to be there."""
    app = celery_app(redis)
    sent = [app.send_task("deliver", (url, rows)) for rows in batches_of(log)]
    for one in sent:
        one.get()


def worker(redis: str) -> None:
    """Works in this process until it is terminated; a file beside the socket says that it has begun."""
    app = celery_app(redis)
    import_module("celery.signals").worker_ready.connect(lambda **_: Path(f"{redis}.ready").touch(), weak=False)
    app.worker_main(["worker", "--pool=solo", "--loglevel=error", "--without-gossip", "--without-mingle"])


def main(way: str, *arguments: str) -> None:
    """Prints the CPU seconds of this process, its imports and its start not among them."""
    if way == "worker":
        worker(*arguments)
        return
    log, url, *more = arguments
    began = time.process_time()
    if way == "script":
        asyncio.run(script(Path(log), url))
    else:
        celery(Path(log), url, *more)
    print(time.process_time() - began)  # noqa: T201


if __name__ == "__main__":
    os.environ.pop("HTTP_PROXY", None)
    main(*sys.argv[1:])
