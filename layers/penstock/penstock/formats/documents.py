"""Documents, told by what they begin with: no records can be cut from them before somebody has read them."""

_PDF_WITHIN = 1024
"""Bytes within which a PDF's header stands; readers take it there (ISO 32000-1, 7.5.2, and Adobe's note 13 on it)."""

_PICTURES = (b"II*\0", b"MM\0*", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff")
"""TIFF 6.0, section 2; PNG, 5.2; JPEG's SOI and the next marker (T.81, B.1.1.3)."""


def is_document(head: bytes) -> bool:
    """Whether a file that begins so is a PDF or a picture."""
    return b"%PDF-" in head[:_PDF_WITHIN] or head.startswith(_PICTURES)
