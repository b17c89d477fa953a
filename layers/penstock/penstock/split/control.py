"""A file's control totals, held against its records before any of these goes on its way.

The file is read once more for it, and only where something is declared: cut as it will be cut, its records counted, and
parsed where a sum is declared. What differs is written into the file's layout, which every chunk of it is judged by,
also when it is judged again: all its records are then held.
"""

import random
from collections.abc import Iterator
from contextlib import aclosing
from decimal import Decimal

from penstock.feeds.control import ControlTotals, Totals, difference
from penstock.feeds.feed import Feed
from penstock.feeds.numbers import number_of
from penstock.formats.format import HEAD
from penstock.formats.quoting import rows_in
from penstock.formats.text import encoding_for
from penstock.io.reader import read_blocks, read_range
from penstock.model.findings import Finding
from penstock.model.messages import Layout, SourceFile, Span
from penstock.ports.clock import Clock
from penstock.ports.object_store import Sources
from penstock.split.planner import Planner

LARGEST = 64 * 1024 * 1024  #: bytes of a chunk that are kept to be summed; a feed's chunks are far smaller


async def with_control_totals(
    feed: Feed, file: SourceFile, layout: Layout, store: Sources, clock: Clock, rng: random.Random, deadline: float
) -> Layout:
    """The layout with where the records end, if a row with totals follows them, with what is declared, and what of it
    differs. `deadline` is when counting must be over, in seconds since the epoch.

    Raises:
        ObjectMissing: the object's version is gone.
        Transient: a read broke every time.
    """
    if feed.control is None:
        return layout
    declared = dict(feed.control.of_key(file.dropped.key))
    if layout.columns:
        begin = max(layout.first_byte, file.size - HEAD)
        tail = await read_range(store, file, begin, file.size, clock, rng)
        until, row = _last_row(feed.control, layout, tail)
        if row is not None:
            layout = layout.model_copy(update={"until": begin + until})
            declared |= row
    if not declared:
        return layout
    counting = _Counting(feed, layout, file.size, [name for name in declared if name != "records"])
    said = {name: "" if total is None else f"{total:f}" for name, total in declared.items()}
    layout = layout.model_copy(update={"declared": said})
    async with aclosing(read_blocks(store, file, clock, rng, layout.first_byte, layout.until)) as blocks:
        async for block in blocks:
            counting.push(block)
            if clock.now() > deadline:
                return layout.model_copy(update={"control": "the file is too long to be counted in one go"})
    return layout.model_copy(update={"control": difference(declared, counting.finish())})


def _last_row(control: ControlTotals, layout: Layout, tail: bytes) -> tuple[int, Totals | None]:
    """Where the file's last line begins in its last bytes, and the totals that it declares."""
    lines = tail.rstrip(b"\r\n \t")
    begin = max(lines.rfind(b"\n"), lines.rfind(b"\r")) + 1
    if not begin:
        return 0, None
    raw = lines[begin:]
    text = raw.decode(encoding_for(raw, layout.encoding), "replace")
    return begin, control.of_row(next(rows_in(layout.delimiter, [text]), list[str]()), layout.separator)


class _Counting:
    """Counts a file's records, and sums fields of theirs, as its bytes go by."""

    def __init__(self, feed: Feed, layout: Layout, size: int, fields: list[str]) -> None:
        self._layout, self._reader = layout, feed.format_named(layout.format)
        self._planner = Planner(feed, layout, start=layout.first_byte, size=layout.until or size)
        self._kept, self._begin = bytearray(), layout.first_byte  # bytes that are in no chunk yet, if any are summed
        self._sums = dict.fromkeys(fields, Decimal(0))

    def push(self, block: bytes) -> None:
        """The next block."""
        if self._sums and len(self._kept) < LARGEST:
            self._kept += block
        self._add(self._planner.push(block))

    def finish(self) -> dict[str, Decimal]:
        """The totals, once all blocks have gone by."""
        self._add(self._planner.finish())
        return {"records": Decimal(self._planner.records)} | self._sums

    def _add(self, spans: Iterator[Span]) -> None:
        for span in spans:
            if self._sums:
                chunk = bytes(self._kept[span.start - self._begin : span.end - self._begin])
                del self._kept[: span.end - self._begin]
                self._begin = span.end
                if not span.oversize:
                    self._sum(span, chunk)

    def _sum(self, span: Span, chunk: bytes) -> None:
        layout = span.layout or self._layout
        for record in self._reader.parse(layout, self._reader.split(layout, chunk)):
            if not isinstance(record, Finding):
                for name in self._sums:
                    self._sums[name] += _value(record.get(name), layout.separator)


def _value(value: object, separator: str) -> Decimal:
    """A record's part of a sum; what is no number has none, and will be told by the model."""
    number = number_of(value, separator) if isinstance(value, str) else value
    return Decimal(number) if isinstance(number, Decimal | int) and not isinstance(number, bool) else Decimal(0)
