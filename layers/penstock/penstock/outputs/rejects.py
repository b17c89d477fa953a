"""rejects.csv: what to mend and drop again.

The file's own columns, or the feed's fields where the format has no columns, then ours: line, ordinal, field, code,
message, and the original record where its columns cannot be told. Cells are neutralised for spreadsheets, and
restored when the file comes back; our columns are passed over then.
"""

import csv
import io
import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from penstock.feeds.feed import Feed
from penstock.formats.delimited import row_of
from penstock.formats.spreadsheet import OURS, neutralised
from penstock.formats.text import encoding_for
from penstock.model.defects import defect
from penstock.model.findings import GONE, Finding, Severity
from penstock.model.messages import Layout
from penstock.model.records import Rejected

COLUMNS = tuple(OURS + name for name in ("line", "ordinal", "field", "code", "message", "record"))
ORDINAL = COLUMNS.index(f"{OURS}ordinal") - len(COLUMNS)
"""Where a row has its record's ordinal. Counted from its end: a feed may have had fewer fields when it was written."""


def source_columns(feed: Feed, layout: Layout) -> tuple[str, ...]:
    """The columns of the record itself."""
    if layout.columns:
        return tuple(name for name in layout.header if not name.startswith(OURS))
    return tuple(feed.record.__annotations__)


def header(feed: Feed, layout: Layout) -> bytes:
    """The first line of the file."""
    return _csv([(*map(neutralised, source_columns(feed, layout)), *COLUMNS)])


def rows(feed: Feed, layout: Layout, rejected: Iterable[Rejected]) -> bytes:
    """A row a rejected record; of several findings the row names them all, the first in its field."""
    return _csv(_row(feed, layout, one) for one in rejected)


def _row(feed: Feed, layout: Layout, one: Rejected) -> list[str]:
    """A record's row. One whose cells cannot be written has none of them, and says so: what was found must come back
    to its sender in any case, and no other record shall wait for it."""
    try:
        return _written(feed, layout, one)
    except Exception as error:
        findings = (*one.findings, defect(feed.name, error))
    return _written(feed, layout, replace(one, raw_bytes=b"", cells=None, findings=findings))


def _written(feed: Feed, layout: Layout, one: Rejected) -> list[str]:
    columns = source_columns(feed, layout)
    if one.gone:
        return _row_without_original(columns, layout, one)
    if layout.columns:
        cells = row_of(layout, one.raw_bytes)
        source = (
            [cell for cell, name in zip(cells, layout.header, strict=True) if not name.startswith(OURS)]
            if cells
            else []
        )
    else:
        source = _values(columns, one.cells) if one.cells else []
    text = one.raw_bytes.decode(encoding_for(one.raw_bytes, layout.encoding), errors="backslashreplace")
    return [
        *map(neutralised, source or [""] * len(columns)),
        *_ours(one),
        "" if source and layout.columns else neutralised(text),
    ]


def _ours(one: Rejected) -> list[str]:
    """Our own columns, but for the record."""
    hard = [finding for finding in one.findings if finding.severity is Severity.HARD]
    return [
        "" if one.line is None else str(one.line),
        str(one.ordinal),
        hard[0].field or "",
        " ".join(finding.code for finding in hard),
        neutralised("; ".join(_sentence(finding) for finding in hard)),
    ]


def _row_without_original(columns: tuple[str, ...], layout: Layout, one: Rejected) -> list[str]:
    """What is known of a record whose original was deleted: its fields as it was accepted, and what is said of that."""
    fields = [field for field, name in zip(layout.columns, layout.header, strict=True) if not name.startswith(OURS)]
    source = _values(fields or columns, one.cells or {})
    return [*map(neutralised, source), *_ours(one), _deleted(one)]


def _deleted(one: Rejected) -> str:
    return neutralised("; ".join(finding.message for finding in one.findings if finding.code == GONE))


def _sentence(finding: Finding) -> str:
    return f"{finding.field}: {finding.message}" if finding.field else finding.message


def _values(columns: Iterable[str], record: Mapping[str, Any]) -> list[str]:
    return [_cell(record.get(name)) for name in columns]


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return json.dumps(value, default=str) if isinstance(value, dict | list) else str(value)


def _csv(lines: Iterable[Iterable[str]]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text).writerows(lines)
    return text.getvalue().encode("utf-8", errors="backslashreplace")
