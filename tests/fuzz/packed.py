"""The law for compressed data: what comes out is what the standard library makes of it, or it is refused; in pieces of
bounded size, within the limits, however it arrives."""

import asyncio
import bz2
import io
import lzma
import struct
import warnings
import zipfile
from collections.abc import Iterable
from functools import partial

import pytest
from backports import zstd

from penstock.model.errors import Refused
from penstock.split.compression import PIECE, UNQUESTIONED, Expander, Kind, refuse_excess
from penstock.split.transcoding import Transcoder
from tests.fuzz.cutting import taken_apart
from tests.fuzz.watchdog import watched
from tests.support.archives import EXPAND, Stage
from tests.support.reading import cut

_LOCAL = struct.Struct("<6xH18xH2x")  #: flags, and the length of the name that comes behind
_DECODERS = {
    Kind.BZIP2: bz2.BZ2Decompressor,
    Kind.XZ: partial(lzma.LZMADecompressor, lzma.FORMAT_XZ),
    Kind.ZSTD: zstd.ZstdDecompressor,
}

#: What is damaged where it becomes too much is refused for the one or the other: of the piece that a decoder makes when
#: it meets the damage, nothing comes out, and where pieces begin depends on the blocks.
_EITHER = {"archive.damaged", "archive.ratio"}


def check_stream(kind: Kind, data: bytes) -> None:
    """One input of a kind that is a single stream of bytes.

    Raises:
        AssertionError, or anything: the law is broken.
    """
    how, body = taken_apart(data)
    with watched():
        ours = _expanded(kind, body, len(body) or 1)
        again = _expanded(kind, body, how.block)
        assert ours == again or {ours, again} == _EITHER, "the blocks show in what comes out"
        if isinstance(ours, bytes):
            assert (_unpadded(kind, body) if kind in _DECODERS else EXPAND[kind](body)) == ours


def _expanded(kind: Kind, body: bytes, block: int) -> bytes | str:
    """What comes out, or the code by which it is refused."""
    expander, out = Expander(kind), bytearray()
    try:
        for piece in (piece for one in cut(body, [block]) for piece in expander.push(one)):
            assert 0 < len(piece) <= PIECE
            out += piece
            refuse_excess(len(out), len(body))
        expander.finish()
    except Refused as refused:
        assert len(out) <= UNQUESTIONED + PIECE
        return refused.code
    return bytes(out)


def _unpadded(kind: Kind, body: bytes) -> bytes:
    """What the streams expand to, by themselves: the standard library's own loop over them knows no padding.

    A frame of zstd in one piece takes another way through its library, stricter about empty blocks."""
    out = b""
    while body:
        decoder = _DECODERS[kind]()
        out += decoder.decompress(body[:1]) + decoder.decompress(body[1:])
        assert decoder.eof
        body = decoder.unused_data.lstrip(b"\0")
    return out


def check_archive(data: bytes) -> None:
    """One input that may be a zip archive.

    Raises:
        AssertionError, or anything: the law is broken.
    """
    _, body = taken_apart(data)
    if not body.startswith(b"PK"):
        return
    with watched(), asyncio.Runner() as runner:
        staged = runner.run(_unpacked(body))
        assert not staged or staged == _by_zipfile(body, staged.keys())


def _by_zipfile(body: bytes, names: Iterable[str]) -> dict[str, bytes]:
    """The files of these names. That an archive says to need a reader of some later version is no reason to refuse it:
    what is read here is what every version has."""
    with warnings.catch_warnings(action="ignore"), pytest.MonkeyPatch.context() as patch:
        patch.setattr(zipfile, "MAX_EXTRACT_VERSION", 255)
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            entries = {_slashed(one.filename): one for one in archive.infolist()}
            return {name: archive.read(_with_its_slashes(archive, entries[name])) for name in names}


def _with_its_slashes(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> zipfile.ZipInfo:
    """The entry with slashes in its name where its own header has them, if the directory has backslashes there."""
    assert archive.fp
    archive.fp.seek(entry.header_offset)
    header = archive.fp.read(_LOCAL.size)
    flags, length = _LOCAL.unpack(header)
    name = archive.fp.read(length).decode("utf-8" if flags & 1 << 11 else "cp437")
    if _slashed(name) == _slashed(entry.orig_filename):
        entry.orig_filename = name
    return entry


def _slashed(name: str) -> str:
    return name.replace("\\", "/")


async def _unpacked(body: bytes) -> dict[str, bytes]:
    """The files of the archive that are not refused."""
    stage, unpacked = Stage(), dict[str, bytes]()
    try:
        prepared = await stage.prepare(body, "traffic/archive.zip")
    except Refused:
        return {}
    for message in prepared if isinstance(prepared, list) else ():
        try:
            unpacked[message.file.dropped.key.partition("!")[2]] = await stage.entry(message)
        except Refused:
            continue
    return unpacked


def check_utf16(data: bytes) -> None:
    """One input that is taken for UTF-16: what is well-formed says the same in UTF-8, what is not is no UTF-8 either.

    Raises:
        AssertionError, or anything: the law is broken.
    """
    how, body = taken_apart(data)
    with watched():
        for encoding in ("utf-16-le", "utf-16-be"):
            transcoder = Transcoder(encoding)
            ours = b"".join([*map(transcoder.push, cut(body, [how.block])), transcoder.finish()])
            try:
                text = body.decode(encoding)
            except UnicodeDecodeError:
                text = None
            assert _text_of(ours) == (text and text.removeprefix("\ufeff"))


def _text_of(data: bytes) -> str | None:
    try:
        return data.decode()
    except UnicodeDecodeError:
        return None
