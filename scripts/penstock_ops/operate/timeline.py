"""What happened to a file, in order, as far as its row and its chunks tell."""

from collections.abc import Iterable, Sequence
from typing import Any

from penstock.model.rows import ChunkRow, FileRow, FileState
from penstock_ops.operate.times import utc


def timeline(row: FileRow, chunks: Sequence[ChunkRow]) -> list[dict[str, str]]:
    """Each step of a file: `at`, as ISO 8601 in UTC, and `what`, in words."""
    steps = [
        (row.opened_at, "dropped, and a splitter has heard of it"),
        (row.sealed_at, f"sealed: {row.received:,} records in {row.chunks:,} chunk{'' if row.chunks == 1 else 's'}"),
        *_of_chunks(chunks),
        (row.first_settled_at or row.settled_at, _end_of(row)),
        (row.taken_up_at, "opened again, for a replay or a release"),
        (row.reopened_at, "a round that changes its account began"),
        (row.resent_at, "sent again: nobody had worked on some of it for hours"),
        (row.settled_at if row.first_settled_at and row.first_settled_at != row.settled_at else None, "settled anew"),
    ]
    told = sorted(((at, what) for at, what in steps if at), key=lambda step: step[0])
    return [{"at": utc(at), "what": what} for at, what in told]


def _of_chunks(chunks: Iterable[ChunkRow]) -> list[tuple[float | None, str]]:
    """The first chunk that ended, and the last, where there are several."""
    ended = sorted((chunk.settled_at, chunk.chunk_id) for chunk in chunks if chunk.settled_at)
    if not ended:
        return []
    first = (ended[0][0], f"the first chunk ended: {ended[0][1]}")
    return [first, (ended[-1][0], f"the last chunk ended: {ended[-1][1]}")] if len(ended) > 1 else [first]


def _end_of(row: FileRow) -> str:
    return {FileState.REFUSED: "refused as a whole", FileState.UNPACKED: f"unpacked: {row.files:,} files"}.get(
        row.state, "settled, and its reports written"
    )


def chunk_told(chunk: ChunkRow) -> dict[str, Any]:
    """A chunk for people and machines: where it is, its records, and how its last round ended."""
    span = chunk.span
    last = span.first_record + span.records - 1
    return {
        "chunk": chunk.chunk_id,
        "number": span.chunk,
        "state": str(chunk.state),
        "round": chunk.generation,
        "first_record": span.first_record,
        "records": f"{span.first_record}-{last}" if span.records > 1 else f"{last}",
        "bytes": [span.start, span.end],
        "counted": {str(outcome): number for outcome, number in chunk.counted.items() if number},
        "failures": chunk.setback.failures if chunk.setback else 0,
        "reason": chunk.setback.reason if chunk.setback else "",
        "ended_at": utc(chunk.settled_at) if chunk.settled_at else "",
    }
