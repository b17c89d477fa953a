"""Where a file is cut into chunks. Pure: blocks of bytes in, spans out; the same bytes give the same spans (R28).

A chunk is as many records as the limits allow. Where records stand in groups it ends earlier, at the last edge between
two groups; or later, if one group fills it: that group travels alone. Where the records' envelopes say something else
from here on, a chunk ends in any case, and so does a group.
"""

from collections.abc import Callable, Iterator
from enum import Enum, auto

from penstock.feeds.feed import Feed
from penstock.formats.enveloped import Enveloped
from penstock.formats.format import ENDLESS, Taken
from penstock.formats.text import line_breaks
from penstock.model.findings import Noted
from penstock.model.messages import LargeGroup, Layout, Place, Span
from penstock.split.grouping import Grouping

NO_LIMIT = 1 << 62
SLICE = 256 * 1024  #: bytes looked at in one go: small, so that what is behind a cut is seldom copied
AHEAD = 16  #: bytes behind a record that a format may have to see to know that it ends there
FOLLOWED = 500  #: records looked at in one go where a group is followed to its end


class _Follows(Enum):
    """What comes after the open span's records."""

    OTHERS = auto()  #: nothing, or records that are none of the group
    TOO_MUCH = auto()  #: a record of the group that is beyond the limits
    UNSEEN = auto()  #: more of the file must be seen


