"""Exceptions: what a feed's examination has found, told finding by finding for those who act on it.

    found.json         what was found of records that are sent nevertheless, written before they are
    exceptions.ndjson  the file's, beside its rejects.csv: a line for each finding
    RecordsRefused     an event of those that reject, at a chunk's end

A line is a finding's payload, with its record and how that ended.
"""

import json
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from typing import Any

from penstock import ids
from penstock.ending import Story, stories_of
from penstock.feeds.feed import Feed
from penstock.findings import Finding, Severity
from penstock.ledger import ChunkRow, Ledger
from penstock.messages import SourceFile
from penstock.ports import EventBus, ObjectStore

type Line = dict[str, Any]
"""An exception: `ordinal`, `trace`, `outcome`, and its finding's payload."""

MOST = 100  #: exceptions an event
LARGEST = 200_000  #: bytes of them; EventBridge takes 256 KB


class Found:
    """What a round has found of records that it sends: once they are in a batch, nobody examines them again."""

    def __init__(self, store: ObjectStore, chunk: ChunkRow) -> None:
        self._store, self._chunk = store, chunk
        self._found: dict[int, tuple[Finding, ...]] = {}

    async def load(self) -> dict[int, tuple[Finding, ...]]:
        """What an attempt before has found, by ordinal."""
        self._found = await found_of(self._store, self._chunk)
        return dict(self._found)

    async def add(self, found: Mapping[int, tuple[Finding, ...]]) -> None:
        """Adds findings by their records' ordinals."""
        if found:
            self._found |= found
            said = {ordinal: [finding.as_dict() for finding in findings] for ordinal, findings in self._found.items()}
            await self._store.put(_found_key(self._chunk), json.dumps(said).encode(), "application/json")


async def found_of(store: ObjectStore, chunk: ChunkRow) -> dict[int, tuple[Finding, ...]]:
    """What the chunk's round has found of records that it sends, by ordinal."""
    said = json.loads(await store.get(_found_key(chunk)) or b"{}")
    return {int(ordinal): tuple(map(Finding.told, findings)) for ordinal, findings in said.items()}


def _found_key(chunk: ChunkRow) -> str:
    return ids.work_key(chunk.file_id, chunk.span.chunk, "found.json", chunk.round)


def are_among(feed: Feed, findings: Iterable[str]) -> bool:
    """Whether there can be exceptions where findings with these codes are."""
    return any(_is_exception(feed, code) for code in findings)


def _is_exception(feed: Feed, code: str) -> bool:
    return feed.examination is not None and code.startswith(f"{feed.name}.")


def exceptions_in(feed: Feed, file_id: str, story: Story) -> list[Line]:
    """The exceptions of a record whose story this is."""
    ordinal, outcome = story["ordinal"], story["outcome"]
    head = {"ordinal": ordinal, "trace": ids.trace(file_id, ordinal), "outcome": outcome}
    findings = map(Finding.told, story.get("findings", ()))
    return [head | finding.payload() for finding in findings if _is_exception(feed, finding.code)]


async def exceptions_of(ledger: Ledger, store: ObjectStore, feed: Feed, file_id: str) -> AsyncIterator[bytes]:
    """A file's exceptions.ndjson, chunk by chunk."""
    for chunk in await ledger.chunks(file_id):
        if are_among(feed, chunk.findings):
            stories = sorted((await stories_of(store, chunk)).items())
            lines = [line for _, story in stories for line in exceptions_in(feed, file_id, story)]
            yield "".join(f"{json.dumps(line)}\n" for line in lines).encode()


async def announce(events: EventBus, feed: Feed, file: SourceFile, chunk: ChunkRow, stories: Sequence[Story]) -> None:
    """Puts the exceptions that reject records on the bus. Done again, they have the same ids.

    Raises:
        Transient: not all of them were taken.
    """
    if feed.examination is None:
        return
    lines = [line for story in stories for line in exceptions_in(feed, file.file_id, story)]
    refusals = [line for line in lines if line["severity"] == Severity.HARD]
    for number, part in enumerate(_parts(refusals)):
        await events.put(
            "RecordsRefused",
            {
                "id": f"{chunk.chunk_id}-{chunk.round}-{number}",
                "file_id": file.file_id,
                "feed": file.feed,
                "key": file.dropped.key,
                "chunk": chunk.chunk_id,
                "round": chunk.round,
                "refused": part,
            },
        )


def _parts(lines: Iterable[Line]) -> Iterator[list[Line]]:
    """Lines, as many together as an event takes."""
    part: list[Line] = []
    size = 0
    for line in lines:
        length = len(json.dumps(line))
        if part and (len(part) == MOST or size + length > LARGEST):
            yield part
            part, size = [], 0
        part.append(line)
        size += length
    if part:
        yield part
