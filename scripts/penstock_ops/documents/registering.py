"""Templates made, compared, accepted and retired, in a folder."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from penstock.model.errors import PenstockError
from penstock_documents.child import read_all
from penstock_documents.document import Document, pages_of
from penstock_documents.drafting import Choose, draft
from penstock_documents.forms import forms_of
from penstock_documents.reading import Form
from penstock_documents.template import NotATemplate, Registry, Template, load_all, name_and_version
from penstock_documents.words import text_of


class NothingToAccept(PenstockError):
    """Raised when a document is of no template, or as its template has it."""


def made_from(
    document: Path,
    kind: str,
    values: Mapping[str, Any],
    name: str,
    critical: Sequence[str],
    folder: Path,
    choose: Choose,
) -> tuple[Template, Path]:
    """A template made from a good document, and where it was written.

    Raises:
        NotATemplate: something of `values` does not stand on the document, or the version is there already.
        Unreadable: the document cannot be read.
    """
    registry = load_all(folder)
    named, version = name_and_version(name)
    there = [one.version for one in registry.versions_of(named)]
    if version in there:
        raise NotATemplate(f"{named}/{version} is there already; retire it, or leave out the version for the next one")
    pages = pages_of(Document(document).read_all())
    made = draft(pages, kind, values, named, version or max(there, default=0) + 1, critical, choose)
    return made, registry.write(made)


def accepted(document: Path, folder: Path, choose: Choose) -> tuple[Template, Template, Path]:
    """(the template that a document has drifted from, its next version made from the document, where it was written).
    What stands elsewhere, or under another label, stands there from now on; what has vanished is no field any more.

    Raises:
        NothingToAccept: the document is of no template, or has not drifted.
        Unreadable: the document cannot be read.
    """
    registry = load_all(folder)
    for found in forms_of(read_all(document, folder), registry.active):
        if found.form is not None and found.form.drift:
            old = found.form.template
            values, critical = _printed(found.form)
            version = registry.versions_of(old.name)[0].version + 1
            pages = [one.page for one in found.reads]
            new = draft(pages, old.kind, values, old.name, version, critical, choose)
            return old, new, registry.write(new)
    raise NothingToAccept(f"{document.name} has not drifted from a template; penstock check tells what it is")


def _printed(form: Form) -> tuple[dict[str, Any], list[str]]:
    """A form's values as they are printed, and which of them are critical."""
    values: dict[str, Any] = dict(form.template.facts)
    values |= {name: text_of(value.words) for name, value in form.values.items() if value.words}
    for name, rows in form.tables.items():
        if rows:
            values[name] = [{column: text_of(value.words) for column, value in rows[0].items() if value.words}]
    places = {**form.template.fields, **form.template.tables}
    return values, [name for name in values if name in places and places[name].critical]


def retired(template_id: str, folder: Path) -> tuple[Template, Path]:
    """A template that documents are not read by any more, and its file.

    Raises:
        NotATemplate: there is none of that name.
    """
    registry = load_all(folder)
    template = registry.find(template_id).model_copy(update={"state": "retired"})
    return template, registry.write(template)


def listed(folder: Path) -> list[dict[str, Any]]:
    """The templates of a folder, a line each."""
    return [summary_of(one) for one in load_all(folder).templates]


def summary_of(template: Template) -> dict[str, Any]:
    """A template in a line."""
    return {
        "template": template.id,
        "kind": template.kind,
        "state": template.state,
        "pages": template.pages,
        "fields": len(template.fields),
        "tables": len(template.tables),
        "critical": sorted(name for name, place in {**template.fields, **template.tables}.items() if place.critical),
    }


def differences(one: Template, other: Template) -> list[dict[str, Any]]:
    """What differs between two templates, field by field."""
    found: list[dict[str, Any]] = []
    for name in sorted({*one.facts, *other.facts}):
        if one.facts.get(name) != other.facts.get(name):
            found.append({"field": name, "what": "fact", "old": one.facts.get(name), "new": other.facts.get(name)})
    for name in sorted({*one.fields, *other.fields}):
        here, there = one.fields.get(name), other.fields.get(name)
        if here is None or there is None:
            found.append({"field": name, "what": "only in", "template": (one if there is None else other).id})
            continue
        for what in ("page", "label", "type", "unit", "format", "critical"):
            if getattr(here, what) != getattr(there, what):
                found.append({"field": name, "what": what, "old": getattr(here, what), "new": getattr(there, what)})
        by = [round(new - old, 1) for old, new in zip(here.value_box[:2], there.value_box[:2], strict=True)]
        if max(map(abs, by)) > 1:
            found.append({"field": name, "what": "place", "by": by})
    for name in sorted({*one.tables, *other.tables}):
        headers = [
            [column.header for column in template.tables[name].columns] if name in template.tables else []
            for template in (one, other)
        ]
        if headers[0] != headers[1]:
            found.append({"field": name, "what": "columns", "old": headers[0], "new": headers[1]})
    return found


def find(template_id: str, folder: Path) -> Template:
    """A template of a folder.

    Raises:
        NotATemplate: there is none of that name.
    """
    return registry_of(folder).find(template_id)


def registry_of(folder: Path) -> Registry:
    """The templates of a folder."""
    return load_all(folder)
