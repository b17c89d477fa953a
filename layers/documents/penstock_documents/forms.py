"""Which form a document is, page by page: the template whose labels stand where they should, or none.

A form has its template's pages in its template's order. One whose pages come in another is read, and marked; one of
which a page is missing is no form."""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any

from penstock_documents.aligning import Alignment, align
from penstock_documents.document import Document, Read
from penstock_documents.fields import KINDS
from penstock_documents.page_numbers import MISSING, ORDER, Printed, mark_of, printed_on
from penstock_documents.reading import Form, all_values, read_form
from penstock_documents.template import Template

KNOWN = 0.5
"""The share of a page's labels that must stand on it, at their places, for a template to be the page's."""


@dataclass(frozen=True, slots=True)
class Found:
    """A form of a document, or pages that are none (`form` is None), and then perhaps why. `marks` are its own, beside
    those of its pages."""

    first: int
    reads: Sequence[Read]
    form: Form | None
    marks: Sequence[str] = field(default_factory=tuple[str, ...])
    why: str = ""


def read_page(document: Document, number: int, templates: Sequence[Template]) -> Read:
    """A page as it is best read: text that no template understands is read by OCR once, and that is believed if one
    does. What was read by OCR and leaves a doubt is looked at closely. A document that carries an invoice is no
    form."""
    read = document.read(number)
    if read.page.route == "ocr":
        return _without_doubts(document, number, read, templates)
    if document.kind != "pdf" or document.invoices or is_understood(read, templates):
        return read
    again = document.read_by_ocr(number)
    return _without_doubts(document, number, again, templates) if is_understood(again, templates) else read


def _without_doubts(document: Document, number: int, read: Read, templates: Sequence[Template]) -> Read:
    """A page with the doubts of the template that fits it best looked at closely, if one does."""
    from penstock_documents import closely

    fits = [
        (alignment.fits, template.version, template, at)
        for template in templates
        for at in range(1, template.pages + 1)
        if _is_known(alignment := align(template, at, read.page))
    ]
    if not fits:
        return read
    *_, template, at = max(fits, key=lambda one: one[:2])
    return closely.looked_at(read, lambda: document.picture_of(number), template, at)


def needs_a_picture(document: Document, number: int, templates: Sequence[Template]) -> bool:
    """Whether a page is read by OCR, if only to see whether that is understood."""
    by_text = document.by_text(number)
    return by_text is None or not (document.kind != "pdf" or document.invoices or is_understood(by_text, templates))


def read_all(document: Document, templates: Sequence[Template]) -> Iterator[Read]:
    """Every page, as it is best read."""
    return (read_page(document, number, templates) for number in range(1, document.pages + 1))


def is_understood(read: Read, templates: Sequence[Template]) -> bool:
    """Whether a template has such a page, be it the first or a later one."""
    return any(_is_of(template, number, read) for template in templates for number in range(1, template.pages + 1))


def _is_of(template: Template, number: int, read: Read) -> bool:
    return _is_known(align(template, number, read.page))


def _is_known(alignment: Alignment) -> bool:
    return alignment.found >= KNOWN and alignment.fits >= KNOWN


class FormFinder:
    """Finds a document's forms while its pages come. It keeps no more of them than a form can have. Pages in a row that
    no template understands are one unknown form; their words are not kept."""

    def __init__(self, templates: Sequence[Template]) -> None:
        self._templates = templates
        self._longest = max((template.pages for template in templates), default=1)
        self._window, self._unknown = deque[Read](), list[Read]()
        self._coming: tuple[Read, Printed | None] | None = None
        self._passed: list[Printed | None] = []

    def push(self, read: Read) -> Iterator[Found]:
        """The forms that end with the document's next page."""
        printed = printed_on(read.page)
        if self._coming:
            self._take(*self._coming, printed, last=False)
        self._coming = read, printed
        while len(self._window) >= self._longest:
            yield from self._next()

    def finish(self) -> Iterator[Found]:
        """The forms that are left, when the last page has come."""
        if self._coming:
            self._take(*self._coming, None, last=True)
        while self._window:
            yield from self._next()
        yield from self._unknown_form()

    def _take(self, read: Read, printed: Printed | None, after: Printed | None, *, last: bool) -> None:
        """A page, now that it is known what the next one bears."""
        before = self._passed[-1] if self._passed else None
        wrong = mark_of(printed, before, after, first=not self._passed, last=last)
        self._passed = [printed]
        marks = (*read.page.marks, *([wrong] if wrong else ()))
        self._window.append(replace(read, page=replace(read.page, marks=marks)))

    def _next(self) -> Iterator[Found]:
        found = _best(self._window, self._templates)
        if found is None:
            self._unknown.append(_wordless(self._window.popleft()))
            return
        yield from self._unknown_form()
        for _ in found.reads:
            self._window.popleft()
        yield found

    def _unknown_form(self) -> Iterator[Found]:
        if self._unknown:
            yield Found(self._unknown[0].page.number, self._unknown, None)
            self._unknown = []


def _wordless(read: Read) -> Read:
    return Read(replace(read.page, words=()))


def forms_of(reads: Iterable[Read], templates: Sequence[Template]) -> Iterator[Found]:
    """A document's forms in order of its pages."""
    finder = FormFinder(templates)
    for read in reads:
        yield from finder.push(read)
    yield from finder.finish()


