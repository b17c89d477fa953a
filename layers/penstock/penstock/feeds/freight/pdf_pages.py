"""Whether a PDF says the same twice: in the XML that it carries, and on its pages, by which people pay.

What money hangs on must stand on the pages as a whole text: the invoice's number, its date, what is due, who claims it,
and whom and which account it is paid to. The currency must be the pages', where these name one. What stands there
otherwise, or not at all, holds the invoice: one of the two is wrong, and only its sender knows which.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from functools import partial
from typing import Any

from penstock.feeds.freight.currencies import MINOR_UNITS
from penstock.feeds.rules import Record, Rulebook
from penstock.model.findings import Severity

_AMOUNT = re.compile(
    r"(?<![\w.,])(?<!\w[-/])(?:\d{1,3}(?:[.,'\s]\d{3})+(?:[.,]\d{1,4})?|\d+(?:[.,]\d{1,4})?)(?!\w|[-/.,]\w)"
)
"""A whole text, no part of a number, a date or a reference."""

_CODED = re.compile(r"(?<!\w)([A-Z]{3})\s?-?\d|\d\s?([A-Z]{3})(?!\w)")
_SYMBOLS: Mapping[str, frozenset[str]] = {
    "€": frozenset({"EUR"}),
    "£": frozenset({"GBP", "EGP", "GIP", "FKP", "SHP"}),
    "¥": frozenset({"JPY", "CNY"}),
    "$": frozenset({"USD", "AUD", "CAD", "HKD", "MXN", "NZD", "SGD", "TWD"}),
}
"""What may be written instead of a currency's code."""

_SELLERS = ("SellerTradeParty", "AccountingSupplierParty", "SellerSupplierParty")

_RULES = Rulebook("freight")


def differing(fields: Mapping[str, Any], text: str) -> Iterator[str]:
    """Which of an invoice's fields stand otherwise, or nowhere, on its pages, whose text this is."""
    said = " ".join(text.split())
    if not _stands(fields.get("invoice_number", ""), said):
        yield "invoice_number"
    if not _is_dated(str(fields.get("invoice_date", "")), said):
        yield "invoice_date"
    if _is_other_due(fields.get("totals", {}), text):
        yield "totals.due"
    if _is_other_currency(str(fields.get("currency", "")), said):
        yield "currency"
    if not any(_stands(name, said) for name in _names_of_carrier(fields)) or _is_other_number(fields, said):
        yield "carrier"
    payee = fields.get("payee", {})
    # People write an account's number in groups.
    paid = [payee.get("name", ""), *(" ".join(payee.get(account, "")) for account in ("iban", "account"))]
    if not all(_stands(one, said) for one in paid if one):
        yield "payee"


def _stands(text: str, said: str) -> bool:
    """Whether a text stands there by itself, no part of a longer one, whatever blanks are where it has one."""
    words = r"\s*".join(re.escape(part) for part in text.split())
    return bool(words) and re.search(rf"(?<!\w)(?<!\w[-/.]){words}(?!\w|[-/.]\w)", said, re.IGNORECASE) is not None


def _names_of_carrier(fields: Mapping[str, Any]) -> Iterator[str]:
    """What the carrier is called and numbered: a page may print either."""
    yield str(fields.get("carrier", ""))
    yield from (str(one["name"]) for one in fields.get("parties", ()) if one["role"] in _SELLERS and one.get("name"))


def _is_other_number(fields: Mapping[str, Any], said: str) -> bool:
    """Whether a carrier that is known by a number has another one of its form there, and not this."""
    number = str(fields.get("carrier", ""))
    form = "".join(r"\d" if one.isdigit() else re.escape(one) for one in number)
    return number[-1:].isdigit() and not _stands(number, said) and re.search(rf"(?<!\w){form}(?!\w)", said) is not None


def _is_other_due(totals: Mapping[str, Any], text: str) -> bool:
    """Whether what is due stands nowhere there, or where it should be stands something else: an invoice has other
    amounts, too. What was paid before may be told apart, and due is then less than all. On a line that says what is
    due no other amount may stand behind that, but others of the invoice's totals."""
    due, paid, gross = (_amount(str(totals.get(name, ""))) for name in ("due", "prepaid", "tax_inclusive"))
    if due is None:
        return False
    allowed = {abs(due), abs(due + (paid or 0)), abs(due if gross is None else gross)}
    known = allowed | {abs(one) for said in totals.values() if (one := _amount(str(said))) is not None}
    lines = (line for line in text.splitlines() if _SAYS_DUE.search(line) and _TO_THE_CENT.search(line))
    return abs(due) not in _amounts(" ".join(text.split())) or any(
        allowed.isdisjoint(_amounts(line)) or not _to_the_cent(_SAYS_DUE.split(line, 1)[1]) <= known for line in lines
    )


