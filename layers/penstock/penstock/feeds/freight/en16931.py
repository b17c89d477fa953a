"""Whether a document of European kind adds up: the arithmetic of EN 16931-1, §6.4, and UBL's own.

The rules that the norm calls fatal are hard, of whatever kind of document; what UBL leaves open is in `xml_sums`. The
official validation artefacts let a tax be wrong by up to one; here it is right to the currency's unit.
"""

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import Any

from penstock.feeds.freight.currencies import CENT, MINOR_UNITS, smallest_unit
from penstock.feeds.freight.profiles import STRICT
from penstock.feeds.freight.xml_sums import due_amounts, is_rounded_price, line_amounts, products_of, sums_of, taxed_of
from penstock.feeds.rules import BreaksOne, Record, Rulebook
from penstock.model.findings import Severity

TYPES = ("ubl_invoice", "ubl_freight_invoice", "ubl_credit_note", "cii_invoice", "edifact_invoic")

_RULES = Rulebook("freight")
_NOTHING = Decimal()
_BELOW = Decimal(-1)
_UBL = "UBL 2.1, MonetaryTotal"
_BY_RATE = ("S", "L", "M")  #: categories that may have several rates (UNCL5305; BR-S-08, BR-AF-08, BR-AG-08)
_UNTAXED = ("Z", "E", "AE", "K", "G", "O")  #: by which nothing is taxed (BR-Z-09, BR-E-09, BR-AE-09, …)


def _norm(number: str) -> str:
    return f"EN 16931-1, {number}"


def _european(wrong: Callable[[Record], bool]) -> BreaksOne:
    """Of documents of other kinds nothing is said."""
    return lambda invoice: invoice["document_type"] in TYPES and wrong(invoice)


def _amounts(some: Iterable[Mapping[str, Any]]) -> list[Decimal]:
    return [one["amount"] for one in some if "amount" in one]


def _unit(invoice: Record) -> Decimal:
    """To what amounts are rounded: forints are written with fillers by ISO 4217 and rounded to whole ones by custom."""
    currency = invoice.get("currency")
    if currency == "HUF" and not any(one % 1 for one in _amounts((*invoice["lines"], *invoice.get("taxes", ())))):
        return Decimal(1)
    return smallest_unit(currency) if currency in MINOR_UNITS else CENT


def _strict(invoice: Record) -> bool:
    return invoice.get("version") in STRICT


def _charges(invoice: Record, allowed: bool) -> list[Decimal]:
    return _amounts(one for one in invoice.get("charges", ()) if (one["kind"] == "discount") == allowed)


# -- lines


@_RULES.each(
    "line_amount",
    "lines.amount",
    "a line's amount is its quantity by its price, for as many units as the price is for, with its charges, less"
    " its allowances",
    _norm("BT-131"),
)
@_european
def _line_differs(invoice: Record) -> bool:
    unit, strict = _unit(invoice), _strict(invoice)
    return any(not is_rounded_price(line, unit) and not _turned(line, unit, strict) for line in _odd_lines(invoice))


@_RULES.each(
    "line_sign",
    "lines.amount",
    "a line's amount has the other sign than its quantity by its price; does it come back?",
    _norm("BT-131"),
    Severity.SOFT,
)
@_european
def _line_is_turned(invoice: Record) -> bool:
    unit, strict = _unit(invoice), _strict(invoice)
    return any(_turned(line, unit, strict) for line in _odd_lines(invoice))


def _turned(line: Mapping[str, Any], unit: Decimal, strict: bool) -> bool:
    return -line["amount"] in line_amounts(line, unit, strict)


@_RULES.each(
    "price_rounded",
    "lines.unit_price",
    "a line's amount is not quite its quantity by its price: is the price written with too few decimals?",
    _norm("BT-146"),
    Severity.SOFT,
)
@_european
def _price_is_rounded(invoice: Record) -> bool:
    unit = _unit(invoice)
    return any(is_rounded_price(line, unit) for line in _odd_lines(invoice))


def _odd_lines(invoice: Record) -> list[Mapping[str, Any]]:
    """Lines that come to something else than quantity by price."""
    unit, strict = _unit(invoice), _strict(invoice)
    return [
        line
        for line in invoice["lines"]
        if "amount" in line and (ways := line_amounts(line, unit, strict)) and line["amount"] not in ways
    ]


