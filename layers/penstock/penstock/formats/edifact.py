"""EDIFACT (ISO 9735): messages, each a record, in groups where the sender makes any, in interchanges.

The service string advice `UNA` says what separates the parts; without one they are `:+.? '`, and from syntax version 4
on `*` repeats an element. A release character takes the meaning of a separator from what follows it. `UNB` names the
character set. Faults carry the codes of the CONTRL message (data element 0085).
"""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from penstock.formats.edifact_acknowledgement import EdifactAnswer
from penstock.formats.envelopes import Opens
from penstock.formats.format import FieldOf
from penstock.formats.origins import origin_in
from penstock.formats.segment_records import Reading, Segment, components
from penstock.formats.segmented import Segmented
from penstock.formats.segments import OPENING, WHITE, Level, Levels, Opened, patterns
from penstock.formats.text import UTF8_BOM
from penstock.model.errors import Refused
from penstock.model.messages import Delimiters, Layout

LEVELS = Levels(
    interchange=Level("interchange", "UNB", "UNZ", 5),
    group=Level("group", "UNG", "UNE", 5),
    record=Level("record", "UNH", "UNT", 1),
    opener="UNA[^A-Za-z0-9]{6}|UNB[+]UN",
)

_REFERENCES = "EDIFACT 0085 28: references do not match"
_COUNT = "EDIFACT 0085 29: control count does not match number of instances received"
_MISSING = "EDIFACT 0085 13: missing"
_OCCURRENCE = "EDIFACT 0085 15: not supported in this position"
_OUTSIDE = "EDIFACT 0085 33: invalid occurrence outside message or functional group"
_DUPLICATE = "EDIFACT 0085 26: duplicate detected"

RULES = {
    "interchange_header": "EDIFACT 0085 12: invalid value",
    "interchange_unclosed": _MISSING,
    "interchange_unopened": _OCCURRENCE,
    "interchange_control": _REFERENCES,
    "interchange_count": _COUNT,
    "interchange_repeated": _DUPLICATE,
    "group_outside": _OCCURRENCE,
    "group_unclosed": _MISSING,
    "group_unopened": _OCCURRENCE,
    "group_control": _REFERENCES,
    "group_count": _COUNT,
    "group_repeated": _DUPLICATE,
    "record_outside": _OUTSIDE,
    "record_repeated": _DUPLICATE,
    "record_unopened": _OUTSIDE,
    "record_unclosed": _MISSING,
    "record_kind": "EDIFACT 0085 12: invalid value",
    "record_header": _MISSING,
    "record_control": _REFERENCES,
    "record_count": _COUNT,
    "segment_tag": "EDIFACT 0085 14: value not supported in this position",
    "character": "EDIFACT 0085 21: invalid character(s)",
}

_READING = Reading(LEVELS, tag="[A-Z][A-Z0-9]{2}(?:[^A-Za-z0-9].*)?", kind="[A-Z]{3}.*", kind_at=2, rules=RULES)

#: ISO 9735 annex A: syntax identifiers and their character sets. A and B are parts of ASCII.
_CHARACTER_SETS = {
    "UNOA": "ascii", "UNOB": "ascii", "UNOC": "iso-8859-1", "UNOD": "iso-8859-2", "UNOE": "iso-8859-5",
    "UNOF": "iso-8859-7", "UNOG": "iso-8859-3", "UNOH": "iso-8859-4", "UNOI": "iso-8859-6", "UNOJ": "iso-8859-8",
    "UNOK": "iso-8859-9", "UNOL": "iso-8859-15", "UNOW": "utf-8", "UNOY": "utf-8",
}  # fmt: skip