def _best(reads: Sequence[Read], templates: Sequence[Template]) -> Found | None:
    """The form that begins with these pages: of the templates whose labels are there the one with the least drift, then
    with the most labels at their places, then the newest. Where there is none, one of which a page is missing."""
    candidates: list[tuple[Form, Found]] = []
    missing: list[Found] = []
    for template in templates:
        begun = _begun(template, list(islice(reads, template.pages)), templates)
        if begun and begun.form:
            candidates.append((begun.form, begun))
        elif begun:
            missing.append(begun)
    if candidates:
        return min(candidates, key=lambda one: _rank(one[0]))[1]
    return max(missing, key=lambda one: len(one.reads), default=None)


def _rank(form: Form) -> tuple[float, ...]:
    return len(form.critical), -form.found / form.labels, -form.found, -form.template.version


def _begun(template: Template, reads: Sequence[Read], templates: Sequence[Template]) -> Found | None:
    """What of a template's form begins with these pages, the first of which is one of its own."""
    numbers = [_number_in(template, read) for read in reads]
    if not numbers[0]:
        return None
    if sorted(numbers) == list(range(1, template.pages + 1)):
        ordered = [read for _, read in sorted(zip(numbers, reads, strict=True), key=lambda one: one[0])]
        return _form(template, ordered, () if ordered == list(reads) else (ORDER,))
    strange = [at for at, number in enumerate(numbers, 1) if number not in (0, at)]
    others = [read for number, read in zip(numbers, reads, strict=True) if not number]
    if len(reads) == template.pages and not strange and not any(is_understood(one, templates) for one in others):
        return _form(template, reads, ())  # a page that is no longer known has drifted, and its fields say so
    there: list[int] = []
    for number in numbers:
        if not number or number in there:
            break
        there.append(number)
    lost = next(number for number in range(1, template.pages + 1) if number not in there)
    pages = [_wordless(read) for read in reads[: len(there)]]
    return Found(pages[0].page.number, pages, None, (MISSING,), f"page {lost} of {template.id} is missing")


def _form(template: Template, reads: Sequence[Read], marks: Sequence[str]) -> Found:
    form = read_form(template, [read.page for read in reads], [read.otherwise for read in reads])
    return Found(min(read.page.number for read in reads), reads, form, marks)


def _number_in(template: Template, read: Read) -> int:
    """Which of a template's pages this is, counted from 1; 0 if it is none."""
    fitting = {number: align(template, number, read.page) for number in range(1, template.pages + 1)}
    known = [number for number, one in fitting.items() if _is_known(one)]
    return max(known, key=lambda number: fitting[number].fits, default=0)


def records_of(reads: Iterable[Read], templates: Sequence[Template], sha256: str) -> Iterator[dict[str, Any]]:
    """A document's records as the staged text has them, a line each: the fields by their names, `evidence` of each, and
    why a person has to look, if one has to."""
    return (record_of(found, sha256) for found in forms_of(reads, templates))


def record_of(found: Found, sha256: str) -> dict[str, Any]:
    """A form as a record; `sha256` is the document's."""
    return {"document": sha256, **_record(found)}


def _record(found: Found) -> dict[str, Any]:
    pages = [found.first, found.first + len(found.reads) - 1]
    routes = sorted({read.page.route for read in found.reads})
    route = routes[0] if len(routes) == 1 else "mixed"
    doubts = [f"page {read.page.number}: {doubt}" for read in found.reads for doubt in read.page.doubts]
    form, marks = found.form, sorted({*found.marks, *(mark for read in found.reads for mark in read.page.marks)})
    marked = {"marks": marks} if marks else {}
    if form is None:
        doubts = [*doubts, *([found.why] if found.why else [])] or ["no template has its labels"]
        return {"kind": "unknown", "pages": pages, "route": route, "doubts": doubts} | marked
    template = form.template
    engine = found.reads[0].page.engine
    fields = {name: value.value for name, value in form.values.items() if value.value is not None}
    tables = {
        name: [{column: value.value for column, value in row.items() if value.value is not None} for row in rows]
        for name, rows in form.tables.items()
    }
    record: dict[str, Any] = {
        "kind": template.kind,
        "template": template.id,
        "pages": pages,
        "route": route,
        **fields,
        **tables,
        **_derived(template.kind, fields, tables),
        "tags": _tags(template.kind, fields),
        "evidence": {name: value.as_dict(engine) for name, value in all_values(form)},
    }
    if form.drift:
        record["drift"] = [drift.as_dict() | {"critical": drift in form.critical} for drift in form.drift]
    doubts += form.doubts
    return record | marked | ({"doubts": doubts} if doubts else {})


def _derived(kind: str, fields: dict[str, Any], tables: dict[str, list[dict[str, Any]]]) -> dict[str, Any]:
    """What a form says by its table: the highest rating of any member is the structure's."""
    if "max_capacity_pct" not in KINDS[kind].fields or "max_capacity_pct" in fields:
        return {}
    ratings = [row["capacity_pct"] for rows in tables.values() for row in rows if "capacity_pct" in row]
    return {"max_capacity_pct": max(ratings)} if ratings else {}


def _tags(kind: str, fields: dict[str, Any]) -> list[str]:
    tags = list(KINDS[kind].tags)
    if "asr_number" in fields and "FCC-ASR" not in tags:
        tags.append("FCC-ASR")
    return tags
