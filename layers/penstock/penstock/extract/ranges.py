"""In which ranges a document's pages are read. It is decided once, and kept beside what was read: whoever goes on with
the document, be it another release, reads the same ranges."""

from collections.abc import Iterator
from typing import NamedTuple, Self

from pydantic import BaseModel, ConfigDict

from penstock.model.ids import pages_key
from penstock.ports.object_store import ObjectStore

PLAN = "plan.json"


class Range(NamedTuple):
    """Pages `first` to `last`, counted from 1."""

    first: int
    last: int

    @property
    def pages(self) -> int:
        """How many."""
        return self.last - self.first + 1

    def key(self, file_id: str) -> str:
        """The key in the work bucket of what was read on them. That it is there says that they have been read."""
        return pages_key(file_id, f"{self.first:05d}-{self.last:05d}.ndjson.gz")

    def used_key(self, file_id: str) -> str:
        """The key of what it took to read them."""
        return pages_key(file_id, f"{self.first:05d}-{self.last:05d}.used")


class Ranges(BaseModel):
    """So many pages, so many of them at once, of the document with this SHA-256."""

    model_config = ConfigDict(frozen=True, extra="ignore", defer_build=True)

    pages: int
    at_once: int
    sha256: str

    def all(self) -> Iterator[Range]:
        """Each, in order."""
        for first in range(1, self.pages + 1, self.at_once):
            yield Range(first, min(first + self.at_once - 1, self.pages))

    @classmethod
    async def kept(cls, store: ObjectStore, file_id: str) -> Self | None:
        """As they were decided; None if they have not been."""
        body = await store.get(pages_key(file_id, PLAN))
        return None if body is None else cls.model_validate_json(body)

    async def keep(self, store: ObjectStore, file_id: str) -> None:
        """Decides them."""
        await store.put(pages_key(file_id, PLAN), self.model_dump_json().encode(), "application/json")

    async def missing(self, store: ObjectStore, file_id: str) -> list[Range]:
        """Those that nobody has read yet."""
        return [one for one in self.all() if not await store.has(one.key(file_id))]

    async def are_read(self, store: ObjectStore, file_id: str, last: Range) -> bool:
        """Whether none is missing. Asked by whoever has read one: those behind it are usually the last to be read."""
        ranges = list(self.all())
        at = ranges.index(last) + 1 if last in ranges else 0
        for one in (*ranges[at:], *ranges[:at]):
            if not await store.has(one.key(file_id)):
                return False
        return True
