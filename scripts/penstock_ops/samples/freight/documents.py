"""UBL 2.1 invoices: a single one as the document that it is, several in an element that holds them; one a line."""

import random
import re
from collections import Counter
from collections.abc import Callable, Iterator
from decimal import ROUND_HALF_UP, Decimal
from itertools import islice
from typing import BinaryIO
from xml.sax.saxutils import escape

from penstock_ops.samples.sample import Expectation, Outcome, SampleOptions, expectation_line

from .bills import Bill, bills
from .faults import CONFLICT, Faults

_SCHEMA = "urn:oasis:names:specification:ubl:schema:xsd"
_CENT, _DIME = Decimal("0.01"), Decimal("0.10")


class _Figures:
    """What a document says that it comes to. Rounded amounts are in tenths, as where there are no smaller coins."""

    def __init__(self, bill: Bill) -> None:
        rng = random.Random(bill.number)
        self.currency = rng.choice(("EUR", "CHF", "SEK"))
        self.lines = [_euros(line.amount) for line in bill.lines if not line.code]
        self.allowances = [-_euros(line.amount) for line in bill.lines if line.code and line.amount < 0]
        self.charges = [_euros(line.amount) for line in bill.lines if line.code and line.amount > 0]
        self.line_total = sum(self.lines, Decimal())
        self.allowance_total, self.charge_total = sum(self.allowances, Decimal()), sum(self.charges, Decimal())
        self.tax_exclusive = self.line_total - self.allowance_total + self.charge_total
        self.percent = Decimal(rng.choice((0, 7, 19, 25)))
        self.tax = (self.tax_exclusive * self.percent / 100).quantize(_CENT, ROUND_HALF_UP)
        self.tax_inclusive = self.tax_exclusive + self.tax
        self.prepaid = _euros(rng.randrange(100, 4_000)) if rng.random() < 0.2 else Decimal()
        self.rounding = Decimal()
        if rng.random() < 0.3:
            exact = self.tax_inclusive - self.prepaid
            self.rounding = exact.quantize(_DIME, ROUND_HALF_UP) - exact
        self.payable = self.tax_inclusive - self.prepaid + self.rounding
        # Some senders round the amount with taxes itself, and pay what is left of it.
        if rng.random() < 0.5:
            self.tax_inclusive += self.rounding


def _euros(cents: int) -> Decimal:
    return Decimal(cents) / 100


def _amount(name: str, amount: Decimal, currency: str) -> str:
    return f'<cbc:{name} currencyID="{currency}">{amount:.2f}</cbc:{name}>'


def _document(bill: Bill, customer: str) -> str:
    figures = _Figures(bill)

    def amount(name: str, value: Decimal) -> str:
        return _amount(name, value, figures.currency)

    root = "FreightInvoice" if bill.motor else "Invoice"
    return "".join(
        (
            f'<{root} xmlns="{_SCHEMA}:{root}-2" xmlns:cac="{_SCHEMA}:CommonAggregateComponents-2"'
            f' xmlns:cbc="{_SCHEMA}:CommonBasicComponents-2">',
            f"<cbc:UBLVersionID>2.1</cbc:UBLVersionID><cbc:ID>{bill.number}</cbc:ID>",
            f"<cbc:IssueDate>{bill.day}</cbc:IssueDate><cbc:Note>As agreed.</cbc:Note>",
            f"<cbc:DocumentCurrencyCode>{figures.currency}</cbc:DocumentCurrencyCode>",
            f"<cac:Shipment><cbc:ID>{bill.pro}</cbc:ID></cac:Shipment>" if bill.motor else "",
            "<cac:AccountingSupplierParty><cac:Party><cac:PartyIdentification>",
            f'<cbc:ID schemeID="SCAC">{bill.scac}</cbc:ID></cac:PartyIdentification>',
            f"<cac:PartyName><cbc:Name>{escape(bill.carrier)}</cbc:Name></cac:PartyName>",
            "</cac:Party></cac:AccountingSupplierParty>",
            "<cac:AccountingCustomerParty><cac:Party>",
            f"<cac:PartyName><cbc:Name>{escape(customer)}</cbc:Name></cac:PartyName>",
            "</cac:Party></cac:AccountingCustomerParty>",
            *(_extra("false", amount("Amount", one)) for one in figures.allowances),
            *(_extra("true", amount("Amount", one)) for one in figures.charges),
            f"<cac:TaxTotal>{amount('TaxAmount', figures.tax)}<cac:TaxSubtotal>",
            f"{amount('TaxableAmount', figures.tax_exclusive)}{amount('TaxAmount', figures.tax)}<cac:TaxCategory>",
            f"<cbc:Percent>{figures.percent}</cbc:Percent><cac:TaxScheme><cbc:ID>VAT</cbc:ID></cac:TaxScheme>",
            "</cac:TaxCategory></cac:TaxSubtotal></cac:TaxTotal><cac:LegalMonetaryTotal>",
            amount("LineExtensionAmount", figures.line_total),
            amount("TaxExclusiveAmount", figures.tax_exclusive),
            amount("TaxInclusiveAmount", figures.tax_inclusive),
            amount("AllowanceTotalAmount", figures.allowance_total),
            amount("ChargeTotalAmount", figures.charge_total),
            amount("PrepaidAmount", figures.prepaid) if figures.prepaid else "",
            amount("PayableRoundingAmount", figures.rounding) if figures.rounding else "",
            amount("PayableAmount", figures.payable),
            "</cac:LegalMonetaryTotal>",
            *_lines(bill, root, amount),
            f"</{root}>",
        )
    )


