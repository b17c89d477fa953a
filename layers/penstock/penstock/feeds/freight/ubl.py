"""UBL 2.0 and 2.1: Invoice and FreightInvoice (OASIS Universal Business Language, library of common elements).

What comes in is the document's tree: children by their local names, attributes as `@name`.
"""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, cast

from penstock.feeds.freight.defects import Defective
from penstock.feeds.freight.kinds import kind_of_1001, says
from penstock.feeds.freight.scac import require_scac
from penstock.feeds.freight.values import joined, said

TYPES = {"Invoice": "ubl_invoice", "FreightInvoice": "ubl_freight_invoice"}
"""Document types by the name of the document's element."""

LINES = ("InvoiceLine", "FreightInvoiceLine")

type Node = Mapping[str, Any]

_DECIMAL = re.compile(r"[+-]?(?:[0-9]{1,15}(?:\.[0-9]{0,8})?|\.[0-9]{1,8})")
_DECIMAL_RULE = "XML Schema Part 2 §3.2.3, decimal"
_PARTIES = ("AccountingSupplierParty", "AccountingCustomerParty", "PayeeParty")
_TOTALS = {
    "lines": "LineExtensionAmount",
    "tax_exclusive": "TaxExclusiveAmount",
    "tax_inclusive": "TaxInclusiveAmount",
    "allowances": "AllowanceTotalAmount",
    "charges": "ChargeTotalAmount",
    "prepaid": "PrepaidAmount",
    "rounding": "PayableRoundingAmount",
    "due": "PayableAmount",
}


def to_record(tree: Node) -> dict[str, Any]:
    """The invoice's fields.

    Raises:
        Defective: it is no such invoice.
    """
    lines = [line for name in LINES for line in all_of(tree, name)]
    if not lines:
        raise Defective("no_lines", LINES[0], "the invoice has no line; a UBL invoice has at least one")
    total = one_of(tree, "LegalMonetaryTotal")
    payable = one_of(total, "PayableAmount")
    must = {"ID": one_of(tree, "ID"), "IssueDate": one_of(tree, "IssueDate"), "PayableAmount": payable}
    for name, node in must.items():
        if not text_of(node):
            raise Defective(
                "element_missing", name, f"the invoice lacks its {name}, which it must have", f"UBL 2.1, {name}"
            )
    amounts = _Amounts(text_of(one_of(tree, "DocumentCurrencyCode")) or attribute(payable, "currencyID"))
    taxes = [tax for tax in all_of(tree, "TaxTotal") if amounts.in_currency(one_of(tax, "TaxAmount"))]
    totals = {name: amounts.read(one_of(total, element), element) for name, element in _TOTALS.items()}
    invoice: dict[str, Any] = {
        "document_type": TYPES[tree["#name"]],
        "invoice_number": text_of(one_of(tree, "ID")),
        "invoice_date": text_of(one_of(tree, "IssueDate")),
        "lines": [_line(line, amounts) for line in lines],
        "charges": [_charge(node, amounts) for node in all_of(tree, "AllowanceCharge")],
        "taxes": [entry for tax in taxes for entry in _taxes(tax, amounts)],
        "parties": [found for role in _PARTIES for node in all_of(tree, role) if (found := _party(role, node))],
        "legs": [_leg(node) for node in all_of(tree, "Shipment", "ShipmentStage")],
        "totals": {name: amount for name, amount in totals.items() if amount},
    }
    if taxes:
        invoice["totals"]["tax"] = amounts.total([one_of(tax, "TaxAmount") for tax in taxes], "TaxAmount")
    invoice = {name: value for name, value in invoice.items() if value}
    return (
        invoice
        | says(kind_of_1001(text_of(one_of(tree, "InvoiceTypeCode"))), "original", False)
        | _carrier(tree)
        | said(
            currency=amounts.currency,
            version=text_of(one_of(tree, "UBLVersionID")),
            due_date=text_of(one_of(tree, "DueDate")) or text_of(one_of(tree, "PaymentMeans", "PaymentDueDate")),
            delivery_date=text_of(one_of(tree, "Delivery", "ActualDeliveryDate")),
            shipment_id=text_of(one_of(tree, "Shipment", "ID")),
            pro_number=text_of(one_of(tree, "Shipment", "Consignment", "CarrierAssignedID")),
        )
    )


