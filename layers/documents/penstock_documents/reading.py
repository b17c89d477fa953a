"""A form's values by its template, and what has drifted: decided for each field by itself, never for the form as a
whole. Small revisions keep most labels in place, and a form's own scan loses as many."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import dropwhile, pairwise
from typing import Any

from penstock_documents.aligning import DIRT, TOLERANCE, Alignment, Transform, align, header_box, labels_of, place_of
from penstock_documents.fields import NUMBERS, SINGLE, is_plausible, unit_of
from penstock_documents.template import Column, Place, Table, Template, box
from penstock_documents.values import (
    BLANKS,
    Unparsed,
    amount_of,
    converted,
    date_of,
    degrees_of,
    quantity_of,
    shape_of,
    time_of,
)
from penstock_documents.words import Box, Page, Word, around, plain, runs_of, text_of

STRAYED = 40.0
"""Points by which a value may begin off its place, along its line: right-aligned ones do."""

SAME_LEFT = 4.0
"""Points within which two values begin at one place."""

SURE = 0.6
"""How sure a reader must be of every word of a value."""

TOUCHING, WITHIN_A_NUMBER = 0.15, 0.8
"""Heights of a word within which the next one has no blank before it: any, and one behind a hyphen or a stroke."""

_TOUCHING = re.compile(r"[^\W\d_]\d|\d[^\W\d_]")
"""A letter beside a figure: where they touch, one is easily taken for the other."""

_LOOKALIKE = re.compile(r"\d[ODQIlZASGTBoizsbgq]|[ODQIlZASGTBoizsbgq]\d")
"""Letters that figures are drawn like: an engine that knows words sees letters where it can, and is as sure of them."""

_SMALL_L = re.compile(r"^l[a-z]|(?<=\s)l(?!(?:as?|es?|os?)\b)[a-z]|(?<!\S)I(?:as?|es?|os?)\b")
"""A word that begins with an l, or with an I that may be one: most faces draw the two alike. Within a name a particle,
as in de la Cruz, has the small one."""

_CAPITAL_I = re.compile(r"(?<!\S)l(?=[bcdfgjkmnpqrstvwxz][a-z]{2,})")
"""An l that begins a word and can be no l: no word has a consonant behind it there but another l (and h and y are read
as vowels): lvanov. Short ones may be units, and other abbreviations."""

TALLER = 1.25
"""How much taller one word of a text may be than another: beyond, the two were not set together."""

_MARKS = " .,:;'’`_|"
"""Marks beside a number of an id, on a scan: its cell's lines and the paper's dirt."""

ONE_READS, ANOTHER_READS = "one look reads ", ", another "
"""What a doubt says where two readings disagree, before the one and before the other."""

LONGEST_GAP = 3.0
"""Gaps of a value's words, in their height; beyond begins something else."""


@dataclass(frozen=True, slots=True)
class Drift:
    """What became of a field's place: `kind` is moved, renamed, vanished, unit, form, or of a table column_added,
    column_removed, columns_swapped. `old` and `new` are texts, `by` points to the right and down."""

    field: str
    kind: str
    old: str = ""
    new: str = ""
    by: tuple[float, float] | None = None

    def as_dict(self) -> dict[str, Any]:
        """As JSON shows it."""
        shown: dict[str, Any] = {"field": self.field, "kind": self.kind}
        shown |= {name: text for name, text in (("old", self.old), ("new", self.new)) if text}
        return shown | ({"by": [round(one, 1) for one in self.by]} if self.by else {})


