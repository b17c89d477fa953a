"""What money hangs on stands once, in its own namespace: nobody else's element is believed, whatever it is called."""

import json
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal, InvalidOperation
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.feeds.freight import FREIGHT
from penstock.model.errors import Refused
from tests.support.budget import examples
from tests.support.documents import CII, UBL, Document, Writer, as_cii, as_ubl, as_zugferd1
from tests.support.reading import judge_file

FINE = Document()
SYNTAXES = pytest.mark.parametrize("written", [as_ubl, as_cii, as_zugferd1])
BASIC, AGGREGATE = f"{UBL}:CommonBasicComponents-2", f"{UBL}:CommonAggregateComponents-2"
EXTENSION = f"{UBL}:CommonExtensionComponents-2"


def faults(body: bytes) -> list[tuple[str, str | None]]:
    return [(one.code, one.field) for record in judge_file(FREIGHT, body).rejected for one in record.findings]


def due(body: bytes) -> list[str]:
    return [json.loads(one.payload)["totals"]["due"] for one in judge_file(FREIGHT, body).accepted]


def before(body: bytes, element: str, inserted: str) -> bytes:
    """With something before the first element of this name."""
    found = re.search(rb"<[a-z]+:" + element.encode() + rb"[\s>]", body)
    assert found
    return body[: found.start()] + inserted.encode() + body[found.start() :]


SHADOWS = ("PayableAmount", "LegalMonetaryTotal", "ID", "DocumentCurrencyCode", "IssueDate", "TaxTotal", "InvoiceLine")
CII_SHADOWS = ("DuePayableAmount", "InvoiceCurrencyCode", "TypeCode", "ApplicableTradeTax", "LineTotalAmount")


@pytest.mark.parametrize(
    ("written", "element"), [*((as_ubl, one) for one in SHADOWS), *((as_cii, one) for one in CII_SHADOWS)]
)
@pytest.mark.parametrize(
    "shadow",
    [
        '<x:{0} xmlns:x="urn:evil">1.00</x:{0}>',
        '<{0} xmlns="urn:evil">1.00</{0}>',
        '<{0} xmlns="">1.00</{0}>',
        '<x:{0} xmlns:x="urn:evil"/>',
        '<x:any xmlns:x="urn:evil"><x:{0}>1.00</x:{0}></x:any>',
    ],
)
def test_a_foreign_element_that_is_called_as_one_of_the_documents_rejects(
    written: Writer, element: str, shadow: str
) -> None:
    assert [code for code, _ in faults(before(written(FINE), element, shadow.format(element)))] == ["format.namespace"]


@pytest.mark.parametrize(
    ("own", "wrong"),
    [
        (BASIC, "urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-1"),
        (BASIC, AGGREGATE),
        (BASIC, BASIC.upper()),
        (BASIC, BASIC + " "),
        (AGGREGATE, "urn:evil"),
        (f"{CII}:ReusableAggregateBusinessInformationEntity:100", "urn:evil"),
        (f"{CII}:UnqualifiedDataType:100", f"{CII}:UnqualifiedDataType:15"),
    ],
)
def test_a_document_whose_own_namespace_is_another_rejects(own: str, wrong: str) -> None:
    body = (as_cii if own.startswith(CII) else as_ubl)(FINE)
    assert [code for code, _ in faults(body.replace(f'"{own}"'.encode(), f'"{wrong}"'.encode()))] == [
        "format.namespace"
    ]


def test_a_document_of_another_namespace_is_none_of_ours() -> None:
    with pytest.raises(Refused, match=re.escape("format.element")):
        FREIGHT.recognise(as_ubl(FINE).replace(f"{UBL}:Invoice-2".encode(), b"urn:evil"))


def test_prefixes_never_matter() -> None:
    plain = as_ubl(FINE).decode()
    renamed = plain.replace("cbc:", "a:").replace(":cbc", ":a").replace("cac:", "b:").replace(":cac", ":b")
    default = re.sub(r"<cbc:(\w+)", rf'<\1 xmlns="{BASIC}"', plain).replace("</cbc:", "</")
    default = re.sub(r"<cac:(\w+)", rf'<\1 xmlns="{AGGREGATE}"', default).replace("</cac:", "</")
    assert due(renamed.encode()) == due(default.encode()) == ["166.60"]


