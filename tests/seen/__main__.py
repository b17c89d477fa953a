"""python -m tests.seen: what a person sees of work that waits, and of records by their numbers, on the local world.

A file of 2,000 records whose destination fails at one of them: its reason, its attempts and its next try are looked for
by four verbs; healed, it must go on by itself. Then fifty files of invoices, of which 200 are looked for by number;
and a second `penstock up`, which must leave everything as it was.
Prints what was seen, and after how many seconds; the command ends with 1 where anything was not, or too late.
"""

import argparse
import io
import re
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from penstock.feeds import FEEDS
from penstock_ops import world as local_world
from penstock_ops.samples.freight import FREIGHT
from penstock_ops.samples.sample import SampleOptions
from tests.support.deployed import PATIENCE, Deployed, File, counts, until
from tests.support.spots import csv_file, spot

RECORDS, POISON, STATION = 2_000, 1_234, "KPSN"
WHY = "the destination answered 500"
SOON = 10.0  #: seconds within which it must be seen why a file waits
FILES, INVOICES, SOUGHT = 50, 40, 200
TABULATED = 180.0  #: seconds within which what has ended is in the table


def main() -> int:
    """The command line; 1 if anything was not seen, or too late."""
    parser = argparse.ArgumentParser(prog="python -m tests.seen", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"only these: {', '.join(PROOFS)}")
    parser.add_argument("--slow", type=float, default=1, help="so many times as long is soon, on a busy machine")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as environment:
        world = Path(folder) / "world"
        try:
            here = local_world.up(home=world, port=0)
            for name, value in here.environment.items():
                environment.setenv(name, value)
            deployed = Deployed(here)
            try:
                deployed.calm()
                proofs = {name: PROOFS[name] for name in asked.names or PROOFS}
                found = {name: prove(deployed, asked.slow, world) for name, prove in proofs.items()}
            finally:
                deployed.close()
        finally:
            local_world.down(world)
    Console().print_json(data=found)
    return 0 if all(one["as it must be"] for one in found.values()) else 1


def poisoned(deployed: Deployed, slow: float, _: Path) -> dict[str, Any]:
    """A file that one record holds up: who sees why, in seconds after its first failure; then how it ends."""
    deployed.ended(deployed.drop("warm-up.csv", csv_file([spot(1, station=f"{STATION}W")])))
    before = deployed.books()["applied_records"]
    deployed.behave(poison=spot(POISON)["spot_id"])
    file = deployed.drop("poisoned.csv", csv_file(spot(at, station=STATION) for at in range(RECORDS)))
    until(lambda: deployed.books()["faults"].get("poison"), "a batch that fails", PATIENCE * slow)
    failed = time.monotonic()
    looks = {"status": _in_status, "files": _in_files, "report": _in_report, "explain": _in_explain}
    seen = {"the ledger": _seen(_in_ledger, deployed, file, failed)}
    with ThreadPoolExecutor() as together:
        waiting = {verb: together.submit(_seen, look, deployed, file, failed) for verb, look in looks.items()}
    seen |= {verb: one.result() for verb, one in waiting.items()}
    applied = deployed.books()["applied_records"] - before
    deployed.behave(poison=None)
    healed = time.monotonic()
    records = deployed.ended(file, PATIENCE * 10)["records"]
    return {
        "seconds from the first failure until it is seen by": seen,
        "records delivered meanwhile": applied,
        "seconds from the healing to the balance": round(time.monotonic() - healed, 1),
        "records": records,
        "as it must be": max(seen.values()) <= SOON * slow and applied > 0 and records == counts(RECORDS),
    }


def _seen(look: Callable[[Deployed, File], bool], deployed: Deployed, file: File, began: float) -> float:
    """After how many seconds a look, which goes on until then, has seen what the file waits for."""
    until(lambda: look(deployed, file), "what the file waits for", PATIENCE * 3)
    return round(time.monotonic() - began, 1)


def _in_ledger(deployed: Deployed, file: File) -> bool:
    return any(chunk.setback and WHY in chunk.setback.reason for chunk in deployed.chunks(file))


def _in_status(deployed: Deployed, file: File) -> bool:
    return any(_is_said(one) for one in deployed.typed("status", "--json").json["open"] if _is(one, file))


def _in_files(deployed: Deployed, file: File) -> bool:
    return any(_is_said(one["progress"]) for one in deployed.typed("files", "--json").json if _is(one, file))


def _in_report(deployed: Deployed, file: File) -> bool:
    return _is_said(deployed.typed("report", file.file_id, "--json").json["progress"])


