"""Lines, charges and taxes of the Cross Industry Invoice (EN 16931-3-3; Factur-X 1.0, EXTENDED)."""

from typing import Any

from penstock.feeds.freight.trees import Node, Tree, attribute, each, negated
from penstock.feeds.freight.values import priced_per, said

_SUBTOTALS = ("GROUP", "INFORMATION")  #: UNTDID 1229 as Factur-X has it: lines that are in no sum
_LINE_TOTAL = ("SpecifiedTradeSettlementLineMonetarySummation", "LineTotalAmount")


def line(tree: Tree, node: Node) -> dict[str, Any]:
    """A line: quantity by net price, for so many as the price is for, with its own charges and allowances."""
    document, settled = tree.one(node, "AssociatedDocumentLineDocument"), tree.one(node, "SpecifiedLineTradeSettlement")
    agreed, product = tree.one(node, "SpecifiedLineTradeAgreement"), tree.one(node, "SpecifiedTradeProduct")
    gross, net = tree.one(agreed, "GrossPriceProductTradePrice"), tree.one(agreed, "NetPriceProductTradePrice")
    status = tree.text(document, "LineStatusReasonCode")
    amount = tree.amount(settled, *_LINE_TOTAL)
    if not amount and status not in _SUBTOTALS and not tree.text(settled, *_LINE_TOTAL):
        tree.missing("LineTotalAmount")
    billed = ("SpecifiedLineTradeDelivery", "BilledQuantity")
    found: dict[str, Any] = said(
        number=tree.text(document, "LineID"),
        description=tree.text(product, "Description") or tree.text(product, "Name"),
        quantity=tree.decimal(node, *billed),
        unit=attribute(tree.one(node, *billed), "unitCode"),
        unit_price=tree.amount(net, "ChargeAmount"),
        status=status,
        parent=tree.text(document, "ParentLineID"),
    )
    found |= said(**{"subtotal" if status in _SUBTOTALS else "amount": amount})
    # BT-149 may stand at either price (EN 16931-3-3).
    per = tree.one(net, "BasisQuantity") or tree.one(gross, "BasisQuantity")
    found |= priced_per(
        tree.decimal({"BasisQuantity": per}, "BasisQuantity"), attribute(per, "unitCode"), found.get("unit", "")
    )
    found |= _gross(tree, gross)
    parts = {
        "charges": [charge(tree, one) for one in each(settled, "SpecifiedTradeAllowanceCharge")],
        "taxes": [one for some in each(settled, "ApplicableTradeTax") if (one := _category(tree, some))],
        "references": _references(tree, agreed, product),
        "period": period(tree, tree.one(settled, "BillingSpecifiedPeriod")),
    }
    return found | {name: some for name, some in parts.items() if some}


def _references(tree: Tree, agreed: Node, product: Node) -> list[dict[str, str]]:
    """By what the line is known elsewhere: the lines of orders, and the numbers of what it is for."""
    orders = each(agreed, "BuyerOrderReferencedDocument")
    stated = [("BuyerOrderReferencedDocument", tree.text(one, "LineID")) for one in orders]
    stated += [("OrderReference", tree.text(one, "IssuerAssignedID")) for one in orders]
    stated += [(name, tree.text(product, name)) for name in ("SellerAssignedID", "BuyerAssignedID", "GlobalID")]
    return [{"kind": kind, "value": value} for kind, value in stated if value]


def _gross(tree: Tree, node: Node) -> dict[str, str]:
    """The price before its allowances (BT-148, BT-147)."""
    stated = [charge(tree, one)["amount"] for one in each(node, "AppliedTradeAllowanceCharge")]
    return said(gross_price=tree.amount(node, "ChargeAmount"), price_allowance=negated(tree.total(stated)))


def period(tree: Tree, node: Node) -> dict[str, str]:
    """From when to when."""
    return said(start=day(tree, node, "StartDateTime"), end=day(tree, node, "EndDateTime"))


def day(tree: Tree, node: Node, name: str) -> str:
    """A date, "" if it is not there (UNTDID 2379: 102 is CCYYMMDD, 203 to 205 have a time behind it)."""
    text = tree.text(node, name, "DateTimeString") or tree.text(node, name, "DateString")
    if not text:
        return ""
    form = attribute(tree.one(node, name, "DateTimeString") or tree.one(node, name, "DateString"), "format")
    digits = text[:8] if form in ("102", "203", "204", "205") and text[:8].isdigit() else ""
    if form == "102" and len(text) != 8:
        digits = ""
    return tree.checked_day(f"{digits[:4]}-{digits[4:6]}-{digits[6:]}", name)


# -- charges


def charge(tree: Tree, node: Node) -> dict[str, str]:
    """A charge or, negative, an allowance."""
    charged = tree.yes(node, "ChargeIndicator", "Indicator")
    if charged is None:
        tree.untold(
            "element_missing",
            "ChargeIndicator",
            "a charge or allowance does not say by ChargeIndicator, true or false, whether it is added or taken off",
            f"{tree.standard}, SpecifiedTradeAllowanceCharge/ChargeIndicator",
        )
    amount = tree.amount(node, "ActualAmount")
    if not tree.text(node, "ActualAmount"):
        tree.unpriced("ActualAmount", "a charge or allowance gives no amount")
    taxed = next(iter(each(node, "CategoryTradeTax")), None)
    return {"kind": "accessorial" if charged else "discount", "amount": amount if charged else negated(amount)} | said(
        code=tree.text(node, "ReasonCode"),
        description=tree.text(node, "Reason"),
        percent=tree.decimal(node, "CalculationPercent"),
        base=tree.amount(node, "BasisAmount"),
        tax_category=tree.text(taxed, "CategoryCode"),
        tax_percent=tree.decimal(taxed, "RateApplicablePercent"),
    )


def service(tree: Tree, node: Node) -> dict[str, str]:
    """A charge for carrying (Factur-X EXTENDED, BG-X-42)."""
    taxed = next(iter(each(node, "AppliedTradeTax")), None)
    return {
        "kind": "freight",
        "amount": tree.required(node, "AppliedAmount") and tree.amount(node, "AppliedAmount"),
    } | said(
        description=tree.text(node, "Description"),
        tax_category=tree.text(taxed, "CategoryCode"),
        tax_percent=tree.decimal(taxed, "RateApplicablePercent"),
    )


# -- taxes


def tax(tree: Tree, node: Node) -> dict[str, str]:
    """What a category of a tax comes to."""
    if not tree.text(node, "CalculatedAmount"):
        tree.missing("CalculatedAmount")
    return (
        said(amount=tree.amount(node, "CalculatedAmount"))
        | _category(tree, node)
        | said(taxable=tree.amount(node, "BasisAmount"))
    )


def _category(tree: Tree, node: Node) -> dict[str, str]:
    return said(
        kind=tree.text(node, "TypeCode"),
        category=tree.text(node, "CategoryCode"),
        percent=tree.decimal(node, "RateApplicablePercent"),
    )
