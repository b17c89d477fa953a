"""What a UBL or CII document says it is, whom it pays, when, and by which numbers a payer finds it."""

import json
from dataclasses import replace
from typing import Any

import pytest

from penstock.feeds.freight import FREIGHT
from penstock.feeds.freight.xml_documents import read_document
from penstock.model.errors import Refused
from tests.support.documents import Document, Item, Writer, as_cii, as_ubl
from tests.support.reading import judge_file

SYNTAXES = pytest.mark.parametrize("written", [as_ubl, as_cii])
FINE = Document()


def told(body: bytes) -> dict[str, Any]:
    (one,) = judge_file(FREIGHT, body).accepted
    return json.loads(one.payload)


def faults(body: bytes) -> list[tuple[str, str | None]]:
    return [(one.code, one.field) for record in judge_file(FREIGHT, body).rejected for one in record.findings]


def about(body: bytes, *fields: str) -> tuple[Any, ...]:
    invoice = told(body)
    return tuple(invoice.get(field) for field in fields)


# -- 1: what it is (UNTDID 1001)


@SYNTAXES
@pytest.mark.parametrize(
    ("code", "kind", "sign"),
    [
        ("380", "invoice", 1),
        ("326", "partial_invoice", 1),
        ("386", "prepayment_invoice", 1),
        ("389", "self_billed_invoice", 1),
        ("751", "accounting_information", 1),
        ("875", "construction_invoice", 1),
        ("876", "construction_invoice", 1),
        ("877", "construction_invoice", 1),
        ("383", "debit_note", 1),
        ("381", "credit_note", -1),
        ("396", "credit_note", -1),
        ("384", "corrected_invoice", 1),
        ("325", "proforma_invoice", 1),
        ("9999", "unknown", 1),
    ],
)
def test_a_document_is_what_its_type_code_says(written: Writer, code: str, kind: str, sign: int) -> None:
    body = written(replace(FINE, code=code))
    assert about(body, "kind", "kind_code", "purpose", "sign") == (kind, code, "original", sign)


@pytest.mark.parametrize(
    ("code", "kind"), [("381", "credit_note"), ("", "credit_note"), ("384", "corrected_invoice"), ("380", "unknown")]
)
def test_a_credit_note_is_one_and_if_it_calls_itself_an_invoice_nobody_knows(code: str, kind: str) -> None:
    body = as_ubl(replace(FINE, code=code), root="CreditNote")
    assert about(body, "document_type", "kind") == ("ubl_credit_note", kind)
    assert told(body)["lines"][0]["quantity"] == "10"


@pytest.mark.parametrize(
    ("says", "purpose"), [("true", "copy"), ("1", "copy"), ("false", "original"), ("yes", "unknown")]
)
def test_a_copy_says_so(says: str, purpose: str) -> None:
    ubl = as_ubl(replace(FINE, head=f"<cbc:CopyIndicator>{says}</cbc:CopyIndicator>"))
    cii = as_cii(replace(FINE, head=f"<ram:CopyIndicator><udt:Indicator>{says}</udt:Indicator></ram:CopyIndicator>"))
    assert about(ubl, "purpose") == about(cii, "purpose") == (purpose,)


@pytest.mark.parametrize(
    ("code", "purpose"), [("9", "original"), ("5", "correction"), ("7", "copy"), ("1", "cancellation")]
)
def test_cii_says_what_it_is_sent_for(code: str, purpose: str) -> None:
    body = as_cii(replace(FINE, head=f"<ram:PurposeCode>{code}</ram:PurposeCode>"))
    assert about(body, "purpose", "purpose_code") == (purpose, code)


def test_what_it_refers_to_is_named() -> None:
    reference = "<cbc:ID>R-0</cbc:ID><cbc:IssueDate>2026-10-01</cbc:IssueDate>"
    for name in ("InvoiceDocumentReference", "CreditNoteDocumentReference"):
        head = f"<cac:BillingReference><cac:{name}>{reference}</cac:{name}></cac:BillingReference>"
        assert told(as_ubl(replace(FINE, head=head)))["refers_to"] == [{"number": "R-0", "date": "2026-10-01"}]
    more = (
        "<ram:InvoiceReferencedDocument><ram:IssuerAssignedID>R-0</ram:IssuerAssignedID><ram:FormattedIssueDateTime>"
        '<qdt:DateTimeString format="102">20261001</qdt:DateTimeString></ram:FormattedIssueDateTime>'
        "</ram:InvoiceReferencedDocument>"
    )
    assert told(as_cii(replace(FINE, more=more)))["refers_to"] == [{"number": "R-0", "date": "2026-10-01"}]


