"""A PDF's own text, word by word, and its pages as pictures. By pdfium, a document's page range at a time: pdfium keeps
every stream that it has touched until the document is closed."""

import codecs
import ctypes
import io
import math
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pypdfium2 as pdfium  # type: ignore[import-untyped]
import pypdfium2.raw as _raw  # type: ignore[import-untyped]
from PIL import Image

from penstock_documents.words import Box, Page, Word, around, parts_of

raw: Any = _raw
"""Bound by ctypes, without types."""

ENGINE = f"pdfium {pdfium.PYPDFIUM_INFO}"
DPI = 300
LARGEST_SIDE = 72 * 60  #: points; a page of more than 60 inches is not read
MOST_PIXELS = 36_000_000  #: of a rendered page: tabloid at 300 dots an inch; what is larger has fewer of them

HEAD_OF_XML = 4096  #: bytes within which a document's root begins
LARGEST_XML = 20_000_000

SANE = 0.85
"""The share of a text layer's characters that are letters, digits or usual marks, below which nobody wrote it."""

LOOKED_AT = 200
"""Characters by which it is told how a page's writing is turned."""

COVERED = 0.8
"""The share of a page that one picture covers, above which a text layer is somebody's guess at a scan."""


LARGEST_MENDED = 100_000_000  #: bytes of a broken PDF that is mended, in memory
MENDED = "the PDF is broken, and was mended to be read: something of it may be missing"


class Unreadable(Exception):
    """A document that cannot be read; the message says why and what to do."""


class MendedPdf(pdfium.PdfDocument):
    """A document that was broken: what is read of it may not be all that was sent."""


def open_pdf(source: Path | bytes) -> Any:
    """A document; of a file only what is asked for is read. One that is broken is mended, if it can be: a `MendedPdf`.

    Raises:
        Unreadable: it is locked, broken for good, or empty.
    """
    try:
        document: Any = pdfium.PdfDocument(source)
        pages = len(document)
    except pdfium.PdfiumError:
        document = _mended(source)
        pages = len(document)
    if not pages:
        raise Unreadable(_EMPTY)
    return document


def _mended(source: Path | bytes) -> MendedPdf:
    """A broken document, written anew of what qpdf finds of it: objects that no table leads to, a trailer cut off."""
    import pikepdf

    size, out = len(source) if isinstance(source, bytes) else source.stat().st_size, io.BytesIO()
    try:
        with pikepdf.open(io.BytesIO(source) if isinstance(source, bytes) else source) as broken:
            if not broken.pages:
                raise Unreadable(_EMPTY)
            if size > LARGEST_MENDED:
                raise Unreadable(_BROKEN)
            broken.save(out, fix_metadata_version=False)
        return MendedPdf(out.getvalue())
    except pikepdf.PasswordError:
        raise Unreadable("the PDF asks for a password; send it without one") from None
    except (pikepdf.PdfError, pdfium.PdfiumError):
        raise Unreadable(_BROKEN) from None


_TOO_LARGE = "a page is larger than 60 inches; nothing is printed on such paper"
_EMPTY = "the PDF has no pages"
_BROKEN = "the PDF is broken: no reader finds its pages; export it again"

_NAMES = ("factur-x.xml", "zugferd-invoice.xml", "xrechnung.xml", "order-x.xml")
"""What the norms call an invoice that is attached (Factur-X 1.0, 6; ZUGFeRD 1.0, 4; Order-X 1.0)."""

_ROOTS = re.compile(
    rb"<(?:[\w.-]+:)?(?:CrossIndustry(?:Invoice|Document)|Invoice|CreditNote|FreightInvoice|SCRDMCCBDACIOMessageStructure)[\s>/]"
)
_DECLARED = re.compile(r"""^\s*<\?xml\s[^>]*?\?>""")
_ENCODING = re.compile(rb"""^\s*<\?xml\s[^>]*?encoding\s*=\s*["']([A-Za-z0-9._-]+)""")


def invoices_in(document: Any) -> dict[str, str]:
    """What a PDF carries as invoices, by their names: those that the norms name, else those that are by their root.

    Raises:
        Unreadable: one of them is broken or too large.
    """
    attached: dict[str, bytes] = {}
    try:
        for at in range(document.count_attachments()):
            one = document.get_attachment(at)
            attached[one.get_name()] = bytes(one.get_data())
    except pdfium.PdfiumError:
        raise Unreadable("what the PDF carries is broken; export it again") from None
    named = {name: body for name, body in attached.items() if name.casefold() in _NAMES}
    found = named or {name: body for name, body in attached.items() if _ROOTS.search(body[:HEAD_OF_XML])}
    if sum(map(len, found.values())) > LARGEST_XML:
        raise Unreadable(f"the PDF carries an invoice of more than {LARGEST_XML:,} bytes; send that by itself")
    return {name: _as_text(body) for name, body in found.items()}


