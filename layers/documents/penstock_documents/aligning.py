"""Where a page's labels are, and how the page lies on its template: moved, scaled, turned a little, as a whole."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise
from math import hypot

from penstock_documents.template import Place, Table, Template, box
from penstock_documents.words import Box, Page, Word, around, plain

TOLERANCE = 9.0
"""Points by which a label may lie off its place: a scan's own unrest, or another font's."""

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


@dataclass(frozen=True, slots=True)
class Alignment:
    """How a page lies on a template's: where each label was found, the one at its place first."""

    transform: Transform
    labels: Mapping[str, Sequence[Box]]
    at_place: frozenset[str]

    @property
    def found(self) -> int:
        """Labels that stand somewhere."""
        return sum(bool(boxes) for boxes in self.labels.values())


def labels_of(template: Template, page: int) -> dict[str, tuple[str, Box]]:
    """The texts that a template's page always has, by what they label: a field's name, or `table.header`."""
    labels = {name: (place.label, box(place.label_box)) for name, place in template.places_on(page).items()}
    for name, table in template.tables.items():
        if table.page == page:
            labels |= {
                f"{name}.{at}": (column.header, header_box(table, at)) for at, column in enumerate(table.columns)
            }
    return {name: label for name, label in labels.items() if plain(label[0])}


def header_box(table: Table, at: int) -> Box:
    """Where a column's header stands."""
    column = table.columns[at]
    return Box(column.left, table.header_box[1], column.right, table.header_box[3])


def align(template: Template, template_page: int, page: Page) -> Alignment:
    """How a page lies on a template's page."""
    labels = labels_of(template, template_page)
    found = {name: list(occurrences(text, page)) for name, (text, _) in labels.items()}
    pairs = [(name, labels[name][1], place) for name, places in found.items() for place in places]
    # A page that could not be read has no size.
    scale = page.width / template.size[0] or 1.0
    transform = _fitting(pairs, scale)
    near = {
        name: sorted(places, key=lambda place, name=name: _off(transform, labels[name][1], place))
        for name, places in found.items()
    }
    at_place = frozenset(
        name for name, places in near.items() if places and _off(transform, labels[name][1], places[0]) <= TOLERANCE
    )
    return Alignment(transform, near, at_place)


def _off(transform: Transform, there: Box, here: Box) -> float:
    """Points of the template between where a label should be and where it is."""
    x, y = transform.point(there.left, there.middle)
    return hypot(x - here.left, y - here.middle) / transform.scale


def _fitting(pairs: Sequence[tuple[str, Box, Box]], scale: float) -> Transform:
    """The transform that most labels agree on; of several the one that is nearest to the pages' own proportion."""
    best, best_score = Transform(scale, 0.0, 0.0, 0.0), (-1, 0.0)
    for transform in (best, *_candidates(pairs, scale)):
        offs: dict[str, float] = {}
        for name, there, here in pairs:
            off = _off(transform, there, here)
            if off <= TOLERANCE:
                offs[name] = min(off, offs.get(name, off))
        score = len(offs), -sum(offs.values()) - 100 * abs(transform.scale / scale - 1)
        if score > best_score:
            best, best_score = transform, score
    return best


def _candidates(pairs: Sequence[tuple[str, Box, Box]], scale: float) -> Iterator[Transform]:
    for _, there, here in pairs:
        yield Transform(scale, 0.0, here.left - scale * there.left, here.middle - scale * there.middle)
    for (one, there, here), (other, there2, here2) in combinations(pairs, 2):
        x, y = there2.left - there.left, there2.middle - there.middle
        length = x * x + y * y
        if one == other or length < 40 * 40:
            continue
        x2, y2 = here2.left - here.left, here2.middle - here.middle
        a, b = (x * x2 + y * y2) / length, (x * y2 - y * x2) / length
        if SCALES[0] <= hypot(a, b) <= SCALES[1] and abs(b) <= LARGEST_TURN * abs(a) and a > 0:
            right = here.left - a * there.left + b * there.middle
            yield Transform(a, b, right, here.middle - b * there.left - a * there.middle)


def occurrences(label: str, page: Page) -> Iterator[Box]:
    """Where a text stands on a page: its words one after the other on a line."""
    wanted = plain(label).split()
    for line, texts in zip(page.lines, page.plain_lines, strict=True):
        for at in range(len(line) - len(wanted) + 1):
            window = line[at : at + len(wanted)]
            if all(map(_same, texts[at : at + len(wanted)], wanted, [page.route] * len(wanted))) and _together(window):
                yield around(word.box for word in window)


def _together(words: Sequence[Word]) -> bool:
    return all(
        after.box.left - before.box.right < 2.5 * max(before.box.height, after.box.height)
        for before, after in pairwise(words)
    )


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
