"""UN/CEFACT Cross Industry Invoice, D16B: EN 16931-3-3, XRechnung, Factur-X and ZUGFeRD 2 from BASIC to EXTENDED.

What comes in is the document's tree, wherever it was: by itself, or in another document.
"""

from collections.abc import Mapping
from typing import Any

from penstock.feeds.freight.cii_lines import charge, day, line, period, service, tax
from penstock.feeds.freight.cii_names import READ
from penstock.feeds.freight.cii_parties import numbers_of, party
from penstock.feeds.freight.currencies import require_currency, smallest_unit
from penstock.feeds.freight.kinds import Purpose, kind_of_1001, purpose_of_1225, says
from penstock.feeds.freight.parties import account_of, carrier_of
from penstock.feeds.freight.payments import discounts_in, take_terms
from penstock.feeds.freight.profiles import is_test, profile_of
from penstock.feeds.freight.trees import Node, Tree, attribute, children, each
from penstock.feeds.freight.values import said
from penstock.feeds.freight.xml_sums import take_reading

_TOTALS = {
    "lines": "LineTotalAmount",
    "tax_exclusive": "TaxBasisTotalAmount",
    "tax": "TaxTotalAmount",
    "tax_inclusive": "GrandTotalAmount",
    "allowances": "AllowanceTotalAmount",
    "charges": "ChargeTotalAmount",
    "prepaid": "TotalPrepaidAmount",
    "rounding": "RoundingAmount",
    "due": "DuePayableAmount",
}
_AGREED = (
    "AdditionalReferencedDocument",
    "SellerOrderReferencedDocument",
)
_DELIVERED = (
    "DespatchAdviceReferencedDocument",
    "ReceivingAdviceReferencedDocument",
    "DeliveryNoteReferencedDocument",
)
_PARTIES = {
    "ApplicableHeaderTradeAgreement": ("SellerTradeParty", "BuyerTradeParty", "SellerTaxRepresentativeTradeParty"),
    "ApplicableHeaderTradeDelivery": ("ShipToTradeParty", "UltimateShipToTradeParty", "ShipFromTradeParty"),
    "ApplicableHeaderTradeSettlement": ("PayeeTradeParty", "InvoiceeTradeParty"),
}


def to_record(node: Mapping[str, Any]) -> dict[str, Any]:
    """The invoice's fields.

    Raises:
        Defective: it is no such invoice.
    """
    tree = Tree("EN 16931-3-3")
    head, trade = tree.one(node, "ExchangedDocument"), tree.one(node, "SupplyChainTradeTransaction")
    agreed, delivered, settled = (tree.one(trade, part) for part in _PARTIES)
    tree.currency = _currency(tree, settled)
    invoice: dict[str, Any] = {
        "document_type": "cii_invoice",
        "invoice_number": tree.required(head, "ID"),
        "invoice_date": _issued(tree, head),
        "lines": [line(tree, one) for one in each(trade, "IncludedSupplyChainTradeLineItem")],
        "charges": [
            *(charge(tree, one) for one in each(settled, "SpecifiedTradeAllowanceCharge")),
            *(service(tree, one) for one in each(settled, "SpecifiedLogisticsServiceCharge")),
        ],
        "taxes": [tax(tree, one) for one in each(settled, "ApplicableTradeTax")],
        "parties": [
            one
            for part, roles in _PARTIES.items()
            for role in roles
            for some in each(trade, part, role)
            if (one := party(tree, role, some))
        ],
        "references": _references(tree, agreed, delivered, settled),
        "refers_to": _refers_to(tree, settled),
        "period": period(tree, tree.one(settled, "BillingSpecifiedPeriod")),
        "notes": [
            text for one in each(head, "IncludedNote") for some in each(one, "Content") if (text := tree.text(some))
        ],
        "payee": _payee(tree, settled),
        "totals": _totals(tree, settled),
        "unread": _unread(tree, node, trade),
    }
    invoice = {name: value for name, value in invoice.items() if value}
    seller = tree.one(agreed, "SellerTradeParty")
    invoice |= carrier_of(numbers_of(tree, seller), tree.text(seller, "Name"), "SellerTradeParty", tree.defects)
    invoice |= _says(tree, node, head) | _singles(tree, node, agreed, delivered, settled)
    _take_terms(tree, settled, invoice)
    if "lines" not in invoice:
        tree.defects.add(
            "no_lines", "IncludedSupplyChainTradeLineItem", _without_lines(tree, node), "EN 16931-1, BR-16"
        )
    tree.settle(invoice)
    take_reading(invoice, smallest_unit(tree.currency))
    return invoice


