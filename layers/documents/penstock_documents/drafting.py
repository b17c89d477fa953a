"""A template made from one good document: a person says what stands on it, and its places, labels, forms and units are
found."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

from penstock_documents.fields import KINDS, TIMES, Type, type_of, unit_of
from penstock_documents.reading import beside
from penstock_documents.template import Column, Edges, NotATemplate, Place, Table, Template
from penstock_documents.values import (
    Unparsed,
    amount_form_of,
    amount_of,
    date_format_of,
    date_of,
    degrees_of,
    quantity_of,
    shape_of,
    time_format_of,
)
from penstock_documents.words import Box, Page, Word, around, plain, runs_of, text_of

ABOVE = 2.6  #: heights of a value that its label may stand above it

RESERVED = frozenset(
    (
        "kind", "facts", "form_id", "document", "template", "pages", "route", "tags", "evidence", "drift", "doubts",
        "marks", "filed_zone", "filed_site",
    )
)  # fmt: skip
"""What a record says of itself."""

_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")

type Choose = Callable[[str, Sequence[tuple[Page, Sequence[Word]]]], int]
"""Asked where a text stands several times: of (field, the places) which; told, too, where nobody can be asked."""


def draft(
    pages: Sequence[Page],
    kind: str,
    values: Mapping[str, Any],
    name: str,
    version: int,
    critical: Sequence[str],
    choose: Choose,
) -> Template:
    """A template of `values`: a field's text as printed, or of a table a list with its first row.

    Raises:
        NotATemplate: something of it does not stand on the document.
    """
    if kind not in KINDS:
        raise NotATemplate(f"there is no kind {kind}; there are: {', '.join(KINDS)}")
    _require(kind, values)
    facts = {field: str(values[field]) for field in KINDS[kind].told if field in values}
    values = {field: text for field, text in values.items() if field not in facts}
    wanted = set(critical) or set(values)
    unknown = wanted - set(values)
    if unknown:
        raise NotATemplate(f"--critical names {', '.join(sorted(unknown))}, which VALUES does not have")
    for field in values:
        if not _NAME.fullmatch(field) or field in RESERVED:
            own = ", ".join(sorted(RESERVED))
            raise NotATemplate(f"{field!r} can be no field's name: small letters, digits and '_'; none of {own}")
    drafting = _Drafting(pages, kind, choose)
    singles = {one: str(text) for one, text in values.items() if not isinstance(text, list) and str(text).strip()}
    drafting.learn_amounts(values)
    taken = drafting.find_all(singles)
    fields = {one: drafting.place(one, taken[one], one in wanted) for one in singles}
    tables = {
        one: drafting.table(one, rows[0], one in wanted)
        for one, rows in (
            (one, cast("list[dict[str, Any]]", rows)) for one, rows in values.items() if type(rows) is list
        )
        if rows
    }
    lines = {
        number: tuple(round(around(word.box for word in line).top, 1) for line in page.lines)
        for number, page in enumerate(pages, 1)
    }
    size = (round(pages[0].width, 1), round(pages[0].height, 1))
    return Template(
        name=name,
        version=version,
        kind=kind,
        pages=len(pages),
        size=size,
        facts=facts,
        fields=fields,
        tables=tables,
        lines=lines,
    )


def _require(kind: str, values: Mapping[str, Any]) -> None:
    """Has all be there that a document of this kind is nothing without."""
    missing = [field for field in KINDS[kind].required if not str(values.get(field) or "").strip()]
    if missing:
        raise NotATemplate(f"VALUES of a {kind} says {', '.join(missing)}, too")


type _Spot = tuple[int, list[Word]]
"""A page's number and the words that stand there."""


