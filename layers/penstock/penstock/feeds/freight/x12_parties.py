"""N1 loops: who has to do with an invoice, and where they are."""

from collections.abc import Sequence
from typing import Any

from penstock.feeds.freight.values import joined, said
from penstock.feeds.freight.x12_values import element

SCAC_QUALIFIER = "2"  #: of a number that is a SCAC (data element 66)


class Parties:
    """Takes up the segments of N1 loops, one after the other."""

    def __init__(self) -> None:
        self._party: dict[str, Any] = {}

    def read(self, segment: Sequence[str], holder: dict[str, Any]) -> None:
        """One segment; a party that it begins is the holder's. Segments of no such loop say nothing here."""
        match segment[0]:
            case "N1":
                self._party = said(
                    role=element(segment, 1),
                    name=element(segment, 2),
                    id_kind=element(segment, 4) and element(segment, 3),
                    id=element(segment, 4),
                )
                holder.setdefault("parties", []).append(self._party)
            case "N2":
                more = dict.fromkeys([self._party.get("name", ""), element(segment, 1), element(segment, 2)])
                self._party |= said(name=joined(*more))
            case "N3":
                self._party.setdefault("address", []).extend(filter(None, (element(segment, 1), element(segment, 2))))
            case "N4":
                self._party |= said(
                    city=element(segment, 1),
                    region=element(segment, 2),
                    postal_code=element(segment, 3),
                    country=element(segment, 4),
                )
            case _:
                pass