def _in_explain(deployed: Deployed, file: File) -> bool:
    story = deployed.typed("explain", file.file_id, str(POISON), "--json").json
    setback = story["chunk"].get("setback", {})
    return WHY in setback.get("reason", "") and any(batch["attempts"] for batch in story.get("batches", ()))


def _is(told: Mapping[str, Any], file: File) -> bool:
    return told["file_id"] == file.file_id


def _is_said(progress: Mapping[str, Any]) -> bool:
    """Whether it is said of a file why it waits, and of the batch how often it was tried, and when it is again: at a
    time, or as soon as somebody is free."""
    return WHY in progress["reason"] and any(
        WHY in batch["reason"] and batch["attempts"] and (wait["next_try"] or wait["state"] != "delayed")
        for wait in progress["waits"]
        for batch in wait["batches"]
    )


def found_by_number(deployed: Deployed, slow: float, _: Path) -> dict[str, Any]:
    """Invoices of many files: those that are looked for by number, by `find` and by `sql`, once the table has them."""
    files: list[File] = []
    sought: list[str] = []
    for number in range(FILES):
        body, numbers = _invoices(number)
        files.append(deployed.drop(f"{number}.edi", body, "freight"))
        sought += numbers[:: INVOICES * FILES // SOUGHT]
    for file in files:
        deployed.ended(file, PATIENCE * 4 * slow)
    conditions = [f"invoice_number={number}" for number in sought]
    began = time.monotonic()
    found = deployed.typed("find", "--feed", "freight", *conditions, "invoice_number=NOBODY", "--json").json
    seconds = round(time.monotonic() - began, 1)
    until(lambda: not deployed.due(), "a table that has all that ended", TABULATED * slow)
    listed = ", ".join(f"'{number}'" for number in sought)
    answer = deployed.typed(
        "sql", f"SELECT invoice_number, outcome FROM outcomes WHERE invoice_number IN ({listed})", "--json"
    ).json
    by_find = {one["values"]["invoice_number"]: one["outcome"] for one in found["records"]}
    by_sql = {one["invoice_number"]: one["outcome"] for one in answer["rows"]}
    wanted = dict.fromkeys(sought, "delivered")
    return {
        "files": len(files),
        "sought": len(sought),
        "found by find": len(by_find),
        "seconds of find": seconds,
        "found by sql": len(by_sql),
        "seconds of sql": answer["seconds"],
        "nobody has": found["not_found"],
        "as it must be": by_find == by_sql == wanted and found["not_found"] == {"invoice_number": ["NOBODY"]},
    }


def _invoices(seed: int) -> tuple[bytes, list[str]]:
    """A file of flawless invoices, and their numbers."""
    out = io.BytesIO()
    FREIGHT.write(out, SampleOptions(records=INVOICES, seed=seed, format="x12"), None)
    body = out.getvalue()
    return body, [match[1] for match in re.findall(r"~\s*(B3\*\*|BIG\*\d+\*)(\w+)", body.decode("latin-1"))]


def up_again(deployed: Deployed, _: float, home: Path) -> dict[str, Any]:
    """What a second `penstock up` changes of what somebody has set since, and of what is in the world."""
    deployed.configure("mro", url="https://mro.example/records", rate_per_second=3.5)
    before = _state(deployed)
    local_world.up(home=home, port=0)
    after = _state(deployed)
    changed = [name for name in before if before[name] != after[name]]
    return {"looked at": list(before), "changed": changed, "as it must be": not changed}


def _state(deployed: Deployed) -> dict[str, Any]:
    functions, outputs = deployed.client("lambda"), deployed.client("cloudformation")
    mappings = functions.list_event_source_mappings()["EventSourceMappings"]
    return {
        "settings": {feed: deployed.settings(feed) for feed in FEEDS},
        "functions": [
            (one["FunctionName"], one["CodeSha256"], one["MemorySize"], one["Timeout"])
            for one in functions.list_functions()["Functions"]
        ],
        "mappings": sorted((one["EventSourceArn"], one["State"]) for one in mappings),
        "outputs": outputs.describe_stacks(StackName=deployed.world.stack)["Stacks"][0]["Outputs"],
        "files": [one["file_id"] for one in deployed.typed("files", "--json").json],
        "records delivered": deployed.books()["applied_records"],
    }


type Proof = Callable[[Deployed, float, Path], dict[str, Any]]
"""(the stack, so many times as long is soon, the world's folder) → what was seen."""

PROOFS: Mapping[str, Proof] = {"poison": poisoned, "invoices": found_by_number, "up-again": up_again}


if __name__ == "__main__":
    sys.exit(main())
