"""The batches of the ledger, each written under the lease on its chunk."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import batched

from penstock.adapters.aws_items import Item, number, text
from penstock.adapters.aws_ledger import told
from penstock.adapters.aws_ledger.items import CHANGED, GOING, STATE, batch_key, batch_row, chunk_key, going
from penstock.adapters.aws_ledger.leases import FENCED
from penstock.adapters.aws_ledger.table import LedgerTable
from penstock.model import versions
from penstock.model.ids import chunk_name
from penstock.model.ordinals import folded
from penstock.model.rows import BatchRow, BatchState, ChunkRow

TRANSACTED = 90  #: items written in one transaction beside its condition checks; DynamoDB takes 100


@dataclass(frozen=True, slots=True)
class DynamoBatches(LedgerTable):
    """The batches of `Ledger`."""

    async def batches(self, file_id: str, chunk: int) -> list[BatchRow]:
        """As `Ledger.batches`."""
        rows = [batch_row(item) for item in await self._query_file(file_id, f"BATCH#{chunk_name(chunk)}#")]
        return sorted(rows, key=lambda row: row.number)

    async def fix_batches(self, chunk: ChunkRow, fence: int, batches: Sequence[BatchRow]) -> None:
        """As `Ledger.fix_batches`."""
        for group in batched(batches, TRANSACTED, strict=False):
            items = [self._fixed(chunk, batch) for batch in group]
            for item in items:
                told.made(item)
            puts = [
                {"Put": {"TableName": self.table, "Item": item, "ConditionExpression": "attribute_not_exists(pk)"}}
                for item in items
            ]
            await self._transact(self._holding(chunk, fence), *puts)

    def _fixed(self, chunk: ChunkRow, batch: BatchRow) -> Item:
        """A batch's row as it begins."""
        return {
            **batch_key(chunk, batch.number),
            "state": text(batch.state),
            "ordinals": text(folded(batch.ordinals)),
            "round": number(batch.generation),
            "attempts": number(0),
            "v": number(versions.BATCH),
            "reason": text(batch.reason),
            "expires_at": self._expiry(),
        }

    async def begin_attempt(self, chunk: ChunkRow, fence: int, batch: BatchRow, now: float) -> BatchRow:
        """As `Ledger.begin_attempt`."""
        first = now if batch.first_sent_at is None else batch.first_sent_at
        begun = replace(batch, attempts=batch.attempts + 1, first_sent_at=first, unanswered=True)
        await self._write_batch(
            chunk,
            fence,
            batch,
            "SET attempts = :attempts, first_sent_at = :first, unanswered = :yes, sent = :sent",
            {
                ":attempts": number(begun.attempts),
                ":first": number(first),
                ":yes": {"BOOL": True},
                ":sent": text(json.dumps(asdict(batch.sent) if batch.sent else None)),
            },
        )
        return begun

    async def note_answer(self, chunk: ChunkRow, fence: int, batch: BatchRow) -> None:
        """As `Ledger.note_answer`."""
        await self._write_batch(
            chunk, fence, batch, "SET unanswered = :unanswered", {":unanswered": {"BOOL": batch.unanswered}}
        )

    async def end_batch(self, chunk: ChunkRow, fence: int, batch: BatchRow) -> None:
        """As `Ledger.end_batch`."""
        await self._write_batch(
            chunk,
            fence,
            batch,
            "SET #state = :state, refused = :refused, #returned = :returned, unanswered = :unanswered,"
            " reason = :reason, answered = :answered",
            {
                ":state": text(batch.state),
                ":refused": text(folded(batch.refused)),
                ":returned": text(folded(batch.returned)),
                ":unanswered": {"BOOL": batch.unanswered},
                ":reason": text(batch.reason),
                ":answered": text(batch.answered),
                ":held": text(BatchState.HELD),
            },
            {"#returned": "returned"},
            "#state IN (:attempted, :unknown, :held)",
        )

    async def _write_batch(
        self,
        chunk: ChunkRow,
        fence: int,
        batch: BatchRow,
        update: str,
        values: Item,
        names: Mapping[str, str] | None = None,
        condition: str = "#state IN (:attempted, :unknown)",
    ) -> None:
        """Writes a batch that is on its way, under the lease on its chunk."""
        on_its_way = {":attempted": text(BatchState.ATTEMPTED), ":unknown": text(BatchState.UNKNOWN)}
        await self._transact(
            self._holding(chunk, fence),
            self._updating(
                batch_key(chunk, batch.number),
                f"{update}, {CHANGED}",
                condition,
                values | on_its_way | self._changed(versions.BATCH),
                STATE | dict(names or {}),
            ),
        )

    def _holding(self, chunk: ChunkRow, fence: int) -> Item:
        """The condition that we still hold the chunk."""
        return {
            "ConditionCheck": {
                "TableName": self.table,
                "Key": chunk_key(chunk.file_id, chunk.span.chunk),
                "ConditionExpression": f"{GOING} AND {FENCED}",
                "ExpressionAttributeNames": STATE,
                "ExpressionAttributeValues": {":fence": number(fence), **going()},
            }
        }
