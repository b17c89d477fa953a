"""What the sums of a document of European kind may be: EN 16931-1, §6.4.3, and what UBL 2 by itself leaves open.

A product of quantity and price, or of a sum and a percentage, may have been rounded before it was added, or the sum of
all of them after. UBL leaves open whether the rounding is in the amount with taxes already, whether a tax that is
withheld is taken off what is to be paid, and whether a line's own charges are in its price; documents that keep to
EN 16931 leave none of that open. Nothing else is allowed, and no slack.
"""

from collections.abc import Iterable, Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from penstock.feeds.freight.profiles import STRICT, XRECHNUNG_EXTENSION
from penstock.feeds.freight.values import FREE
from penstock.feeds.freight.x12_readings import SEVERAL

_NOTHING = Decimal()
_HUNDRED = Decimal(100)

type Amounts = Mapping[str, Decimal]


def rounded(amount: Decimal, unit: Decimal) -> Decimal:
    """To the currency's unit, halves away from nothing, as commerce rounds.

    >>> rounded(Decimal("0.125"), Decimal("0.01")), rounded(Decimal("-0.125"), Decimal("0.01"))
    (Decimal('0.13'), Decimal('-0.13'))
    """
    return amount.quantize(unit, ROUND_HALF_UP)


def sums_of(amounts: Sequence[Decimal], unit: Decimal) -> tuple[Decimal, ...]:
    """What the sum of amounts may be: exact, rounded, or of the rounded ones."""
    total = sum(amounts, _NOTHING)
    if total % unit == 0 and all(one % unit == 0 for one in amounts):
        return (total,)
    return total, rounded(total, unit), sum((rounded(one, unit) for one in amounts), _NOTHING)


def products_of(amounts: Sequence[Decimal], percent: Decimal, unit: Decimal) -> tuple[Decimal, ...]:
    """What a percentage of amounts may come to."""
    return sums_of([one * percent / _HUNDRED for one in amounts], unit)


def prices_of(line: Mapping[str, Any]) -> Decimal | None:
    """Quantity by price, for so many as the price is for; None where the line does not say. What is given away costs
    nothing, whatever its price."""
    if line.get("status") == FREE:
        return _NOTHING
    if "quantity" not in line or "unit_price" not in line or "price_unit" in line:
        return None
    per = line.get("price_per", 1)
    return line["quantity"] * line["unit_price"] / per if per else None


def is_rounded_price(line: Mapping[str, Any], unit: Decimal) -> bool:
    """Whether a line's amount could be right, and only its price was rounded before it was written: then less is
    missing than half of the price's last digit makes, by the quantity, and what rounding the amount makes. Only a price
    with more decimals than its currency has says that it was reckoned."""
    price = prices_of(line)
    if not price or line["unit_price"] % unit == 0:
        return False
    own = sum((one["amount"] for one in line.get("charges", ())), _NOTHING)
    half_a_digit = Decimal(5).scaleb(min(0, int(line["unit_price"].as_tuple().exponent)) - 1)
    most = abs(line["quantity"] / line.get("price_per", 1)) * half_a_digit + unit / 2
    return abs(line["amount"] - price - own) < most


def line_amounts(line: Mapping[str, Any], unit: Decimal, strict: bool) -> dict[Decimal, str]:
    """What a line may come to, and by which reading: BT-131 is the quantity by the price, with the line's charges, less
    its allowances (EN 16931-1, BT-131). None if it does not say."""
    price = prices_of(line)
    if price is None:
        return {}
    own = sum((one["amount"] for one in line.get("charges", ())), _NOTHING)
    found = dict.fromkeys((price + own, rounded(price, unit) + own, rounded(price + own, unit)), "line_charges_added")
    if own and not strict:
        found |= dict.fromkeys({price, rounded(price, unit)} - found.keys(), "line_charges_in_price")
    return found


def due_amounts(totals: Amounts, taxed: Decimal, version: str) -> dict[Decimal, str]:
    """What may be due, and by which reading. `taxed` is the amount with its taxes, not rounded.

    BR-CO-16: the amount with taxes, less what is paid, with the rounding; in the extension of XRechnung with payments
    for third parties (BR-DEX-09).
    """
    rounding, prepaid = totals.get("rounding", _NOTHING), totals.get("prepaid", _NOTHING)
    inclusive = totals.get("tax_inclusive", taxed)
    if version in STRICT:
        third = totals.get("third_party", _NOTHING) if version == XRECHNUNG_EXTENSION else _NOTHING
        return {inclusive - prepaid + rounding + third: ""}
    # The rounding counts once. Of an amount with taxes that is wrong itself nobody knows whether it is rounded.
    ways = {inclusive} if inclusive != taxed else {inclusive + rounding}
    if inclusive not in (taxed, taxed + rounding):
        ways.add(inclusive + rounding)
    found = {one - prepaid: "withheld_told" if "withheld" in totals else "" for one in ways}
    for one in ways if "withheld" in totals else ():
        found.setdefault(one - prepaid - totals["withheld"], "withheld_deducted")
    return found


def taxed_of(totals: Amounts, before: Decimal) -> Decimal:
    """The amount with its taxes, not rounded; `before` is what lines and charges come to."""
    return totals.get("tax_exclusive", before) + totals.get("tax", _NOTHING)


def take_reading(invoice: dict[str, Any], unit: Decimal) -> None:
    """Notes in an invoice's totals by which reading it adds up, where another that is allowed comes to something
    else."""
    if invoice.get("version") in STRICT:
        return
    words = [*_of_the_due(invoice), *_of_the_lines(invoice, unit)]
    if words:
        invoice["sums"] = SEVERAL
        invoice["totals"]["reading"] = list(dict.fromkeys(words))


def _of_the_due(invoice: Mapping[str, Any]) -> Iterable[str]:
    totals = {name: Decimal(one) for name, one in invoice["totals"].items()}
    if not totals.get("withheld"):
        return ()
    before = sum((Decimal(one["amount"]) for one in (*invoice["lines"], *invoice.get("charges", ()))), _NOTHING)
    readings = due_amounts(totals, taxed_of(totals, before), invoice.get("version", ""))
    return filter(None, [readings.get(totals["due"])])


def _of_the_lines(invoice: Mapping[str, Any], unit: Decimal) -> Iterable[str]:
    for line in invoice["lines"]:
        if "charges" in line and "amount" in line:
            numbers = {name: Decimal(line[name]) for name in ("quantity", "unit_price", "price_per") if name in line}
            charges = [{"amount": Decimal(one["amount"])} for one in line["charges"]]
            word = line_amounts(numbers | {"charges": charges}, unit, strict=False).get(Decimal(line["amount"]))
            if word:
                yield word
