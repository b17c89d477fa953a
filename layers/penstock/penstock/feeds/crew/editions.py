"""Which text of a regulation the feed's rules and tables are of, and since when it holds."""

from datetime import UTC, date, datetime
from functools import cache
from typing import NamedTuple


class Edition(NamedTuple):
    """A text: `marks` are what citations of it have in them, `effective` is the first day that it is applied."""

    name: str
    marks: tuple[str, ...]
    effective: date


PART_117 = Edition("14 CFR Part 117 as of 2025-01-01, in force since 2014-01-04", ("14 CFR 117",), date(2014, 1, 4))
EASA = Edition(
    "Regulation (EU) No 83/2014 and CS-FTL.1 of ED Decision 2014/002/R, in force since 2016-02-18",
    ("ORO.FTL", "CS FTL", "EASA's FAQ"),
    date(2016, 2, 18),
)
EDITIONS = {"far117": PART_117, "easa": EASA}


@cache
def edition_of(source: str) -> str | None:
    """The editions that a citation is from; None if it is of none."""
    cited = [one.name for one in EDITIONS.values() if any(mark in source for mark in one.marks)]
    return "; ".join(cited) or None


@cache
def in_force_since(regulation: str) -> int:
    """The instant from which a regulation's edition is applied: the beginning of that day, in UTC."""
    day = EDITIONS[regulation].effective
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) // 60
