"""Documents about towers as others print and scan them: what is accepted is right, and what has drifted is held. A
wrong value that is accepted is worse than ten documents that a person has to look at."""

from pathlib import Path
from typing import Any

import pytest

from penstock_documents.document import Document
from penstock_documents.forms import records_of
from penstock_documents.pdf import Unreadable
from tests.corpora.corpus import FOLDER, files
from tests.corpora.tower_documents import DOCUMENTS, MANIFEST, read, score, templates, verdict_of, wrong_in

LEAST_DECIDED = 0.9  #: of the documents that are as their template has them, the share that nobody has to look at


@pytest.mark.parametrize("one", MANIFEST, ids=lambda one: str(one["file"]))
def test_each_document_is_decided_as_its_maker_says(one: dict[str, Any]) -> None:
    (record,) = read(DOCUMENTS / one["file"])

    assert verdict_of(record) in {one["verdict"], *one.get("also_ok", ())}
    assert record["route"] == one["route"]
    if one["verdict"] == "accepted":
        assert wrong_in(record, one) == {}
        assert record["tags"] == one["tags"]


@pytest.mark.parametrize("one", [one for one in MANIFEST if one["drift"]], ids=lambda one: str(one["file"]))
def test_drift_is_told_of_the_field_that_has_drifted_and_of_no_other(one: dict[str, Any]) -> None:
    (record,) = read(DOCUMENTS / one["file"])

    told = {(drift["field"], drift["kind"]) for drift in record["drift"]}
    assert told == {(drift["field"], drift["kind"]) for drift in one["drift"]}


def test_most_is_decided_without_a_person_and_nothing_wrongly() -> None:
    counts = score()

    assert not counts["wrong and accepted"]
    assert counts["decided"] >= LEAST_DECIDED * counts["conforming"]


@pytest.mark.parametrize("name", [*files("tower/pdf/*.pdf"), *files("tower/pdf_malformed/*.pdf")])
def test_no_strange_document_is_accepted(name: str) -> None:
    assert outcomes_of(FOLDER / name) in ({"unreadable"}, {"review"})


def outcomes_of(path: Path) -> set[str]:
    """Of its first two pages: what has more is no form at all."""
    try:
        document = Document(path)
        reads = [document.read(number) for number in range(1, min(2, document.pages) + 1)]
    except Unreadable:
        return {"unreadable"}
    return {verdict_of(record) for record in records_of(reads, templates(), "0" * 64)}
