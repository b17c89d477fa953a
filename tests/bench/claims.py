"""What a claim costs in CPU by our client of DynamoDB, and by botocore's: over TLS, with certificates, on connections
kept alive, of which each client may have fifty.

The server is a process of its own that takes calls apart no further than it must (`tests.bench.claims_server`), so that
neither waits for it; what it answers is what DynamoDB answers to new claims.
"""

import asyncio
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

from aiobotocore.session import get_session  # pyright: ignore[reportUnknownVariableType]

from penstock.adapters.aws_claims import AT_ONCE, DynamoClaims
from penstock.adapters.aws_clients import CONFIG
from penstock.adapters.dynamodb import dynamodb_like
from penstock.adapters.system_clock import SystemClock
from penstock.model.rows import Owner
from penstock_ops.world import tls
from tests.bench.timing import ROUNDS, row

FEED = "traffic"
CLAIMED = 5_000  #: by one chunk
CHUNKS = 6  #: under way at once, so that the connections are nearly all in use
BOTOCORE, OURS = "botocore's client", "our client"


def measure() -> list[dict[str, Any]]:
    """CPU of this process a claim, by either client, in turn."""
    least = claims_cpu()
    rows = [row(f"a claim by {name}", seconds * 1e6, "µs CPU") for name, seconds in least.items()]
    rows.append(row("connections in use at most", float(CHUNKS * AT_ONCE), "connections"))
    rows.append(row("a claim by our client, against botocore's", least[OURS] / least[BOTOCORE], "ratio"))
    return rows


def claims_cpu() -> dict[str, float]:
    """CPU seconds a claim, the least of some rounds, by client."""
    with (
        tempfile.TemporaryDirectory() as folder,
        _answering(Path(folder)) as environment,
        patch.dict(os.environ, environment),
    ):
        return asyncio.run(_in_turn())


async def _in_turn() -> dict[str, float]:
    session: Any = get_session()
    least: dict[str, float] = {BOTOCORE: float("inf"), OURS: float("inf")}
    async with (
        session.create_client("dynamodb", config=CONFIG) as theirs,
        dynamodb_like(theirs, session, SystemClock()) as ours,
    ):
        for _ in range(ROUNDS + 1):
            for name, client in ((BOTOCORE, theirs), (OURS, ours)):
                least[name] = min(least[name], await _a_claim(client))
    return least


async def _a_claim(client: Any) -> float:
    claims = DynamoClaims(client, "Claims", SystemClock(), ttl_seconds=3600)
    chunks = [
        {f"{at:032x}": Owner("f" * 20, chunk, at, f"{at:032x}") for at in range(chunk * CLAIMED, (chunk + 1) * CLAIMED)}
        for chunk in range(CHUNKS)
    ]
    began = time.process_time()
    done = await asyncio.gather(*(claims.claim(FEED, wanted) for wanted in chunks))
    seconds = time.process_time() - began
    assert done == chunks
    return seconds / (CHUNKS * CLAIMED)


@contextmanager
def _answering(folder: Path) -> Generator[dict[str, str]]:
    """A server, and the environment by which clients find it."""
    shown = tls.identity(folder)
    command = [sys.executable, "-m", "tests.bench.claims_server", str(shown.certificate), str(shown.key)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout
            yield {
                "AWS_ENDPOINT_URL": f"https://127.0.0.1:{server.stdout.readline().strip()}",
                "AWS_CA_BUNDLE": str(shown.certificate),
                "AWS_DEFAULT_REGION": "us-east-1",
                "AWS_ACCESS_KEY_ID": "A" * 20,
                "AWS_SECRET_ACCESS_KEY": "s" * 40,
                "AWS_SESSION_TOKEN": "t" * 1000,  # about as long as a role's
                "NO_PROXY": "127.0.0.1",
            }
        finally:
            server.terminate()
