"""ANSI X12: transaction sets, each a record, in functional groups in interchanges.

X12.5 (interchange), X12.6 (syntax). What separates the parts is told by the ISA, the interchange's first segment, which
is as long as its fields are wide: 105 bytes and the terminator. Real files have it otherwise (padding trimmed, or
widened by a no-break space in UTF-8), so its sixteen elements are counted. Each interchange may have its own
delimiters. A `BIN` or `BDS` segment, whose data may contain anything, is not known here: a set is rejected if the data
in it ends a segment.

Faults carry the codes of the 997/999 acknowledgement (AK3, AK4, AK5, AK9) and of the TA1.
"""

import re
from collections.abc import Sequence
from datetime import datetime

from penstock.formats.envelopes import Faulty, Opens
from penstock.formats.format import HEAD, FieldOf
from penstock.formats.origins import origin_in
from penstock.formats.segment_records import Reading, Segment
from penstock.formats.segmented import Segmented
from penstock.formats.segments import OPENING, WHITE, Level, Levels, Opened
from penstock.formats.text import UTF8_BOM
from penstock.formats.x12_acknowledgement import X12Answer
from penstock.model.errors import Refused
from penstock.model.messages import Delimiters, Layout

LEVELS = Levels(
    interchange=Level("interchange", "ISA", "IEA", 13),
    group=Level("group", "GS", "GE", 6),
    record=Level("record", "ST", "SE", 2),
    opener="ISA[^A-Za-z0-9][A-Z0-9 ]{2}[^A-Za-z0-9]",
    beside=("TA1", "TA3", "ISB", "ISE"),
    grouped=True,
)

RULES = {
    "interchange_header": "X12 TA105 022: invalid control structure",
    "interchange_unclosed": "X12 TA105 023: improper end of file",
    "interchange_unopened": "X12 TA105 022: invalid control structure",
    "interchange_control": "X12 TA105 001: control numbers in header and trailer do not match",
    "interchange_count": "X12 TA105 021: invalid number of included groups",
    "interchange_repeated": "X12 TA105 025: duplicate interchange control number",
    "group_outside": "X12 TA105 022: invalid control structure",
    "group_unclosed": "X12 AK905 3: functional group trailer missing",
    "group_unopened": "X12 TA105 024: invalid interchange content",
    "group_control": "X12 AK905 4: group control numbers in header and trailer do not agree",
    "group_count": "X12 AK905 5: number of included transaction sets does not match the count",
    "group_repeated": "X12 AK905 19: group control number not unique within the interchange",
    "record_outside": "X12 TA105 024: invalid interchange content",
    "record_repeated": "X12 AK502 23: transaction set control number not unique within the group",
    "record_unopened": "X12 AK304 2: unexpected segment",
    "record_unclosed": "X12 AK502 2: transaction set trailer missing",
    "record_kind": "X12 AK502 6: missing or invalid transaction set identifier",
    "record_header": "X12 AK502 7: missing or invalid transaction set control number",
    "record_control": "X12 AK502 3: control numbers in header and trailer do not match",
    "record_count": "X12 AK502 4: number of included segments does not match the count",
    "segment_tag": "X12 AK304 1: unrecognised segment id",
    "character": "X12 AK403 6: invalid character in data element",
}

_READING = Reading(LEVELS, tag="[A-Z][A-Z0-9]{1,2}", kind="[A-Z0-9]{3}", kind_at=1, rules=RULES)
_WITHOUT_ISA = re.compile(rb"(?:\A|[^A-Za-z0-9])(?:GS([^A-Za-z0-9\s])[A-Z]{2}\1|ISA([^A-Za-z0-9\s])\d\d\2)")
_COMMON = "00401"  #: the version in which an interchange is answered that says none
_STANDARD_ISA = 105  # without its terminator
_BEHIND_ISA = b"GS|TA1|TA3|ISB|ISE|IEA"


class X12(Segmented):
    """Transaction sets, from ST to SE. A parsed one is its `transaction` (ST01), `control` (ST02), `version` (ST03, or
    the group's GS08), `envelope` (what ISA and GS say) and `segments`."""

    name = "x12"
    levels = LEVELS
    reading = _READING

    def recognise(self, head: bytes, field_of: FieldOf) -> Layout | None:
        """A file that begins with ISA; what it says, with the first GS, is the layout's envelope.

        Raises:
            Refused: `format.x12_isa`, for an ISA that cannot be read, or that is not where the file begins.
        """
        body = head.removeprefix(UTF8_BOM).lstrip(WHITE)
        begin = len(head) - len(body)
        if not re.match(rb"ISA[^A-Za-z0-9]", body):
            found = _WITHOUT_ISA.search(head[:HEAD])
            if not found:
                return None
            raise Refused(
                "format.x12_isa", "the file holds X12 segments but does not begin with ISA; send the whole interchange"
            )
        try:
            return self.beginning(head, begin)
        except ValueError as error:
            raise Refused("format.x12_isa", f"the ISA segment {error}") from None

    def opened(self, layout: Layout, buffer: bytes, at: int) -> Opened:
        """As `Segmented.opened`."""
        return _opened(layout, buffer, at)

    def grouped(self, layout: Layout, elements: Sequence[str]) -> Layout:
        """As `Segments.grouped`."""
        said = [element.strip() for element in elements] + [""] * 8
        group = {
            "group_function": said[1],
            "group_sender": said[2],
            "group_receiver": said[3],
            "group_made": said[4] + said[5],
            "group_version": said[8],
        }
        return layout.model_copy(update={"envelope": layout.envelope | group})

    def said(self, layout: Layout, header: Segment) -> dict[str, str]:
        """As `Segmented.said`."""
        version = header[3] if len(header) > 3 else ""
        return {"transaction": header[1], "control": header[2], "version": version or layout.envelope["group_version"]}

    def answer(self, opens: Opens, made: datetime) -> X12Answer:
        """As `Segmented.answer`."""
        return X12Answer(opens, made)

    def refusal(self, head: bytes, why: str, made: datetime) -> X12Answer | None:
        """As `Acknowledging.refusal`: a TA1, where the ISA says between whom it goes, and under which number."""
        cited = re.search(r"X12 TA105 \w+", why)
        body = head.removeprefix(UTF8_BOM).lstrip(WHITE)
        said = [part.decode("utf-8", "replace").strip() for part in body[:OPENING].split(body[3:4] or b"*")[:16]]
        known = len(said) > 13 and said[0] == "ISA" and all(said[at] for at in (5, 6, 7, 8))
        if not cited or not known or not re.fullmatch("[0-9]{1,9}", said[13]) or not int(said[13]):
            return None
        delimiters = Delimiters(segment="~" if body[3:4] != b"~" else "\n", element=body[3:4].decode(), component="")
        layout = Layout(format=self.name, delimiters=delimiters)
        said[12] = said[12] if re.fullmatch("[0-9]{5}", said[12]) else _COMMON
        answer = self.answer(Opens("interchange", said, 0, layout), made)
        answer.hear(Faulty("interchange_header", cited[0]), None)
        return answer


