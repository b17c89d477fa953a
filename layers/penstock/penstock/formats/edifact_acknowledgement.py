"""EDIFACT's acknowledgement: a CONTRL for each interchange (ISO 9735-4; version D, release 3, or 4:1 for syntax 4).

    UNB UNH UCI     the interchange: acknowledged (7) with all in it that is not named, or rejected (4)
    UCF             a group in it, where something in it is rejected or wrong
    UCM             a message that is rejected (4), with UCS and UCD for the segments and elements that are wrong
    UNT UNZ

A message that is not named is accepted. An interchange that is wrong in itself is acknowledged nevertheless, with its
fault, if any of its messages was taken. CONTRL itself gets no answer.
"""

import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

from penstock.formats.acknowledging import Body, Refusal, Told, segment
from penstock.formats.envelopes import Faulty, Opens, Passing
from penstock.formats.segment_records import MOST_SEGMENTS, element_of, split_segments
from penstock.model.findings import Finding
from penstock.model.messages import Delimiters

MOST_NOTES = 20  #: segments of one message that are told of

_ACKNOWLEDGED, _REJECTED = "7", "4"  #: 0083
_UNSPECIFIED, _MISSING, _REPEATED = "18", "13", "35"  #: 0085
_CITED = re.compile(r"EDIFACT 0085 ([0-9]+)")
_NUMBERED = re.compile(r"segment ([0-9]+) ")
_SERVICE = ("UNH", "UNT")  #: whose faults UCM tells itself
_DEFAULT = Delimiters(segment="'", element="+", component=":", release="?")


class Note(NamedTuple):
    """What UCS says of a segment: its place in the message, counted from 1, and the code; `element` is what UCD names,
    0 for none."""

    at: int
    element: int
    code: str


class Name(NamedTuple):
    """What a segment is called by: its tag, and the first component of its first element."""

    tag: str
    qualifier: str


class EdifactAnswer:
    """As `Answer`."""

    def __init__(self, opens: Opens, made: datetime) -> None:
        assert opens.layout.delimiters is not None
        self._unb, self._made = [*opens.elements, *[""] * 12], made
        self._delimiters, self._encoding = opens.layout.delimiters, opens.layout.encoding
        self._body = Body(self._delimiters, self._encoding)
        self._group, self._in_group = self._unb[:0], Body(self._delimiters, self._encoding)
        self._group_code, self._code, self._messages = "", "", 0
        self.told = Told(self._unb[5], self._unb[2], self._unb[3], "CONTRL")

    def hear(self, event: Passing, refusal: Refusal | None) -> None:
        """As `Answer.hear`."""
        if isinstance(event, Faulty):
            self._hear_fault(event)
        elif isinstance(event, Opens) and event.level == "group":
            self._group = [*event.elements, *[""] * 8]
            self._in_group, self._group_code = Body(self._delimiters, self._encoding), ""
        elif isinstance(event, Opens):
            self._add(event.elements, refusal)
        else:
            self._end_group()

    def _hear_fault(self, event: Faulty) -> None:
        """Of several faults of one envelope the first is told; a message's own does not reject it."""
        self.told.wrong(event)
        code = _code_of(event.rule)
        if event.fault.startswith("group_") and self._group:
            self._group_code = self._group_code or code
        elif not event.fault.startswith("record_"):
            self._code = self._code or code

    def _add(self, header: Sequence[str], refusal: Refusal | None) -> None:
        said = [*header, "", "", ""]
        if said[2].partition(self._delimiters.component)[0] == "CONTRL":
            return
        self._messages += 1
        self.told.count(refusal)
        if refusal is None:
            return
        body = self._in_group if self._group else self._body
        notes, code, tag = notes_on(refusal, self._delimiters, self._encoding)
        body.write("UCM", said[1], said[2], _REJECTED, code, tag)
        for at in sorted({one.at for one in notes}):
            ours = [one for one in notes if one.at == at]
            body.write("UCS", str(at), next((one.code for one in ours if not one.element), ""))
            for one in ours:
                if one.element:
                    body.write("UCD", one.code, str(one.element))

    def _end_group(self) -> None:
        if self._in_group.segments or self._group_code:
            ung = self._group
            self._body.write("UCF", ung[5], ung[2], ung[3], _ACKNOWLEDGED, self._group_code)
            self._body.add(self._in_group)
        self._group, self._in_group = [], Body(self._delimiters, self._encoding)

    def pieces(self) -> Iterator[bytes]:
        """As `Answer.pieces`."""
        if self._messages or self._code:
            yield self._beginning().encode(self._encoding, "replace")
            yield from self._body.pieces()
            yield self._end().encode(self._encoding, "replace")

    def _beginning(self) -> str:
        unb, made = self._unb, self._made
        date = f"{made:%Y%m%d}" if self._is_4 else f"{made:%y%m%d}"
        test = ("",) * 5 + ("1",) if unb[11] == "1" else ()
        header = ("UNB", unb[1], unb[3], unb[2], self._joined(date, f"{made:%H%M}"), unb[5], *test)
        kind = self._joined("CONTRL", *(("4", "1") if self._is_4 else ("D", "3")), "UN")
        verdict = _REJECTED if self._code and not self.told.accepted else _ACKNOWLEDGED
        about = ("UCI", unb[5], unb[2], unb[3], verdict, self._code)
        return self._advice() + "".join(segment(self._delimiters, one) for one in (header, ("UNH", "1", kind), about))

    def _end(self) -> str:
        trailers = (("UNT", str(self._body.segments + 3), "1"), ("UNZ", "1", self._unb[5]))
        return "".join(segment(self._delimiters, one) for one in trailers)

    def _advice(self) -> str:
        """UNA, where the sender's separators are not those of the standard."""
        ours = self._delimiters
        if ours._replace(repetition="") == _DEFAULT and ours.repetition in ("", "*"):
            return ""
        mark = "," if "." in ours else "."
        return f"UNA{ours.component}{ours.element}{mark}{ours.release or ' '}{ours.repetition or ' '}{ours.segment}"

    def _joined(self, *components: str) -> str:
        return self._delimiters.component.join(components)

    @property
    def _is_4(self) -> bool:
        return self._unb[1].split(self._delimiters.component)[1:2] == ["4"]