@_RULES.each(
    "price_per",
    "lines.price_per",
    "a price is for more than nothing",
    _norm("BT-149"),
)
@_european
def _price_per_nothing(invoice: Record) -> bool:
    return any(line.get("price_per", 1) <= 0 for line in invoice["lines"])


@_RULES.each(
    "price_unit",
    "lines.price_unit",
    "the price is for another unit than the quantity is in, or no quantity is given; its amount could not be checked",
    _norm("BT-150"),
    Severity.SOFT,
)
def _price_of_another_unit(invoice: Record) -> bool:
    """In X12 as well, where the basis of a price names the unit."""
    return any("price_unit" in line or _is_price_of_nothing(line) for line in invoice["lines"])


def _is_price_of_nothing(line: Mapping[str, Any]) -> bool:
    return "unit_price" in line and "quantity" not in line


@_RULES.each(
    "line_unpriced",
    "lines",
    "a line of a document that keeps to the norm has a quantity and a price, and no price is below nothing",
    _norm("BR-22, BR-26, BR-27 and BR-28"),
)
@_european
def _line_lacks_something(invoice: Record) -> bool:
    return _strict(invoice) and not all(map(_is_whole, invoice["lines"]))


def _is_whole(line: Mapping[str, Any]) -> bool:
    """Subtotals and notes among the lines have no amount."""
    if "amount" not in line:
        return True
    prices = (line.get("unit_price", _BELOW), line.get("gross_price", _NOTHING))
    return "quantity" in line and min(prices) >= 0


@_RULES.each(
    "price_allowance",
    "lines.unit_price",
    "the net price is the gross one less its allowance",
    _norm("BT-146"),
    Severity.SOFT,
)
@_european
def _price_allowance_differs(invoice: Record) -> bool:
    return any(
        line["gross_price"] - line.get("price_allowance", _NOTHING) != line["unit_price"]
        for line in invoice["lines"]
        if "gross_price" in line and "unit_price" in line
    )


@_RULES.each(
    "parts_total",
    "lines.parts",
    "a line's amount is the sum of its parts",
    "XRechnung 3.0, BR-DEX-02",
    Severity.SOFT,
)
@_european
def _parts_differ(invoice: Record) -> bool:
    return any(
        "amount" in line
        and (parts := _amounts(line.get("parts", ())))
        and line["amount"] not in sums_of(parts, _unit(invoice))
        for line in invoice["lines"]
    )


# -- charges


@_RULES.each(
    "allowance_percentage",
    "charges",
    "a charge or allowance that is given in per cent is that of its base",
    _norm("BT-94 and BT-101"),
)
@_european
def _percentage_differs(invoice: Record) -> bool:
    unit = _unit(invoice)
    every = [*invoice.get("charges", ()), *(one for line in invoice["lines"] for one in line.get("charges", ()))]
    return any(
        abs(one["amount"]) not in products_of([abs(one["base"])], one["percent"], unit)
        for one in every
        if "base" in one and "percent" in one
    )


@_RULES.each(
    "allowance_turned",
    "charges",
    "an allowance is below nothing, so that it is added to what is due; is it a charge?",
    _norm("BT-92 and BT-136"),
    Severity.SOFT,
)
@_european
def _allowance_is_charged(invoice: Record) -> bool:
    """Where all is turned round, because it is given back, an allowance is, too."""
    every = [*invoice.get("charges", ()), *(one for line in invoice["lines"] for one in line.get("charges", ()))]
    return invoice["totals"]["due"] > 0 and any(one["kind"] == "discount" and one["amount"] > 0 for one in every)


# -- totals


@_RULES.each(
    "line_total",
    "totals.lines",
    "the total of the lines is the sum of their own amounts",
    _norm("BR-CO-10"),
)
@_european
def _line_sum_differs(invoice: Record) -> bool:
    total = invoice["totals"].get("lines")
    return total is not None and total not in sums_of(_amounts(invoice["lines"]), _unit(invoice))


@_RULES.each(
    "allowance_total",
    "totals.allowances",
    "the total of the allowances is the sum of the document's allowances",
    _norm("BR-CO-11"),
)
@_european
def _allowances_differ(invoice: Record) -> bool:
    stated = invoice["totals"].get("allowances")
    return stated is not None and -stated not in sums_of(_charges(invoice, allowed=True), _unit(invoice))


