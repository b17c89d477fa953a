"""Forms in plain text, as terminals and line printers made them: UTF-8, UTF-16, Windows' Latin or that of the PC's own
code page. A page ends at a form feed; every character stands in a cell of a tenth by a sixth of an inch."""

import codecs
import re

from penstock_documents.pdf import Unreadable
from penstock_documents.words import Box, Page, Word

ENGINE = "text"
ACROSS, DOWN = 7.2, 12.0  #: points of a character's cell
LINES = 66
"""Of a page of paper; a longer one is one page all the same."""

_FRAMES = re.compile("[│┃║|─━═┌┐└┘├┤┬┴┼╔╗╚╝╠╣╦╩╬╒╓╕╖╘╙╛╜╞╟╡╢╤╥╧╨╪╫░▒▓█▄▌▐▀]+|(?<!\\S)[-_=*~+]{3,}(?!\\S)")
"""What draws lines, and says nothing."""

_DRAWN = re.compile(rb"[\xb0-\xdf]{2,}")
_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


def pages_of(body: bytes) -> list[Page]:
    """The pages of a text.

    Raises:
        Unreadable: it is no writing, or none of it is there.
    """
    text = decoded(body)
    pages = [_page(number, part) for number, part in enumerate(text.rstrip("\f\r\n \t\x1a").split("\f"), 1)]
    if not any(page.words for page in pages):
        raise Unreadable("the text is empty; send it again with what it should say")
    return pages


def decoded(body: bytes) -> str:
    """A file's bytes as text.

    Raises:
        Unreadable: they are no writing.
    """
    marked = next((encoding for mark, encoding in _MARKS if body.startswith(mark)), None)
    try:
        text = body.decode(marked or "utf-8")
    except UnicodeDecodeError:
        # The PC's code page draws its frames with bytes that are Windows' capitals with accents: nobody writes two of
        # those in a row as often as frames do.
        text = body.decode("cp437" if len(_DRAWN.findall(body)) > 2 else "cp1252", "replace")
    odd = sum(not (one.isprintable() or one in "\t\r\n\f\x1a") for one in text)
    if odd > 0.02 * len(text) or "\0" in text:
        raise Unreadable("the file is no document that is read: PDF, TIFF, PNG, JPEG or text")
    return text


def _page(number: int, text: str) -> Page:
    words: list[Word] = []
    lines = text.expandtabs(8).splitlines()
    for row, line in enumerate(lines):
        clean = _FRAMES.sub(lambda found: " " * len(found[0]), line)
        words += [
            Word(found[0], Box(ACROSS * found.start(), DOWN * row, ACROSS * found.end(), DOWN * (row + 1)))
            for found in re.finditer(r"\S+", clean)
        ]
    width = ACROSS * max(85, *map(len, lines)) if lines else ACROSS * 85
    return Page(number, width, DOWN * max(LINES, len(lines)), words, "text", ENGINE)
