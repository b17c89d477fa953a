"""Files of text with one record a line: NDJSON, a JSON array, or CSV with what is nested as JSON in a cell."""

import csv
import io
import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, BinaryIO

from .sample import Expectation, Outcome, SampleOptions, expectation_line

FORMATS = {"ndjson": "ndjson", "json": "json", "csv": "csv"}

type Entry = tuple[Mapping[str, Any], Expectation]
"""A record, and what must become of it."""

_to_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


@dataclass(frozen=True, slots=True)
class _Text:
    """A format: what comes before the records, each one, what between two, and what after them. `first_line` is where
    the first record stands."""

    head: str
    record: Callable[[Mapping[str, Any]], str]
    between: str
    foot: str
    first_line: int


def write_lines(
    out: BinaryIO,
    options: SampleOptions,
    expected: BinaryIO | None,
    entries: Iterable[Entry],
    headings: Mapping[str, str],
) -> Counter[Outcome]:
    """Writes as many records as are asked for, and what must become of each; counts them by outcome. `headings` are
    what the trade's exports call the columns, by field.

    Raises:
        ValueError: the format is none of `FORMATS`, or has no header to be spelled otherwise.
    """
    if options.format not in FORMATS:
        raise ValueError(f"there is no format {options.format}; use {', '.join(FORMATS)}")
    if options.spelling != "canonical" and options.format != "csv":
        raise ValueError(f"{options.format} has no header that could be spelled otherwise")
    text, outcomes = _text_of(options, headings), Counter[Outcome]()
    out.write(text.head.encode())
    for ordinal, (record, expectation) in enumerate(islice(entries, options.records)):
        out.write(f"{text.between if ordinal else ''}{text.record(record)}".encode())
        outcomes[expectation.outcome] += 1
        if expected is not None:
            expected.write(expectation_line(ordinal, text.first_line + ordinal, expectation).encode())
    out.write(text.foot.encode())
    return outcomes


def _text_of(options: SampleOptions, headings: Mapping[str, str]) -> _Text:
    if options.format == "csv":
        head = _row(list(headings.values()) if options.spelling == "trade" else list(headings))
        return _Text(f"{head}\n", lambda record: _row(_cells(record, headings)), "\n", "\n", first_line=2)
    if options.format == "json":
        return _Text("[\n", _to_json, ",\n", "\n]\n", first_line=2)
    return _Text("", _to_json, "\n", "\n", first_line=1)


def _cells(record: Mapping[str, Any], fields: Iterable[str]) -> list[str]:
    cells = [record.get(name, "") for name in fields]
    return [_to_json(cell) if isinstance(cell, list) else str(cell) for cell in cells]


def _row(cells: Sequence[str]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="").writerow(cells)
    return text.getvalue()
