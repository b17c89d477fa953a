"""X12's acknowledgements: 999 for groups of version 005010, 997 for the others, and TA1 for the interchange itself.

    ISA                          from the receiver to the sender, under the control number that is answered
    TA1                          where ISA14 asks for it, or something is wrong with the interchange
    GS ST AK1 … AK9 SE GE        for each group: AK2 to AK5 (IK5 in a 999) for each of its sets, with AK3 and AK4 (IK3
    IEA                          and IK4) for what was wrong with it

Sources: X12.20 (997), X12.5 (TA1), the technical report 005010X231A1 (999). Groups of acknowledgements (FA) get none.
Who took some sets of an interchange that is wrong in itself says E, errors noted, so that they are not sent again.
"""

import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from penstock.formats.acknowledging import Body, Refusal, Told, segment
from penstock.formats.envelopes import Faulty, Opens, Passing, as_number
from penstock.formats.segment_records import MOST_SEGMENTS, element_of
from penstock.model.findings import Finding
from penstock.model.messages import Delimiters

MOST_CODES = 5  #: AK502 to AK506, AK905 to AK909
MOST_NOTES = 20  #: segments of one set that are told of

_GROUP_FAULTS_OF_997 = frozenset(map(str, (*range(1, 7), *range(10, 19), *range(23, 27))))  #: data element 716
_CITED = re.compile(r"X12 (AK304|AK403|AK502|AK905|TA105) (\w+)")
_PLACE = re.compile(r"([A-Z][A-Z0-9]{1,2})-([0-9]{2})")
_NUMBERED = re.compile(r"segment ([0-9]+) ")
_HAS_ERRORS = "8"  #: AK304: the segment has data element errors
_CONTENT = "024"  #: TA105: invalid interchange content
_MISSING = "3"  #: AK304: a mandatory segment is missing
_IN_SEGMENTS = "5"  #: AK502: one or more segments in error


class Note(NamedTuple):
    """What AK3 says of a segment: its place in the set, counted from 1, its tag and the code; and what AK4 says of its
    elements: the place and the code."""

    at: int
    tag: str
    code: str
    elements: tuple[tuple[int, str], ...] = ()


class X12Answer:
    """As `Answer`."""

    def __init__(self, opens: Opens, made: datetime) -> None:
        assert opens.layout.delimiters is not None
        self._isa, self._made = [*opens.elements, *[""] * 17], made
        self._delimiters = _whole(opens.layout.delimiters)
        self._body = Body(self._delimiters, "utf-8")
        self._groups, self._group = 0, _Group.none()
        self._codes: list[str] = []
        sender, receiver = (":".join(filter(None, self._isa[at : at + 2])) for at in (5, 7))
        self.told = Told(self._isa[13], sender, receiver)

    def hear(self, event: Passing, refusal: Refusal | None) -> None:
        """As `Answer.hear`."""
        if isinstance(event, Faulty):
            self._hear_fault(event)
        elif isinstance(event, Opens) and event.level == "group":
            self._group = _Group.begun(event, self._delimiters)
            self._codes += [_CONTENT] if self._group.is_wrong else []
        elif isinstance(event, Opens) and self._group.body:
            self.told.count(refusal)
            self._group.add(event.elements, refusal)
        elif isinstance(event, Opens):
            self._codes += [_CONTENT] if refusal and not self._group.version else []
        else:
            self._end_group(event.says)

    def _hear_fault(self, event: Faulty) -> None:
        self.told.wrong(event)
        cited = _CITED.match(event.rule)
        if cited and cited[1] == "TA105":
            self._codes.append(cited[2])
        elif cited and cited[1] == "AK905":
            self._group.codes.append(cited[2])
        elif cited:
            self._group.note_fault(cited[2])

    def _end_group(self, count: str) -> None:
        group = self._group
        if group.body is None:
            return
        self._groups += 1
        gs, number, verdict = group.header, str(self._groups), group.verdict(count)
        sent = self._made.strftime("%y%m%d" if group.version < "004010" else "%Y%m%d")
        names = (gs[3] or self._isa[8], gs[2] or self._isa[6])
        agency = gs[7] if gs[7] in ("T", "X") else "X"
        self._body.write("GS", "FA", *names, sent, f"{self._made:%H%M}", number, agency, group.version)
        self._body.write("ST", group.kind, "0001")
        self._body.write("AK1", gs[1], gs[6], gs[8] if group.is_999 else "")
        self._body.add(group.body)
        self._body.write("AK9", *verdict)
        self._body.write("SE", str(group.body.segments + 4), "0001")
        self._body.write("GE", "1", number)
        self.told.answer = group.kind
        self._group = _Group.none()

    def pieces(self) -> Iterator[bytes]:
        """As `Answer.pieces`."""
        ta1 = self._ta1()
        if ta1 or self._groups:
            head = self._header() + (segment(self._delimiters, ta1) if ta1 else "")
            yield head.encode()
            yield from self._body.pieces()
            yield segment(self._delimiters, ("IEA", str(self._groups), self._control)).encode()

    def _ta1(self) -> Sequence[str]:
        """TA1: a code for the first fault of the interchange, 000 where there is none."""
        if self._isa[14] != "1" and not self._codes:
            return ()
        self.told.answer = f"{self.told.answer} TA1".strip()
        code = self._codes[0] if self._codes else "000"
        verdict = "A" if code == "000" else "E" if self.told.accepted else "R"
        return ("TA1", self._control, self._isa[9], self._isa[10], verdict, code)

    @property
    def _control(self) -> str:
        """Nine digits: the number that is answered; of what is no number, its digest's."""
        control = self._isa[13]
        number = as_number(control)
        if number is None:
            number = int(hashlib.sha256(control.encode()).hexdigest(), 16)
        return f"{number % 10**9:09}"

    def _header(self) -> str:
        isa, made = self._isa, self._made
        repetition = self._delimiters.repetition or "U"
        who = (f"{isa[7]:2.2}", f"{isa[8]:15.15}", f"{isa[5]:2.2}", f"{isa[6]:15.15}")
        when = (f"{made:%y%m%d}", f"{made:%H%M}")
        usage = isa[15] if isa[15] in ("I", "P", "T") else "P"
        says = ("ISA", "00", " " * 10, "00", " " * 10, *who, *when, repetition, isa[12], self._control, "0", usage)
        return self._delimiters.element.join((*says, self._delimiters.component)) + self._delimiters.segment


