"""What of a stack needs a person, the most urgent first."""

import asyncio
from collections.abc import Iterable, Mapping
from typing import Any

from penstock.account.completion import summary
from penstock.model.defects import is_defect
from penstock.model.findings import Outcome
from penstock.model.lane_names import parts_of
from penstock.model.rows import FileRow
from penstock.operate.sweep import LOOKED_AT
from penstock_ops.operate.moving import by_lane
from penstock_ops.operate.operations import Records
from penstock_ops.operate.progress import is_open

LATEST = 200  #: files that are looked at for what waits in them


async def seen(records: Records) -> dict[str, Any]:
    """One look at the pipe: `needs`, the files that are `open`, `queues`, `circuits`, what is `overdue`, and what moves
    in the `lanes`, each with the circuit that its records go through."""
    opened, rows, queues, circuits = await asyncio.gather(
        records.open_files(), records.ledger.files(LATEST), records.depths(), records.circuits()
    )
    overdue, wrong, faults, lanes = await asyncio.gather(
        records.overdue(), records.wrong_settings(), records.faults(), _lanes(records, rows, circuits)
    )
    needs = [
        *_of_circuits(circuits),
        *({"what": "settings", "name": name, "why": "; ".join(problems)} for name, problems in wrong.items()),
        *_of_letters(queues),
        *({"what": "overdue", "name": one["feed"], "count": one["files"], "why": _late(one)} for one in overdue),
        *_of_files(rows, records.clock.now()),
        *({"what": "look", "name": one["look"], "why": f"{one['error']} at {one['about']}"} for one in faults),
    ]
    return {
        "needs": needs, "open": opened, "queues": queues, "circuits": circuits, "overdue": overdue, "lanes": lanes
    }  # fmt: skip


async def _lanes(records: Records, latest: Iterable[FileRow], circuits: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Every lane that has a destination of its own, or in which something moves."""
    opened = [row for row in await records.ledger.open_files(LOOKED_AT) if is_open(row)]
    moving = await by_lane(records.ledger, records.directory, opened, latest, records.clock.now())
    return {
        name: moving.get(name, {}) | circuits.get(name, circuits.get(parts_of(name)[0], {}))
        for name in sorted(circuits.keys() | moving.keys())
    }


def _of_circuits(circuits: Mapping[str, Mapping[str, Any]]) -> Iterable[dict[str, Any]]:
    return (
        {"what": "circuit", "name": name, "why": f"{one['circuit']} since {one['opened_at']}: {one['why']}"}
        for name, one in circuits.items()
        if one["circuit"] != "closed"
    )


def _of_letters(queues: Mapping[str, Mapping[str, int]]) -> Iterable[dict[str, Any]]:
    return (
        {"what": "letters", "name": name, "count": sum(depth.values()), "why": "messages that a stage has given up on"}
        for name, depth in queues.items()
        if name.endswith("DLQ") and sum(depth.values())
    )


def _late(one: Mapping[str, Any]) -> str:
    return f"due within {one['deadline_hours']:g} h; {one['oldest']['key']} is open since {one['oldest']['open_since']}"


def _of_files(rows: Iterable[FileRow], now: float) -> Iterable[dict[str, Any]]:
    """What waits in the latest files, a line for each kind; and those that Penstock itself has failed at."""
    told = [summary(row, now) for row in rows]
    words = {
        Outcome.UNKNOWN: "sent, and never answered: ask the destination",
        Outcome.DEAD: "came to a stop with a chunk: mend the cause, then replay",
        Outcome.HELD: "waiting for somebody's word",
    }
    for outcome, why in words.items():
        number = sum(one["records"][outcome] for one in told)
        if number:
            name = f"{outcome} record" if number == 1 else f"{outcome} records"
            yield {"what": str(outcome), "name": name, "count": number, "why": why}
    refused = [one for one in told if one["refused"]]
    ours = [one for one in refused if is_defect(one["refused"]["code"])]
    if ours:
        name = "file that Penstock failed at" if len(ours) == 1 else "files that Penstock failed at"
        yield {"what": "defect", "name": name, "count": len(ours), "why": ours[0]["key"]}
    if theirs := len(refused) - len(ours):
        name, why = ("refused file", "its sender has") if theirs == 1 else ("refused files", "their senders have")
        yield {"what": "refused", "name": name, "count": theirs, "why": f"{why} to mend it"}
