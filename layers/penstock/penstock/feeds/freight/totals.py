"""Whether an invoice adds up, and whatever else can be told from the invoice alone.

No rate is looked up: whether a charge is what was agreed is the next system's to say. Sums are exact; of an 810, whose
lines are quantity by price, see `x12_readings`; of documents of European kind, `en16931`.
"""

from collections.abc import Callable, Iterable, Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from penstock.feeds.freight import en16931
from penstock.feeds.freight.currencies import CENT, MINOR_UNITS, smallest_unit
from penstock.feeds.freight.x12_order import CHECKED
from penstock.feeds.freight.x12_readings import SEVERAL, WRONG
from penstock.feeds.rules import BreaksAmong, Record, Rulebook
from penstock.model.findings import Severity

_RULES = Rulebook("freight")
_NOTHING = Decimal()
_X12 = "X12 004010"


def _of(*types: str) -> Callable[[Callable[[Record], bool]], BreaksAmong]:
    """Makes a rule over records of what is wrong with one of these types."""

    def over(wrong: Callable[[Record], bool]) -> BreaksAmong:
        return lambda records: [at for at, one in enumerate(records) if one["document_type"] in types and wrong(one)]

    return over


_210, _810 = _of("x12_210"), _of("x12_810")
_of_x12 = _of("x12_210", "x12_810")


def _sum(amounts: Iterable[Any], field: str = "amount") -> Decimal:
    return sum((one[field] for one in amounts if field in one), _NOTHING)


@_RULES.among("lines_missing", "lines", "an invoice has at least one line")
def _without_lines(records: Sequence[Record]) -> list[int]:
    return [at for at, one in enumerate(records) if not one["lines"] and one["document_type"] != "pdf"]


# -- X12 210


@_RULES.among(
    "charges_total", "totals.lines", "L3-05 is the sum of the charges in L1-04, discounts negative", f"{_X12} L3-05"
)
@_210
def _charges_differ_from_l3(invoice: Record) -> bool:
    total = invoice["totals"].get("lines")
    return total is not None and total != _sum(invoice["lines"])


@_RULES.among(
    "net_due",
    "totals.due",
    "B3-07 is the sum of the charges in L1-04, discounts negative, less what was prepaid, with advances",
    f"{_X12} B3-07",
)
@_210
def _charges_differ_from_b3(invoice: Record) -> bool:
    """Advances are owed as well, unless they are among the charges already; what was paid at the origin is not."""
    totals = invoice["totals"]
    net = _sum(invoice["lines"]) - _either(invoice, "prepaid")
    return totals["due"] not in (net, net + _either(invoice, "advances"))


@_RULES.among(
    "advances",
    "totals.advances",
    "there are advances, which the charges may hold already or not; B3-07 tells which",
    f"{_X12} L3-06",
    Severity.SOFT,
)
@_210
def _advances_open(invoice: Record) -> bool:
    return bool(_either(invoice, "advances"))


def _either(invoice: Record, what: str) -> Decimal:
    """An amount that L3 gives for all lines, or else the lines' own."""
    total = invoice["totals"].get(what)
    return invoice.get("of_charges", {}).get(what, _NOTHING) if total is None else total


@_RULES.among(
    "prepaid_total",
    "totals.prepaid",
    "L3-06 and L3-07 are the sums of the advances and prepaid amounts in L1-05 and L1-06",
    f"{_X12} L3-07",
)
@_210
def _prepaid_differs(invoice: Record) -> bool:
    totals = invoice["totals"]
    return any(totals.get(what, amount) != amount for what, amount in invoice.get("of_charges", {}).items())


@_RULES.among(
    "discount_positive",
    "lines",
    "a discount (L1-08 DSC) is taken off: its amount in L1-04 is negative",
    f"{_X12} L1-04",
)
@_210
def _discount_is_charged(invoice: Record) -> bool:
    return any(
        charge["kind"] == "discount" and charge["amount"] > 0
        for line in invoice["lines"]
        for charge in line.get("charges", ())
    )


# -- X12 810


@_RULES.among(
    "allowance_negative",
    "charges",
    "an allowance (SAC-01 A) is taken off as it is written: its amount in SAC-05 is not negative",
    f"{_X12} SAC-05",
)
@_810
def _allowance_is_charged(invoice: Record) -> bool:
    held = [invoice, *invoice["lines"]]
    return any(one["kind"] == "discount" and one["amount"] > 0 for some in held for one in some.get("charges", ()))


@_RULES.among(
    "several_readings",
    "totals.reading",
    "the standard allows another reading of the charges, with another sum; `totals.reading` says which fitted",
    f"{_X12} TDS-01",
    Severity.SOFT,
)
def _other_readings(records: Sequence[Record]) -> list[int]:
    return [at for at, one in enumerate(records) if one.get("sums") == SEVERAL]


@_RULES.among(
    "invoice_total",
    "totals.due",
    "TDS-01 is the sum of the lines (IT1-02 by IT1-04) with the charges, allowances and taxes in SAC and TXI",
    f"{_X12} TDS-01",
)
@_810
def _total_differs_from_lines(invoice: Record) -> bool:
    return invoice.get("sums") == WRONG