@dataclass(slots=True)
class _Group:
    """The answer to a group, as far as it has come; without a body it gets none. `last` is a set that was accepted and
    is not written yet, as something may still be noted of it."""

    header: Sequence[str]
    version: str
    body: Body | None
    delimiters: Delimiters
    received: int = 0
    accepted: int = 0
    noted: int = 0
    codes: list[str] = field(default_factory=list[str])
    last: Sequence[str] = ()
    last_codes: list[str] = field(default_factory=list[str])

    @staticmethod
    def none() -> "_Group":
        """Where no group is open."""
        return _Group(("",) * 9, "", None, Delimiters("", "", ""))

    @staticmethod
    def begun(opens: Opens, delimiters: Delimiters) -> "_Group":
        """One whose header can be answered, and that holds no acknowledgements."""
        said = [one.strip() for one in opens.elements] + [""] * 9
        is_answered = re.fullmatch("[A-Z]{2}", said[1]) and said[1] != "FA" and re.fullmatch("[0-9]{1,9}", said[6])
        version = re.match("[0-9]{6}", said[8])
        body = Body(delimiters, "utf-8") if is_answered else None
        return _Group(said, version[0] if version else "004010", body, delimiters)

    @property
    def is_wrong(self) -> bool:
        """Whether it gets no answer because its header has nothing to answer to."""
        return self.body is None and self.header[1] != "FA"

    @property
    def is_999(self) -> bool:
        return self.version.startswith("00501")

    @property
    def kind(self) -> str:
        return "999" if self.is_999 else "997"

    def add(self, header: Sequence[str], refusal: Refusal | None) -> None:
        """One of its sets, with AK2 to AK5."""
        self._flush()
        self.received += 1
        if refusal is None:
            self.accepted, self.last = self.accepted + 1, header
        elif self.body:
            self._open_set(header)
            notes, codes = notes_on(refusal, self.delimiters)
            for note in notes:
                self._write("K3", note.tag, str(note.at), "", note.code)
                for at, code in note.elements:
                    self._write("K4", str(at), "", code)
            self._write("K5", "R", *codes)

    def note_fault(self, code: str) -> None:
        """Something is wrong with the set that came last."""
        self.last_codes.append(code)

    def _flush(self) -> None:
        if self.last and self.body:
            self._open_set(self.last)
            self.noted += bool(self.last_codes)
            self._write("K5", "E" if self.last_codes else "A", *self.last_codes[:MOST_CODES])
        self.last, self.last_codes = (), []

    def _open_set(self, header: Sequence[str]) -> None:
        """AK2: what ST says, as it came; what it must say and does not are zeros."""
        assert self.body is not None
        said = [one.strip() for one in header] + [""] * 4
        kind = said[1] if re.fullmatch("[A-Z0-9]{3}", said[1]) else "000"
        self.body.write("AK2", kind, said[2][:9] or "0000", said[3] if self.is_999 else "")

    def _write(self, tag: str, *elements: str) -> None:
        assert self.body is not None
        self.body.write(f"{'I' if self.is_999 else 'A'}{tag}", *elements)

    def verdict(self, count: str) -> Sequence[str]:
        """AK9 of the group; `count` is GE01."""
        self._flush()
        known = [one for one in dict.fromkeys(self.codes) if self.is_999 or one in _GROUP_FAULTS_OF_997]
        included = as_number(count)
        if not self.accepted and (self.received or self.codes):
            word = "R"
        elif self.accepted < self.received:
            word = "P"
        else:
            word = "E" if self.codes or self.noted else "A"
        counts = (str(self.received if included is None else included), str(self.received), str(self.accepted))
        return (word, *counts, *known[:MOST_CODES])


