"""Whether an invoice adds up, and whatever else can be told from the invoice alone.

No rate is looked up: whether a charge is what was agreed is the next system's to say. Sums are exact, but for an 810,
whose lines are quantity by price: each may have been rounded to the cent or not.
"""

from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from typing import Any

from penstock.feeds.feed import Record, Rule
from penstock.feeds.freight.x12_order import CHECKED
from penstock.model.findings import Severity

_NOTHING = Decimal()
_HALF_A_CENT = Decimal("0.005")
_TERMS_DISCOUNT = "C310"  #: SAC02 of a discount that a payer takes who pays in time

_X12 = "X12 004010"
_UBL = "UBL 2.1, MonetaryTotal"


def _sum(amounts: Iterable[Any], field: str = "amount") -> Decimal:
    return sum((one[field] for one in amounts if field in one), _NOTHING)


def _of(*types: str) -> Callable[[Callable[[Record], bool]], Callable[[Sequence[Record]], list[int]]]:
    """Makes a rule over records of what is wrong with one of these types."""

    def over(wrong: Callable[[Record], bool]) -> Callable[[Sequence[Record]], list[int]]:
        return lambda records: [at for at, one in enumerate(records) if one["document_type"] in types and wrong(one)]

    return over


_210, _810 = _of("x12_210"), _of("x12_810")
_of_ubl = _of("ubl_invoice", "ubl_freight_invoice")
_of_x12 = _of("x12_210", "x12_810")


# -- X12 210


@_210
def _charges_differ_from_l3(invoice: Record) -> bool:
    total = invoice["totals"].get("lines")
    return total is not None and total != _sum(invoice["lines"])


@_210
def _charges_differ_from_b3(invoice: Record) -> bool:
    return invoice["totals"]["due"] != _sum(invoice["lines"])


# -- X12 810


@_810
def _total_differs_from_lines(invoice: Record) -> bool:
    due, slack = invoice["totals"]["due"], _HALF_A_CENT * len(invoice["lines"])
    return all(abs(due - reading) > slack for reading in _readings(invoice))


def _readings(invoice: Record) -> list[Decimal]:
    """What an 810 may come to. The standard leaves open whether the SAC and TXI behind TDS repeat those of the lines,
    and a discount for payment in time may be deducted or only be told; senders do either."""
    lines, own = invoice["lines"], _Extras(invoice.get("charges", ()), invoice.get("taxes", ()))
    of_lines = _Extras(
        [charge for line in lines for charge in line.get("charges", ())],
        [tax for line in lines for tax in line.get("taxes", ())],
    )
    plain, some = _sum(lines), own if own else of_lines
    both = (own.total + of_lines.total, own.discounts + of_lines.discounts)
    return [
        plain + total - discounts
        for total, terms in (both, (some.total, some.discounts))
        for discounts in (_NOTHING, terms)
    ]


class _Extras:
    """Charges and taxes at one level. A tax may be told twice there, as a charge and in TXI; then it counts once."""

    def __init__(self, charges: Sequence[Any], taxes: Sequence[Any]) -> None:
        told = any(charge["kind"] == "tax" for charge in charges)
        self._some = bool(charges or taxes)
        self.total = _sum(charges) + (_NOTHING if told else _sum(taxes))
        self.discounts = _sum(charge for charge in charges if charge.get("code") == _TERMS_DISCOUNT)

    def __bool__(self) -> bool:
        return self._some


@_810
def _lines_miscounted(invoice: Record) -> bool:
    return invoice["totals"].get("line_count", len(invoice["lines"])) != len(invoice["lines"])


# -- UBL


@_of_ubl
def _line_sum_differs(invoice: Record) -> bool:
    total = invoice["totals"].get("lines")
    return total is not None and total != _sum(invoice["lines"])


@_of_ubl
def _allowances_differ(invoice: Record) -> bool:
    allowances = -_sum(one for one in invoice.get("charges", ()) if one["kind"] == "discount")
    return invoice["totals"].get("allowances", allowances) != allowances


@_of_ubl
def _charges_differ(invoice: Record) -> bool:
    charges = _sum(one for one in invoice.get("charges", ()) if one["kind"] != "discount")
    return invoice["totals"].get("charges", charges) != charges


@_of_ubl
def _tax_exclusive_differs(invoice: Record) -> bool:
    total = invoice["totals"].get("tax_exclusive")
    return total is not None and total != _sum(invoice["lines"]) + _sum(invoice.get("charges", ()))


@_of_ubl
def _tax_inclusive_differs(invoice: Record) -> bool:
    total, rounding = invoice["totals"].get("tax_inclusive"), invoice["totals"].get("rounding", _NOTHING)
    return total is not None and total - _taxed(invoice) not in (_NOTHING, rounding)


