"""Lines of a table that are no records, as printers, traffic systems and spreadsheets leave them: they are passed over,
and told.

    above the header    titles, comments, `sep=;`: whatever is no header, within the first lines
    below the header    a row of units
    anywhere            nothing but delimiters and blanks; the header again, and its units; a comment that is no row of
                        the table, or has nothing in any cell but the first

A quoted cell may hold such lines: only what stands where a record could begin is one.
"""

import re
from collections.abc import Sequence
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


def is_none(layout: Layout, record: bytes) -> bool:
    """Whether what stands where a record could is none."""
    return bool(layout.again and _none(*_known_by(layout)).fullmatch(record))


def may_be_among(layout: Layout, lines: bytes) -> bool:
    """Whether such a line may be among these. Cheap, and seldom yes where there is none."""
    if not layout.again:
        return False
    known = _known_by(layout)
    return bool(_none_below(*known).search(lines) or _first(*known).match(lines))


def length_at_first(layout: Layout, buffer: bytes, final: bool) -> int:
    """How many bytes such lines take that stand first, blank ones among them, as far as their ends are seen."""
    match = (_first_to_end if final else _first)(*_known_by(layout)).match(buffer)
    return match.end() if match else 0


def _known_by(layout: Layout) -> tuple[str, int, str, str]:
    return layout.delimiter, len(layout.header), layout.again, layout.encoding


@cache
def _none(delimiter: str, width: int, header: str, encoding: str) -> re.Pattern[bytes]:
    """A line that is no record, without its end; never a blank one."""
    return re.compile(_any_of(delimiter, width, header, encoding))


@cache
def _none_below(delimiter: str, width: int, header: str, encoding: str) -> re.Pattern[bytes]:
    # Begins with one certain character, which a search skips to; the next one tells nearly always that it is none.
    own = "".join(line.lstrip(' \t"')[:1] for line in header.split(THEN))
    first = b"".join(_written(own, encoding)) + b'" \t#/' + delimiter.encode()
    return re.compile(rb"\n(?=[%s])(?:%s)\r?\n" % (re.escape(first), _any_of(delimiter, width, header, encoding)))


@cache
def _first(delimiter: str, width: int, header: str, encoding: str) -> re.Pattern[bytes]:
    return re.compile(rb"(?:[\r\n]++|(?:%s)(?=[\r\n]))++" % _any_of(delimiter, width, header, encoding))


@cache
def _first_to_end(delimiter: str, width: int, header: str, encoding: str) -> re.Pattern[bytes]:
    return re.compile(rb"(?:[\r\n]++|(?:%s)(?=[\r\n]|\Z))++" % _any_of(delimiter, width, header, encoding))


def _line_again(delimiter: str, blank: bytes, line: str, encoding: str) -> bytes:
    """The line, its cells in quotes or without, in any case, and with any blanks round them."""
    cells = (cell.strip() for cell in next(rows_in(delimiter, [line]), list[str]()))
    return re.escape(delimiter.encode()).join(_cell_again(delimiter, blank, cell, encoding) for cell in cells)


def _cell_again(delimiter: str, blank: bytes, cell: str, encoding: str) -> bytes:
    quoted = b"|".join(map(re.escape, _written(cell.replace('"', '""'), encoding)))
    bare = b"|".join(map(re.escape, _written(cell, encoding)))
    in_quotes = rb'"%s*+(?:%s)%s*+"' % (blank, quoted, blank)
    either = in_quotes if re.search(f'[{re.escape(delimiter)}"\r\n]', cell) else rb"%s|%s" % (in_quotes, bare)
    return rb"%s*+(?:%s)%s*+" % (blank, either, blank)


def _written(text: str, encoding: str) -> list[bytes]:
    """A text in each case and encoding that it may have; bytes have no case beyond ASCII."""
    cases = dict.fromkeys((text, text.lower(), text.upper()))
    return list(dict.fromkeys(case.encode(one, "replace") for case in cases for one in encoding.split("|")))


def _any_of(delimiter: str, width: int, header: str, encoding: str) -> bytes:
    mark = re.escape(delimiter.encode())
    blank = rb"[ ]" if delimiter == "\t" else rb"[ \t]"
    empty = rb'(?:"%s*+"%s*+|%s*+)' % (blank, blank, blank)
    nothing = rb'(?=[" \t%s])%s(?:%s%s)*+' % (mark, empty, mark, empty)
    lines = b"|".join(_line_again(delimiter, blank, line, encoding) for line in header.split(THEN))
    again = rb"(?i:%s)[ \t%s]*+" % (lines, mark)
    # With as many cells as the header it may be a record whose first value begins so.
    cell, more = rb"[^%s\r\n]*+" % mark, rb"(?:%s[^%s\r\n]*+)" % (mark, mark)
    alone = rb"(?:%s%s)*+" % (mark, empty)
    comment = rb"%s*+(?:#|//)%s(?:%s{%d,}|%s{0,%d}|%s)" % (blank, cell, more, width, more, max(0, width - 2), alone)
    return b"|".join((nothing, again, *([comment] if width > 1 else [])))
