"""Fixed width: lines of one length, whose first characters tell their type, and each type its columns.

The types are the feed's data. A record is a line with the lines that continue it. Some lines are no records but say
what holds for those behind them, or end a part of the file: they are envelopes (see `enveloped`). A line of no known
type, or of another length, is a record and rejected, so that nothing is passed over unseen.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from functools import cached_property
from typing import Any

from pydantic import BaseModel, Field

from penstock.formats.format import FieldOf, Parsed, Taken
from penstock.formats.text import UTF8_BOM, undecodable
from penstock.model.errors import Refused
from penstock.model.findings import Finding, Noted, Severity
from penstock.model.messages import Layout


class Role(Enum):
    """What a line of some type is."""

    RECORD = auto()
    PART = auto()  #: continues the record before it
    OPENS = auto()  #: begins the file
    STATES = auto()  #: says what holds for the records behind it
    CLOSES = auto()  #: ends what a line that states began


@dataclass(frozen=True, slots=True)
class Column:
    """A field's place in its line, counted from 1 as standards do. `digits` says that it has no other characters;
    blanks round a value are no part of it."""

    name: str
    start: int
    length: int
    digits: bool = False

    @property
    def place(self) -> slice:
        """Where in the line it stands."""
        return slice(self.start - 1, self.start - 1 + self.length)


@dataclass(frozen=True, slots=True)
class LineType:
    """A type of line: what it begins with, and its columns."""

    name: str
    mark: str
    role: Role
    columns: tuple[Column, ...]


@dataclass(frozen=True, slots=True)
class Serials:
    """Lines are numbered, one up each. `check` is where a line that closes repeats the number of the one before. Behind
    `last` they begin again, at `again` or below."""

    column: Column
    check: Column
    last: int
    again: int


@dataclass(frozen=True)
class FixedWidth:
    """Fixed width, as declared. A parsed record is its `type`, its columns by name (without the empty ones), its
    `parts` in the same way, and its `envelope`, which is what the line says that states.

    `begins` is what every such file begins with. A line of nothing but `filler` says nothing. `standard` names the
    rules, for findings.
    """

    name: str
    width: int
    types: tuple[LineType, ...]
    begins: str
    filler: str = ""
    serials: Serials | None = None
    encoding: str = "ascii"
    standard: str | None = None

    @cached_property
    def _between(self) -> re.Pattern[bytes]:
        """A line between records; in group 1, if it is an envelope."""
        filler = rb"|%s++" % re.escape(self.filler.encode()) if self.filler else b""
        envelope = rb"(?=%s)[^\r\n]{%d}" % (self._any_of(Role.OPENS, Role.STATES, Role.CLOSES), self.width)
        return re.compile(rb"(?:(%s)|(?:[ \t]*+%s))\r?\n" % (envelope, filler))

    @cached_property
    def _record(self) -> re.Pattern[bytes]:
        """A record, with the parts that are there as a whole."""
        parts = rb"(?:(?=%s)[^\n]*+\n)*+" % self._any_of(Role.PART)
        return re.compile(rb"(?=%s)[^\n]*+\n%s|[^\n]*+\n" % (self._any_of(Role.RECORD), parts))

    @cached_property
    def _undecided(self) -> re.Pattern[bytes]:
        """What a buffer goes on with behind a record, if another part of it may come."""
        begun = {mark[:size] for mark in self.marks(Role.PART) for size in range(len(mark))}
        cut = rb"|".join(rb"%s\Z" % re.escape(one) for one in begun) or rb"(?!)"
        return re.compile(rb"%s|%s" % (self._any_of(Role.PART), cut))

    def marks(self, *roles: Role) -> tuple[bytes, ...]:
        """What lines of these roles begin with."""
        return tuple(one.mark.encode() for one in self.types if one.role in roles)

    def _any_of(self, *roles: Role) -> bytes:
        return rb"(?:%s)" % b"|".join(map(re.escape, self.marks(*roles))) if self.marks(*roles) else rb"(?!)"

    @cached_property
    def _begins_record(self) -> tuple[bytes, ...]:
        return self.marks(Role.RECORD)

    @cached_property
    def states(self) -> bool:
        """Whether records lie behind a line that states."""
        return any(one.role is Role.STATES for one in self.types)

    def type_of(self, line: str) -> LineType | None:
        """The type of a line."""
        return next((one for one in self.types if line.startswith(one.mark)), None)

    def recognise(self, head: bytes, field_of: FieldOf) -> Layout | None:
        """A file that begins as declared.

        Raises:
            Refused: `format.line_length`, if its first line is not as long as every line must be.
        """
        body = head.removeprefix(UTF8_BOM)
        if not body.startswith(self.begins.encode()):
            return None
        length = len(body.split(b"\n", 1)[0].rstrip(b"\r"))
        if length != self.width:
            raise Refused(
                "format.line_length",
                f"every line of {self.name} has {self.width} bytes and a line end; the first one has {length}",
            )
        layout = Layout(format=self.name, encoding=self.encoding)
        _, layout = self._over(layout, body, 0)
        return layout.model_copy(update={"first_byte": len(head) - len(body)})

    def _over(self, layout: Layout, text: bytes, at: int) -> tuple[int, Layout]:
        """Over the lines that belong to no record: where the next one begins, and the layout for it."""
        while match := self._between.match(text, at):
            at = match.end()
            if match[1]:
                layout = self.behind(layout, match[1])
        return at, layout

    def behind(self, layout: Layout, line: bytes) -> Layout:
        """The layout behind an envelope's line."""
        text = line.decode(self.encoding, "replace")
        kind = self.type_of(text)
        said = self._columns(kind, text) if kind and kind.role is Role.STATES else {}
        if self.serials:
            said.pop(self.serials.column.name, None)
        return layout.model_copy(update={"envelope": said})

    def take(self, layout: Layout, buffer: bytes, start: int, records: int, limit: int, final: bool) -> Taken:
        """As `Format.take`."""
        text = _ended(buffer) if final else buffer
        taken, end = 0, start
        while taken < records:
            follows = text.startswith(self._begins_record, end)
            begin, ahead = (end, layout) if follows else self._over(layout, text, end)
            stop = self._end(text, begin, final)
            if stop is None:
                break
            if ahead is not layout and ahead != layout:
                return Taken(taken, end, last=True)
            if min(stop, len(buffer)) > limit:
                break
            taken, end = taken + 1, min(stop, len(buffer))
        return Taken(taken, end)

    def _end(self, text: bytes, begin: int, final: bool) -> int | None:
        """Where the record ends that begins there; None if it may go on behind the buffer."""
        match = self._record.match(text, begin)
        if not match or (not final and self._undecided.match(text, match.end())):
            return None
        return match.end()

    def blank(self, layout: Layout, buffer: bytes, final: bool) -> int:
        """As `Format.blank`."""
        return min(len(buffer), self._over(layout, _ended(buffer) if final else buffer, 0)[0])

    def ending(self, layout: Layout) -> Callable[[bytes], int | None]:
        """As `Format.ending`: a record too large to hold is a line that does not end."""
        return lambda block: block.find(b"\n") + 1 or None

    def split(self, layout: Layout, chunk: bytes) -> list[bytes]:
        """As `Format.split`."""
        text, raws, end = _ended(chunk), list[bytes](), 0
        while True:
            begin, _ = self._over(layout, text, end)
            stop = self._end(text, begin, final=True)
            if stop is None:
                return raws
            raws.append(chunk[begin:stop].rstrip(b"\r\n"))
            end = stop

    def parse(self, layout: Layout, raws: Sequence[bytes]) -> list[Parsed]:
        """As `Format.parse`."""
        return [self._parse_one(layout, raw) for raw in raws]

    def _parse_one(self, layout: Layout, raw: bytes) -> Parsed:
        fault = undecodable(raw, layout.encoding)
        if fault:
            return fault
        read: list[dict[str, Any]] = []
        for number, line in enumerate(raw.decode(layout.encoding).split("\n"), 1):
            one = self._line(line.removesuffix("\r"), number)
            if isinstance(one, Finding):
                return one
            read.append(one)
        if self.states and not layout.envelope:
            return self.fault("record_outside", "no line before the record says what holds for it")
        return {**read[0], "parts": read[1:], "envelope": layout.envelope}

    def _line(self, line: str, number: int) -> dict[str, Any] | Finding:
        """The columns of a record's line; `number` counts from 1 within the record."""
        kind = self.type_of(line)
        if kind is None or (kind.role is not Role.RECORD if number == 1 else kind.role is not Role.PART):
            what = "of a type that is not known" if kind is None else f"a {kind.name} line where none can be"
            return self.fault("line_type", f"line {number} of the record is {what}")
        if len(line) != self.width:
            return self.fault(
                "line_length", f"line {number} of the record has {len(line)} characters and not {self.width}"
            )
        said = self._columns(kind, line)
        for column in kind.columns:
            value = said.get(column.name, "")
            if column.digits and value and not (value.isascii() and value.isdecimal()):
                return self.fault(
                    "column",
                    f"columns {column.start} to {column.start + column.length - 1} are not digits",
                    column.name,
                )
        return {"type": kind.name, **said}

    def _columns(self, kind: LineType, line: str) -> dict[str, str]:
        return {column.name: value for column in kind.columns if (value := line[column.place].strip())}

    def fault(self, code: str, message: str, field: str | None = None, severity: Severity = Severity.HARD) -> Finding:
        """A finding by this standard."""
        return Finding(f"format.{code}", message, field, severity, self.standard)

    def unknown_fields(self, layout: Layout, parsed: Sequence[Parsed]) -> set[str]:
        """None: the columns are the feed's own."""
        return set()

    def envelopes(self, layout: Layout, state: str = "") -> "LineChecker":
        """As `Enveloped.envelopes`."""
        return LineChecker(self, layout, state)