@dataclass(frozen=True, slots=True)
class Value:
    """A field's value, None where the form is blank, and what it was read from; `beside` stands so near to that that it
    may be of it, too."""

    value: Any
    words: Sequence[Word] = ()
    page: int = 1
    unit: str = ""
    doubt: str = ""
    beside: Sequence[Word] = ()

    def as_dict(self, engine: str) -> dict[str, Any]:
        """As the staged line has it."""
        shown: dict[str, Any] = {"value": self.value, "page": self.page, "read": text_of(self.words), "engine": engine}
        if self.words:
            shown |= {
                "box": around(word.box for word in self.words).rounded(),
                "confidence": round(min(word.confidence for word in self.words), 2),
            }
        return shown | ({"unit": self.unit} if self.unit else {}) | ({"doubt": self.doubt} if self.doubt else {})


@dataclass(slots=True)
class Form:
    """A form as it was read: its values, its tables' rows, what has drifted, and why a person has to look."""

    template: Template
    pages: Sequence[Page]
    values: dict[str, Value] = field(default_factory=dict[str, Value])
    tables: dict[str, list[dict[str, Value]]] = field(default_factory=dict[str, list[dict[str, Value]]])
    drift: list[Drift] = field(default_factory=list[Drift])
    doubts: list[str] = field(default_factory=list[str])
    found: int = 0
    labels: int = 0

    @property
    def critical(self) -> list[Drift]:
        """The drift of what the form's verdict hangs on."""
        return [one for one in self.drift if is_critical(self.template, one.field)]


def is_critical(template: Template, name: str) -> bool:
    """Whether a field or table is."""
    return (name in template.fields and template.fields[name].critical) or (
        name in template.tables and template.tables[name].critical
    )


type Otherwise = Mapping[int, Sequence[str]]
"""What looks at a word read that do not agree with it, by its place among a page's words."""


def read_form(template: Template, pages: Sequence[Page], looks: Sequence[Otherwise]) -> Form:
    """What a form says; `pages` are its own, in the template's order."""
    form = Form(template, pages)
    for number, (page, otherwise) in enumerate(zip(pages, looks, strict=True), 1):
        alignment = align(template, number, page)
        form.found += len(alignment.at_place)
        form.labels += len(alignment.labels)
        _OnePage(form, number, page, otherwise, alignment).read()
    return form


def read_one_page(template: Template, number: int, page: Page, otherwise: Otherwise) -> Form:
    """What one page of a form says, its `number` among the template's, without its other pages."""
    form = Form(template, [page])
    _OnePage(form, number, page, otherwise, align(template, number, page)).read()
    return form


