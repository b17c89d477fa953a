"""ZUGFeRD 1.0 (2014): the Cross Industry Document, from which the Cross Industry Invoice has come. It says the same by
other names, so it is read by these: `to_record` is that of `cii`, of a document whose names are those of today.
"""

from collections.abc import Mapping
from typing import Any

from penstock.feeds.freight import cii, cii_names
from penstock.feeds.freight.trees import Node
from penstock.formats.xml_names import Vocabulary, meant_in

NAME = "CrossIndustryDocument"
_MESSAGE = "urn:ferd:CrossIndustryDocument:invoice:1p0"
_STANDARD = "urn:un:unece:uncefact:data:standard"
_AGGREGATE = f"{_STANDARD}:ReusableAggregateBusinessInformationEntity:12"
_UNQUALIFIED = f"{_STANDARD}:UnqualifiedDataType:15"
_QUALIFIED = f"{_STANDARD}:QualifiedDataType:12"

ROOT = f"{{{_MESSAGE}}}{NAME}"
"""The document's element."""

_OF_MESSAGE = {
    "SpecifiedExchangedDocumentContext": "ExchangedDocumentContext",
    "HeaderExchangedDocument": "ExchangedDocument",
    "SpecifiedSupplyChainTradeTransaction": "SupplyChainTradeTransaction",
}
_OF_AGGREGATE = {
    "ApplicablePercent": "RateApplicablePercent",
    "ApplicableSupplyChainTradeAgreement": "ApplicableHeaderTradeAgreement",
    "ApplicableSupplyChainTradeDelivery": "ApplicableHeaderTradeDelivery",
    "ApplicableSupplyChainTradeSettlement": "ApplicableHeaderTradeSettlement",
    "SpecifiedSupplyChainTradeAgreement": "SpecifiedLineTradeAgreement",
    "SpecifiedSupplyChainTradeDelivery": "SpecifiedLineTradeDelivery",
    "SpecifiedSupplyChainTradeSettlement": "SpecifiedLineTradeSettlement",
}
_SUMMATION = "SpecifiedTradeSettlementMonetarySummation"
_SUMMATIONS = {
    "ApplicableSupplyChainTradeSettlement": "SpecifiedTradeSettlementHeaderMonetarySummation",
    "SpecifiedSupplyChainTradeSettlement": "SpecifiedTradeSettlementLineMonetarySummation",
}
_RENAMED = _OF_MESSAGE | _OF_AGGREGATE
_LATER = frozenset({*_RENAMED.values(), *_SUMMATIONS.values(), "IssuerAssignedID"})
_NUMBERED = "ReferencedDocument"  #: whose number is an ID here

VOCABULARY = Vocabulary(
    own=frozenset({_MESSAGE, _AGGREGATE, _UNQUALIFIED, _QUALIFIED}),
    meant=meant_in(
        {
            _MESSAGE: _OF_MESSAGE,
            _AGGREGATE: {*_OF_AGGREGATE, _SUMMATION, *cii_names.AGGREGATED} - _LATER,
            _UNQUALIFIED: cii_names.UNQUALIFIED,
        }
    ),
)


def to_record(node: Mapping[str, Any]) -> dict[str, Any]:
    """As `cii.to_record`."""
    return cii.to_record(_renamed(node, NAME))


def _renamed(node: Node, within: str) -> Node:
    """The element by the names of the Cross Industry Invoice; `within` is its own name."""
    if node.__class__ is list:
        return [_renamed(one, within) for one in node]
    if node.__class__ is not dict:
        return node
    return {_name(name, within): _renamed(child, name) for name, child in node.items()}


def _name(name: str, within: str) -> str:
    """A child's name; one that only today's document has means nothing in this one."""
    if name in _LATER:
        return f"{{{_AGGREGATE}}}{name}"
    if name == _SUMMATION:
        return _SUMMATIONS.get(within, name)
    if name == "ID" and within.endswith(_NUMBERED):
        return "IssuerAssignedID"
    return _RENAMED.get(name, name)