def _opened(layout: Layout, buffer: bytes, at: int) -> Opened:
    """The interchange whose ISA stands there.

    Raises:
        ValueError: it cannot be read; the message goes on from "the ISA segment".
    """
    window = buffer[at : at + OPENING]
    element = window[3:4]
    parts, component, ending = _divided(window, element)
    try:
        terminator = _character(ending)
    except UnicodeDecodeError:
        raise ValueError("ends with a byte that is no UTF-8 character (X12 TA105 004)") from None
    if (terminator.isascii() and terminator.isalnum()) or terminator in " \t":
        raise ValueError("has no segment terminator after ISA16 (X12 TA105 004: the segment terminator is invalid)")
    if component and (component.isalnum() or not component.isascii() or component.isspace()):
        raise ValueError("has no component separator as ISA16 (X12 TA105 027: invalid component element separator)")
    if component in (element, terminator.encode()) or terminator.encode() == element:
        raise ValueError("gives two of its separators the same character (X12 TA105 026)")
    said = [part.decode("utf-8", "replace").strip() for part in parts]
    if not re.fullmatch("[0-9]{5}", said[12]):
        raise ValueError("says no version as ISA12 (X12 TA105 017: invalid interchange version id value)")
    if not said[13]:
        raise ValueError("has no control number (X12 TA105 018: invalid interchange control number value)")
    length = len(window) - len(ending)
    # Until 00401 ISA11 named the standard, with a U.
    repetition = said[11] if said[12] >= "00402" and not said[11].isalnum() else ""
    return Opened(
        end=at + length + len(terminator.encode()),
        layout=layout.model_copy(
            update={
                "delimiters": Delimiters(
                    segment=terminator,
                    element=element.decode(),
                    component=component.decode(),
                    repetition=repetition,
                ),
                "envelope": {
                    "sender_qualifier": said[5],
                    "sender": said[6],
                    "receiver_qualifier": said[7],
                    "receiver": said[8],
                    "version": said[12],
                    "usage": said[15],
                }
                | origin_in(said[2] + said[4]),
            }
        ),
        control=said[13],
        elements=(*said, component.decode()),
        odd="" if length == _STANDARD_ISA else f"has {length} bytes before its terminator and not {_STANDARD_ISA}",
    )


def _divided(window: bytes, element: bytes) -> tuple[list[bytes], bytes, bytes]:
    """Its tag and first fifteen elements, ISA16, and all that follows, beginning with the terminator. Some end it with
    ISA15 and leave even the separator before ISA16 out: a segment follows at once.

    Raises:
        ValueError: as `_opened`.
    """
    parts = window.split(element, 16)
    cut_off = len(parts) > 16 and re.fullmatch(rb"([A-Z]) *([^A-Z0-9\s]\s*|\r?\n)(?:%s)" % _BEHIND_ISA, parts[15])
    if cut_off:
        begin = len(element.join(parts[:15])) + 1
        return [*parts[:15], cut_off[1]], b"", window[begin + cut_off.start(2) :]
    if len(parts) < 17 or len(parts[16]) < 2:
        raise ValueError("does not have sixteen elements and a terminator (X12 TA105 022: invalid control structure)")
    return parts[:16], *_ending(parts[16], element)


def _ending(behind: bytes, element: bytes) -> tuple[bytes, bytes]:
    """ISA16, the component separator, and all that follows it, beginning with the segment terminator. Blanks before
    that are passed over. Where ISA16 is missing, the terminator stands at its place: a segment follows it at once, and
    it ends that, too."""
    next_tag = rb"(?:%s)%s" % (_BEHIND_ISA, re.escape(element))
    alone = rb"([^A-Za-z0-9\s])(?:%s.*?\1|[\r\n]+%s[^\r\n]*\1[\r\n])" % (next_tag, next_tag)
    if re.match(alone, behind, re.DOTALL):
        return b"", behind
    return behind[:1], behind[1:].lstrip(b" \t") or behind[1:]


def _character(data: bytes) -> str:
    """The first character of UTF-8 text."""
    size = 1 if data[0] < 0x80 else 2 if data[0] < 0xE0 else 3 if data[0] < 0xF0 else 4
    return data[:size].decode()
