"""Values that a person would have to look at, looked at by themselves: whole, larger, and without the dirt.

A page is read word by word, in its lines. Where its template says that a value stands and nobody is sure of it, the
value is cut out once more, with its unit, and read in four manners. What all of them see, as the first reading did, is
believed against a look at a single word. What three of them see is taken where the first reading can be no value.
Whatever else could stand there stays a doubt.

So is a label that is not where it should be, before it counts as one that has changed.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache
from itertools import zip_longest

from PIL.Image import Image

from penstock_documents import ocr
from penstock_documents.aligning import align, labels_of
from penstock_documents.document import Read
from penstock_documents.reading import Value, all_values, read_one_page
from penstock_documents.template import Template
from penstock_documents.words import Box, Word, around, plain, text_of

MOST = 24  #: values of a page, above which it is not looked at again: nobody can read it
VOTES = 3  #: looks that have to see the same
ROUND = 0.45  #: heights of a value's lowest word around it: what that has no tails of, another may have
LETTER = 0.9  #: heights that a letter takes which nobody read
LABELS_ROOM = 0.25  #: heights of a label around it: its place is the font's, not the ink's
SIGN = 2.2  #: heights behind a figure within which its sign stands, and is not always read


def looked_at(
    read: Read, picture_of: Callable[[], tuple[Image, float | None]], template: Template, number: int
) -> Read:
    """A page that was read by OCR here, with its missing labels and its doubtful values as they are seen by themselves,
    where that leaves no doubt. It is the template's page of that `number`, and read from the picture."""
    if read.page.engine != ocr.ENGINE:
        return read

    @cache
    def laid() -> tuple[Image, float]:
        picture, dpi = picture_of()
        picture = ocr.laid(picture)
        return picture, ocr.size_of(picture, dpi)[0] / picture.width

    def looks(boxes: Iterable[Box]) -> list[list[str]]:
        return ocr.read_alone(laid()[0], list(boxes), laid()[1])

    read = _with_labels(read, template, number, looks)
    return _with_values(read, template, number, looks)


type _Looks = Callable[[Iterable[Box]], list[list[str]]]
"""What each look reads, box by box."""


def _with_labels(read: Read, template: Template, number: int, looks: _Looks) -> Read:
    """The page with those of its labels that were misread, and that most looks see letter by letter at their places."""
    alignment, labels = align(template, number, read.page), labels_of(template, number)
    missing = {
        name: _with_room(alignment.transform.box(label.box), LABELS_ROOM)
        for name, label in labels.items()
        if name not in alignment.at_place
    }
    if not 0 < len(missing) <= MOST:
        return read
    seen = {
        name: band
        for (name, band), texts in zip(missing.items(), looks(missing.values()), strict=True)
        if sum(plain(text) == plain(labels[name].text) for text in texts) >= VOTES
    }
    places = [
        Word(word, box, ocr.AGREED)
        for name in seen
        for word, box in _laid_out(labels[name].text, alignment.transform.box(labels[name].box))
    ]
    others = [word for word in read.page.words if any(_within(word.box, band) for band in seen.values())]
    return _changed(read, others, [(word, []) for word in places])


def _laid_out(text: str, box: Box) -> Iterator[tuple[str, Box]]:
    """Each word of a text with its share of where that stands."""
    across, at = (box.right - box.left) / len(text), 0
    for word in text.split(" "):
        yield word, box._replace(left=box.left + at * across, right=box.left + (at + len(word)) * across)
        at += len(word) + 1


def _with_values(read: Read, template: Template, number: int, looks: _Looks) -> Read:
    before = dict(all_values(read_one_page(template, number, read.page, read.otherwise)))
    doubtful = {name: value for name, value in before.items() if value.doubt and value.words}
    if not 0 < len(doubtful) <= MOST:
        return read
    bands = [_band(value, read.page.words) for value in doubtful.values()]
    seen = {
        name: found
        for (name, value), texts in zip(doubtful.items(), looks(bands), strict=True)
        if (found := _agreed(read, value, texts))
    }
    after = _doubts(_with(read, doubtful, seen), template, number)
    settled = {name: found for name, found in seen.items() if after.get(name) == ""}
    again = _with(read, doubtful, settled)
    # What was sure stays so: a value may have swallowed another's word.
    after = _doubts(again, template, number)
    return again if all(after.get(name) in ("", value.doubt) for name, value in before.items()) else read


