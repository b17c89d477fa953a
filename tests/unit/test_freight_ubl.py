"""UBL invoices: the sums of OASIS's library, worked by hand, and what makes a document no invoice."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from penstock.feeds.freight import FREIGHT
from penstock.model.errors import Refused
from tests.support.invoices import SUPPLIER, TOTALS, amount, ubl, ubl_file
from tests.support.reading import judge_file


def faults(**changes: Any) -> list[tuple[str, str | None]]:
    judgement = judge_file(FREIGHT, ubl_file(ubl(**changes)))
    return [(finding.code, finding.field) for one in judgement.rejected for finding in one.findings]


def with_totals(**totals: str) -> dict[str, Any]:
    return {"totals": {**TOTALS, **totals}}


def told(**changes: Any) -> dict[str, Any]:
    (one,) = judge_file(FREIGHT, ubl_file(ubl(**changes))).accepted
    return json.loads(one.payload)


def test_a_document_becomes_an_invoice() -> None:
    subtotal = (
        f"<cac:TaxSubtotal>{amount('TaxableAmount', '380.00')}{amount('TaxAmount', '76.00')}<cac:TaxCategory>"
        "<cbc:Percent>20</cbc:Percent><cac:TaxScheme><cbc:ID>VAT</cbc:ID></cac:TaxScheme></cac:TaxCategory>"
        "</cac:TaxSubtotal>"
    )
    supplier = f"{SUPPLIER}<cac:PartyName><cbc:Name>Acme Fracht</cbc:Name></cac:PartyName>"
    assert told(tax=amount("TaxAmount", "76.00") + subtotal, supplier=supplier) == {
        "document_type": "ubl_invoice",
        "kind": "invoice",
        "purpose": "original",
        "sign": 1,
        "carrier": "ACME",
        "carrier_scheme": "SCAC",
        "scac": "ACME",
        "invoice_number": "INV-3",
        "invoice_date": "2026-11-20",
        "due_date": "2026-12-20",
        "currency": "EUR",
        "parties": [{"role": "AccountingSupplierParty", "name": "Acme Fracht", "id": "ACME", "id_kind": "SCAC"}],
        "lines": [{"number": "1", "amount": "150.00"}, {"number": "2", "amount": "250.00"}],
        "charges": [{"kind": "discount", "amount": "-30.00"}, {"kind": "accessorial", "amount": "10.00"}],
        "taxes": [{"amount": "76.00", "kind": "VAT", "percent": "20", "taxable": "380.00"}],
        "totals": {
            "due": "456.00",
            "lines": "400.00",
            "charges": "10.00",
            "allowances": "30.00",
            "tax_exclusive": "380.00",
            "tax": "76.00",
            "tax_inclusive": "456.00",
        },
    }


@pytest.mark.parametrize("line", ["FreightInvoiceLine", "InvoiceLine"])
def test_a_freight_invoice_is_one_too(line: str) -> None:
    """Its schema has FreightInvoiceLine, OASIS's own example InvoiceLine."""
    assert told(root="FreightInvoice", line=line)["document_type"] == "ubl_freight_invoice"


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"lines": ("150.00", "250.01")}, "freight.line_total totals.lines"),
        (with_totals(LineExtensionAmount="400.01"), "freight.line_total totals.lines"),
        (with_totals(AllowanceTotalAmount="30.01"), "freight.allowance_total totals.allowances"),
        (with_totals(ChargeTotalAmount="0"), "freight.charge_total totals.charges"),
        (with_totals(TaxExclusiveAmount="380.01"), "freight.tax_exclusive totals.tax_exclusive"),
        (with_totals(TaxInclusiveAmount="456.01"), "freight.tax_inclusive totals.tax_inclusive"),
        ({"tax": amount("TaxAmount", "76.01")}, "freight.tax_inclusive totals.tax_inclusive"),
        (with_totals(PayableAmount="456.01"), "freight.payable totals.due"),
        (with_totals(PrepaidAmount="0.01"), "freight.payable totals.due"),
    ],
)
def test_a_document_that_does_not_add_up_rejects(changes: dict[str, Any], fault: str) -> None:
    assert fault in [" ".join(map(str, one)) for one in faults(**changes)]


@pytest.mark.parametrize(
    ("totals", "sound"),
    [
        # EN 16931 BR-CO-16: the rounding comes on top of the amount with taxes.
        ({"PayableRoundingAmount": "0.40", "PayableAmount": "456.40"}, True),
        # OASIS's own example: it is in that amount already, and a part is paid.
        (
            {"PayableRoundingAmount": "0.40", "TaxInclusiveAmount": "456.40", "PayableAmount": "256.40",
             "PrepaidAmount": "200.00"},
            True,
        ),
        # Once, and not twice, and not never.
        ({"PayableRoundingAmount": "0.40", "TaxInclusiveAmount": "456.40", "PayableAmount": "456.80"}, False),
        ({"PayableRoundingAmount": "0.40", "PayableAmount": "456.00"}, False),
        ({"PayableRoundingAmount": "-0.40", "PayableAmount": "455.60"}, True),
        ({"PrepaidAmount": "56.00", "PayableAmount": "400.00"}, True),
        ({"PrepaidAmount": "456.00", "PayableAmount": "0"}, True),
        ({"TaxInclusiveAmount": ""}, True),
        ({"TaxInclusiveAmount": "", "TaxExclusiveAmount": "", "LineExtensionAmount": ""}, True),
        ({"TaxInclusiveAmount": "", "PayableAmount": "455.00"}, False),
    ],
)  # fmt: skip
def test_the_payable_amount_counts_rounding_and_prepayment_once(totals: Mapping[str, str], sound: bool) -> None:
    expected = [] if sound else [("freight.payable", "totals.due")]
    assert faults(**with_totals(**totals)) == expected


