"""The tower sample draws forms, and the reader knows them only by their templates: here they meet."""

import io
import json
import random
from functools import cache
from typing import Any

import pytest

from penstock.feeds.tower import TOWER
from penstock_documents.document import Document, pages_of
from penstock_documents.drafting import draft
from penstock_documents.forms import read_all, records_of
from penstock_documents.template import SEEDS, load
from penstock_ops.check.in_file import Repeats
from penstock_ops.samples import SAMPLES
from penstock_ops.samples.sample import SampleOptions
from penstock_ops.samples.tower.faults import KINDS
from penstock_ops.samples.tower.forms import FORMS, Form
from penstock_ops.samples.tower.paper import pdf
from tests.support.reading import judge_file

SEEDED = [load(path) for path in sorted(SEEDS.glob("*.yaml"))]


@cache
def written(form: str, records: int, seed: int, faults: float = 0.0) -> tuple[bytes, list[dict[str, Any]]]:
    """A generated document, and what must become of each of its forms."""
    body, beside = io.BytesIO(), io.BytesIO()
    SAMPLES["tower"].write(body, SampleOptions(records, form, faults=faults, seed=seed), beside)
    return body.getvalue(), [json.loads(line) for line in beside.getvalue().splitlines()]


def outcomes(body: bytes) -> list[tuple[str, str | None]]:
    """What becomes of each form of a document, with the code of what was found."""
    lines = [json.dumps(record) for record in records_of(read_all(Document(body), SEEDED), SEEDED, "digest")]
    judged = judge_file(TOWER, "\n".join(lines).encode())
    found = {one.ordinal: one.findings for one in (*judged.rejected, *judged.flagged)}
    again = Repeats(TOWER).judge(0, judged.accepted, found).duplicates
    ended: list[tuple[str, str | None]] = []
    for ordinal in range(len(lines)):
        said = found.get(ordinal, ())
        held = TOWER.is_held_for(said, None)
        how = "duplicate" if ordinal in again else "held" if held else "delivered"
        ended.append((how, said[0].code if said and how != "duplicate" else None))
    return ended


def test_the_same_seed_writes_the_same_bytes() -> None:
    first = written.__wrapped__("pdf", 20, 3, 0.3)
    assert first == written.__wrapped__("pdf", 20, 3, 0.3)
    assert first != written.__wrapped__("pdf", 20, 4, 0.3)


def test_every_form_without_a_fault_is_read_and_delivered() -> None:
    body, expected = written("pdf", 30, 5)

    assert outcomes(body) == [("delivered", None)] * len(expected)


def test_every_form_ends_as_it_was_foretold() -> None:
    body, expected = written("pdf", 40, 11, 0.6)

    assert {line["code"] for line in expected} >= {kind.code for kind in KINDS}
    assert outcomes(body) == [(line["outcome"], line["code"]) for line in expected]


def test_a_scan_ends_as_its_document_does() -> None:
    body, expected = written("tiff", 4, 6, 0.4)

    assert outcomes(body) == [(line["outcome"], line["code"]) for line in expected]


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.name)
def test_the_seeded_templates_are_those_that_the_forms_give(form: Form) -> None:
    values = form.fill(random.Random(7))
    said = {name: [text[0]] if isinstance(text, list) else text for name, text in values.items()}
    pages = pages_of(Document(pdf([form.page(values)])).read_all())

    made = draft(pages, form.kind, said, form.name, 1, form.critical, lambda field, places: 0)

    assert made == next(one for one in SEEDED if one.name == form.name)