@pytest.mark.parametrize("where", ["CustomizationID", "LegalMonetaryTotal"])
def test_extensions_may_hold_anything_and_none_of_it_is_read(where: str) -> None:
    """UBL 2.1, §3.3.3. They stand first in the document; since UBL 2.3 they may also stand deeper."""
    anything = "<x:PayableAmount xmlns:x='urn:evil'>1.00</x:PayableAmount><cbc:PayableAmount>1.00</cbc:PayableAmount>"
    extension = f"<e:UBLExtensions xmlns:e='{EXTENSION}'><e:UBLExtension>{anything}</e:UBLExtension></e:UBLExtensions>"
    body = before(as_ubl(FINE), where, extension)
    assert (faults(body), due(body)) == ([], ["166.60"])


def test_a_foreign_element_that_is_called_otherwise_is_only_told() -> None:
    judgement = judge_file(
        FREIGHT, before(as_ubl(FINE), "LegalMonetaryTotal", "<x:Colour xmlns:x='urn:x'>red</x:Colour>")
    )
    assert (len(judgement.accepted), judgement.unknown) == (1, {"{urn:x}Colour"})


# -- once


TWICE = (
    "CustomizationID ID IssueDate InvoiceTypeCode DocumentCurrencyCode LegalMonetaryTotal LineExtensionAmount"
    " TaxExclusiveAmount TaxInclusiveAmount AllowanceTotalAmount PayableAmount TaxAmount TaxableAmount Percent"
    " ChargeIndicator Amount InvoicedQuantity PriceAmount AccountingSupplierParty Price CompanyID"
)
CII_TWICE = (
    "ExchangedDocument SupplyChainTradeTransaction TypeCode IssueDateTime DateTimeString InvoiceCurrencyCode"
    " ApplicableHeaderTradeSettlement SpecifiedTradeSettlementHeaderMonetarySummation DuePayableAmount LineTotalAmount"
    " TaxTotalAmount GrandTotalAmount TaxBasisTotalAmount CalculatedAmount BasisAmount RateApplicablePercent Indicator"
    " ActualAmount BilledQuantity ChargeAmount SellerTradeParty SpecifiedTradeSettlementLineMonetarySummation"
)


@pytest.mark.parametrize(
    ("written", "element"), [*((as_ubl, one) for one in TWICE.split()), *((as_cii, one) for one in CII_TWICE.split())]
)
def test_what_money_hangs_on_stands_once(written: Writer, element: str) -> None:
    """Also the same thing said twice: nobody can tell which of two is meant."""
    body = written(FINE)
    found = re.search(rf"<(\w+):{element}[\s>].*?</\1:{element}>".encode(), body, re.DOTALL)
    assert found
    twice = body[: found.end()] + found.group() + body[found.end() :]
    assert ("freight.stands_twice", element) in faults(twice)


@pytest.mark.parametrize("inner", ["<cbc:Note>9</cbc:Note>", "<x:y xmlns:x='urn:x'>9</x:y>"])
def test_an_amount_holds_no_other_element(inner: str) -> None:
    body = as_ubl(FINE).replace(b">166.60</cbc:PayableAmount>", f">16{inner}6.60</cbc:PayableAmount>".encode())
    assert ("freight.element_content", "PayableAmount") in faults(body)


# -- the law: whatever is done to a document, no amount is delivered that none of its own elements says

pieces = st.sampled_from(
    [
        '<x:PayableAmount xmlns:x="urn:evil">7777.00</x:PayableAmount>',
        "<cbc:PayableAmount>7777.00</cbc:PayableAmount>",
        '<PayableAmount xmlns="">7777.00</PayableAmount>',
        "<cac:LegalMonetaryTotal><cbc:PayableAmount>7777.00</cbc:PayableAmount></cac:LegalMonetaryTotal>",
        "<!-- <cbc:PayableAmount>7777.00</cbc:PayableAmount> -->",
        "<![CDATA[<cbc:PayableAmount>7777.00</cbc:PayableAmount>]]>",
        "<?pay 7777.00?>",
        "7777.00",
        "<cbc:Note>7777.00</cbc:Note>",
        "<x:any xmlns:x='urn:x'><cbc:PayableAmount>7777.00</cbc:PayableAmount></x:any>",
        "<cac:AllowanceCharge><cbc:ChargeIndicator>true</cbc:ChargeIndicator><cbc:Amount>7777.00</cbc:Amount></cac:AllowanceCharge>",
        "<ram:DuePayableAmount>7777.00</ram:DuePayableAmount>",
        '<x:DuePayableAmount xmlns:x="urn:evil">7777.00</x:DuePayableAmount>',
    ]
)
changes = st.sampled_from(["insert", "wrap", "empty", "drop", "twice"])
_ENTITIES = f"{CII}:ReusableAggregateBusinessInformationEntity"
SYNTAX: dict[str, tuple[Writer, str]] = {
    "ubl": (as_ubl, f"{{{BASIC}}}PayableAmount"),
    "cii": (as_cii, f"{{{_ENTITIES}:100}}DuePayableAmount"),
    "zugferd1": (as_zugferd1, f"{{{_ENTITIES}:12}}DuePayableAmount"),
}


