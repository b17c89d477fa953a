"""A file's records page by page: how each ended and why, never what is in it."""

from typing import Any

from penstock.model.findings import Outcome
from penstock.model.rows import ChunkRow, FileRow
from penstock.outputs.outcomes import outcome_lines_of
from penstock.ports.ledger import Ledger
from penstock.ports.object_store import ObjectStore

PAGE = 100  #: records on a page
LOOKED_AT = 40  #: chunks whose outcomes are read for one page, at most


async def records_of(
    ledger: Ledger, store: ObjectStore, row: FileRow, first: int, outcome: str = ""
) -> tuple[list[dict[str, Any]], int | None]:
    """At most `PAGE` records from this ordinal on, of one outcome if one is said: `ordinal`, `outcome` (None while it
    is on its way), its `findings`, `of` and `batch`, where there are; and the ordinal where the next page begins, None
    after the last."""
    found: list[dict[str, Any]] = []
    looked_at = 0
    for chunk in await ledger.chunks(row.file.file_id):
        begin, end = chunk.span.first_record, chunk.span.first_record + chunk.span.records
        if end <= first or (outcome and chunk.ended and not _may_have(chunk, outcome)):
            continue
        if looked_at == LOOKED_AT:
            return found, begin
        looked_at += 1
        lines = await outcome_lines_of(store, chunk)
        for ordinal in range(max(begin, first), end):
            told = lines.get(ordinal) or {
                "ordinal": ordinal,
                "outcome": str(Outcome.DELIVERED) if chunk.ended else None,
            }
            if not outcome or told["outcome"] == outcome:
                if len(found) == PAGE:
                    return found, ordinal
                found.append(told)
    return found, None


def _may_have(chunk: ChunkRow, outcome: str) -> bool:
    return chunk.counted[Outcome(outcome)] > 0
