"""The items that histories are made of: for each key a document, and segments in numbered slots.

Everything rests on two conditions: a document takes the place of one version of it only, and a segment that of an
earlier one only.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from penstock.ports.histories import Document


@dataclass(frozen=True, slots=True)
class Segment:
    """What one write has changed, packed, and the version of the history that this made."""

    version: int
    body: bytes


class HistoryItems(Protocol):
    """The port. Any call may raise Transient; a write whose answer was lost finds itself done, and answers False."""

    async def documents(self, feed: str, keys: Sequence[str]) -> dict[str, Document]:
        """The documents under these keys, consistently read; those that are not there are left out."""
        ...

    async def segments(self, feed: str, key: str) -> list[Segment]:
        """What is in a key's slots, in any order. Each was in its slot at some moment of this call; it is no picture
        of one moment."""
        ...

    async def write_document(self, feed: str, key: str, was: int | None, document: Document) -> bool:
        """Puts a document in the place of the one of this version, or where there `was` None; False if that is not so
        any more."""
        ...

    async def write_segment(self, feed: str, key: str, slot: int, segment: Segment, until: float) -> bool:
        """Puts a segment in a slot that is empty or has one of an earlier version; False if it has not. It may be
        forgotten after `until`."""
        ...