def _extra(charged: str, amount: str) -> str:
    indicator = f"<cbc:ChargeIndicator>{charged}</cbc:ChargeIndicator>"
    return f"<cac:AllowanceCharge>{indicator}{amount}</cac:AllowanceCharge>"


def _lines(bill: Bill, root: str, amount: Callable[[str, Decimal], str]) -> Iterator[str]:
    for at, line in enumerate((line for line in bill.lines if not line.code), 1):
        item = f"<cac:Item><cbc:Name>{line.description}</cbc:Name></cac:Item>"
        yield f"<cac:{root}Line><cbc:ID>{at}</cbc:ID>{amount('LineExtensionAmount', _euros(line.amount))}"
        yield f"{item}</cac:{root}Line>"


type Spoil = Callable[[str], str]


def _within(name: str, change: Callable[[str], str]) -> Spoil:
    """Changes what the first element of that name says."""

    def spoil(document: str) -> str:
        begin = document.index(">", document.index(f"<cbc:{name}")) + 1
        end = document.index("<", begin)
        return document[:begin] + change(document[begin:end]) + document[end:]

    return spoil


def _more(said: str) -> str:
    return str(Decimal(said) + Decimal("7.77"))


def _both(first: Spoil, second: Spoil) -> Spoil:
    return lambda document: second(first(document))


def _without_supplier(document: str) -> str:
    end = "</cac:AccountingSupplierParty>"
    return document[: document.index("<cac:AccountingSupplierParty>")] + document.partition(end)[2]


def _without_lines(document: str) -> str:
    """They stand between the totals and the document's end."""
    end = "</cac:LegalMonetaryTotal>"
    return document[: document.index(end)] + end + document[document.rindex("</") :]


def _currency_of_a_line(document: str) -> str:
    at = document.rindex('currencyID="')
    return document[: at + 12] + "JPY" + document[at + 15 :]


def _before(name: str, inserted: str) -> Spoil:
    """With something before the first element of that name."""

    def spoil(document: str) -> str:
        at = document.index(f"<cac:{name}>")
        return document[:at] + inserted + document[at:]

    return spoil


def _again(name: str) -> Spoil:
    """With the first element of that name twice."""

    def spoil(document: str) -> str:
        begin, end = document.index(f"<cbc:{name}>"), document.index(f"</cbc:{name}>") + len(f"</cbc:{name}>")
        return document[:end] + document[begin:]

    return spoil


def _rounding_of_five(document: str) -> str:
    """Everything else adds up."""
    taxed = _said(document, "TaxExclusiveAmount") + _said(document, "TaxAmount")
    payable = taxed - _said(document, "PrepaidAmount") + 5
    if "<cbc:PayableRoundingAmount" not in document:
        currency, at = document[document.index('currencyID="') + 12 :][:3], document.index("<cbc:PayableAmount")
        document = document[:at] + _amount("PayableRoundingAmount", Decimal(), currency) + document[at:]
    changes = {"TaxInclusiveAmount": taxed, "PayableRoundingAmount": Decimal(5), "PayableAmount": payable}
    for name, amount in changes.items():
        document = _within(name, lambda _, amount=amount: f"{amount:.2f}")(document)
    return document