# -- the tree


def all_of(node: Any, *names: str) -> list[Any]:
    """The elements at the end of a path."""
    found: list[Any] = [node]
    for name in names:
        below: list[Any] = [cast(Node, one).get(name) for one in found if isinstance(one, dict)]
        found = []
        for one in below:
            found += cast(list[Any], one) if isinstance(one, list) else [] if one is None else [one]
    return found


def one_of(node: Any, *names: str) -> Any:
    """The element at the end of a path that takes the first of each name, None if there is none."""
    for name in names:
        node = cast(Node, node).get(name) if isinstance(node, dict) else None
        if isinstance(node, list):
            node = cast(list[Any], node)[0]
    return node


def text_of(node: Any) -> str:
    """What an element says."""
    text = cast(Node, node).get("#text", "") if isinstance(node, dict) else node
    return text.strip() if isinstance(text, str) else ""


def attribute(node: Any, name: str) -> str:
    """An element's attribute, "" if it is not there."""
    return cast(Node, node).get(f"@{name}", "") if isinstance(node, dict) else ""


# -- amounts


class _Amounts:
    """The amounts of one document, all in one currency."""

    def __init__(self, currency: str) -> None:
        self.currency = currency

    def in_currency(self, node: Any) -> bool:
        """Whether it is in the document's currency; taxes may be told in another one as well."""
        return attribute(node, "currencyID") in ("", self.currency)

    def read(self, node: Any, element: str) -> str:
        """The amount, "" if it is not there.

        Raises:
            Defective: `freight.currency`, `freight.amount`.
        """
        if not self.in_currency(node):
            raise Defective(
                "currency",
                element,
                "the amount is in another currency than the document; an invoice has one",
            )
        return decimal_of(node, element)

    def total(self, nodes: list[Any], element: str) -> str:
        """The sum of such amounts."""
        return str(sum((Decimal(self.read(node, element) or 0) for node in nodes), Decimal()))


def decimal_of(node: Any, element: str) -> str:
    """A decimal number as xsd:decimal has it, "" if it is not there.

    Raises:
        Defective: `freight.amount`.
    """
    text = text_of(node)
    if text and not _DECIMAL.fullmatch(text):
        raise Defective(
            "amount", element, "the number is none: write digits, with a point before the decimals", _DECIMAL_RULE
        )
    return text


# -- the parts


def _line(node: Node, amounts: _Amounts) -> dict[str, Any]:
    quantity = one_of(node, "InvoicedQuantity")
    line: dict[str, Any] = said(
        number=text_of(one_of(node, "ID")),
        description=text_of(one_of(node, "Item", "Description")) or text_of(one_of(node, "Item", "Name")),
        quantity=decimal_of(quantity, "InvoicedQuantity"),
        unit=attribute(quantity, "unitCode"),
        amount=amounts.read(one_of(node, "LineExtensionAmount"), "LineExtensionAmount"),
        unit_price=amounts.read(one_of(node, "Price", "PriceAmount"), "PriceAmount"),
    )
    if "amount" not in line:
        raise Defective(
            "element_missing", "LineExtensionAmount", "a line lacks its LineExtensionAmount", "UBL 2.1, InvoiceLine"
        )
    charges = [_charge(one, amounts) for one in all_of(node, "AllowanceCharge")]
    taxes = [
        {"amount": amount}
        for tax in all_of(node, "TaxTotal")
        if amounts.in_currency(one_of(tax, "TaxAmount"))
        and (amount := amounts.read(one_of(tax, "TaxAmount"), "TaxAmount"))
    ]
    return line | {name: some for name, some in (("charges", charges), ("taxes", taxes)) if some}


