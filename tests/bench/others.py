"""The same log by other means: its validation alone, and its whole way to an API. Each row says what they leave out."""

import asyncio
import subprocess
import sys
import tempfile
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

from penstock.adapters.aws_parameters import ParameterSettings
from penstock.adapters.http_destination import HttpDestination, Tokens, http_session
from penstock.ports.destination import DestinationSettings
from penstock_ops.check.check_file import check
from penstock_ops.world.project import ROOT
from penstock_testing.memory import MemoryClock, MemoryDestination
from tests.bench import other_checks
from tests.bench.checking import bare_loop, write_sample
from tests.bench.other_scripts import AT_ONCE, BATCH
from tests.bench.stages import FEED, over_twins
from tests.bench.timing import children_cpu_of, cpu_of, cpu_seconds, in_turn, row

RECORDS = 200_000
FAULTS = 0.01
REDIS = ROOT / ".world" / "bench" / "bin" / "redis-server"

LEAVES_OUT = {
    "DuckDB": "which rule, the record itself, what came before; records it cannot read are dropped",
    "Polars": "which rule, the record itself, what came before; cells too many are dropped",
    "pandera, on Polars": "the record itself, what came before; cells too many are dropped",
    "asyncio script": "rules between fields, rejects, retries, rate, what came before, an account, a crash",
    "Celery and Redis": "rules between fields, rejects, rate, what came before, an account; done twice after a crash",
}


def measure() -> list[dict[str, Any]]:
    """CPU, of all threads and processes of a way, against the bare loop's."""
    if not other_checks.are_there():
        raise SystemExit("the others are not installed: make bench, or scripts/setup bench")
    with tempfile.TemporaryDirectory() as folder:
        here = Path(folder)
        log = write_sample(here / "log.csv", RECORDS, FAULTS)
        return [*_validations(log, here / "rejects.csv"), *_ways(log, here)]


def _validations(log: Path, rejects: Path) -> list[dict[str, Any]]:
    ours = check(log, FEED, rejects, lambda _: None)
    found = {"penstock check": ours.rejected, **{name: work(log) for name, work in other_checks.CHECKS.items()}}
    clocks: dict[str, Callable[[], float]] = {
        "bare loop": lambda: cpu_seconds(lambda: bare_loop(log)),
        "penstock check": lambda: cpu_seconds(lambda: check(log, FEED, rejects, lambda _: None)),
        **{name: lambda work=work: cpu_seconds(lambda: work(log)) for name, work in other_checks.CHECKS.items()},
    }
    took = in_turn(clocks, rounds=3)
    return [
        row(f"validation: {name}", took[name] / took["bare loop"], "× the bare loop's CPU")
        | {"wrong records found": found.get(name, "–"), "leaves out": LEAVES_OUT.get(name, "–")}
        for name in took
    ]


def _ways(log: Path, folder: Path) -> list[dict[str, Any]]:
    with _taking() as url, _redis(folder) as (redis, others):
        arguments = (str(log), url)

        def celery() -> float:
            before = sum(map(cpu_of, others))
            return children_cpu_of("celery", *arguments, redis) + sum(map(cpu_of, others)) - before

        took = in_turn(
            {
                "bare loop": lambda: cpu_seconds(lambda: bare_loop(log)),
                "Penstock's three stages, twins for AWS": lambda: asyncio.run(_penstock(log.read_bytes(), url)),
                "asyncio script": lambda: children_cpu_of("script", *arguments),
                "Celery and Redis": celery,
            },
            rounds=3,
        )
    return [
        row(f"to an API: {name}", took[name] / took["bare loop"], "× the bare loop's CPU")
        | {"wrong records found": "–", "leaves out": LEAVES_OUT.get(name, "–")}
        for name in took
        if name != "bare loop"
    ]


async def _penstock(body: bytes, url: str) -> float:
    settings = DestinationSettings(
        url, batch_records=BATCH, concurrency=AT_ONCE, rate_per_second=1e6, burst=1000, honours_idempotency_key=True
    )
    clock = MemoryClock()

    async def no_secret(name: str) -> dict[str, str]:
        raise AssertionError(name)

    async with http_session(private=True) as http:
        # Of the parameters it asks for nothing but the settings of a destination.
        fixed = cast(ParameterSettings, MemoryDestination({FEED: settings}))
        destination = HttpDestination(http, fixed, Tokens(http, clock, no_secret), clock)
        return sum((await over_twins(FEED, body, destination)).values())


@contextmanager
def _taking() -> Generator[str]:
    """A destination."""
    command = [sys.executable, "-m", "tests.bench.taking_server"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout
            yield f"http://127.0.0.1:{server.stdout.readline().strip()}/records"
        finally:
            server.terminate()


@contextmanager
def _redis(folder: Path) -> Generator[tuple[str, list[int]]]:
    """Redis, which writes each command to its log, as one must to lose nothing, and a worker: its socket, both pids."""
    socket = folder / "redis"
    kept = ["--dir", str(folder), "--appendonly", "yes", "--save", ""]
    server = [str(REDIS), "--port", "0", "--unixsocket", str(socket), "--loglevel", "warning", *kept]
    worker = [sys.executable, "-m", "tests.bench.other_scripts", "worker", str(socket)]
    with (
        subprocess.Popen(server, stdout=subprocess.DEVNULL) as redis,
        subprocess.Popen(worker, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as working,
    ):
        try:
            ready = Path(f"{socket}.ready")
            while not ready.exists():
                assert working.poll() is None, "the worker has not begun"
                asyncio.run(asyncio.sleep(0.1))
            yield str(socket), [redis.pid, working.pid]
        finally:
            working.terminate()
            working.wait()
            redis.terminate()
