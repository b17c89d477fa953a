"""The rows of rejects: what to mend and drop again, as the stages write and keep them.

The file's own columns, or the feed's fields where the format has no columns, then ours: the record's trace, digests of
its cells (`formats.cell_digests`), line, ordinal, field, code, message, and the record itself as text where its columns
cannot be told. Cells are neutralised for spreadsheets. What came back from an earlier reject file keeps the trace and
the digests that it had at first: what was changed by mistake is known however often it goes to and fro.

What people get is made of these rows at the file's end (`reject_files`).
"""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

from penstock.feeds.feed import Feed
from penstock.formats.cell_digests import dump_cells, dump_row, key_of, load_cells, marks_of, sent
from penstock.formats.delimited import row_of
from penstock.formats.record_text import text_of
from penstock.formats.returned_rows import keys_of, original_of, our_columns
from penstock.formats.spreadsheet import COLUMNS, neutralised, ours
from penstock.formats.text import encoding_for
from penstock.formats.wrapped_json import unwrapped
from penstock.model import ids
from penstock.model.defects import defect
from penstock.model.findings import CHANGED_CELL, GONE, Finding, Severity
from penstock.model.messages import Layout
from penstock.model.records import Rejected

ORDINAL = COLUMNS.index("penstock_ordinal") - len(COLUMNS)
"""Where a row has its record's ordinal. Counted from its end: a feed may have had fewer fields when it was written, and
an earlier release wrote fewer columns of ours before it."""


def source_columns(feed: Feed, layout: Layout) -> tuple[str, ...]:
    """The columns of the record itself. A feed's fields are those of the day when the file was recognised: its rows are
    written chunk by chunk, and a release may come between."""
    if layout.columns:
        return tuple(name for name in layout.header if not ours(name))
    return layout.fields or tuple(feed.record.__annotations__)


def header(feed: Feed, layout: Layout) -> bytes:
    """The first line above rows."""
    return _csv([(*map(neutralised, source_columns(feed, layout)), *COLUMNS)])


def rows(feed: Feed, layout: Layout, rejected: Iterable[Rejected], file: str) -> bytes:
    """A row a rejected record of the file with this id; of several findings the row names them all, the first in its
    field."""
    return _csv(_row(feed, layout, one, file) for one in rejected)


def _row(feed: Feed, layout: Layout, one: Rejected, file: str) -> list[str]:
    """A record's row. One whose cells cannot be written has none of them, and says so: what was found must come back
    to its sender in any case, and no other record shall wait for it."""
    try:
        return _written(feed, layout, one, file)
    except Exception as error:
        findings = (*one.findings, defect(feed.name, error))
    return _written(feed, layout, replace(one, raw_bytes=b"", cells=None, findings=findings), file)


def _written(feed: Feed, layout: Layout, one: Rejected, file: str) -> list[str]:
    columns = source_columns(feed, layout)
    if one.gone:
        return _row_without_original(feed, columns, layout, one, file)
    row = row_of(layout, one.raw_bytes) if layout.columns else None
    cells = None if original_of(layout, one.raw_bytes) else row
    if layout.columns:
        source = [cell for cell, name in zip(cells, layout.header, strict=True) if not ours(name)] if cells else []
    else:
        source = _values(feed, columns, one.cells) if one.cells else []
    traced = _from_before(layout, one.raw_bytes, row)
    trace, before = traced or (ids.trace(file, one.ordinal), "")
    return [
        *map(neutralised, source or [""] * len(columns)),
        trace,
        _digests(feed, layout, one, source, before),
        *_ours(layout, one),
        "" if source and layout.columns else neutralised(_text(layout, one.raw_bytes)),
    ]


def _text(layout: Layout, raw: bytes) -> str:
    """The record as its sender wrote it, as text."""
    reading, original = original_of(layout, raw) or (layout, unwrapped(raw)[0])
    return text_of(original, encoding_for(original, reading.encoding))


def _from_before(layout: Layout, raw: bytes, row: Sequence[str] | None) -> tuple[str, str] | None:
    """Trace and digests of a record that came back from a reject file; None of any other."""
    mine = our_columns(layout.header)
    if row and mine:
        trace, sent = ((row[mine[name]] if name in mine else "") for name in ("penstock_trace", "penstock_cells"))
    else:
        told = unwrapped(raw)[1]
        trace, sent = told.get("penstock_trace", ""), told.get("penstock_cells", "")
    return (trace, sent) if trace else None