class _Drafting:
    def __init__(self, pages: Sequence[Page], kind: str, choose: Choose) -> None:
        self._pages, self._kind, self._choose, self._amounts = pages, KINDS[kind], choose, ""
        self._lines = [page.lines for page in pages]
        self._taken: list[tuple[int, Box]] = []
        self._said: set[str] = set()

    def learn_amounts(self, values: Mapping[str, Any]) -> None:
        """Learns how the document writes its amounts."""
        rows: list[Mapping[str, Any]] = [values, *(rows[0] for rows in values.values() if type(rows) is list and rows)]
        texts = [str(text) for row in rows for name, text in row.items() if type_of(name) == "amount"]
        try:
            self._amounts = amount_form_of(texts)
        except Unparsed as error:
            raise NotATemplate(str(error)) from None
        if texts and not self._amounts:
            raise NotATemplate("no amount in VALUES tells what stands before its fraction; give one with cents")

    def find_all(self, texts: Mapping[str, str]) -> dict[str, _Spot]:
        """Where each text stands. What stands once goes first: it tells where others do not."""
        self._said = {_squeezed(text) for name, text in texts.items() if name not in self._kind.fixed}
        spots = {name: self._spots(text) for name, text in texts.items()}
        for name, found in spots.items():
            if not found:
                raise NotATemplate(f"{name}: {texts[name]!r} stands nowhere on the document; give it as it is printed")
        taken: dict[str, _Spot] = {}
        candidates = {name: self._candidates(name, found) for name, found in spots.items()}
        while waiting := [name for name in candidates if name not in taken]:
            gone = list(taken.values())
            free = {
                name: [spot for spot in candidates[name] if spot not in gone] or candidates[name] for name in waiting
            }
            for name, places in free.items():
                places.sort(key=lambda spot, name=name: self._nearness(name, spot), reverse=True)
            # Of two fields that say the same, the one whose own words are at a place has it.
            name = max(waiting, key=lambda one: (len(free[one]) == 1, self._nearness(one, free[one][0])))
            taken[name] = free[name][self._chosen(name, free[name])]
        self._taken = [
            (page, around(word.box for word in words))
            for name, (page, words) in taken.items()
            if name not in self._kind.fixed
        ]
        return taken

    def _candidates(self, name: str, spots: Sequence[_Spot]) -> list[_Spot]:
        """The spots that may be a field's: one that is found by its place stands by itself, another has a label."""
        if name in self._kind.fixed:
            return self._by_themselves(name, spots)
        return list(filter(self._label, spots)) or list(spots)

    def _by_themselves(self, name: str, spots: Sequence[_Spot]) -> list[_Spot]:
        """The spots where a text stands by itself; else those where it begins what stands there."""
        runs = {page: [run for line in self._lines[page - 1] for run in runs_of(line)] for page, _ in spots}
        found = [
            [(page, words) for page, words in spots if any(_is(run, words, whole) for run in runs[page])]
            for whole in (True, False)
        ]
        if not any(found):
            raise NotATemplate(f"{name}: it stands within other words only; give all that stands there")
        return found[0] or found[1]

    def _spots(self, text: str) -> list[_Spot]:
        wanted = _squeezed(text)
        return [
            (number, line[begin:end])
            for number, lines in enumerate(self._lines, 1)
            for line in lines
            for begin in range(len(line))
            for end in range(begin + 1, min(len(line), begin + len(text.split()) + 3) + 1)
            if _squeezed(text_of(line[begin:end])) == wanted and plain(line[begin].text) and plain(line[end - 1].text)
        ]

    def _chosen(self, name: str, places: Sequence[_Spot]) -> int:
        """Which of the places, the nearest first, is the field's: asked where its label's words do not tell, and told
        where they do."""
        nearness = [self._nearness(name, spot) for spot in places]
        if len(places) == 1:
            return 0
        told = nearness[0] > nearness[1]
        return self._choose(name, [(self._pages[page - 1], words) for page, words in places[: 1 if told else None]])

    def _nearness(self, name: str, spot: _Spot) -> tuple[int, float]:
        """How many of a field's own words its label would have here, and what share of the label they are."""
        label = self._label(spot)
        words = plain(text_of(label)).split() if label else []
        parts = [part[:4] for part in name.split("_") if len(part) > 1]
        own = sum(any(word.startswith(part) for word in words) for part in parts)
        return own, own / max(1, len(words))

    def place(self, name: str, spot: _Spot, critical: bool) -> Place:
        """A field with its label."""
        page, words = spot
        if name in self._kind.fixed:
            here = _edges(around(word.box for word in words))
            return Place(page=page, label=text_of(words), label_box=here, value_box=here, type="fixed", critical=True)
        label = self._label(spot)
        if not label:
            raise NotATemplate(f"{name}: nothing stands beside or above {text_of(words)!r} that could be its label")
        return Place(
            page=page,
            label=text_of(label),
            label_box=_edges(around(word.box for word in label)),
            value_box=_edges(around(word.box for word in words)),
            critical=critical,
            **self._form_of(name, text_of(words)),
        )

    def _label(self, spot: _Spot) -> list[Word]:
        """What labels a value: the words to its left, or those right above it."""
        page, words = spot
        value = around(word.box for word in words)
        found = self._beside(page, value), self._above(page, value)
        beside, above = ([] if self._says_a_value(label) else label for label in found)
        if beside and above:
            colon = text_of(beside).rstrip().endswith(":")
            aligned = abs(above[0].box.left - value.left) <= 3
            return beside if colon or not aligned or value.left - beside[-1].box.right < 60 else above
        return beside or above

    def _says_a_value(self, words: Sequence[Word]) -> bool:
        """Whether a label says what is another on the next document, a date in its midst perhaps."""
        text = _squeezed(text_of(words))
        return any(said in text for said in self._said if len(said) > 3)

    def _beside(self, page: int, value: Box) -> list[Word]:
        lines = self._lines[page - 1]
        line = next((line for line in lines if any(_within(word.box, value) for word in line)), list[Word]())
        left = [word for word in line if word.box.right <= value.left + 1]
        # Dots that lead the eye from a label to its value say nothing.
        run = next(filter(_says, reversed(runs_of(left, 1.5))), list[Word]())
        return [] if self._is_taken(page, run) else run

    def _above(self, page: int, value: Box) -> list[Word]:
        for line in reversed(self._lines[page - 1]):
            middle = around(word.box for word in line).middle
            if middle >= value.top or value.middle - middle > ABOVE * value.height:
                continue
            for run in runs_of(line, 1.0):
                box = around(word.box for word in run)
                if box.left < value.right and box.right > value.left - 3 and abs(box.left - value.left) < 40:
                    return [] if self._is_taken(page, run) or not _says(run) else run
        return []

    def _is_taken(self, page: int, words: Sequence[Word]) -> bool:
        if not words:
            return False
        box = around(word.box for word in words)
        return any(number == page and _meet(one, box) for number, one in self._taken)

    def table(self, name: str, row: Mapping[str, Any], critical: bool) -> Table:
        """A table by its first row: the line on which all of its texts stand, and the headers above it."""
        texts = {column: str(text) for column, text in row.items() if str(text).strip()}
        for page, lines in enumerate(self._lines, 1):
            for at, line in enumerate(lines):
                cells = _cells(line, texts)
                if cells is None:
                    continue
                header = next(
                    (lines[up] for up in range(at - 1, max(-1, at - 4), -1) if _is_header(lines[up], cells)), None
                )
                if header is not None:
                    return self._table(name, page, header, line, lines[at + 1 :], cells, critical)
        said = ", ".join(f"{column} {text!r}" for column, text in texts.items())
        raise NotATemplate(f"{name}: no line has {said} below a line of headers; give the first row as it is printed")

    def _table(
        self,
        name: str,
        page: int,
        header: Sequence[Word],
        line: Sequence[Word],
        below: Sequence[Sequence[Word]],
        cells: Mapping[str, list[Word]],
        critical: bool,
    ) -> Table:
        columns: list[Column] = []
        free = dict(cells)
        for run in runs_of(header, 0.8):
            box = around(word.box for word in run)
            field = min(free, key=lambda one: beside(around(word.box for word in free[one]), box), default="")
            if field and beside(around(word.box for word in free[field]), box) > 40:
                field = ""
            form = self._form_of(field, text_of(free.pop(field))) if field else {}
            columns.append(
                Column(header=text_of(run), left=round(box.left, 1), right=round(box.right, 1), field=field, **form)
            )
        if free:
            raise NotATemplate(f"{name}: there is no header above {', '.join(sorted(free))}")
        top = around(word.box for word in line)
        following = around(word.box for word in below[0]).middle - top.middle if below else 0.0
        first = top.middle - around(word.box for word in header).middle
        height = following if 4 < following < 2 * first else first
        return Table(
            page=page,
            columns=tuple(columns),
            header_box=_edges(around(word.box for word in header)),
            row_top=round(top.top, 1),
            row_height=round(height, 1),
            critical=critical,
        )

    def _form_of(self, name: str, text: str) -> dict[str, Any]:
        """A value's type, and the form it is printed in."""
        kind: Type = type_of(name)
        if not name:
            return {}
        try:
            if kind == "amount":
                return {"type": kind, "format": self._amounts, "unit": amount_of(text, self._amounts).words}
            if kind == "date":
                return {"type": kind, "format": self._date_form_of(text)}
            if kind in ("latitude", "longitude"):
                degrees_of(text, kind)
                return {"type": kind}
            if kind == "number":
                quantity = quantity_of(text)
                if quantity.unit is None:
                    raise Unparsed(f"no number of {unit_of(name)}: {quantity.words} is no unit that is known")
                return {"type": kind, "unit": quantity.unit}
        except Unparsed as error:
            raise NotATemplate(f"{name}: {text!r} is {error}") from None
        if name in TIMES and (form := time_format_of(text)):
            return {"type": "time", "format": form}
        return {"type": "text"} | ({"shape": shape_of(text)} if any(map(str.isdigit, text)) else {})

    def _date_form_of(self, text: str) -> str:
        """A date's form. Forms about towers are of the US; of any other's, a date that may be two is none to learn
        from."""
        form = date_format_of(text)
        turned = form.replace("%m", "*").replace("%d", "%m").replace("*", "%d")
        if self._kind.feed != "tower" and turned != form and "%B" not in form and "%b" not in form:
            try:
                other = date_of(text, turned)
            except Unparsed:
                return form
            if other != date_of(text, form):
                raise Unparsed(f"{date_of(text, form)} or {other}; take a document of a later day of its month")
        return form


