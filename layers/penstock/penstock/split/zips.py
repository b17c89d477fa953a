"""Zip files (PKWARE's APPNOTE 6.3), read by ranges: the directory at the end, then each entry by itself.

The directory is what counts. Whatever says otherwise refuses the file, or the entry that it is about: a file that two
readers could read in two ways is damaged or hostile. Pure: bytes in, entries out.

    [local header, data] [local header, data] … [directory] [its end, 64 bits] [locator] [its end]
"""

import struct
import zlib
from collections.abc import Iterable, Iterator

from penstock.model.errors import Refused
from penstock.model.messages import ZipEntry
from penstock.split.compression import MOST_RATIO, SLICE, UNQUESTIONED, Inflate, drained, refuse_excess

MOST_ENTRIES = 1000  #: of a zip file; each becomes a file in the ledger
MOST_ALTOGETHER = 100 * 1024**3  #: bytes that the entries of one zip file may expand to
MOST_DIRECTORY = 8 * 1024**2  #: bytes of a directory; that many entries with long names take 1
LONGEST_NAME = 400  #: characters; together with the zip file's key they stay below S3's 1,024 bytes
TAIL = 128 * 1024  #: bytes at the end of a zip file among which its end must be: a comment takes 64 KiB at most
LOCAL = 30 + 2 * 65535  #: bytes that a local header takes at most

_END = struct.Struct("<4s4H2LH")
_END64_LOCATOR = struct.Struct("<4sLQL")
_END64 = struct.Struct("<4sQ2H2L4Q")
_DIRECTORY = struct.Struct("<4s6H3L5H2L")
_LOCAL = struct.Struct("<4s5H3L2H")

_STORED, _DEFLATED = 0, 8
_ENCRYPTED = 1 << 0 | 1 << 6 | 1 << 13
_SIZES_FOLLOW = 1 << 3
_PATCH = 1 << 5
_UTF8 = 1 << 11
_FULL16, _FULL32 = 0xFFFF, 0xFFFFFFFF
_ZIP64, _UNICODE_NAME = 0x0001, 0x7075


def find_directory(tail: bytes, size: int) -> tuple[int, int, int]:
    """(begin, end, entries) of the directory of a zip file of `size` bytes, by its last `TAIL` bytes or all of them.

    Raises:
        Refused: `archive.truncated`, `archive.damaged`, `archive.unsupported`, `archive.entries`, `archive.empty`.
    """
    first = size - len(tail)
    ends = [at for at in _places(tail, b"PK\x05\x06") if _ends_with(tail, at)]
    if not ends:
        raise Refused("archive.truncated", "the zip archive has no end, or something follows it; drop it whole")
    if len(ends) > 1:
        raise Refused("archive.damaged", "the zip archive ends in two ways; pack it again")
    _, disk, first_disk, here, entries, length, begin, _ = _END.unpack_from(tail, ends[0])
    end = first + ends[0]
    locator = ends[0] - _END64_LOCATOR.size
    if locator >= 0 and tail.startswith(b"PK\x06\x07", locator):
        _, disk, at, _ = _END64_LOCATOR.unpack_from(tail, locator)
        end = at
        if at < first or at + _END64.size > first + locator or not tail.startswith(b"PK\x06\x06", at - first):
            raise _damaged("its 64-bit end is not where it should be")
        said = (here, entries, length, begin)
        _, rest, _, _, disk, first_disk, here, entries, length, begin = _END64.unpack_from(tail, at - first)
        if at + 12 + rest != first + locator:
            raise _damaged("its 64-bit end is not where it should be")
        known = (here, entries, length, begin)
        if not all(a in (b, _FULL16, _FULL32) for a, b in zip(said, known, strict=True)):
            raise _damaged("its two ends disagree")
    if disk or first_disk or here != entries:
        raise Refused("archive.unsupported", "the zip archive is one of several parts; pack it as one")
    if not entries:
        raise Refused("archive.empty", "the zip archive holds no files")
    if entries > MOST_ENTRIES or length > MOST_DIRECTORY:
        raise Refused("archive.entries", f"the zip archive holds more than {MOST_ENTRIES:,} files; make several of it")
    if begin + length != end:
        raise _damaged("its directory is not where it should be")
    return begin, end, entries


