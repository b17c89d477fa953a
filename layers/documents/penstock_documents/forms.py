"""Which form a document is, page by page: the template whose labels stand where they should, or none."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
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


def forms_of(document: Document, templates: Sequence[Template]) -> list[Found]:
    """A document's forms in order of its pages. Text that no template understands is read by OCR once more."""
    reads = document.read_all()
    found: list[Found] = []
    at = 0
    while at < len(reads):
        best = _best(reads, at, templates)
        if best is None and reads[at].page.route == "text" and document.kind == "pdf":
            reads[at] = document.read_by_ocr(at + 1)
            best = _best(reads, at, templates)
        if best is None:
            found.append(Found(at + 1, reads[at : at + 1], None))
            at += 1
        else:
            found.append(Found(at + 1, reads[at : at + best.template.pages], best))
            at += best.template.pages
    return _together(found)


def _together(found: Sequence[Found]) -> list[Found]:
    """Unknown pages in a row are one unknown form."""
    merged: list[Found] = []
    for one in found:
        if merged and one.form is None and merged[-1].form is None:
            merged[-1] = Found(merged[-1].first, [*merged[-1].reads, *one.reads], None)
        else:
            merged.append(one)
    return merged


def _best(reads: Sequence[Read], at: int, templates: Sequence[Template]) -> Form | None:
    """The form that begins on a page: of the templates whose labels are there the one with the least drift, then with
    the most labels at their places, then the newest."""
    candidates: list[Form] = []
    for template in templates:
        pages = reads[at : at + template.pages]
        if len(pages) < template.pages:
            continue
        alignments = [align(template, number, read.page) for number, read in enumerate(pages, 1)]
        first = alignments[0]
        if (
            not first.labels
            or first.found < KNOWN * len(first.labels)
            or len(first.at_place) < KNOWN * len(first.labels)
        ):
            continue
        candidates.append(read_form(template, [read.page for read in pages], [read.second for read in pages]))
    return min(
        candidates,
        key=lambda form: (len(form.critical), -form.found / form.labels, -form.found, -form.template.version),
        default=None,
    )


def records_of(document: Document, templates: Sequence[Template]) -> Iterator[dict[str, Any]]:
    """A document's records as the staged text has them, a line each: the fields by their names, `evidence` of each, and
    why a person has to look, if one has to."""
    for one in forms_of(document, templates):
        yield {"document": document.sha256, **_record(one)}


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
