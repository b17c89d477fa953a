"""Who is paid, told alike for every document of European kind.

A number means something only with its scheme: whose it is. The strongest one stands for the carrier, in this order:

    SCAC                    it is made for carriers
    VAT                     one for each taxable person in a country (Directive 2006/112/EC, Article 214)
    legal registration      with the register's code of ISO 6523, where the document gives it
    party identification    with the scheme that the document gives
    name                    where there is no number at all

An electronic address is where documents are sent, and no identity: two carriers may have one service's.
"""

from collections.abc import Iterable
from typing import Any

from penstock.feeds.freight.defects import Defects
from penstock.feeds.freight.scac import require_scac
from penstock.feeds.freight.values import said

SCAC, VAT, REGISTRATION, TAX, PARTY_ID, NAME = (
    "SCAC",
    "VAT",
    "legal_registration",
    "tax_registration",
    "party_id",
    "name",
)
_SEPA = "SEPA"  #: of a creditor in a bank's direct debits: never the first to go by

type Numbers = list[tuple[str, str]]
"""(scheme, number), the strongest first."""


def ranked(vat: Iterable[str], legal: Numbers, tax: Iterable[str], ids: Numbers) -> Numbers:
    """A party's numbers in order: of `legal` and `ids` with the schemes that the document gives, "" for none."""
    scac = [(SCAC, number) for scheme, number in (*ids, *legal) if scheme.upper() == SCAC and number]
    found = [
        *scac,
        *((VAT, _plain(number)) for number in vat),
        *((scheme or REGISTRATION, number) for scheme, number in legal),
        *((scheme or PARTY_ID, number) for scheme, number in ids if scheme != _SEPA),
        *((TAX, number) for number in tax),
        *((_SEPA, number) for scheme, number in ids if scheme == _SEPA),
    ]
    return list(dict.fromkeys((scheme, number) for scheme, number in found if number))


def _plain(vat: str) -> str:
    """A VAT number without what only groups its letters."""
    return "".join(letter for letter in vat.upper() if letter.isalnum())


def party_of(role: str, numbers: Numbers, **said_of: Any) -> dict[str, Any]:
    """A party of the invoice; empty if it says nothing but its role."""
    found: dict[str, Any] = {name: value for name, value in said_of.items() if value}
    if numbers:
        found["id_kind"], found["id"] = numbers[0]
        others = [{"kind": scheme, "value": number} for scheme, number in numbers[1:]]
        found |= {"ids": others} if others else {}
    return {"role": role, **found} if found else {}


def carrier_of(numbers: Numbers, name: str, where: str, defects: Defects, rule: str | None = None) -> dict[str, str]:
    """The carrier's fields, from the party that claims the money; `where` is the element that names it, `rule` what its
    standard calls one that is missing."""
    if not numbers and not name:
        message = "the invoice does not say whose it is; give the carrier's VAT number, its registration or its name"
        defects.add("carrier_missing", where, message, rule)
        return {}
    scheme, number = numbers[0] if numbers else (NAME, name)
    if scheme in (SCAC, VAT) and len({one for of, one in numbers if of == scheme}) > 1:
        message = f"the party that claims the money gives two numbers of the scheme {scheme}; which of them is it?"
        defects.add("stands_twice", where, message, "EN 16931-1, BT-31")
    scac = defects.read(lambda: require_scac(number, where), "") if scheme == SCAC else ""
    return {"carrier": number, "carrier_scheme": scheme} | said(scac=scac)


def account_of(text: str) -> dict[str, str]:
    """Where to pay to: an IBAN if its check digits are right (ISO 13616, modulo 97 of ISO 7064), any other account
    otherwise.

    >>> account_of("GB82 WEST 1234 5698 7654 32"), account_of("GB83 WEST 1234 5698 7654 32"), account_of("")
    ({'iban': 'GB82WEST12345698765432'}, {'account': 'GB83 WEST 1234 5698 7654 32'}, {})
    """
    plain = text.replace(" ", "").upper()
    is_iban = (
        plain.isascii() and plain.isalnum() and plain[:2].isalpha() and plain[2:4].isdigit() and 15 <= len(plain) <= 34
    )
    if is_iban and int("".join(str(int(letter, 36)) for letter in plain[4:] + plain[:4])) % 97 == 1:
        return {"iban": plain}
    return said(account=text)
