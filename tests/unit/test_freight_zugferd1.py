"""ZUGFeRD 1.0, which says by older names what CII says (ZUGFeRD 1.0, technical annex): the same document in both."""

import json
from dataclasses import replace
from typing import Any

import pytest

from penstock.feeds.freight import FREIGHT
from penstock.feeds.freight.xml_documents import read_document
from tests.support.documents import Document, as_cii, as_zugferd1, in_zugferd1
from tests.support.reading import judge_file

COMFORT = "urn:ferd:CrossIndustryDocument:invoice:1p0:comfort"
DOCUMENT = replace(Document(), profile=COMFORT)


def told(body: bytes) -> dict[str, Any]:
    (one,) = judge_file(FREIGHT, body).accepted
    return json.loads(one.payload)


def codes(body: str) -> list[str]:
    return [one.code for record in judge_file(FREIGHT, body.encode()).rejected for one in record.findings]


def test_a_document_of_zugferd_1_says_what_the_same_one_says_in_cii() -> None:
    order = (
        "<ram:BuyerOrderReferencedDocument><ram:IssuerAssignedID>PO-7</ram:IssuerAssignedID>"
        "</ram:BuyerOrderReferencedDocument>"
    )
    newer = as_cii(DOCUMENT).decode().replace("</ram:SellerTradeParty>", f"</ram:SellerTradeParty>{order}")
    older = in_zugferd1(newer)

    assert told(older.encode()) == told(newer.encode())
    assert told(older.encode())["order_number"] == "PO-7"


def test_its_sums_are_looked_at() -> None:
    assert codes(as_zugferd1(DOCUMENT.with_totals(due="167.60")).decode()) == ["freight.payable"]


@pytest.mark.parametrize(
    "rival",
    [
        '<x:DuePayableAmount xmlns:x="urn:x">1.00</x:DuePayableAmount>',
        '<x:DuePayableAmount xmlns:x="urn:un:unece:uncefact:data:standard:'
        'ReusableAggregateBusinessInformationEntity:100">1.00</x:DuePayableAmount>',
    ],
)
def test_an_amount_of_another_namespace_is_not_believed(rival: str) -> None:
    summation = "<ram:SpecifiedTradeSettlementMonetarySummation><ram:LineTotalAmount>150.00"
    assert summation in as_zugferd1(DOCUMENT).decode()
    assert codes(as_zugferd1(DOCUMENT).decode().replace(summation, summation.replace("><", f">{rival}<", 1))) == [
        "format.namespace"
    ]


def test_a_name_that_only_cii_has_stands_for_nothing() -> None:
    """Else a second set of totals would take the place of the first."""
    end = "</ram:ApplicableSupplyChainTradeSettlement>"
    rival = (
        "<ram:SpecifiedTradeSettlementHeaderMonetarySummation><ram:DuePayableAmount>1.00</ram:DuePayableAmount>"
        "</ram:SpecifiedTradeSettlementHeaderMonetarySummation>"
    )
    assert told(as_zugferd1(DOCUMENT).decode().replace(end, rival + end).encode())["totals"]["due"] == "166.60"


def test_an_amount_that_stands_twice_is_a_finding() -> None:
    due = "<ram:DuePayableAmount>166.60</ram:DuePayableAmount>"
    assert "freight.stands_twice" in codes(as_zugferd1(DOCUMENT).decode().replace(due, due * 2))


def test_its_bytes_are_read_wherever_they_were_found() -> None:
    found = read_document(as_zugferd1(DOCUMENT))
    assert isinstance(found, dict)
    assert found["totals"]["due"] == "166.60"


@pytest.mark.parametrize(("profile", "name"), [("minimum", "MINIMUM"), ("basicwl", "BASIC WL")])
def test_a_profile_without_lines_is_rejected_by_its_name_and_with_what_to_do(profile: str, name: str) -> None:
    document = replace(Document(), profile=f"urn:factur-x.eu:1p0:{profile}", items=())
    (record,) = judge_file(FREIGHT, as_cii(document)).rejected
    (finding,) = [one for one in record.findings if one.code == "freight.no_lines"]
    assert f"the profile {name}" in finding.message
    assert "ask its sender for the profile BASIC" in finding.message
