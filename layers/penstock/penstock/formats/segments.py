"""Segments in envelopes, which ANSI X12 and EDIFACT share: where a record begins and ends, however the file is cut.

A segment is a tag and its elements, up to a terminator. A record is what lies from its header segment to its trailer
(ST to SE, UNH to UNT). The segments of the envelopes belong to no record; every other segment does, also one that has
no business where it stands, so that nothing is passed over unseen. A record without its trailer ends where the next
header or envelope begins.

White space (blank, tab, CR, LF) before a segment is no part of it, as many senders write a line a segment; nor is what
fills a file up behind its last one (NUL, Ctrl-Z). Searches
look for a terminator with a header behind it, in C; whether a release character takes the terminator's meaning away is
looked at only where one was found.
"""

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from penstock.formats.format import Taken
from penstock.model.messages import Delimiters, Layout

LONGEST = 4096  #: bytes an envelope's segment can have; a longer one is none
OPENING = 512  #: bytes within which an interchange's first segment must end
WHITE = b" \t\r\n"
FILL = b"\x00\x1a"  #: what some systems fill a file up with, or end it by


type Word = Literal["interchange", "group", "record"]


@dataclass(frozen=True, slots=True)
class Level:
    """An interchange, a group or a record: its segments' tags, and which element of the header is its control number.

    A trailer's first element is a count, its second the control number again.
    """

    word: Word
    header: str
    trailer: str
    control: int

    @property
    def tags(self) -> tuple[str, str]:
        """Of header and trailer."""
        return self.header, self.trailer


@dataclass(frozen=True, slots=True)
class Levels:
    """The levels of one syntax. `opener` matches what an interchange begins with, whatever its delimiters; `beside` are
    segments between envelopes that open and close nothing; `grouped` says that every record must lie in a group."""

    interchange: Level
    group: Level
    record: Level
    opener: str
    beside: tuple[str, ...] = ()
    grouped: bool = False


@dataclass(frozen=True, slots=True)
class Opened:
    """An interchange that begins: where its first segment ends, the layout behind that, its control number, its
    elements, and in what it is not as the standard has it, if in anything."""

    end: int
    layout: Layout
    control: str
    elements: Sequence[str]
    odd: str = ""


class Patterns:
    """The expressions for one set of delimiters."""

    def __init__(self, levels: Levels, delimiters: Delimiters) -> None:
        segment, element, release = (
            re.escape(one.encode()) for one in (delimiters.segment, delimiters.element, delimiters.release)
        )
        white = bytes(byte for byte in WHITE if chr(byte) not in (delimiters.element, delimiters.component))
        blank = rb"[%s]*+" % white
        # Most segments are told apart by their first character already, which is found out fastest.
        tags = (*levels.interchange.tags, *levels.group.tags, *levels.record.tags, *levels.beside)
        first = b"".join(sorted({tag[:1].encode() for tag in tags}))
        behind, last = rb"%s(?=[%s%s])%s" % (segment, white, first, blank), segment
        if delimiters.segment.isspace():
            # The next segment begins behind the last of several line ends: were each of them tried, a file of nothing
            # else would take for ever.
            gap = rb"[%s]*+" % white.replace(delimiters.segment.encode(), b"")
            last = rb"%s(?!%s%s)" % (segment, gap, segment)
            behind = last + gap
        character = rb"(?:[^%s]|%s.)" % (release, release) if release else rb"."
        whole = rb"%s{0,%d}?%s" % (character, LONGEST, segment)
        header, trailer = levels.record.header.encode() + element, levels.record.trailer.encode() + element
        # An interchange may come with other delimiters than the one before; but a tag by itself opens none, whatever is
        # behind it: a chunk may end there.
        opener = rb"(?![A-Z]{3}%s)(?:%s)" % (segment, levels.opener.encode())
        envelopes = rb"|".join(tag.encode() for tag in tags if tag not in levels.record.tags)
        envelope = rb"(?:%s)%s" % (envelopes, element)

        # Where files were put one behind the other, what filled up the first stands before the next one's opening.
        blank_or_fill = b"[%s]" % (white + FILL)
        fill = rb"[%s]{0,64}+[%s]%s{0,64}+(?=%s)" % (white, FILL, blank_or_fill, opener)

        def compiled(pattern: bytes) -> re.Pattern[bytes]:
            return re.compile(pattern, re.DOTALL)

        self.delimiters = delimiters
        self.terminator = delimiters.segment.encode()
        self.release = delimiters.release.encode()
        self.blank = compiled(blank)
        self.header = compiled(header)
        self.ahead = compiled(rb"%s(?=%s)" % (blank, header))
        self.segment = compiled(whole)
        self.trailer = compiled(trailer + whole)
        self.opener = compiled(opener)
        self.envelope = compiled(envelope + whole)
        self.unfinished = compiled(rb"%s.{0,%d}\Z" % (envelope, LONGEST))
        self.fill = compiled(fill)
        self.record_end = compiled(
            rb"%s(?:%s%s|(?=%s|%s|%s))|%s%s" % (behind, trailer, whole, header, envelope, opener, last, fill)
        )
        self.headers = compiled(rb"%s(?=(%s)|(%s)|%s)|%s%s" % (behind, header, envelope, opener, last, fill))
        self.ends = compiled(rb"%s(?=%s|%s|%s)" % (behind, header, trailer, envelope))

    def released(self, buffer: bytes, at: int) -> bool:
        """Whether the terminator there is text, because a release character stands before it."""
        begin = at
        while self.release and buffer[begin - 1 : begin] == self.release:
            begin -= 1
        return bool((at - begin) % 2)

    def undecided(self, buffer: bytes) -> bytes:
        """What must be kept of bytes that have gone by, so that a segment that begins in them is recognised: from the
        last terminator on, unless that is too far back for a header."""
        at = buffer.rfind(self.terminator)
        if at >= 0 and not buffer[at + len(self.terminator) :].strip(WHITE):
            buffer = buffer[: at + len(self.terminator)]
        if at < 0 or len(buffer) - at > LONGEST:
            return self.release if self.released(buffer, len(buffer)) else b""
        return (self.release if self.released(buffer, at) else b"") + buffer[at:]

    def elements(self, segment: bytes) -> list[str]:
        """The tag and the elements of an envelope's segment, release characters and all."""
        text = segment.strip(WHITE).removesuffix(self.terminator).rstrip(WHITE).decode("utf-8", "replace")
        return split_released(text, self.delimiters.element, self.delimiters.release)