@pytest.mark.parametrize(
    "test",
    [
        as_cii(FINE, context="<ram:TestIndicator><udt:Indicator>true</udt:Indicator></ram:TestIndicator>"),
        as_ubl(replace(FINE, head="<cbc:ProfileExecutionID>Test</cbc:ProfileExecutionID>")),
        as_ubl(replace(FINE, profile="urn:example:profile#test")),
    ],
)
def test_a_test_is_one(test: bytes) -> None:
    assert told(test)["test"] is True
    assert "test" not in told(as_ubl(FINE))
    assert "test" not in told(as_ubl(replace(FINE, profile="urn:example:latest-attested")))


@SYNTAXES
def test_the_specification_is_no_part_of_what_is_delivered(written: Writer) -> None:
    """The same invoice sent under another one is a duplicate and no conflict."""
    (one,) = judge_file(FREIGHT, written(FINE)).accepted
    (other,) = judge_file(FREIGHT, written(replace(FINE, profile="urn:cen.eu:en16931:2017"))).accepted
    assert (one.identity, one.payload) == (other.identity, other.payload)


# -- 6: who is paid


def party(name: str = "", **numbers: str) -> str:
    """A seller in UBL."""
    parts = [
        *(f"<cbc:EndpointID schemeID='EM'>{numbers[one]}</cbc:EndpointID>" for one in numbers if one == "endpoint"),
        *(
            f"<cac:PartyIdentification><cbc:ID schemeID='{one[2:].lstrip('_')}'>{text}</cbc:ID>"
            "</cac:PartyIdentification>"
            for one, text in numbers.items()
            if one.startswith("id")
        ),
        f"<cac:PartyName><cbc:Name>{numbers['trades_as']}</cbc:Name></cac:PartyName>" if "trades_as" in numbers else "",
        *(
            f"<cac:PartyTaxScheme><cbc:CompanyID>{text}</cbc:CompanyID><cac:TaxScheme><cbc:ID>{one[4:]}</cbc:ID></cac:TaxScheme>"
            "</cac:PartyTaxScheme>"
            for one, text in numbers.items()
            if one.startswith("tax_")
        ),
        f"<cac:PartyLegalEntity>{f'<cbc:RegistrationName>{name}</cbc:RegistrationName>' if name else ''}"
        + "".join(
            f"<cbc:CompanyID schemeID='{one[6:]}'>{text}</cbc:CompanyID>"
            for one, text in numbers.items()
            if one.startswith("legal")
        )
        + "</cac:PartyLegalEntity>",
    ]
    return "".join(parts)


@pytest.mark.parametrize(
    ("seller", "scheme", "carrier"),
    [
        (party("Acme", idSCAC="ACME", tax_VAT="DE1"), "SCAC", "ACME"),
        (party("Acme", tax_VAT="DE 123-456.789", legal_0204="991", id_0088="40"), "VAT", "DE123456789"),
        (party("Acme", legal_0204="991", id_0088="40"), "0204", "991"),
        (party("Acme", legal_="HRB 7", id_0088="40"), "legal_registration", "HRB 7"),
        (party("Acme", id_0088="4012345000009"), "0088", "4012345000009"),
        (party("Acme", id_="V-17"), "party_id", "V-17"),
        (party("Acme", tax_FC="123/456"), "tax_registration", "123/456"),
        (party("Acme", id_SEPA="DE98ZZZ"), "SEPA", "DE98ZZZ"),
        (party("Acme GmbH", trades_as="Acme"), "name", "Acme GmbH"),
        (party(trades_as="Acme"), "name", "Acme"),
        (party("Acme", endpoint="bills@service.example"), "name", "Acme"),
    ],
)
def test_who_is_paid_goes_by_the_strongest_number_with_its_scheme(seller: str, scheme: str, carrier: str) -> None:
    assert about(as_ubl(FINE, seller=seller), "carrier_scheme", "carrier") == (scheme, carrier)


