"""A file of any size that takes no room: its bytes are made when they are read, its chunks looked at and forgotten."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

from penstock.adapters.memory import MemoryStore
from penstock.adapters.memory_ledger import MemoryLedger
from penstock.feeds.traffic import TRAFFIC
from penstock.messages import ChunkMessage, SourceFile, Span, read_message
from penstock.ports import Outgoing

HEADER = b"spot_id,station,isci,air_date,air_time,length_s,notes\n"
ROW = b'S1,WKRP,ABCD1234567H,2026-11-20,21:15:30,30,"said ""hi"",\nand left"\n'  # a record of two lines


class EndlessStore(MemoryStore):
    """Holds one log, the same record over and over."""

    def drop_rows(self, rows: int) -> SourceFile:
        """A file of so many records."""
        size = len(HEADER) + rows * len(ROW)
        return SourceFile(feed="traffic", bucket="drop", key="traffic/x.csv", version_id="1", etag="e", size=size)

    async def read_source(self, file: SourceFile, start: int, end: int) -> bytes:
        """As `ObjectStore.read_source`."""
        body = ROW * ((end - start) // len(ROW) + 3)
        if start < len(HEADER):
            return (HEADER + body)[start:end]
        skip = (start - len(HEADER)) % len(ROW)
        return body[skip : skip + end - start]


def rows_in(size: int) -> int:
    """How many records make a file of about so many bytes."""
    return (size - len(HEADER)) // len(ROW)


class Forgetful(MemoryLedger):
    """Chunk rows lie in DynamoDB, not in the splitter."""

    async def plan_chunks(self, file: SourceFile, spans: Sequence[Span]) -> None:
        """Keeps none."""


@dataclass
class Checking:
    """A queue that somebody empties, and who knows what must come: none left out, none twice, each cut where it is."""

    rows: int
    sent: int = 0
    first: float = 0.0

    @property
    def is_done(self) -> bool:
        """Whether all has come."""
        return self.sent == -(-self.rows // TRAFFIC.limits.records)

    async def send_batch(self, messages: Sequence[Outgoing]) -> list[int]:
        """Looks at each chunk."""
        self.first = self.first or time.perf_counter()
        for message in messages:
            span = read_message(message.body, ChunkMessage).span
            begin = self.sent * TRAFFIC.limits.records
            end = min(self.rows, begin + TRAFFIC.limits.records)
            told = (span.chunk, span.first_record, span.records, span.start, span.end, span.line)
            there = (len(HEADER) + begin * len(ROW), len(HEADER) + end * len(ROW), 2 + 2 * begin)
            assert told == (self.sent, begin, end - begin, *there), span
            self.sent += 1
        return []
