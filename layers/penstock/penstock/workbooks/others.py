"""What spreadsheets write beside `.xlsx`, told by its first bytes or its parts, and refused with what to do."""

import struct
from collections.abc import Collection

from penstock.model.errors import Refused
from penstock.workbooks.workbook import MAIN

_COMPOUND = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_OPEN_DOCUMENT = b"mimetypeapplication/vnd.oasis.opendocument."
_ADVICE = "save its table as .xlsx or CSV, and drop that"
DIRECTORY = 4096  #: bytes of a compound file's directory that are looked at: the names of its first streams


def is_workbook(parts: Collection[str]) -> bool:
    """Whether a zip file with these files is a workbook that is read."""
    return MAIN in parts


def directory_of_compound(head: bytes) -> int | None:
    """Where the directory of a compound file begins that begins with `head` ([MS-CFB] §2.2); None where it is none."""
    if not head.startswith(_COMPOUND) or len(head) < 52:
        return None
    (shift,), (sector,) = struct.unpack_from("<H", head, 30), struct.unpack_from("<L", head, 48)
    return (sector + 1) << shift if shift in (9, 12) else 0


def refusal_of_compound(directory: bytes) -> Refused:
    """The refusal of a compound file by its directory: an old workbook, or a new one that is encrypted."""
    if "EncryptedPackage".encode("utf-16-le") in directory:
        return Refused("archive.encrypted", "the workbook needs a password; save it without one, and drop that")
    if any(f"{name}\0".encode("utf-16-le") in directory for name in ("Workbook", "Book")):
        return Refused("format.binary", f"the file is a workbook of the old form, .xls; {_ADVICE}")
    return Refused("format.binary", f"the file is an old Office document; {_ADVICE}")


def refuse_open_document(head: bytes) -> None:
    """Raises:
    Refused: `format.binary`, where a file begins so as OpenDocument's packages do (Part 2, §3.3)."""
    at = head.find(_OPEN_DOCUMENT, 0, 128)
    if at >= 0:
        is_table = head[at + len(_OPEN_DOCUMENT) :].startswith(b"spreadsheet")
        what = "an OpenDocument spreadsheet, .ods" if is_table else "an OpenDocument text or drawing"
        raise Refused("format.binary", f"the file is {what}; {_ADVICE}")


def refuse_other_office(parts: Collection[str]) -> None:
    """Raises:
    Refused: `format.binary`, where these are the parts of another Office document than a workbook."""
    if "xl/workbook.bin" in parts:
        raise Refused("format.binary", f"the file is a binary workbook, .xlsb; {_ADVICE}")
    if "[content_types].xml" in parts or "mimetype" in parts:
        raise Refused("format.binary", f"the file is an Office document and no workbook; {_ADVICE}")