@pytest.mark.parametrize(
    ("seller", "scheme", "carrier"),
    [
        (
            '<ram:SpecifiedTaxRegistration><ram:ID schemeID="VA">DE1</ram:ID></ram:SpecifiedTaxRegistration>',
            "VAT",
            "DE1",
        ),
        ('<ram:GlobalID schemeID="0088">4012345000009</ram:GlobalID>', "0088", "4012345000009"),
        (
            '<ram:SpecifiedLegalOrganization><ram:ID schemeID="0002">732</ram:ID></ram:SpecifiedLegalOrganization>',
            "0002",
            "732",
        ),
        (
            "<ram:SpecifiedLegalOrganization><ram:ID>HRB 7</ram:ID></ram:SpecifiedLegalOrganization>",
            "legal_registration",
            "HRB 7",
        ),
        ("<ram:ID>V-17</ram:ID>", "party_id", "V-17"),
        ('<ram:GlobalID schemeID="SCAC">ACME</ram:GlobalID>', "SCAC", "ACME"),
        (
            '<ram:SpecifiedTaxRegistration><ram:ID schemeID="FC">1/2</ram:ID></ram:SpecifiedTaxRegistration>',
            "tax_registration",
            "1/2",
        ),
        (
            "<ram:Name>Acme</ram:Name><ram:URIUniversalCommunication><ram:URIID schemeID='EM'>bills@service.example"
            "</ram:URIID></ram:URIUniversalCommunication>",
            "name",
            "Acme",
        ),
    ],
)
def test_so_it_does_in_cii(seller: str, scheme: str, carrier: str) -> None:
    assert about(as_cii(FINE, seller=seller), "carrier_scheme", "carrier") == (scheme, carrier)


def test_other_numbers_of_a_party_are_kept() -> None:
    (seller,) = told(as_ubl(FINE, seller=party("Acme", tax_VAT="DE1", legal_0204="991", id_0088="40")))["parties"]
    assert seller == {
        "role": "AccountingSupplierParty",
        "name": "Acme",
        "id": "DE1",
        "id_kind": "VAT",
        "ids": [{"kind": "0204", "value": "991"}, {"kind": "0088", "value": "40"}],
    }


def test_two_sellers_with_one_address_are_two() -> None:
    one, two = (
        as_ubl(FINE, seller=party(name, endpoint="bills@service.example", tax_VAT=number)).decode()
        for name, number in (("A", "DE1"), ("B", "DE2"))
    )
    first, second = judge_file(FREIGHT, f"<Invoices>{one}{two}</Invoices>".encode()).accepted
    assert first.identity != second.identity


BARE = replace(FINE, number="", currency="", issued="20-11-2026").with_totals(due="", lines="1,00")


@pytest.mark.parametrize(
    "body", [as_ubl(BARE, seller="<cac:PostalAddress/>"), as_cii(BARE, seller="<ram:PostalTradeAddress/>")]
)
def test_one_missing_field_hides_no_other(body: bytes) -> None:
    found = faults(body)
    assert {code for code, _ in found} >= {"freight.carrier_missing", "freight.amount", "freight.date"}
    assert len({field for code, field in found if code == "freight.element_missing"}) == 3


def test_a_document_without_a_carrier_is_told_what_does_not_add_up_as_well() -> None:
    body = as_ubl(FINE.with_totals(due="1.00"), seller="")
    assert {code for code, _ in faults(body)} == {"freight.carrier_missing", "freight.payable"}


@pytest.mark.parametrize(
    ("account", "payee"),
    [
        ("DE89370400440532013000", {"iban": "DE89370400440532013000"}),
        ("DE89 3704 0044 0532 0130 00", {"iban": "DE89370400440532013000"}),
        ("DE88370400440532013000", {"account": "DE88370400440532013000"}),
        ("1234567", {"account": "1234567"}),
    ],
)
def test_where_to_pay_is_delivered_and_an_iban_has_right_check_digits(account: str, payee: dict[str, str]) -> None:
    """The example of ISO 13616's registry for Germany."""
    means = (
        "<cbc:PaymentMeansCode>58</cbc:PaymentMeansCode><cac:PayeeFinancialAccount>"
        f"<cbc:ID>{account}</cbc:ID></cac:PayeeFinancialAccount>"
    )
    ubl = as_ubl(replace(FINE, head=f"<cac:PaymentMeans>{means}</cac:PaymentMeans>"))
    assert about(ubl, "payee", "payment_method") == (payee, "58")
    inner = (
        "<ram:TypeCode>58</ram:TypeCode><ram:PayeePartyCreditorFinancialAccount>"
        f"<ram:IBANID>{account}</ram:IBANID></ram:PayeePartyCreditorFinancialAccount>"
    )
    cii = as_cii(
        replace(
            FINE, more=f"<ram:SpecifiedTradeSettlementPaymentMeans>{inner}</ram:SpecifiedTradeSettlementPaymentMeans>"
        )
    )
    assert about(cii, "payee", "payment_method") == (payee, "58")


