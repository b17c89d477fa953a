"""UBL 2: Invoice, CreditNote and FreightInvoice (OASIS Universal Business Language, library of common elements), with
what EN 16931 and Peppol BIS Billing 3.0 make of them.

What comes in is the document's tree: children by their local names, attributes as `@name`.
"""

from collections.abc import Mapping
from typing import Any

from penstock.feeds.freight.currencies import require_currency, smallest_unit
from penstock.feeds.freight.kinds import CLAIMS, Kind, Purpose, kind_of_1001, says
from penstock.feeds.freight.parties import account_of
from penstock.feeds.freight.payments import discounts_in, take_terms
from penstock.feeds.freight.profiles import is_test, profile_of
from penstock.feeds.freight.trees import Node, Tree, attribute, children, each
from penstock.feeds.freight.ubl_lines import charges, line, period, taxes
from penstock.feeds.freight.ubl_names import READ
from penstock.feeds.freight.ubl_parties import carrier, name_of, numbers_of, party, place
from penstock.feeds.freight.values import said
from penstock.feeds.freight.xml_sums import take_reading

TYPES = {"Invoice": "ubl_invoice", "CreditNote": "ubl_credit_note", "FreightInvoice": "ubl_freight_invoice"}
"""Document types by the name of the document's element."""

LINES = ("InvoiceLine", "CreditNoteLine", "FreightInvoiceLine")

_PARTIES = (
    "AccountingSupplierParty",
    "AccountingCustomerParty",
    "PayeeParty",
    "BuyerCustomerParty",
    "SellerSupplierParty",
    "TaxRepresentativeParty",
)
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
_BILLED = (
    "InvoiceDocumentReference",
    "CreditNoteDocumentReference",
    "DebitNoteDocumentReference",
    "SelfBilledInvoiceDocumentReference",
    "SelfBilledCreditNoteDocumentReference",
    "ReminderDocumentReference",
    "AdditionalDocumentReference",
)
_REFERENCES = (
    "DespatchDocumentReference",
    "ReceiptDocumentReference",
    "OriginatorDocumentReference",
    "AdditionalDocumentReference",
    "ProjectReference",
)


def to_record(node: Mapping[str, Any]) -> dict[str, Any]:
    """The invoice's fields.

    Raises:
        Defective: it is no such invoice.
    """
    tree = Tree("UBL 2.1")
    total = tree.one(node, "LegalMonetaryTotal")
    tree.currency = _currency(tree, node, total)
    invoice: dict[str, Any] = {
        "document_type": TYPES[node["#name"]],
        "invoice_number": tree.required(node, "ID"),
        "invoice_date": _issued(tree, node),
        "lines": [line(tree, one) for name in LINES for one in each(node, name)],
        "charges": charges(tree, node),
        "taxes": _taxes(tree, node),
        "parties": _parties(tree, node),
        "legs": [_leg(tree, one) for one in each(_shipment(tree, node), "ShipmentStage")],
        "references": _references(tree, node),
        "refers_to": _refers_to(tree, node),
        "period": next((one for some in each(node, "InvoicePeriod") if (one := period(tree, some))), None),
        "notes": [text for one in each(node, "Note") if (text := tree.text(one))],
        "dates": [{"kind": "TaxPointDate", "date": one} for one in [tree.day(node, "TaxPointDate")] if one],
        "payee": _payee(tree, node),
        "totals": _totals(tree, node, total),
        "unread": sorted(children(node) - READ),
    }
    invoice = {name: value for name, value in invoice.items() if value}
    invoice |= _says(tree, node) | carrier(tree, tree.one(node, "AccountingSupplierParty")) | _singles(tree, node)
    _take_terms(tree, node, invoice)
    if "lines" not in invoice:
        tree.defects.add("no_lines", LINES[0], "the document has no line; a UBL document has at least one")
    tree.settle(invoice)
    take_reading(invoice, smallest_unit(tree.currency))
    return invoice


def _currency(tree: Tree, node: Node, total: Node) -> str:
    currency = tree.text(node, "DocumentCurrencyCode") or attribute(tree.one(total, "PayableAmount"), "currencyID")
    if not currency:
        tree.missing("DocumentCurrencyCode")
        return ""
    return tree.defects.read(lambda: require_currency(currency, "DocumentCurrencyCode"), currency)


