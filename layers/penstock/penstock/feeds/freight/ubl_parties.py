"""Parties of UBL: who they are, and where (UBL 2.1, Party)."""

from typing import Any

from penstock.feeds.freight.parties import Numbers, carrier_of, party_of, ranked
from penstock.feeds.freight.trees import Node, Tree, attribute, each
from penstock.feeds.freight.values import joined

_VAT = "VAT"


def party(tree: Tree, role: str, node: Node) -> dict[str, Any]:
    """A party under its role's element; a PayeeParty is one itself. Empty if it says nothing."""
    node = tree.one(node, "Party") or node
    return party_of(role, numbers_of(tree, node), name=name_of(tree, node)) | _address(tree, role, node)


def place(tree: Tree, role: str, node: Node) -> dict[str, Any]:
    """A location as a party that is only where it is."""
    number = tree.text(node, "ID")
    numbers = [(attribute(tree.one(node, "ID"), "schemeID") or "location_id", number)] if number else []
    found = party_of(role, numbers, name=_first_text(tree, node, "Name"))
    return found | _address(tree, role, {"PostalAddress": tree.one(node, "Address")})


def carrier(tree: Tree, node: Node) -> dict[str, str]:
    """The carrier's fields, of the party that invoices."""
    node = tree.one(node, "Party") or node
    return carrier_of(numbers_of(tree, node), name_of(tree, node), "AccountingSupplierParty", tree.defects)


def name_of(tree: Tree, node: Node) -> str:
    """The registered name, or else the one it trades by."""
    if node is None:
        return ""
    registered = (tree.text(one, "RegistrationName") for one in each(node, "PartyLegalEntity"))
    return next(filter(None, registered), "") or next(
        (name for one in each(node, "PartyName") if (name := tree.text(one, "Name"))), ""
    )


def numbers_of(tree: Tree, node: Node) -> Numbers:
    """What a party is known by. EndpointID is an address, and none of it."""
    if node is None:
        return []
    taxed = [(tree.text(one, "CompanyID"), _tax_scheme(tree, one)) for one in each(node, "PartyTaxScheme")]
    return ranked(
        [number for number, scheme in taxed if scheme == _VAT],
        [_with_scheme(tree, one, "CompanyID") for one in each(node, "PartyLegalEntity")],
        [number for number, scheme in taxed if scheme != _VAT],
        [_with_scheme(tree, one, "ID") for one in each(node, "PartyIdentification")],
    )


def _tax_scheme(tree: Tree, node: Node) -> str:
    """VAT, unless it says something else; it must say something, and who forgets it means that."""
    return tree.text(node, "TaxScheme", "ID").upper() or _VAT


def _with_scheme(tree: Tree, node: Node, name: str) -> tuple[str, str]:
    return attribute(tree.one(node, name), "schemeID"), tree.text(node, name)


def _first_text(tree: Tree, node: Node, name: str) -> str:
    return next((text for one in each(node, name) if (text := tree.text(one))), "")


def _address(tree: Tree, role: str, node: Node) -> dict[str, Any]:
    address = tree.one(node, "PostalAddress")
    address = tree.one(address, "Address") or address
    if address is None:
        return {}
    street = joined(tree.text(address, "StreetName"), tree.text(address, "BuildingNumber"))
    lines = [
        street,
        tree.text(address, "AdditionalStreetName"),
        *(tree.text(one, "Line") for one in each(address, "AddressLine")),
    ]
    found: dict[str, Any] = {
        "address": [line for line in lines if line],
        "city": tree.text(address, "CityName"),
        "region": tree.text(address, "CountrySubentity") or tree.text(address, "CountrySubentityCode"),
        "postal_code": tree.text(address, "PostalZone"),
        "country": tree.text(address, "Country", "IdentificationCode"),
    }
    found = {name: value for name, value in found.items() if value}
    return {"role": role, **found} if found else {}
