"""Each feed's generated files through the real core over the twins: CPU seconds a million records, by stage. Claims,
histories and the archive's digests are in it, waiting for the network is not.

And the maintenance records that one worker does, against the 50,000 that an hour may bring.
"""

import asyncio
import io
from typing import Any

from penstock_ops.samples import SAMPLES
from penstock_ops.samples.sample import SampleOptions
from tests.bench.pipeline import STAGES
from tests.bench.stages import over_twins
from tests.bench.timing import row

RECORDS = {"traffic": 50_000, "crew": 10_000, "mro": 50_000, "freight": 5_000}
AN_HOUR = 50_000  #: maintenance records
ROUNDS = 3


def measure() -> list[dict[str, Any]]:
    """The least of some rounds, for each feed and format; one record of a hundred is faulty."""
    rows: list[dict[str, Any]] = []
    for feed, records in RECORDS.items():
        for name in SAMPLES[feed].formats:
            body = _sample(feed, name, records)
            rounds = [asyncio.run(over_twins(feed, body)) for _ in range(ROUNDS)]
            least = {stage: min(seconds[stage] for seconds in rounds) for stage in STAGES}
            one_worker = sum(least.values())
            rows += [row(f"{feed} {name}: {stage}", one / records * 1e6, "s a million") for stage, one in least.items()]
            rows.append(row(f"{feed} {name}: all three", one_worker / records * 1e6, "s a million"))
            rows.append(row(f"{feed} {name}: one worker does", records / one_worker, "records a second"))
            if feed == "mro":
                rows.append(
                    row(f"{feed} {name}: of what an hour brings", records / one_worker * 3600 / AN_HOUR, "times")
                )
    return rows


def _sample(feed: str, name: str, records: int) -> bytes:
    body = io.BytesIO()
    SAMPLES[feed].write(body, SampleOptions(records, name, faults=0.01), None)
    return body.getvalue()