def _doubts(read: Read, template: Template, number: int) -> dict[str, str]:
    """By value its doubt, "" if it has none."""
    return {name: one.doubt for name, one in all_values(read_one_page(template, number, read.page, read.otherwise))}


type _Seen = tuple[str, list[str]]
"""What most looks at a value see, and what else was read there."""


def _agreed(read: Read, value: Value, texts: Sequence[str]) -> _Seen | None:
    votes = Counter("".join(text.split()) for text in texts)
    ((said, many),) = votes.most_common(1)
    if not said or many < VOTES:
        return None
    ((text, _),) = Counter(text for text in texts if "".join(text.split()) == said).most_common(1)
    first = text_of(sorted((*value.words, *value.beside), key=lambda word: word.box.left))
    if many == len(texts) and said == "".join(first.split()):
        # A point is lost in several manners alike: who has seen one is not outvoted.
        return text, [other for other in _otherwise(read, value) if "." not in said and _without_points(other) == said]
    return text, [first, *(other for other in texts if "".join(other.split()) != said), *_otherwise(read, value)]


def _without_points(text: str) -> str:
    return "".join(text.replace(".", "").split())


def _otherwise(read: Read, value: Value) -> list[str]:
    """What looks at the words of a value have read, as whole texts."""
    at = {id(word): place for place, word in enumerate(read.page.words)}
    looks = (read.otherwise.get(at[id(word)], ()) for word in value.words)
    return [
        " ".join(text or word.text for text, word in zip(texts, value.words, strict=True))
        for texts in zip_longest(*looks)
    ]


def _with(read: Read, doubtful: Mapping[str, Value], seen: Mapping[str, _Seen]) -> Read:
    """The page with values as they were seen, each as one word, in place of their words and of the dirt round them."""
    bands = [_band(doubtful[name], read.page.words) for name in seen]
    replaced = [word for name in seen for word in (*doubtful[name].words, *doubtful[name].beside)]
    dirt = [one for one in read.page.words if not _says(one) and any(_within(one.box, band) for band in bands)]
    new = [(Word(text, _place(doubtful[name]), ocr.AGREED), others) for name, (text, others) in seen.items()]
    return _changed(read, [*replaced, *dirt], new)


def _changed(read: Read, away: Iterable[Word], new: Sequence[tuple[Word, list[str]]]) -> Read:
    """The page without some of its words and with others, of which there are other readings perhaps."""
    gone = set(map(id, away))
    kept = [(word, read.otherwise.get(at)) for at, word in enumerate(read.page.words) if id(word) not in gone]
    every = [*kept, *new]
    return replace(
        read,
        page=replace(read.page, words=[word for word, _ in every]),
        otherwise={at: others for at, (_, others) in enumerate(every) if others},
    )


def _place(value: Value) -> Box:
    """Where a value stands: from its first word to its last, as high as the lowest of them; dirt makes a box higher."""
    words = [*value.words, *value.beside]
    said = [word.box for word in words if _says(word)] or [words[0].box]
    lowest = min(said, key=lambda box: box.height)
    return around(word.box for word in words)._replace(top=lowest.top, bottom=lowest.bottom)


def _band(value: Value, words: Iterable[Word]) -> Box:
    """What of the page is looked at: the value, a letter more on either side, and behind a figure what a sign takes;
    a letter that nobody read may stand there. Nothing of another word."""
    box, own = _place(value), {id(word) for word in (*value.words, *value.beside)}
    high, room = box.height, ROUND * box.height
    beside = [
        word.box
        for word in words
        if id(word) not in own and _says(word) and min(word.box.bottom, box.bottom) > max(word.box.top, box.top)
    ]
    sign = SIGN if isinstance(value.value, int | float) else LETTER
    left = max([box.left - LETTER * high, *(one.right for one in beside if one.right <= box.left)])
    right = min([box.right + sign * high, *(one.left - room for one in beside if one.left >= box.right)])
    return Box(min(left, box.left - room), box.top - room, max(right, box.right + room), box.bottom + room)


def _with_room(box: Box, heights: float) -> Box:
    room = heights * box.height
    return Box(box.left - room, box.top - room, box.right + room, box.bottom + room)


def _says(word: Word) -> bool:
    return any(map(str.isalnum, word.text))


def _within(box: Box, band: Box) -> bool:
    return band.left <= (box.left + box.right) / 2 <= band.right and band.top <= box.middle <= band.bottom