def _issued(tree: Tree, node: Node) -> str:
    if not tree.text(node, "IssueDate"):
        tree.missing("IssueDate")
    return tree.day(node, "IssueDate")


def _singles(tree: Tree, node: Node) -> dict[str, str]:
    """What the document says once."""
    shipment = _shipment(tree, node)
    delivered = (tree.day(one, "ActualDeliveryDate") for one in each(node, "Delivery"))
    return said(
        currency=tree.currency,
        version=profile_of(tree.text(node, "CustomizationID")) or tree.text(node, "UBLVersionID"),
        delivery_date=next(filter(None, delivered), ""),
        shipment_id=tree.text(shipment, "ID"),
        pro_number=next(
            (number for one in each(shipment, "Consignment") if (number := tree.text(one, "CarrierAssignedID"))), ""
        ),
        order_number=tree.text(node, "OrderReference", "ID"),
        contract_number=next(
            (number for one in each(node, "ContractDocumentReference") if (number := tree.text(one, "ID"))), ""
        ),
        buyer_reference=tree.text(node, "BuyerReference"),
        payment_method=next(
            (code for one in each(node, "PaymentMeans") if (code := tree.text(one, "PaymentMeansCode"))), ""
        ),
    )


def _shipment(tree: Tree, node: Node) -> Node:
    """Of a FreightInvoice its own, of others that of the first delivery that has one."""
    own = next(iter(each(node, "Shipment")), None)
    return next(iter(each(node, "Delivery", "Shipment")), None) if own is None else own


# -- what it is


def _says(tree: Tree, node: Node) -> dict[str, Any]:
    codes = [code for name in _TYPE_CODES if (code := tree.text(node, name))]
    code = codes[0] if codes else ""
    gives_back = node["#name"] == "CreditNote"
    mixed = any(each(node, name) for name in LINES if (name == "CreditNoteLine") != gives_back)
    # One that calls itself by two names, or has both kinds of lines, is neither.
    kind = _kind(node["#name"], code) if len(set(codes)) < 2 and not mixed else "unknown"
    copied = tree.text(node, "CopyIndicator")
    purpose: Purpose = "original" if copied in ("", "false", "0") else "copy" if copied in ("true", "1") else "unknown"
    test = is_test(tree.text(node, one) for one in ("CustomizationID", "ProfileID", "ProfileExecutionID"))
    return says(
        kind, purpose, test, _made_at(tree, node), kind_code=code, purpose_code="copy" if copied else ""
    ) | said(usage="T" if test else "P")


_TYPE_CODES = ("InvoiceTypeCode", "CreditNoteTypeCode")


def _kind(root: str, code: str) -> Kind:
    """A credit note that calls itself a claim is neither."""
    if root != "CreditNote":
        return kind_of_1001(code)
    kind = kind_of_1001(code) if code else "credit_note"
    return "unknown" if kind in CLAIMS else kind


def _made_at(tree: Tree, node: Node) -> int:
    """When the document was issued, as YYYYMMDDhhmm."""
    digits = "".join(
        one for one in tree.text(node, "IssueDate")[:10] + tree.text(node, "IssueTime")[:5] if one.isdigit()
    )
    return int(digits.ljust(12, "0")) if len(digits) in (8, 12) else 1


def _refers_to(tree: Tree, node: Node) -> list[dict[str, str]]:
    documents = [one for billing in each(node, "BillingReference") for name in _BILLED for one in each(billing, name)]
    return [
        {"number": number} | said(date=tree.day(one, "IssueDate"))
        for one in documents
        if (number := tree.text(one, "ID"))
    ]


# -- who, and by which numbers


def _parties(tree: Tree, node: Node) -> list[dict[str, Any]]:
    found = [one for role in _PARTIES for some in each(node, role) if (one := party(tree, role, some))]
    for delivery in each(node, "Delivery"):
        found += [
            one
            for one in (
                party(tree, "DeliveryParty", tree.one(delivery, "DeliveryParty")),
                place(tree, "DeliveryLocation", tree.one(delivery, "DeliveryLocation")),
            )
            if one
        ]
    return found


