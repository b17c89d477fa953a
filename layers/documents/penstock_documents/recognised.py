"""Pages that an engine elsewhere reads: the pictures that it gets, and its words on them, which Tesseract looks at.

The engine gets the very picture that Tesseract would read, upright and level, so that both see the same places. It is
one reading, however sure of itself: of what Tesseract does not confirm nobody is sure, and a form is told both.
"""

import math
import zlib
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from PIL import Image

from penstock_documents import ocr
from penstock_documents.elsewhere import Corners, Recognised
from penstock_documents.pdf import Unreadable
from penstock_documents.words import Box, Page, Word, parts_of

UNCONFIRMED = 0.5
"""How sure a word is at most that only one of two engines reads so: less than a form wants of a value."""

LARGEST_SIDE = 2880.0  #: points of a page that Textract takes (its quotas: 40 inches)

_TURN: Mapping[int, Callable[[float, float], tuple[float, float]]] = {
    0: lambda x, y: (x, y),
    90: lambda x, y: (y, 1 - x),
    180: lambda x, y: (1 - x, 1 - y),
    270: lambda x, y: (1 - y, x),
}
"""Where a place on a page is, in shares of its sides, once a page whose writing is turned so far with the clock is held
to be read."""

_BACK = {90: Image.Transpose.ROTATE_90, 180: Image.Transpose.ROTATE_180, 270: Image.Transpose.ROTATE_270}
"""How a picture is turned against the clock."""


class Album:
    """A PDF of pictures of pages, to be read elsewhere."""

    def __init__(self) -> None:
        import pikepdf

        self._pdf: Any = pikepdf.new()
        self.pages: list[int] = []

    def add(self, number: int, picture: Image.Image, dpi: float | None) -> None:
        """A page's picture, unless there is nothing on it."""
        import pikepdf

        picture = ocr.laid(picture)
        if ocr.nothing_on(picture):
            return
        width, height = ocr.size_of(picture, dpi)
        fit = min(1.0, LARGEST_SIDE / max(width, height))
        image = pikepdf.Stream(
            self._pdf,
            zlib.compress(picture.tobytes(), 6),
            Type=pikepdf.Name.XObject,
            Subtype=pikepdf.Name.Image,
            Width=picture.width,
            Height=picture.height,
            ColorSpace=pikepdf.Name.DeviceGray,
            BitsPerComponent=8,
            Filter=pikepdf.Name.FlateDecode,
        )
        page = self._pdf.add_blank_page(page_size=(width * fit, height * fit))
        page.Resources = pikepdf.Dictionary(XObject=pikepdf.Dictionary(Scan=image))
        page.Contents = self._pdf.make_stream(f"{width * fit} 0 0 {height * fit} 0 0 cm /Scan Do".encode())
        self.pages.append(number)

    def save(self, out: Path) -> None:
        """Writes it."""
        with out.open("wb") as file:
            self._pdf.save(file)


def read(picture: Image.Image, number: int, dpi: float | None, recognised: Recognised) -> ocr.Reading:
    """A page by what was read of its picture elsewhere.

    Raises:
        Unreadable: nobody there could.
    """
    if recognised.failed:
        raise Unreadable(recognised.failed)
    picture = ocr.laid(picture)
    turned = turned_by(picture.size, recognised)
    picture = picture.transpose(_BACK[turned]) if turned else picture
    width, height = ocr.size_of(picture, dpi)
    words = [
        part
        for text, confidence, corners in recognised.words
        for part in _parts(text, confidence, _box(corners, turned, width, height))
    ]
    overlooked, otherwise = ocr.looked_at_again(picture, words, width / picture.width)
    unsure = [words[at] if at not in otherwise else _unsure(words[at]) for at in range(len(words))]
    words = [*unsure, *map(_unsure, overlooked)]
    doubts = () if words else ("there are no words",)
    return ocr.Reading(Page(number, width, height, words, "ocr", recognised.engine, doubts), otherwise)


def _unsure(word: Word) -> Word:
    return word._replace(confidence=min(word.confidence, UNCONFIRMED))


def turned_by(size: tuple[int, int], recognised: Recognised) -> int:
    """By how many degrees, a multiple of 90, most of the writing is turned with the clock, by the corners of its words.
    Of short words they say little."""
    across, down = size
    turns: Counter[int] = Counter()
    for text, _, corners in recognised.words:
        (x0, y0), (x1, y1) = corners[:2]
        angle = math.degrees(math.atan2((y1 - y0) * down, (x1 - x0) * across))
        turns[round(angle / 90) * 90 % 360] += len(text)
    return turns.most_common(1)[0][0] if turns else 0


def _box(corners: Corners, turned: int, width: float, height: float) -> Box:
    """Corners in shares of the page as a box in points, on the page as it is held to be read."""
    places = [_TURN[turned](x, y) for x, y in corners]
    across, down = [x * width for x, _ in places], [y * height for _, y in places]
    return Box(min(across), min(down), max(across), max(down))


def _parts(text: str, confidence: float, box: Box) -> list[Word]:
    """A word without the dots that lead the eye to it."""
    wide = (box.right - box.left) / max(1, len(text))
    return [
        Word(text[begin:end], Box(box.left + begin * wide, box.top, box.left + end * wide, box.bottom), confidence)
        for begin, end in parts_of(text)
    ]