def test_who_is_paid_instead_is_named() -> None:
    factor = (
        "<cac:PayeeParty><cac:PartyName><cbc:Name>Factor</cbc:Name></cac:PartyName><cac:PartyLegalEntity>"
        "<cbc:CompanyID>HRB 9</cbc:CompanyID></cac:PartyLegalEntity></cac:PayeeParty>"
    )
    assert told(as_ubl(replace(FINE, head=factor)))["payee"] == {
        "name": "Factor", "id": "HRB 9", "scheme": "legal_registration",
    }  # fmt: skip


# -- 8: nothing that a payer matches on is lost


def test_ubl_keeps_due_dates_terms_references_and_periods() -> None:
    head = (
        "<cbc:DueDate>2026-12-20+01:00</cbc:DueDate><cbc:Note>Thank you</cbc:Note>"
        "<cbc:TaxPointDate>2026-11-19</cbc:TaxPointDate><cbc:BuyerReference>04011000-12345-34</cbc:BuyerReference>"
        "<cac:InvoicePeriod><cbc:StartDate>2026-11-01</cbc:StartDate><cbc:EndDate>2026-11-30Z</cbc:EndDate></cac:InvoicePeriod>"
        "<cac:OrderReference><cbc:ID>PO-7</cbc:ID><cbc:SalesOrderID>SO-8</cbc:SalesOrderID></cac:OrderReference>"
        "<cac:DespatchDocumentReference><cbc:ID>D-1</cbc:ID></cac:DespatchDocumentReference>"
        "<cac:ContractDocumentReference><cbc:ID>C-9</cbc:ID></cac:ContractDocumentReference>"
        "<cac:PaymentTerms><cbc:Note>#SKONTO#TAGE=14#PROZENT=2.25#\n</cbc:Note></cac:PaymentTerms>"
        "<cac:Delivery><cbc:ActualDeliveryDate>2026-11-18</cbc:ActualDeliveryDate><cac:DeliveryLocation><cac:Address>"
        "<cbc:CityName>Ulm</cbc:CityName></cac:Address></cac:DeliveryLocation></cac:Delivery>"
    )
    invoice = told(as_ubl(replace(FINE, head=head)))
    assert {
        name: invoice[name] for name in ("due_date", "buyer_reference", "period", "order_number", "contract_number")
    } == {
        "due_date": "2026-12-20",
        "buyer_reference": "04011000-12345-34",
        "period": {"start": "2026-11-01", "end": "2026-11-30"},
        "order_number": "PO-7",
        "contract_number": "C-9",
    }
    assert invoice["terms"] == [
        {"description": "#SKONTO#TAGE=14#PROZENT=2.25#"},
        {"discount_percent": "2.25", "discount_days": 14},
    ]
    assert invoice["references"] == [
        {"kind": "DespatchDocumentReference", "value": "D-1"},
        {"kind": "SalesOrderID", "value": "SO-8"},
    ]
    assert (invoice["notes"], invoice["delivery_date"]) == (["Thank you"], "2026-11-18")
    assert {"role": "DeliveryLocation", "city": "Ulm"} in invoice["parties"]
    assert invoice["dates"] == [{"kind": "TaxPointDate", "date": "2026-11-19"}]


@pytest.mark.parametrize("where", ["PaymentMeans", "PaymentTerms"])
def test_a_due_date_may_stand_with_the_payment(where: str) -> None:
    head = f"<cac:{where}><cbc:PaymentDueDate>2026-12-24</cbc:PaymentDueDate></cac:{where}>"
    assert told(as_ubl(replace(FINE, head=head)))["due_date"] == "2026-12-24"