def _digests(feed: Feed, layout: Layout, one: Rejected, source: Sequence[str], before: str) -> str:
    """Digests of the record's cells, those found wrong being marked."""
    if before:
        named, alone = _named(layout, _found_of(one))
        return dump_cells(cell.named_by(named, alone) for cell in load_cells(before))
    if feed.to_record is not None:
        return ""
    if layout.columns:
        keys, marks = _own_columns(layout, _found_of(one))
        return dump_row(keys, marks, source) if source else ""
    named, alone = _named(layout, _found_of(one))
    cells = (
        sent(
            key_of(name, feed.field_of(name)),
            feed.cell_of(name, value),
            is_text=value is None or isinstance(value, str),
        )
        for name, value in (one.cells or {}).items()
    )
    return dump_cells(cell.named_by(named, alone) for cell in cells)


type _Found = frozenset[tuple[str, ...]]
"""The fields of each finding that rejects a record; of how many records, there are few different ones."""


def _found_of(one: Rejected) -> _Found:
    return frozenset(finding.fields for finding in one.findings if finding.severity is Severity.HARD)


def _named(layout: Layout, found: _Found) -> tuple[set[str] | None, set[str]]:
    """The keys of columns that something was found of, None for all, and of those that it was found of by themselves. A
    finding without a field is about them all."""
    fields = {field for one in found for field in one}
    alone = _keys_of(layout, {one[0] for one in found if len(one) == 1})
    return (_keys_of(layout, fields) if all(found) else None), alone


def _own_columns(layout: Layout, found: _Found) -> tuple[list[str], list[str]]:
    """What the sender's own columns are known by, and how they are marked where this was found."""
    return _marked_columns(layout.header, layout.columns, found)


@lru_cache(1_000)
def _marked_columns(header: tuple[str, ...], columns: tuple[str, ...], found: _Found) -> tuple[list[str], list[str]]:
    layout = Layout(format="", header=header, columns=columns)
    keys = [key for key, name in zip(keys_of(layout), header, strict=True) if not ours(name)]
    return keys, marks_of(keys, *_named(layout, found))


def _keys_of(layout: Layout, fields: Iterable[str]) -> set[str]:
    """What the columns of these fields are known by. Members of JSON may have names that are none of the feed's."""
    keys = {key_of(field, field) for field in map(_outermost, fields)}
    return keys if layout.columns else keys | {key_of("", field) for field in fields}


def _outermost(field: str) -> str:
    """The column of a finding's field, which may be within it."""
    return field.partition(".")[0].partition("[")[0]


def _ours(layout: Layout, one: Rejected) -> list[str]:
    """Line, ordinal, field, code and message; the message has the columns' names as the sender has them."""
    hard = [said for said in one.findings if said.severity is Severity.HARD or said.code == CHANGED_CELL]
    names = _names_of(layout.columns, layout.header)
    return [
        "" if one.line is None else str(one.line),
        str(one.ordinal),
        hard[0].field or "",
        " ".join(finding.code for finding in hard),
        neutralised("; ".join(_sentence(finding, names) for finding in hard)),
    ]


@lru_cache(100)
def _names_of(columns: tuple[str, ...], header: tuple[str, ...]) -> Mapping[str, str]:
    """What the sender calls each field; nothing where the format has no columns."""
    return dict(zip(columns, header, strict=True)) if columns else {}


def _row_without_original(feed: Feed, columns: tuple[str, ...], layout: Layout, one: Rejected, file: str) -> list[str]:
    """What is known of a record whose original was deleted: its fields as it was accepted, and what is said of that."""
    fields = [field for field, name in zip(layout.columns, layout.header, strict=True) if not ours(name)]
    source = _values(feed, fields or columns, one.cells or {})
    return [*map(neutralised, source), ids.trace(file, one.ordinal), "", *_ours(layout, one), _deleted(one)]


def _deleted(one: Rejected) -> str:
    return neutralised("; ".join(finding.message for finding in one.findings if finding.code == GONE))


def _sentence(finding: Finding, names: Mapping[str, str]) -> str:
    """What was found, with the columns that it is about as the sender has them; of others than the first those only
    that the file has."""
    columns = [names.get(field) or field for field in finding.fields if field == finding.field or field in names]
    return f"{', '.join(columns)}: {finding.message}" if columns else finding.message


def _values(feed: Feed, columns: Iterable[str], record: Mapping[str, Any]) -> list[str]:
    return [feed.cell_of(name, record.get(name)) for name in columns]


def _csv(lines: Iterable[Iterable[str]]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text).writerows(lines)
    return text.getvalue().encode("utf-8", errors="backslashreplace")
