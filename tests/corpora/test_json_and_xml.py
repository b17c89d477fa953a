"""JSONTestSuite and defusedxml: what must be accepted is, and says what it should; what must not be never is."""

import xml.etree.ElementTree as ET
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from penstock.model.findings import Finding
from tests.corpora import json_and_xml
from tests.corpora.corpus import FOLDER


@pytest.mark.parametrize("name", json_and_xml.TEXTS)
@pytest.mark.parametrize("within", [json_and_xml.as_line, json_and_xml.as_element], ids=["line", "element"])
def test_a_text_is_accepted_or_rejected_as_that_record(name: str, within: Any) -> None:
    # When
    records = within(name)

    # Expect
    short = Path(name).name
    accepted = json_and_xml.accepted(records)
    if short in json_and_xml.EXPLAINED:
        assert [isinstance(record, Finding) for record in records] == [False, True, False]
    elif short.startswith("y_"):
        assert accepted
        assert _floats(records[1].get("v")) == json_and_xml.value_of(name)
    elif short.startswith("n_"):
        assert not accepted
        assert isinstance(records[1], Finding)
    # The record before is never touched; nothing is accepted that is not there.
    assert records[0] == {"v": 1}
    good = [record for record in records if not isinstance(record, Finding)]
    assert accepted or all(record in ({"v": 1}, {"v": 3}) for record in good)


@pytest.mark.parametrize("name", json_and_xml.BOMBS)
def test_a_document_with_a_type_declaration_is_refused(name: str) -> None:
    refused = json_and_xml.as_document(name)
    assert isinstance(refused, Finding)
    assert refused.code == "format.doctype"


@pytest.mark.parametrize("name", sorted(set(json_and_xml.DOCUMENTS) - set(json_and_xml.BOMBS)))
def test_any_other_document_says_what_is_in_it(name: str) -> None:
    record = json_and_xml.as_document(name)
    assert not isinstance(record, Finding)
    root = ET.fromstring((FOLDER / name).read_bytes())
    texts = ["".join(text.split()) for element in root.iter() for text in (element.text, element.tail)[:2] if text]
    values = [value for element in root.iter() for value in element.attrib.values()]
    assert sorted("".join("".join(_words(record)).split())) == sorted("".join([*texts, *values]).replace(" ", ""))


def _words(value: Any) -> list[str]:
    if isinstance(value, Mapping):
        return [word for inner in value.values() for word in _words(inner)]
    return [word for inner in value for word in _words(inner)] if isinstance(value, list) else [value]


def _floats(value: Any) -> Any:
    """With floats, as the json module reads numbers with a fraction."""
    if isinstance(value, list):
        return [_floats(one) for one in value]
    if isinstance(value, Mapping):
        return {name: _floats(one) for name, one in value.items()}
    return float(value) if isinstance(value, Decimal) else value