def amounts_of(body: bytes, due: str) -> set[Decimal]:
    """What the document's own elements of this name say, as a parser sees them that is none of ours; "" for every
    amount in the same namespace."""
    found = set[Decimal]()
    for one in ET.fromstring(body).iter():
        if one.tag == due or (due.endswith("}") and one.tag.startswith(due) and one.tag.endswith("Amount")):
            try:
                found.add(Decimal("".join(one.itertext()).strip()))
            except InvalidOperation:
                continue
    return found


@settings(max_examples=examples(400), deadline=None)
@given(st.sampled_from([*SYNTAX]), st.lists(st.tuples(changes, pieces, st.floats(0, 1)), min_size=1, max_size=3))
def test_no_amount_is_delivered_that_none_of_the_documents_own_elements_says(
    syntax: str, edits: list[tuple[str, str, float]]
) -> None:
    write, due_name = SYNTAX[syntax]
    body = write(replace(FINE, profile="")).decode()
    for change, piece, where in edits:
        tags = list(re.finditer(r"<[a-z]+:(\w+)[^>]*>", body))
        if not tags:
            break
        one = tags[min(len(tags) - 1, int(where * len(tags)))]
        body = edited(body, change, piece, one)
    try:
        own, every = (amounts_of(body.encode(), name) for name in (due_name, due_name.partition("}")[0] + "}"))
        judged = judge_file(FREIGHT, body.encode())
    except (ET.ParseError, Refused):
        return
    for record in judged.accepted:
        invoice: dict[str, Any] = json.loads(record.payload)
        assert Decimal(invoice["totals"]["due"]) in own
        assert set(map(abs, stated_in(invoice))) <= set(map(abs, every))


def stated_in(invoice: dict[str, Any]) -> Iterator[Decimal]:
    """Every amount that is delivered, but for those that are sums of several elements."""
    for name, amount in invoice["totals"].items():
        if name not in ("tax", "withheld", "third_party", "weight", "line_count", "reading"):
            yield Decimal(amount)
    for one in (*invoice["lines"], *invoice.get("charges", ()), *invoice.get("taxes", ())):
        yield from (Decimal(one[name]) for name in ("amount", "unit_price", "taxable", "base") if name in one)


def edited(body: str, change: str, piece: str, tag: re.Match[str]) -> str:
    if change == "insert":
        return body[: tag.start()] + piece + body[tag.start() :]
    if change == "wrap":
        return body[: tag.end()] + piece + body[tag.end() :]
    end = body.find(f":{tag[1]}>", tag.end())
    if end < 0:
        return body
    end += len(tag[1]) + 2
    if change == "twice":
        return body[:end] + body[tag.start() : end] + body[end:]
    return body[: tag.start()] + ("" if change == "drop" else piece) + body[end:]


@SYNTAXES
@pytest.mark.parametrize("change", ["text", "empty", "twice", "itself", "attribute", "none", "huge"])
def test_whatever_becomes_of_an_element_the_document_is_read_or_rejected(written: Writer, change: str) -> None:
    """Each element in turn; nothing is raised, and what is due stays what the document's own element says."""
    sound = ET.fromstring(written(FINE))
    for at in range(1, sum(1 for _ in sound.iter())):
        root = ET.fromstring(written(FINE))
        spoil(root, list(root.iter())[at], change)
        for one in due(ET.tostring(root)):
            assert one == "166.60"


def spoil(root: ET.Element, element: ET.Element, change: str) -> None:
    parent = next(one for one in root.iter() if element in list(one))
    if change in ("text", "empty", "huge"):
        for child in list(element):
            element.remove(child)
        element.text = {"text": "oops", "empty": None, "huge": "9" * 40}[change]
    elif change == "twice":
        parent.append(element)
    elif change == "itself":
        element.append(ET.fromstring(ET.tostring(element)))
    elif change == "attribute":
        element.attrib |= {"currencyID": "XXX", "schemeID": "", "format": "9"}
    else:
        parent.remove(element)
