"""The twin of what makes parts of the table of outcomes: rows as JSON, a line each, with the same columns."""

import json
from collections.abc import Sequence
from typing import Any

from penstock.model.findings import Outcome
from penstock.outputs.accepted import load_accepted
from penstock.ports.tables import Batch, Endings
from penstock.tabulate.columns import columns


class MemoryTables:
    """As `Tables`."""

    async def written(self, chunks: Sequence[Endings], fields: Sequence[str], *, content: bool) -> tuple[bytes, int]:
        """As `Tables.written`."""
        rows = [row for chunk in chunks for row in _rows_of(chunk, fields, content)]
        return "".join(f"{json.dumps(row)}\n" for row in rows).encode(), len(rows)

    async def merged(self, parts: Sequence[bytes]) -> bytes:
        """As `Tables.merged`."""
        return b"".join(parts)


def rows_in(part: bytes) -> list[dict[str, Any]]:
    """The rows of a part."""
    return [json.loads(line) for line in part.splitlines()]


def _rows_of(chunk: Endings, fields: Sequence[str], content: bool) -> list[dict[str, Any]]:
    accepted = {one.ordinal: one for one in load_accepted(chunk.accepted)}
    told: dict[int, Any] = {line["ordinal"]: line for line in chunk.told}
    batches: dict[int, Batch] = {ordinal: batch for batch in chunk.batches for ordinal in batch.ordinals}
    rows: list[dict[str, Any]] = []
    for ordinal in sorted(accepted.keys() | told.keys()):
        record, line, batch = accepted.get(ordinal), told.get(ordinal, {}), batches.get(ordinal)
        payload: dict[str, Any] = json.loads(record.payload) if record else line.get("values", {})
        known = {
            "file_id": chunk.file_id,
            "ordinal": ordinal,
            "key": chunk.key,
            "outcome": line.get("outcome", str(Outcome.DELIVERED)),
            "codes": line.get("codes", []),
            "of_record": line.get("of"),
            "batch": batch.id if batch else line.get("batch"),
            "dropped_at": chunk.dropped_at,
            "sent_at": batch.sent_at if batch else None,
            "ended_at": chunk.ended_at,
            "raw_digest": record.raw if record else line.get("raw"),
            "payload_digest": record.digest if record else None,
            "revision": record.revision if record else None,
            "chunk": chunk.chunk,
            "fence": chunk.fence,
            "content": record.payload.decode() if record and content else None,
            **{name: None if payload.get(name) is None else str(payload[name]) for name in fields},
        }
        rows.append({name: known.get(name) for name in columns()})
    return rows
