"""Files that cannot be cut where they lie: compressed, in a zip file, a workbook, in UTF-16, or wrapped into lines.

Such a file is *staged* once: streamed, in bounded memory, into an object of the work bucket in UTF-8, which is then
read by ranges like any dropped file. The staged object is named after the file, so doing it twice writes the same bytes
to the same place. A zip file is not expanded itself: each of its entries is staged as a file of its own, by an
invocation of its own. A workbook, a zip file too, is one file: the table on one of its sheets.
"""

import random
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass, field
from functools import partial

from penstock.feeds import FEEDS
from penstock.io.reader import read_blocks, read_range
from penstock.model.defects import at_a_file
from penstock.model.errors import Refused, Transient
from penstock.model.messages import Dropped, SourceFile, SplitMessage, ZipEntry
from penstock.ports.clock import Clock
from penstock.ports.object_store import Sources
from penstock.split import zips
from penstock.split.compression import Expander, Kind, kind_of, refuse_excess
from penstock.split.tabling import Tabling
from penstock.split.transcoding import Transcoder, utf16_of
from penstock.split.unwrapping import Unwrapper, width_of
from penstock.workbooks.others import (
    DIRECTORY,
    directory_of_compound,
    is_workbook,
    refusal_of_compound,
    refuse_open_document,
    refuse_other_office,
)

_OFFICE = b"[Content_Types].xml"  #: the name of the part with which such documents begin
KNOWN_BY = 512  #: bytes by which compression, packing, UTF-16 and what is wrapped are known
DOCUMENT_KNOWN_BY = 1024  #: bytes by which a document is: a PDF may begin anywhere in them (ISO 32000-2, annex I)


@dataclass(frozen=True, slots=True)
class Staging:
    """What staging needs of the world. `deadline` is when the invocation ends, in seconds since the epoch. `sheets` has
    by feed the name of the sheet that is read of its workbooks, where somebody has set one."""

    store: Sources
    clock: Clock
    rng: random.Random
    deadline: float
    sheets: Mapping[str, str] = field(default_factory=dict[str, str])

    async def prepare(self, file: SourceFile, entry: ZipEntry | None) -> SourceFile | list[SplitMessage]:
        """The file as it can be cut: itself, or staged; of a zip file, its entries, each a file of its own. With an
        `entry`, the file reads the zip file that it is of.

        Raises:
            Refused: `archive.…`, where it cannot be expanded within the limits, or is not what it says it is;
                `format.…`, where it is a workbook that is not read, or another Office document.
            Defective: a function of ours fails at it.
            Transient: something broke, or it took longer than the invocation.
        """
        if file.is_staged:  # by an invocation that came no further
            return file
        if entry:
            return await self._stage(file, self._unpacked(file, entry))
        head = await self._read(file, 0, KNOWN_BY)
        await self._refuse_old_office(file, head)
        with at_a_file(file.feed):
            kind, converter = kind_of(head), _converter_of(head)
        if kind is Kind.ZIP:
            with at_a_file(file.feed):
                refuse_open_document(head)
            return await self._packed(file)
        if kind or converter:
            return await self._stage(file, self._contents(file, None, kind))
        return file

    async def head_of(self, file: SourceFile, entry: ZipEntry | None) -> bytes | None:
        """The first bytes of what the file holds, unpacked and expanded; None of a zip file, which holds files.

        Raises:
            Refused: as `prepare`.
            Transient: as `prepare`.
        """
        begin = await self._read(file, 0, DOCUMENT_KNOWN_BY)
        kind = None if entry else _kind_of(file.feed, begin)
        if kind is Kind.ZIP:
            return None
        if not (entry or kind):
            return begin
        head = b""
        async with aclosing(self._contents(file, entry, kind)) as blocks:
            async for block in blocks:
                head += block
                if len(head) >= DOCUMENT_KNOWN_BY:
                    break
        with at_a_file(file.feed):
            _refuse_nested(head)
        return head[:DOCUMENT_KNOWN_BY]

    async def whole(self, file: SourceFile, entry: ZipEntry | None) -> AsyncGenerator[bytes]:
        """What the file holds, unpacked and expanded, in blocks; of a file that is no zip file.

        Raises:
            Refused: as `prepare`.
            Transient: as `prepare`.
        """
        kind = None if entry else _kind_of(file.feed, await self._read(file, 0, KNOWN_BY))
        async with aclosing(self._contents(file, entry, kind)) as blocks:
            async for block in blocks:
                yield block

    async def entry_of(self, file: SourceFile) -> ZipEntry | None:
        """The entry that a file is of that reads its archive still; None for every other file.

        Raises:
            ObjectMissing: the archive was deleted.
            Refused: `archive.…`, where it is not read as an archive that has this file.
            Defective: a function of ours fails at it.
            Transient: something broke.
        """
        if file.origin is None or file.is_staged:
            return None
        archive = file.model_copy(update={"origin": None})
        for message in _messages_of(archive, await self._entries(archive)):
            if message.file.file_id == file.file_id:
                return message.entry
        raise Refused("archive.damaged", "the zip archive has no such file in it; pack it again")

    async def _refuse_old_office(self, file: SourceFile, head: bytes) -> None:
        with at_a_file(file.feed):
            directory = directory_of_compound(head)
        if directory is None:
            return
        streams = await self._read(file, directory, directory + DIRECTORY)
        with at_a_file(file.feed):
            raise refusal_of_compound(streams)

    async def _packed(self, file: SourceFile) -> SourceFile | list[SplitMessage]:
        """A workbook, staged; or the entries of another zip file."""
        entries = await self._entries(file)
        parts = {entry.name.lower(): entry for entry in entries}
        if is_workbook(parts):
            return await self._tabled(file, parts)
        with at_a_file(file.feed):
            refuse_other_office(parts)
        return _messages_of(file, entries)

    async def _entries(self, file: SourceFile) -> list[ZipEntry]:
        tail = await self._read(file, max(0, file.size - zips.TAIL), file.size)
        with at_a_file(file.feed):
            begin, end, count = zips.find_directory(tail, file.size)
        directory = await self._read(file, begin, end)
        with at_a_file(file.feed):
            return zips.read_directory(directory, begin, count)

    async def _tabled(self, workbook: SourceFile, parts: Mapping[str, ZipEntry]) -> SourceFile:
        wanted = self.sheets.get(workbook.feed, "")
        tabling = Tabling(
            workbook.feed, parts, partial(self._unpacked, workbook), partial(_recognises, workbook.feed), wanted
        )
        staged = await self._stage(workbook, self._bounded(tabling.table(), workbook.size))
        return staged.model_copy(update={"notes": tuple(tabling.notes), "rejects_of": tabling.rejects_of})

    async def _bounded(self, pieces: AsyncGenerator[bytes], packed: int) -> AsyncGenerator[bytes]:
        """Pieces of what a file of so many bytes becomes, within the limits of what it may."""
        size = 0
        async with aclosing(pieces):
            async for piece in pieces:
                size += len(piece)
                refuse_excess(size, packed)
                yield piece

    async def _stage(self, file: SourceFile, blocks: AsyncGenerator[bytes]) -> SourceFile:
        async with aclosing(blocks):
            return await self.store.stage(file, _converted(file.feed, blocks))

    def _contents(self, file: SourceFile, entry: ZipEntry | None, kind: Kind | None) -> AsyncGenerator[bytes]:
        if entry:
            return self._unpacked(file, entry)
        return self._expanded(file, kind) if kind else self._blocks(file, 0, file.size)

    async def _expanded(self, file: SourceFile, kind: Kind) -> AsyncGenerator[bytes]:
        expander, size = Expander(kind), 0
        async with aclosing(self._blocks(file, 0, file.size)) as blocks:
            async for block in blocks:
                for piece in _expanded(file.feed, expander, block):
                    size += len(piece)
                    refuse_excess(size, file.size)
                    self._stop_if_late()
                    yield piece
        with at_a_file(file.feed):
            expander.finish()

    async def _unpacked(self, file: SourceFile, entry: ZipEntry) -> AsyncGenerator[bytes]:
        local = await self._read(file, entry.offset, min(entry.offset + zips.LOCAL, entry.until))
        with at_a_file(file.feed):
            begin, end = zips.data_of(local, entry)
        expander = zips.EntryExpander(entry)
        async with aclosing(self._blocks(file, begin, end)) as blocks:
            async for block in blocks:
                for piece in _expanded(file.feed, expander, block):
                    self._stop_if_late()
                    yield piece
        with at_a_file(file.feed):
            expander.finish()

    def _blocks(self, file: SourceFile, begin: int, end: int) -> AsyncGenerator[bytes]:
        return read_blocks(self.store, file, self.clock, self.rng, begin, end)

    async def _read(self, file: SourceFile, begin: int, end: int) -> bytes:
        return await read_range(self.store, file, begin, min(end, file.size), self.clock, self.rng)

    def _stop_if_late(self) -> None:
        # Counted as a failure, unlike OutOfTime: what fits the limits has the time it needs, so something is wrong.
        if self.clock.now() > self.deadline:
            raise Transient("the file could not be expanded before the invocation ended")