class _State(BaseModel, defer_build=True):
    """What a file's lines have come to. `pending` is a line's beginning; `part` is the line on which a part began."""

    pending: str = ""
    line: int = 0
    serial: int | None = None
    part: int | None = None
    noted: Noted = Field(default_factory=Noted)


class LineChecker:
    """Follows the lines of a file of fixed width, as `Envelopes` says: numbers, and parts that begin and end."""

    def __init__(self, fixed: FixedWidth, layout: Layout, state: str = "") -> None:
        self._fixed, self._layout = fixed, layout
        self._records = fixed.marks(Role.RECORD, Role.PART)
        self._state = _State.model_validate_json(state) if state else _State()

    @property
    def noted(self) -> Noted:
        """As `Envelopes.noted`."""
        return self._state.noted

    def state(self) -> str:
        """As `Envelopes.state`."""
        return self._state.model_dump_json()

    def follow(self, piece: bytes) -> Layout:
        """As `Envelopes.follow`."""
        *lines, left = (self._state.pending.encode("iso-8859-1") + piece).split(b"\n")
        for line in lines:
            if not self._in_order(line):
                self._meet(line.removesuffix(b"\r"))
        # Of a line that is too long, it is enough to know that it is.
        self._state.pending = left[: self._fixed.width + 2].decode("iso-8859-1")
        return self._layout

    def finish(self, rest: bytes) -> None:
        """As `Envelopes.finish`."""
        self.follow(rest)
        if self._state.pending:
            self.follow(b"\n")
        self._part_ended()

    def _in_order(self, line: bytes) -> bool:
        """Whether a line is one of the many that say nothing about their envelope, and has the number that is due."""
        state, serials = self._state, self._fixed.serials
        if len(line) != self._fixed.width or not line.startswith(self._records) or state.serial is None:
            return False
        if serials and line[serials.column.place] != b"%0*d" % (serials.column.length, state.serial + 1):
            return False
        state.line, state.serial = state.line + 1, state.serial + 1
        return True

    def _meet(self, raw: bytes) -> None:
        state, fixed = self._state, self._fixed
        state.line += 1
        line = raw.decode("iso-8859-1")
        # Of a line that is too long, not all of it need be here: whether it says nothing cannot be told.
        says_nothing = not line.strip(" \t") or (fixed.filler and not line.strip(fixed.filler))
        if says_nothing and len(line) <= fixed.width:
            return
        kind = fixed.type_of(line)
        before = state.serial
        if fixed.serials:
            self._number(line, before)
        if len(line) != fixed.width or kind is None:
            return
        if kind.role is Role.OPENS and state.line > 1:
            self._note("opened_again", f"the {kind.name} line {state.line} is not the file's first")
        if kind.role in (Role.OPENS, Role.STATES):
            self._part_ended()
        if kind.role is Role.STATES:
            state.part = state.line
        if kind.role is Role.CLOSES:
            if state.part is None:
                self._note("part_unopened", f"the {kind.name} line {state.line} closes nothing")
            if fixed.serials and _number_in(line, fixed.serials.check) != before:
                self._note("serial_check", f"the {kind.name} line {state.line} does not repeat the number before it")
            state.part = None
        if kind.role in (Role.OPENS, Role.STATES, Role.CLOSES):
            self._layout = fixed.behind(self._layout, raw)

    def _number(self, line: str, before: int | None) -> None:
        """A line's number is one more than the one before. A line that cannot be read is taken to be in order."""
        state, serials = self._state, self._fixed.serials
        assert serials is not None
        number = _number_in(line, serials.column) if len(line) == self._fixed.width else None
        expected = None if before is None else before + 1
        state.serial = expected if number is None else number
        again = before == serials.last and number is not None and number <= serials.again
        if None not in (number, expected) and number != expected and not again:
            self._note(
                "serial",
                f"line {state.line} is not numbered one up from the one before; are lines missing, or out of order?",
            )

    def _part_ended(self) -> None:
        if self._state.part is not None:
            self._note(
                "part_unclosed", f"what began on line {self._state.part} is not closed; the file may be cut short"
            )
        self._state.part = None

    def _note(self, code: str, message: str) -> None:
        self._state.noted.add(self._fixed.fault(code, message, severity=Severity.SOFT))


def _number_in(line: str, column: Column) -> int | None:
    digits = line[column.place]
    return int(digits) if digits.isascii() and digits.isdecimal() else None


def _ended(buffer: bytes) -> bytes:
    """With a line end for the last line."""
    return buffer if not buffer or buffer.endswith(b"\n") else buffer + b"\n"
