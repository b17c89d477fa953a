"""A file's control totals, held against its records before any of these goes on its way.

The file is read once more for it, and only where something is declared: cut as it will be cut, its records counted, and
parsed where a sum is declared. What differs is written into the file's layout, which every chunk of it is judged by,
also when it is judged again: all its records are then held.
"""

import asyncio
import random
from contextlib import aclosing
from decimal import Decimal

from penstock.feeds import FEEDS
from penstock.feeds.control import ControlTotals, Totals, difference
from penstock.feeds.feed import Feed
from penstock.feeds.numbers import number_of
from penstock.formats.format import HEAD
from penstock.formats.passed_over import none_in
from penstock.formats.quoting import rows_in
from penstock.formats.text import encoding_for
from penstock.io.reader import read_range
from penstock.model.findings import Finding
from penstock.model.messages import Layout, SourceFile, Span
from penstock.ports.clock import Clock
from penstock.ports.object_store import Sources
from penstock.split.chunks import chunks_of


def is_sidecar(file: SourceFile) -> bool:
    """Whether a drop tells of another file, and has no records itself."""
    feed = FEEDS.get(file.feed)
    return bool(feed and feed.control and feed.control.is_sidecar(file.key))


async def totals_beside(feed: Feed, file: SourceFile, store: Sources) -> Totals | None:
    """What a file beside this one declares of it; None if there is none.

    Raises:
        Transient: a read broke.
    """
    keys = feed.control.sidecars_of(file.dropped.key) if feed.control else []
    bodies = await asyncio.gather(*(store.beside(file, key) for key in keys))
    found = [body for body in bodies if body is not None]
    return feed.control.of_sidecar(found[0], file.dropped.key) if found and feed.control else None


async def with_control_totals(
    feed: Feed,
    file: SourceFile,
    layout: Layout,
    store: Sources,
    clock: Clock,
    rng: random.Random,
    deadline: float,
    *,
    is_awaited: bool = False,
) -> Layout:
    """The layout with where the records end, if a row with totals follows them, with what is declared, and what of it
    differs. `deadline` is when counting must be over, in seconds since the epoch; `is_awaited` says that there should
    be a sidecar.

    Raises:
        ObjectMissing: the object's version is gone.
        Transient: a read broke every time.
    """
    if feed.control is None:
        return layout
    beside = await totals_beside(feed, file, store)
    by_row: Totals = {}
    if layout.columns:
        begin = max(layout.first_byte, file.size - HEAD)
        tail = await read_range(store, file, begin, file.size, clock, rng)
        until, row = _last_row(feed.control, layout, tail)
        if row is not None:
            layout = layout.model_copy(update={"until": begin + until})
            by_row = row
    if is_awaited and beside is None:
        return layout.model_copy(update={"control": "no file with them has come"})
    # Of two that differ one cannot be what is found: each is held against that.
    every = (feed.control.of_key(file.dropped.key), by_row, beside or {})
    declared = {name: total for totals in every for name, total in totals.items()}
    if not declared:
        return layout
    counting = _Counting(feed, layout, [name for name in declared if name != "records"])
    said = {name: "" if total is None else f"{total:f}" for name, total in declared.items()}
    layout = layout.model_copy(update={"declared": said})
    chunks = chunks_of(feed, layout, file, store, clock, rng, kept=counting.sums_any)
    async with aclosing(chunks):
        async for span, chunk in chunks:
            counting.add(span, chunk)
            if clock.now() > deadline:
                return layout.model_copy(update={"control": "the file is too long to be counted in one go"})
    differ = dict.fromkeys(one for one in (difference(totals, counting.found) for totals in every) if one)
    return layout.model_copy(update={"control": "; ".join(differ)})


def _last_row(control: ControlTotals, layout: Layout, tail: bytes) -> tuple[int, Totals | None]:
    """Where the file's last line begins in its last bytes, and the totals that it declares."""
    raw, begin, is_none = b"", len(tail), none_in(layout)
    while begin and (not raw or is_none(raw)):
        lines = tail[:begin].rstrip(b"\r\n \t")
        begin = max(lines.rfind(b"\n"), lines.rfind(b"\r")) + 1
        raw = lines[begin:]
    if not begin or raw.count(b'"') % 2:
        return 0, None  # or it is the end of a quoted cell, whatever that says
    text = raw.decode(encoding_for(raw, layout.encoding), "replace")
    return begin, control.of_row(next(rows_in(layout.delimiter, [text]), list[str]()), layout.columns, layout.separator)


class _Counting:
    """Counts a file's records, and sums fields of theirs, as its chunks go by."""

    def __init__(self, feed: Feed, layout: Layout, fields: list[str]) -> None:
        self._layout, self._reader = layout, feed.format_named(layout.format)
        self._records, self._sums = 0, dict.fromkeys(fields, Decimal(0))
        self.sums_any = bool(fields)

    @property
    def found(self) -> dict[str, Decimal]:
        """The totals of what has gone by."""
        return {"records": Decimal(self._records)} | self._sums

    def add(self, span: Span, chunk: bytes) -> None:
        """The next chunk."""
        self._records += span.records
        layout = span.layout or self._layout
        for record in self._reader.parse(layout, self._reader.split(layout, chunk)) if chunk else ():
            if not isinstance(record, Finding):
                for name in self._sums:
                    self._sums[name] += _value(record.get(name), layout.separator)


def _value(value: object, separator: str) -> Decimal:
    """A record's part of a sum; what is no number has none, and will be told by the model."""
    number = number_of(value, separator) if isinstance(value, str) else value
    return Decimal(number) if isinstance(number, Decimal | int) and not isinstance(number, bool) else Decimal(0)