def read_directory(directory: bytes, begin: int, count: int) -> list[ZipEntry]:
    """The files that a directory lists; `begin` is where it begins in the archive. Folders are left out, and so are the
    shadow files that macOS adds.

    Raises:
        Refused: one of many codes `archive.…`; nothing of such a zip file should be read.
    """
    entries: list[ZipEntry] = []
    position = 0
    for _ in range(count):
        entry, position = _entry(directory, position)
        entries.append(entry)
    if position != len(directory):
        raise _damaged("its directory is longer than its entries")
    entries = _bounded(entries, begin)
    files = [entry for entry in entries if not (entry.name.endswith("/") or _is_shadow(entry.name))]
    if not files:
        raise Refused("archive.empty", "the zip archive holds no files")
    names = [entry.name for entry in files]
    if len(set(names)) < len(names):
        raise Refused("archive.name", "two files of the zip archive have the same name; rename one")
    if sum(entry.size for entry in files) > MOST_ALTOGETHER:
        raise Refused(
            "archive.too_large",
            f"the files expand to more than {MOST_ALTOGETHER:,} bytes together; make several archives",
        )
    if sum(entry.size for entry in files) > max(UNQUESTIONED, MOST_RATIO * sum(entry.compressed for entry in files)):
        raise Refused(
            "archive.ratio", f"the files expand to more than {MOST_RATIO} times their size; drop them uncompressed"
        )
    for entry in files:
        refuse_excess(entry.size, entry.compressed)
    return files


def data_of(local: bytes, entry: ZipEntry) -> tuple[int, int]:
    """(begin, end) of an entry's data in the zip file, by its local header, which begins `local`.

    Raises:
        Refused: `archive.damaged`, `archive.overlap`; `archive.mismatch`, where the header says otherwise than the
            directory.
    """
    magic, _, flags, method, _, _, crc, compressed, size, name_length, extra_length = _LOCAL.unpack_from(local)
    length = _LOCAL.size + name_length + extra_length
    if magic != b"PK\x03\x04":
        raise _damaged("a local header is none")
    if entry.offset + length + entry.compressed > entry.until:
        raise Refused("archive.overlap", "files of the zip archive lie on top of each other; pack it again")
    name = local[_LOCAL.size : _LOCAL.size + name_length]
    extra = _extra(local[_LOCAL.size + name_length : length])
    wide = extra.get(_ZIP64, b"")
    if size == _FULL32 and compressed == _FULL32 and len(wide) >= 16:
        size, compressed = struct.unpack_from("<2Q", wide)
    said = (crc, compressed, size)
    known = (entry.crc, entry.compressed, entry.size)
    # Where the sizes follow the data, the header has zeros for them, or knows them nevertheless.
    agrees = said == known or (
        flags & _SIZES_FOLLOW and all(a in (0, b, _FULL32) for a, b in zip(said, known, strict=True))
    )
    if not agrees or method != entry.method or flags & (_ENCRYPTED | _PATCH) or _name(name, flags, extra) != entry.name:
        raise Refused("archive.mismatch", "the file's own header and the archive's directory disagree; pack it again")
    begin = entry.offset + length
    return begin, begin + entry.compressed


class EntryExpander:
    """Expands one entry's data. Give it every byte in order with `push`, then call `finish`."""

    def __init__(self, entry: ZipEntry) -> None:
        self._entry = entry
        self._inflate = Inflate(-zlib.MAX_WBITS) if entry.method == _DEFLATED else None
        self._crc = self._size = 0

    def push(self, block: bytes) -> Iterator[bytes]:
        """What this block expands to, in pieces.

        Raises:
            Refused: `archive.damaged`, `archive.mismatch`.
        """
        for piece in self._pieces(block):
            self._size += len(piece)
            if self._size > self._entry.size:
                raise Refused("archive.mismatch", "the file is larger than the archive's directory says; pack it again")
            self._crc = zlib.crc32(piece, self._crc)
            yield piece

    def finish(self) -> None:
        """To be called after the last byte.

        Raises:
            Refused: `archive.truncated`, `archive.mismatch`, `archive.checksum`.
        """
        if self._inflate and not self._inflate.eof:
            raise Refused("archive.truncated", "the file's data breaks off within the archive; pack it again")
        if self._size != self._entry.size:
            raise Refused("archive.mismatch", "the file is smaller than the archive's directory says; pack it again")
        if self._crc != self._entry.crc:
            raise Refused("archive.checksum", "the file's bytes are not those that were packed; drop the archive again")

    def _pieces(self, block: bytes) -> Iterator[bytes]:
        if self._inflate is None:
            yield from filter(None, [block])
            return
        for at in range(0, len(block), SLICE):
            if self._inflate.eof or self._inflate.unused_data:
                raise _damaged("something follows the data of a file")
            try:
                yield from filter(None, drained(self._inflate, block[at : at + SLICE]))
            except zlib.error:
                raise _damaged("the data of a file cannot be expanded") from None
        if self._inflate.unused_data:
            raise _damaged("something follows the data of a file")


def _places(data: bytes, mark: bytes) -> Iterator[int]:
    at = data.find(mark)
    while at >= 0:
        yield at
        at = data.find(mark, at + 1)


def _ends_with(tail: bytes, at: int) -> bool:
    """Whether the zip file's end, with its comment, goes from here right to the last byte."""
    return at + _END.size <= len(tail) and at + _END.size + _END.unpack_from(tail, at)[-1] == len(tail)


