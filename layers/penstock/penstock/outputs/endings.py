"""What the stages wrote about a chunk that has ended, put together: for the table of outcomes, and for receipts."""

import csv
import io
from collections.abc import AsyncIterator, Mapping

from penstock.feeds import feed_named
from penstock.feeds.feed import Feed
from penstock.model import ids
from penstock.model.findings import Outcome
from penstock.model.messages import Layout
from penstock.model.rows import BatchRow, ChunkRow, FileRow
from penstock.outputs import rejects
from penstock.outputs.accepted import COLUMNS, dump_accepted, load_accepted
from penstock.outputs.outcomes import codes_of, load_lines, outcome_lines_of, rejects_of
from penstock.outputs.work import read_work
from penstock.ports.ledger import Ledger
from penstock.ports.object_store import ObjectStore
from penstock.ports.tables import Batch, Endings

_PRESENT = " ".join(COLUMNS).encode()


async def endings_of(ledger: Ledger, store: ObjectStore, file: FileRow, chunk: ChunkRow) -> Endings:
    """How this chunk's records ended, the last time that it did.

    Raises:
        NewerRelease: a newer release has written something of it, in a form that this one does not know.
        Transient: something could not be read.
    """
    feed, file_id = feed_named(file.file.feed), file.file.file_id
    lines = await outcome_lines_of(store, chunk)
    values = await _rejected(store, feed, chunk, chunk.span.layout or file.layout)
    raws = await _raws(store, chunk)
    told = [
        {
            "ordinal": ordinal,
            "outcome": line["outcome"],
            "codes": list(dict.fromkeys(codes_of(line))),
            "of": line.get("of"),
            "batch": line.get("batch"),
            "raw": raws.get(ordinal),
            "values": values.get(ordinal, {}),
        }
        for ordinal, line in lines.items()
    ]
    return Endings(
        file_id=file_id,
        key=file.file.dropped.key,
        chunk=chunk.span.chunk,
        fence=chunk.ended_under,
        dropped_at=file.opened_at,
        ended_at=chunk.settled_at or file.opened_at,
        accepted=await _accepted(store, chunk),
        told=told,
        batches=_batches(chunk, await ledger.batches(file_id, chunk.span.chunk)),
    )


async def _accepted(store: ObjectStore, chunk: ChunkRow) -> bytes:
    """The lines of what was accepted, each record's last."""
    bodies = [body async for body in _generations(store, chunk, "accepted")]
    if len(bodies) == 1 and _PRESENT in bodies[0].partition(b"\n")[0]:
        return bodies[0]
    return dump_accepted({one.ordinal: one for body in bodies for one in load_accepted(body)}.values())


async def _raws(store: ObjectStore, chunk: ChunkRow) -> dict[int, str]:
    """SHA-256 of the raw bytes of who was found something of."""
    bodies = [body async for body in _generations(store, chunk, "findings.ndjson")]
    lines = [line for body in bodies for line in load_lines(body)]
    return {line["ordinal"]: line["sha256"] for line in lines if "ordinal" in line and "sha256" in line}


async def _generations(store: ObjectStore, chunk: ChunkRow, name: str) -> AsyncIterator[bytes]:
    """What the validator wrote by this name, the first time and each time that it judged again."""
    for generation in range(chunk.generation + 1):
        body = await read_work(store, chunk, name, generation)
        if body:
            yield body


async def _rejected(
    store: ObjectStore, feed: Feed, chunk: ChunkRow, layout: Layout | None
) -> Mapping[int, Mapping[str, str]]:
    """By what rejected records are found, as far as their rows tell: as their sender wrote it."""
    if not chunk.counted[Outcome.REJECTED] or layout is None:
        return {}
    names = [feed.field_of(name) or name for name in rejects.source_columns(feed, layout)]
    wanted = [(at, name) for at, name in enumerate(names) if name in feed.found_by]
    text = (await rejects_of(store, chunk)).decode("utf-8", "replace")
    return {
        int(row[rejects.ORDINAL]): {name: cell for at, name in wanted if (cell := row[at].removeprefix("'"))}
        for row in csv.reader(io.StringIO(text, newline=""))
    }


def _batches(chunk: ChunkRow, rows: list[BatchRow]) -> list[Batch]:
    """The batches that say a record's outcome: of several the last."""
    says: dict[int, BatchRow] = {}
    for row in sorted(rows, key=lambda row: (row.generation, row.number)):
        says |= {ordinal: row for ordinal in row.ordinals if row.outcome_of(ordinal) is not None}
    of: dict[int, list[int]] = {}
    for ordinal, row in says.items():
        of.setdefault(row.number, []).append(ordinal)
    by_number = {row.number: row for row in rows}
    return [
        Batch(
            ids.batch_id(chunk.file_id, chunk.span.chunk, number),
            by_number[number].first_sent_at,
            ordinals,
            by_number[number].answered,
        )
        for number, ordinals in of.items()
    ]
