"""Lines, charges and taxes of UBL (UBL 2.1, InvoiceLine, AllowanceCharge, TaxTotal)."""

from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from penstock.feeds.freight.trees import Node, Tree, attribute, each, negated
from penstock.feeds.freight.values import FREE, priced_per, said

_ITEMS = ("SellersItemIdentification", "BuyersItemIdentification", "StandardItemIdentification")
SUB_LINES = ("SubInvoiceLine", "SubCreditNoteLine")


def line(tree: Tree, node: Node) -> dict[str, Any]:
    """A line: quantity by price, for so many as the price is for, with its own charges and allowances."""
    quantity = _quantity(node)
    amount = tree.amount(node, "LineExtensionAmount")
    if not tree.text(node, "LineExtensionAmount"):
        tree.missing("LineExtensionAmount")
    item = tree.one(node, "Item")
    found: dict[str, Any] = said(
        number=tree.text(node, "ID"),
        description=_texts(tree, item, "Description") or tree.text(item, "Name"),
        quantity=tree.decimal(node, quantity),
        unit=attribute(tree.one(node, quantity), "unitCode"),
        amount=amount,
    )
    parts = {
        "charges": [_charge(tree, one) for one in each(node, "AllowanceCharge")],
        "taxes": _line_taxes(tree, node, item),
        "references": _references(tree, node, item),
        "period": next((one for node in each(node, "InvoicePeriod") if (one := period(tree, node))), None),
        "parts": [_part(tree, one) for name in SUB_LINES for one in each(node, name)],
    }
    found |= _price(tree, tree.one(node, "Price"), found.get("unit", ""))
    if tree.yes(node, "FreeOfChargeIndicator"):
        found["status"] = FREE
    return found | {name: some for name, some in parts.items() if some}


def _references(tree: Tree, node: Node, item: Node) -> list[dict[str, str]]:
    """By what the line is known elsewhere: the lines of orders, other documents, and the numbers of what it is for."""
    orders = each(node, "OrderLineReference")
    stated = [("OrderLineReference", tree.text(one, "LineID")) for one in orders]
    stated += [("OrderReference", tree.text(one, "OrderReference", "ID")) for one in orders]
    stated += [("DocumentReference", tree.text(one, "ID")) for one in each(node, "DocumentReference")]
    stated += [(name, tree.text(item, name, "ID")) for name in _ITEMS]
    stated.append(("AccountingCost", tree.text(node, "AccountingCost")))
    return [{"kind": kind, "value": value} for kind, value in stated if value]


def _quantity(node: Node) -> str:
    return "CreditedQuantity" if isinstance(node, dict) and "CreditedQuantity" in node else "InvoicedQuantity"


def _texts(tree: Tree, node: Node, name: str) -> str:
    return " ".join(text for one in each(node, name) if (text := tree.text(one)))


def _part(tree: Tree, node: Node) -> dict[str, str]:
    """A part of a line: its amount is in the line's already."""
    quantity = _quantity(node)
    return said(
        number=tree.text(node, "ID"),
        quantity=tree.decimal(node, quantity),
        unit=attribute(tree.one(node, quantity), "unitCode"),
        unit_price=tree.amount(node, "Price", "PriceAmount"),
        price_per=tree.decimal(node, "Price", "BaseQuantity"),
        amount=tree.amount(node, "LineExtensionAmount"),
        description=tree.text(node, "Item", "Name"),
    )


def _price(tree: Tree, node: Node, unit: str) -> dict[str, str]:
    """A net price and for how many units it is, with what it was before its allowances (BT-146 to BT-150)."""
    stated = [(_charged(tree, one), one) for one in each(node, "AllowanceCharge")]
    gross = [tree.amount(one, "BaseAmount") for _, one in stated]
    off = [
        tree.amount(one, "Amount") if not charged else negated(tree.amount(one, "Amount")) for charged, one in stated
    ]
    return said(
        unit_price=tree.amount(node, "PriceAmount"),
        gross_price=next(filter(None, gross), ""),
        price_allowance=tree.total(off),
    ) | priced_per(tree.decimal(node, "BaseQuantity"), attribute(tree.one(node, "BaseQuantity"), "unitCode"), unit)


