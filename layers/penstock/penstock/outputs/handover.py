"""A chunk's messages, made again: the validator's from the ledger, the dispatcher's from what the validator wrote."""

from collections import Counter

from penstock.model.findings import Severity
from penstock.model.messages import ChunkMessage, DispatchMessage
from penstock.model.rows import ChunkRow, FileRow, scope_of
from penstock.outputs.accepted import load_accepted
from penstock.outputs.outcomes import load_lines
from penstock.outputs.work import read_work
from penstock.ports.object_store import ObjectStore


def message_of(row: FileRow, chunk: ChunkRow) -> ChunkMessage:
    """The message of the round that a chunk of the file is in."""
    layout = chunk.span.layout or row.layout
    assert layout is not None
    return ChunkMessage(
        file=row.file,
        layout=layout,
        span=chunk.span,
        generation=chunk.generation,
        only=chunk.only,
        released=chunk.released,
    )


async def dispatch_message_of(store: ObjectStore, message: ChunkMessage, chunk: ChunkRow) -> DispatchMessage | None:
    """The dispatch message of the generation that a chunk is in; None unless the outputs tell of every record of it."""
    body = await read_work(store, chunk, "accepted", chunk.generation)
    if body is None:
        return None
    accepted: set[int] = {one.ordinal for one in load_accepted(body)}
    lines = load_lines(await read_work(store, chunk, "findings.ndjson", chunk.generation) or b"")
    of_records = [line for line in lines if "ordinal" in line]
    refused: set[int] = {line["ordinal"] for line in of_records if line["severity"] == Severity.HARD} - accepted
    if scope_of(chunk) != frozenset(accepted | refused):
        return None
    flagged = accepted.intersection(line["ordinal"] for line in of_records)
    return DispatchMessage(
        chunk=message,
        accepted=len(accepted),
        rejected=len(refused),
        findings=Counter(line["code"] for line in lines if line.get("ordinal") not in flagged),
        flagged=len(flagged),
    )