def _to_the_cent(said: str) -> set[Decimal]:
    """The amounts of a text that are written to the cent."""
    return {_amount_of(text) for text in _AMOUNT.findall(said) if _TO_THE_CENT.search(text)}


_SAYS_DUE = re.compile(
    r"(?<!\w)(?:amount due|total due|balance due|(?:amount|total) payable|grand total|zahlbetrag|endsumme|endbetrag"
    r"|rechnungsbetrag|brutto|bruttosumme|bruttobetrag|total ttc|(?:net|montant|reste) à payer|te betalen|da pagare"
    r"|a pagar)(?!\w)",
    re.IGNORECASE,
)
_TO_THE_CENT = re.compile(r"\d[.,]\d\d(?![\d.,/])")


def _is_other_currency(currency: str, said: str) -> bool:
    """Whether amounts are in other currencies there, and none in this one. Three capitals that stand by no number are
    perhaps a word."""
    codes = {code for pair in _CODED.findall(said) for code in pair if code in MINOR_UNITS}
    symbols = [currencies for symbol, currencies in _SYMBOLS.items() if symbol in said]
    named = re.search(rf"(?<!\w){re.escape(currency)}(?!\w)", said) or any(currency in one for one in symbols)
    return bool(currency) and not named and bool(codes or symbols)


def _is_dated(day: str, said: str) -> bool:
    """Whether a date stands there, in figures or with its month's name in any language; what is no date is not asked
    for."""
    try:
        there = date.fromisoformat(day)
    except ValueError:
        return True
    d, m, y = f"0?{there.day}", f"0?{there.month}", f"(?:{there.year}|{there.year % 100:02d})"
    mark, name = r"\s?[./-]\s?", r"[^\d]{1,16}"
    forms = (
        f"{d}{mark}{m}{mark}{y}", f"{m}{mark}{d}{mark}{y}", f"{there.year}{mark}{m}{mark}{d}", there.strftime("%Y%m%d"),
        f"{d}{name}{there.year}", rf"[^\W\d]{{3,}}\.?\s{d}{name}{there.year}",
    )  # fmt: skip
    return any(re.search(rf"(?<!\d){form}(?!\d)", said) for form in forms)


def _amounts(said: str) -> set[Decimal]:
    """Every number on the pages; what separates thousands and what fractions is told by what comes last."""
    found: set[Decimal] = set()
    for text in _AMOUNT.findall(said):
        found.add(_amount_of(text))
        # One mark before three figures is either.
        found |= {Decimal(re.sub(r"\D", "", text))} if len(_parted(text)[2]) == 3 else set()
    return found


def _amount_of(text: str) -> Decimal:
    whole, mark, fraction = _parted(text)
    return Decimal(f"{re.sub(r'\D', '', whole)}{mark}{fraction}")


def _parted(text: str) -> tuple[str, str, str]:
    mark = re.search(r"[.,](\d{1,4})$", text)
    return (text[: mark.start()], ".", mark[1]) if mark else (text, "", "")


def _amount(text: str) -> Decimal | None:
    try:
        return Decimal(text)
    except InvalidOperation:
        return None


def _differs(field: str, one: Record) -> bool:
    return field in one.get("differing", ())


for _code, _field, _what in (
    ("page_number", "invoice_number", "the number in a PDF's XML stands on its pages, too"),
    ("page_date", "invoice_date", "the date in a PDF's XML stands on its pages, too"),
    ("page_due", "totals.due", "what is due by a PDF's XML stands on its pages, too"),
    ("page_currency", "currency", "the currency of a PDF's XML is that of its pages"),
    ("page_carrier", "carrier", "the carrier of a PDF's XML is named or numbered on its pages, too"),
    ("page_payee", "payee", "whom and which account a PDF's XML has paid stands on its pages, too"),
):
    _said = f"{_what}; one of the two is wrong: ask who sent it"
    _RULES.each(_code, _field, _said, "Factur-X 1.0, 6", Severity.SOFT)(partial(_differs, _field))

RULES = tuple(_RULES)
