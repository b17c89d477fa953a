"""Terms of payment that a document writes as text, and what an invoice makes of all its terms."""

import re
from collections.abc import Sequence
from typing import Any

_SKONTO = re.compile(r"#SKONTO#TAGE=([0-9]{1,3})#PROZENT=([0-9]{1,3}\.[0-9]{2})(?:#BASISBETRAG=-?[0-9]+\.[0-9]{2})?#")


def discounts_in(text: str) -> list[dict[str, Any]]:
    """The discounts for payment in time that an XRechnung writes into its terms (XRechnung 3.0, BR-DE-18).

    >>> discounts_in("#SKONTO#TAGE=14#PROZENT=2.25#\\n")
    [{'discount_days': '14', 'discount_percent': '2.25'}]
    """
    return [{"discount_days": days, "discount_percent": percent} for days, percent in _SKONTO.findall(text)]


def take_terms(invoice: dict[str, Any], due_dates: Sequence[str], terms: Sequence[dict[str, Any]]) -> None:
    """Adds terms to an invoice, whose due date is the earliest of all that it gives."""
    dates = sorted({*filter(None, due_dates), *(one["due_date"] for one in terms if "due_date" in one)})
    if dates:
        invoice["due_date"] = dates[0]
    further = [
        {"due_date": one} for one in dates if len(dates) > 1 and all(one != some.get("due_date") for some in terms)
    ]
    if terms or further:
        invoice["terms"] = [*terms, *further]
