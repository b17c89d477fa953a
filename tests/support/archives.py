"""Compressed files and zip files, made by the standard library and the zstd package, and staged right here."""

import bz2
import gzip
import io
import lzma
import random
import zipfile
from collections.abc import Callable, Mapping, Sequence

from backports import zstd

from penstock.model.messages import SourceFile, SplitMessage
from penstock.split.compression import Expander, Kind
from penstock.split.staging import Staging
from penstock_testing.memory import MemoryClock, MemoryStore
from tests.support.reading import cut


def _zstd(body: bytes) -> bytes:
    """With a checksum, as its own command writes it."""
    options: dict[int, int] = {zstd.CompressionParameter.checksum_flag: 1}
    return zstd.compress(body, options=options)


COMPRESS: dict[Kind, Callable[[bytes], bytes]] = {
    Kind.GZIP: gzip.compress,
    Kind.BZIP2: bz2.compress,
    Kind.XZ: lzma.compress,
    Kind.ZSTD: _zstd,
}
EXPAND: dict[Kind, Callable[[bytes], bytes]] = {
    Kind.GZIP: gzip.decompress,
    Kind.BZIP2: bz2.decompress,
    Kind.XZ: lzma.decompress,
    Kind.ZSTD: zstd.decompress,
}


def expanded(kind: Kind, data: bytes, blocks: Sequence[int] = ()) -> bytes:
    """What the data expands to, when it arrives in blocks of these sizes, over and over."""
    expander = Expander(kind)
    pieces = [piece for block in cut(data, blocks) for piece in expander.push(block)]
    expander.finish()
    return b"".join(pieces)


def packed(files: Mapping[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A zip file of these files."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, body in files.items():
            archive.writestr(zipfile.ZipInfo(name), body, method)
    return out.getvalue()


class Stage:
    """A store into which files are dropped, and staged as the splitter would."""

    def __init__(self, **sheets: str) -> None:
        self.store, self.clock, self._sheets = MemoryStore(), MemoryClock(), sheets

    async def prepare(self, body: bytes, key: str = "traffic/file") -> SourceFile | list[SplitMessage]:
        return await self.staging().prepare(self.store.drop(key, body), None)

    async def entries(self, body: bytes) -> dict[str, bytes]:
        """The files of a zip file by their names, staged one after the other."""
        prepared = await self.prepare(body, "traffic/archive.zip")
        assert isinstance(prepared, list)
        return {message.file.dropped.key.partition("!")[2]: await self.entry(message) for message in prepared}

    async def entry(self, message: SplitMessage) -> bytes:
        """One file of a zip file, staged."""
        staged = await self.staging().prepare(message.file, message.entry)
        assert isinstance(staged, SourceFile)
        return self.body_of(staged)

    async def body(self, body: bytes) -> bytes:
        """What the splitter would cut of this file."""
        staged = await self.prepare(body)
        assert isinstance(staged, SourceFile)
        return self.body_of(staged)

    def body_of(self, file: SourceFile) -> bytes:
        if file.is_staged:
            return self.store.work[file.key]
        return self.store.sources[file.bucket, file.key, file.version_id]

    def staging(self) -> Staging:
        """Of an invocation that begins now."""
        return Staging(self.store, self.clock, random.Random(1), self.clock.now() + 900, self._sheets)