def _references(tree: Tree, node: Node) -> list[dict[str, str]]:
    found = [(name, tree.text(one, "ID")) for name in _REFERENCES for one in each(node, name)]
    found += [("ContractDocumentReference", tree.text(one, "ID")) for one in each(node, "ContractDocumentReference")][
        1:
    ]
    found += [
        ("SalesOrderID", tree.text(node, "OrderReference", "SalesOrderID")),
        ("AccountingCost", tree.text(node, "AccountingCost")),
        ("UUID", tree.text(node, "UUID")),
        *(("PaymentID", tree.text(one)) for one in each(node, "PaymentMeans", "PaymentID")),
    ]
    accounts = _accounts(tree, node)
    found += [("PayeeFinancialAccount", account) for account in accounts[1:] if account != accounts[0]]
    return [{"kind": kind, "value": value} for kind, value in dict.fromkeys(found) if value]


def _payee(tree: Tree, node: Node) -> dict[str, str]:
    """Who is paid, if that is not who invoices, and the first account."""
    payee = tree.one(node, "PayeeParty")
    numbers = numbers_of(tree, payee)
    scheme, number = numbers[0] if numbers else ("", "")
    account = next(iter(_accounts(tree, node)), "")
    return said(name=name_of(tree, payee), id=number, scheme=scheme) | account_of(account)


def _accounts(tree: Tree, node: Node) -> list[str]:
    """One for each means of payment."""
    means = each(node, "PaymentMeans")
    return [number for one in means if (number := tree.text(one, "PayeeFinancialAccount", "ID"))]


def _leg(tree: Tree, node: Node) -> dict[str, str]:
    carried_by = next(iter(each(node, "CarrierParty")), None)
    numbers = numbers_of(tree, carried_by)
    return said(
        sequence=tree.text(node, "ID"),
        carrier=numbers[0][1] if numbers else name_of(tree, carried_by),
        mode=tree.text(node, "TransportModeCode"),
    )


# -- what it comes to


def _totals(tree: Tree, node: Node, total: Node) -> dict[str, str]:
    if not tree.text(total, "PayableAmount"):
        tree.missing("PayableAmount")
    totals = {name: tree.amount(total, element) for name, element in _TOTALS.items()}
    stated = [tree.amount(one, "TaxAmount") for one in _tax_totals(tree, node)]
    totals["tax"] = tree.total(stated)
    totals["withheld"] = tree.total([tree.amount(one, "TaxAmount") for one in each(node, "WithholdingTaxTotal")])
    totals["third_party"] = tree.total([tree.amount(one, "PaidAmount") for one in each(node, "PrepaidPayment")])
    totals["weight"] = tree.decimal(_shipment(tree, node), "GrossWeightMeasure")
    return {name: amount for name, amount in totals.items() if amount}


def _tax_totals(tree: Tree, node: Node) -> list[Node]:
    """Those in the document's currency."""
    return [one for one in each(node, "TaxTotal") if tree.in_currency(tree.one(one, "TaxAmount"))]


def _taxes(tree: Tree, node: Node) -> list[dict[str, str]]:
    return [entry for one in _tax_totals(tree, node) for entry in taxes(tree, one)]


def _take_terms(tree: Tree, node: Node, invoice: dict[str, Any]) -> None:
    """UBL 2.1 gives the due date at the document's level, 2.0 and credit notes in the means of payment."""
    dates = [tree.day(node, "DueDate"), *(tree.day(one, "PaymentDueDate") for one in each(node, "PaymentMeans"))]
    terms: list[dict[str, Any]] = []
    for one in each(node, "PaymentTerms"):
        note = "\n".join(text for some in each(one, "Note") if (text := tree.text(some)))
        terms.append(
            said(
                due_date=tree.day(one, "PaymentDueDate") or tree.day(one, "InstallmentDueDate"),
                discount_percent=tree.decimal(one, "SettlementDiscountPercent"),
                discount_amount=tree.amount(one, "SettlementDiscountAmount"),
                discount_date=tree.day(one, "SettlementPeriod", "EndDate"),
                description=note,
            )
        )
        terms += discounts_in(f"{note}\n")
    take_terms(invoice, dates, [one for one in terms if one])