@_of_ubl
def _payable_differs(invoice: Record) -> bool:
    """The rounding counts once: it is in the tax inclusive amount already, or comes on top of it."""
    totals, exact = invoice["totals"], _taxed(invoice)
    rounding, prepaid = totals.get("rounding", _NOTHING), totals.get("prepaid", _NOTHING)
    inclusive = totals.get("tax_inclusive", exact)
    # Of an amount with taxes that is wrong itself nobody knows whether it is rounded.
    rounded = {inclusive} if inclusive != exact else {inclusive + rounding}
    if inclusive not in (exact, exact + rounding):
        rounded.add(inclusive + rounding)
    return totals["due"] + prepaid not in rounded


def _taxed(invoice: Record) -> Decimal:
    """The amount with its taxes, not rounded."""
    totals = invoice["totals"]
    before = totals.get("tax_exclusive")
    if before is None:
        before = _sum(invoice["lines"]) + _sum(invoice.get("charges", ()))
    return before + totals.get("tax", _NOTHING)


@_of_ubl
def _tax_subtotals_differ(invoice: Record) -> bool:
    total = invoice["totals"].get("tax")
    return total is not None and total != _sum(invoice.get("taxes", ()))


# -- any


def _without_lines(records: Sequence[Record]) -> list[int]:
    return [at for at, one in enumerate(records) if not one["lines"]]


def _due_before_issue(records: Sequence[Record]) -> list[int]:
    return [at for at, one in enumerate(records) if one.get("due_date", one["invoice_date"]) < one["invoice_date"]]


def _test_data(records: Sequence[Record]) -> list[int]:
    return [at for at, one in enumerate(records) if one.get("usage") == "T"]


@_of_x12
def _order_unchecked(invoice: Record) -> bool:
    return not invoice.get("version", "").startswith(CHECKED)


RULES = (
    Rule(
        "freight.lines_missing",
        "lines",
        "an invoice has at least one line",
        _without_lines,
    ),
    Rule(
        "freight.charges_total",
        "totals.lines",
        "L3-05 is the sum of the charges in L1-04, discounts negative",
        _charges_differ_from_l3,
        source=f"{_X12} L3-05",
    ),
    Rule(
        "freight.net_due",
        "totals.due",
        "B3-07 is the sum of the charges in L1-04, discounts negative",
        _charges_differ_from_b3,
        source=f"{_X12} B3-07",
    ),
    Rule(
        "freight.invoice_total",
        "totals.due",
        "TDS-01 is the sum of the lines (IT1-02 by IT1-04) with the charges, allowances and taxes in SAC and TXI",
        _total_differs_from_lines,
        source=f"{_X12} TDS-01",
    ),
    Rule(
        "freight.line_count",
        "totals.line_count",
        "CTT-01 is the number of IT1 segments",
        _lines_miscounted,
        source=f"{_X12} CTT-01",
    ),
    Rule(
        "freight.line_total",
        "totals.lines",
        "LineExtensionAmount is the sum of the lines' own",
        _line_sum_differs,
        source=f"{_UBL}/LineExtensionAmount",
    ),
    Rule(
        "freight.allowance_total",
        "totals.allowances",
        "AllowanceTotalAmount is the sum of the document's allowances",
        _allowances_differ,
        source=f"{_UBL}/AllowanceTotalAmount",
    ),
    Rule(
        "freight.charge_total",
        "totals.charges",
        "ChargeTotalAmount is the sum of the document's charges",
        _charges_differ,
        source=f"{_UBL}/ChargeTotalAmount",
    ),
    Rule(
        "freight.tax_exclusive",
        "totals.tax_exclusive",
        "TaxExclusiveAmount is the sum of the lines, less allowances, with charges",
        _tax_exclusive_differs,
        source=f"{_UBL}/TaxExclusiveAmount",
    ),
    Rule(
        "freight.tax_inclusive",
        "totals.tax_inclusive",
        "TaxInclusiveAmount is TaxExclusiveAmount with the TaxTotal, and perhaps PayableRoundingAmount",
        _tax_inclusive_differs,
        source=f"{_UBL}/TaxInclusiveAmount",
    ),
    Rule(
        "freight.payable",
        "totals.due",
        "PayableAmount is TaxInclusiveAmount less PrepaidAmount, with PayableRoundingAmount counted once",
        _payable_differs,
        source=f"{_UBL}/PayableAmount",
    ),
    Rule(
        "freight.tax_subtotals",
        "totals.tax",
        "TaxAmount is the sum of its subtotals",
        _tax_subtotals_differ,
        Severity.SOFT,
        "UBL 2.1, TaxTotal/TaxAmount",
    ),
    Rule(
        "freight.due_before_issue",
        "due_date",
        "the invoice is due before its own date; is one of the two wrong?",
        _due_before_issue,
        Severity.SOFT,
    ),
    Rule(
        "freight.test_data",
        "usage",
        "the interchange says that it is a test (ISA15 T); nobody should pay the invoice",
        _test_data,
        Severity.SOFT,
        "X12 ISA15",
    ),
    Rule(
        "freight.version_unchecked",
        "version",
        f"the order of segments is known for version {CHECKED} only, and was not looked at",
        _order_unchecked,
        Severity.INFO,
        _X12,
    ),
)
"""What rejects an invoice, and what flags it."""
