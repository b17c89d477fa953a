"""What holds of the times of any record, before any rule is asked: they go forward, lie where they belong, and do not
lie in each other. Instants and lengths are whole numbers of any one unit."""

from collections.abc import Iterable
from operator import attrgetter
from typing import NamedTuple


class Interval(NamedTuple):
    """Something that takes time, and what a sender calls it."""

    name: str
    start: int
    end: int


def backward(intervals: Iterable[Interval]) -> list[Interval]:
    """Those that end before they start."""
    return [one for one in intervals if one.end < one.start]


def longer_than(most: int, intervals: Iterable[Interval]) -> list[Interval]:
    """Those that take longer than anything of their kind can."""
    return [one for one in intervals if one.end - one.start > most]


def outside(whole: Interval, intervals: Iterable[Interval]) -> list[Interval]:
    """Those that lie not wholly within `whole`."""
    return [one for one in intervals if one.start < whole.start or one.end > whole.end]


def overlapping(intervals: Iterable[Interval]) -> list[tuple[Interval, Interval]]:
    """Pairs of which the later begins before an earlier one has ended; each with the one that ends last before it.
    What takes no time overlaps with nothing."""
    found: list[tuple[Interval, Interval]] = []
    last: Interval | None = None
    for one in sorted((one for one in intervals if one.end > one.start), key=attrgetter("start", "end")):
        if last and one.start < last.end:
            found.append((last, one))
        last = one if last is None or one.end > last.end else last
    return found