def _as_text(body: bytes) -> str:
    """XML as text, without a declaration that would be wrong from here on."""
    declared = _ENCODING.match(body.removeprefix(codecs.BOM_UTF8))
    encoding = "utf-16" if body[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE) else "utf-8-sig"
    if declared and encoding != "utf-16":
        encoding = declared[1].decode()
    try:
        text = body.decode(encoding)
    except (LookupError, UnicodeDecodeError):
        text = body.decode("utf-8", "replace")
    return _DECLARED.sub("", text.removeprefix("\ufeff"), count=1)


def read_text(page: Any, number: int) -> Page:
    """A page's text layer, with what speaks against believing it."""
    text = page.get_textpage()
    turned = _turned(text, page.get_rotation())
    width, height = page.get_size() if (turned - page.get_rotation()) % 180 == 0 else reversed(page.get_size())
    words = list(_words(text, _upright(page, turned)))
    doubts: list[str] = []
    characters = "".join(word.text for word in words)
    if max(width, height) > LARGEST_SIDE:
        doubts.append(_TOO_LARGE)
    elif not characters:
        doubts.append("there is no text")
    elif sum(map(_is_sane, characters)) < SANE * len(characters):
        doubts.append("the text is no writing")
    elif _covered(page, width, height) > COVERED:
        doubts.append("the text lies under a picture of the page")
    return Page(number, width, height, words, "text", ENGINE, doubts)


def _is_sane(character: str) -> bool:
    return character.isalnum() or character in " .,:;/\\-–—()[]#%$&@'\"°+*=_!?<>§’“”½¼¾€£²³"


def _turned(text: Any, otherwise: int) -> int:
    """By how many degrees, a multiple of 90, most of the writing is turned against the clock on the page as it is
    stored: held the other way it is read, whatever the page itself says of how it is held. pdfium tells it with the
    clock."""
    angle: Any = raw.FPDFText_GetCharAngle
    many = text.count_chars()
    angles = (float(angle(text.raw, at)) for at in range(0, many, 1 + many // LOOKED_AT))
    turns = Counter(-round(math.degrees(one) / 90) * 90 % 360 for one in angles if one >= 0)
    return turns.most_common(1)[0][0] if turns else otherwise


def _words(text: Any, to_top: Any) -> Iterator[Word]:
    """Characters put together: a blank, another line or a gap ends a word. Boxes are the font's, not the ink's: a full
    stop's ink touches nothing."""
    count = text.count_chars()
    get_unicode: Any = raw.FPDFText_GetUnicode
    get_box: Any = raw.FPDFText_GetLooseCharBox
    handle, rect = text.raw, raw.FS_RECTF()
    letters: list[str] = []
    boxes: list[Box] = []
    for at in range(count):
        character = chr(get_unicode(handle, at))
        box: Box | None = None
        if not character.isspace() and character not in "\0￾\ufeff" and get_box(handle, at, ctypes.byref(rect)):
            box = to_top(rect.left, rect.top, rect.right, rect.bottom)
        if boxes and (box is None or _apart(boxes[-1], box)):
            yield from _parted(letters, boxes)
            letters, boxes = [], []
        if box is not None:
            letters.append(character)
            boxes.append(box)
    if boxes:
        yield from _parted(letters, boxes)


def _upright(page: Any, turned: int) -> Any:
    """From PDF's places, whose origin is at the bottom left of the page before it is turned, to ours."""
    left, bottom, right, top = page.get_cropbox()

    def to_top(x0: float, y1: float, x1: float, y0: float) -> Box:
        match turned:
            case 90:
                return Box(y0 - bottom, x0 - left, y1 - bottom, x1 - left)
            case 180:
                return Box(right - x1, y0 - bottom, right - x0, y1 - bottom)
            case 270:
                return Box(top - y1, right - x1, top - y0, right - x0)
            case _:
                return Box(x0 - left, top - y1, x1 - left, top - y0)

    return to_top


def _apart(before: Box, box: Box) -> bool:
    height = max(before.height, box.height)
    return abs(before.middle - box.middle) > 0.5 * height or not -height < box.left - before.right < 0.25 * height


def _parted(letters: Sequence[str], boxes: Sequence[Box]) -> Iterator[Word]:
    text = "".join(letters)
    yield from (Word(text[begin:end], around(boxes[begin:end])) for begin, end in parts_of(text))


def _covered(page: Any, width: float, height: float) -> float:
    """The share of the page that its largest picture covers."""
    pictures = page.get_objects(filter=[raw.FPDF_PAGEOBJ_IMAGE], max_depth=3)
    areas = [
        abs((right - left) * (top - bottom)) for left, bottom, right, top in (one.get_bounds() for one in pictures)
    ]
    return max(areas, default=0.0) / (width * height) if width and height else 0.0


def picture_of(page: Any) -> tuple[Image.Image, float]:
    """The page in shades of grey, and its dots an inch: fewer where the page is large.

    Raises:
        Unreadable: it is larger than any paper.
    """
    if max(page.get_size()) > LARGEST_SIDE:
        raise Unreadable(_TOO_LARGE)
    width, height = page.get_size()
    dpi = min(float(DPI), 72 * math.sqrt(MOST_PIXELS / max(1.0, width * height)))
    picture: Image.Image = page.render(scale=dpi / 72, grayscale=True).to_pil()
    return picture, dpi