@lru_cache(maxsize=64)
def patterns(levels: Levels, delimiters: Delimiters) -> Patterns:
    """Compiled once."""
    return Patterns(levels, delimiters)


def split_released(text: str, separator: str, release: str) -> list[str]:
    """Splits at the separators without a release character before them; these characters stay where they are.

    >>> split_released("a?+b+c??+d", "+", "?")
    ['a?+b', 'c??', 'd']
    """
    parts = text.split(separator)
    if not release or release not in text:
        return parts
    joined = [parts[0]]
    for part in parts[1:]:
        before = joined[-1]
        if (len(before) - len(before.rstrip(release))) % 2:
            joined[-1] = before + separator + part
        else:
            joined.append(part)
    return joined


def ungrouped(layout: Layout) -> Layout:
    """The layout behind a group: what its interchange alone says."""
    return layout.model_copy(
        update={"envelope": {name: said for name, said in layout.envelope.items() if not name.startswith("group_")}}
    )


class Run:
    """Envelopes' segments one after the other, none of them the opening of an interchange as it should be: all that
    matters to the next record is whether its interchange is closed, and which group is open."""

    def __init__(self, levels: Levels) -> None:
        self._levels = levels
        self.closed = False
        self.group: Sequence[str] | None = None  # the open group's header, empty if it was closed, None if none was met

    def pass_by(self, elements: Sequence[str]) -> None:
        """One segment."""
        if elements[0] == self._levels.group.header:
            self.group = elements
        elif elements[0] == self._levels.group.trailer:
            self.group = ()
        elif elements[0] not in self._levels.beside:
            self.closed, self.group = True, None


