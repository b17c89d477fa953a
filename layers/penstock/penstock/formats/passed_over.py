"""Lines of a table that are no records, as printers, traffic systems and spreadsheets leave them: they are passed over,
and told.

    above the header    titles, comments, `sep=;`: whatever is no header, within the first lines
    below the header    a row of units
    anywhere            nothing but delimiters and blanks; the header again, also in other names that the feed knows its
                        columns by, and its units; a comment that is no row of the table, or has nothing in any cell
                        but the first

A quoted cell may hold such lines: only what stands where a record could begin is one.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache

from penstock.formats.quoting import rows_in
from penstock.model.findings import Finding, Severity
from penstock.model.messages import Layout

TITLES = 30  #: lines that may stand above a header
THEN = "\x1e"  #: between a header and the units below it, in `Layout.again`: a header may go over several lines

PASSED_OVER = Finding(
    "format.passed_over",
    "lines that are no records were passed over: titles, comments, units, the header again, or nothing but delimiters",
    severity=Severity.INFO,
)

_UNIT = re.compile(
    r"[(\[<].*[)\]>]|[-=_]+|n/?a|[ymdhs]{1,4}(?:[-/.: ][ymdhs]{1,4})+(?:[:;.]f{1,2})?|[$€£%#]"
    r"|[ymdhs]{4,}|se?cs?\.?|seconds?|mins?|minutes?|h|hrs?|hours?|days?|frames?|usd|eur|gbp|cad|dollars?|cents?|cycles?|pcs|each"
    r"|text|string|str|var(?:char)?|char|code|id|date|time|datetime|number|numeric|integer|int|decimal|float|money"
    r"|bool(?:ean)?|enum|s",
    re.IGNORECASE,
)


def is_units(cells: Sequence[str]) -> bool:
    """Whether a row below the header says what its columns are in, and nothing else.

    >>> is_units(["", "yyyy-mm-dd", "(s)"]), is_units(["spot", "2026-11-20", "s"]), is_units(["", ""])
    (True, False, False)
    """
    said = [cell.strip() for cell in cells if cell.strip()]
    return len(said) > 1 and all(map(_UNIT.fullmatch, said))


def none_in(layout: Layout) -> Callable[[bytes], object]:
    """Tells by its bytes, with something or None, whether what stands where a record could is none."""
    if not layout.again:
        return _always_one
    table = _table(layout)
    perhaps = _perhaps_first(table).match
    return lambda record: perhaps(record) and _none(table).fullmatch(record)


def _always_one(_: bytes) -> None:
    """Nothing is known of such lines."""


def may_be_among(layout: Layout, lines: bytes) -> bool:
    """Whether such a line may be among these. Cheap, and seldom yes where there is none."""
    if not layout.again:
        return False
    table = _table(layout)
    return bool(_perhaps_below(table).search(lines) or _perhaps_first(table).match(lines))


def length_at_first(layout: Layout, buffer: bytes, final: bool) -> int:
    """How many bytes such lines take that stand first, blank ones among them, as far as their ends are seen."""
    table = _table(layout)
    if not _perhaps_first(table).match(buffer):
        return 0
    match = (_first_to_end if final else _first)(table).match(buffer)
    return match.end() if match else 0


@dataclass(frozen=True, slots=True)
class _Table:
    """What such lines of a table are known by; see `Layout`."""

    delimiter: str
    width: int
    header: str
    encoding: str
    names: tuple[tuple[str, ...], ...]


def _table(layout: Layout) -> _Table:
    # A name without a letter or figure of ASCII would be any cell without one.
    names = tuple(tuple(filter(_words, names)) for names in layout.names)
    return _Table(layout.delimiter, len(layout.header), layout.again, layout.encoding, names)


@cache
def _none(table: _Table) -> re.Pattern[bytes]:
    """A line that is no record, without its end; never a blank one."""
    return re.compile(_any_of(table))


@cache
def _perhaps_below(table: _Table) -> re.Pattern[bytes]:
    # Begins with one certain character, which a search skips to; the next one tells nearly always that it is none.
    own = "".join(line.lstrip(' \t"')[:1] for line in table.header.split(THEN))
    own += "".join(_words(name)[0][:1].decode() for name in (table.names[0] if table.names else ()))
    first = b"".join(_written(own, table.encoding)) + b'" \t#/' + table.delimiter.encode()
    return re.compile(rb"\n(?=[%s])(?:%s)" % (re.escape(first), _perhaps(table)))


@cache
def _perhaps_first(table: _Table) -> re.Pattern[bytes]:
    return re.compile(rb"[\r\n]|%s" % _perhaps(table))


@cache
def _first(table: _Table) -> re.Pattern[bytes]:
    return re.compile(rb"(?:[\r\n]++|(?:%s)(?=[\r\n]))++" % _any_of(table))


@cache
def _first_to_end(table: _Table) -> re.Pattern[bytes]:
    return re.compile(rb"(?:[\r\n]++|(?:%s)(?=[\r\n]|\Z))++" % _any_of(table))


def _perhaps(table: _Table) -> bytes:
    """What such a line begins with. To look for the whole of each takes long to compile, and no record is like it."""
    mark, blank = re.escape(table.delimiter.encode()), _blank(table)
    begins = list[bytes]()
    for line in table.header.split(THEN):
        first, *_ = [*_cells_of(table, line), ""]
        begins.append(_cell_again(table, blank, first) if first else _line_again(table, blank, line))
    if _has_names(table):
        begins.append(_in_other_names(table, table.names[0]))
    ends = rb"(?=[%s\r\n]|\Z)" % mark
    others = [rb"(?:%s)(?=[\r\n]|\Z)" % other for other in _others(table)]
    return b"|".join((*others, rb"(?i:%s)%s" % (b"|".join(begins), ends)))


def _cells_of(table: _Table, line: str) -> list[str]:
    return [cell.strip() for cell in next(rows_in(table.delimiter, [line]), list[str]())]


def _line_again(table: _Table, blank: bytes, line: str) -> bytes:
    """The line, its cells in quotes or without, in any case, and with any blanks round them."""
    mark = re.escape(table.delimiter.encode())
    return mark.join(_cell_again(table, blank, cell) for cell in _cells_of(table, line))


def _has_names(table: _Table) -> bool:
    """Whether its header may stand again in other names: one name alone may be any text."""
    return sum(map(bool, table.names)) > 1 and bool(table.names[0])


def _line_in_other_names(table: _Table) -> bytes:
    """A line in which each column has one of the names that the feed knows it by, as where files of several exports
    were put together. What it calls a column that no field wants is anything."""
    mark = re.escape(table.delimiter.encode())
    other = rb'(?:"[^"\r\n]*+"|[^"%s\r\n]*+)' % mark
    return mark.join(_in_other_names(table, names) if names else other for names in table.names)


def _in_other_names(table: _Table, names: Sequence[str]) -> bytes:
    """A cell that begins with one of these names."""
    between = rb'[^a-z0-9"%s\r\n]*+' % re.escape(table.delimiter.encode())
    return rb'"?+%s*+(?:%s)%s"?+' % (_blank(table), b"|".join(between.join(_words(name)) for name in names), between)


def _words(name: str) -> list[bytes]:
    """A name's words in ASCII: what stands between them the feed passes over when it compares names."""
    return [word.encode() for word in re.findall("[a-z0-9]+", name.lower())]