def _entry(directory: bytes, at: int) -> tuple[ZipEntry, int]:
    """The directory's entry at `at`, and where the next begins."""
    if len(directory) < at + _DIRECTORY.size:
        raise _damaged("its directory breaks off")
    (
        magic, _, _, flags, method, _, _, crc, compressed, size,
        name_length, extra_length, comment_length, disk, _, _, offset,
    ) = _DIRECTORY.unpack_from(directory, at)  # fmt: skip
    begin = at + _DIRECTORY.size
    end = begin + name_length + extra_length + comment_length
    if magic != b"PK\x01\x02" or end > len(directory):
        raise _damaged("its directory cannot be read")
    extra = _extra(directory[begin + name_length : begin + name_length + extra_length])
    wide = _Wide(extra.get(_ZIP64, b""))
    size, compressed, offset = wide.of(size), wide.of(compressed), wide.of(offset)
    name = _name(directory[begin : begin + name_length], flags, extra)
    if disk not in (0, _FULL16):
        raise Refused("archive.unsupported", "the zip archive is one of several parts; pack it as one")
    if flags & _ENCRYPTED or method == 99:
        raise Refused("archive.encrypted", "the zip archive is encrypted; pack it without a password")
    if flags & _PATCH:
        raise Refused("archive.method", "a file of the zip archive is a patch for another; pack the file itself")
    if method not in (_STORED, _DEFLATED):
        raise Refused("archive.method", f"a file is compressed by method {method}; pack it by deflate, the usual one")
    if (method == _STORED and size != compressed) or (name.endswith("/") and size):
        raise _damaged("its directory contradicts itself")
    entry = ZipEntry(name=name, method=method, crc=crc, compressed=compressed, size=size, offset=offset, until=offset)
    return entry, end


class _Wide:
    """Numbers of 64 bits, for those that do not fit into 32; in a fixed order, each only where it is needed."""

    def __init__(self, extra: bytes) -> None:
        self._left = extra

    def of(self, number: int) -> int:
        if number != _FULL32:
            return number
        if len(self._left) < 8:
            raise _damaged("a size or a place is missing in its directory")
        number, self._left = int.from_bytes(self._left[:8], "little"), self._left[8:]
        return number


def _extra(field: bytes) -> dict[int, bytes]:
    """The parts of an extra field by their ids. Fewer than four bytes at its end are padding."""
    parts: dict[int, bytes] = {}
    while len(field) >= 4:
        kind, length = struct.unpack_from("<2H", field)
        if 4 + length > len(field):
            raise _damaged("an extra field is longer than the room for it")
        parts.setdefault(kind, field[4 : 4 + length])
        field = field[4 + length :]
    return parts


def _name(raw: bytes, flags: int, extra: dict[int, bytes]) -> str:
    """An entry's name as it is shown. Old Windows tools wrote backslashes; a name that could lead anywhere else than
    into the zip file, or shows as something that it is not, is refused."""
    unicode_name = extra.get(_UNICODE_NAME, b"")
    try:
        if (
            len(unicode_name) > 5
            and unicode_name[0] == 1
            and int.from_bytes(unicode_name[1:5], "little") == zlib.crc32(raw)
        ):
            name = unicode_name[5:].decode()
        else:
            name = raw.decode("utf-8" if flags & _UTF8 else "cp437")
    except UnicodeDecodeError:
        raise Refused("archive.name", "a file's name in the zip archive is no text; rename it") from None
    name = name.replace("\\", "/")
    parts = name.removesuffix("/").split("/")
    leads_out = name.startswith("/") or name[1:2] == ":" or not {"", ".", ".."}.isdisjoint(parts)
    if leads_out or not name.isprintable() or len(name) > LONGEST_NAME:
        raise Refused(
            "archive.name",
            "a file's name in the zip archive is absolute, leads out of it, is too long or cannot be shown; rename it",
        )
    return name


def _is_shadow(name: str) -> bool:
    """What macOS packs beside the files."""
    return name.startswith("__MACOSX/") or name.rsplit("/", 1)[-1] == ".DS_Store"


def _bounded(entries: Iterable[ZipEntry], directory: int) -> list[ZipEntry]:
    """The entries in the order of the zip file, each up to where the next begins."""
    ordered = sorted(entries, key=lambda entry: entry.offset)
    bounds = [*(entry.offset for entry in ordered[1:]), directory]
    for entry, until in zip(ordered, bounds, strict=True):
        if entry.offset + _LOCAL.size + entry.compressed > until:
            raise Refused("archive.overlap", "files of the zip archive lie on top of each other, or on its directory")
    return [entry.model_copy(update={"until": until}) for entry, until in zip(ordered, bounds, strict=True)]


def _damaged(why: str) -> Refused:
    return Refused("archive.damaged", f"the zip archive is damaged: {why}; pack it again")