def test_cii_keeps_due_dates_terms_references_and_periods() -> None:
    more = (
        "<ram:PaymentReference>R-1/PO-7</ram:PaymentReference><ram:BillingSpecifiedPeriod><ram:StartDateTime>"
        '<udt:DateTimeString format="102">20261101</udt:DateTimeString></ram:StartDateTime>'
        "</ram:BillingSpecifiedPeriod><ram:SpecifiedTradePaymentTerms><ram:Description>30 days</ram:Description>"
        "<ram:DueDateDateTime>"
        '<udt:DateTimeString format="102">20261220</udt:DateTimeString></ram:DueDateDateTime>'
        '<ram:ApplicableTradePaymentDiscountTerms><ram:BasisPeriodMeasure unitCode="DAY">10</ram:BasisPeriodMeasure>'
        "<ram:CalculationPercent>2.00</ram:CalculationPercent></ram:ApplicableTradePaymentDiscountTerms>"
        "</ram:SpecifiedTradePaymentTerms>"
    )
    delivery = (
        "<ram:ShipToTradeParty><ram:Name>Depot</ram:Name><ram:PostalTradeAddress><ram:CityName>Ulm</ram:CityName>"
        "</ram:PostalTradeAddress></ram:ShipToTradeParty><ram:ActualDeliverySupplyChainEvent><ram:OccurrenceDateTime>"
        '<udt:DateTimeString format="102">20261118</udt:DateTimeString></ram:OccurrenceDateTime>'
        "</ram:ActualDeliverySupplyChainEvent>"
    )
    invoice = told(as_cii(replace(FINE, more=more), delivery=delivery))
    assert (invoice["due_date"], invoice["period"], invoice["delivery_date"]) == (
        "2026-12-20",
        {"start": "2026-11-01"},
        "2026-11-18",
    )
    assert invoice["terms"] == [
        {"due_date": "2026-12-20", "discount_percent": "2.00", "discount_days": 10, "description": "30 days"}
    ]
    assert invoice["references"] == [{"kind": "PaymentReference", "value": "R-1/PO-7"}]
    assert {"role": "ShipToTradeParty", "name": "Depot", "city": "Ulm"} in invoice["parties"]


@SYNTAXES
def test_tax_categories_and_what_a_price_is_per_are_delivered(written: Writer) -> None:
    invoice = told(
        written(replace(FINE, items=(Item("1000", "12.50", "125.00", per="100"), Item("1", "25.00", "25.00"))))
    )
    assert invoice["taxes"] == [
        {"amount": "26.60", "kind": "VAT", "category": "S", "percent": "19", "taxable": "140.00"}
    ]
    assert invoice["charges"] == [{"kind": "discount", "amount": "-10.00", "tax_category": "S", "tax_percent": "19"}]
    line = invoice["lines"][0]
    assert (line["unit_price"], line["price_per"], line["taxes"]) == (
        "12.50",
        "100",
        [{"kind": "VAT", "category": "S", "percent": "19"}],
    )


def test_a_name_at_the_documents_own_level_that_is_not_read_is_told() -> None:
    ubl = judge_file(FREIGHT, as_ubl(replace(FINE, head="<cbc:TaxCurrencyCode>SEK</cbc:TaxCurrencyCode>")))
    assert ubl.unknown == {"TaxCurrencyCode"}
    cii = judge_file(FREIGHT, as_cii(replace(FINE, more="<ram:TaxCurrencyCode>SEK</ram:TaxCurrencyCode>")))
    assert cii.unknown == {"ApplicableHeaderTradeSettlement/TaxCurrencyCode"}
    assert not judge_file(FREIGHT, as_ubl(FINE)).unknown


# -- 9: shapes of the real world


@pytest.mark.parametrize("issued", ["2026-11-20Z", "2026-11-20+01:00", "2026-11-20-05:00"])
def test_a_date_with_a_zone_is_the_senders_day(issued: str) -> None:
    assert told(as_ubl(replace(FINE, issued=issued)))["invoice_date"] == "2026-11-20"


@pytest.mark.parametrize("issued", ["2026-02-30", "20261120", "2026-11-20T00:00:00", "2026-11-20+1"])
def test_what_is_no_date_rejects(issued: str) -> None:
    assert ("freight.date", "IssueDate") in faults(as_ubl(replace(FINE, issued=issued)))


@pytest.mark.parametrize(
    ("declared", "codec"),
    [
        *(("ISO-8859-1", "iso-8859-1"), ("windows-1252", "cp1252"), ("iso-8859-2", "iso-8859-2")),
        *(("Windows-1250", "cp1250"), ("cp1254", "cp1254"), ("ISO-10646-UCS-2", "utf-8")),
    ],
)
def test_a_document_in_the_encoding_that_it_declares_is_read(declared: str, codec: str) -> None:
    body = f'<?xml version="1.0" encoding="{declared}"?>' + as_ubl(FINE).decode().replace("Haul", "Straße")
    assert told(body.encode(codec))["lines"][0]["description"] == "Straße"


