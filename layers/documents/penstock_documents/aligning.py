"""Where a page's labels are, and how the page lies on its template: moved, scaled, turned a little, as a whole."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise
from math import hypot
from typing import NamedTuple

from penstock_documents.template import Place, Table, Template, box
from penstock_documents.words import Box, Page, Route, Word, around, plain

TOLERANCE = 9.0
"""Points by which a label may lie off its place: a scan's own unrest, or another font's."""

ADJACENT: Mapping[Route, float] = {"text": 0.65, "ocr": 1.0}
"""Heights of a word within which the next one belongs to it: a blank of a typewriter's is the widest. OCR's boxes are
the ink's, which is lower than the font."""

DIRT = 0.3
"""How sure its reader is of what is no word at all."""

SCALES = (0.5, 2.0)
LARGEST_TURN = 0.12  #: radians; what lies further askew was not straightened


@dataclass(frozen=True, slots=True)
class Transform:
    """A similarity: x' = a x - b y + right, y' = b x + a y + down."""

    a: float = 1.0
    b: float = 0.0
    right: float = 0.0
    down: float = 0.0

    @property
    def scale(self) -> float:
        """How much larger the page is than the template's."""
        return hypot(self.a, self.b)

    def point(self, x: float, y: float) -> tuple[float, float]:
        """Where a point of the template lies on the page."""
        return self.a * x - self.b * y + self.right, self.b * x + self.a * y + self.down

    def box(self, there: Box) -> Box:
        """Where a box of the template lies on the page."""
        left, top = self.point(there.left, there.top)
        return Box(left, top, left + self.scale * (there.right - there.left), top + self.scale * there.height)


class Label(NamedTuple):
    """A text that a template's page always has, where it stands, how far from its left the value beside it begins (None
    where none is), and what it weighs: a table's headers together not more than two labels."""

    text: str
    box: Box
    value: float | None = None
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Alignment:
    """How a page lies on a template's: where each label was found, the one at its place first, and the shares of their
    weight that were found somewhere, and at their place."""

    transform: Transform
    labels: Mapping[str, Sequence[Box]]
    at_place: frozenset[str]
    found: float
    fits: float


def labels_of(template: Template, page: int) -> dict[str, Label]:
    """The texts that a template's page always has, by what they label: a field's name, or `table.header`."""
    labels = {
        name: Label(place.label, box(place.label_box), None if place.below else place.value_box[0] - place.label_box[0])
        for name, place in template.places_on(page).items()
        if place.type != "fixed"
    }
    for name, table in template.tables.items():
        if table.page == page:
            weight = min(1.0, 2 / len(table.columns))
            labels |= {
                f"{name}.{at}": Label(column.header, header_box(table, at), weight=weight)
                for at, column in enumerate(table.columns)
            }
    return {name: label for name, label in labels.items() if plain(label.text)}


type _Pair = tuple[str, Label, Box]
"""(what it labels, the template's label, where it stands on the page)."""


def header_box(table: Table, at: int) -> Box:
    """Where a column's header stands."""
    column = table.columns[at]
    return Box(column.left, table.header_box[1], column.right, table.header_box[3])


def align(template: Template, template_page: int, page: Page) -> Alignment:
    """How a page lies on a template's page."""
    labels = labels_of(template, template_page)
    # A page that could not be read has no size.
    scale = page.width / template.size[0] or 1.0
    found = {name: list(occurrences(label, page, scale)) for name, label in labels.items()}
    pairs = [(name, labels[name], place) for name, places in found.items() for place in places]
    transform = _fitting(pairs, scale)
    near = {
        name: sorted(places, key=lambda place, name=name: _off(transform, labels[name].box, place))
        for name, places in found.items()
    }
    at_place = frozenset(
        name for name, places in near.items() if places and _off(transform, labels[name].box, places[0]) <= TOLERANCE
    )
    whole = sum(label.weight for label in labels.values()) or 1.0
    return Alignment(
        transform,
        near,
        at_place,
        sum(labels[name].weight for name, places in near.items() if places) / whole,
        sum(labels[name].weight for name in at_place) / whole,
    )


def _off(transform: Transform, there: Box, here: Box) -> float:
    """Points of the template between where a label should be and where it is."""
    x, y = transform.point(there.left, there.middle)
    return hypot(x - here.left, y - here.middle) / transform.scale


