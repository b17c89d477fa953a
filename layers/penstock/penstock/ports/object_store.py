"""The ports of objects: what files are read from, where outputs and the archive go, and what was dropped."""

from collections.abc import AsyncIterator
from typing import Protocol

from penstock.model.messages import SourceFile

SIDECAR = 64 * 1024  #: bytes of what lies beside a file, with what is said of it; no more are read


class Sources(Protocol):
    """What files are read from, and staged to where they cannot be read as they lie."""

    async def read_source(self, file: SourceFile, start: int, end: int) -> bytes:
        """Bytes [start, end) of the pinned object; exactly as many as asked for, but for the object's end.

        Raises:
            ObjectMissing: that version is gone.
            Transient: the read broke, or the answer was of another range.
        """
        ...

    async def beside(self, file: SourceFile, key: str) -> bytes | None:
        """The newest object under this key in the bucket that the file was dropped into, as far as `SIDECAR` bytes go;
        None if there is none.

        Raises:
            Transient: the read broke.
        """
        ...

    async def stage(self, file: SourceFile, parts: AsyncIterator[bytes]) -> SourceFile:
        """Writes what a file's bytes have become as an object of the work bucket, from parts, in bounded memory, whole
        or not at all; the file as it is read from there. The same bytes give the same answer, however they come in
        parts."""
        ...


class Archive(Protocol):
    """Where what is written stays as it is."""

    async def put_once(self, key: str, body: bytes, content_type: str) -> None:
        """Writes an object of the archive, whole or not at all. Where the key is taken, what is there stays.

        Raises:
            Transient: it is not known to have been written.
        """
        ...


class ObjectStore(Sources, Archive, Protocol):
    """S3: the pinned source object, the work bucket, and the archive."""

    async def get(self, key: str) -> bytes | None:
        """An object of the work bucket, None if there is none.

        Raises:
            Transient: the read broke.
        """
        ...

    async def has(self, key: str) -> bool:
        """Whether there is such an object in the work bucket.

        Raises:
            Transient: nobody could be asked.
        """
        ...

    async def put(self, key: str, body: bytes, content_type: str) -> None:
        """Writes an object of the work bucket, whole or not at all."""
        ...

    async def put_first(self, key: str, body: bytes, content_type: str) -> bool:
        """Writes an object of the work bucket, whole or not at all, unless there is one; False where there is.

        Raises:
            Transient: it is not known to have been written.
        """
        ...

    async def put_parts(self, key: str, parts: AsyncIterator[bytes], content_type: str) -> None:
        """Writes an object of the work bucket from parts, in bounded memory, whole or not at all."""
        ...


type Place = tuple[str, str]
"""Where a listing of object versions has come to: a key and a version id."""


class Folder(Protocol):
    """The work bucket, as whoever tidies up in it sees it."""

    async def get(self, key: str) -> bytes | None:
        """As `ObjectStore.get`."""
        ...

    async def put(self, key: str, body: bytes, content_type: str) -> None:
        """As `ObjectStore.put`."""
        ...

    def listed(self, prefix: str) -> AsyncIterator[tuple[str, int]]:
        """The objects whose keys begin so, in the keys' order: key, and bytes.

        Raises:
            Transient: the listing broke.
        """
        ...

    async def remove(self, key: str) -> None:
        """Removes an object; harmless where there is none.

        Raises:
            Transient: it is not known to be gone.
        """
        ...


class Drops(Protocol):
    """The drop bucket, looked through."""

    def between(
        self, since: float, until: float, after: Place | None = None
    ) -> AsyncIterator[tuple[Place, SourceFile | None]]:
        """The object versions that were dropped in this time, in seconds since the epoch, each at its place in the
        listing; only those that are listed `after` one. Now and then a place by itself: a bucket is long, and most of
        it of other times.

        Raises:
            Transient: the listing broke.
        """
        ...
