"""Where one group ends and the next begins. Pure; it parses no more records than it must.

Consecutive records with the same key are a group. A record that does not say its key (it cannot be read, or lacks a
field of the key) belongs to the group before it; what stands before the first key belongs to that key's group.
"""

from collections.abc import Sequence

from penstock.feeds.feed import Feed
from penstock.model.messages import Layout

TAIL = 32  #: records looked at first for the last edge of a chunk; twice as many each time that there is none


class Grouping:
    """The groups of one file's records."""

    def __init__(self, feed: Feed, layout: Layout) -> None:
        self._feed, self._format, self._layout = feed, feed.format_named(layout.format), layout

    def keys_of(self, piece: bytes) -> list[str | None]:
        """The key of each record in a piece of whole records."""
        return [
            self._feed.group_key(parsed)
            for parsed in self._format.parse(self._layout, self._format.split(self._layout, piece))
        ]

    def key_of(self, piece: bytes) -> str | None:
        """The first key in a piece of whole records."""
        return next((key for key in self.keys_of(piece) if key is not None), None)

    def leading(self, key: str, piece: bytes) -> int:
        """How many records at the beginning of a piece are of the group with this key."""
        keys = self.keys_of(piece)
        return next((at for at, other in enumerate(keys) if other not in (key, None)), len(keys))

    def last_edge(self, buffer: bytes, known: tuple[int, int], records: int, end: int) -> int | None:
        """How many records stand before the last edge between two groups; None if there is no edge. Of the buffer's
        records, the first `records` are looked at, the last of which ends at `end`; `known` is a place among them:
        so many records before it, and where the last of them ends."""
        tail = TAIL
        while True:
            first = max(0, records - tail)
            edge = _last_edge(self.keys_of(buffer[self.end_of(buffer, known, first) : end]))
            if edge is not None or not first:
                return None if edge is None else first + edge
            tail *= 2

    def end_of(self, buffer: bytes, known: tuple[int, int], records: int) -> int:
        """Where in the buffer its first so many records end. It holds as many, whole; `known` saves counting."""
        # Behind the last record that is known blank lines may have been passed, which are not its own.
        passed, begin = known if known[0] < records else (0, 0)
        return self._format.take(self._layout, buffer, begin, records - passed, len(buffer), final=True).end


def _last_edge(keys: Sequence[str | None]) -> int | None:
    """Where the last record lies whose key differs from the key that was last said before it."""
    edge, group = None, None
    for at, key in enumerate(keys):
        if key is not None:
            if group not in (None, key):
                edge = at
            group = key
    return edge
