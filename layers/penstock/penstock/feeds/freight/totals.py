"""Whether an invoice adds up, and whatever else can be told from the invoice alone.

No rate is looked up: whether a charge is what was agreed is the next system's to say. Sums are exact; of an 810, whose
lines are quantity by price, see `x12_readings`.
"""

from collections.abc import Callable, Iterable, Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from penstock.feeds.feed import Record, Rule
from penstock.feeds.freight import en16931
from penstock.feeds.freight.currencies import CENT, MINOR_UNITS, smallest_unit
from penstock.feeds.freight.x12_order import CHECKED
from penstock.feeds.freight.x12_readings import SEVERAL, WRONG
from penstock.model.findings import Severity

_NOTHING = Decimal()

_X12 = "X12 004010"


def _sum(amounts: Iterable[Any], field: str = "amount") -> Decimal:
    return sum((one[field] for one in amounts if field in one), _NOTHING)


def _of(*types: str) -> Callable[[Callable[[Record], bool]], Callable[[Sequence[Record]], list[int]]]:
    """Makes a rule over records of what is wrong with one of these types."""

    def over(wrong: Callable[[Record], bool]) -> Callable[[Sequence[Record]], list[int]]:
        return lambda records: [at for at, one in enumerate(records) if one["document_type"] in types and wrong(one)]

    return over


_210, _810 = _of("x12_210"), _of("x12_810")
_of_x12 = _of("x12_210", "x12_810")


# -- X12 210


@_210
def _charges_differ_from_l3(invoice: Record) -> bool:
    total = invoice["totals"].get("lines")
    return total is not None and total != _sum(invoice["lines"])


@_210
def _charges_differ_from_b3(invoice: Record) -> bool:
    """Advances are owed as well, unless they are among the charges already; what was paid at the origin is not."""
    totals = invoice["totals"]
    net = _sum(invoice["lines"]) - _either(invoice, "prepaid")
    return totals["due"] not in (net, net + _either(invoice, "advances"))


@_210
def _advances_open(invoice: Record) -> bool:
    return bool(_either(invoice, "advances"))


def _either(invoice: Record, what: str) -> Decimal:
    """An amount that L3 gives for all lines, or else the lines' own."""
    total = invoice["totals"].get(what)
    return invoice.get("of_charges", {}).get(what, _NOTHING) if total is None else total


@_210
def _prepaid_differs(invoice: Record) -> bool:
    totals = invoice["totals"]
    return any(totals.get(what, amount) != amount for what, amount in invoice.get("of_charges", {}).items())


@_210
def _discount_is_charged(invoice: Record) -> bool:
    return any(
        charge["kind"] == "discount" and charge["amount"] > 0
        for line in invoice["lines"]
        for charge in line.get("charges", ())
    )


# -- X12 810


@_810
def _total_differs_from_lines(invoice: Record) -> bool:
    return invoice.get("sums") == WRONG


def _other_readings(records: Sequence[Record]) -> list[int]:
    return [at for at, one in enumerate(records) if one.get("sums") == SEVERAL]


@_810
def _tax_differs(invoice: Record) -> bool:
    """A percentage is a share of one (data element 954), which many write as one of a hundred."""
    unit = _unit(invoice.get("currency", ""))
    taxes = [*invoice.get("taxes", ()), *(tax for line in invoice["lines"] for tax in line.get("taxes", ()))]
    return any(
        tax["amount"] not in {(tax["taxable"] * tax["percent"] / of).quantize(unit, ROUND_HALF_UP) for of in (1, 100)}
        for tax in taxes
        if "taxable" in tax and "percent" in tax
    )


@_810
def _lines_miscounted(invoice: Record) -> bool:
    return invoice["totals"].get("line_count", len(invoice["lines"])) != len(invoice["lines"])


# -- any


def _without_lines(records: Sequence[Record]) -> list[int]:
    return [at for at, one in enumerate(records) if not one["lines"]]


def _due_before_issue(records: Sequence[Record]) -> list[int]:
    return [at for at, one in enumerate(records) if one.get("due_date", one["invoice_date"]) < one["invoice_date"]]


def _negative(records: Sequence[Record]) -> list[int]:
    return [at for at, one in enumerate(records) if one["totals"]["due"] < 0]


def _no_such_unit(records: Sequence[Record]) -> list[int]:
    """An amount in parts that the currency does not have."""
    return [
        at for at, one in enumerate(records) if "currency" in one and one["totals"]["due"] % _unit(one["currency"]) != 0
    ]


def _unit(currency: str) -> Decimal:
    return smallest_unit(currency) if currency in MINOR_UNITS else CENT


@_of_x12
def _order_unchecked(invoice: Record) -> bool:
    return not invoice.get("version", "").startswith(CHECKED)


RULES = (
    *en16931.RULES,
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
        "B3-07 is the sum of the charges in L1-04, discounts negative, less what was prepaid, with advances",
        _charges_differ_from_b3,
        source=f"{_X12} B3-07",
    ),
    Rule(
        "freight.advances",
        "totals.advances",
        "there are advances, which the charges may hold already or not; B3-07 tells which",
        _advances_open,
        Severity.SOFT,
        f"{_X12} L3-06",
    ),
    Rule(
        "freight.prepaid_total",
        "totals.prepaid",
        "L3-06 and L3-07 are the sums of the advances and prepaid amounts in L1-05 and L1-06",
        _prepaid_differs,
        source=f"{_X12} L3-07",
    ),
    Rule(
        "freight.discount_positive",
        "lines",
        "a discount (L1-08 DSC) is taken off: its amount in L1-04 is negative",
        _discount_is_charged,
        source=f"{_X12} L1-04",
    ),
    Rule(
        "freight.several_readings",
        "totals.reading",
        "the standard allows another reading of the charges, with another sum; `totals.reading` says which fitted",
        _other_readings,
        Severity.SOFT,
        f"{_X12} TDS-01",
    ),
    Rule(
        "freight.invoice_total",
        "totals.due",
        "TDS-01 is the sum of the lines (IT1-02 by IT1-04) with the charges, allowances and taxes in SAC and TXI",
        _total_differs_from_lines,
        source=f"{_X12} TDS-01",
    ),
    Rule(
        "freight.tax_amount",
        "taxes",
        "TXI-02 is the taxable amount in TXI-08 by the percentage in TXI-03, rounded",
        _tax_differs,
        source=f"{_X12} TXI-02",
    ),
    Rule(
        "freight.line_count",
        "totals.line_count",
        "CTT-01 is the number of IT1 segments",
        _lines_miscounted,
        source=f"{_X12} CTT-01",
    ),
    Rule(
        "freight.due_before_issue",
        "due_date",
        "the invoice is due before its own date; is one of the two wrong?",
        _due_before_issue,
        Severity.SOFT,
    ),
    Rule(
        "freight.negative",
        "totals.due",
        "the amount due is below nothing: a credit that is not called one; is it to be delivered?",
        _negative,
        Severity.SOFT,
    ),
    Rule(
        "freight.minor_unit",
        "totals.due",
        "an amount is a multiple of its currency's smallest unit",
        _no_such_unit,
        source="ISO 4217",
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