def _said(document: str, name: str) -> Decimal:
    found = re.search(f"<cbc:{name} [^>]*>([^<]*)<", document)
    return Decimal(found[1]) if found else Decimal()


def _rejected(code: str, field: str | None = None) -> Expectation:
    return Expectation("rejected", code, field)


_SPOILS: dict[str, tuple[Spoil, Expectation]] = {
    "line total": (
        _within("LineExtensionAmount", _more),
        _rejected("freight.line_total", "totals.lines"),
    ),
    "tax exclusive": (
        # All that follows from it is raised as well: it is wrong beside the lines alone.
        _both(
            _within("TaxExclusiveAmount", _more),
            _both(_within("TaxInclusiveAmount", _more), _within("PayableAmount", _more)),
        ),
        _rejected("freight.tax_exclusive", "totals.tax_exclusive"),
    ),
    "tax inclusive": (
        _both(_within("TaxInclusiveAmount", _more), _within("PayableAmount", _more)),
        _rejected("freight.tax_inclusive", "totals.tax_inclusive"),
    ),
    "allowances": (
        _within("AllowanceTotalAmount", _more),
        _rejected("freight.allowance_total", "totals.allowances"),
    ),
    "charges": (_within("ChargeTotalAmount", _more), _rejected("freight.charge_total", "totals.charges")),
    "payable": (_within("PayableAmount", _more), _rejected("freight.payable", "totals.due")),
    "tax rate": (
        _within("Percent", _more),
        _rejected("freight.tax_rate", "taxes.amount"),
    ),
    "rounding": (_rounding_of_five, _rejected("freight.rounding", "totals.rounding")),
    "a second number": (_again("ID"), _rejected("freight.stands_twice", "ID")),
    "anybody's amount": (
        _before("LegalMonetaryTotal", '<x:PayableAmount xmlns:x="urn:example:x">1.00</x:PayableAmount>'),
        _rejected("format.namespace", "PayableAmount"),
    ),
    "no number": (_within("ID", lambda _: ""), _rejected("freight.element_missing", "ID")),
    "date": (_within("IssueDate", lambda _: "2026-02-30"), _rejected("freight.date", "IssueDate")),
    "amount": (_within("PayableAmount", lambda _: "1.250,00"), _rejected("freight.amount", "PayableAmount")),
    "currency": (_currency_of_a_line, _rejected("freight.currency", "LineExtensionAmount")),
    "no carrier": (
        _without_supplier,
        _rejected("freight.carrier_missing", "AccountingSupplierParty"),
    ),
    "no lines": (_without_lines, _rejected("freight.no_lines", "InvoiceLine")),
    "broken": (_within("Note", lambda said: f"{said}</cbc:ID>"), _rejected("format.xml")),
}


KINDS = {name: expectation for name, (_, expectation) in _SPOILS.items()}


def write_documents(out: BinaryIO, options: SampleOptions, expected: BinaryIO | None) -> Counter[Outcome]:
    """Writes the file and what must become of its records; counts the records by outcome."""
    faults, outcomes = Faults(options, KINDS), Counter[Outcome]()
    alone = options.records == 1
    out.write(b"" if alone else b'<?xml version="1.0" encoding="UTF-8"?>\n<Invoices>\n')
    for ordinal, bill in enumerate(islice(bills(options.seed), options.records)):
        written, kind, expectation = faults.draw(ordinal, bill)
        document = _document(written, "Corrected & Co." if kind == CONFLICT else written.shipper.name)
        if kind in _SPOILS:
            document = _SPOILS[kind][0](document)
        out.write(f"{document}\n".encode())
        outcomes[expectation.outcome] += 1
        if expected is not None:
            expected.write(expectation_line(ordinal, 1 if alone else ordinal + 3, expectation).encode())
    out.write(b"" if alone else b"</Invoices>\n")
    return outcomes
