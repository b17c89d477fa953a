"""How an input is cut: its first four bytes say it, the rest is the file."""

from dataclasses import dataclass

from penstock.feeds.feed import Limits

CONTROL = 4  #: bytes
#: Few of each, because a feed is made for each choice of them, and that takes long.
_RECORDS = (1, 2, 5, 5000)
_BYTES = (16, 64, 300, 1 << 20)
_RECORD_BYTES = (32, 200, 1 << 20)
NONE = Limits()
PLAIN = b"\xff\x03\x03\x02"  #: large blocks, no limits, no groups


@dataclass(frozen=True, slots=True)
class Cutting:
    """The size of the blocks in which the file arrives, the chunks' limits, and whether records stand in groups."""

    block: int
    limits: Limits
    grouped: bool


def taken_apart(data: bytes) -> tuple[Cutting, bytes]:
    """An input as its way to be cut, and its file. Every input is one."""
    block, records, size, more = data[:CONTROL].ljust(CONTROL, b"\0")
    limits = Limits(
        records=_RECORDS[records % 4],
        bytes=_BYTES[size % 4],
        record_bytes=_RECORD_BYTES[more % 3],
        group_records=3 if records & 4 else 8,
        group_bytes=1 << 20 if records & 8 else 100,
    )
    return Cutting(1 + block, limits, grouped=more >= 128), data[CONTROL:]