class _OnePage:
    """A page of a form, and how it lies on its template."""

    def __init__(self, form: Form, number: int, page: Page, otherwise: Otherwise, alignment: Alignment) -> None:
        self._form, self._number, self._page = form, number, page
        self._otherwise = {id(page.words[at]): texts for at, texts in otherwise.items()}
        self._alignment, self._transform = alignment, alignment.transform
        self._by_text = page.route == "text"
        self._lines = page.lines
        self._labels = labels_of(form.template, number)
        self._texts = {box for boxes in alignment.labels.values() for box in boxes[:1]}
        self._places = list(form.template.places_on(number).values())

    def read(self) -> None:
        """Fills the form."""
        places = self._form.template.places_on(self._number)
        for name, place in places.items():
            if place.type != "fixed":
                self._read_field(name, place)
        for name, table in self._form.template.tables.items():
            if table.page == self._number:
                self._read_table(name, table)
        for name, place in places.items():
            if place.type == "fixed":
                self._read_fixed(name, place)

    # -- fields

    def _read_field(self, name: str, place: Place) -> None:
        label, value_box = place_of(place)
        expected = self._transform.box(label)
        found = self._alignment.labels.get(name, ())
        if name in self._alignment.at_place:
            self._take(name, place, found[0], value_box, label)
            return
        there = self._words_over(expected)
        value = self._value_at(name, place, expected, value_box, label)
        renamed = bool(there) and value.value is not None
        for here in found:
            elsewhere = self._value_at(name, place, here, value_box, label)
            if renamed and _fits(place, value) and not _fits(place, elsewhere):
                continue  # A label's word may stand in a title, too: its value still stands in its place.
            if here is found[0] and self._only_pushed_down(name, expected, here):
                self._take(name, place, here, value_box, label)
                return
            if elsewhere.value is not None:
                by = (
                    (here.left - expected.left) / self._transform.scale,
                    (here.middle - expected.middle) / self._transform.scale,
                )
                self._form.values[name] = elsewhere
                self._form.drift.append(Drift(name, "moved", by=by))
                return
        if renamed:
            self._form.values[name] = value
            self._form.drift.append(Drift(name, "renamed", old=place.label, new=text_of(there)))
            return
        self._form.drift.append(Drift(name, "vanished", old=place.label))

    def _read_fixed(self, name: str, place: Place) -> None:
        """What each document of the form has: the same words, about as far from the left, however far down. Other words
        that adjoin them, and are neither label nor value, would say something else: an invoice is no credit invoice."""
        expected, wanted = self._transform.box(box(place.value_box)), place.label.split()
        read = {id(word) for value in self._form.values.values() for word in value.words}
        for line in self._lines:
            for run in runs_of(line):
                for at in range(len(run) - len(wanted) + 1):
                    words, others = run[at : at + len(wanted)], run[:at] + run[at + len(wanted) :]
                    same = [word.text for word in words] == wanted
                    if not same or abs(words[0].box.left - expected.left) > STRAYED:
                        continue
                    if all(self._in_a_label(word) or id(word) in read for word in others):
                        self._form.values[name] = Value(place.label, words, self._page.number)
                        return
        self._form.drift.append(Drift(name, "vanished", old=place.label))

    def _take(self, name: str, place: Place, label: Box, value_box: Box, label_box: Box) -> None:
        value = self._value_at(name, place, label, value_box, label_box)
        if not value.words and (elsewhere := self._value_elsewhere(name, place, label)):
            value, by = elsewhere
            self._form.drift.append(Drift(name, "moved", by=by))
        unit = self._unit_drift(name, place, value)
        if unit:
            self._form.drift.append(unit)
        self._form.values[name] = value
        if value.doubt and not unit:
            self._form.doubts.append(f"{name}: {value.doubt}")
        elif value.value is None and place.critical and not unit:
            self._form.doubts.append(f"{name}: nothing stands where its value should")

    def _value_elsewhere(self, name: str, place: Place, label: Box) -> tuple[Value, tuple[float, float]] | None:
        """A value that stands below its label and not beside it any more, or the other way round; and by how much that
        is to the right and down."""
        scale, (label_box, value_box) = self._transform.scale, place_of(place)
        if place.below:
            beside = [word for word in self._line_at(label.middle, label.height) if word.box.left >= label.right - 2]
            runs = runs_of([word for word in beside if not self._in_a_label(word)], LONGEST_GAP)
            words = runs[0] if runs else []
        else:
            lines = (line for line in self._lines if 0 < _middle(line) - label.middle < 2.6 * label.height)
            under = (run for line in lines for run in runs_of(line, LONGEST_GAP))
            words = next((run for run in under if abs(run[0].box.left - label.left) <= TOLERANCE), list[Word]())
        if not words or any(map(self._in_a_label, words)):
            return None
        value = self._parsed(name, place, words)
        if value.value is None or (place.shape and shape_of(text_of(words)) != place.shape):
            return None
        left = label.left + scale * (value_box.left - label_box.left)
        middle = label.middle + scale * (value_box.middle - label_box.middle)
        return value, ((words[0].box.left - left) / scale, (words[0].box.middle - middle) / scale)

    def _unit_drift(self, name: str, place: Place, value: Value) -> Drift | None:
        if place.type not in ("number", "amount") or not value.words:
            return None
        try:
            text = text_of(value.words)
            quantity = amount_of(text, place.format) if place.type == "amount" else quantity_of(text)
        except Unparsed:
            return None
        if quantity.unit == place.unit or (not place.unit and quantity.unit == unit_of(name)):
            return None
        if not self._by_text and not (quantity.unit and any(map(str.isalnum, quantity.words))):
            return None  # its sign was misread, or overlooked: a doubt, and no other unit
        return Drift(name, "unit", old=place.unit or "none", new=quantity.unit or quantity.words or "none")

    def _value_at(self, name: str, place: Place, label: Box, value_box: Box, label_box: Box) -> Value:
        """What stands where a value does, seen from its label."""
        scale = self._transform.scale
        left = label.left + scale * (value_box.left - label_box.left)
        middle = label.middle + scale * (value_box.middle - label_box.middle)
        words = self._words_on(left, middle, scale * value_box.height, None if place.below else label)
        # Dots that lead the eye to a value are none of it, nor is what they are read as.
        sure = any(word.confidence >= DIRT for word in words)
        words = list(dropwhile(lambda word: not plain(word.text) or (sure and word.confidence < DIRT), words))
        if not words:
            return Value(None, (), self._page.number)
        return self._parsed(name, place, words)

    def _words_on(self, left: float, middle: float, height: float, label: Box | None) -> list[Word]:
        line = self._line_at(middle, height)
        after = [
            word
            for word in line
            if word.box.left >= (label.right - 2 if label else left - STRAYED) and not self._in_a_label(word)
        ]
        strayed = [word for word in after if abs(word.box.left - left) <= STRAYED or (label and word.box.left < left)]
        if not strayed:
            return []
        first = min(strayed, key=lambda word: abs(word.box.left - left))
        run = next(run for run in runs_of(after, LONGEST_GAP) if first in run)
        if abs(first.box.left - left) < SAME_LEFT:
            run = run[run.index(first) :]
        barriers = [box.left for box in self._texts if box.left > first.box.left and self._beside(box, first)]
        barriers += self._neighbours(run, first)
        return [word for word in run if word.box.left < min(barriers, default=1e9)]

    def _neighbours(self, run: Sequence[Word], first: Word) -> Iterator[float]:
        """Where in a run another field's value begins: at its own place, and with more than a blank before it."""
        places = [self._transform.box(value) for place in self._places for _, value in (place_of(place),)]
        for before, word in pairwise(run):
            apart = word.box.left - before.box.right > 0.65 * word.box.height
            if apart and word.box.left > first.box.left + TOLERANCE:
                here = (box for box in places if abs(box.left - word.box.left) < SAME_LEFT and self._beside(box, word))
                yield from (word.box.left for _ in here)

    def _line_at(self, middle: float, height: float) -> list[Word]:
        near = [line for line in self._lines if abs(_middle(line) - middle) <= max(0.6 * height, TOLERANCE)]
        return min(near, key=lambda line: abs(_middle(line) - middle), default=list[Word]())

    def _in_a_label(self, word: Word) -> bool:
        return any(_inside(word.box, box) for box in self._texts)

    def _beside(self, box: Box, word: Word) -> bool:
        return abs(box.middle - word.box.middle) < word.box.height

    def _words_over(self, expected: Box) -> list[Word]:
        """What stands where a label should."""
        line = self._line_at(expected.middle, expected.height)
        for run in runs_of(line, 1.5):
            if min(abs(run[0].box.left - expected.left), abs(run[-1].box.right - expected.right)) <= 2 * TOLERANCE:
                return run
        return []

    def _only_pushed_down(self, name: str, expected: Box, here: Box) -> bool:
        """Whether a label stands lower, or higher, for no other reason than that notes above it are longer, or shorter:
        there are as many lines more or fewer as make the difference, and no label has passed it."""
        if abs(here.left - expected.left) > TOLERANCE or self._is_passed(name, here):
            return False
        tops = self._form.template.lines.get(self._number, ())
        if not tops:
            return False
        scale = self._transform.scale
        before = sum(self._transform.point(0, top)[1] < expected.top - 1 for top in tops)
        now = sum(around(word.box for word in line).top < here.top - 1 for line in self._lines)
        pitch = scale * min((after - one for one, after in pairwise(sorted(tops)) if after - one > 4), default=12.0)
        by = here.middle - expected.middle
        return now != before and (by > 0) is (now > before) and abs(by) <= (abs(now - before) + 1) * 1.6 * pitch

    def _is_passed(self, name: str, here: Box) -> bool:
        own = self._labels[name].box
        return any(
            (label.box.middle < own.middle - 2) is not (places[0].middle < here.middle - 2)
            for other, label in self._labels.items()
            if other != name and (places := self._alignment.labels[other]) and abs(label.box.middle - own.middle) > 2
        )

    # -- tables

    def _read_table(self, name: str, table: Table) -> None:
        headers = [self._alignment.labels.get(f"{name}.{at}", ()) for at in range(len(table.columns))]
        expected = [self._transform.box(header_box(table, at)) for at in range(len(table.columns))]
        row = self._header_row(headers)
        if row is None:
            self._form.drift.append(Drift(name, "vanished", old=" | ".join(one.header for one in table.columns)))
            return
        places, line = row
        missing = [column for column, place in zip(table.columns, places, strict=True) if place is None]
        known = [place for place in places if place is not None]
        added = [run for run in runs_of(line, 0.8) if not any(_overlap(run, place) for place in known)]
        self._header_drift(name, table, missing, added, places, expected)
        if any(one.field for one in missing):
            return
        self._form.tables[name] = self._rows(
            name, table, [*places, *(around(word.box for word in run) for run in added)], line
        )

    def _header_row(self, headers: Sequence[Sequence[Box]]) -> tuple[list[Box | None], list[Word]] | None:
        """The line that has most of the headers, and where on it each stands."""
        best: tuple[int, list[Box | None], list[Word]] | None = None
        for line in self._lines:
            middle, height = _middle(line), max(word.box.height for word in line)
            on = [next((box for box in boxes if abs(box.middle - middle) < 0.6 * height), None) for boxes in headers]
            many = sum(box is not None for box in on)
            if many and (best is None or many > best[0]):
                best = many, on, line
        if best is None or 2 * best[0] < len(headers):
            return None
        return best[1], best[2]

    def _header_drift(
        self,
        name: str,
        table: Table,
        missing: Sequence[Column],
        added: Sequence[Sequence[Word]],
        places: Sequence[Box | None],
        expected: Sequence[Box],
    ) -> None:
        drift = self._form.drift
        if missing and len(missing) == len(added):
            for column, run in zip(missing, added, strict=True):
                drift.append(Drift(name, "renamed", old=column.header, new=text_of(run)))
        else:
            drift.extend(Drift(name, "column_removed", old=column.header) for column in missing)
            drift.extend(Drift(name, "column_added", new=text_of(run)) for run in added)
        known = [place.left for place in places if place is not None]
        if known != sorted(known):
            drift.append(Drift(name, "columns_swapped"))
        elif not missing and not added:
            off = [
                (here.left - there.left, here.middle - there.middle)
                for here, there in zip(places, expected, strict=True)
                if here is not None
            ]
            across, down = max(off, key=lambda by: abs(by[0]))[0], off[0][1]
            first = places[0]
            pushed = first is not None and self._only_pushed_down(f"{name}.0", expected[0], first)
            if abs(across) > 2 * TOLERANCE or (abs(down) > TOLERANCE and not pushed):
                drift.append(Drift(name, "moved", by=(across, down)))

    def _rows(
        self, name: str, table: Table, places: Sequence[Box | None], header: Sequence[Word]
    ) -> list[dict[str, Value]]:
        """Line by line below the headers, as long as there are values, and no label or gap begins something else."""
        rows: list[dict[str, Value]] = []
        pitch = self._transform.scale * max(table.row_height, 8.0)
        last = _middle(header)
        for line in (line for line in self._lines if _middle(line) > last + 1):
            first = not rows
            if _middle(line) - last > (3.0 if first else 1.9) * pitch or any(map(self._in_a_label, line)):
                break
            row = self._row(name, table, places, line)
            if not any(value.value is not None for value in row.values()):
                break
            rows.append(row)
            last = _middle(line)
        if not rows and table.critical:
            self._form.doubts.append(f"{name}: the table has no row")
        return rows

    def _row(self, name: str, table: Table, places: Sequence[Box | None], line: Sequence[Word]) -> dict[str, Value]:
        cells: dict[str, list[Word]] = {}
        # Columns that the template does not know have their cells, too.
        names = [*(column.field for column in table.columns), *[""] * (len(places) - len(table.columns))]
        for run in runs_of(line, 0.8):
            cell = around(word.box for word in run)
            _, field = min((beside(cell, place), field) for place, field in zip(places, names, strict=True) if place)
            cells.setdefault(field, []).extend(run)
        row: dict[str, Value] = {}
        for column in table.columns:
            if not column.field:
                continue
            words = cells.get(column.field, [])
            as_place = Place(
                label="", label_box=(0, 0, 0, 0), value_box=(0, 0, 0, 0), type=column.type, unit=column.unit,
                format=column.format, shape=column.shape, critical=table.critical,
            )  # fmt: skip
            value = self._parsed(column.field, as_place, words) if words else self._blank_cell()
            if value.doubt:
                self._form.doubts.append(f"{name}.{column.field}: {value.doubt}")
            row[column.field] = value
        return row

    # -- values

    def _blank_cell(self) -> Value:
        """A text has what it has; of a scan a figure that stands alone may be overlooked."""
        return Value(None, (), self._page.number, doubt="" if self._by_text else "nothing was read in its cell")

    def _parsed(self, name: str, place: Place, words: Sequence[Word]) -> Value:
        text = self._cleaned(name, text_of(words) if self._by_text else _text_of_ink(words))
        value, unit, doubt = _parse(name, place, text)
        doubt = doubt or self._misread(name, place, text)
        others = self._other_readings(name, place, words, text)
        if doubt and len(others) > 1 and all(said == others[0][1] for _, said in others):
            # What was read first can be no value, and all looks see the same one.
            return Value(others[0][1], words, self._page.number, unit)
        if not doubt and (other := next((other for other, said in others if said != value), "")):
            doubt = f"{ONE_READS}{text}{ANOTHER_READS}{other}"
        if not doubt and value is not None and not is_plausible(name, value):
            doubt = f"{text} is no {name.replace('_', ' ')} of a tower in the United States"
        if not doubt and name in (*SINGLE, *NUMBERS) and place.shape and len(text.split()) != len(place.shape.split()):
            doubt = f"{text} is more, or less, than one {name.replace('_', ' ')}"
        if not doubt and self._by_text and _of_two_hands(words):
            doubt = f"{text} is of letters of two sizes, or lies over something else: a stamp is perhaps on it"
        beside = [] if self._by_text else self._right_beside(words)
        if not doubt and not self._by_text and place.type == "text" and not all(_says(one.text) for one in words):
            doubt = f"{text} has a mark in it that may be dirt"
        if not doubt and beside:
            doubt = f"something stands right beside {text} that was not read on its line"
        if not doubt and min(word.confidence for word in _asked(place, words)) < SURE:
            doubt = "the reader is not sure of it"
        return Value(value, words, self._page.number, unit, doubt, beside)

    def _right_beside(self, words: Sequence[Word]) -> list[Word]:
        """Words as high up as these, and as near as their next one, that were taken for another line's: dirt makes
        their boxes higher than they are."""
        here, own = around(word.box for word in words), {id(word) for word in words}
        height = min(word.box.height for word in words)
        return [
            word
            for word in self._page.words
            if id(word) not in own
            and any(map(str.isalnum, word.text))
            and max(word.box.left - here.right, here.left - word.box.right) < height
            and min(word.box.bottom, here.bottom) - max(word.box.top, here.top) > 0.5 * height
            and not self._in_a_label(word)
        ]

    def _cleaned(self, name: str, text: str) -> str:
        """A text as it must have been, where a scan shows what cannot be. A number of an id is without the marks beside
        it, its cell's lines and dirt, and has no amount in it: what looks like a dollar is an S."""
        if self._by_text:
            return text
        return text.strip(_MARKS).replace("$", "S") if name in NUMBERS else _CAPITAL_I.sub("I", text)

    def _misread(self, name: str, place: Place, text: str) -> str:
        """Why a text of a scan cannot be what stands there, though it is a value; "" if it can."""
        if self._by_text:
            return ""
        other_form = _pattern(text) != _pattern(place.shape or text)
        if name in NUMBERS and (other_form or (_TOUCHING.search(text) and shape_of(text) != (place.shape or "?"))):
            return f"{text} has not the form of other {name.replace('_', ' ')}s"
        if place.type == "text" and _LOOKALIKE.search(text) and shape_of(text) != place.shape:
            return f"{text} has a letter beside a figure that may be one itself"
        if place.type == "text" and _SMALL_L.search(text) and text[:1].isalpha() and any(map(str.isupper, text)):
            return f"{text} has a small l, or a capital I, where most faces draw the two alike"
        if place.type == "text" and shape_of(text) != place.shape and shape_of(text).upper() == place.shape.upper():
            return f"{text} has a small letter where the form's sample has a capital, or the other way round"
        parts = text.split()
        if place.type == "text" and parts and not (_says(parts[0]) and _says(parts[-1])):
            return f"{text} begins or ends with a mark that may be dirt"
        if place.type == "number" and place.unit and plain(text) not in BLANKS:
            unit = quantity_of(text).unit
            return f"the unit of {text} was not read" if not unit else _another_unit(text, unit, place)
        return ""

    def _other_readings(self, name: str, place: Place, words: Sequence[Word], text: str) -> list[tuple[str, Any]]:
        """(what a look reads, the value that it says), where that could as well stand here."""
        looks = [self._otherwise.get(id(word), ()) for word in words]
        found: list[tuple[str, Any]] = []
        for at in range(max(map(len, looks))):
            said = (look[at] if at < len(look) else word.text for look, word in zip(looks, words, strict=True))
            other = self._cleaned(name, " ".join(said))
            value, _, wrong = _parse(name, place, other)
            wrong = wrong or value is None or not is_plausible(name, value) or self._misread(name, place, other)
            if not wrong and not (shape_of(text) == place.shape != shape_of(other)):
                found.append((other, value))
        return found