def _charge(node: Node, amounts: _Amounts) -> dict[str, str]:
    """An allowance or a charge; allowances are negative."""
    amount = amounts.read(one_of(node, "Amount"), "AllowanceCharge/Amount") or "0"
    charged = text_of(one_of(node, "ChargeIndicator")) in ("true", "1")
    if not charged:
        amount = amount[1:] if amount.startswith("-") else f"-{amount.removeprefix('+')}"
    return {"kind": "accessorial" if charged else "discount", "amount": amount} | said(
        code=text_of(one_of(node, "AllowanceChargeReasonCode")),
        description=text_of(one_of(node, "AllowanceChargeReason")),
    )


def _taxes(node: Node, amounts: _Amounts) -> list[dict[str, str]]:
    """The subtotals of a tax, or the tax as a whole where it has none."""
    return [
        {"amount": amounts.read(one_of(one, "TaxAmount"), "TaxAmount") or "0"}
        | said(
            kind=text_of(one_of(one, "TaxCategory", "TaxScheme", "ID")),
            percent=decimal_of(one_of(one, "TaxCategory", "Percent"), "Percent"),
            taxable=amounts.read(one_of(one, "TaxableAmount"), "TaxableAmount"),
        )
        for one in (all_of(node, "TaxSubtotal") or [node])
    ]


def _party(role: str, node: Any) -> dict[str, Any]:
    """A party under its role's element; a PayeeParty is one itself. Empty if it says nothing."""
    party = one_of(node, "Party") or node
    number = _number_of(party)
    address = one_of(party, "PostalAddress") or one_of(party, "PostalAddress", "Address")
    street = joined(text_of(one_of(address, "StreetName")), text_of(one_of(address, "BuildingNumber")))
    found: dict[str, Any] = said(
        name=text_of(one_of(party, "PartyName", "Name")),
        id=text_of(number),
        id_kind=text_of(number) and attribute(number, "schemeID"),
        city=text_of(one_of(address, "CityName")),
        region=text_of(one_of(address, "CountrySubentity")) or text_of(one_of(address, "CountrySubentityCode")),
        postal_code=text_of(one_of(address, "PostalZone")),
        country=text_of(one_of(address, "Country", "IdentificationCode")),
    )
    lines = [line for line in (street, text_of(one_of(address, "AdditionalStreetName"))) if line]
    found |= {"address": lines} if lines else {}
    return {"role": role, **found} if found else {}


def _number_of(party: Any) -> Any:
    """The number that a party is known by: a SCAC if it has one."""
    numbers = all_of(party, "PartyIdentification", "ID")
    scac = [one for one in numbers if attribute(one, "schemeID").upper() == "SCAC"]
    others = (
        one_of(party, *path)
        for path in (("EndpointID",), ("PartyTaxScheme", "CompanyID"), ("PartyLegalEntity", "CompanyID"))
    )
    return next((one for one in (*scac, *numbers, *others) if text_of(one)), None)


def _carrier(tree: Node) -> dict[str, str]:
    """Who invoices."""
    supplier = one_of(tree, "AccountingSupplierParty")
    party = one_of(supplier, "Party") or supplier
    number = _number_of(party)
    carrier = text_of(number) or text_of(one_of(party, "PartyName", "Name"))
    if not carrier:
        raise Defective(
            "carrier_missing",
            "AccountingSupplierParty",
            "the invoice does not say whose it is; give the carrier's SCAC as the supplier's PartyIdentification",
        )
    if attribute(number, "schemeID").upper() != "SCAC":
        return {"carrier": carrier, "carrier_scheme": attribute(number, "schemeID") or "name"}
    return {"carrier": carrier, "carrier_scheme": "SCAC", "scac": require_scac(carrier, "PartyIdentification")}


def _leg(node: Node) -> dict[str, str]:
    number = _number_of(one_of(node, "CarrierParty"))
    return said(
        sequence=text_of(one_of(node, "ID")),
        carrier=text_of(number) or text_of(one_of(node, "CarrierParty", "PartyName", "Name")),
        mode=text_of(one_of(node, "TransportModeCode")),
    )
