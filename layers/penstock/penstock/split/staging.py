"""Files that cannot be cut where they lie: compressed, in a zip file, in UTF-16, or wrapped into lines.

Such a file is *staged* once: streamed, in bounded memory, into an object of the work bucket in UTF-8, which is then
read by ranges like any dropped file. The staged object is named after the file, so doing it twice writes the same bytes
to the same place. A zip file is not expanded itself: each of its entries is staged as a file of its own, by an
invocation of its own.
"""

import random
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass

from penstock.io.reader import read_blocks, read_range
from penstock.model.errors import Refused, Transient
from penstock.model.messages import Dropped, SourceFile, SplitMessage, ZipEntry
from penstock.ports.clock import Clock
from penstock.ports.object_store import Sources
from penstock.split import zips
from penstock.split.compression import Expander, Kind, kind_of, refuse_excess
from penstock.split.transcoding import Transcoder, utf16_of
from penstock.split.unwrapping import Unwrapper, width_of

KNOWN_BY = 512  #: bytes by which compression, packing, UTF-16 and what is wrapped are known


@dataclass(frozen=True, slots=True)
class Staging:
    """What staging needs of the world. `deadline` is when the invocation ends, in seconds since the epoch."""

    store: Sources
    clock: Clock
    rng: random.Random
    deadline: float

    async def prepare(self, file: SourceFile, entry: ZipEntry | None) -> SourceFile | list[SplitMessage]:
        """The file as it can be cut: itself, or staged; of a zip file, its entries, each a file of its own. With an
        `entry`, the file reads the zip file that it is of.

        Raises:
            Refused: `archive.…`, where it cannot be expanded within the limits, or is not what it says it is.
            Transient: something broke, or it took longer than the invocation.
        """
        if file.is_staged:  # by an invocation that came no further
            return file
        if entry:
            return await self._stage(file, self._unpacked(file, entry))
        head = await self._read(file, 0, KNOWN_BY)
        kind = kind_of(head)
        if kind is Kind.ZIP:
            return await self._entries(file)
        if kind:
            return await self._stage(file, self._expanded(file, kind))
        if _converter_of(head):
            return await self._stage(file, self._blocks(file, 0, file.size))
        return file

    async def entry_of(self, file: SourceFile) -> ZipEntry | None:
        """The entry that a file is of that reads its archive still; None for every other file.

        Raises:
            ObjectMissing: the archive was deleted.
            Transient: something broke.
        """
        if file.origin is None or file.is_staged:
            return None
        archive = file.model_copy(update={"origin": None})
        return next((one.entry for one in await self._entries(archive) if one.file.file_id == file.file_id), None)

    async def _entries(self, file: SourceFile) -> list[SplitMessage]:
        tail = await self._read(file, max(0, file.size - zips.TAIL), file.size)
        begin, end, count = zips.find_directory(tail, file.size)
        directory = await self._read(file, begin, end)
        return [
            SplitMessage(file=_entry_of(file, entry), entry=entry)
            for entry in zips.read_directory(directory, begin, count)
        ]

    async def _stage(self, file: SourceFile, blocks: AsyncGenerator[bytes]) -> SourceFile:
        async with aclosing(blocks):
            return await self.store.stage(file, _converted(blocks))

    async def _expanded(self, file: SourceFile, kind: Kind) -> AsyncGenerator[bytes]:
        expander, size = Expander(kind), 0
        async with aclosing(self._blocks(file, 0, file.size)) as blocks:
            async for block in blocks:
                for piece in expander.push(block):
                    size += len(piece)
                    refuse_excess(size, file.size)
                    self._stop_if_late()
                    yield piece
        expander.finish()

    async def _unpacked(self, file: SourceFile, entry: ZipEntry) -> AsyncGenerator[bytes]:
        local = await self._read(file, entry.offset, min(entry.offset + zips.LOCAL, entry.until))
        begin, end = zips.data_of(local, entry)
        expander = zips.EntryExpander(entry)
        async with aclosing(self._blocks(file, begin, end)) as blocks:
            async for block in blocks:
                for piece in expander.push(block):
                    self._stop_if_late()
                    yield piece
        expander.finish()

    def _blocks(self, file: SourceFile, begin: int, end: int) -> AsyncGenerator[bytes]:
        return read_blocks(self.store, file, self.clock, self.rng, begin, end)

    async def _read(self, file: SourceFile, begin: int, end: int) -> bytes:
        return await read_range(self.store, file, begin, min(end, file.size), self.clock, self.rng)

    def _stop_if_late(self) -> None:
        # Counted as a failure, unlike OutOfTime: what fits the limits has the time it needs, so something is wrong.
        if self.clock.now() > self.deadline:
            raise Transient("the file could not be expanded before the invocation ended")


def _entry_of(zip_file: SourceFile, entry: ZipEntry) -> SourceFile:
    dropped = zip_file.dropped
    name = Dropped(bucket=dropped.bucket, key=f"{dropped.key}!{entry.name}", version_id=dropped.version_id)
    return zip_file.model_copy(update={"origin": name})


def _converter_of(head: bytes) -> Transcoder | Unwrapper | None:
    """What makes text that can be cut of a file that begins so; None where it is that already."""
    encoding = utf16_of(head)
    if encoding:
        return Transcoder(encoding)
    width = width_of(head)
    return Unwrapper(width) if width else None


async def _converted(blocks: AsyncGenerator[bytes]) -> AsyncGenerator[bytes]:
    """The blocks of a file, as they can be cut.

    Raises:
        Refused: `archive.nested`.
    """
    head = b""
    async for block in blocks:
        head += block
        if len(head) >= KNOWN_BY:
            break
    _refuse_nested(head)
    converter = _converter_of(head)
    if converter is None:
        yield head
        async for block in blocks:
            yield block
        return
    yield converter.push(head)
    async for block in blocks:
        yield converter.push(block)
    yield converter.finish()


def _refuse_nested(head: bytes) -> None:
    try:
        kind = kind_of(head)
    except Refused:
        kind = "archive"
    if kind:
        raise Refused(
            "archive.nested", f"inside is compressed data again ({kind}); compress or pack the file only once"
        )
