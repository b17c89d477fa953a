"""What stands in the segments of an EDIFACT message (ISO 9735; UNTDID D.96A and D.01B)."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date

from penstock.feeds.freight.trees import Tree
from penstock.formats.segment_records import Segment, components
from penstock.model.messages import Delimiters

MISSING, INVALID, REPEATED = (
    "EDIFACT 0085 13: missing",
    "EDIFACT 0085 12: invalid value",
    "EDIFACT 0085 35: too many segment repetitions",
)
"""How CONTRL calls what is wrong (UN/EDIFACT, data element 0085)."""

_DECIMALS = "EDIFACT 0085 19: invalid decimal notation"
_CHARACTERS = "EDIFACT 0085 37: invalid type of character(s)"
_NUMBER = re.compile(r"(-?)([0-9]{0,15})(?:[.,]([0-9]{0,12}))?0*(-?)")


_WITH_DAY = ("101", "102", "203", "204", "303", "304")  #: UNTDID 2379


@dataclass(slots=True)
class Group:
    """A segment and those that belong to it."""

    lead: Segment
    members: list[Segment] = field(default_factory=list[Segment])

    def all(self, tag: str) -> list[Segment]:
        """Its members of one tag."""
        return [one for one in self.members if one[0] == tag]


_MEMBERS = {
    "RFF": {"DTM"},
    "NAD": {"LOC", "FII", "RFF", "DTM", "DOC", "CTA", "COM"},
    "TAX": {"MOA", "LOC"},
    "CUX": {"DTM"},
    "PAT": {"DTM", "PCD", "MOA", "PAI"},
    "TDT": {"TSR", "LOC", "DTM", "RFF"},
    "ALC": {"ALI", "RFF", "DTM", "QTY", "RNG", "PCD", "MOA", "RTE", "CUX", "TAX"},
    "PRI": {"APR", "RNG", "DTM"},
    "PAC": {"MEA", "EQD", "PCI", "RFF", "DTM", "GIN"},
}
"""The segment groups of INVOIC by the segment that begins them; the same in both directories, but for their numbers."""


def groups(segments: Sequence[Segment]) -> Iterator[Group]:
    """The segments of a section as groups; one that begins none is a group by itself."""
    current: Group | None = None
    for segment in segments:
        if current and segment[0] in _MEMBERS.get(current.lead[0], ()):
            current.members.append(segment)
            continue
        if current:
            yield current
        current = Group(segment)
    if current:
        yield current


class Message(Tree):
    """One message: `Tree`'s gathering of defects, over segments."""

    def __init__(self, delimiters: Delimiters, segments: Sequence[Segment]) -> None:
        super().__init__("UNTDID D.96A, INVOIC")
        self._delimiters, self._segments = delimiters, segments

    def _place(self, segment: Segment) -> str:
        """Which of the message's segments it is, counted from 1, for who has to mend it."""
        at = next((at for at, one in enumerate(self._segments, 1) if one is segment), 0)
        return f"segment {at} ({segment[0]}): " if at else ""

    def at(self, segment: Segment, element: int, component: int = 0) -> str:
        """A component of an element, "" if it is not there."""
        if element >= len(segment) or not segment[element]:
            return ""
        parts = components(segment[element], self._delimiters)
        return parts[component].strip() if component < len(parts) else ""

    def qualified(self, segments: Sequence[Segment], qualifier: str) -> Segment | None:
        """The one of them whose first component is the qualifier; a second is a defect."""
        found = [one for one in segments if self.at(one, 1) == qualifier]
        if len(found) > 1:
            self.twice(f"{found[0][0]}+{qualifier}")
        return found[0] if found else None

    def number(self, segment: Segment, element: int, component: int) -> str:
        """A number: the decimal mark is a comma or a point (ISO 9735 §10.2); "" if it is not there."""
        text = self.at(segment, element, component)
        if not text:
            return ""
        found = _NUMBER.fullmatch(text)
        if not found or not (found[2] or found[3]) or (found[1] and found[4]):
            message = "the number is none: write digits, with a comma or a point before the decimals, and no other mark"
            rule = _CHARACTERS if any(map(str.isalpha, text)) else _DECIMALS
            self.untold("amount", f"{segment[0]}-{element:02}", self._place(segment) + message, rule)
            return ""
        return f"{found[1] or found[4]}{found[2] or '0'}" + (f".{found[3]}" if found[3] else "")

    def gives(self, segments: Sequence[Segment], qualifier: str) -> bool:
        """Whether an amount of this qualifier stands there, in the message's currency."""
        return any(self.at(one, 1) == qualifier for one in self._ours(segments))

    def _ours(self, segments: Sequence[Segment]) -> list[Segment]:
        return [one for one in segments if self.at(one, 1, 2) in ("", self.currency)]

    def money(self, segments: Sequence[Segment], *qualifiers: str) -> str:
        """The amount of the first of these qualifiers that stands there, in the message's currency; "" if none does."""
        ours = self._ours(segments)
        for qualifier in qualifiers:
            found = self.qualified(ours, qualifier)
            if found:
                return self.number(found, 1, 1)
        return ""

    def date_of(self, segments: Sequence[Segment], *qualifiers: str) -> str:
        """The date of the first of these qualifiers that stands there, "" if none does."""
        for qualifier in qualifiers:
            found = self.qualified(segments, qualifier)
            if found:
                return self.day_of(found, self.at(found, 1, 1), self.at(found, 1, 2))
        return ""

    def a_day(self, segment: Segment) -> str:
        """The day that a DTM tells; "" if what it tells is none, but a month, a week or a period."""
        text, form = self.at(segment, 1, 1), self.at(segment, 1, 2)
        return self.day_of(segment, text, form) if form in _WITH_DAY else ""

    def day_of(self, segment: Segment, text: str, form: str) -> str:
        """The day that a segment's text says. UNTDID 2379: 101 is YYMMDD, 102 CCYYMMDD; 203, 204 and 303 have a time
        behind it."""
        digits = text[:8] if form == "" or form in _WITH_DAY else ""
        if form == "101" and len(text) == 6:
            digits = ("19" if text[:2] >= "80" else "20") + text
        if not digits.isdigit() or (form == "102" and len(text) != 8):
            digits = ""
        try:
            return date.fromisoformat(f"{digits[:4]}-{digits[4:6]}-{digits[6:]}").isoformat()
        except ValueError:
            name = f"{segment[0]}+{self.at(segment, 1)}"
            self.defects.add("date", name, f"{self._place(segment)}the date is none", INVALID)
            return ""

    def missing(self, name: str) -> None:
        """As `Tree.missing`."""
        add = self.untold if name.startswith(("MOA", "UNS")) else self.defects.add
        add("element_missing", name, f"the message lacks its {name}, which it must have", MISSING)

    def unpriced(self, name: str, message: str) -> None:
        """As `Tree.unpriced`."""
        self.untold("allowance_unpriced", name, message, MISSING)

    def twice(self, what: str) -> None:
        """Notes that what may stand once stands there again."""
        self.untold(
            "stands_twice",
            what,
            f"the message has {what} twice where it may stand once, and nobody can tell which is meant",
            REPEATED,
        )
