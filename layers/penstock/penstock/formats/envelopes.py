"""Whether the envelopes of X12 and EDIFACT hold what they say: control numbers, counts, and their order.

Nothing here rejects a record: when a trailer is seen to be wrong, its records may long be delivered. What is wrong is
told as soft findings of the file, in the codes of the standards' own acknowledgements (TA1, 997 and 999; CONTRL).
"""

import hashlib
import re
from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from pydantic import BaseModel, Field

from penstock.formats.segments import LONGEST, Level, Opened, Run, Segments, Word
from penstock.model.findings import Finding, Noted, Severity
from penstock.model.messages import Layout

#: Ranges of control numbers remembered of one level; numbers that follow one another are one range. Whatever they are,
#: a checkpoint that holds them fits into an item of DynamoDB, 400 KiB: what would grow where it is escaped goes by its
#: digest.
RANGES = 1000
NAME = 14  #: characters of a control number that is no number; no standard has longer ones
_PLAIN = re.compile(r"[A-Za-z0-9 ._/-]*", re.ASCII)
DIGITS = 18  #: of a number that is compared as one


@dataclass(slots=True)
class Seen:
    """Control numbers, as ranges: senders count up, so few ranges hold many."""

    ranges: list[tuple[int, int]] = field(default_factory=list[tuple[int, int]])
    names: set[str] = field(default_factory=set[str])

    def add(self, control: str) -> bool | None:
        """Remembers it; whether it is new, None if there is no room for it."""
        number = as_number(control)
        if number is None:
            return self._add_name(control)
        if self.ranges and number == self.ranges[-1][1] + 1:
            self.ranges[-1] = (self.ranges[-1][0], number)
            return True
        at = bisect_right(self.ranges, (number, 1 << 62))
        low, high = self.ranges[at - 1] if at else (0, -2)
        if low <= number <= high:
            return False
        joins_next = at < len(self.ranges) and self.ranges[at][0] == number + 1
        if number == high + 1:
            self.ranges[at - 1] = (low, self.ranges.pop(at)[1] if joins_next else number)
        elif joins_next:
            self.ranges[at] = (number, self.ranges[at][1])
        elif self._is_full:
            return None
        else:
            self.ranges.insert(at, (number, number))
        return True

    def _add_name(self, control: str) -> bool | None:
        name = control if _PLAIN.fullmatch(control) else hashlib.sha256(control.encode()).hexdigest()[:NAME]
        if name in self.names:
            return False
        if self._is_full or len(name) > NAME:
            return None
        self.names.add(name)
        return True

    @property
    def _is_full(self) -> bool:
        return len(self.ranges) + len(self.names) >= RANGES


class Opens(NamedTuple):
    """An envelope or a record begins, at `byte` of the file: the elements of its header, and the layout behind it."""

    level: Word
    elements: Sequence[str]
    byte: int
    layout: Layout


class Closes(NamedTuple):
    """An envelope ends, with its trailer or without one; it `says` how much it holds."""

    level: Word
    says: str = ""


class Faulty(NamedTuple):
    """Something is wrong with the envelope that is open, or with the record that was opened last."""

    fault: str
    rule: str


type Passing = Opens | Closes | Faulty
"""What goes by in a file, in its order."""


def _unheard(event: Passing) -> None:
    """Nobody listens."""


@dataclass(slots=True)
class Begun:
    """An envelope that is open: its control number, where its header stands, and what it holds so far."""

    control: str
    byte: int
    groups: int = 0
    records: int = 0


class State(BaseModel, defer_build=True):
    """What a file's envelopes have come to. `pending` are bytes that have gone by, kept to recognise a segment in."""

    byte: int
    pending: str
    interchange: Begun | None = None
    group: Begun | None = None
    interchanges: Seen = Field(default_factory=Seen)
    groups: Seen = Field(default_factory=Seen)
    records: Seen = Field(default_factory=Seen)
    noted: Noted = Noted()


