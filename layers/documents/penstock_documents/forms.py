"""Which form a document is, page by page: the template whose labels stand where they should, or none."""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

from penstock_documents.aligning import align
from penstock_documents.document import Document, Read
from penstock_documents.fields import KINDS
from penstock_documents.reading import Form, all_values, read_form
from penstock_documents.template import Template

KNOWN = 0.5
"""The share of a page's labels that must stand on it, at their places, for a template to be the page's."""


@dataclass(frozen=True, slots=True)
class Found:
    """A form of a document, or pages that no template understands (`form` is None)."""

    first: int
    reads: Sequence[Read]
    form: Form | None


def read_page(document: Document, number: int, templates: Sequence[Template]) -> Read:
    """A page as it is best read: text that no template understands is read by OCR once, and that is believed if one
    does. A document that carries an invoice is no form."""
    read = document.read(number)
    if document.kind != "pdf" or read.page.route != "text" or document.invoices or is_understood(read, templates):
        return read
    again = document.read_by_ocr(number)
    return again if is_understood(again, templates) else read


def read_all(document: Document, templates: Sequence[Template]) -> Iterator[Read]:
    """Every page, as it is best read."""
    return (read_page(document, number, templates) for number in range(1, document.pages + 1))


def is_understood(read: Read, templates: Sequence[Template]) -> bool:
    """Whether a template has such a page, be it the first or a later one."""
    return any(_is_of(template, number, read) for template in templates for number in range(1, template.pages + 1))


def _is_of(template: Template, number: int, read: Read) -> bool:
    alignment = align(template, number, read.page)
    return alignment.found >= KNOWN and alignment.fits >= KNOWN


class FormFinder:
    """Finds forms in a document's pages as these come, of which no more are held than the longest template has. Pages
    in a row that no template understands are one unknown form; their words are not kept."""

    def __init__(self, templates: Sequence[Template]) -> None:
        self._templates = templates
        self._longest = max((template.pages for template in templates), default=1)
        self._window, self._unknown = deque[Read](), list[Read]()

    def push(self, read: Read) -> Iterator[Found]:
        """The forms that end with the document's next page."""
        self._window.append(read)
        while len(self._window) >= self._longest:
            yield from self._next()

    def finish(self) -> Iterator[Found]:
        """The forms that are left, when the last page has come."""
        while self._window:
            yield from self._next()
        yield from self._unknown_form()

    def _next(self) -> Iterator[Found]:
        best = _best(self._window, self._templates)
        if best is None:
            self._unknown.append(Read(replace(self._window.popleft().page, words=())))
            return
        yield from self._unknown_form()
        taken = [self._window.popleft() for _ in range(best.template.pages)]
        yield Found(taken[0].page.number, taken, best)

    def _unknown_form(self) -> Iterator[Found]:
        if self._unknown:
            yield Found(self._unknown[0].page.number, self._unknown, None)
            self._unknown = []


def forms_of(reads: Iterable[Read], templates: Sequence[Template]) -> Iterator[Found]:
    """A document's forms in order of its pages."""
    finder = FormFinder(templates)
    for read in reads:
        yield from finder.push(read)
    yield from finder.finish()


def _best(reads: Sequence[Read], templates: Sequence[Template]) -> Form | None:
    """The form that begins with these pages: of the templates whose labels are there the one with the least drift, then
    with the most labels at their places, then the newest."""
    candidates: list[Form] = []
    for template in templates:
        pages = list(islice(reads, template.pages))
        if len(pages) == template.pages and _is_of(template, 1, pages[0]):
            candidates.append(read_form(template, [read.page for read in pages], [read.otherwise for read in pages]))
    return min(
        candidates,
        key=lambda form: (len(form.critical), -form.found / form.labels, -form.found, -form.template.version),
        default=None,
    )


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
    form = found.form
    if form is None:
        return {"kind": "unknown", "pages": pages, "route": route, "doubts": doubts or ["no template has its labels"]}
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
    return record | ({"doubts": doubts} if doubts else {})


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
