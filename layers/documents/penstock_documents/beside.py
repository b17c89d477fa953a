"""What a PDF has beside its pages that a reader of pages does not see: programs, files, a lock. Told by qpdf, which
shows every object of it, wherever it hangs."""

import io
import re
from pathlib import Path
from typing import Any

PROGRAM, FILES, LOCKED = "program", "files", "locked"

_PROGRAM = re.compile(rb"/(?:JavaScript|JS|Launch)(?![\w#])")
"""Actions that run a program (ISO 32000-1, 12.6.4.5 and 12.6.4.16), by names as qpdf writes them: plain."""

_FILE = re.compile(rb"/(?:EF|EmbeddedFile)(?![\w#])")
"""A file within the file (ISO 32000-1, 7.11.4)."""


def marks_of(source: Path | bytes) -> tuple[str, ...]:
    """Which of them it has. A PDF that qpdf cannot open, though pdfium can, may have any."""
    import pikepdf

    try:
        with pikepdf.open(io.BytesIO(source) if isinstance(source, bytes) else source) as document:
            found = {LOCKED} if document.is_encrypted else set[str]()
            for one in document.objects:
                described: Any = one.stream_dict if isinstance(one, pikepdf.Stream) else one
                if not isinstance(described, pikepdf.Object):
                    continue  # a number, or of a stream that is cut off nothing: its document is doubted anyway
                written = described.unparse(resolved=True)
                found |= {mark for mark, names in ((PROGRAM, _PROGRAM), (FILES, _FILE)) if names.search(written)}
            return tuple(sorted(found))
    except pikepdf.PdfError:
        return (FILES, PROGRAM)
