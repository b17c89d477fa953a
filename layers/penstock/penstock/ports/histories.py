"""Histories: what is known of records that were delivered, or may be, for feeds that judge records by earlier ones.

A history is what is known under one key, with a version. A dispatcher reads it, and writes it on the condition that
nobody has written it since: of two that change the same history one wins, and the other reads and judges again.

An entry is written before its record is sent, so that no two chunks can each count without the other. What became of
its record is seen in the ledger by whoever reads it next, until that has been seen for good (`sure`). An entry whose
record was not delivered is void, and what it replaced (`was`) is in force again; so a worker may die anywhere.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from penstock.model.errors import PenstockError


class HistoryFull(PenstockError):
    """Raised when a history has become too large to be written."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What is kept of a record under the id it has in its history, by name, as JSON has it; whose record it is, and the
    fence of the lease under which it was written."""

    id: str
    kept: Any
    file_id: str
    chunk: int
    ordinal: int
    fence: int = 0
    sure: bool = False
    was: "Entry | None" = None

    def is_of(self, file_id: str, chunk: int) -> bool:
        """Whether its record is of this chunk."""
        return self.chunk == chunk and self.file_id == file_id


@dataclass(frozen=True, slots=True)
class Document:
    """All that was known when it was written, packed, and the version of the history that this was. It may be
    forgotten after `until`, in seconds since the epoch."""

    version: int
    body: bytes
    until: float


@dataclass(frozen=True, slots=True)
class History:
    """A history as it was read. Version 0 is that of one that nobody has written yet. The rest is how it is kept: its
    document, None if it has none; whether segments may follow that, and how many bytes of them do."""

    version: int = 0
    entries: tuple[Entry, ...] = ()
    document: Document | None = field(default=None, compare=False, repr=False)
    is_segmented: bool = field(default=False, compare=False)
    appended: int = field(default=0, compare=False)


class Histories(Protocol):
    """The port. Any call may raise Transient; doing it again is always safe."""

    async def read(self, feed: str, keys: Sequence[str]) -> dict[str, History]:
        """The histories with these keys, consistently read; one that nobody has written is empty."""
        ...

    async def write(self, feed: str, key: str, seen: History, entries: Sequence[Entry], until: float) -> bool:
        """Puts entries in place of those of the history as it was seen; False where it has changed since. It may be
        forgotten after `until`, in seconds since the epoch.

        Raises:
            HistoryFull: they are too many.
        """
        ...
