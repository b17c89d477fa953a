"""ITD, terms of sale: when payment is due, and what who pays earlier may keep (X12 004010)."""

from collections.abc import Sequence
from typing import Any

from penstock.feeds.freight.values import said
from penstock.feeds.freight.x12_values import cents, day, element, money, number


def terms_of(segment: Sequence[str], version: str) -> dict[str, Any]:
    """The terms; empty if it says none.

    Raises:
        Defective: `freight.date`, `freight.amount`.
    """
    discount = cents(segment, 8)
    return said(
        due_date=day(segment, 6, version) or day(segment, 9, version),
        net_days=_days(segment, 7),
        discount_percent=number(segment, 3),
        discount_amount="" if discount is None else money(discount),
        discount_date=day(segment, 4, version),
        discount_days=_days(segment, 5),
        description=element(segment, 12),
    )


def take_terms(invoice: dict[str, Any], terms: dict[str, Any]) -> None:
    """Adds terms to an invoice, whose due date is the earliest of all."""
    if not terms:
        return
    invoice.setdefault("terms", []).append(terms)
    due = [one["due_date"] for one in invoice["terms"] if "due_date" in one]
    invoice |= said(due_date=min(due, default=""))


def _days(segment: Sequence[str], at: int) -> str:
    text = element(segment, at)
    return text if text.isascii() and text.isdecimal() else ""