def _without_lines(tree: Tree, node: Node) -> str:
    """What to do about a document without lines: two profiles of Factur-X and ZUGFeRD 2 never have any."""
    profile = _context(tree, node, "Guideline").rpartition(":")[2].lower()
    named = {"minimum": "MINIMUM", "basicwl": "BASIC WL"}.get(profile)
    if not named:
        return "the document has no line, so that nothing of its total can be looked at"
    return (
        f"the document is of the profile {named}, which has no lines, so that nothing of its total can be looked at;"
        " ask its sender for the profile BASIC, EN 16931 or EXTENDED, or enter it from the page that it came with"
    )


def _currency(tree: Tree, settled: Node) -> str:
    currency = tree.required(settled, "InvoiceCurrencyCode")
    if not currency:
        return ""
    return tree.defects.read(lambda: require_currency(currency, "InvoiceCurrencyCode"), currency)


def _issued(tree: Tree, head: Node) -> str:
    if tree.one(head, "IssueDateTime") is None:
        tree.missing("IssueDateTime")
    return day(tree, head, "IssueDateTime")


def _singles(tree: Tree, node: Node, agreed: Node, delivered: Node, settled: Node) -> dict[str, str]:
    """What the document says once."""
    means = each(settled, "SpecifiedTradeSettlementPaymentMeans")
    return said(
        currency=tree.currency,
        version=profile_of(_context(tree, node, "Guideline")),
        delivery_date=day(tree, tree.one(delivered, "ActualDeliverySupplyChainEvent"), "OccurrenceDateTime"),
        order_number=tree.text(agreed, "BuyerOrderReferencedDocument", "IssuerAssignedID"),
        contract_number=tree.text(agreed, "ContractReferencedDocument", "IssuerAssignedID"),
        buyer_reference=tree.text(agreed, "BuyerReference"),
        payment_method=next((code for one in means if (code := tree.text(one, "TypeCode"))), ""),
    )


def _context(tree: Tree, node: Node, what: str) -> str:
    parameters = each(node, "ExchangedDocumentContext", f"{what}SpecifiedDocumentContextParameter")
    return next((text for one in parameters if (text := tree.text(one, "ID"))), "")


def _unread(tree: Tree, node: Node, trade: Node) -> list[str]:
    parts: dict[str, Node] = {part: tree.one(trade, part) for part in _PARTIES}
    parts["ExchangedDocument"] = tree.one(node, "ExchangedDocument")
    names = [(part, name) for part, element in parts.items() for name in children(element)]
    return sorted(f"{part}/{name}" for part, name in names if name not in READ[part])


# -- what it is


def _says(tree: Tree, node: Node, head: Node) -> dict[str, Any]:
    code, why = tree.required(head, "TypeCode"), tree.text(head, "PurposeCode")
    purpose = purpose_of_1225(why)
    if purpose == "original" and tree.one(head, "CopyIndicator") is not None:
        purpose = _COPIES[tree.yes(head, "CopyIndicator", "Indicator")]
    test = tree.yes(node, "ExchangedDocumentContext", "TestIndicator", "Indicator") is not False and (
        tree.one(node, "ExchangedDocumentContext", "TestIndicator") is not None
    )
    test = test or is_test(_context(tree, node, what) for what in ("Guideline", "BusinessProcess"))
    issued = tree.text(head, "IssueDateTime", "DateTimeString")[:12]
    made_at = int(issued.ljust(12, "0")) if issued.isdigit() else 1
    return says(kind_of_1001(code), purpose, test, made_at, kind_code=code, purpose_code=why) | said(
        usage="T" if test else "P"
    )


_COPIES: Mapping[bool | None, Purpose] = {True: "copy", False: "original", None: "unknown"}


