"""Acknowledgements: what the senders of a file's interchanges are told, in the form that their own standard has for it.

    acknowledgements.edi    beside the file's report: for each interchange one that answers it
    FileAcknowledged        an event that has it, if it is not large, and tells of each interchange
    acknowledgements.json   the event's detail, written last: what has been told once is not told again

Nobody else keeps the control numbers: the original is read once more, and what goes by in it is joined with what was
found of its records. A record was rejected if its bytes or its content were at fault; what the destination or an
operator refused was accepted.
"""

import hashlib
import json
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

from penstock.feeds.feed import Feed
from penstock.formats.acknowledging import Acknowledger, Acknowledging, Refusal
from penstock.formats.envelopes import Opens, Passing
from penstock.model.findings import Finding, Outcome, Severity
from penstock.model.messages import Layout, Span
from penstock.outputs.outcomes import OutcomeLine

EDI, MADE = "acknowledgements.edi", "acknowledgements.json"
CONTENT_TYPE = "application/EDI-consent"  #: RFC 1767: whatever two parties agree on, as a file may be of either syntax
LARGEST = 100_000  #: bytes of acknowledgements that go with their event; EventBridge takes 256 KB

_OF_OTHERS = ("destination.", "delivery.")
"""Codes of what others have refused: no fault of the record."""

type Rejected = Mapping[int, Sequence[Finding]]
"""Records that were rejected, by ordinal, and for what."""


class Original(Protocol):
    """A file's bytes, to be read once more."""

    def blocks(self, start: int) -> AsyncGenerator[bytes]:
        """All from there on, in order."""
        ...

    async def bytes_of(self, span: Span) -> bytes:
        """A chunk's."""
        ...


@dataclass(frozen=True, slots=True)
class Source:
    """A file that is to be acknowledged: how it is read, its chunks in order, and what was rejected of each."""

    reader: Acknowledging
    layout: Layout
    spans: Sequence[Span]
    rejected_in: Callable[[Span], Awaitable[Rejected]]
    original: Original


class Acknowledgements:
    """Those of one file. `made` is their date, in seconds since the epoch: made again, they are the same, byte for
    byte. What reading raises goes through."""

    def __init__(self, source: Source, made: float) -> None:
        self._source, self._refusals = source, _Refusals(source)
        self._acknowledger: Acknowledger = source.reader.acknowledger(source.layout, datetime.fromtimestamp(made, UTC))
        self._digest, self._size, self._text = hashlib.sha256(), 0, b""

    async def parts(self) -> AsyncGenerator[bytes]:
        """All of them, in bounded memory; none where there is nothing to answer."""
        async with aclosing(self._passing()) as passing:
            async for event in passing:
                refusal = None
                if isinstance(event, Opens) and event.level == "record":
                    refusal = await self._refusals.at(event.byte)
                for part in self._acknowledger.take(event, refusal):
                    self._note(part)
                    yield part

    async def _passing(self) -> AsyncGenerator[Passing]:
        async with aclosing(self._source.original.blocks(self._source.layout.first_byte)) as blocks:
            async for block in blocks:
                for event in self._acknowledger.follow(block):
                    yield event
        for event in self._acknowledger.finish():
            yield event

    def _note(self, part: bytes) -> None:
        self._digest.update(part)
        self._size += len(part)
        self._text = self._text + part if self._size <= LARGEST else b""

    def detail(self) -> dict[str, Any]:
        """What is told of them, once they are made. `text` is None where they are too large for an event."""
        text = self._text.decode(self._source.layout.encoding, "replace")
        return {
            "bytes": self._size,
            "sha256": self._digest.hexdigest(),
            "text": text if self._size <= LARGEST and len(json.dumps(text)) <= LARGEST else None,
            "answered": self._acknowledger.answered,
            "interchanges": [told.as_dict() for told in self._acknowledger.told],
        }


class _Refusals:
    """Which records were rejected, by the byte that each begins at; asked for in rising order."""

    def __init__(self, source: Source) -> None:
        self._source, self._place = source, -1
        self._in_chunk: dict[int, Refusal] = {}
        self._of_all: Refusal | None = None

    async def at(self, byte: int) -> Refusal | None:
        """Why the record that begins there was rejected, None if it was not."""
        spans = self._source.spans
        while self._place + 1 < len(spans) and spans[self._place + 1].start <= byte:
            self._place += 1
            if byte < spans[self._place].end:
                await self._enter(spans[self._place])
        return self._of_all or self._in_chunk.get(byte)

    async def _enter(self, span: Span) -> None:
        source, self._in_chunk, self._of_all = self._source, {}, None
        rejected = await source.rejected_in(span)
        if rejected and span.oversize:
            # Whatever seems to begin within it was taken for a part of it.
            self._of_all = Refusal(b"", rejected[span.first_record])
            return
        if not rejected:
            return
        chunk, at = await source.original.bytes_of(span), 0
        for ordinal, raw in enumerate(source.reader.split(span.layout or source.layout, chunk), span.first_record):
            at = chunk.index(raw, at)
            if ordinal in rejected:
                self._in_chunk[span.start + at] = Refusal(raw, rejected[ordinal])
            at += len(raw)


def refusal_of(feed: Feed, head: bytes, why: str, made: float) -> tuple[bytes, dict[str, Any]] | None:
    """What the sender of a file is told that was refused at its first bytes, and what is told of that (as `detail`);
    None where nobody can be told, or no standard has a word for it."""
    for reader in feed.formats:
        at = datetime.fromtimestamp(made, UTC)
        answer = reader.refusal(head, why, at) if feed.acknowledged and isinstance(reader, Acknowledging) else None
        if answer:
            body = b"".join(answer.pieces())
            told = {"bytes": len(body), "sha256": hashlib.sha256(body).hexdigest(), "text": body.decode()}
            return body, told | {"answered": 1, "interchanges": [answer.told.as_dict()]}
    return None


def reader_of(feed: Feed, layout: Layout) -> Acknowledging | None:
    """The format that acknowledges a file, None where the feed or the standard does not."""
    reader = feed.format_named(layout.format)
    return reader if feed.acknowledged and isinstance(reader, Acknowledging) else None


def rejected_among(outcome_lines: Mapping[int, OutcomeLine]) -> Rejected:
    """The records that were rejected for what they are, by what is told of each."""
    found: dict[int, list[Finding]] = {}
    for ordinal, line in outcome_lines.items():
        findings = [Finding.from_dict(one) for one in line.get("findings", ())]
        own = [one for one in findings if one.severity is Severity.HARD and not one.code.startswith(_OF_OTHERS)]
        if line["outcome"] == Outcome.REJECTED and own:
            found[ordinal] = own
    return found