@_RULES.each(
    "charge_total",
    "totals.charges",
    "the total of the charges is the sum of the document's charges",
    _norm("BR-CO-12"),
)
@_european
def _charges_differ(invoice: Record) -> bool:
    stated = invoice["totals"].get("charges")
    return stated is not None and stated not in sums_of(_charges(invoice, allowed=False), _unit(invoice))


@_RULES.each(
    "charge_total_missing",
    "totals",
    "a document with allowances or charges gives their totals",
    _norm("BR-CO-11 and BR-CO-12"),
)
@_european
def _totals_missing(invoice: Record) -> bool:
    """Where the norm holds, what was charged or allowed is summed up."""
    totals = invoice["totals"]
    return _strict(invoice) and any(
        name not in totals and any(_charges(invoice, allowed))
        for name, allowed in (("allowances", True), ("charges", False))
    )


@_RULES.each(
    "totals_missing",
    "totals",
    "a document that keeps to the norm gives the sum of its lines, the amounts without and with taxes, and how much is"
    " taxed by which category",
    _norm("BR-12, BR-13, BR-14 and BR-CO-18"),
)
@_european
def _totals_are_untold(invoice: Record) -> bool:
    totals, taxes = invoice["totals"], invoice.get("taxes", ())
    told = totals.keys() >= {"lines", "tax_exclusive", "tax_inclusive"} and any("category" in tax for tax in taxes)
    return _strict(invoice) and not told


@_RULES.each(
    "tax_exclusive",
    "totals.tax_exclusive",
    "the amount without taxes is the sum of the lines, less allowances, with charges",
    _norm("BR-CO-13"),
)
@_european
def _tax_exclusive_differs(invoice: Record) -> bool:
    total = invoice["totals"].get("tax_exclusive")
    return total is not None and total not in _before_taxes(invoice)


def _before_taxes(invoice: Record) -> tuple[Decimal, ...]:
    """Of the lines themselves: a total of theirs that is wrong is told as that."""
    return sums_of(_amounts((*invoice["lines"], *invoice.get("charges", ()))), _unit(invoice))


@_RULES.each(
    "tax_inclusive",
    "totals.tax_inclusive",
    "the amount with taxes is the one without, with the taxes; in UBL by itself perhaps with the rounding",
    _norm("BR-CO-15"),
)
@_european
def _tax_inclusive_differs(invoice: Record) -> bool:
    totals = invoice["totals"]
    if "tax_inclusive" not in totals:
        return False
    rounding = _NOTHING if _strict(invoice) else totals.get("rounding", _NOTHING)
    return all(
        totals["tax_inclusive"] - _taxed(invoice, one) not in (_NOTHING, rounding) for one in _before_taxes(invoice)
    )


def _taxed(invoice: Record, before: Decimal) -> Decimal:
    return taxed_of(invoice["totals"], before)


@_RULES.each(
    "payable",
    "totals.due",
    "the amount due is the one with taxes, less what is paid, with the rounding counted once, and what the"
    " document's extension adds",
    _norm("BR-CO-16"),
)
@_european
def _payable_differs(invoice: Record) -> bool:
    totals, version = invoice["totals"], invoice.get("version", "")
    return all(
        totals["due"] not in due_amounts(totals, _taxed(invoice, before), version) for before in _before_taxes(invoice)
    )


@_RULES.each(
    "rounding",
    "totals.rounding",
    "the rounding of the amount due is below one unit of the currency",
    f"{_UBL}/PayableRoundingAmount",
)
@_european
def _rounding_is_no_rounding(invoice: Record) -> bool:
    return abs(invoice["totals"].get("rounding", _NOTHING)) >= 1


# -- taxes


@_RULES.each(
    "tax_subtotals",
    "totals.tax",
    "the total of a tax is the sum of its categories",
    _norm("BR-CO-14"),
)
@_european
def _tax_subtotals_differ(invoice: Record) -> bool:
    total, taxes = invoice["totals"].get("tax"), _amounts(invoice.get("taxes", ()))
    return total is not None and bool(taxes) and total not in sums_of(taxes, _unit(invoice))


@_RULES.each(
    "tax_rate",
    "taxes.amount",
    "a tax is its percentage of the taxable amount, rounded there or line by line",
    _norm("BR-CO-17 and BR-S-09"),
)
@_european
def _tax_is_not_the_rate(invoice: Record) -> bool:
    unit = _unit(invoice)
    return any(
        "taxable" in tax and "percent" in tax and tax["amount"] not in _taxes_of(invoice, tax, unit)
        for tax in invoice.get("taxes", ())
    )


