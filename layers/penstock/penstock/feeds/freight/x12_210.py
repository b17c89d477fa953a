"""X12 210, motor carrier freight details and invoice: what its segments mean.

The order is 004010's. B2A belongs to the 204; some carriers send it, so it may stand behind B3.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from penstock.feeds.freight.currencies import require_currency
from penstock.feeds.freight.defects import Defective, Defects
from penstock.feeds.freight.scac import require_scac
from penstock.feeds.freight.values import joined, said
from penstock.feeds.freight.x12_carrier import PAYEES, payee_of, require_one_each
from penstock.feeds.freight.x12_kinds import kind_of_210
from penstock.feeds.freight.x12_order import Order
from penstock.feeds.freight.x12_parties import Parties
from penstock.feeds.freight.x12_readings import take_advances
from penstock.feeds.freight.x12_terms import take_terms, terms_of
from penstock.feeds.freight.x12_values import cents, day, element, money, number
from penstock.formats.segment_records import Segment

ORDER = Order(
    "210",
    """
    ST! B3! B2A C2 C3 ITD N9*300 G62*6 R3*12 H3*6 K1*10
    (N1 N2 N3*2 N4 N9*5)*10
    (N7 M7*2)*10
    (SPO SDQ*10)*n
    (S5 N9*10 G62*10 H3*6 (SPO SDQ*10)*n (N1 N2 N3*2 N4 N9*5 (N7 M7*2)*10)*2)*999
    (LX N9*5 POD L5*30 H1*3 H2*2 L0*10 L1*10 L4*10 L7*10 K1*10 (SPO SDQ*10)*n
        (N1 N2 N3*2 N4 N9*10 (CD3 N9*20 H6*10 L9*10 POD G62)*n (SPO SDQ*10)*n)*n)*9999
    L3 SE!
    """,
    {
        "B3": (2, 4, 6, 7),
        "C3": (1,),
        "N9": (1,),
        "R3": (1, 2),
        "N1": (1,),
        "N7": (2,),
        "S5": (1, 2),
        "LX": (1,),
    },
    once=("B3", "C3", "L3"),
)

_EARLIER = ("OI", "IK")  #: of N9-01: the number of an original invoice
_ORDER, _CONTRACT = "PO", "CT"
_DISCOUNT = "DSC"

_BESIDE = frozenset(("prepaid", "advances"))  #: of a charge: what was paid already, and what is owed besides

_READ = frozenset(
    "ST B3 B2A C3 ITD N9 G62 R3 N1 N2 N3 N4 N7 SPO S5 LX L5 L0 L1 L7 L3 SE".split()  # noqa: SIM905
)
"""What is read; other segments are told by name."""


def to_record(tree: Mapping[str, Any]) -> dict[str, Any]:
    """The invoice's fields.

    Raises:
        Defective: it is no such invoice; with all that is wrong.
    """
    segments: Sequence[Segment] = tree["segments"]
    version = tree["version"]
    defects = ORDER.check(segments, version)
    header = next(segment for segment in segments if segment[0] == "B3")
    set_purpose = next((segment for segment in segments if segment[0] == "B2A"), list[str]())
    due = defects.read(lambda: cents(header, 7), None)
    invoice: dict[str, Any] = {
        "document_type": "x12_210",
        "version": version,
        "lines": [],
        "totals": {} if due is None else {"due": money(due)},
        "unread": sorted({segment[0] for segment in segments} - _READ),
    }
    invoice |= kind_of_210(element(header, 8), set_purpose, tree["envelope"])
    invoice |= defects.read(lambda: _carrier(header), {})
    invoice |= said(
        invoice_number=element(header, 2),
        invoice_date=defects.read(lambda: day(header, 6, version), ""),
        shipment_id=element(header, 3),
        payment_method=element(header, 4),
        delivery_date=defects.read(lambda: day(header, 9, version), ""),
        usage=tree["envelope"].get("usage", ""),
    )
    take_terms(invoice, said(due_date=defects.read(lambda: day(header, 12, version), "")))
    _Body(invoice, version, defects).read(segments)
    take_advances(invoice)
    references = {one["kind"]: one["value"] for one in reversed(invoice.get("references", ()))}
    # CN is the carrier's own number for the shipment; where it is not given, B3-03 is what there is.
    invoice |= said(
        pro_number=references.get("CN") or element(header, 3),
        order_number=references.get(_ORDER, ""),
        contract_number=references.get(_CONTRACT, ""),
    )
    earlier = [references[kind] for kind in _EARLIER if kind in references]
    require_one_each(invoice.get("parties", ()), PAYEES, defects)
    payee = payee_of(invoice.get("parties", ()))
    invoice |= {"payee": payee} if payee else {}
    if earlier:
        invoice["refers_to"] = [{"number": one} for one in dict.fromkeys(earlier)]
    defects.settle(invoice)
    return invoice


def _carrier(header: Segment) -> dict[str, str]:
    code = element(header, 11)
    if not code:
        message = "the invoice does not say its carrier; give its SCAC in B3-11"
        raise Defective("carrier_missing", "B3-11", message, "X12 AK403 1: mandatory data element missing")
    return {"carrier": code, "carrier_scheme": "SCAC", "scac": require_scac(code, "B3-11")}


class _Body:
    """All behind the header: each segment belongs to the stop or the line that was opened before it, else to the
    invoice."""

    def __init__(self, invoice: dict[str, Any], version: str, defects: Defects) -> None:
        self._invoice, self._version, self._defects = invoice, version, defects
        self._here: dict[str, Any] = invoice
        self._parties, self._total = Parties(), 0

    def read(self, segments: Sequence[Segment]) -> None:
        """All segments; a defect in one hides none in another."""
        for place, segment in enumerate(segments, 1):
            try:
                self._read(segment)
            except Defective as defect:
                self._defects.take(defect.at(place, segment[0]))

    def _read(self, segment: Segment) -> None:
        invoice, here = self._invoice, self._here
        match segment[0]:
            case "C3" if element(segment, 1):
                invoice["currency"] = require_currency(element(segment, 1), "C3-01")
            case "ITD":
                take_terms(invoice, terms_of(segment, self._version))
            case "R3":
                invoice.setdefault("legs", []).append(_leg(segment))
            case "N7":
                invoice.setdefault("equipment", []).append(element(segment, 1) + element(segment, 2))
            case "S5":
                self._here = {"sequence": element(segment, 1)}
                self._here |= said(reason=element(segment, 2), weight=number(segment, 3))
                invoice.setdefault("stops", []).append(self._here)
            case "G62":
                self._take_date(element(segment, 1), day(segment, 2, self._version))
            case "LX":
                self._here, self._total = {"number": element(segment, 1)}, 0
                invoice["lines"].append(self._here)
            case "L5":
                here |= said(description=joined(here.get("description", ""), element(segment, 2)))
            case "L0":
                here |= _quantities(segment)
            case "L1":
                self._take_charge(*_charge(segment))
            case "L7":
                here |= said(freight_class=element(segment, 7))
            case "N9" if element(segment, 2):
                self._take_reference(element(segment, 1), element(segment, 2))
            case "SPO" if element(segment, 1):
                self._take_reference(_ORDER, element(segment, 1))
            case "L3":
                invoice["totals"] |= _totals(segment)
            case _:
                self._parties.read(segment, here)

    def _take_charge(self, charge: dict[str, str] | None, amount: int) -> None:
        if charge:
            self._total += amount
            for what in _BESIDE & charge.keys():
                together = self._invoice.setdefault("of_charges", {})
                together[what] = str(Decimal(together.get(what, "0")) + Decimal(charge[what]))
            self._here.setdefault("charges", []).append(charge)
            self._here["amount"] = money(self._total)

    def _take_reference(self, kind: str, value: str) -> None:
        holder = self._here if "number" in self._here else self._invoice
        holder.setdefault("references", []).append({"kind": kind, "value": value})

    def _take_date(self, kind: str, date: str) -> None:
        if not date:
            return
        if "sequence" in self._here:
            self._here.setdefault("date", date)
        self._here.setdefault("dates", []).append({"kind": kind or "G62", "date": date})


def _leg(segment: Segment) -> dict[str, str]:
    """R3: a part of the way."""
    return said(
        sequence=element(segment, 2), carrier=element(segment, 1), city=element(segment, 3), mode=element(segment, 4)
    )


def _totals(segment: Segment) -> dict[str, str]:
    """L3: what the charges come to, what was advanced, and what was paid at the origin."""
    amounts = {"lines": cents(segment, 5), "advances": cents(segment, 6), "prepaid": cents(segment, 7)}
    return {name: money(amount) for name, amount in amounts.items() if amount is not None} | said(
        weight=number(segment, 1)
    )


def _quantities(segment: Segment) -> dict[str, str]:
    """L0: what the line's charges are for, and what they are rated as. Several in one line say it in several units; the
    last counts."""
    rated, weight, pieces = number(segment, 2), number(segment, 4), number(segment, 8)
    found = said(weight=weight, weight_unit=element(segment, 11))
    found |= said(rated_quantity=rated, rated_unit=rated and element(segment, 3))
    return found | said(quantity=pieces, unit=pieces and element(segment, 9))


def _charge(segment: Segment) -> tuple[dict[str, str] | None, int]:
    """L1: a charge and its amount in hundredths; none where it states none."""
    amount = cents(segment, 4)
    if amount is None:
        return None, 0
    code = element(segment, 8)
    kind = "discount" if amount < 0 or code == _DISCOUNT else "accessorial" if code else "freight"
    advances, prepaid = cents(segment, 5), cents(segment, 6)
    found = said(
        kind=kind,
        amount=money(amount),
        advances="" if advances is None else money(advances),
        prepaid="" if prepaid is None else money(prepaid),
        code=code,
        description=element(segment, 12),
        rate=number(segment, 2),
        rate_basis=element(segment, 3),
    )
    return found, amount