def _parse(name: str, place: Place, text: str) -> tuple[Any, str, str]:
    """(value as JSON has it, unit, what is wrong)."""
    if place.type != "text" and plain(text) in BLANKS:
        return None, "", ""
    try:
        match place.type:
            case "amount":
                amount = amount_of(text, place.format)
                if amount.words not in ("", place.unit):
                    raise Unparsed(f"no amount in {place.unit or 'figures alone'}")
                return str(amount.number), amount.words, ""
            case "date":
                return date_of(text, place.format), "", ""
            case "time":
                return time_of(text, place.format), "", ""
            case "latitude" | "longitude":
                return float(degrees_of(text, place.type)), "deg", ""
            case "number":
                quantity = quantity_of(text)
                if quantity.unit is None:
                    raise Unparsed(f"no number with a unit that is known: {quantity.words}")
                wanted = unit_of(name) or place.unit
                number = converted(quantity.number, quantity.unit or place.unit, wanted)
                return _plain_number(number), wanted, ""
            case "text" | "fixed":
                return " ".join(text.split()), "", ""
    except Unparsed as error:
        return None, "", f"{text} is {error}" if str(error).startswith("no ") else f"{text}: {error}"


def _text_of_ink(words: Sequence[Word]) -> str:
    """Words of a picture as a text: what nearly touches is one word, and a list's commas are spaced alike."""
    text = words[0].text
    for before, word in pairwise(words):
        # Dirt beside a word makes its box higher than the word.
        gap = (word.box.left - before.box.right) / min(before.box.height, word.box.height)
        touching = gap < (WITHIN_A_NUMBER if re.search(r"\w[-/]$", before.text) else TOUCHING)
        text += word.text if touching else f" {word.text}"
    return re.sub(r",(?=\w)(?!\d{3}(?!\d))", ", ", text) if ", " in text else text


