"""Exceptions: what a feed's examination has found, told finding by finding for those who act on it.

    found.json         what was found of records that are sent nevertheless, written before they are
    exceptions.ndjson  the file's, beside its rejects.csv: a line for each finding
    RecordsRefused     an event of those that reject, at a chunk's end

A line is a finding's payload, with its record and how that ended.
"""

import json
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from typing import Any

from penstock.feeds.feed import Feed
from penstock.model import ids
from penstock.model.defects import is_defect
from penstock.model.findings import Finding, Severity
from penstock.model.messages import SourceFile
from penstock.model.rows import ChunkRow
from penstock.outputs.outcomes import OutcomeLine, outcome_lines_of
from penstock.ports.event_bus import EventBus
from penstock.ports.ledger import Ledger
from penstock.ports.object_store import ObjectStore

type Line = dict[str, Any]
"""An exception: `ordinal`, `trace`, `outcome`, and its finding's payload."""

MOST = 100  #: exceptions an event
LARGEST = 200_000  #: bytes of them; EventBridge takes 256 KB
ROOM = 100  #: bytes of a line for what is said of what was left out of it


def are_among(feed: Feed, findings: Iterable[str]) -> bool:
    """Whether there can be exceptions where findings with these codes are."""
    return any(_is_exception(feed, code) for code in findings)


def _is_exception(feed: Feed, code: str) -> bool:
    return feed.examination is not None and code.startswith(f"{feed.name}.") and not is_defect(code)


def exceptions_in(feed: Feed, file_id: str, outcome_line: OutcomeLine) -> list[Line]:
    """The exceptions of a record, by its outcome line."""
    ordinal, outcome = outcome_line["ordinal"], outcome_line["outcome"]
    head = {"ordinal": ordinal, "trace": ids.trace(file_id, ordinal), "outcome": outcome}
    findings = map(Finding.from_dict, outcome_line.get("findings", ()))
    return [head | finding.payload() for finding in findings if _is_exception(feed, finding.code)]


async def exceptions_of(ledger: Ledger, store: ObjectStore, feed: Feed, file_id: str) -> AsyncIterator[bytes]:
    """A file's exceptions.ndjson, chunk by chunk."""
    for chunk in await ledger.chunks(file_id):
        if are_among(feed, chunk.findings):
            outcome_lines = sorted((await outcome_lines_of(store, chunk)).items())
            lines = [line for _, outcome_line in outcome_lines for line in exceptions_in(feed, file_id, outcome_line)]
            yield "".join(f"{json.dumps(line)}\n" for line in lines).encode()


async def announce(
    events: EventBus, feed: Feed, file: SourceFile, chunk: ChunkRow, outcome_lines: Sequence[OutcomeLine]
) -> None:
    """Puts the exceptions that reject records on the bus. Done again, they have the same ids.

    Raises:
        Transient: not all of them were taken.
    """
    if feed.examination is None:
        return
    lines = [line for outcome_line in outcome_lines for line in exceptions_in(feed, file.file_id, outcome_line)]
    refusals = [line for line in lines if line["severity"] == Severity.HARD]
    for number, part in enumerate(_parts(refusals)):
        await events.put(
            "RecordsRefused",
            {
                "id": f"{chunk.chunk_id}-{chunk.generation}-{number}",
                "file_id": file.file_id,
                "feed": file.feed,
                "key": file.dropped.key,
                "chunk": chunk.chunk_id,
                "round": chunk.generation,
                "refused": part,
            },
        )


def _fitting(line: Line) -> Line:
    """A line that an event takes: without the last of its `duties`, where those are too many; `duties_left_out` says
    how many. The report has them all."""
    over, duties = len(json.dumps(line)) - LARGEST + ROOM, list[str](line.get("duties", ()))
    if over <= 0 or not duties:
        return line
    kept = len(duties)
    while kept and over > 0:
        kept -= 1
        over -= len(json.dumps(duties[kept])) + 2
    return line | {"duties": duties[:kept], "duties_left_out": len(duties) - kept}


def _parts(lines: Iterable[Line]) -> Iterator[list[Line]]:
    """Lines, as many together as an event takes."""
    part: list[Line] = []
    size = 0
    for line in map(_fitting, lines):
        length = len(json.dumps(line))
        if part and (len(part) == MOST or size + length > LARGEST):
            yield part
            part, size = [], 0
        part.append(line)
        size += length
    if part:
        yield part
