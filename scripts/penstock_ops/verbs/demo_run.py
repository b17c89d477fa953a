"""The demo: a world from nothing, generated files through it, and where every record ended."""

import asyncio
import json
import shutil
import time
import urllib.request
from pathlib import Path
from typing import Any

from rich.text import Text

from penstock_ops import world
from penstock_ops.console import screens
from penstock_ops.console.progress import file_bars
from penstock_ops.operate import operations
from penstock_ops.operate.waiting import wait_for
from penstock_ops.samples import SAMPLES
from penstock_ops.samples.sample import SampleOptions
from penstock_ops.verbs.world import bring_up

FOLDER = world.HOME / "demo"  #: where the demo's files and what came of them can be looked at
SCANNED = 3  #: pages, each a form of another kind
PATIENCE = 600  #: seconds, until all of them have ended


def run_demo(records: int, *, keep: bool, quiet: bool) -> dict[str, Any]:
    """Runs it; the files' reports, the seconds from nothing to the first balance, and what arrived at the API."""
    began = time.monotonic()
    was_up = world.status().world is not None
    here = bring_up({}, quiet=quiet)
    try:
        return _run(here, records, began, quiet)
    finally:
        if not keep and not was_up:
            world.down()


def _run(here: world.World, records: int, began: float, quiet: bool) -> dict[str, Any]:
    outputs = operations.connect(None)
    keys: dict[str, str] = {}
    for key, path in _files(records).items():
        dropped = operations.drop(outputs, path, key, lambda _: None)
        keys[dropped.file_id] = dropped.key
    dropped_after = time.monotonic() - began
    with file_bars(keys, quiet) as advance:
        reports = asyncio.run(wait_for(outputs, keys, PATIENCE, advance))
    first = dropped_after + min(report["waited"] for report in reports.values() if report["balanced"])
    rejects = asyncio.run(_save_rejects(outputs, list(keys)))
    # Never by a proxy: the API is on this machine.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(f"{here.demo_api}/_demo/ledger?feed=traffic") as answer:
        arrived = answer.read().decode()
    seen: dict[str, Any] = json.loads(arrived)
    answer = {"seconds_to_first_balance": round(first, 1), "files": [reports[one] for one in keys], "destination": seen}
    if not quiet:
        for file_id in keys:
            screens.out.print()
            screens.account(reports[file_id])
            if file_id in rejects:
                screens.out.print(f"    rejects, to mend and drop again: {rejects[file_id]}", soft_wrap=True)
        screens.out.print(f"\nfrom nothing to the first balance: {first:.1f} s")
        screens.out.print(Text("\nwhat the API behind it saw", "bold"))
        screens.facts(seen, indent=2)
        screens.out.print("\n`penstock up` keeps a world running; then: penstock drop, files, report, rejects, explain")
    return answer


def _files(records: int) -> dict[str, Path]:
    """By their keys: a large log with all kinds of faults, a trade export, NDJSON, that again under another name, no
    log, and forms about towers as they come from a scanner."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    plans = {
        "monday.csv": SampleOptions(records, "csv", faults=0.02, seed=1, destination_faults=True),
        "trade-export.tsv": SampleOptions(records // 4, "tsv", faults=0.01, seed=2, spelling="trade"),
        "tuesday.ndjson": SampleOptions(records // 4, "ndjson", faults=0.01, seed=3),
    }
    paths: list[Path] = []
    for name, options in plans.items():
        paths.append(FOLDER / name)
        with paths[-1].open("wb") as out:
            SAMPLES["traffic"].write(out, options, None)
    again = FOLDER / "tuesday-again.ndjson"
    shutil.copy(paths[-1], again)
    no_log = FOLDER / "holiday-picture.csv"
    no_log.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(1000))
    scan = FOLDER / "scan.tif"
    with scan.open("wb") as out:
        SAMPLES["tower"].write(out, SampleOptions(SCANNED, "tiff", seed=4), None)
    return {f"traffic/{path.name}": path for path in (*paths, again, no_log)} | {f"tower/{scan.name}": scan}


async def _save_rejects(outputs: dict[str, str], file_ids: list[str]) -> dict[str, Path]:
    saved: dict[str, Path] = {}
    async with operations.records_of(outputs) as records:
        for file_id in file_ids:
            body = await records.rejects(file_id)
            if body is not None:
                saved[file_id] = FOLDER / f"{file_id}.rejects.csv"
                saved[file_id].write_bytes(body)
    return saved
