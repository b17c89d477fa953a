"""Who claims the money of an 810, and who is paid. The standard has no element for the carrier; it is who says so."""

from collections.abc import Mapping, Sequence
from typing import Any

from penstock.feeds.freight.defects import Defective, Defects
from penstock.feeds.freight.scac import require_scac
from penstock.feeds.freight.values import said

ISSUERS = ("CA", "SE", "II", "VN", "SU")  #: carrier, selling party, issuer of the invoice, vendor, supplier
PAYEES = ("PE", "RE", "RI")  #: payee, party to receive the remittance, remit to
_SCHEMES = {"1": "DUNS", "9": "DUNS+4", "2": "SCAC", "92": "assigned_by_buyer", "91": "assigned_by_seller", "FI": "tax"}


def scheme_of(qualifier: str) -> str:
    """Whose number an N1-04 is, by N1-03 (data element 66)."""
    return _SCHEMES.get(qualifier, f"X12-66:{qualifier}" if qualifier else "party_id")


def carrier_of(parties: Sequence[Mapping[str, Any]], references: Mapping[str, str]) -> dict[str, str]:
    """The carrier's fields: a party that issues invoices, by its SCAC or number or name; a REF of SCA; or else who is
    paid, where nobody else is named.

    Raises:
        Defective: `freight.carrier_missing`, `freight.scac`.
    """
    by_role = {party.get("role", ""): party for party in reversed(parties)}
    issuers = [by_role[role] for role in ISSUERS if role in by_role]
    payees = [by_role[role] for role in PAYEES if role in by_role]
    for some in (issuers, payees):
        code = next((one["id"] for one in some if one.get("id_kind") == "2"), "")
        code = code or (references.get("SCA", "") if some is issuers else "")
        if code:
            return {"carrier": code, "carrier_scheme": "SCAC", "scac": require_scac(code, "N1-04")}
        for party in some:
            if "id" in party:
                return {"carrier": party["id"], "carrier_scheme": scheme_of(party.get("id_kind", ""))}
        name = next((one["name"] for one in some if "name" in one), "")
        if name:
            return {"carrier": name, "carrier_scheme": "name"}
    raise Defective(
        "carrier_missing",
        "N1",
        "the invoice does not say whose it is; name the carrier in an N1 of CA or SE, with its SCAC",
    )


def require_one_each(parties: Sequence[Mapping[str, Any]], roles: Sequence[str], defects: Defects) -> None:
    """Notes where somebody whom money hangs on is named twice by one code of N1-01, and differently."""
    for role in roles:
        named = {_known_by(party) for party in parties if party.get("role") == role}
        if len(named) > 1:
            message = f"N1-01 {role} names two parties, and nobody can tell which of them is meant"
            defects.add("stands_twice", f"N1+{role}", message)


def _known_by(party: Mapping[str, Any]) -> tuple[str, ...]:
    if "id" in party:
        return party.get("id_kind", ""), party["id"]
    return (party.get("name", ""),)


def payee_of(parties: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Who is paid, if an N1 says so."""
    party = next((one for role in PAYEES for one in parties if one.get("role") == role), None)
    if party is None:
        return {}
    number = party.get("id", "")
    return said(name=party.get("name", ""), id=number, scheme=number and scheme_of(party.get("id_kind", "")))
