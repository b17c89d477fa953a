"""Invoices that a template has read on a PDF's pages: no sender says them in a form that a machine checks, so that they
must prove themselves.

A value is one whole text, an amount a decimal. What is due must be the sum of what else stands there, and the net that
of the lines; where nothing can be added up, it is held. So is what a reader doubts, and so are, whatever is found of
them, the first documents of a new template (`Policy.first_of_template`): somebody looks whether it reads the right
things.
"""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from penstock.feeds.freight.kinds import says
from penstock.feeds.rules import Record, Rulebook
from penstock.model.findings import Severity

_NEEDED = ("carrier", "currency", "invoice_number", "invoice_date", "total_due")
_TOTALS = {"total_due": "due", "total_net": "tax_exclusive", "total_tax": "tax"}
_AS_IT_IS = (
    "carrier", "contract_number", "currency", "due_date", "invoice_date", "invoice_number", "order_number",
    "pro_number", "scac", "shipment_id",
)  # fmt: skip
_OF_A_LINE = ("amount", "description", "number", "quantity", "unit", "unit_price")

PROVENANCE = ("template", "evidence", "doubts", "marks")
"""Fields that say how an invoice was read on a page."""

_RULES = Rulebook("freight")


def lacking(form: Mapping[str, Any]) -> str:
    """What a form does not say that no invoice is one without, "" if it says all."""
    missing = [name for name in _NEEDED if name not in form]
    doubts = [doubt for doubt in form.get("doubts", ()) if doubt.partition(":")[0] in missing]
    return "; ".join(doubts or [f"nothing is read of {name}" for name in missing])


def to_record(form: Mapping[str, Any]) -> dict[str, Any]:
    """The invoice's fields of a form that says what it needs."""
    fields = {name: form[name] for name in _AS_IT_IS if name in form}
    carrier = {"carrier": form["scac"], "carrier_scheme": "SCAC"} if "scac" in form else {"carrier_scheme": "name"}
    lines = [{name: row[name] for name in _OF_A_LINE if name in row} for row in form.get("lines", ())]
    return {
        "document_type": "pdf",
        **says("invoice", "original", test=False),
        **fields,
        **carrier,
        "lines": [line for line in lines if "amount" in line],
        "totals": {ours: form[theirs] for theirs, ours in _TOTALS.items() if theirs in form},
        "template": form["template"],
        "evidence": form["evidence"],
    } | ({"doubts": form["doubts"]} if "doubts" in form else {})


def _is_read(one: Record) -> bool:
    return one["document_type"] == "pdf" and one["carrier_scheme"] != "document"


@_RULES.each(
    "pdf_doubtful",
    "doubts",
    "a value is one whole text of the form that its template has; doubts says which may be misread",
    severity=Severity.SOFT,
)
def _is_doubtful(one: Record) -> bool:
    return bool(one.get("doubts"))


@_RULES.each(
    "pdf_sums",
    "totals.due",
    "what is due by a page is the sum of what else stands there, lines or net and tax; is one of them misread?",
    severity=Severity.SOFT,
)
def _adds_up_otherwise(one: Record) -> bool:
    """Also where there is nothing to add up."""
    return _is_read(one) and not _proves(one["totals"], list(_amounts(one)))


def _amounts(one: Record) -> Iterator[Decimal]:
    return (line["amount"] for line in one["lines"])


def _proves(totals: Mapping[str, Decimal], amounts: list[Decimal]) -> bool:
    net, tax, due = totals.get("tax_exclusive"), totals.get("tax"), totals["due"]
    of_lines = sum(amounts, Decimal(0)) if amounts else None
    base = net if net is not None else of_lines
    if base is None or (net is not None and tax is None and of_lines is None):
        return False
    return (of_lines is None or of_lines == base) and base + (tax or 0) == due


RULES = tuple(_RULES)