@pytest.mark.parametrize("declared", ["ISO-8859-1", "windows-1252", "iso-8859-15"])
def test_a_document_in_utf_8_that_says_otherwise_is_not_read_as_it_says(declared: str) -> None:
    """Of the letters of Müller each byte is one of ISO 8859-1 as well: MÃ¼ller."""
    body = f'<?xml version="1.0" encoding="{declared}"?>' + as_ubl(FINE).decode().replace("Haul", "Müller")
    assert faults(body.encode()) == [("format.encoding", None)]


SBDH = "http://www.unece.org/cefact/namespaces/StandardBusinessDocumentHeader"
HEADER = "<StandardBusinessDocumentHeader><HeaderVersion>1.0</HeaderVersion></StandardBusinessDocumentHeader>"


@SYNTAXES
def test_the_envelope_of_a_standard_business_document_is_passed_over(written: Writer) -> None:
    body = written(FINE).decode()
    envelope = f'<StandardBusinessDocument xmlns="{SBDH}">{HEADER}{body}</StandardBusinessDocument>'
    assert told(envelope.encode()) == told(written(FINE))
    prefixed = envelope.replace("StandardBusinessDocument", "sh:StandardBusinessDocument").replace(
        "xmlns=", "xmlns:sh=", 1
    )
    prefixed = prefixed.replace('sh:StandardBusinessDocumentHeader">', 'StandardBusinessDocumentHeader">', 1)
    assert told(prefixed.replace("<HeaderVersion>1.0</HeaderVersion>", "").encode()) == told(written(FINE))


def test_an_envelope_of_another_namespace_is_none() -> None:
    body = f'<StandardBusinessDocument xmlns="urn:evil">{HEADER}{as_ubl(FINE).decode()}</StandardBusinessDocument>'
    with pytest.raises(Refused, match="namespace"):
        FREIGHT.recognise(body.encode())


@SYNTAXES
def test_a_document_may_be_read_by_itself_wherever_it_was_found(written: Writer) -> None:
    """In another document, a PDF, it is embedded whole: with its declaration, in whatever encoding."""
    found = read_document(b'\xef\xbb\xbf<?xml version="1.0" encoding="UTF-8"?>\n' + written(FINE))
    assert isinstance(found, dict)
    assert (found["invoice_number"], found["totals"]["due"]) == ("R-1", "166.60")
    found = read_document(('<?xml version="1.0" encoding="UTF-16"?>' + written(FINE).decode()).encode("utf-16"))
    assert isinstance(found, dict)
    wrong = read_document(written(FINE.with_totals(due="x")))
    assert isinstance(wrong, tuple)
    assert [one.code for one in wrong] == ["freight.amount"]


@pytest.mark.parametrize("body", [b"", b"%PDF-1.7", b"<Order/>", b"<Invoice"])
def test_what_is_no_such_document_is_refused_by_itself_too(body: bytes) -> None:
    with pytest.raises(Refused):
        read_document(body)


def test_a_profile_without_lines_is_no_whole_invoice() -> None:
    """Factur-X MINIMUM and BASIC WL."""
    document = replace(FINE, items=(), profile="urn:factur-x.eu:1p0:minimum")
    assert ("freight.no_lines", "IncludedSupplyChainTradeLineItem") in faults(as_cii(document))


def test_factur_x_extended_groups_lines_that_are_in_no_sum() -> None:
    body = as_cii(replace(FINE, profile="urn:cen.eu:en16931:2017#conformant#urn:factur-x.eu:1p0:extended")).decode()
    group = (
        "<ram:IncludedSupplyChainTradeLineItem><ram:AssociatedDocumentLineDocument><ram:LineID>9</ram:LineID>"
        "<ram:LineStatusReasonCode>GROUP</ram:LineStatusReasonCode></ram:AssociatedDocumentLineDocument>"
        "<ram:SpecifiedLineTradeSettlement><ram:SpecifiedTradeSettlementLineMonetarySummation>"
        "<ram:LineTotalAmount>150.00</ram:LineTotalAmount></ram:SpecifiedTradeSettlementLineMonetarySummation>"
        "</ram:SpecifiedLineTradeSettlement></ram:IncludedSupplyChainTradeLineItem>"
    )
    at = body.index("<ram:IncludedSupplyChainTradeLineItem>")
    invoice = told((body[:at] + group + body[at:]).encode())
    assert invoice["lines"][0] == {"number": "9", "subtotal": "150.00", "status": "GROUP"}
    assert invoice["totals"]["lines"] == "150.00"
