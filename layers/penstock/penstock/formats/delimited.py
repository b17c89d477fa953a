"""CSV and its kin: RFC 4180 with a header, any of four delimiters, quoted newlines, CR, LF or CRLF.

The meaning is that of Python's `csv` module, the reference of its tests: a quote opens a quoted field only where a
field begins; anywhere else it is a character like others. Counting records that way must know where each quoted field
began, but need not look at the rest: the quoted fields are cut out by one regular expression, in C, and the newlines
that are left are counted, in C. Quotes that cannot be meant so are told when the record is parsed (`quoting`).
"""

import csv
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from itertools import compress, filterfalse, islice

from penstock.formats.format import HEAD, FieldOf, Parsed, Taken
from penstock.formats.json_objects import parse_objects
from penstock.formats.lines import NARROWEST, WINDOW
from penstock.formats.marks import mark_in, unmarked
from penstock.formats.passed_over import THEN, TITLES, is_units, length_at_first, may_be_among, none_in
from penstock.formats.quoting import misquoted, rows_in, swallowed, well_quoted
from penstock.formats.returned_rows import (
    came_back,
    has_come_back,
    original_of,
    restored_row,
    values_of,
    with_signs_of_return,
)
from penstock.formats.spreadsheet import OURS, ours, restored
from penstock.formats.text import UTF8_BOM, encoding_for, encoding_of, line_breaks, refuse_unless_text, undecodable
from penstock.model.errors import Refused
from penstock.model.findings import Finding
from penstock.model.messages import Layout

DELIMITERS = (",", "\t", ";", "|")
MOST_COLUMNS = 1000  #: a header of more is no header
SEEN = 1000  #: records that tell whether a table is a reject file of ours
BY_ACCIDENT = 3  #: names of columns that a line may have that is no header, such as a title

# Expressions that begin with one certain character skip to it far faster than a search for two.
_BLANK = re.compile(rb"\n\r?\n")
_LONE_CR = re.compile(rb"\r(?!\n)")
_LINE = re.compile(rb"[^\r\n]++")

_WITHIN = rb'[^"]*+(?:""[^"]*+)*+'
_WITHIN_QUOTES = re.compile(_WITHIN)

CANDIDATES = 8  #: newlines tried, from the end of a window backwards, to find one that is outside a quoted field


@cache
def _quoted(delimiter: str) -> re.Pattern[bytes]:
    """A quoted field, from its opening quote to its closing one, or to the end where it is never closed."""
    at_field_start = rb'"(?<![^%s\r\n]")' % re.escape(delimiter.encode())
    return re.compile(at_field_start + rb'[^"]*+(?:""[^"]*+)*+(?:"|\Z)')


@cache
def _record_end(delimiter: str) -> re.Pattern[bytes]:
    """What a walk over records stops at: a quoted field, or a record's end."""
    return re.compile(_quoted(delimiter).pattern + rb"|\r\n|\r|\n")


@cache
def _record(delimiter: str) -> re.Pattern[bytes]:
    """A record, from its first character to the last before its end; never a blank line. Nothing is tried twice."""
    return re.compile(rb'(?:[^"\r\n]++|' + _quoted(delimiter).pattern + rb'|")++')