def test_a_document_of_one_line_and_an_amount_is_enough() -> None:
    """As OASIS's trivial example."""
    plain = {"lines": ("100.00",), "allowances": (), "tax": ""}
    assert faults(**plain, totals={"PayableAmount": "100.00"}) == []
    assert faults(**plain, totals={"PayableAmount": "100.01"}) == [("freight.payable", "totals.due")]


def test_a_tax_told_in_another_currency_as_well_counts_once() -> None:
    other = f"{amount('TaxAmount', '76.00')}</cac:TaxTotal><cac:TaxTotal>{amount('TaxAmount', '700.00', 'SEK')}"
    assert faults(tax=other) == []


def test_several_taxes_add_up() -> None:
    two = f"{amount('TaxAmount', '70.00')}</cac:TaxTotal><cac:TaxTotal>{amount('TaxAmount', '6.00')}"
    assert told(tax=two)["totals"]["tax"] == "76.00"


@pytest.mark.parametrize("currency", ["USD", "eur"])
def test_an_amount_in_another_currency_than_the_document_rejects(currency: str) -> None:
    unknown = [("freight.currency_unknown", "DocumentCurrencyCode")] if currency == "eur" else []
    found = faults(currency=currency)
    assert [one for one in found if one[0] != "freight.currency"] == unknown
    assert ("freight.currency", "PayableAmount") in found


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"lines": ()}, ("freight.no_lines", "InvoiceLine")),
        ({"number": ""}, ("freight.element_missing", "ID")),
        ({"issued": ""}, ("freight.element_missing", "IssueDate")),
        (with_totals(PayableAmount=""), ("freight.element_missing", "PayableAmount")),
        ({"supplier": ""}, ("freight.carrier_missing", "AccountingSupplierParty")),
        ({"supplier": SUPPLIER.replace("ACME", "ACME1")}, ("freight.scac", "AccountingSupplierParty")),
        ({"lines": ("150,00", "250.00")}, ("freight.amount", "LineExtensionAmount")),
        (with_totals(PayableAmount="NaN"), ("freight.amount", "PayableAmount")),
        ({"issued": "20.11.2026"}, ("freight.date", "IssueDate")),
    ],
)
def test_a_document_that_is_no_invoice_rejects(changes: dict[str, Any], fault: tuple[str, str]) -> None:
    assert faults(**changes) == [fault]


@pytest.mark.parametrize(
    ("supplier", "carrier"),
    [
        ("<cac:PartyTaxScheme><cbc:CompanyID>DE4711</cbc:CompanyID></cac:PartyTaxScheme>", "DE4711"),
        ("<cac:PartyName><cbc:Name>Acme Fracht</cbc:Name></cac:PartyName>", "Acme Fracht"),
        ("<cac:PartyIdentification><cbc:ID>V-17</cbc:ID></cac:PartyIdentification>" + SUPPLIER, "ACME"),
    ],
)
def test_the_carrier_is_who_sends_the_invoice(supplier: str, carrier: str) -> None:
    invoice = told(supplier=supplier)
    assert (invoice["carrier"], invoice.get("scac")) == (carrier, "ACME" if carrier == "ACME" else None)


def test_several_documents_in_one_file_are_as_many_records() -> None:
    body = ubl_file(ubl(number="A"), ubl(number="B", root="FreightInvoice"), ubl(number="C", supplier=""), "<Note/>")
    judgement = judge_file(FREIGHT, body)
    assert [json.loads(one.payload)["invoice_number"] for one in judgement.accepted] == ["A", "B"]
    assert [(one.ordinal, one.findings[0].code) for one in judgement.rejected] == [
        (2, "freight.carrier_missing"),
        (3, "format.element"),
    ]


def test_what_is_odd_is_flagged() -> None:
    judgement = judge_file(FREIGHT, ubl_file(ubl(due="2026-11-19")))
    assert (len(judgement.accepted), judgement.findings) == (1, {"freight.due_before_issue": 1})


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b'<Order xmlns="urn:oasis:names:specification:ubl:schema:xsd:Order-2"/>', "format.element"),
        (b'<Invoice xmlns="urn:another"/>', "format.element"),
        (b"%PDF-1.7\n", "format.binary"),
        (b"invoice,amount\n1,2\n", "format.unrecognised"),
        (b"", "format.empty"),
    ],
)
def test_a_file_that_holds_no_invoices_is_refused(body: bytes, code: str) -> None:
    with pytest.raises(Refused) as refusal:
        FREIGHT.recognise(body)
    assert refusal.value.code == code


