"""A file that has settled is acknowledged, where its feed does so and its format's standard has a word for it.

Its account is told before, and waits for nothing here: what goes wrong is told, and the file settles without. Done
again after a crash, the same bytes are written, and the same event is put.
"""

import json
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

from penstock.account.ports import CompletionPorts
from penstock.feeds import FEEDS, feed_named
from penstock.formats.format import HEAD
from penstock.io.by_itself import ByItself
from penstock.io.reader import read_blocks, read_range
from penstock.model.findings import Outcome
from penstock.model.ids import report_key
from penstock.model.messages import SourceFile, Span
from penstock.model.rows import FileRow
from penstock.outputs.acknowledgements import (
    CONTENT_TYPE,
    EDI,
    MADE,
    Acknowledgements,
    Rejected,
    Source,
    reader_of,
    refusal_of,
    rejected_among,
)
from penstock.outputs.outcomes import outcome_lines_of

SECONDS = 100.0  #: how long it may take: a gibibyte takes some thirty


async def acknowledge(ports: CompletionPorts, row: FileRow) -> int:
    """Tells the senders of a file's interchanges what became of their records, once; how often that went wrong. As long
    as one of these is dead, nobody has judged it, and nothing is told."""
    if why_untold(row):
        return 0
    by_itself = ByItself(ports, "acknowledgement", ports.clock.now() + SECONDS)
    await by_itself.at(row.file.file_id, _acknowledge(ports, row))
    return by_itself.faults


def why_untold(row: FileRow) -> str:
    """Why a file is not acknowledged, "" if it can be."""
    if row.layout is None or reader_of(feed_named(row.file.feed), row.layout) is None:
        return "its feed acknowledges nothing, or its format's standard has no word for it"
    return "records of it are dead, so that nobody has judged them" if row.counted[Outcome.DEAD] else ""


async def acknowledge_refusal(ports: CompletionPorts, file: SourceFile, why: str, opened_at: float) -> int:
    """Tells the sender of a file that was refused at its first bytes, where its standard has a word for that, once; how
    often that went wrong."""
    if file.feed not in FEEDS or not FEEDS[file.feed].acknowledged:
        return 0
    by_itself = ByItself(ports, "acknowledgement", ports.clock.now() + SECONDS)
    await by_itself.at(file.file_id, _acknowledge_refusal(ports, file, why, opened_at))
    return by_itself.faults


async def _acknowledge_refusal(ports: CompletionPorts, file: SourceFile, why: str, opened_at: float) -> None:
    if await ports.store.get(report_key(file.file_id, MADE)) is not None:
        return
    head = await read_range(ports.store, file, 0, min(file.size, HEAD), ports.clock, ports.rng)
    made = refusal_of(FEEDS[file.feed], head, why, opened_at)
    if made:
        await ports.store.put(report_key(file.file_id, EDI), made[0], CONTENT_TYPE)
        await _told(ports, file, made[1])


async def _told(ports: CompletionPorts, file: SourceFile, made: Mapping[str, Any]) -> dict[str, Any]:
    about = {"id": file.file_id, "file_id": file.file_id, "feed": file.feed, "key": file.dropped.key}
    detail = about | {"acknowledgements": report_key(file.file_id, EDI)} | dict(made)
    await ports.events.put("FileAcknowledged", detail)
    await ports.store.put(report_key(file.file_id, MADE), json.dumps(detail, indent=2).encode(), "application/json")
    return detail


async def _acknowledge(ports: CompletionPorts, row: FileRow) -> None:
    if await ports.store.get(report_key(row.file.file_id, MADE)) is None:
        await tell(ports, row)


async def tell(ports: CompletionPorts, row: FileRow) -> dict[str, Any] | None:
    """Acknowledges a file, also one that was before; what the event says, None where there is nothing to answer. What
    reading and writing raise goes through."""
    file = row.file
    made = Acknowledgements(await _source(ports, row), row.sealed_at or row.opened_at)
    async with aclosing(made.parts()) as parts:
        first = await anext(parts, None)
        if first is None:
            return None
        await ports.store.put_parts(report_key(file.file_id, EDI), _with(first, parts), CONTENT_TYPE)
    return await _told(ports, file, made.detail())


async def _with(first: bytes, others: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for one in others:
        yield one


async def _source(ports: CompletionPorts, row: FileRow) -> Source:
    assert row.layout is not None
    reader = reader_of(feed_named(row.file.feed), row.layout)
    assert reader is not None
    chunks = {chunk.span.chunk: chunk for chunk in await ports.ledger.chunks(row.file.file_id)}

    async def rejected_in(span: Span) -> Rejected:
        chunk = chunks[span.chunk]
        return rejected_among(await outcome_lines_of(ports.store, chunk)) if chunk.counted[Outcome.REJECTED] else {}

    spans = [chunks[number].span for number in sorted(chunks)]
    return Source(reader, row.layout, spans, rejected_in, _Dropped(ports, row))


@dataclass(frozen=True, slots=True)
class _Dropped:
    """As `Original`: what was dropped, or staged of it."""

    ports: CompletionPorts
    row: FileRow

    def blocks(self, start: int) -> AsyncGenerator[bytes]:
        """As `Original.blocks`."""
        ports = self.ports
        return read_blocks(ports.store, self.row.file, ports.clock, ports.rng, start)

    async def bytes_of(self, span: Span) -> bytes:
        """As `Original.bytes_of`."""
        ports = self.ports
        return await read_range(ports.store, self.row.file, span.start, span.end, ports.clock, ports.rng)