def _is(run: Sequence[Word], words: Sequence[Word], whole: bool) -> bool:
    """Whether these words are a run, or at least begin it."""
    return run[: len(words)] == list(words) and (not whole or len(run) == len(words))


def _cells(line: Sequence[Word], texts: Mapping[str, str]) -> dict[str, list[Word]] | None:
    """The words of a line that are each text, None unless all are there."""
    cells: dict[str, list[Word]] = {}
    used: set[int] = set()
    for column, text in texts.items():
        wanted = _squeezed(text)
        for begin in range(len(line)):
            spans = (
                range(begin, end)
                for end in range(begin + 1, len(line) + 1)
                if _squeezed(text_of(line[begin:end])) in (wanted, f"{wanted}%", f"${wanted}")
            )
            span = next((span for span in spans if not used & set(span)), None)
            if span:
                used |= set(span)
                cells[column] = [line[at] for at in span]
                break
        else:
            return None
    return cells


def _is_header(line: Sequence[Word], cells: Mapping[str, list[Word]]) -> bool:
    """Whether a line has a text above each cell, and not the same kind of text."""
    runs = [around(word.box for word in run) for run in runs_of(line, 0.8)]
    return len(runs) >= len(cells) and all(
        min(beside(around(word.box for word in words), run) for run in runs) <= 40 for words in cells.values()
    )


def _edges(box: Box) -> Edges:
    left, top, right, bottom = box.rounded()
    return left, top, right, bottom


def _squeezed(text: str) -> str:
    return "".join(plain(text).split())


def _says(words: Sequence[Word]) -> bool:
    return any(character.isalpha() for word in words for character in word.text)


def _within(one: Box, other: Box) -> bool:
    return (
        one.left >= other.left - 0.5 and one.right <= other.right + 0.5 and abs(one.middle - other.middle) < one.height
    )


def _meet(one: Box, other: Box) -> bool:
    return one.left < other.right and other.left < one.right and one.top < other.middle < one.bottom