class Segments(ABC):
    """A format of segments, but for what its records say. A record's raw bytes go from its header to its trailer, with
    the terminator, which is part of the trailer."""

    levels: Levels

    @abstractmethod
    def opening(self, layout: Layout, buffer: bytes, at: int) -> Opened | None:
        """The interchange that begins there; None if none does as it should, or if not all of it is there."""

    @abstractmethod
    def grouped(self, layout: Layout, elements: Sequence[str]) -> Layout:
        """The layout behind a group's header, whose elements these are."""

    def patterns(self, layout: Layout) -> Patterns:
        """For the layout's delimiters."""
        assert layout.delimiters is not None
        return patterns(self.levels, layout.delimiters)

    def take(self, layout: Layout, buffer: bytes, start: int, records: int, limit: int, final: bool) -> Taken:
        """As `Format.take`."""
        found = self.patterns(layout)
        taken, end = 0, start
        while taken < records:
            header = found.ahead.match(buffer, end)
            begin, ahead = (header.end(), layout) if header else self.over(layout, buffer, end, final)
            if ahead is None or begin == len(buffer):
                break
            stop = _end(found if header else self.patterns(ahead), buffer, begin, final)
            if stop is None:
                break
            if ahead is not layout and ahead != layout:
                return Taken(taken, end, last=True)
            if stop > limit:
                break
            taken, end = taken + 1, stop
        return Taken(taken, end)

    def over(self, layout: Layout, buffer: bytes, at: int, final: bool) -> tuple[int, Layout | None]:
        """Over white space and the envelopes' segments from `at` on, as far as they are whole: where the next record
        begins, and the layout it is to be read by; None where an interchange begins of which more must be seen."""
        found, run = self.patterns(layout), Run(self.levels)
        while True:
            white = found.blank.match(buffer, at)
            at = white.end() if white else at
            filled = found.fill.match(buffer, at)
            at = filled.end() if filled else at
            if final and buffer[at : at + 1] in (b"\x00", b"\x1a") and not buffer[at:].strip(WHITE + FILL):
                return len(buffer), self.behind(layout, run)
            if found.opener.match(buffer, at):
                opened = self.opening(layout, buffer, at)
                if opened:
                    at, layout = opened.end, opened.layout
                    found, run = self.patterns(layout), Run(self.levels)
                    continue
                if len(buffer) - at < OPENING and not final:
                    return at, None
            whole = found.envelope.match(buffer, at) or (final and found.unfinished.match(buffer, at))
            if not whole:
                return at, self.behind(layout, run)
            run.pass_by(found.elements(whole.group()))
            at = whole.end()

    def behind(self, layout: Layout, run: "Run") -> Layout:
        """The layout behind a run of envelopes' segments."""
        if run.closed:
            layout = layout.model_copy(update={"envelope": {}})
        if run.group is None:
            return layout
        return self.grouped(ungrouped(layout), run.group) if run.group else ungrouped(layout)

    def blank(self, layout: Layout, buffer: bytes, final: bool) -> int:
        """As `Format.blank`: white space and the envelopes' segments."""
        return self.over(layout, buffer, 0, final)[0]

    def ending(self, layout: Layout) -> Callable[[bytes], int | None]:
        """As `Format.ending`."""
        return _Ending(self.patterns(layout))

    def split(self, layout: Layout, chunk: bytes) -> list[bytes]:
        """As `Format.split`."""
        found, raws, end = self.patterns(layout), list[bytes](), 0
        while end < len(chunk):
            header = found.ahead.match(chunk, end)
            begin = header.end() if header else self.over(layout, chunk, end, final=True)[0]
            end = _end(found, chunk, begin, final=True) or len(chunk)
            if begin < end:
                raws.append(chunk[begin:end])
        return raws


def _end(found: Patterns, buffer: bytes, begin: int, final: bool) -> int | None:
    """Where the record ends that begins at `begin`; None if it goes on behind the buffer."""
    alone = found.trailer.match(buffer, begin)
    if alone:
        return alone.end()
    at = begin
    while match := found.record_end.search(buffer, at):
        if not (found.release and found.released(buffer, match.start())):
            return match.end()
        at = match.start() + 1
    return len(buffer) if final else None


class _Ending:
    """Follows a record too large to hold, to the end of its trailer. Where that is missing, the record ends behind the
    next header or envelope's segment: what has gone by cannot be given back."""

    def __init__(self, found: Patterns) -> None:
        self._found = found
        self._held: bytes | None = None

    def __call__(self, block: bytes) -> int | None:
        found = self._found
        if self._held is None:
            # A record may begin with its trailer, if its header is missing; its own header does not end it.
            self._held = b"" if found.header.match(block) else found.terminator
        buffer, passed = self._held + block, len(self._held)
        for match in found.ends.finditer(buffer):
            if found.released(buffer, match.start()):
                continue
            segment = found.segment.match(buffer, match.end())
            if segment:
                return segment.end() - passed
            if len(buffer) - match.end() <= LONGEST:
                self._held = buffer[match.start() :]
                return None
        self._held = found.undecided(buffer)
        return None
