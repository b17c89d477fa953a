"""Compressed data: told by its first bytes, expanded in bounded memory.

    gzip    RFC 1952, one member or several       bzip2   one stream or several
    xz      one stream or several, padded or not  zstd    RFC 8878, frames of any kind
    zip     a zip file: `zips.py`

All expand piece by piece, whatever the data claims; a few bytes never become more than `PIECE` at once.
"""

import bz2
import lzma
import re
import zlib
from collections.abc import Callable, Iterator
from enum import StrEnum
from typing import Protocol

from penstock.model.errors import Refused

PIECE = 1024 * 1024  #: bytes that come out at once
SLICE = 64 * 1024  #: bytes that go in at once: what does not fit a piece is copied for each
HEAD = 16  #: bytes by which a stream is known
_FRAME_HEADER = 18  #: bytes of zstd's, at most (RFC 8878 §3.1.1.1)
WINDOW_LOG = 27  #: zstd looks back 128 MiB at most, as its own command does
XZ_MEMORY = 128 * 1024 * 1024  #: bytes that xz may take; its strongest preset wants 65 MiB

MOST_BYTES = 10 * 1024**3  #: that one file may expand to: what the slowest of the kinds does in half an invocation
MOST_RATIO = 200  #: times a file may grow; text of records grows 3 to 50 times
UNQUESTIONED = 16 * 1024**2  #: bytes that no file is refused for, however much it grew


class Kind(StrEnum):
    """How data is compressed."""

    GZIP = "gzip"
    BZIP2 = "bzip2"
    XZ = "xz"
    ZSTD = "zstd"
    ZIP = "zip"


_MAGIC = {
    Kind.GZIP: re.compile(rb"\x1f\x8b"),
    # A text could begin with BZh: the mark of a block, or of the end, comes after it.
    Kind.BZIP2: re.compile(rb"BZh[1-9](?:1AY&SY|\x17\x72\x45\x38\x50\x90)"),
    Kind.XZ: re.compile(rb"\xfd7zXZ\x00"),
    Kind.ZSTD: re.compile(rb"\x28\xb5\x2f\xfd|[\x50-\x5f]\x2a\x4d\x18"),
    # An entry, the end of an empty zip file, or the mark of one that was to be spread over disks.
    Kind.ZIP: re.compile(rb"PK(?:\x03\x04|\x05\x06|\x07\x08|00PK)"),
}
_UNREAD = (
    (0, b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (0, b"Rar!\x1a\x07", "a RAR archive"),
    (0, b"\x04\x22\x4d\x18", "LZ4 data"),
    (0, b"\x1f\x9d", "data of the old compress"),
    (257, b"ustar", "a tar archive"),
)


def kind_of(head: bytes) -> Kind | None:
    """How a file that begins with `head` is compressed; None if it is not.

    Raises:
        Refused: `archive.unsupported`, for kinds that are known and not read.
    """
    for at, magic, what in _UNREAD:
        if head.startswith(magic, at):
            raise Refused("archive.unsupported", f"the file is {what}; use gzip, bzip2, xz, zstd or zip")
    return next((kind for kind, magic in _MAGIC.items() if magic.match(head)), None)


def refuse_excess(expanded: int, compressed: int) -> None:
    """Refuses what expands too far. `compressed` is the whole size of the data, `expanded` what has come out so far.

    Raises:
        Refused: `archive.too_large`, `archive.ratio`.
    """
    if expanded > MOST_BYTES:
        raise Refused(
            "archive.too_large",
            f"the file expands to more than {MOST_BYTES:,} bytes; split it, or drop it uncompressed",
        )
    if expanded > max(UNQUESTIONED, MOST_RATIO * compressed):
        raise Refused(
            "archive.ratio",
            f"the file expands to more than {MOST_RATIO} times its size, as no file of records does;"
            " if it is one, drop it uncompressed",
        )


class Decoder(Protocol):
    """One stream being expanded, as `bz2.BZ2Decompressor` does it."""

    @property
    def eof(self) -> bool:
        """Whether the stream has ended."""
        ...

    @property
    def needs_input(self) -> bool:
        """Whether nothing more comes out without more going in."""
        ...

    @property
    def unused_data(self) -> bytes:
        """What came after the stream's end."""
        ...

    def decompress(self, data: bytes, max_length: int) -> bytes:
        """At most `max_length` bytes of what `data` and everything before it expand to."""
        ...


class Inflate:
    """zlib's decoder with the manners of the others."""

    def __init__(self, wbits: int) -> None:
        """`wbits` as for `zlib.decompressobj`: 31 for gzip, -15 for an entry of a zip file."""
        self._inner = zlib.decompressobj(wbits)
        self._full = False

    @property
    def eof(self) -> bool:
        """As `Decoder.eof`."""
        return self._inner.eof

    @property
    def needs_input(self) -> bool:
        """As `Decoder.needs_input`. A full piece may have left some behind, inside zlib."""
        return not (self._full or self._inner.unconsumed_tail or self._inner.eof)

    @property
    def unused_data(self) -> bytes:
        """As `Decoder.unused_data`."""
        return self._inner.unused_data

    def decompress(self, data: bytes, max_length: int) -> bytes:
        """As `Decoder.decompress`."""
        piece = self._inner.decompress(self._inner.unconsumed_tail + data, max_length)
        self._full = len(piece) == max_length
        return piece


def drained(decoder: Decoder, data: bytes) -> Iterator[bytes]:
    """What `data` expands to, in pieces, up to the end of the decoder's stream."""
    yield decoder.decompress(data, PIECE)
    while not (decoder.eof or decoder.needs_input):
        yield decoder.decompress(b"", PIECE)


type _Made = tuple[Decoder, type[Exception]]
"""A decoder, and what it raises at data that is not of its kind."""


class _Frame:
    """zstd's decoder, holding a frame to the size that it says it has (RFC 8878 §3.1.1.1.4).

    The library decodes a frame that it gets in one piece in another way, stricter about sizes. So it never gets one:
    what comes out must not depend on how the bytes arrive.
    """

    def __init__(self) -> None:
        # Few files need it, and importing it takes longer than all the others together.
        from backports import zstd

        options: dict[int, int] = {zstd.DecompressionParameter.window_log_max: WINDOW_LOG}
        self._inner, self._info, self.fault = (
            zstd.ZstdDecompressor(options=options),
            zstd.get_frame_info,
            zstd.ZstdError,
        )
        self._begins, self._size = b"", 0

    @property
    def eof(self) -> bool:
        """As `Decoder.eof`."""
        return self._inner.eof

    @property
    def needs_input(self) -> bool:
        """As `Decoder.needs_input`."""
        return self._inner.needs_input

    @property
    def unused_data(self) -> bytes:
        """As `Decoder.unused_data`."""
        return self._inner.unused_data

    def decompress(self, data: bytes, max_length: int) -> bytes:
        """As `Decoder.decompress`."""
        if not self._begins:
            self._inner.decompress(data[:1], 0)
            self._begins, data = data[:1], data[1:]
        self._begins += data[: _FRAME_HEADER - len(self._begins)]
        piece = self._inner.decompress(data, max_length)
        self._size += len(piece)
        if self.eof and self._info(self._begins).decompressed_size not in (None, self._size):
            raise self.fault("the frame has not the size that it says")
        return piece


def _zstd() -> _Made:
    frame = _Frame()
    return frame, frame.fault


_DECODERS: dict[Kind, Callable[[], _Made]] = {
    Kind.GZIP: lambda: (Inflate(31), zlib.error),
    Kind.BZIP2: lambda: (bz2.BZ2Decompressor(), OSError),
    Kind.XZ: lambda: (lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=XZ_MEMORY), lzma.LZMAError),
    Kind.ZSTD: _zstd,
}


