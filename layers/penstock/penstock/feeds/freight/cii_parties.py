"""Parties of the Cross Industry Invoice (EN 16931-3-3, TradeParty)."""

from typing import Any

from penstock.feeds.freight.parties import Numbers, party_of, ranked
from penstock.feeds.freight.trees import Node, Tree, attribute, each

_VAT = "VA"  #: UNTDID 1153; the others are numbers of local tax offices


def party(tree: Tree, role: str, node: Node) -> dict[str, Any]:
    """A party under its role's element. Empty if it says nothing."""
    address = tree.one(node, "PostalTradeAddress")
    lines = [tree.text(address, name) for name in ("LineOne", "LineTwo", "LineThree")]
    regions = [region for one in each(address, "CountrySubDivisionName") if (region := tree.text(one))]
    return party_of(
        role,
        numbers_of(tree, node),
        name=tree.text(node, "Name"),
        address=[line for line in lines if line],
        city=tree.text(address, "CityName"),
        region=next(iter(regions), ""),
        postal_code=tree.text(address, "PostcodeCode"),
        country=tree.text(address, "CountryID"),
    )


def numbers_of(tree: Tree, node: Node) -> Numbers:
    """What a party is known by. URIUniversalCommunication is an address, and none of it."""
    if node is None:
        return []
    taxed = [_with_scheme(tree, one) for one in each(node, "SpecifiedTaxRegistration")]
    return ranked(
        [number for scheme, number in taxed if scheme == _VAT],
        [_with_scheme(tree, tree.one(node, "SpecifiedLegalOrganization"))],
        [number for scheme, number in taxed if scheme != _VAT],
        [(attribute(one, "schemeID"), tree.text(one)) for name in ("GlobalID", "ID") for one in each(node, name)],
    )


def _with_scheme(tree: Tree, node: Node) -> tuple[str, str]:
    return attribute(tree.one(node, "ID"), "schemeID"), tree.text(node, "ID")
