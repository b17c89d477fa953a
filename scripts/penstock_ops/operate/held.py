"""Held records: listed for the scheduler who decides them, and released or refused by that word."""

import json
from typing import Any

from penstock.account.completion import complete_file
from penstock.feeds import feed_named
from penstock.io.auditing import audit
from penstock.model import ids
from penstock.model.findings import Outcome
from penstock.model.ordinals import folded
from penstock.model.rows import FileRow
from penstock.operate.hold import Held, chosen, held_of, plan_release, refuse
from penstock.operate.replay import begin_replay
from penstock.outputs.accepted import load_accepted
from penstock.outputs.work import read_work
from penstock.ports.ledger import Ledger
from penstock.ports.object_store import ObjectStore
from penstock_ops.operate.circuits import destination_of, ensure_closed
from penstock_ops.operate.replays import Asked, Prepared, ensure_it_has_records, ordinals_of
from penstock_ops.operate.stack_ports import StackPorts
from penstock_ops.operate.times import utc

LATEST = 1000  #: files that are looked through, where none is named


async def held_records(
    ledger: Ledger, store: ObjectStore, row: FileRow | None = None, feed: str | None = None
) -> list[dict[str, Any]]:
    """The held records of one file, or of all the latest; of one feed only, if one is named."""
    rows = [row] if row else [one for one in await ledger.files(LATEST) if feed in (None, one.file.feed)]
    return [
        record
        for file in rows
        if file.counted[Outcome.HELD]
        for held in await held_of(ledger, store, file.file.file_id)
        for record in await _told(ledger, store, file, held)
    ]


async def _told(ledger: Ledger, store: ObjectStore, row: FileRow, held: Held) -> list[dict[str, Any]]:
    """Held records of a chunk for people and machines: which they are, by the fields of their identity, what was found
    of them, and since when they wait."""
    file, identities = row.file, await _identities(ledger, store, row, held)
    return [
        {
            "record": ids.trace(file.file_id, ordinal),
            "feed": file.feed,
            "file_id": file.file_id,
            "ordinal": ordinal,
            "key": file.dropped.key,
            "identity": identities.get(ordinal, {}),
            "findings": outcome_line.get("findings", []),
            "since": utc(outcome_line["since"]),
        }
        for ordinal, outcome_line in held.outcome_lines.items()
    ]


async def _identities(ledger: Ledger, store: ObjectStore, row: FileRow, held: Held) -> dict[int, dict[str, Any]]:
    chunk, feed, found = held.chunk, feed_named(row.file.feed), dict[int, dict[str, Any]]()
    batches = await ledger.batches(chunk.file_id, chunk.span.chunk)
    for generation in sorted(
        {batch.generation for batch in batches if held.outcome_lines.keys() & set(batch.ordinals)}
    ):
        body = await read_work(store, chunk, "accepted", generation) or b""
        for one in load_accepted(body):
            if one.ordinal in held.outcome_lines:
                record = json.loads(one.payload)
                found[one.ordinal] = {name: record[name] for name in feed.identity if name in record}
    return found


async def prepare_release(ports: StackPorts, row: FileRow, records: str) -> Prepared:
    """The release of a file's records, "3,7-9". Nothing is changed.

    Raises:
        NotToBeReplayed: the file has no such records, or not yet.
        NotToBeDecided: some of them are not held, or cannot be released yet.
    """
    held = await _chosen(ports, row, records)
    asked = Asked(row.file.file_id, records=records)
    return Prepared(asked, row, plan_release(row, held), [one.chunk for one in held])


async def begin_release(ports: StackPorts, prepared: Prepared, *, by: str, note: str) -> None:
    """Sends it on its way; the audit has it before.

    Raises:
        NotClosed: the feed's circuit is not closed.
        Transient: not everything was sent. What was begun is sent again by the sweeper, or by `penstock resend`.
    """
    await ensure_closed(ports.throttle, [destination_of(prepared.row.file, ports.lanes)])
    records = prepared.asked.records or ""
    await audit(ports.store, "HeldReleased", ports.clock.now(), _detail(ports, prepared.row, records, by, note))
    await begin_replay(ports, prepared.replay)


async def still_held(ports: StackPorts, prepared: Prepared) -> str:
    """Which of the released records are held still, as "3,7-9": another generation of their chunk came between."""
    asked = set(ordinals_of(prepared.asked.records or "", prepared.row.received))
    held = await held_of(ports.ledger, ports.store, prepared.asked.file_id)
    return folded(sorted(asked.intersection(at for one in held for at in one.outcome_lines)))


async def refuse_all(ports: StackPorts, row: FileRow, records: str, *, by: str, note: str) -> dict[str, Any]:
    """Rejects a file's held records, and has its reports written anew; what was done. The audit has it before.

    Raises:
        NotToBeReplayed: the file has no such records, or not yet.
        NotToBeDecided: some of them are not held, or a chunk of theirs is in the middle of another generation.
        Busy: somebody else decides them right now.
        Transient: something broke; do it again.
    """
    held = await _chosen(ports, row, records)
    detail = _detail(ports, row, records, by, note)
    await audit(ports.store, "HeldRefused", ports.clock.now(), detail)
    for one in held:
        await refuse(ports, row, one, note)
    await complete_file(ports, row.file.file_id)
    count = sum(len(one.outcome_lines) for one in held)
    return {"file_id": row.file.file_id, "key": row.file.dropped.key, "records": records, "count": count}


async def _chosen(ports: StackPorts, row: FileRow, records: str) -> list[Held]:
    ensure_it_has_records(row)
    return await chosen(ports.ledger, ports.store, row, ordinals_of(records, row.received))


def _detail(ports: StackPorts, row: FileRow, records: str, by: str, note: str) -> dict[str, Any]:
    """What the audit says of a decision: `by` is who ran the command, `scheduler` who has decided."""
    return {
        "by": ports.operator,
        "scheduler": by or ports.operator,
        "note": note,
        "feed": row.file.feed,
        "file_id": row.file.file_id,
        "records": records,
    }