class Expander:
    """Expands one file. Give it every byte in order with `push`, then call `finish`.

    Streams may follow one another, and zeros may follow them (tapes and xz pad with zeros). What comes out never
    depends on how the bytes were cut into blocks.
    """

    def __init__(self, kind: Kind) -> None:
        self._kind = kind
        self._made: _Made | None = None  # the stream that is open; between two there is none
        self._begins = b""  # the first bytes of that stream
        self._ended = 0  # streams

    def push(self, block: bytes) -> Iterator[bytes]:
        """What this block expands to, in pieces.

        Raises:
            Refused: `archive.damaged`, `archive.trailing`, `archive.memory`.
        """
        for at in range(0, len(block), SLICE):
            yield from self._push(block[at : at + SLICE])

    def finish(self) -> None:
        """To be called when the file has ended.

        Raises:
            Refused: `archive.truncated`.
        """
        if self._made or not self._ended:
            raise Refused("archive.truncated", f"the {self._kind} data breaks off; drop the whole file again")

    def _push(self, data: bytes) -> Iterator[bytes]:
        while data:
            if self._made is None:
                data = data.lstrip(b"\0") if self._ended else data
                if not data:
                    return
                self._made, self._begins = _DECODERS[self._kind](), b""
            self._begins += data[: HEAD - len(self._begins)]
            decoder, fault = self._made
            try:
                yield from filter(None, drained(decoder, data))
            except fault as error:
                raise self._refusal(str(error)) from None
            data = b""
            if decoder.eof:
                data, self._made = decoder.unused_data, None
                self._ended += 1

    def _refusal(self, said: str) -> Refused:
        kind = self._kind
        if "memory" in said.lower():
            return Refused("archive.memory", f"the {kind} data wants more memory than it gets; use a smaller window")
        if self._ended and not _MAGIC[kind].match(self._begins):
            return Refused("archive.trailing", f"something else follows the end of the {kind} data; drop it without")
        return Refused("archive.damaged", f"the {kind} data is damaged; drop the file again")
