"""What stands in the segments of an EDIFACT message (ISO 9735; UNTDID D.96A and D.01B)."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from penstock.feeds.freight.trees import Tree
from penstock.formats.segment_records import Segment, components
from penstock.model.messages import Delimiters

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

    def __init__(self, delimiters: Delimiters) -> None:
        super().__init__("UNTDID D.96A, INVOIC")
        self._delimiters = delimiters

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
            self.untold("amount", f"{segment[0]}-{element:02}", message, "ISO 9735 §10")
            return ""
        return f"{found[1] or found[4]}{found[2] or '0'}" + (f".{found[3]}" if found[3] else "")

    def money(self, segments: Sequence[Segment], *qualifiers: str) -> str:
        """The amount of the first of these qualifiers that stands there, in the message's currency; "" if none does."""
        for qualifier in qualifiers:
            ours = [one for one in segments if self.at(one, 1, 2) in ("", self.currency)]
            found = self.qualified(ours, qualifier)
            if found:
                return self.number(found, 1, 1)
        return ""

    def date_of(self, segments: Sequence[Segment], *qualifiers: str) -> str:
        """The date of the first of these qualifiers that stands there, "" if none does."""
        for qualifier in qualifiers:
            found = self.qualified(segments, qualifier)
            if found:
                return self.day_of(self.at(found, 1, 1), self.at(found, 1, 2), f"DTM+{qualifier}")
        return ""

    def a_day(self, segment: Segment) -> str:
        """The day that a DTM tells; "" if what it tells is none, but a month, a week or a period."""
        qualifier, text, form = (self.at(segment, 1, at) for at in range(3))
        return self.day_of(text, form, f"DTM+{qualifier}") if form in _WITH_DAY else ""

    def day_of(self, text: str, form: str, name: str) -> str:
        """UNTDID 2379: 101 is YYMMDD, 102 CCYYMMDD; 203, 204 and 303 have a time behind it."""
        digits = text[:8] if form == "" or form in _WITH_DAY else ""
        if form == "101" and len(text) == 6:
            digits = ("19" if text[:2] >= "80" else "20") + text
        if not digits.isdigit() or (form == "102" and len(text) != 8):
            digits = ""
        return self.checked_day(f"{digits[:4]}-{digits[4:6]}-{digits[6:]}", name)

    def twice(self, what: str) -> None:
        """Notes that what may stand once stands there again."""
        self.untold(
            "stands_twice",
            what,
            f"the message has {what} twice where it may stand once, and nobody can tell which is meant",
            "EDIFACT 0085 35: too many repetitions",
        )