def _messages_of(zip_file: SourceFile, entries: Sequence[ZipEntry]) -> list[SplitMessage]:
    """A message for each file of a zip file."""
    return [SplitMessage(file=_entry_of(zip_file, entry), entry=entry) for entry in entries]


def _kind_of(feed: str, head: bytes) -> Kind | None:
    with at_a_file(feed):
        return kind_of(head)


def _recognises(feed: str, head: bytes) -> bool:
    """Whether the feed reads a table that begins so; any feed, where nobody has said which."""
    for one in [FEEDS[feed]] if feed in FEEDS else FEEDS.values():
        with suppress(Refused):
            return bool(one.recognise(head))
    return False


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


def _expanded(feed: str, expander: Expander | zips.EntryExpander, block: bytes) -> Iterator[bytes]:
    with at_a_file(feed):
        yield from expander.push(block)


async def _converted(feed: str, blocks: AsyncGenerator[bytes]) -> AsyncGenerator[bytes]:
    """The blocks of a file, as they can be cut.

    Raises:
        Refused: `archive.nested`.
    """
    head = b""
    async for block in blocks:
        head += block
        if len(head) >= KNOWN_BY:
            break
    with at_a_file(feed):
        _refuse_nested(head)
        converter = _converter_of(head)
    if converter is None:
        yield head
        async for block in blocks:
            yield block
        return
    yield _pushed(feed, converter, head)
    async for block in blocks:
        yield _pushed(feed, converter, block)
    with at_a_file(feed):
        rest = converter.finish()
    yield rest


def _pushed(feed: str, converter: Transcoder | Unwrapper, block: bytes) -> bytes:
    with at_a_file(feed):
        return converter.push(block)


def _refuse_nested(head: bytes) -> None:
    try:
        kind = kind_of(head)
    except Refused:
        kind = "archive"
    if kind is Kind.ZIP and _OFFICE in head:
        raise Refused("archive.nested", "inside is a workbook, or another Office document; drop it by itself")
    if kind:
        raise Refused(
            "archive.nested", f"inside is compressed data again ({kind}); compress or pack the file only once"
        )
