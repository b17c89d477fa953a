"""Where a file is cut into chunks. Pure: blocks of bytes in, spans out; the same bytes give the same spans (R28)."""

from collections.abc import Iterator

from penstock.feeds.feed import Feed
from penstock.formats.text import line_breaks
from penstock.messages import Layout, Span

NO_LIMIT = 1 << 62
SLICE = 256 * 1024  #: bytes looked at in one go: small, so that what is behind a cut is seldom copied


class Planner:
    """Cuts a file into spans as its bytes arrive. Holds at most one chunk's worth of them.

    Feed it every byte of the file in order with `push`, then call `finish`; each gives the spans that are complete.
    """

    def __init__(self, feed: Feed, layout: Layout) -> None:
        self._limits = feed.limits
        self._format = feed.format_named(layout.format)
        self._layout = layout
        self._buffer = b""
        self._skip = layout.first_byte
        self._scanned = 0
        self._open: int = 0
        self.chunks = 0  #: spans so far
        self._byte = layout.first_byte
        self._line = layout.first_line
        self.records = 0  #: counted so far, over all spans
        self._swallowing: Span | None = None

    def push(self, block: bytes) -> Iterator[Span]:
        """The spans that this block completes."""
        if self._skip:
            skipped = min(self._skip, len(block))
            block, self._skip = block[skipped:], self._skip - skipped
        if self._swallowing:
            self._byte += len(block)
            return
        for at in range(0, len(block), SLICE):
            self._buffer += block[at : at + SLICE]
            yield from self._cut(final=False)
            if self._swallowing:
                self._byte += len(block) - at - SLICE if at + SLICE < len(block) else 0
                return

    def finish(self) -> Iterator[Span]:
        """The spans that are left when the file has ended."""
        if self._swallowing:
            yield self._swallowing.model_copy(update={"end": self._byte})
            return
        yield from self._cut(final=True)
        if self._open:
            yield self._close()

    def _cut(self, final: bool) -> Iterator[Span]:
        limits = self._limits
        while True:
            taken = self._format.take(
                self._layout, self._buffer, self._scanned, limits.records - self._open, limits.bytes, final
            )
            self._open += taken.records
            self._scanned = taken.end
            beyond = len(self._buffer) - self._scanned
            if self._open == limits.records or (self._open and len(self._buffer) > limits.bytes):
                yield self._close()
            elif not self._open and beyond and (final or len(self._buffer) > limits.bytes):
                # Not one record fits a chunk's bytes: it travels alone if it is not too large altogether.
                alone = self._format.take(self._layout, self._buffer, self._scanned, 1, NO_LIMIT, final)
                size = (alone.end if alone.records else len(self._buffer)) - self._scanned
                if size > limits.record_bytes:
                    self._swallow()
                    return
                if not alone.records:
                    return
                self._open, self._scanned = 1, alone.end
                yield self._close()
            else:
                return

    def _close(self) -> Span:
        """The open chunk as a span; the next one begins where it ends."""
        piece, self._buffer = self._buffer[: self._scanned], self._buffer[self._scanned :]
        span = Span(
            chunk=self.chunks,
            start=self._byte,
            end=self._byte + len(piece),
            first_record=self.records,
            records=self._open,
            line=self._line,
        )
        self._byte = span.end
        self._line += line_breaks(piece)
        self.records += span.records
        self.chunks += 1
        self._open = self._scanned = 0
        return span

    def _swallow(self) -> None:
        """A record beyond all measure (most likely a quote that is never closed) takes the rest of the file with it:
        where it ends nobody can say without holding it."""
        self._swallowing = Span(
            chunk=self.chunks,
            start=self._byte,
            end=self._byte,
            first_record=self.records,
            records=1,
            line=self._line,
            oversize=True,
        )
        self.records += 1
        self.chunks += 1
        self._byte += len(self._buffer)
        self._buffer = b""