class Planner:
    """Cuts a file into spans as its bytes arrive. Holds at most one chunk's worth of them, or one group's.

    Feed it every byte of the file in order with `push`, then call `finish`; each gives the spans that are complete. A
    span begins with its first record's first byte: blank lines between spans belong to none.

    With `place`, the place of another planner that got so far, it goes on from there and gives the very spans that the
    other would have given. The first byte pushed is then that at `start`, which is not after the place. `size` is the
    file's.
    """

    def __init__(
        self, feed: Feed, layout: Layout, place: Place | None = None, *, start: int = 0, size: int = NO_LIMIT
    ) -> None:
        place = place or Place(byte=layout.first_byte, line=layout.first_line)
        self._limits = feed.limits
        self._feed, self._format = feed, feed.format_named(layout.format)
        self._of_file = layout
        self._layout = place.layout or layout
        reader = self._format
        self._envelopes = reader.envelopes(self._layout, place.envelopes) if isinstance(reader, Enveloped) else None
        self._size = size
        self._passing = place.byte - start  # bytes still to come that are in no span
        self._buffer = b""  # from the open span's first byte on
        self._byte, self._line = place.byte, place.line  # where the buffer begins
        self._after_cr = place.after_cr
        self._open, self._scanned = 0, 0  # the open span's records, and the bytes they take up
        self._lines = 0  # of those records, where the feed bounds them
        self._ending: Callable[[bytes], int | None] | None = None  # while a record too large to hold goes by
        self._began = place  # where that record did
        self._enough = 0  # bytes in the buffer below which nothing new can be found
        self._grouping = Grouping(feed, self._layout) if feed.group else None
        self._furthest = max(feed.limits.bytes, feed.limits.record_bytes)  # bytes within which a record's end is seen
        self._known = (0, 0)  # an earlier state of the open span
        self._group: str | None = None  # that alone fills the open span, and is followed to its end
        self._large_group = place.large_group  # that is too large, and goes by
        self.chunks = place.chunk  #: spans so far
        self.records = place.record  #: counted so far, over all spans

    @property
    def place(self) -> Place:
        """Where the next span will begin, as it can be told once a span has been given."""
        if self._ending:
            return self._began
        return Place(
            byte=self._byte,
            line=self._line,
            chunk=self.chunks,
            record=self.records,
            after_cr=self._after_cr,
            large_group=self._large_group,
            layout=self._other_layout,
            envelopes=self._envelopes.state() if self._envelopes else "",
        )

    @property
    def noted(self) -> Noted:
        """What is wrong with the file's envelopes, as it can be told once `finish` has given its last span."""
        return self._envelopes.noted if self._envelopes else Noted()

    def push(self, block: bytes) -> Iterator[Span]:
        """The spans that this block completes."""
        at = 0
        while at < len(block):
            passed = min(self._passing, len(block) - at)
            self._passing -= passed
            at += passed
            self._buffer += block[at : at + SLICE]
            at += SLICE
            if len(self._buffer) >= self._enough:
                yield from self._cut(final=False)
                self._enough = self._enough_for_another_look()

    def finish(self) -> Iterator[Span]:
        """The spans that are left when the file has ended."""
        yield from self._cut(final=True)
        if self._open:
            yield self._close()
        if self._ending:
            yield self._close_oversize()
        if self._envelopes:
            self._envelopes.finish(self._buffer)

    def _cut(self, final: bool) -> Iterator[Span]:
        while True:
            if self._ending:
                if not self._pass_by(self._ending):
                    return
                yield self._close_oversize()
            if not self._open:
                self._pass_blank(final)
            if self._large_group:
                line, seen = self._large_group.line, self._take_of_large(self._large_group, final)
                if not seen:
                    return
                if self._open:
                    yield self._close(of_group=line)
                continue
            if not self._group and not self._fill(final):
                return
            if self._open and self._ends_well(final):
                yield self._close()
            elif not self._ending and not self._large_group:
                return

    def _fill(self, final: bool) -> bool:
        """Takes up records as far as the limits go, and says whether it got so far."""
        limits = self._limits
        if self._feed.lines and limits.lines:
            taken, full = self._take_lines(self._feed.lines, limits.lines, final)
        else:
            taken, full = self._take(limits.records - self._open, self._scanned, final), False
        if taken.records:
            self._known = (self._open, self._scanned)
            self._open += taken.records
        self._scanned = taken.end
        full |= self._passes(limits.bytes, final)
        if self._open:
            return full or taken.last or self._open == limits.records
        return bool(self._buffer) and (final or full) and self._take_alone(final)

    def _take(self, records: int, start: int, final: bool) -> Taken:
        return self._format.take(self._layout, self._buffer, start, records, self._limits.bytes, final)

    def _take_lines(self, count: Callable[[Layout, bytes], int], most: int, final: bool) -> tuple[Taken, bool]:
        """Records up to so many lines, and whether the next one would be beyond them: it must be seen whole for that.
        The first record of a span is taken whatever it has."""
        records, end = 0, self._scanned
        while self._open + records < self._limits.records:
            one = self._take(1, end, final)
            if not one.records:
                return Taken(records, one.end, one.last), False
            lines = count(self._layout, self._buffer[end : one.end])
            if self._open + records and self._lines + lines > most:
                return Taken(records, end), True
            records, end = records + 1, one.end
            self._lines += lines
        return Taken(records, end), False

    def _take_alone(self, final: bool) -> bool:
        """Takes up a record that fits no chunk: it travels alone, or passes by if it is too large altogether. False if
        more of it must be seen first."""
        alone = self._format.take(self._layout, self._buffer, 0, 1, NO_LIMIT, final)
        most = self._limits.record_bytes
        if alone.end > most if alone.records else self._passes(most, final):
            self._began = self.place
            self._ending = self._format.ending(self._layout)
            return True
        self._open, self._scanned = alone.records, alone.end
        return bool(alone.records)

    def _passes(self, limit: int, final: bool) -> bool:
        """Whether the buffer is beyond a limit, by as much as must be seen to know that no record ends within it."""
        return len(self._buffer) >= limit + (1 if final else AHEAD)

    def _enough_for_another_look(self) -> int:
        """How many bytes of the buffer are worth another look. A record whose end is not there yet is not searched anew
        at every slice, or a large one would cost the square of its size; no limit is passed by unseen."""
        if self._open or self._ending or self._large_group or not self._buffer:
            return 0
        limits, size = self._limits, len(self._buffer)
        return min(edge for edge in (2 * size, limits.bytes + AHEAD, limits.record_bytes + AHEAD) if edge > size)

    # -- groups

    def _ends_well(self, final: bool) -> bool:
        """Has the full span end between two groups. False if more must be seen first, or if it is of a group that is
        too large."""
        if self._grouping is None:
            return True
        if not self._group:
            following = self._next(final)
            if following is None or not following.records:
                return following is not None
            edge = self._grouping.last_edge(self._buffer, self._known, self._open + 1, following.end)
            if edge is not None and edge < self._open:
                self._open, self._scanned = edge, self._grouping.end_of(self._buffer, self._known, edge)
            # Records of which none says a key are of no group: they end anywhere.
            self._group = None if edge else self._grouping.key_of(self._buffer[: self._scanned])
            if not self._group:
                return True
        follows = self._follow(self._grouping, self._group, self._limits.group_records, self._limits.group_bytes, final)
        if follows is _Follows.TOO_MUCH:
            self._large_group = LargeGroup(key=self._group, line=self._line)
            self._reopen()
        return follows is _Follows.OTHERS

    def _take_of_large(self, group: LargeGroup, final: bool) -> bool:
        """Takes up records of a group that is too large, as far as the limits go or it does. False if more must be seen
        first."""
        assert self._grouping is not None
        limits = self._limits
        follows = self._follow(self._grouping, group.key, limits.records, limits.bytes, final)
        if follows is _Follows.OTHERS:
            self._large_group = None
        elif follows is _Follows.TOO_MUCH and not self._open:
            alone = self._next(final)
            assert alone is not None
            self._open, self._scanned = alone.records, alone.end
        return follows is not _Follows.UNSEEN

    def _follow(self, grouping: Grouping, group: str, records: int, limit: int, final: bool) -> _Follows:
        """Takes up records of the group as far as these limits go or it does."""
        while True:
            most, reach = min(FOLLOWED, max(0, records - self._open)), self._scanned + self._furthest
            taken = self._format.take(self._layout, self._buffer, self._scanned, most, min(limit, reach), final)
            fits = taken.records > 0
            following = taken if fits else self._next(final)
            if following is None:
                return _Follows.UNSEEN
            piece = self._buffer[self._scanned : following.end]
            ours = grouping.leading(group, piece)
            if fits:
                # Counted again: how many blank lines came behind the last depends on how much of the file was seen.
                known = (self._open, self._scanned)
                self._open += ours
                self._scanned = grouping.end_of(self._buffer, known, self._open)
            if ours < following.records or not following.records:
                return _Follows.OTHERS
            if not fits:
                return _Follows.TOO_MUCH

    def _next(self, final: bool) -> Taken | None:
        """The record after the open span's; no record where none comes that could be read, or one in other envelopes;
        None if more must be seen."""
        reach = self._scanned + self._furthest
        following = self._format.take(self._layout, self._buffer, self._scanned, 1, reach, final)
        if following.records or following.last or final or self._passes(reach, final):
            return following
        return None

    # -- the buffer

    def _pass_by(self, ending: Callable[[bytes], int | None]) -> bool:
        """Lets the oversize record's bytes go by; whether its end has come."""
        end = ending(self._buffer)
        self._pass(len(self._buffer) if end is None else end)
        if self._byte - self._began.byte <= ENDLESS:
            return end is not None
        self._passing += self._size - self._byte - len(self._buffer)
        self._byte, self._buffer = self._size, b""
        return True

    def _pass_blank(self, final: bool) -> None:
        """Lets go by what belongs to no record: blank lines and the like, each if its end is seen where a record's must
        be. A longer one is a record itself, and too large: else it would be what the blocks make of it."""
        seen = self._furthest + AHEAD
        while size := self._format.blank(self._layout, self._buffer[:seen], final and len(self._buffer) <= seen):
            self._pass(size)

    def _pass(self, size: int) -> None:
        """The buffer's first bytes are done with."""
        piece, self._buffer = self._buffer[:size], self._buffer[size:]
        self._byte += size
        if self._envelopes:
            self._read_by(self._envelopes.follow(piece))
        # A CR that ended the piece before and an LF that begins this one are one line's end.
        self._line += line_breaks(piece) - (self._after_cr and piece.startswith(b"\n"))
        self._after_cr = piece.endswith(b"\r") if piece else self._after_cr

    def _read_by(self, layout: Layout) -> None:
        """What comes is to be read by this layout."""
        if self._grouping and layout is not self._layout:
            self._grouping = Grouping(self._feed, layout)
        self._layout = layout

    @property
    def _other_layout(self) -> Layout | None:
        """The layout in force, where it is not the file's."""
        return None if self._layout == self._of_file else self._layout

    def _close(self, of_group: int | None = None) -> Span:
        """The open span, ended."""
        start, line, records, layout = self._byte, self._line, self._open, self._other_layout
        self._pass(self._scanned)
        self._reopen()
        return self._span(start, line, records, layout, of_group=of_group)

    def _reopen(self) -> None:
        """A span with nothing in it yet."""
        self._open = self._scanned = self._lines = 0
        self._known, self._group = (0, 0), None

    def _close_oversize(self) -> Span:
        """The record that has gone by, as a span of its own."""
        self._ending = None
        return self._span(self._began.byte, self._began.line, 1, self._began.layout, oversize=True)

    def _span(
        self,
        start: int,
        line: int,
        records: int,
        layout: Layout | None,
        *,
        oversize: bool = False,
        of_group: int | None = None,
    ) -> Span:
        span = Span(
            chunk=self.chunks,
            start=start,
            end=self._byte,
            first_record=self.records,
            records=records,
            line=line,
            oversize=oversize,
            of_group=of_group,
            layout=layout,
        )
        self.chunks += 1
        self.records += records
        return span