class Checker:
    """Follows the bytes of a file of segments through its envelopes, as `Envelopes` says; `heard` is told of what goes
    by."""

    def __init__(
        self,
        segments: Segments,
        rules: Mapping[str, str],
        layout: Layout,
        state: str = "",
        heard: Callable[[Passing], None] = _unheard,
    ) -> None:
        self._segments, self._rules, self._layout, self._heard = segments, rules, layout, heard
        terminator = segments.patterns(layout).terminator
        self._state = (
            State.model_validate_json(state)
            if state
            else State(byte=layout.first_byte, pending=terminator.decode("iso-8859-1"))
        )

    @property
    def noted(self) -> Noted:
        """As `Envelopes.noted`."""
        return self._state.noted

    def state(self) -> str:
        """As `Envelopes.state`."""
        return self._state.model_dump_json()

    def follow(self, piece: bytes) -> Layout:
        """As `Envelopes.follow`."""
        self._follow(piece, final=False)
        return self._layout

    def finish(self, rest: bytes) -> None:
        """As `Envelopes.finish`."""
        self._follow(rest, final=True)
        levels, state = self._segments.levels, self._state
        for level, begun in ((levels.group, state.group), (levels.interchange, state.interchange)):
            if begun:
                self._note(f"{level.word}_unclosed", _unclosed(level, begun))
                self._heard(Closes(level.word))

    def _follow(self, piece: bytes, final: bool) -> None:
        state, found = self._state, self._segments.patterns(self._layout)
        pending = state.pending.encode("iso-8859-1")
        buffer, before = pending + piece, state.byte - len(pending)
        state.byte += len(piece)
        run = Run(self._segments.levels)
        at = 0
        while match := found.headers.search(buffer, at):
            begin = match.end()
            at = match.start() + 1
            if found.release and found.released(buffer, match.start()):
                continue
            record, envelope = match.groups()
            opens = None if record else found.opener.match(buffer, begin)
            opened = self._segments.opening(self._layout, buffer, begin) if opens else None
            if opened:
                self._open_interchange(opened, before + begin)
                self._layout, run = opened.layout, Run(self._segments.levels)
                found = self._segments.patterns(self._layout)
                # Its terminator is what the next header is looked for behind.
                at = opened.end - len(found.terminator)
                continue
            left = len(buffer) - begin
            whole = found.segment.match(buffer, begin)
            if whole is None and left <= LONGEST and not final:
                break
            if (record or envelope) and (whole or (final and left <= LONGEST)):
                segment = whole.group() if whole else buffer[begin:]
                self._meet(found.elements(segment), before + begin, run)
                at = begin + len(segment) - len(found.terminator)
        self._layout = self._segments.behind(self._layout, run)
        kept = buffer[match.start() :] if match else found.undecided(buffer)
        state.pending = kept.decode("iso-8859-1")

    def _meet(self, elements: Sequence[str], byte: int, run: Run) -> None:
        """A segment of an envelope, or a record's header."""
        levels, tag = self._segments.levels, elements[0]
        if tag == levels.record.header:
            self._open_record(elements, byte)
            return
        run.pass_by(elements)
        if tag == levels.group.header:
            self._open_group(elements, byte)
        elif tag == levels.group.trailer:
            self._close_group(elements, byte)
        elif tag == levels.interchange.trailer:
            self._close_interchange(elements, byte)
        elif tag not in levels.beside:
            self._end_interchange()
            self._note("interchange_header", f"the {tag} at byte {byte} is not as the standard has it")

    def _open_interchange(self, opened: Opened, byte: int) -> None:
        state, level = self._state, self._segments.levels.interchange
        self._end_interchange()
        self._heard(Opens("interchange", opened.elements, byte, opened.layout))
        if opened.odd:
            self._note("interchange_header", f"the {level.header} at byte {byte} {opened.odd}")
        self._once(state.interchanges, level, opened.control, byte)
        state.interchange, state.groups = Begun(control=opened.control, byte=byte), Seen()

    def _open_group(self, elements: Sequence[str], byte: int) -> None:
        state, level = self._state, self._segments.levels.group
        control = _element(elements, level.control)
        self._end_group()
        self._heard(Opens("group", elements, byte, self._layout))
        if state.interchange:
            state.interchange.groups += 1
        else:
            self._note("group_outside", f"the {level.header} at byte {byte} lies in no interchange")
        self._once(state.groups, level, control, byte)
        state.group, state.records = Begun(control=control, byte=byte), Seen()

    def _open_record(self, elements: Sequence[str], byte: int) -> None:
        # One that lies in no envelope is rejected for it, and needs no other word.
        state, level = self._state, self._segments.levels.record
        self._heard(Opens("record", elements, byte, self._layout))
        if state.interchange:
            state.interchange.records += 1
        if state.group:
            state.group.records += 1
        self._once(state.records, level, _element(elements, level.control), byte)

    def _end_group(self) -> None:
        """Before something that a group does not hold."""
        state, level = self._state, self._segments.levels.group
        if state.group:
            self._note("group_unclosed", _unclosed(level, state.group))
        state.group = None

    def _end_interchange(self) -> None:
        self._end_group()
        state, level = self._state, self._segments.levels.interchange
        if state.interchange:
            self._note("interchange_unclosed", _unclosed(level, state.interchange))
            self._heard(Closes("interchange"))
        state.interchange, state.records = None, Seen()

    def _close_group(self, elements: Sequence[str], byte: int) -> None:
        state, level = self._state, self._segments.levels.group
        self._close(level, state.group, elements, byte, state.group.records if state.group else 0)
        if state.group:
            self._heard(Closes("group", _element(elements, 1)))
        state.group = None

    def _close_interchange(self, elements: Sequence[str], byte: int) -> None:
        state, level = self._state, self._segments.levels.interchange
        self._end_group()
        begun = state.interchange
        # X12 always has groups; EDIFACT counts messages where there are none.
        self._close(level, begun, elements, byte, (begun.groups or begun.records) if begun else 0)
        if begun:
            self._heard(Closes("interchange", _element(elements, 1)))
        state.interchange, state.records = None, Seen()

    def _close(self, level: Level, begun: Begun | None, elements: Sequence[str], byte: int, holds: int) -> None:
        if not begun:
            self._note(f"{level.word}_unopened", f"the {level.trailer} at byte {byte} closes nothing")
            return
        if not same_control(begun.control, _element(elements, 2)):
            self._note(
                f"{level.word}_control",
                f"the {level.trailer} at byte {byte} has another control number than its {level.header}"
                f" at byte {begun.byte}",
            )
        if as_number(_element(elements, 1)) != holds:
            self._note(
                f"{level.word}_count",
                f"the {level.trailer} at byte {byte} does not say that its {level.header} at byte {begun.byte} holds"
                f" {holds}; if it says more, ask the sender for what is missing",
            )

    def _once(self, seen: Seen, level: Level, control: str, byte: int) -> None:
        """A control number is there once in what holds it."""
        new = seen.add(control)
        if new is None:
            self._note(
                "control_numbers_unchecked",
                f"too many control numbers in no order; from the {level.header} at byte {byte} on it was not looked"
                " whether one is there twice",
                Severity.INFO,
            )
        elif not new:
            self._note(
                f"{level.word}_repeated", f"the {level.header} at byte {byte} has an earlier one's control number"
            )

    def _note(self, fault: str, message: str, severity: Severity = Severity.SOFT) -> None:
        self._state.noted.add(Finding(f"format.{fault}", message, severity=severity, rule=self._rules.get(fault)))
        if severity is not Severity.INFO:
            self._heard(Faulty(fault, self._rules.get(fault, "")))


def as_number(text: str) -> int | None:
    """A count or control number, None if it is none.

    >>> as_number(" 0041"), as_number("4A"), as_number("")
    (41, None, None)
    """
    digits = text.strip()
    if not (digits.isascii() and digits.isdecimal()) or len(digits) > DIGITS:
        return None
    return int(digits)


def same_control(one: str, other: str) -> bool:
    """Whether two control numbers are the same; some senders pad one of them with zeros."""
    if one.strip() == other.strip():
        return True
    number = as_number(one)
    return number is not None and number == as_number(other)


def _element(elements: Sequence[str], at: int) -> str:
    return elements[at].strip() if at < len(elements) else ""


def _unclosed(level: Level, begun: Begun) -> str:
    return (
        f"no {level.trailer} closes the {level.header} at byte {begun.byte}; the file may be cut short:"
        " ask the sender whether records are missing"
    )
