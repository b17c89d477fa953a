"""The histories' twin: the same documents and segments, in dictionaries."""

from collections.abc import Callable, Sequence

from penstock.identity.packed_histories import ALONE, unpacked
from penstock.identity.segmented_histories import USUAL, SegmentedHistories, Shape, folded
from penstock.ports.histories import Document, History
from penstock.ports.history_items import Segment

type _Place = tuple[str, str]
"""A feed and a key."""


class MemoryHistoryItems:
    """As `HistoryItems`."""

    def __init__(self) -> None:
        self.kept: dict[_Place, Document] = {}
        self.slots: dict[_Place, dict[int, Segment]] = {}

    async def documents(self, feed: str, keys: Sequence[str]) -> dict[str, Document]:
        """As `HistoryItems.documents`."""
        return {key: self.kept[feed, key] for key in keys if (feed, key) in self.kept}

    async def segments(self, feed: str, key: str) -> list[Segment]:
        """As `HistoryItems.segments`."""
        return list(self.slots.get((feed, key), {}).values())

    async def write_document(self, feed: str, key: str, was: int | None, document: Document) -> bool:
        """As `HistoryItems.write_document`."""
        there = self.kept.get((feed, key))
        if (there.version if there else None) != was:
            return False
        self.kept[feed, key] = document
        return True

    async def write_segment(self, feed: str, key: str, slot: int, segment: Segment, until: float) -> bool:
        """As `HistoryItems.write_segment`."""
        slots = self.slots.setdefault((feed, key), {})
        if slot in slots and slots[slot].version >= segment.version:
            return False
        slots[slot] = segment
        return True


class MemoryHistories(SegmentedHistories):
    """As `Histories`, over these items or its own. Without a clock nothing is forgotten."""

    def __init__(
        self,
        now: Callable[[], float] = lambda: 0.0,
        shape: Shape = USUAL,
        items: MemoryHistoryItems | None = None,
    ) -> None:
        self.items = items or MemoryHistoryItems()
        super().__init__(self.items, now, shape)

    def all(self) -> dict[_Place, History]:
        """Every history by its feed and key. One that misses a segment has no entries."""
        return {place: self._kept(place, document) for place, document in self.items.kept.items()}

    def _kept(self, place: _Place, document: Document) -> History:
        version, entries = unpacked(document.body)
        slots = self.items.slots.get(place, {}) if version > ALONE else {}
        return folded(document, entries, slots.values()) or History()