def notes_on(refusal: Refusal, delimiters: Delimiters, encoding: str) -> tuple[list[Note], str, str]:
    """What was wrong with a message: the notes on its segments, in their order, and what UCM says itself: the code, and
    the tag of the service segment that is at fault."""
    names, notes, own = _names_of(refusal.raw, delimiters, encoding), set[Note](), list[tuple[str, str]]()
    for finding in refusal.findings:
        code, place = _code_of(finding.rule or "") or _UNSPECIFIED, element_of(finding.field or "")
        note = _note_on(finding, code, place, names)
        if note:
            notes.add(note)
        else:
            own.append((code, place[0] if place and place[0] in _SERVICE else ""))
    code, tag = own[0] if own else ("", "")
    return sorted(notes)[:MOST_NOTES], code, tag


def _note_on(finding: Finding, code: str, place: tuple[str, int] | None, names: Sequence[Name]) -> Note | None:
    """The segment that a finding is about, None if it names none in the message's body."""
    numbered = _NUMBERED.match(finding.message)
    # 0098 counts the tag as well.
    element = place[1] + 1 if place and place[1] else 0
    if numbered and 0 < int(numbered[1]) <= len(names):
        at = int(numbered[1])
        return Note(at, element if place and place[0] == names[at - 1].tag else 0, code)
    if not place or place[0] in _SERVICE or len(place[0]) < 3 or not names:
        return None
    at = _place_of(finding.field or "", place[0], names, code)
    return Note(at, element, code) if at else Note(len(names), 0, _MISSING)


def _place_of(field: str, tag: str, names: Sequence[Name], code: str) -> int:
    """Where the segment stands that a field names, such as DTM+137 by its qualifier; 0 if it is missing."""
    qualifier = field.partition("+")[2]
    of_tag = [at for at, name in enumerate(names, 1) if name.tag == tag]
    meant = [at for at in of_tag if qualifier and names[at - 1].qualifier == qualifier]
    if meant:
        # What stands too often is wrong where it stands again.
        return meant[1] if code == _REPEATED and len(meant) > 1 else meant[0]
    return of_tag[0] if of_tag and not (qualifier and code == _MISSING) else 0


def _code_of(rule: str) -> str:
    """The code of 0085 that a rule cites, "" if it cites none."""
    cited = _CITED.match(rule)
    return cited[1] if cited else ""


def _names_of(raw: bytes, delimiters: Delimiters, encoding: str) -> list[Name]:
    """What a message's segments are called; none of a message that has too many."""
    if raw.count(delimiters.segment.encode()) > MOST_SEGMENTS:
        return []
    segments = split_segments(delimiters, raw.decode(encoding, "replace"))
    first = [(one[0], one[1] if len(one) > 1 else "") for one in segments if one[0]]
    return [Name(*(said.partition(delimiters.component)[0] for said in one)) for one in first]