@dataclass(frozen=True)
class Delimited:
    """CSV, TSV and the like, with a header line; in UTF-8 unless it is in the single-byte encoding `otherwise`."""

    otherwise: str = ""
    name = "csv"

    def recognise(self, head: bytes, field_of: FieldOf) -> Layout | None:
        """A header in which the feed finds its fields, by the delimiter that finds most of them; what stands above it
        is passed over."""
        refuse_unless_text(head)
        body = head.removeprefix(UTF8_BOM)
        begin = len(head) - len(body.lstrip(b"\r\n"))
        best, above = self._header(head, begin, field_of)
        if len(best.header) > MOST_COLUMNS:
            raise Refused("format.header_too_long", f"the header names more than {MOST_COLUMNS} columns")
        named = [column for column in best.columns if column]
        # One name among many cells is a record's value: "spot" is a type of record and a name of a column.
        if len(named) < min(2, len(best.columns)):
            raise Refused(
                "format.no_header",
                f"none of the first lines names this feed's columns{_nearest(best)}; put a header line on top of"
                " the records",
            )
        twice = sorted({column for column in named if named.count(column) > 1})
        if twice:
            raise Refused("format.duplicate_header", f"more than one column is {', '.join(twice)}; keep one of each")
        _refuse_if_misquoted(best)
        layout = self._below_units(best.model_copy(update={"above": above}), head)
        return layout if came_back(layout.header) else with_signs_of_return(layout, self._first_rows(layout, head))

    def _first_rows(self, layout: Layout, head: bytes) -> list[list[str]]:
        """The cells of the first records that can be told."""
        first = self.take(layout, head, layout.first_byte, SEEN, len(head), final=len(head) < HEAD)
        raws = self.split(layout, head[layout.first_byte : first.end]) if first.records else []
        return [row for raw in raws if (row := row_of(layout, raw)) is not None]

    def _header(self, head: bytes, begin: int, field_of: FieldOf) -> tuple[Layout, int]:
        """The layout of the first of those lines that name most fields, and how many lines stand above it."""
        best, above = self._best(head, begin, field_of), 0
        if all(best.columns) or _score(best) > BY_ACCIDENT:
            return best, 0
        for number, line in enumerate(islice(_LINE.finditer(head, begin), 1, TITLES + 1), 1):
            with suppress(Refused):  # as a row may be, whatever its header
                candidate = self._best(head, line.start(), field_of)
                if _score(candidate) > max(1, _score(best)):
                    best, above = candidate, number
        return best, above

    def _best(self, head: bytes, begin: int, field_of: FieldOf) -> Layout:
        """How the file reads whose header begins there, by the delimiter that finds most fields."""
        return max(
            (self._layout(head, begin, delimiter, field_of) for delimiter in DELIMITERS),
            key=lambda layout: (_score(layout), len(layout.columns)),
        )

    def _below_units(self, layout: Layout, head: bytes) -> Layout:
        """The layout, its records beginning below a row of units, if there is one."""
        begin = layout.first_byte
        first = self.take(layout, head, begin, 1, len(head), final=len(head) < HEAD)
        raws = self.split(layout, head[begin : first.end]) if first.records else []
        if not raws or b"\n" in raws[0] or b"\r" in raws[0] or undecodable(raws[0], layout.encoding):
            return layout
        cells = next(rows_in(layout.delimiter, [raws[0].decode(encoding_for(raws[0], layout.encoding))]), list[str]())
        if len(cells) != len(layout.header) or not is_units(cells):
            return layout
        below = layout.first_line + line_breaks(head[begin : first.end])
        again = layout.again + THEN + raws[0].decode(encoding_for(raws[0], layout.encoding))
        return layout.model_copy(
            update={"first_byte": first.end, "first_line": below, "above": layout.above + 1, "again": again}
        )

    def _layout(self, head: bytes, begin: int, delimiter: str, field_of: FieldOf) -> Layout:
        """How the file reads with this delimiter."""
        draft = Layout(format=self.name, encoding=encoding_of(head, self.otherwise), delimiter=delimiter)
        # By itself, so that a quote right after the BOM is seen to open a field.
        first = self.take(draft, head[begin:], 0, 1, HEAD, final=len(head) < HEAD)
        if not first.records:
            raise Refused(
                "format.header_too_long",
                f"no header line ends within the first {HEAD // 1024} KiB; is a closing quote missing?",
            )
        raw = head[begin : begin + first.end]
        if OURS[:-1].encode() in raw.lower() and not self.otherwise:
            # Went out in UTF-8. What else a spreadsheet has made of it, the digests of its cells tell.
            draft = draft.model_copy(update={"encoding": encoding_of(head, "windows-1252")})
        encoding = encoding_for(raw, draft.encoding)
        try:
            line = raw.decode(encoding)
        except UnicodeDecodeError as error:
            name = encoding.upper()
            raise Refused(
                "format.encoding", f"the header is not {name} (byte {begin + error.start}); save the file as {name}"
            ) from None
        header = tuple(name.strip() for name in next(csv.reader([line], delimiter=delimiter)))
        if came_back(header):
            header = tuple(map(restored, header))
        columns = tuple(field_of(name) for name in header)
        return draft.model_copy(
            update={
                "columns": columns,
                "header": header,
                "unknown": tuple(
                    name for name, field in zip(header, columns, strict=True) if not field and not ours(name)
                ),
                "first_byte": begin + first.end,
                "first_line": 1 + line_breaks(head[: begin + first.end]),
                "again": line.strip("\r\n"),
            }
        )

    def take(self, layout: Layout, buffer: bytes, start: int, records: int, limit: int, final: bool) -> Taken:
        """As `Format.take`. A record ends at the first line end outside a quoted field; a blank line is no record, nor
        is what `passed_over` knows."""
        taken, end, window = 0, start, WINDOW
        stop = min(len(buffer), limit)
        while taken < records and end < stop and window >= NARROWEST:
            counted = self._count(layout, buffer[end : min(end + window, stop)])
            if counted and taken + counted.records <= records:
                taken, end = taken + counted.records, end + counted.end
            else:
                window //= 4
        return self._walk(layout, buffer, end, taken, records, limit, final)

    def _count(self, layout: Layout, piece: bytes) -> Taken | None:
        """The whole records that a piece begins with, counted and not walked; None where that cannot be done."""
        quoted = _quoted(layout.delimiter)
        edge = len(piece)
        for _ in range(CANDIDATES):
            edge = piece.rfind(b"\n", 0, edge) + 1
            if not edge:
                return None
            bare = quoted.sub(b'"', piece[:edge]) if b'"' in piece else piece[:edge]
            if bare.endswith(b"\n"):
                awkward = _awkward(bare) or may_be_among(layout, piece[:edge])
                return None if awkward else Taken(bare.count(b"\n"), edge)
            edge -= 1
        return None

    def _walk(
        self, layout: Layout, buffer: bytes, end: int, taken: int, records: int, limit: int, final: bool
    ) -> Taken:
        """One record after the other, up to the limits."""
        is_none = none_in(layout)
        for begin, stop, upto in self._spans(layout, buffer, end, final):
            if taken == records or upto > limit:
                break
            is_record = stop > begin and not is_none(buffer[begin:stop])
            taken, end = taken + is_record, upto
        return Taken(taken, end)

    def _spans(self, layout: Layout, buffer: bytes, begin: int, final: bool) -> Iterator[tuple[int, int, int]]:
        """(begin, end, end with terminator) of each line outside quotes; blank ones have begin = end."""
        for match in _record_end(layout.delimiter).finditer(buffer, begin):
            if buffer[match.start()] == 0x22:
                continue
            # A CR at the very end may be half of a CRLF whose other half is in the next buffer.
            if match.end() == len(buffer) and match.group() == b"\r" and not final:
                break
            yield begin, match.start(), match.end()
            begin = match.end()
        if final and begin < len(buffer):
            yield begin, len(buffer), len(buffer)

    def blank(self, layout: Layout, buffer: bytes, final: bool) -> int:
        """As `Format.blank`."""
        return length_at_first(layout, buffer, final) if layout.again else len(buffer) - len(buffer.lstrip(b"\r\n"))

    def ending(self, layout: Layout) -> Callable[[bytes], int | None]:
        """As `Format.ending`."""
        return _Ending(layout.delimiter)

    def split(self, layout: Layout, chunk: bytes) -> list[bytes]:
        """As `Format.split`."""
        has_others = _may_have_others(layout, chunk)
        is_plain = b'"' not in chunk and b"\r" not in chunk and b"\n\n" not in chunk and not chunk.startswith(b"\n")
        if is_plain and not has_others:
            return chunk.removesuffix(b"\n").split(b"\n")
        records = _record(layout.delimiter).findall(chunk)
        return list(filterfalse(none_in(layout), records)) if has_others else records

    def passed_over(self, layout: Layout, chunk: bytes) -> bool:
        """Whether lines that are no records stand among these."""
        if not _may_have_others(layout, chunk):
            return False
        return any(map(none_in(layout), _record(layout.delimiter).findall(chunk)))

    def parse(self, layout: Layout, raws: Sequence[bytes]) -> list[Parsed]:
        """All records at once: by the csv module those with a quote; without one, a cell ends at every delimiter. What
        is no text or not as long as the header is then looked at by itself, and so is what came back to us."""
        if has_come_back(layout):
            return [self._parse_one(layout, raw) for raw in raws]
        encoding, delimiter, width = layout.encoding, layout.delimiter, len(layout.columns)
        if "|" in encoding:
            lines = [raw.decode(encoding_for(raw, encoding), "replace") for raw in raws]
        else:
            lines = [raw.decode(encoding, "replace") for raw in raws]
        quoted = [line for line in lines if '"' in line]
        read = list(rows_in(layout.delimiter, quoted))
        if len(read) != len(quoted):
            return [self._parse_one(layout, raw) for raw in raws]
        quoted_rows = iter(read)
        rows = [next(quoted_rows) if '"' in line else line.split(delimiter) for line in lines]
        odd = {at for at, row in enumerate(rows) if len(row) != width}
        odd.update(at for at, line in enumerate(lines) if "\ufffd" in line or "\0" in line)
        if quoted:
            sound = well_quoted(delimiter).fullmatch
            odd.update(
                at for at, line in enumerate(lines) if '"' in line and ("\n" in line or "\r" in line or not sound(line))
            )
        wanted, fields = _wanted(layout.columns)
        if not all(wanted):
            rows = [list(compress(row, wanted)) for row in rows]
        # An empty cell says nothing. (Saying `strict` would cost a fifth more.)
        parsed: list[Parsed] = [{field: cell for field, cell in zip(fields, row) if cell} for row in rows]  # noqa: B905
        for at in odd:
            parsed[at] = self._parse_one(layout, raws[at])
        return parsed

    def _parse_one(self, layout: Layout, raw: bytes) -> Parsed:
        """One raw record by itself: its fields, or the reason why it has none."""
        original = original_of(layout, raw)
        if original:
            reading, record = original
            # Rejects of JSON come as a table, too.
            is_json = record.lstrip().startswith(b"{")
            return parse_objects([record], layout.encoding)[0] if is_json else self._parse_one(reading, record)
        fault, raw = mark_in(layout, raw), unmarked(raw)
        if fault := fault or undecodable(raw, layout.encoding):
            return fault
        text = raw.decode(encoding_for(raw, layout.encoding))
        if fault := misquoted(layout, text):
            return fault
        row = row_of(layout, raw)
        if row is None:
            return Finding("format.ragged_row", self._ragged(layout, text))
        if fault := swallowed(layout, text, row):
            return fault
        values = zip(layout.columns, row, values_of(layout, row), strict=True)
        return {field: value for field, cell, value in values if field and cell}

    def _ragged(self, layout: Layout, text: str) -> str:
        width, cells = len(layout.header), len(next(rows_in(layout.delimiter, [text]), list[str]()))
        beyond, lines = "more" if cells > width else "fewer", line_breaks(text.encode("utf-8", "replace"))
        over = f", over {lines + 1:,} lines" if lines else ""
        return (
            f"{cells:,} cells{over}, {beyond} than the {width:,} that the header has, {layout.header[0]} to"
            f" {layout.header[-1]}; check the quotes and delimiters of this row{_marked(layout, text)}"
        )

    def unknown_fields(self, layout: Layout, parsed: Sequence[Parsed]) -> set[str]:
        """None beyond those of the header, which the layout has told already."""
        return set()