def test_a_pdf_is_called_one() -> None:
    with pytest.raises(Refused, match="PDF"):
        FREIGHT.recognise(b"%PDF-1.7\n")


def test_no_finding_repeats_a_value() -> None:
    secret = "Mrs-Miller-4711" * 20
    wrong: list[dict[str, Any]] = [
        {"number": secret},
        {"issued": secret},
        {"currency": secret},
        {"supplier": SUPPLIER.replace("ACME", secret)},
        {"lines": (secret,)},
        {"tax": amount("TaxAmount", secret)},
        with_totals(PayableAmount=secret),
    ]
    for changes in wrong:
        judgement = judge_file(FREIGHT, ubl_file(ubl(**changes)))
        assert judgement.rejected
        assert secret[:15] not in json.dumps([f.as_dict() for one in judgement.rejected for f in one.findings])


def line_of(*inner: str, unit: str = "KGM") -> dict[str, Any]:
    """The first line's figures."""
    figures = f'<cbc:InvoicedQuantity unitCode="{unit}">500</cbc:InvoicedQuantity>{"".join(inner)}'
    body = ubl().replace("<cac:InvoiceLine><cbc:ID>1</cbc:ID>", f"<cac:InvoiceLine><cbc:ID>1</cbc:ID>{figures}", 1)
    judgement = judge_file(FREIGHT, ubl_file(body))
    if judgement.rejected:
        return {"code": judgement.rejected[0].findings[0].code}
    return json.loads(judgement.accepted[0].payload)["lines"][0] | {
        "flags": [finding.code for one in judgement.flagged for finding in one.findings]
    }


def price(value: str, base: str = "", unit: str = "KGM") -> str:
    per = f'<cbc:BaseQuantity unitCode="{unit}">{base}</cbc:BaseQuantity>' if base else ""
    return f"<cac:Price>{amount('PriceAmount', value)}{per}</cac:Price>"


def test_a_price_for_another_unit_is_reckoned_in_that_of_the_quantity() -> None:
    """500 kg at 300.00 a tonne are 150.00."""
    assert line_of(price("300.00", "1", "TNE"))["price_per"] == "1000"
    assert line_of(price("0.30", "1", "TNE"))["code"] == "freight.line_amount"
    unknown = line_of(price("300.00", "1", "XPX"))
    assert (unknown["price_unit"], unknown["flags"]) == ("XPX", ["freight.price_unit"])


def test_a_line_that_is_given_away_comes_to_nothing() -> None:
    free = "<cbc:FreeOfChargeIndicator>true</cbc:FreeOfChargeIndicator>"
    assert line_of(free, price("300.00"))["code"] == "freight.line_amount"  # as it comes to 150.00
    given = ubl({"PayableAmount": "250.00"}, ("0.00", "250.00"), allowances=(), tax="").replace(
        "<cac:InvoiceLine><cbc:ID>1</cbc:ID>", f"<cac:InvoiceLine><cbc:ID>1</cbc:ID>{free}{price('9.00')}", 1
    )
    (one,) = judge_file(FREIGHT, ubl_file(given)).accepted
    assert json.loads(one.payload)["lines"][0]["status"] == "free_of_charge"


def test_a_document_with_the_lines_of_a_credit_note_is_neither() -> None:
    body = ubl().replace("cac:InvoiceLine>", "cac:CreditNoteLine>")
    assert json.loads(judge_file(FREIGHT, ubl_file(body)).accepted[0].payload)["kind"] == "unknown"


def test_a_means_of_payment_has_one_account_and_a_seller_one_number_of_a_scheme() -> None:
    account = "<cac:PayeeFinancialAccount><cbc:ID>{}</cbc:ID></cac:PayeeFinancialAccount>"
    means = f"<cac:PaymentMeans>{account.format(1)}{account.format(2)}</cac:PaymentMeans>"
    body = ubl().replace("<cac:LegalMonetaryTotal>", f"{means}<cac:LegalMonetaryTotal>")
    (reject,) = judge_file(FREIGHT, ubl_file(body)).rejected
    assert [one.field for one in reject.findings] == ["PayeeFinancialAccount"]
    assert faults(supplier=SUPPLIER + SUPPLIER.replace("ACME", "OTHR")) == [
        ("freight.stands_twice", "AccountingSupplierParty")
    ]
    assert faults(supplier=SUPPLIER + SUPPLIER) == []


def test_an_allowance_below_nothing_is_looked_at() -> None:
    body = ubl({"LineExtensionAmount": "400.00", "PayableAmount": "430.00"}, allowances=(("false", "-30.00"),), tax="")
    (one,) = judge_file(FREIGHT, ubl_file(body)).flagged
    assert [finding.code for finding in one.findings] == ["freight.allowance_turned"]
