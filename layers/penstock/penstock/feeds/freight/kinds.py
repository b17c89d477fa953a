"""What a document is, what it is sent for, and what becomes of it for that: read before any of its amounts.

A *kind* is what the document is in itself: a claim for money, or something that reverses, corrects or only offers one.
A *purpose* is why it was sent this time: as the original, as a copy, as a correction of it. Either comes from a code of
the document's own standard, and a code that nobody here knows is `unknown`, never taken for an invoice.
"""

from collections.abc import Mapping
from typing import Any, Literal

type Kind = Literal[
    "invoice",
    "partial_invoice",
    "prepayment_invoice",
    "self_billed_invoice",
    "factored_invoice",
    "construction_invoice",
    "accounting_information",
    "debit_note",
    "payment_request",
    "credit_note",
    "corrected_invoice",
    "reversal_of_debit",
    "reversal_of_credit",
    "proforma_invoice",
    "payment_valuation",
    "unknown",
]
"""What the document is."""

type Purpose = Literal["original", "copy", "correction", "cancellation", "draft", "unknown"]
"""What it was sent for."""

type Action = Literal["deliver", "hold", "reject"]
"""What becomes of a record."""

CLAIMS: tuple[Kind, ...] = (
    "invoice",
    "partial_invoice",
    "prepayment_invoice",
    "self_billed_invoice",
    "factored_invoice",
    "construction_invoice",
    "accounting_information",
    "debit_note",
    "payment_request",
)
"""New claims for money: delivered, unless the feed's settings say otherwise."""

_CREDITS: tuple[Kind, ...] = ("credit_note", "reversal_of_debit")

_OF_1001: dict[Kind, str] = {
    "invoice": "82 331 380 385 387 388 390 394 395 295 575 623 633 780 935",
    "partial_invoice": "326",
    "prepayment_invoice": "386 500",
    "self_billed_invoice": "389",
    "factored_invoice": "393 501",
    "construction_invoice": "875 876 877",
    "accounting_information": "751",
    "debit_note": "80 84 383 456 527",
    "payment_request": "71 211 218 219",
    "credit_note": "81 83 261 262 296 308 381 396 420 502 503 532",
    "corrected_invoice": "384 471 472 473",
    "reversal_of_debit": "458",
    "reversal_of_credit": "457",
    "proforma_invoice": "325",
    "payment_valuation": "202 203 204",
}
_KIND_OF_1001: dict[str, Kind] = {code: kind for kind, codes in _OF_1001.items() for code in codes.split()}

_PURPOSE_OF_1225: dict[str, Purpose] = {
    "1": "cancellation",
    "3": "cancellation",
    "17": "cancellation",
    "4": "correction",
    "5": "correction",
    "7": "copy",
    "9": "original",
    "31": "copy",
    "16": "draft",
    "46": "draft",
}


def kind_of_1001(code: str) -> Kind:
    """The kind of a document by its code of UNTDID 1001 (document name code), which UBL, CII and EDIFACT share; an
    invoice where it gives none.

    >>> kind_of_1001("381"), kind_of_1001("383"), kind_of_1001(""), kind_of_1001("9999")
    ('credit_note', 'debit_note', 'invoice', 'unknown')
    """
    return _KIND_OF_1001.get(code, "unknown") if code else "invoice"


def purpose_of_1225(code: str) -> Purpose:
    """The purpose of a document by its code of UNTDID 1225 (message function code), that of EDIFACT and of CII's
    PurposeCode; the original where it gives none."""
    return _PURPOSE_OF_1225.get(code, "unknown") if code else "original"


def sign_of(kind: Kind, purpose: Purpose) -> int:
    """Which way the money goes, for amounts as they are written: 1 is owed by who gets the document, -1 comes back to
    him. Who cancels a document turns it round."""
    turned = (kind in _CREDITS) != (purpose == "cancellation")
    return -1 if turned else 1


def standing_of(kind: Kind, purpose: Purpose, test: bool) -> str:
    """As what a document stands among others of its number. What stands otherwise is never the same as another: a copy
    claims nothing that its original does, a test nothing at all. A correction stands as what it corrects."""
    if test:
        return "test"
    if purpose not in ("original", "correction"):
        return f"{purpose} of {kind}"
    return "invoice" if kind == "corrected_invoice" else kind


def corrects(kind: Kind, purpose: Purpose) -> bool:
    """Whether the document takes the place of an earlier one."""
    return purpose == "correction" or kind == "corrected_invoice"


def says(kind: Kind, purpose: Purpose, test: bool, made_at: int = 1, **codes: str) -> dict[str, Any]:
    """The fields that follow from kind, purpose and test. `made_at` says when a correction was made, as a number that
    grows with time (YYYYMMDDhhmm): of two corrections of one invoice the later counts. `codes` are `kind_code` and
    `purpose_code`, as the sender wrote them."""
    found: dict[str, Any] = {
        "kind": kind,
        "purpose": purpose,
        "sign": sign_of(kind, purpose),
        "standing": standing_of(kind, purpose, test),
        "revision": made_at if corrects(kind, purpose) and not test else 0,
    }
    return found | ({"test": True} if test else {}) | {name: code for name, code in codes.items() if code}


def is_claim(record: Mapping[str, Any]) -> bool:
    """Whether a record, once it is delivered, is money owed. A test never is."""
    offers = record["kind"] in ("proforma_invoice", "payment_valuation") or record["purpose"] == "draft"
    return record["sign"] > 0 and not offers and not record.get("test")