class Edifact(Segmented):
    """Messages, from UNH to UNT. A parsed one is its `transaction` (the message type, such as INVOIC), `control` (the
    message reference), `version` (such as D:96A:UN), `envelope` (what UNB and UNG say), `segments` and `delimiters`.
    Elements are as they came: `components` takes one apart, and the release characters off."""

    name = "edifact"
    levels = LEVELS
    reading = _READING

    def recognise(self, head: bytes, field_of: FieldOf) -> Layout | None:
        """A file that begins with UNA or UNB.

        Raises:
            Refused: `format.edifact_unb`, for a UNB that cannot be read, or that is not where the file begins.
        """
        body = head.removeprefix(UTF8_BOM).lstrip(WHITE)
        begin = len(head) - len(body)
        if not re.match(rb"UN[AB][^A-Za-z0-9]", body):
            if not re.search(rb"(?:\A|[^A-Za-z0-9])UN[BH]\+[^\r\n]{1,99}[+:]", body):
                return None
            raise Refused(
                "format.edifact_unb",
                "the file holds EDIFACT segments but does not begin with UNA or UNB; send the whole interchange",
            )
        try:
            return self.beginning(head, begin)
        except ValueError as error:
            raise Refused("format.edifact_unb", f"the UNB segment {error}") from None

    def opened(self, layout: Layout, buffer: bytes, at: int) -> Opened:
        """As `Segmented.opened`."""
        return _opened(layout, buffer, at)

    def grouped(self, layout: Layout, elements: Sequence[str]) -> Layout:
        """As `Segments.grouped`."""
        assert layout.delimiters is not None
        said = [components(element, layout.delimiters)[0] for element in elements] + [""] * 8
        group = {"group_function": said[1], "group_sender": said[2], "group_receiver": said[3]}
        return layout.model_copy(update={"envelope": layout.envelope | group})

    def said(self, layout: Layout, header: Segment) -> dict[str, Any]:
        """As `Segmented.said`."""
        assert layout.delimiters is not None
        kind, _, version = header[2].partition(layout.delimiters.component)
        return {"transaction": kind, "control": header[1], "version": version, "delimiters": layout.delimiters}

    def answer(self, opens: Opens, made: datetime) -> EdifactAnswer:
        """As `Segmented.answer`."""
        return EdifactAnswer(opens, made)


def _opened(layout: Layout, buffer: bytes, at: int) -> Opened:
    """The interchange whose UNA or UNB stands there.

    Raises:
        ValueError: it cannot be read; the message goes on from "the UNB segment".
    """
    window = buffer[at : at + OPENING]
    delimiters = Delimiters(segment="'", element="+", component=":", release="?")
    begin = 0
    if window.startswith(b"UNA"):
        delimiters = _advised(window[3:9])
        begin = 9 + len(window[9:]) - len(window[9:].lstrip(WHITE))
    found = patterns(LEVELS, delimiters)
    unb = found.segment.match(window, begin)
    if not window.startswith(b"UNB" + delimiters.element.encode(), begin) or not unb:
        raise ValueError("does not stand where an interchange begins, or does not end")
    elements = found.elements(unb.group())
    said = [components(element, delimiters) + [""] * 2 for element in [*elements, "", "", "", "", ""]]
    identifier, version = said[1][0], said[1][1]
    if identifier not in _CHARACTER_SETS:
        raise ValueError(
            "names a character set that is not known here; S001 must begin with UNOA to UNOL, UNOW or UNOY"
        )
    if not said[5][0]:
        raise ValueError("has no control reference")
    if version >= "4" and not delimiters.repetition and begin == 0:
        delimiters = delimiters._replace(repetition="*")
    return Opened(
        end=at + unb.end(),
        layout=layout.model_copy(
            update={
                "encoding": _CHARACTER_SETS[identifier],
                "delimiters": delimiters,
                "envelope": {
                    "sender": said[2][0],
                    "sender_qualifier": said[2][1],
                    "receiver": said[3][0],
                    "receiver_qualifier": said[3][1],
                    "version": f"{identifier}:{version}",
                    "usage": "T" if elements[11:12] == ["1"] else "P",
                }
                | origin_in(said[10][0]),
            }
        ),
        control=said[5][0],
        elements=elements,
    )


def _advised(service: bytes) -> Delimiters:
    """What a UNA's six characters say: component, element, decimal mark, release, repetition, segment. A blank says
    that there is none.

    Raises:
        ValueError: they cannot be told apart.
    """
    component, element, _, release, repetition, segment = (service[at : at + 1] for at in range(6))
    separators = [one for one in (component, element, release.strip(), repetition.strip(), segment) if one]
    usable = all(one.isascii() and not one.isalnum() for one in separators) and component.strip() and element.strip()
    if len(service) < 6 or len(set(separators)) < len(separators) or not usable or segment == b" ":
        raise ValueError("is not separated as its UNA says: the service characters are not six different ones")
    return Delimiters(
        segment=segment.decode(),
        element=element.decode(),
        component=component.decode(),
        repetition=repetition.strip().decode(),
        release=release.strip().decode(),
    )