def period(tree: Tree, node: Node) -> dict[str, str]:
    """From when to when."""
    return said(start=tree.day(node, "StartDate"), end=tree.day(node, "EndDate"))


# -- charges


def charges(tree: Tree, node: Node) -> list[dict[str, str]]:
    """The charges and allowances that stand in an element."""
    return [_charge(tree, one) for one in each(node, "AllowanceCharge")]


def _charged(tree: Tree, node: Node) -> bool:
    """Whether it is added. Nobody can tell which, where it does not say."""
    charged = tree.yes(node, "ChargeIndicator")
    if charged is None:
        tree.untold(
            "element_missing",
            "ChargeIndicator",
            "an AllowanceCharge does not say by ChargeIndicator, true or false, whether it is added or taken off",
            f"{tree.standard}, AllowanceCharge/ChargeIndicator",
        )
    return bool(charged)


def _charge(tree: Tree, node: Node) -> dict[str, str]:
    """A charge or, negative, an allowance."""
    charged = _charged(tree, node)
    amount, base = tree.amount(node, "Amount"), tree.amount(node, "BaseAmount")
    factor = tree.decimal(node, "MultiplierFactorNumeric")
    if not tree.text(node, "Amount"):
        tree.unpriced("AllowanceCharge/Amount", "a charge or allowance gives no amount")
    category = next(iter(each(node, "TaxCategory")), None)
    return {"kind": "accessorial" if charged else "discount", "amount": amount if charged else negated(amount)} | said(
        code=tree.text(node, "AllowanceChargeReasonCode"),
        description=_texts(tree, node, "AllowanceChargeReason"),
        percent=percent_of(amount, base, factor),
        base=base,
        tax_category=tree.text(category, "ID"),
        tax_percent=tree.decimal(category, "Percent"),
    )


def percent_of(amount: str, base: str, factor: str) -> str:
    """The percentage that a factor says. EN 16931 writes ten per cent as 10 (BT-94), UBL's own examples as 0.1: the
    amount tells which; where neither fits, it is 10, and the amount is looked at by a rule.

    >>> percent_of("20", "200", "10"), percent_of("20", "200", "0.1"), percent_of("20", "", "10")
    ('10', '10.0', '10')
    """
    if not (amount and base and factor):
        return factor
    product = Decimal(base) * Decimal(factor)
    return str(Decimal(factor) * 100) if _cents(product) == _cents(Decimal(amount)) else factor


def _cents(amount: Decimal) -> Decimal:
    return amount.quantize(Decimal("0.01"), ROUND_HALF_UP)


# -- taxes


def taxes(tree: Tree, node: Node) -> list[dict[str, str]]:
    """The subtotals of a tax, or the tax as a whole where it has none."""
    return [
        _tax_amount(tree, one)
        | _category(tree, tree.one(one, "TaxCategory"), tree.decimal(one, "Percent"))
        | said(taxable=tree.amount(one, "TaxableAmount"))
        for one in (each(node, "TaxSubtotal") or [node])
    ]


def _tax_amount(tree: Tree, node: Node) -> dict[str, str]:
    if not tree.text(node, "TaxAmount"):
        tree.missing("TaxAmount")
    return said(amount=tree.amount(node, "TaxAmount"))


def _category(tree: Tree, node: Node, percent: str = "") -> dict[str, str]:
    return said(
        kind=tree.text(node, "TaxScheme", "ID"),
        category=tree.text(node, "ID"),
        percent=tree.decimal(node, "Percent") or percent,
    )


def _line_taxes(tree: Tree, node: Node, item: Node) -> list[dict[str, str]]:
    """What a line's taxes come to, and by which category it is taxed."""
    stated = [
        {"amount": amount}
        for one in each(node, "TaxTotal")
        if tree.in_currency(tree.one(one, "TaxAmount")) and (amount := tree.amount(one, "TaxAmount"))
    ]
    categories = [found for one in each(item, "ClassifiedTaxCategory") if (found := _category(tree, one))]
    if len(stated) == len(categories) == 1:
        return [stated[0] | categories[0]]
    return stated + categories
