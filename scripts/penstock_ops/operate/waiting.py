"""Waiting until dropped files have ended."""

import asyncio
import time
from collections.abc import Callable, Mapping
from typing import Any

from penstock.model.errors import PenstockError
from penstock.model.rows import FileState
from penstock_ops.operate.operations import records_of

ENDED = (FileState.SETTLED, FileState.REFUSED, FileState.UNPACKED)
PAUSE = 0.2  #: seconds from one look to the next


async def wait_for(
    outputs: Mapping[str, str],
    keys: Mapping[str, str],
    patience: float,
    advance: Callable[[str, int, int | None], None],
) -> dict[str, dict[str, Any]]:
    """The reports of files (id → key) once they have all ended, in that order; `advance` hears of each until then how
    many of its records have ended, and of how many. Each report has `waited`, the seconds from this call to its end.

    Raises:
        PenstockError: some have not ended within `patience` seconds.
    """
    began, reports = time.monotonic(), dict[str, dict[str, Any]]()
    async with records_of(outputs) as records:
        while len(reports) < len(keys):
            if time.monotonic() - began > patience:
                late = ", ".join(sorted(key for file_id, key in keys.items() if file_id not in reports))
                raise PenstockError(f"after {patience:.0f} s not settled: {late}; `penstock status` shows the queues")
            for file_id in keys.keys() - reports.keys():
                row = await records.ledger.file(file_id)
                if row is None:
                    continue
                advance(file_id, sum(row.counted.values()), row.received or None)
                if row.state in ENDED:
                    waited = round(time.monotonic() - began, 1)
                    reports[file_id] = await records.report(file_id) | {"waited": waited}
            await asyncio.sleep(PAUSE)
    return reports
