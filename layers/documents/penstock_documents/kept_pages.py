"""Pages as they are kept between reading and assembling: a line of JSON each."""

import json
from typing import Any

from penstock_documents.document import Read
from penstock_documents.words import Box, Page, Word


def line_of(read: Read) -> bytes:
    """A page as a line."""
    page = read.page
    kept = {
        "number": page.number,
        "size": [page.width, page.height],
        "route": page.route,
        "engine": page.engine,
        "doubts": list(page.doubts),
        "marks": list(page.marks),
        "words": [[word.text, *word.box, word.confidence] for word in page.words],
        "otherwise": read.otherwise,
        "attached": read.attached,
    }
    return json.dumps(kept, ensure_ascii=False).encode() + b"\n"


def page_of(line: bytes) -> Read:
    """The page that a line is of."""
    kept: dict[str, Any] = json.loads(line)
    words = [Word(text, Box(*box), confidence) for text, *box, confidence in kept["words"]]
    width, height = kept["size"]
    page = Page(
        kept["number"], width, height, words, kept["route"], kept["engine"], kept["doubts"], kept.get("marks", ())
    )
    return Read(page, {int(at): said for at, said in kept["otherwise"].items()}, kept.get("attached", {}))


def unreadable(number: int, reason: str) -> Read:
    """A page that nobody can read: it is told, and never passed over."""
    return Read(Page(number, 0.0, 0.0, (), "ocr", "none", (reason,)))
