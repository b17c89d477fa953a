"""Where a file is cut into chunks. Pure: blocks of bytes in, spans out; the same bytes give the same spans (R28)."""

from collections.abc import Callable, Iterator

from penstock.feeds.feed import Feed
from penstock.formats.text import line_breaks
from penstock.messages import Layout, Span

NO_LIMIT = 1 << 62
SLICE = 256 * 1024  #: bytes looked at in one go: small, so that what is behind a cut is seldom copied


class Planner:
    """Cuts a file into spans as its bytes arrive. Holds at most one chunk's worth of them.

    Feed it every byte of the file in order with `push`, then call `finish`; each gives the spans that are complete. A
    span begins with its first record's first byte: blank lines between spans belong to none.
    """

    def __init__(self, feed: Feed, layout: Layout) -> None:
        self._limits = feed.limits
        self._format = feed.format_named(layout.format)
        self._layout = layout
        self._preamble = layout.first_byte
        self._buffer = b""  # from the open span's first byte on
        self._byte, self._line = layout.first_byte, layout.first_line  # where the buffer begins
        self._after_cr = False
        self._open, self._scanned = 0, 0  # the open span's records, and the bytes they take up
        self._ending: Callable[[bytes], int | None] | None = None  # while a record too large to hold goes by
        self._began = (self._byte, self._line)  # where that record did
        self.chunks = 0  #: spans so far
        self.records = 0  #: counted so far, over all spans

    def push(self, block: bytes) -> Iterator[Span]:
        """The spans that this block completes."""
        passed = min(self._preamble, len(block))
        self._preamble -= passed
        for at in range(passed, len(block), SLICE):
            self._buffer += block[at : at + SLICE]
            yield from self._cut(final=False)

    def finish(self) -> Iterator[Span]:
        """The spans that are left when the file has ended."""
        yield from self._cut(final=True)
        if self._open:
            yield self._close()
        if self._ending:
            yield self._close_oversize()

    def _cut(self, final: bool) -> Iterator[Span]:
        limits = self._limits
        while True:
            if self._ending:
                if not self._pass_by(self._ending):
                    return
                yield self._close_oversize()
            if not self._open:
                self._pass(self._format.blank(self._layout, self._buffer))
            taken = self._format.take(
                self._layout, self._buffer, self._scanned, limits.records - self._open, limits.bytes, final
            )
            self._open += taken.records
            self._scanned = taken.end
            full = len(self._buffer) > limits.bytes
            if self._open == limits.records or (self._open and full):
                yield self._close()
            elif self._open or not self._buffer or not (final or full) or not self._take_alone(final):
                return
            elif self._open:
                yield self._close()

    def _take_alone(self, final: bool) -> bool:
        """Takes up a record that fits no chunk: it travels alone, or passes by if it is too large altogether. False if
        more of it must be seen first."""
        alone = self._format.take(self._layout, self._buffer, 0, 1, NO_LIMIT, final)
        size = alone.end if alone.records else len(self._buffer)
        if size > self._limits.record_bytes:
            self._ending, self._began = self._format.ending(self._layout), (self._byte, self._line)
            return True
        self._open, self._scanned = alone.records, alone.end
        return bool(alone.records)

    def _pass_by(self, ending: Callable[[bytes], int | None]) -> bool:
        """Lets the oversize record's bytes go by; whether its end has come."""
        end = ending(self._buffer)
        self._pass(len(self._buffer) if end is None else end)
        return end is not None

    def _pass(self, size: int) -> None:
        """The buffer's first bytes are done with."""
        piece, self._buffer = self._buffer[:size], self._buffer[size:]
        self._byte += size
        # A CR that ended the piece before and an LF that begins this one are one line's end.
        self._line += line_breaks(piece) - (self._after_cr and piece.startswith(b"\n"))
        self._after_cr = piece.endswith(b"\r") if piece else self._after_cr

    def _close(self) -> Span:
        """The open span, ended."""
        start, line, records = self._byte, self._line, self._open
        self._pass(self._scanned)
        self._open = self._scanned = 0
        return self._span(start, line, records, oversize=False)

    def _close_oversize(self) -> Span:
        """The record that has gone by, as a span of its own."""
        self._ending = None
        return self._span(*self._began, 1, oversize=True)

    def _span(self, start: int, line: int, records: int, *, oversize: bool) -> Span:
        span = Span(
            chunk=self.chunks,
            start=start,
            end=self._byte,
            first_record=self.records,
            records=records,
            line=line,
            oversize=oversize,
        )
        self.chunks += 1
        self.records += records
        return span