class _Ending:
    """Follows one record through its fields, block by block, to the line end outside quotes."""

    def __init__(self, delimiter: str) -> None:
        separator = re.escape(delimiter.encode())
        self._fields = re.compile(rb'(?:(?:"%s"|(?!"))[^%s\r\n]*+%s)++' % (_WITHIN, separator, separator))
        self._stop = re.compile(rb"[%s\r\n]" % separator)
        self._where = "start"

    def __call__(self, block: bytes) -> int | None:
        at = 0
        while at < len(block):
            quote = block[at] == 0x22
            if self._where == "quoted":
                within = _WITHIN_QUOTES.match(block, at)
                at = within.end() + 1 if within else at
                if at > len(block):
                    return None
                self._where = "closing"
            elif self._where == "start" and (fields := self._fields.match(block, at)):
                at = fields.end()  # so many at once: a record may be of nothing but commas
            elif quote and self._where in ("start", "closing"):
                # The quote that opens a field, or the second of two within one.
                at, self._where = at + 1, "quoted"
            else:
                stop = self._stop.search(block, at)
                self._where = "start" if stop else "plain"
                if stop is None or stop.group() in (b"\r", b"\n"):
                    return stop and stop.end()
                at = stop.end()
        return None


def row_of(layout: Layout, raw: bytes) -> list[str] | None:
    """The cells of one raw record, None if they are not as many as the header's, wrongly quoted, or no text at all."""
    raw = unmarked(raw)
    if not raw or undecodable(raw, layout.encoding):
        return None
    text = raw.decode(encoding_for(raw, layout.encoding))
    if misquoted(layout, text):
        return None
    row = next(rows_in(layout.delimiter, [text]), list[str]()) if '"' in text else text.split(layout.delimiter)
    if len(row) != len(layout.header):
        return None
    return restored_row(layout, row) if came_back(layout.header) or layout.is_neutralised else row


