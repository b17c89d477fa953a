"""What a chunk takes at each memory size, in seconds and dollars, of the CPU seconds that it takes here.

Lambda gives a function CPU in proportion to its memory, and one whole vCPU at 1,769 MB ("Configure Lambda function
memory", AWS Lambda Developer Guide). The core works in one thread, so that more than one vCPU is of no use to it, and a
function that waits pays for its memory and not for its CPU.
"""

import asyncio
import io
from statistics import median
from typing import Any

from penstock.account.cost import prices
from penstock.feeds import FEEDS
from penstock_ops.samples import SAMPLES
from penstock_ops.samples.sample import SampleOptions
from tests.bench.pipeline import STAGES
from tests.bench.stages import QUICK, over_twins
from tests.bench.timing import ROUNDS, peak_megabytes

SIZES = (512, 1024, 1769, 3008)
ONE_CPU = 1769
ANSWER = 0.1  #: seconds that a destination takes for a call
FORMATS = {"traffic": "csv", "crew": "ndjson", "mro": "csv", "freight": "x12"}

_ONE_CHUNK = """
import asyncio, sys
from tests.bench.memory import chunk_of
from tests.bench.stages import over_twins
asyncio.run(over_twins(sys.argv[1], chunk_of(sys.argv[1])[0]))
"""


def measure() -> list[dict[str, Any]]:
    """For each feed a whole chunk: peak memory, and its stages at each size."""
    rows: list[dict[str, Any]] = []
    for feed in FORMATS:
        body, records = chunk_of(feed)
        seconds = _by_stage(feed, body)
        peak = peak_megabytes(_ONE_CHUNK, feed)
        rows.append(
            _row(f"{feed}: peak of one process that takes a chunk of {records:,} through all stages", peak, "MB")
        )
        waits = ANSWER * -(-records // (QUICK.batch_records * QUICK.concurrency))
        for stage, waiting in {"validator": 0.0, "dispatcher": waits}.items():
            for size in SIZES:
                took = seconds[stage] * ONE_CPU / min(size, ONE_CPU) + waiting
                cost = took * size / 1024 * prices()["lambda"]["gb_seconds"] / records * 1e6
                rows.append(_row(f"{feed}: {stage} at {size:,} MB", took, "s a chunk", cost))
    return rows


def chunk_of(feed: str) -> tuple[bytes, int]:
    """As many records as one chunk of the feed has, as a file; one of a hundred is faulty."""
    records, body = FEEDS[feed].limits.records, io.BytesIO()
    SAMPLES[feed].write(body, SampleOptions(records, FORMATS[feed], faults=0.01, seed=1), None)
    return body.getvalue(), records


def _by_stage(feed: str, body: bytes) -> dict[str, float]:
    rounds = [asyncio.run(over_twins(feed, body)) for _ in range(ROUNDS)]
    return {stage: median(one[stage] for one in rounds) for stage in STAGES}


def _row(figure: str, value: float, unit: str, cost: float | None = None) -> dict[str, Any]:
    return {"figure": figure, "value": value, "unit": unit, "$ a million records": "–" if cost is None else cost}
