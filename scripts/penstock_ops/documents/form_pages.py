"""A form of a document as it was read: its pages, where on them each field stands, both readings where two disagree,
and what its template has otherwise. It is told from the line that the extractor has staged; nothing is read again."""

import json
from collections.abc import Mapping
from typing import Any

from penstock.model.errors import ObjectMissing
from penstock.model.messages import SourceFile
from penstock.model.rows import FileRow
from penstock.ports.ledger import Ledger
from penstock.ports.object_store import ObjectStore
from penstock_documents.reading import readings_of
from penstock_documents.template import Registry
from penstock_ops.operate.errors import NotFound

_BEGIN = (b'{"document": "', b'{"attached": {')  #: the staged lines of forms, and of invoices


async def is_document(store: ObjectStore, file: SourceFile) -> bool:
    """Whether a file was a document, and what was read of it is kept."""
    try:
        return file.is_staged and (await store.read_source(file, 0, len(_BEGIN[0]))).startswith(_BEGIN)
    except ObjectMissing:
        return False


async def form_of(ledger: Ledger, store: ObjectStore, row: FileRow, ordinal: int) -> dict[str, Any]:
    """The form with this ordinal: its `template`, if it has one, its `kind`, its first and last of `pages`, by which
    `route` they were read, `doubts`, `drift`, and its `values`: of each its name, and where it stands.

    Raises:
        NotFound: there is no such record, it is no form, or what was read is kept no longer.
    """
    form = await _staged(ledger, store, row, ordinal)
    pages = form.get("pages") or [1, 1]
    return {
        "ordinal": ordinal,
        "template": form.get("template", ""),
        "kind": form.get("kind", ""),
        "pages": list(range(pages[0], pages[1] + 1)),
        "route": form.get("route", "text"),
        "doubts": form.get("doubts", []),
        "drift": form.get("drift", []),
        "values": [_told(name, one) for name, one in form.get("evidence", {}).items()],
    }


async def _staged(ledger: Ledger, store: ObjectStore, row: FileRow, ordinal: int) -> Mapping[str, Any]:
    file_id = row.file.file_id
    spans = [chunk.span for chunk in await ledger.chunks(file_id)]
    span = next((one for one in spans if one.first_record <= ordinal < one.first_record + one.records), None)
    if span is None or not row.file.is_staged:
        raise NotFound(f"file {file_id} has no form {ordinal}: it is no document, or it has not been read")
    try:
        lines = (await store.read_source(row.file, span.start, span.end)).splitlines()
    except ObjectMissing:
        raise NotFound(f"what was read of file {file_id} is kept no longer") from None
    try:
        line: Mapping[str, Any] = json.loads(lines[ordinal - span.first_record])
    except (IndexError, ValueError):
        raise NotFound(f"file {file_id} has no form {ordinal}: it is no document") from None
    form: Mapping[str, Any] = line.get("form", line)
    if "evidence" not in form and "pages" not in form:
        raise NotFound(f"record {ordinal} of {file_id} is no form of a document")
    return form


def _told(name: str, one: Mapping[str, Any]) -> dict[str, Any]:
    doubt = one.get("doubt", "")
    return {"name": name, **one, "readings": readings_of(doubt)}


def places_of(registry: Registry, template: str) -> list[dict[str, Any]]:
    """Where a template has its fields: of each its name, its page within the form, counted from 1, and its box. Of a
    template that is not there any more none."""
    try:
        found = registry.find(template)
    except ValueError:
        return []
    return [
        {"name": name, "page": place.page, "box": list(place.value_box)}
        for name, place in found.fields.items()
        if place.type != "fixed"
    ]