def _marked(layout: Layout, text: str) -> str:
    is_marked = f"\\{layout.delimiter}" in text or '\\"' in text
    return ", none of which a backslash makes part of a text: quote the cell for that" if is_marked else ""


def _may_have_others(layout: Layout, chunk: bytes) -> bool:
    return may_be_among(layout, chunk + b"\n") or bool(layout.again and b"\r" in chunk and _LONE_CR.search(chunk))


def _score(layout: Layout) -> int:
    """How many of its columns have a field."""
    return sum(map(bool, layout.columns))


def _nearest(layout: Layout) -> str:
    said = [
        field if name.casefold() == field else f"{field} ({name})"
        for name, field in zip(layout.header, layout.columns, strict=True)
        if field
    ]
    return f"; line {layout.first_line - 1} comes nearest, as it names {', '.join(said)}" if said else ""


def _refuse_if_misquoted(layout: Layout) -> None:
    """Raises:
    Refused: `format.quote`, `format.quote_unclosed`: a quote in the header is too many, or has swallowed rows.
    """
    fault = misquoted(layout.model_copy(update={"header": ()}), layout.again)
    if fault:
        raise Refused(fault.code, f"in the header: {fault.message}")
    for number, name in enumerate(layout.header, 1):
        if layout.delimiter in name and ("\n" in name or "\r" in name):
            raise Refused(
                "format.quote",
                f"in the header the cell of column {number} holds more lines, which look like rows; a quote is too"
                " many",
            )


@cache
def _wanted(columns: tuple[str, ...]) -> tuple[list[bool], list[str]]:
    """Which cells of a row have a field, and their fields."""
    return [bool(column) for column in columns], [column for column in columns if column]


def _awkward(bare: bytes) -> bool:
    """Blank lines, or carriage returns that end a record by themselves: counting newlines would miscount."""
    return bool(bare.startswith((b"\n", b"\r\n")) or _BLANK.search(bare) or _LONE_CR.search(bare))
