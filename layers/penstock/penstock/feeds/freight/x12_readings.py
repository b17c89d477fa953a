"""What an 810 may come to. The standard leaves open whether the SAC and TXI behind TDS repeat those of the lines, and a
discount for payment in time may be deducted or only be told; senders do either. A product of quantity and price may
have been rounded before it was added, or the sum of all of them after. Nothing else is allowed, and no slack."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

_NOTHING = Decimal()
_TERMS_DISCOUNT = "C310"  #: SAC02 of a discount that a payer takes who pays in time

WRONG, SEVERAL = "wrong", "several"
"""Of an invoice's sums: no reading fits; or one does, and another that is allowed comes to something else."""


def take_reading(invoice: dict[str, Any], unit: Decimal) -> None:
    """Notes in an invoice's totals by which reading it adds up, and in `sums` what is wrong with that."""
    readings = list(_readings(invoice, unit))
    due = Decimal(invoice["totals"]["due"])
    fitting = [words for words, sums in readings if due in sums]
    if not fitting:
        invoice["sums"] = WRONG
        return
    if len({min(sums) for _, sums in readings}) > 1:
        invoice["sums"] = SEVERAL
        invoice["totals"]["reading"] = list(fitting[0])


def take_advances(invoice: dict[str, Any]) -> None:
    """Notes in an invoice's totals whether its charges hold what was advanced already, where B3-07 tells. Advances are
    incidental, and no freight charges (data element 191)."""
    totals, beside = invoice["totals"], invoice.get("of_charges", {}) | invoice["totals"]
    advances, due = Decimal(beside.get("advances", 0)), totals.get("due")
    if not advances or due is None:
        return
    net = _sum(line for line in invoice["lines"] if "amount" in line) - Decimal(beside.get("prepaid", 0))
    words = {net: "advances_within_charges", net + advances: "advances_beside_charges"}
    if Decimal(due) in words:
        totals["reading"] = [words[Decimal(due)]]


def _readings(invoice: Mapping[str, Any], unit: Decimal) -> Iterator[tuple[tuple[str, ...], set[Decimal]]]:
    """Each reading's words, and the sums it may have."""
    lines = invoice["lines"]
    own = _Extras(invoice.get("charges", ()), invoice.get("taxes", ()))
    of_lines = _Extras(
        [charge for line in lines for charge in line.get("charges", ())],
        [tax for line in lines for tax in line.get("taxes", ())],
    )
    plain = _sums_of_lines(lines, unit)
    ways: list[tuple[str, Decimal, Decimal]] = [
        ("header_beside_lines", own.total + of_lines.total, own.discounts + of_lines.discounts)
    ]
    if of_lines.codes and of_lines.codes <= own.codes:
        ways.append(("header_repeats_lines", own.total, own.discounts))
    for word, total, terms in ways:
        yield (word, "terms_discount_deducted"), {one + total for one in plain}
        if terms:
            yield (word, "terms_discount_told"), {one + total - terms for one in plain}


def _sums_of_lines(lines: Sequence[Mapping[str, Any]], unit: Decimal) -> set[Decimal]:
    amounts = [Decimal(line["amount"]) for line in lines if "amount" in line]
    return {
        sum((one.quantize(unit, ROUND_HALF_UP) for one in amounts), _NOTHING),
        sum(amounts, _NOTHING).quantize(unit, ROUND_HALF_UP),
    }


def _sum(amounts: Iterable[Mapping[str, Any]]) -> Decimal:
    return sum((Decimal(one["amount"]) for one in amounts), _NOTHING)


class _Extras:
    """Charges and taxes at one level. A tax may be told twice there, as a charge and in TXI; then it counts once."""

    def __init__(self, charges: Sequence[Mapping[str, Any]], taxes: Sequence[Mapping[str, Any]]) -> None:
        twice = any(charge["kind"] == "tax" for charge in charges)
        self.total = _sum(charges) + (_NOTHING if twice else _sum(taxes))
        self.discounts = _sum(one for one in charges if one.get("code") == _TERMS_DISCOUNT)
        self.codes = {one.get("code", "") for one in charges} | {f"TXI {one.get('kind')}" for one in taxes}
