"""Which line of its file a record begins on."""

from collections.abc import Sequence

from penstock.formats.text import line_breaks
from penstock.model.messages import Span


class RecordLines:
    """The lines that a chunk's records begin on; asked for in rising order."""

    def __init__(self, chunk: bytes, raws: Sequence[bytes], span: Span) -> None:
        self._chunk, self._raws, self._first, self._line = chunk, raws, span.first_record, span.line
        self._passed, self._begin, self._end = 0, 0, 0  # records passed by, and where the last of them is

    def of(self, ordinal: int) -> int:
        chunk, place, begin, end = self._chunk, ordinal - self._first + 1, self._begin, self._end
        for raw in self._raws[self._passed : place]:
            # It begins a line end further on, or two; a search that could go far prepares itself for long.
            begin = end
            while not chunk.startswith(raw, begin):
                begin += 1
                if begin > len(chunk):
                    raise ValueError("a record does not stand in its chunk")
            end = begin + len(raw)
        self._line += line_breaks(chunk[self._begin : begin])
        self._passed, self._begin, self._end = place, begin, end
        return self._line
