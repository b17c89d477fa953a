"""Batches of unknown outcome: listed for whoever asks the destination about them, and decided by what it says."""

import re
from typing import Any

from penstock.account.completion import complete_file
from penstock.io.auditing import audit
from penstock.model.findings import Outcome
from penstock.model.ordinals import folded
from penstock.model.rows import BatchState, FileRow
from penstock.operate.decide import broken_off
from penstock.operate.resolve import Unknown, resolve, unknowns_of
from penstock.ports.ledger import Ledger
from penstock_ops.operate.errors import NotFound
from penstock_ops.operate.reporting import LAST, SHORTEST
from penstock_ops.operate.stack_ports import StackPorts
from penstock_ops.operate.times import utc

LATEST = 1000  #: files that are looked through, where none is named


async def unknown_batches(ledger: Ledger, row: FileRow | None) -> list[dict[str, Any]]:
    """The batches of unknown outcome of one file, or of all the latest."""
    rows = [row] if row else await ledger.files(LATEST)
    return [
        described(file, unknown)
        for file in rows
        if file.counted[Outcome.UNKNOWN]
        for unknown in await unknowns_of(ledger, file.file.file_id)
    ]


def described(row: FileRow, unknown: Unknown) -> dict[str, Any]:
    """A batch for people and machines."""
    batch = unknown.batch
    return {
        "batch_id": unknown.batch_id,
        "feed": row.file.feed,
        "file_id": row.file.file_id,
        "key": row.file.dropped.key,
        "records": folded(batch.ordinals),
        "count": len(batch.ordinals),
        "first_sent": None if batch.first_sent_at is None else utc(batch.first_sent_at),
        "attempts": batch.attempts,
        "destination": batch.sent.destination if batch.sent else None,
        "reason": batch.reason or None,
    }


async def decide(ports: StackPorts, batch_id: str, *, delivered: bool, note: str) -> dict[str, Any]:
    """Ends a batch as its operator says, and has the file's reports written anew; the batch, with its `outcome`. The
    audit has it before.

    Raises:
        NotFound: there is none to be decided.
        NotToBeDecided: it has been decided otherwise, or its chunk is in the middle of a replay.
        Busy: somebody else decides it right now.
        Transient: something broke; do it again.
    """
    row, unknown = await _find(ports, await _whole(ports.ledger, batch_id))
    batch_id = unknown.batch_id
    detail = {
        "by": ports.operator,
        "note": note,
        "batch_id": batch_id,
        "decision": "delivered" if delivered else "not delivered",
        "feed": row.file.feed,
        "file_id": row.file.file_id,
        "records": folded(unknown.batch.ordinals),
    }
    await audit(ports.store, "UnknownDecided", ports.clock.now(), detail)
    await resolve(ports, row, unknown, delivered=delivered)
    await complete_file(ports, row.file.file_id)
    return described(row, unknown) | {"outcome": str(Outcome.DELIVERED if delivered else Outcome.DEAD)}


_BATCH_ID = re.compile(r"([0-9a-f]{20})-([0-9]{6,})-([0-9]{3,})", re.ASCII)


async def _whole(ledger: Ledger, said: str) -> str:
    """The batch's id, of which the beginning was said, or `last`."""
    if _BATCH_ID.fullmatch(said):
        return said
    there = [one["batch_id"] for one in await unknown_batches(ledger, None)]
    found = there[:1] if said == LAST else [one for one in there if len(said) >= SHORTEST and one.startswith(said)]
    if len(found) > 1:
        raise NotFound(f"{said} is the beginning of {len(found)} batches: {', '.join(found[:3])}")
    return found[0] if found else said


async def _find(ports: StackPorts, batch_id: str) -> tuple[FileRow, Unknown]:
    parts = _BATCH_ID.fullmatch(batch_id)
    if parts is None:
        raise NotFound(f"{batch_id!r} is no batch's id; `penstock unknown list` shows those that can be decided")
    file_id, place, number = parts[1], int(parts[2]), int(parts[3])
    row, chunk = await ports.ledger.file(file_id), await ports.ledger.chunk(file_id, place)
    for batch in await ports.ledger.batches(file_id, place):
        if row and chunk and batch.number == number:
            found = Unknown(chunk, batch)
            broke_off = await broken_off(ports.store, chunk) == folded(batch.ordinals)
            if batch.state is BatchState.UNKNOWN or broke_off:
                return row, found
    raise NotFound(f"batch {batch_id} is not of unknown outcome; `penstock unknown list` shows those that are")