def _of_two_hands(words: Sequence[Word]) -> bool:
    """Whether words of a text layer are no text that was set as one."""
    heights = [word.box.height for word in words]
    overlaid = any(word.box.left < before.box.right - 1 for before, word in pairwise(words))
    return overlaid or max(heights) > TALLER * min(heights)


def _asked(place: Place, words: Sequence[Word]) -> Sequence[Word]:
    """The words of which a reader must be sure: of a number its figures; its unit is compared with the template's."""
    figures = [word for word in words if any(map(str.isdigit, word.text))]
    return figures if figures and place.type == "number" else words


def _fits(place: Place, value: Value) -> bool:
    """Whether there is a value, which has the pattern of the template's sample if that had digits."""
    return value.value is not None and (not place.shape or _pattern(text_of(value.words)) == _pattern(place.shape))


def _pattern(text: str) -> str:
    """Letters, digits and marks in order, however many there are of each."""
    return re.sub(r"(.)\1+", r"\1", shape_of(text).upper())


def _plain_number(number: Decimal) -> int | float:
    return int(number) if number == number.to_integral_value() else float(number)


def beside(cell: Box, header: Box) -> float:
    """Points between the nearer of a cell's and its header's left edges, middles and right edges."""
    middles = abs((cell.left + cell.right) - (header.left + header.right)) / 2
    return min(abs(cell.left - header.left), middles, abs(cell.right - header.right))


