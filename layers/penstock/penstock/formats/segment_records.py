"""What a record of segments says, and what is wrong with it by itself: in X12 and EDIFACT alike.

A record comes out as a tree: its segments in order, each a list of its tag and its elements. Nothing is lost on the way
and nothing is guessed; which element means what, and where one has components, is the feed's knowledge.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from penstock.formats.envelopes import as_number, same_control
from penstock.formats.segments import Levels, split_released
from penstock.formats.text import undecodable
from penstock.model.findings import Finding
from penstock.model.messages import Delimiters, Layout

MOST_SEGMENTS = 200_000  #: of a record
MOST_ELEMENTS = 1_000_000  #: of a record, in all

type Segment = list[str]
"""The tag, then the elements; "" where the sender said nothing."""


@dataclass(frozen=True, slots=True)
class Reading:
    """How one syntax's records are read. `rules` has the standard's own code for each fault."""

    levels: Levels
    tag: str  #: what every tag matches
    kind: str  #: what the element that says the record's kind matches
    kind_at: int  #: that element of the header
    rules: Mapping[str, str]

    def fault(self, code: str, message: str, field: str | None = None) -> Finding:
        """A finding that rejects."""
        return Finding(f"format.{code}", message, field, rule=self.rules.get(code))


def read_record(reading: Reading, layout: Layout, raw: bytes) -> list[Segment] | Finding:
    """The record's segments, or the reason why it cannot be taken for what it says."""
    assert layout.delimiters is not None
    fault = _too_many_parts(reading, layout.delimiters, raw) or undecodable(raw, layout.encoding)
    if fault:
        return fault
    segments = split_segments(layout.delimiters, raw.decode(layout.encoding))
    return _frame_fault(reading, layout, segments) or _content_fault(reading, layout.delimiters, segments) or segments


def components(text: str, delimiters: Delimiters) -> list[str]:
    """The components of an element as they are meant, without release characters.

    >>> components("4?:5:kg", Delimiters(segment="'", element="+", component=":", release="?"))
    ['4:5', 'kg']
    """
    if not delimiters.component:
        return [text]
    parts = split_released(text, delimiters.component, delimiters.release)
    if not delimiters.release or delimiters.release not in text:
        return parts
    return [re.sub(re.escape(delimiters.release) + "(.)", r"\1", part, flags=re.DOTALL) for part in parts]


def element_of(field: str) -> tuple[str, int] | None:
    """The segment that a finding's field names, and which of its elements, 0 for none; None where it names no segment.

    >>> element_of("B3-11"), element_of("DTM+137"), element_of("totals.due")
    (('B3', 11), ('DTM', 0), None)
    """
    found = re.fullmatch(r"([A-Z][A-Z0-9]{1,2})(?:-([0-9]{2}))?(?:[+].*)?", field)
    return (found[1], int(found[2] or 0)) if found else None


def split_segments(delimiters: Delimiters, text: str) -> list[Segment]:
    """A record's segments, whatever is wrong with them; release characters stay where they are."""
    terminator, element, release = delimiters.segment, delimiters.element, delimiters.release
    white = "".join(character for character in " \t\r\n" if character not in (element, delimiters.component))
    released = release and release in text
    pieces = split_released(text, terminator, release) if released else text.split(terminator)
    if not pieces[-1].strip(white):
        pieces.pop()
    if terminator.isspace():
        pieces = [piece.rstrip("\r") for piece in pieces if piece.strip(white)]
    if any(terminator + blank in text for blank in white):
        pieces = [piece.lstrip(white) for piece in pieces]
    if released:
        return [split_released(piece, element, release) for piece in pieces]
    return [piece.split(element) for piece in pieces]


def _too_many_parts(reading: Reading, delimiters: Delimiters, raw: bytes) -> Finding | None:
    """Every part is an object of its own, a hundred times as large as its bytes may be."""
    if len(raw) <= MOST_SEGMENTS:
        return None
    if raw.count(delimiters.segment.encode()) > MOST_SEGMENTS:
        return reading.fault("record_parts", f"the record has more than {MOST_SEGMENTS:,} segments")
    if raw.count(delimiters.element.encode()) > MOST_ELEMENTS:
        return reading.fault("record_parts", f"the record has more than {MOST_ELEMENTS:,} elements")
    return None


def _frame_fault(reading: Reading, layout: Layout, segments: list[Segment]) -> Finding | None:
    """What is wrong with header and trailer."""
    levels = reading.levels
    level, first, last = levels.record, segments[0], segments[-1]
    header, trailer = level.header, level.trailer
    if first[0] != header:
        return reading.fault("record_unopened", f"segments without the {header} that a record begins with")
    if last[0] != trailer:
        return reading.fault("record_unclosed", f"no {trailer} ends the record; the file may be cut short")
    control, kind = _at(first, level.control), _at(first, reading.kind_at)
    if not re.fullmatch(reading.kind, kind):
        return reading.fault("record_kind", f"{header} does not say what kind of record it begins", header)
    if not control.strip():
        return reading.fault("record_header", f"{header} has no control number", header)
    if not same_control(control, _at(last, 2)):
        return reading.fault("record_control", f"the control numbers of {header} and {trailer} differ", trailer)
    if as_number(_at(last, 1)) != len(segments):
        return reading.fault(
            "record_count", f"{trailer} does not say that the record has {len(segments)} segments", trailer
        )
    if "sender" not in layout.envelope:
        return reading.fault("record_outside", f"the record lies in no {levels.interchange.header}")
    if levels.grouped and "group_sender" not in layout.envelope:
        return reading.fault("record_outside", f"the record lies in no {levels.group.header}")
    return None


def _content_fault(reading: Reading, delimiters: Delimiters, segments: Sequence[Segment]) -> Finding | None:
    """What is wrong between header and trailer."""
    if all(_matches(reading.tag, tag) for tag in {segment[0] for segment in segments}) and (
        "".join(map("".join, segments)).isprintable() and delimiters.element.isprintable()
    ):
        return None
    for number, segment in enumerate(segments, 1):
        tag, bad = segment[0], _control(delimiters).search(delimiters.element.join(segment))
        if bad and bad.group() in "\r\n":
            return reading.fault(
                "character",
                f"segment {number} has the end of a line at position {bad.start()}: are its lines wrapped at a fixed"
                " width, or is a segment terminator missing before it? send it without line ends within segments",
            )
        if not _matches(reading.tag, tag):
            what = "is empty" if segment == [""] else "has no tag that could be one"
            return reading.fault("segment_tag", f"segment {number} {what}")
        if bad:
            return reading.fault(
                "character",
                f"segment {number} ({tag}) has the control character 0x{ord(bad.group()):02x} at position"
                f" {bad.start()}; is a segment terminator missing before it?",
                tag,
            )
    return None


@lru_cache(maxsize=1024)
def _matches(pattern: str, tag: str) -> bool:
    return bool(re.fullmatch(pattern, tag))


@lru_cache(maxsize=64)
def _control(delimiters: Delimiters) -> re.Pattern[str]:
    """A control character that is no delimiter."""
    ours = {*delimiters.element, *delimiters.component, *delimiters.repetition, *delimiters.release}
    codes = [code for code in (*range(0x20), 0x7F, *range(0x80, 0xA0)) if chr(code) not in ours]
    return re.compile("[" + "".join(re.escape(chr(code)) for code in codes) + "]")


def _at(segment: Segment, at: int) -> str:
    return segment[at] if at < len(segment) else ""