def _taxes_of(invoice: Record, tax: Mapping[str, Any], unit: Decimal) -> tuple[Decimal, ...]:
    """A percentage of the taxable amount, or the sum of what lines and charges are taxed with."""
    whole = products_of([tax["taxable"]], tax["percent"], unit)
    parts = _taxed_by(invoice, tax)
    if tax["amount"] in whole or not parts or sum(parts, _NOTHING) != tax["taxable"]:
        return whole
    return whole + products_of(parts, tax["percent"], unit)


@_RULES.each(
    "tax_of_untaxed",
    "taxes.amount",
    "by a category that is not taxed (Z, E, AE, K, G, O) no tax is due",
    _norm("BR-Z-09, BR-E-09, BR-AE-09, BR-IC-09, BR-G-09, BR-O-09"),
)
@_european
def _untaxed_is_taxed(invoice: Record) -> bool:
    return any(tax["amount"] != 0 and tax.get("category") in _UNTAXED for tax in invoice.get("taxes", ()))


@_RULES.each(
    "line_category",
    "lines.taxes",
    "each line of a document that keeps to the norm says by which category it is taxed",
    _norm("BR-CO-04"),
)
@_european
def _line_is_of_no_category(invoice: Record) -> bool:
    return _strict(invoice) and not _each_tells_category(invoice)


@_RULES.each(
    "taxable",
    "taxes.taxable",
    "a category's taxable amount is the sum of its lines, less its allowances, with its charges",
    _norm("BR-S-08, BR-Z-08, BR-E-08, BR-AE-08, BR-IC-08, BR-G-08, BR-O-08"),
)
@_european
def _taxable_differs(invoice: Record) -> bool:
    unit = _unit(invoice)
    return _each_tells_category(invoice) and any(
        _is_telling(tax) and tax["taxable"] not in sums_of(_taxed_by(invoice, tax), unit)
        for tax in invoice.get("taxes", ())
    )


def _each_tells_category(invoice: Record) -> bool:
    """Subtotals and notes among the lines have no amount, and are not taxed."""
    lines = (line for line in invoice["lines"] if "amount" in line)
    return all(any("category" in tax for tax in line.get("taxes", ())) for line in lines)


def _is_telling(tax: Mapping[str, Any]) -> bool:
    """Whether a tax says of which lines it is: by its category, and its rate where there may be several."""
    return "taxable" in tax and "category" in tax and (tax["category"] not in _BY_RATE or "percent" in tax)


def _taxed_by(invoice: Record, tax: Mapping[str, Any]) -> list[Decimal]:
    """The lines and charges of a tax's category; of one that may have several rates, those of its rate."""
    category, percent = tax.get("category"), tax.get("percent", _NOTHING)
    by_rate = category in _BY_RATE

    def fits(category_of: Any, percent_of: Any) -> bool:
        return category_of == category and (not by_rate or percent_of == percent)

    lines = [
        line["amount"]
        for line in invoice["lines"]
        if "amount" in line and any(fits(one.get("category"), one.get("percent")) for one in line.get("taxes", ()))
    ]
    charges = [
        one["amount"] for one in invoice.get("charges", ()) if fits(one.get("tax_category"), one.get("tax_percent"))
    ]
    return lines + charges


@_RULES.each(
    "message_count",
    "totals.line_count",
    "CNT+2 is the number of lines",
    "EDIFACT 0085 29: control count does not match the number received; UNTDID 6069, 2",
)
@_european
def _lines_miscounted(invoice: Record) -> bool:
    return invoice["totals"].get("line_count", len(invoice["lines"])) != len(invoice["lines"])


# -- units


@_RULES.each(
    "fraction",
    "totals",
    "an amount is a multiple of its currency's smallest unit",
    "ISO 4217; EN 16931-1, BR-DEC",
)
@_european
def _no_such_unit(invoice: Record) -> bool:
    """An amount in parts that the currency does not have: where the norm holds any but a price."""
    if not _strict(invoice):
        return False
    unit, totals = _unit(invoice), invoice["totals"]
    stated = [one for name, one in totals.items() if name not in ("weight", "line_count", "reading")]
    every = [*invoice.get("charges", ()), *invoice["lines"], *invoice.get("taxes", ())]
    return any(one % unit for one in (*stated, *_amounts(every)))


RULES = (*_RULES,)
"""What rejects such a document, and what flags it."""
