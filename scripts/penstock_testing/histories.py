"""The histories' twin: the same documents, in one dictionary."""

from collections.abc import Sequence

from penstock.ports.histories import Entry, History, packed, unpacked


class MemoryHistories:
    """As `Histories`."""

    def __init__(self) -> None:
        self._documents: dict[tuple[str, str], tuple[int, bytes]] = {}

    async def read(self, feed: str, keys: Sequence[str]) -> dict[str, History]:
        """As `Histories.read`."""
        return {key: self._read(feed, key) for key in keys}

    async def write(self, feed: str, key: str, seen: History, entries: Sequence[Entry], until: float) -> bool:
        """As `Histories.write`."""
        document = packed(entries)
        if self._read(feed, key).version != seen.version:
            return False
        self._documents[feed, key] = seen.version + 1, document
        return True

    def all(self) -> dict[tuple[str, str], History]:
        """Every history by its feed and key."""
        return {place: self._read(*place) for place in self._documents}

    def _read(self, feed: str, key: str) -> History:
        if (feed, key) not in self._documents:
            return History()
        version, document = self._documents[feed, key]
        return History(version, unpacked(document))
