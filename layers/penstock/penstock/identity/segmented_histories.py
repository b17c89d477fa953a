"""Histories as a document and what was written since.

A history that is small is one document, and each write is a new one. To write a larger one anew for each record would
cost a write unit for each KB of it, so from then on a write is a segment of what it changes:

    document            version 70, all that was known then
    slot 71 % slots     version 71, what that write changed
    slot 72 % slots     version 72, …

A writer puts the next version into its slot if nobody has: that alone decides who wins. A later document is only the
sum of what is there already, and changes nothing that anybody reads. It is written before the segment that would take
the place of one that is not in the document yet; a worker that dies between the two has changed nothing. Segments up to
the document's version lie in their slots until others take them: to delete one would cost as much as to write it.
"""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from penstock.identity.packed_histories import ALONE, LARGEST, changed, ensure_fits, packed, packed_change, unpacked
from penstock.model import versions
from penstock.model.errors import Transient
from penstock.ports.histories import Document, Entry, History
from penstock.ports.history_items import HistoryItems, Segment

AT_ONCE = 8  #: histories that are read at once
TRIES = 5  #: to read one, while others write it
LONGER = 0.25  #: so much longer than it must a document lives, so that segments need not renew it


@dataclass(frozen=True, slots=True)
class Shape:
    """How many slots a history has: whoever changes that raises `versions.HISTORY`, as two releases must agree on a
    version's slot. And up to how many bytes it is one document, written anew each time: that is a write unit, as for a
    segment."""

    slots: int = 32
    small: int = 1024


USUAL = Shape()


class SegmentedHistories:
    """As `Histories`. `now` is in seconds since the epoch."""

    def __init__(self, items: HistoryItems, now: Callable[[], float], shape: Shape = USUAL) -> None:
        self._items, self._now, self._shape = items, now, shape

    async def read(self, feed: str, keys: Sequence[str]) -> dict[str, History]:
        """As `Histories.read`."""
        found, turns = await self._items.documents(feed, keys), asyncio.Semaphore(AT_ONCE)

        async def one(key: str) -> History:
            async with turns:
                return await self._history(feed, key, found.get(key))

        try:
            async with asyncio.TaskGroup() as tasks:
                under_way = {key: tasks.create_task(one(key)) for key in keys}
        except ExceptionGroup as faults:
            raise faults.exceptions[0] from None
        return {key: task.result() for key, task in under_way.items()}

    async def _history(self, feed: str, key: str, document: Document | None) -> History:
        """A history of which we have read the document."""
        for _ in range(TRIES):
            if document is None:
                return History()
            version, entries = unpacked(document.body)
            if version <= ALONE:
                return History(document.version, entries, document)
            if document.until <= self._now():
                # Its segments may be deleted by now, or only some of them.
                return History(document.version, (), document)
            history = folded(document, entries, await self._items.segments(feed, key))
            if history:
                return history
            # Others have written while we read the slots one by one.
            document = (await self._items.documents(feed, [key])).get(key)
        raise Transient("a history changed all the time while it was read")

    async def write(self, feed: str, key: str, seen: History, entries: Sequence[Entry], until: float) -> bool:
        """As `Histories.write`. A write whose answer was lost finds itself done when it is tried again, and is not
        told from another's: a worker that then reads the history finds its own entries there."""
        document = seen.document
        if document is None or not seen.is_segmented:
            return await self._items.write_document(
                feed, key, document.version if document else None, self._anew(seen, entries, until)
            )
        change, number = packed_change(seen.entries, entries), seen.version + 1
        if len(document.body) + seen.appended + len(change) > LARGEST:
            # The next document may be smaller than what is there, and is not made for nothing.
            ensure_fits(len(packed(entries, versions.HISTORY)))
        if seen.version - document.version >= self._shape.slots or until > document.until:
            summed = Document(seen.version, packed(seen.entries, versions.HISTORY), self._longer(until))
            if not await self._items.write_document(feed, key, document.version, summed):
                return False
            document = summed
        slot, segment = number % self._shape.slots, Segment(number, change)
        return await self._items.write_segment(feed, key, slot, segment, document.until)

    def _anew(self, seen: History, entries: Sequence[Entry], until: float) -> Document:
        """The document of all entries. The first that segments may follow has the time for a version: those that a
        history has left which was forgotten long ago are earlier."""
        body = packed(entries, ALONE)
        ensure_fits(len(body))
        if len(body) <= self._shape.small:
            return Document(seen.version + 1, body, until)
        version = max(seen.version + 1, int(self._now()))
        return Document(version, packed(entries, versions.HISTORY), self._longer(until))

    def _longer(self, until: float) -> float:
        return until + max(0.0, until - self._now()) * LONGER


def folded(document: Document, entries: Sequence[Entry], segments: Iterable[Segment]) -> History | None:
    """A document, of which these are the entries, with the segments after it; None where one of those is missing, as
    another document has been written since."""
    later = sorted((one for one in segments if one.version > document.version), key=lambda one: one.version)
    version = document.version + len(later)
    if [one.version for one in later] != list(range(document.version + 1, version + 1)):
        return None
    for segment in later:
        entries = changed(entries, segment.body)
    appended = sum(len(segment.body) for segment in later)
    return History(version, tuple(entries), document, is_segmented=True, appended=appended)