@_RULES.among(
    "tax_amount",
    "taxes",
    "TXI-02 is the taxable amount in TXI-08 by the percentage in TXI-03, rounded",
    f"{_X12} TXI-02",
)
@_810
def _tax_differs(invoice: Record) -> bool:
    """A percentage is a share of one (data element 954), which many write as one of a hundred."""
    unit = _unit(invoice.get("currency", ""))
    taxes = [*invoice.get("taxes", ()), *(tax for line in invoice["lines"] for tax in line.get("taxes", ()))]
    return any(not _is_share(tax, [tax["taxable"]], unit) for tax in taxes if "taxable" in tax and "percent" in tax)


def _is_share(tax: Record, bases: Iterable[Decimal], unit: Decimal) -> bool:
    shares = {(base * tax["percent"] / of).quantize(unit, ROUND_HALF_UP) for base in bases for of in (1, 100)}
    return tax["amount"] in shares


@_RULES.among(
    "tax_base",
    "taxes",
    "a tax that does not say how much is taxed (TXI-08) is not its percentage of all that is invoiced; is less taxed?",
    f"{_X12} TXI-08",
    Severity.SOFT,
)
@_810
def _taxes_something_else(invoice: Record) -> bool:
    """Of a line, with its own charges or without; of the invoice, with those of the lines or without as well."""
    unit, lines = _unit(invoice.get("currency", "")), invoice["lines"]
    own = [(_sum([line]), _untaxed(line)) for line in lines]
    whole, extra, of_lines = _sum(lines), _untaxed(invoice), sum((charges for _, charges in own), _NOTHING)
    stated = [(tax, (base, base + charges)) for line, (base, charges) in zip(lines, own, strict=True)
              for tax in line.get("taxes", ())]  # fmt: skip
    stated += [
        (tax, (whole, whole + extra, whole + of_lines, whole + extra + of_lines)) for tax in invoice.get("taxes", ())
    ]
    return any(
        not _is_share(tax, bases, unit)
        for tax, bases in stated
        if "percent" in tax and "taxable" not in tax and tax["amount"]
    )


def _untaxed(holder: Record) -> Decimal:
    """Charges and allowances that are no tax themselves."""
    return _sum(one for one in holder.get("charges", ()) if one["kind"] != "tax")


@_RULES.among("line_count", "totals.line_count", "CTT-01 is the number of IT1 segments", f"{_X12} CTT-01")
@_810
def _lines_miscounted(invoice: Record) -> bool:
    return invoice["totals"].get("line_count", len(invoice["lines"])) != len(invoice["lines"])


# -- any


@_RULES.among(
    "due_before_issue",
    "due_date",
    "the invoice is due before its own date; is one of the two wrong?",
    severity=Severity.SOFT,
)
def _due_before_issue(records: Sequence[Record]) -> list[int]:
    return [at for at, one in enumerate(records) if one.get("due_date", one["invoice_date"]) < one["invoice_date"]]


@_RULES.among(
    "negative",
    "totals.due",
    "the amount due is below nothing: a credit that is not called one; is it to be delivered?",
    severity=Severity.SOFT,
)
def _negative(records: Sequence[Record]) -> list[int]:
    return [at for at, one in enumerate(records) if one["totals"]["due"] < 0]


@_RULES.among(
    "paid_negative",
    "totals.prepaid",
    "what was paid or advanced before is below nothing, so that more is due than is invoiced; is it to be delivered?",
    severity=Severity.SOFT,
)
def _paid_below_nothing(records: Sequence[Record]) -> list[int]:
    return [at for at, one in enumerate(records) if any(_either(one, what) < 0 for what in ("prepaid", "advances"))]


@_RULES.among(
    "currency_missing",
    "currency",
    "nothing says which currency the amounts are in; is it to be delivered?",
    "UNTDID D.96A, INVOIC, CUX",
    Severity.SOFT,
)
def _in_no_currency(records: Sequence[Record]) -> list[int]:
    """In X12 the currency is that of the sender's country, unless it is said; the others have no such custom."""
    return [at for at, one in enumerate(records) if one["document_type"] == "edifact_invoic" and "currency" not in one]


@_RULES.among("minor_unit", "totals.due", "an amount is a multiple of its currency's smallest unit", "ISO 4217")
def _no_such_unit(records: Sequence[Record]) -> list[int]:
    """An amount in parts that the currency does not have."""
    return [
        at for at, one in enumerate(records) if "currency" in one and one["totals"]["due"] % _unit(one["currency"]) != 0
    ]


def _unit(currency: str) -> Decimal:
    return smallest_unit(currency) if currency in MINOR_UNITS else CENT


@_RULES.among(
    "version_unchecked",
    "version",
    f"the order of segments is known for version {CHECKED} only, and was not looked at",
    _X12,
    Severity.INFO,
)
@_of_x12
def _order_unchecked(invoice: Record) -> bool:
    return not invoice.get("version", "").startswith(CHECKED)


RULES = (*en16931.RULES, *_RULES)
"""What rejects an invoice, and what flags it."""
