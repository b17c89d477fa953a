"""The log of a traffic system, as CSV, TSV or NDJSON."""

from collections import Counter
from itertools import islice
from typing import BinaryIO

from penstock_ops.samples.sample import DELIVERED, Expectation, Outcome, SampleOptions, expectation_line

from .faults import Entry, Faults, kinds_of
from .schedule import Schedule
from .texts import Text, text_of

#: Records in memory at a time.
BLOCK = 4_096


def write_log(out: BinaryIO, options: SampleOptions, expected: BinaryIO | None) -> Counter[Outcome]:
    """Writes the log and what must become of its records; counts the records by outcome."""
    text = text_of(options.format, options.spelling, options.seed)
    # Whether a quote in a TSV means anything is anybody's guess: it has none.
    schedule = Schedule(options.seed, options.records, plain=options.format == "tsv")
    kinds = kinds_of(options.format, destination_faults=options.destination_faults)
    faults = Faults(options.seed, options.faults, kinds, schedule)

    outcomes: Counter[Outcome] = Counter()
    out.write(text.head.encode())
    line = 1 + text.head.count("\n")
    rows = schedule.rows()
    for first in range(0, options.records, BLOCK):
        block = list(islice(rows, min(BLOCK, options.records - first)))
        entries, failing = faults.spoil(block, first)
        out.write(text.encode(entries).encode("utf-8", "surrogateescape"))
        outcomes["delivered"] += len(entries) - len(failing)
        outcomes.update(failed.outcome for failed in failing.values())
        if expected is not None:
            line = _write_expected(expected, text, entries, failing, first, line)
    return outcomes


def _write_expected(
    out: BinaryIO,
    text: Text,
    entries: list[Entry],
    failing: dict[int, Expectation],
    first: int,
    line: int,
) -> int:
    """The expectations of one block; returns the number of the line after it."""
    lines: list[str] = []
    for place, entry in enumerate(entries):
        lines.append(expectation_line(first + place, line, failing.get(place, DELIVERED)))
        line += text.lines(entry)
    out.write("".join(lines).encode())
    return line