def _cell_again(table: _Table, blank: bytes, cell: str) -> bytes:
    quoted = b"|".join(map(re.escape, _written(cell.replace('"', '""'), table.encoding)))
    bare = b"|".join(map(re.escape, _written(cell, table.encoding)))
    in_quotes = rb'"%s*+(?:%s)%s*+"' % (blank, quoted, blank)
    either = in_quotes if re.search(f'[{re.escape(table.delimiter)}"\r\n]', cell) else rb"%s|%s" % (in_quotes, bare)
    return rb"%s*+(?:%s)%s*+" % (blank, either, blank)


def _written(text: str, encoding: str) -> list[bytes]:
    """A text in each case and encoding that it may have; bytes have no case beyond ASCII."""
    cases = dict.fromkeys((text, text.lower(), text.upper()))
    return list(dict.fromkeys(case.encode(one, "replace") for case in cases for one in encoding.split("|")))


def _any_of(table: _Table) -> bytes:
    mark, blank = re.escape(table.delimiter.encode()), _blank(table)
    lines = [_line_again(table, blank, line) for line in table.header.split(THEN)]
    lines += [_line_in_other_names(table)] if _has_names(table) else []
    return b"|".join((*_others(table), rb"(?i:%s)[ \t%s]*+" % (b"|".join(lines), mark)))


def _others(table: _Table) -> list[bytes]:
    """What such a line is that is no header again: nothing but delimiters, or a comment."""
    mark, width, blank = re.escape(table.delimiter.encode()), table.width, _blank(table)
    empty = rb'(?:"%s*+"%s*+|%s*+)' % (blank, blank, blank)
    nothing = rb'(?=[" \t%s])%s(?:%s%s)*+' % (mark, empty, mark, empty)
    # With as many cells as the header it may be a record whose first value begins so.
    cell, more = rb"[^%s\r\n]*+" % mark, rb"(?:%s[^%s\r\n]*+)" % (mark, mark)
    alone = rb"(?:%s%s)*+" % (mark, empty)
    comment = rb"%s*+(?:#|//)%s(?:%s{%d,}|%s{0,%d}|%s)" % (blank, cell, more, width, more, max(0, width - 2), alone)
    return [nothing, comment] if width > 1 else [nothing]


def _blank(table: _Table) -> bytes:
    return rb"[ ]" if table.delimiter == "\t" else rb"[ \t]"
