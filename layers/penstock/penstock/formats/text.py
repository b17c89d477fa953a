"""Bytes to text, for formats that are text: which files are none, and which records of a file are not."""

import re

from penstock.model.errors import Refused
from penstock.model.findings import Finding

UTF8_BOM = b"\xef\xbb\xbf"

_LETTERS = bytes(range(0x80, 0x100))  # all that is beyond ASCII
_RUNS = re.compile(rb"[\x80-\xff]+")

_OTHERS = (
    (b"PK\x03\x04", "a ZIP archive or an Office workbook"),
    (b"\x1f\x8b", "gzip data"),
    (b"BZh", "bzip2 data"),
    (b"\xfd7zXZ\x00", "xz data"),
    (b"\x28\xb5\x2f\xfd", "zstd data"),
    (b"%PDF-", "a PDF document"),
    (b"\xd0\xcf\x11\xe0", "an old Office document"),
    (b"\x89PNG", "a PNG picture"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"\xff\xfe\0\0", "UTF-32 text"),
    (b"\0\0\xfe\xff", "UTF-32 text"),
    (b"\xff\xfe", "UTF-16 text"),
    (b"\xfe\xff", "UTF-16 text"),
)


def refuse_unless_text(head: bytes) -> None:
    """Refuses what is no text at all, by its first bytes or a NUL in its first line.

    Raises:
        Refused: `format.empty`, `format.binary`.
    """
    if not head.removeprefix(UTF8_BOM).strip():
        raise Refused("format.empty", "the file is empty; drop it again with its records")
    for magic, what in _OTHERS:
        if head.startswith(magic):
            raise Refused("format.binary", f"the file is {what}; this feed reads text in UTF-8")
    if b"\0" in head.split(b"\n", 1)[0]:
        raise Refused("format.binary", "the first line holds NUL bytes, so the file is not text in UTF-8")


def encoding_of(head: bytes, otherwise: str) -> str:
    """A file's encoding by its first bytes: UTF-8, or `otherwise`, a single-byte encoding that its feed allows.

    Text with letters beyond ASCII is hardly ever valid UTF-8 by accident. Where there are none yet, nothing can be
    told: "utf-8|<otherwise>" leaves it to each record (`encoding_for`).
    """
    if head.startswith(UTF8_BOM) or not otherwise:
        return "utf-8"
    either = f"utf-8|{otherwise}"
    certain = head.rstrip(_LETTERS)  # the head may end within a letter
    return either if certain.isascii() else encoding_for(certain, either)


def encoding_for(raw: bytes, encoding: str) -> str:
    """The encoding of one record in a file of `encoding`. Of two, it is the second if the letters beyond ASCII are more
    often no UTF-8 than they are: so a damaged letter is still found out where there are sound ones beside it."""
    first, _, second = encoding.partition("|")
    if not second or raw.isascii():
        return first
    runs: list[bytes] = _RUNS.findall(raw)
    sound = sum(undecodable(run, first) is None for run in runs)
    return second if sound * 2 < len(runs) else first


def line_breaks(piece: bytes) -> int:
    """Line ends as a text editor counts them: CR, LF and CRLF each end one line, also where a file mixes them."""
    breaks = piece.count(b"\n")
    return breaks + piece.count(b"\r") - piece.count(b"\r\n") if b"\r" in piece else breaks


def undecodable(raw: bytes, encoding: str) -> Finding | None:
    """The reason why a raw record is no text, with the position of the first bad byte; None if it is text."""
    encoding = encoding_for(raw, encoding)
    try:
        raw.decode(encoding)
    except UnicodeDecodeError as error:
        return Finding(
            "format.encoding",
            f"byte 0x{raw[error.start]:02x} at position {error.start} of the record is not {encoding.upper()};"
            f" save the file as {encoding.upper()}",
        )
    if b"\0" in raw:
        return Finding("format.nul", f"a NUL byte at position {raw.index(0)} of the record; remove it")
    return None
