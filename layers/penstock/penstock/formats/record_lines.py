"""Which line of its file a record begins on."""

from collections.abc import Sequence
from functools import cached_property

from penstock.formats.text import line_breaks
from penstock.model.messages import Span


class RecordLines:
    """The lines that a chunk's records begin on; asked for in rising order."""

    def __init__(self, chunk: bytes, raws: Sequence[bytes], span: Span) -> None:
        self._chunk, self._raws, self._first, self._line = chunk, raws, span.first_record, span.line
        self._place, self._begin = 0, 0  # the record that was asked for last, and where it begins

    def of(self, ordinal: int) -> int:
        """The line of the record with this ordinal."""
        place = ordinal - self._first
        if self._between:
            passed = self._raws[self._place : place]
            begin = self._begin + sum(map(len, passed)) + len(passed) * len(self._between)
        else:
            begin = self._begin_of(place)
        self._line += line_breaks(self._chunk[self._begin : begin])
        self._place, self._begin = place, begin
        return self._line

    @cached_property
    def _between(self) -> bytes:
        """The line end that stands between all records and the next, if nothing else does; b"" if something does."""
        end = b"\r\n" if self._chunk.startswith(b"\r\n", len(self._raws[0])) else b"\n"
        whole = self._chunk if self._chunk.endswith(end) else self._chunk + end
        return end if end.join((*self._raws, b"")) == whole else b""

    def _begin_of(self, place: int) -> int:
        """Where a record begins that stands behind the one that was asked for last, or is the same."""
        chunk, raws = self._chunk, self._raws
        at = self._begin
        for passed in range(self._place, place + 1):
            # It begins a line end further on, or two; a search that could go far prepares itself for long.
            while not chunk.startswith(raws[passed], at):
                at += 1
                if at > len(chunk):
                    raise ValueError("a record does not stand in its chunk")
            if passed < place:
                at += len(raws[passed])
        return at
