"""Files of any size that take no room: their bytes are made when they are read, their chunks seen and forgotten."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from penstock.feeds.feed import Feed
from penstock.feeds.traffic import TRAFFIC
from penstock.formats.delimited import Delimited
from penstock.formats.format import Format
from penstock.formats.json_array import JsonArray
from penstock.formats.x12 import X12
from penstock.formats.xml import Xml
from penstock.model.messages import ChunkMessage, SourceFile, Span, read_message
from penstock.ports.queue import Outgoing
from penstock_testing.ledger import MemoryLedger
from penstock_testing.memory import MemoryStore
from tests.support import edi


@dataclass(frozen=True)
class Endless:
    """What a file of a format begins and ends with, and its rows [first, last), each a record and all of one width.

    Of a row, the first `lead` bytes are in no chunk that it begins; it ends `lines` lines.
    """

    reader: Format
    opening: bytes
    rows: Callable[[int, int], bytes]
    closing: bytes = b""
    lead: int = 0
    lines: int = 1

    @property
    def width(self) -> int:
        """Bytes of a row."""
        return len(self.rows(0, 1))

    def many(self, size: int) -> int:
        """How many rows make a file of about so many bytes."""
        return (size - len(self.opening) - len(self.closing)) // self.width

    def feed(self) -> Feed:
        """The traffic feed, were it in this format."""
        return replace(TRAFFIC, formats=(self.reader,))


def _each(row: Callable[[int], bytes]) -> Callable[[int, int], bytes]:
    return lambda first, last: b"".join(map(row, range(first, last)))


_CSV_ROW = b'S1,WKRP,ABCD1234567H,2026-11-20,21:15:30,30,"said ""hi"",\nand left"\n'
_FIELDS = {
    "station": "WKRP",
    "isci": "ABCD1234567H",
    "air_date": "2026-11-20",
    "air_time": "21:15:30",
    "length_s": "30",
}
_OBJECT = "{" + "".join(f'"{name}":"{value}",' for name, value in _FIELDS.items())
_ELEMENTS = "".join(f"<{name}>{value}</{name}>" for name, value in _FIELDS.items())
_SET = edi.written([("B3", "", "INV1"), *[("L5", "1", "FREIGHT"), ("L0", "1", "", "", "1200", "G")] * 4])

ENDLESS = {
    "CSV": Endless(
        Delimited(),
        b"spot_id,station,isci,air_date,air_time,length_s,notes\n",
        lambda first, last: _CSV_ROW * (last - first),
        lines=2,
    ),
    "JSON array": Endless(
        JsonArray(),
        b"[",
        _each(lambda number: b'%b\n%b"spot_id":"S%09d"}' % (b"," if number else b" ", _OBJECT.encode(), number)),
        b"]\n",
        lead=2,
    ),
    "XML": Endless(
        Xml("/log/spot"),
        b"<?xml version='1.0'?>\n<log>\n",
        _each(lambda number: b"<spot>%b<spot_id>S%09d</spot_id></spot>\n" % (_ELEMENTS.encode(), number)),
        b"</log>\n",
    ),
    "X12": Endless(
        X12(),
        f"{edi.isa()}{edi.written([edi.gs()])}".encode(),
        _each(lambda number: b"ST*210*%09d~%bSE*11*%09d~" % (number, _SET.encode(), number)),
        b"GE*0*1~IEA*1*1~",
        lines=0,
    ),
}


class EndlessStore(MemoryStore):
    """Holds one file, of so many rows."""

    def __init__(self, kind: Endless, rows: int) -> None:
        super().__init__()
        self._kind, self._rows = kind, rows
        size = len(kind.opening) + rows * kind.width + len(kind.closing)
        self.file = SourceFile(feed="traffic", bucket="drop", key="traffic/x", version_id="1", etag="e", size=size)

    async def read_source(self, file: SourceFile, start: int, end: int) -> bytes:
        """As `ObjectStore.read_source`."""
        kind, opening = self._kind, len(self._kind.opening)
        first, last = max(0, (start - opening) // kind.width), min(self._rows, -(-(end - opening) // kind.width))
        begin = opening + first * kind.width
        made = kind.rows(first, max(first, last))
        if start < opening:
            made, begin = kind.opening + made, 0
        if last == self._rows:
            made += kind.closing
        return made[start - begin : end - begin]


class Forgetful(MemoryLedger):
    """Chunk rows lie in DynamoDB, not in the splitter."""

    async def plan_chunks(self, file_id: str, fence: int, spans: Sequence[Span]) -> None:
        """Keeps none."""


@dataclass
class Checking:
    """A queue that somebody empties, and who knows what must come: none left out, none twice, each cut where it is."""

    kind: Endless
    rows: int
    sent: int = 0
    first: float = 0.0

    #: Rows of a chunk: they are so short that no other limit is met.
    MOST: ClassVar[int] = TRAFFIC.limits.records

    @property
    def is_done(self) -> bool:
        """Whether all has come."""
        return self.sent == -(-self.rows // self.MOST)

    async def send_batch(self, messages: Sequence[Outgoing]) -> list[int]:
        """Looks at each chunk."""
        self.first = self.first or time.perf_counter()
        kind, width = self.kind, self.kind.width
        opening = len(kind.opening)
        before = 1 + kind.opening.count(b"\n") + kind.rows(0, 1)[: kind.lead].count(b"\n")
        for message in messages:
            span = read_message(message.body, ChunkMessage).span
            begin = self.sent * self.MOST
            end = min(self.rows, begin + self.MOST)
            told = (span.chunk, span.first_record, span.records, span.start, span.end, span.line)
            place = (opening + begin * width + kind.lead, opening + end * width, before + begin * kind.lines)
            assert told == (self.sent, begin, end - begin, *place), span
            self.sent += 1
        return []