def _another_unit(text: str, unit: str, place: Place) -> str:
    return "" if unit == place.unit else f"{text} has another unit than others of its form"


def _says(text: str) -> bool:
    """Whether a text is more than marks; & stands for a word."""
    return "&" in text or any(map(str.isalnum, text))


def _middle(line: Sequence[Word]) -> float:
    return around(word.box for word in line).middle


def _inside(one: Box, other: Box) -> bool:
    return (
        other.left - 1 <= (one.left + one.right) / 2 <= other.right + 1
        and other.top - 1 <= one.middle <= other.bottom + 1
    )


def _overlap(run: Sequence[Word], place: Box) -> bool:
    return run[0].box.left < place.right and run[-1].box.right > place.left


def readings_of(doubt: str) -> tuple[str, str] | None:
    """The two readings that a doubt is about, None where it is about something else.

    >>> readings_of("one look reads 77.2, another 71.2")
    ('77.2', '71.2')
    """
    one, found, other = doubt.removeprefix(ONE_READS).rpartition(ANOTHER_READS)
    return (one, other) if found and doubt.startswith(ONE_READS) else None


def all_values(form: Form) -> Iterator[tuple[str, Value]]:
    """Every value of a form, by `field` or `table[row].column`."""
    yield from form.values.items()
    for name, rows in form.tables.items():
        for at, row in enumerate(rows):
            for column, value in row.items():
                yield f"{name}[{at}].{column}", value


__all__ = [
    "Drift",
    "Form",
    "Transform",
    "Value",
    "all_values",
    "box",
    "is_critical",
    "plain",
    "read_form",
    "readings_of",
]
