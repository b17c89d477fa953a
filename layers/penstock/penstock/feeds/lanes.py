"""Lanes: parts of a feed that share its queues and functions, and wait for nothing of each other.

A file's key says which lane its records are in. A lane may have a destination of its own, and with it a circuit and a
line for the rate; where it has none, its records go where the feed's go. Its messages are a group of their own in every
queue, and so many of them are delivered at once as leave dispatchers to the others (`deliver/lanes.py`).
"""

from collections.abc import Callable

from penstock.feeds import feed_named
from penstock.model.errors import Refused
from penstock.model.lane_names import name_of, parts_of
from penstock.model.messages import SourceFile


def lane_of(file: SourceFile) -> str:
    """The lane of a file's records, as "tower/north"; the feed's name where it has no lanes, or the key names none."""
    lanes = _lanes_of(file.feed)
    return name_of(file.feed, lanes(file.dropped.key)) if lanes else file.feed


def has_lanes(name: str) -> bool:
    """Whether this feed, or the feed of this lane, has lanes."""
    return _lanes_of(parts_of(name)[0]) is not None


def _lanes_of(feed: str) -> Callable[[str], str] | None:
    try:
        return feed_named(feed).lanes
    except Refused:
        return None
