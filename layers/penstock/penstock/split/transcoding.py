"""UTF-16 made UTF-8. Bytes of UTF-16 cannot be cut into lines: half of a character may look like a line's end.

Nothing is replaced. What is no UTF-16 becomes bytes that are no UTF-8, so that the record around it is rejected later,
with its position: a lone surrogate is written as if it were a character (RFC 3629 forbids that), and half a unit at the
file's end as 0xFF.
"""

import codecs

_BOMS = {"utf-16-le": codecs.BOM_UTF16_LE, "utf-16-be": codecs.BOM_UTF16_BE}
_LOOKED_AT = 64  #: bytes of a file without a byte order mark


def utf16_of(head: bytes) -> str | None:
    """ "utf-16-le" or "utf-16-be", if that is what a file begins with; else None.

    By its byte order mark (UTF-32's begins the same, with two zeros after it), or by its zeros: of a text that begins
    in Latin letters, one byte of each two is zero, always the same one.
    """
    for encoding, bom in _BOMS.items():
        if head.startswith(bom) and head[2:4] != b"\0\0":
            return encoding
    pairs = head[:_LOOKED_AT]
    even, odd = pairs[0::2], pairs[1::2]
    if len(odd) >= 2 and odd[0] == 0 and 0 not in even and odd.count(0) * 2 > len(odd):
        return "utf-16-le"
    if len(odd) >= 2 and even[0] == 0 and 0 not in odd and even.count(0) * 2 > len(even):
        return "utf-16-be"
    return None


class Transcoder:
    """A file's bytes from UTF-16 to UTF-8, in order; a byte order mark is left out."""

    def __init__(self, encoding: str) -> None:
        # Units are cut out here: the codec's own decoder would hold back a lone surrogate, and choke on half a unit.
        self._encoding, self._left, self._first = encoding, b"", True
        self._high = 1 if encoding == "utf-16-le" else 0  # which byte of a unit tells a surrogate

    def push(self, block: bytes) -> bytes:
        """The block's characters, but for one that the next block may complete."""
        data = self._left + block
        whole = len(data) & ~1
        if whole and data[whole - 2 + self._high] & 0xFC == 0xD8:
            whole -= 2
        data, self._left = data[:whole], data[whole:]
        if self._first and data:
            data, self._first = data.removeprefix(_BOMS[self._encoding]), False
        return self._as_utf8(data)

    def finish(self) -> bytes:
        """What is left when the file has ended."""
        whole = len(self._left) & ~1
        return self._as_utf8(self._left[:whole]) + b"\xff" * (len(self._left) - whole)

    def _as_utf8(self, data: bytes) -> bytes:
        return data.decode(self._encoding, "surrogatepass").encode("utf-8", "surrogatepass")