def notes_on(refusal: Refusal, delimiters: Delimiters) -> tuple[list[Note], list[str]]:
    """What was wrong with a set: the notes on its segments, in their order, and the codes of AK5."""
    tags, notes, codes = (
        _tags_of(refusal.raw, delimiters),
        dict[tuple[int, str, str], list[tuple[int, str]]](),
        list[str](),
    )
    for finding in refusal.findings:
        cited = _CITED.match(finding.rule or "")
        if cited and cited[1] == "AK502":
            codes.append(cited[2])
            continue
        codes.append(_IN_SEGMENTS)
        note = _note_on(finding, cited, tags)
        if note:
            elements = notes.setdefault((note.at, note.tag, note.code), [])
            elements += [one for one in note.elements if one not in elements]
    told = sorted(Note(*place, tuple(elements)) for place, elements in notes.items())
    return told[:MOST_NOTES], list(dict.fromkeys(codes))[:MOST_CODES]


def _note_on(finding: Finding, cited: re.Match[str] | None, tags: Sequence[str]) -> Note | None:
    """The segment that a finding is about, None if it names none."""
    place = element_of(finding.field or "") or _place_in(finding.rule or "")
    numbered = _NUMBERED.match(finding.message)
    if numbered and 0 < int(numbered[1]) <= len(tags):
        at = int(numbered[1])
        place = (tags[at - 1], place[1] if place and place[0] == tags[at - 1] else 0)
    elif place and place[0] in tags:
        at = tags.index(place[0]) + 1
    else:
        at = len(tags) or 1
    if not place or not re.fullmatch("[A-Z][A-Z0-9]{1,2}", place[0]):
        return None
    tag, element = place
    code = cited[2] if cited and cited[1] == "AK304" else _HAS_ERRORS if tag in tags else _MISSING
    is_of_element = cited and cited[1] == "AK403" and element and code == _HAS_ERRORS
    return Note(at, tag, code, ((element, cited[2]),) if cited and is_of_element else ())


def _place_in(rule: str) -> tuple[str, int] | None:
    """The element that a rule cites, such as L3-05."""
    found = _PLACE.search(rule)
    return (found[1], int(found[2])) if found else None


def _tags_of(raw: bytes, delimiters: Delimiters) -> list[str]:
    """The tags of a set's segments; none of a set that has too many."""
    terminator, element = delimiters.segment.encode(), delimiters.element.encode()
    if raw.count(terminator) > MOST_SEGMENTS:
        return []
    pieces: Iterable[bytes] = (one.strip() for one in raw.split(terminator))
    return [one.partition(element)[0].decode("utf-8", "replace") for one in pieces if one]


def _whole(delimiters: Delimiters) -> Delimiters:
    """With a component separator, where the sender's ISA has none."""
    taken = {delimiters.segment, delimiters.element, delimiters.repetition}
    return delimiters._replace(component=delimiters.component or next(one for one in ":>^|" if one not in taken))
