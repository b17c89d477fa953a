"""Parties of an EDIFACT message: NAD, with what is said of it in RFF and FII (UNTDID, segment group 2)."""

from collections.abc import Mapping, Sequence
from typing import Any

from penstock.feeds.freight.edifact_values import MISSING, Group, Message
from penstock.feeds.freight.parties import SCAC, Numbers, account_of, carrier_of, party_of, ranked
from penstock.feeds.freight.values import said
from penstock.formats.segment_records import Segment

ISSUERS = ("II", "SE", "SU", "CA")  #: UNTDID 3035: issuer of the invoice, seller, supplier, carrier
PAYEES = ("PE", "RE")  #: payee, party to receive the remittance
_SCHEMES = {"9": "0088", "16": "0060", "182": SCAC, "91": "assigned_by_seller", "92": "assigned_by_buyer"}
"""Whose number a party's is (UNTDID 3055), by the codes of ISO 6523 where it has one: GLN, DUNS."""


def party(message: Message, group: Group) -> dict[str, Any]:
    """The party; empty if it says nothing but its role."""
    nad = group.lead
    # C080 is the name, or else the first line of C058, which holds both.
    free = [text for at in range(5) if (text := message.at(nad, 3, at))]
    name = " ".join(text for at in range(5) if (text := message.at(nad, 4, at))) or " ".join(free[:1])
    street = [text for at in range(4) if (text := message.at(nad, 5, at))] or free[1:]
    return party_of(
        message.at(nad, 1),
        numbers_of(message, group),
        name=name,
        address=street,
        city=message.at(nad, 6),
        region=message.at(nad, 7),
        postal_code=message.at(nad, 8),
        country=message.at(nad, 9),
    )


def numbers_of(message: Message, group: Group) -> Numbers:
    """What a party is known by."""
    references = group.all("RFF")
    agency = message.at(group.lead, 2, 2)
    number = message.at(group.lead, 2)
    return ranked(
        _references(message, references, "VA"),
        [("", one) for one in _references(message, references, "XA")],
        [*_references(message, references, "FC"), *_references(message, references, "GN")],
        [(_SCHEMES.get(agency, agency and f"3055:{agency}"), number)] if number else [],
    )


def _references(message: Message, segments: Sequence[Segment], qualifier: str) -> list[str]:
    return [number for one in segments if message.at(one, 1) == qualifier and (number := message.at(one, 1, 1))]


def carrier(message: Message, parties: Mapping[str, Group]) -> dict[str, str]:
    """The carrier's fields, of the party that claims the money; where nobody says so, of who is paid."""
    group = next((parties[role] for role in (*ISSUERS, *PAYEES) if role in parties), None)
    numbers = numbers_of(message, group) if group else []
    name = party(message, group).get("name", "") if group else ""
    return carrier_of(numbers, name, "NAD+SU", message.defects, MISSING)


def payee(message: Message, parties: Mapping[str, Group]) -> dict[str, str]:
    """Who is paid, if that is not who invoices, and where to."""
    named = next((parties[role] for role in PAYEES if role in parties), None)
    numbers = numbers_of(message, named) if named else []
    scheme, number = numbers[0] if numbers else ("", "")
    name = party(message, named).get("name", "") if named else ""
    return said(name=name, id=number, scheme=scheme) | account_of(next(iter(_accounts(message, parties)), ""))


def further_accounts(message: Message, parties: Mapping[str, Group]) -> list[str]:
    """Where to pay to as well; the first account is the payee's."""
    first, *others = _accounts(message, parties) or [""]
    return [one for one in dict.fromkeys(others) if one != first]


def _accounts(message: Message, parties: Mapping[str, Group]) -> list[str]:
    """Of who is paid, or else of who claims the money."""
    held = [one for role in (*PAYEES, *ISSUERS) if role in parties for one in parties[role].all("FII")]
    return [number for one in held if (number := message.at(one, 2))]
