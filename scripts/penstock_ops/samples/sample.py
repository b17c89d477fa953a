"""What a generator of sample files is asked, and what it says about the records that it wrote."""

import json
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import BinaryIO, Literal, NamedTuple

type Outcome = Literal["delivered", "rejected", "duplicate", "held"]


@dataclass(frozen=True, slots=True)
class SampleOptions:
    records: int
    #: One of the generator's formats.
    format: str
    #: The share of faulty records, 0 to 1; every kind of fault gets an equal part of it.
    faults: float = 0.0
    #: The same options and seed write the same bytes; another seed writes other records.
    seed: int = 0
    #: How a header names its columns: as the feed does, or as the trade's exports do.
    spelling: Literal["canonical", "trade"] = "canonical"
    #: Faults that only a destination can see are among the faults.
    destination_faults: bool = False

    def __post_init__(self) -> None:
        if self.records < 0:
            raise ValueError("a file has no fewer than 0 records")
        if not 0 <= self.faults <= 1:
            raise ValueError("the share of faults is between 0 and 1")


class Expectation(NamedTuple):
    """What must become of one record of a file that is read from its first to its last.

    Of two records with one identity a pipeline that works in parallel may meet the later one first: then the two
    change places.
    """

    outcome: Outcome
    #: The finding's code; none for `duplicate`. A record that is delivered has one if it is flagged.
    code: str | None = None
    #: The field that the finding names, if it names one.
    field: str | None = None
    #: The ordinal of the earlier record with this identity; given for a conflict as well.
    duplicate_of: int | None = None


DELIVERED = Expectation("delivered")


def expectation_line(ordinal: int, line: int, expected: Expectation) -> str:
    """One line of NDJSON: `ordinal` counts records from 0, `line` the file's lines from 1."""
    if expected is DELIVERED:
        return f'{{"ordinal":{ordinal},"line":{line},{_DELIVERED_TAIL}'
    return f'{{"ordinal":{ordinal},"line":{line},{_tail(expected)}'


def _tail(expected: Expectation) -> str:
    return json.dumps(expected._asdict(), separators=(",", ":"))[1:] + "\n"


_DELIVERED_TAIL = _tail(DELIVERED)


@dataclass(frozen=True, slots=True)
class SampleGenerator:
    #: The ending of a file's name by format; the first is the default.
    formats: Mapping[str, str]
    #: Writes the file and, where a second stream is given, the expectations; counts the records
    #: by outcome.
    write: Callable[[BinaryIO, SampleOptions, BinaryIO | None], Counter[Outcome]]