def _refers_to(tree: Tree, settled: Node) -> list[dict[str, str]]:
    return [
        {"number": number} | said(date=day(tree, one, "FormattedIssueDateTime"))
        for one in each(settled, "InvoiceReferencedDocument")
        if (number := tree.text(one, "IssuerAssignedID"))
    ]


# -- by which numbers


def _references(tree: Tree, agreed: Node, delivered: Node, settled: Node) -> list[dict[str, str]]:
    found = [(name, tree.text(one, "IssuerAssignedID")) for name in _AGREED for one in each(agreed, name)]
    found += [(name, tree.text(one, "IssuerAssignedID")) for name in _DELIVERED for one in each(delivered, name)]
    found += [
        ("SpecifiedProcuringProject", tree.text(agreed, "SpecifiedProcuringProject", "ID")),
        ("PaymentReference", tree.text(settled, "PaymentReference")),
        ("CreditorReferenceID", tree.text(settled, "CreditorReferenceID")),
        *(
            ("ReceivableSpecifiedTradeAccountingAccount", tree.text(one, "ID"))
            for one in each(settled, "ReceivableSpecifiedTradeAccountingAccount")
        ),
    ]
    accounts = _accounts(tree, settled)
    found += [("PayeePartyCreditorFinancialAccount", one) for one in accounts[1:] if one != accounts[0]]
    return [{"kind": kind, "value": value} for kind, value in dict.fromkeys(found) if value]


def _payee(tree: Tree, settled: Node) -> dict[str, str]:
    """Who is paid, if that is not who invoices, and the first account."""
    payee = tree.one(settled, "PayeeTradeParty")
    numbers, accounts = numbers_of(tree, payee), _accounts(tree, settled)
    scheme, number = numbers[0] if numbers else ("", "")
    account = account_of(accounts[0]) if accounts else {}
    return said(name=tree.text(payee, "Name"), id=number, scheme=scheme) | account


def _accounts(tree: Tree, settled: Node) -> list[str]:
    """One for each means of payment."""
    means = each(settled, "SpecifiedTradeSettlementPaymentMeans")
    accounts = [tree.one(one, "PayeePartyCreditorFinancialAccount") for one in means]
    return [number for one in accounts if (number := tree.text(one, "IBANID") or tree.text(one, "ProprietaryID"))]


# -- what it comes to


def _totals(tree: Tree, settled: Node) -> dict[str, str]:
    total = tree.one(settled, "SpecifiedTradeSettlementHeaderMonetarySummation")
    totals = {name: _stated(tree, total, element) for name, element in _TOTALS.items()}
    if not tree.text(total, "DuePayableAmount"):
        tree.missing("DuePayableAmount")
    return {name: amount for name, amount in totals.items() if amount}


def _stated(tree: Tree, total: Node, name: str) -> str:
    """An amount in the document's currency: some totals are told in another one as well."""
    stated = [one for one in each(total, name) if tree.in_currency(one)]
    elsewhere = name in ("TaxTotalAmount", "TaxBasisTotalAmount", "GrandTotalAmount")
    if elsewhere and len(stated) < 2:
        return tree.amount({name: stated[0]}, name) if stated else ""
    return tree.amount(total, name)


def _take_terms(tree: Tree, settled: Node, invoice: dict[str, Any]) -> None:
    terms: list[dict[str, Any]] = []
    for one in each(settled, "SpecifiedTradePaymentTerms"):
        description = "\n".join(text for some in each(one, "Description") if (text := tree.text(some)))
        due = said(due_date=day(tree, one, "DueDateDateTime"), description=description)
        discounts = [_discount(tree, some) for some in each(one, "ApplicableTradePaymentDiscountTerms")]
        terms += [due | (discounts[0] if discounts else {}), *discounts[1:], *discounts_in(f"{description}\n")]
    take_terms(invoice, [], [one for one in terms if one])


def _discount(tree: Tree, node: Node) -> dict[str, str]:
    period_ = tree.one(node, "BasisPeriodMeasure")
    return said(
        discount_percent=tree.decimal(node, "CalculationPercent"),
        discount_amount=tree.amount(node, "ActualDiscountAmount"),
        discount_days=tree.decimal(node, "BasisPeriodMeasure") if attribute(period_, "unitCode") == "DAY" else "",
    )