def _fitting(pairs: Sequence[_Pair], scale: float) -> Transform:
    """The transform that most labels agree on; of several the one that is nearest to the pages' own proportion."""
    best, best_score = Transform(scale, 0.0, 0.0, 0.0), (-1.0, 0.0)
    for transform in (best, *_candidates(pairs, scale)):
        offs: dict[str, float] = {}
        weights: dict[str, float] = {}
        for name, label, here in pairs:
            off = _off(transform, label.box, here)
            if off <= TOLERANCE:
                offs[name], weights[name] = min(off, offs.get(name, off)), label.weight
        score = round(sum(weights.values()), 6), -sum(offs.values()) - 100 * abs(transform.scale / scale - 1)
        if score > best_score:
            best, best_score = transform, score
    return best


def _candidates(pairs: Sequence[_Pair], scale: float) -> Iterator[Transform]:
    for _, (_, there, *_), here in pairs:
        yield Transform(scale, 0.0, here.left - scale * there.left, here.middle - scale * there.middle)
    for (one, (_, there, *_), here), (other, (_, there2, *_), here2) in combinations(pairs, 2):
        x, y = there2.left - there.left, there2.middle - there.middle
        length = x * x + y * y
        if one == other or length < 40 * 40:
            continue
        x2, y2 = here2.left - here.left, here2.middle - here.middle
        a, b = (x * x2 + y * y2) / length, (x * y2 - y * x2) / length
        if SCALES[0] <= hypot(a, b) <= SCALES[1] and abs(b) <= LARGEST_TURN * abs(a) and a > 0:
            right = here.left - a * there.left + b * there.middle
            yield Transform(a, b, right, here.middle - b * there.left - a * there.middle)


def occurrences(label: Label, page: Page, scale: float) -> Iterator[Box]:
    """Where a label stands on a page: its words one after the other on a line, and no further word that makes another
    label of them."""
    wanted = plain(label.text).split()
    for line, texts in zip(page.lines, page.plain_lines, strict=True):
        for at in range(len(line) - len(wanted) + 1):
            end = at + len(wanted)
            window = line[at:end]
            if _are_same(texts[at:end], wanted, page.route) and _together(window):
                here = around(word.box for word in window)
                before, after = line[:at], line[end:]
                if not (before and _adjacent(before[-1], window[0], page.route)) and not (
                    after
                    and _adjacent(window[-1], after[0], page.route)
                    and not _is_value(label, here, window[-1], after[0], scale)
                ):
                    yield here


def _adjacent(one: Word, other: Word, route: Route) -> bool:
    """Whether two words are as near as those of one text. What says nothing, as a rule between cells, is none's, nor is
    what its reader takes for dirt, as of a line of dots."""
    if not (_says(one) and _says(other)):
        return False
    return other.box.left - one.box.right < ADJACENT[route] * max(one.box.height, other.box.height)


def _is_value(label: Label, here: Box, last: Word, after: Word, scale: float) -> bool:
    """Whether what stands behind a label's last word is its value: behind a colon, or where that begins."""
    if last.text.endswith(":"):
        return True
    if label.value is None:
        return False
    follows = label.value - (label.box.right - label.box.left) < 1.5 * label.box.height
    return follows or abs(after.box.left - here.left - scale * label.value) <= TOLERANCE


def _says(word: Word) -> bool:
    return word.confidence >= DIRT and any(map(str.isalnum, word.text))


def _together(words: Sequence[Word]) -> bool:
    return all(
        after.box.left - before.box.right < 2.5 * max(before.box.height, after.box.height)
        for before, after in pairwise(words)
    )


def _are_same(read: Sequence[str], wanted: Sequence[str], route: Route) -> bool:
    """Whether words are a label's. Of a scan it does not matter how the label is numbered on its form: 5. Height."""
    numbered = route == "ocr" and len(wanted) > 1 and wanted[0].isdigit() and len(read[0]) <= 2
    return all(_same(one, other, route) for one, other in list(zip(read, wanted, strict=True))[numbered:])


def _same(read: str, wanted: str, route: str) -> bool:
    """Whether a word is a label's. One that was read from a picture may have a letter wrong in five; never a short one,
    since ft is not m, and never a digit."""
    if read == wanted or route == "text":
        return read == wanted
    if len(wanted) < 5 or any(character.isdigit() for character in wanted):
        return False
    return distance(read, wanted) <= len(wanted) // 5


def distance(one: str, other: str) -> int:
    """Letters to change, drop or put in to make one word of the other (Levenshtein)."""
    row = list(range(len(other) + 1))
    for at, letter in enumerate(one, 1):
        before, row[0] = row[0], at
        for to, wanted in enumerate(other, 1):
            before, row[to] = row[to], min(row[to] + 1, row[to - 1] + 1, before + (letter != wanted))
    return row[-1]


def place_of(place: Place) -> tuple[Box, Box]:
    """A field's label and value boxes."""
    return box(place.label_box), box(place.value_box)
