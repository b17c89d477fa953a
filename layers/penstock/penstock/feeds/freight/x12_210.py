"""X12 210, motor carrier freight details and invoice: what its segments mean.

The order is 004010's. B2A belongs to the 204; some carriers send it, so it may stand behind B3.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from penstock.feeds.freight.defects import Defective
from penstock.feeds.freight.scac import require_scac
from penstock.feeds.freight.values import joined, said
from penstock.feeds.freight.x12_order import Order
from penstock.feeds.freight.x12_parties import Parties
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
)

_DISCOUNT = "DSC"


def to_record(tree: Mapping[str, Any]) -> dict[str, Any]:
    """The invoice's fields.

    Raises:
        Defective: it is no such invoice.
    """
    segments: Sequence[Segment] = tree["segments"]
    ORDER.check(segments, tree["version"])
    header = next(segment for segment in segments if segment[0] == "B3")
    carrier = element(header, 11)
    if not carrier:
        raise Defective("carrier_missing", "B3-11", "the invoice does not say its carrier; give its SCAC in B3-11")
    due = cents(header, 7)
    assert due is not None
    invoice: dict[str, Any] = {
        "document_type": "x12_210",
        "carrier": carrier,
        "scac": require_scac(carrier, "B3-11"),
        "invoice_number": element(header, 2),
        "invoice_date": day(header, 6),
        "version": tree["version"],
        "lines": [],
        "totals": {"due": money(due)},
    }
    invoice |= said(
        shipment_id=element(header, 3),
        payment_method=element(header, 4),
        correction=element(header, 8),
        delivery_date=day(header, 9),
        usage=tree["envelope"].get("usage", ""),
    )
    _read_body(invoice, segments)
    references = {one["kind"]: one["value"] for one in invoice.get("references", ())}
    # CN is the carrier's own number for the shipment; where it is not given, B3-03 is what there is.
    invoice |= said(pro_number=references.get("CN") or element(header, 3))
    return invoice


def _read_body(invoice: dict[str, Any], segments: Sequence[Segment]) -> None:
    """All behind the header: each segment belongs to the stop or the line that was opened before it, else to the
    invoice."""
    parties, total = Parties(), 0
    here: dict[str, Any] = invoice
    for segment in segments:
        match segment[0]:
            case "C3":
                invoice["currency"] = element(segment, 1)
            case "R3":
                leg = said(sequence=element(segment, 2), carrier=element(segment, 1), city=element(segment, 3))
                invoice.setdefault("legs", []).append(leg | said(mode=element(segment, 4)))
            case "N7":
                invoice.setdefault("equipment", []).append(element(segment, 1) + element(segment, 2))
            case "S5":
                here = {"sequence": element(segment, 1)}
                here |= said(reason=element(segment, 2), weight=number(segment, 3))
                invoice.setdefault("stops", []).append(here)
            case "G62" if "sequence" in here:
                here |= said(date=day(segment, 2))
            case "LX":
                here, total = {"number": element(segment, 1)}, 0
                invoice["lines"].append(here)
            case "L5":
                here |= said(description=joined(here.get("description", ""), element(segment, 2)))
            case "L0":
                here |= _quantities(segment)
            case "L1":
                charge, amount = _charge(segment)
                if charge:
                    total += amount
                    here.setdefault("charges", []).append(charge)
                    here["amount"] = money(total)
            case "L7":
                here |= said(freight_class=element(segment, 7))
            case "N9" if element(segment, 2):
                reference = {"kind": element(segment, 1), "value": element(segment, 2)}
                (here if "number" in here else invoice).setdefault("references", []).append(reference)
            case "L3":
                totals = cents(segment, 5)
                invoice["totals"] |= {} if totals is None else {"lines": money(totals)}
            case _:
                # A line's own parties say nothing about the invoice.
                if "number" not in here:
                    parties.read(segment, here)


def _quantities(segment: Segment) -> dict[str, str]:
    """L0: what the line's charges are for. Several in one line say it in several units; the last counts."""
    rated, weight, pieces = number(segment, 2), number(segment, 4), number(segment, 8)
    found = said(weight=weight, weight_unit=element(segment, 11))
    if pieces:
        return found | said(quantity=pieces, unit=element(segment, 9))
    return found | said(quantity=rated, unit=element(segment, 3))


def _charge(segment: Segment) -> tuple[dict[str, str] | None, int]:
    """L1: a charge and its amount in hundredths; none where it states none."""
    amount = cents(segment, 4)
    if amount is None:
        return None, 0
    code = element(segment, 8)
    kind = "discount" if amount < 0 or code == _DISCOUNT else "accessorial" if code else "freight"
    found = said(
        kind=kind,
        amount=money(amount),
        code=code,
        description=element(segment, 12),
        rate=number(segment, 2),
        rate_basis=element(segment, 3),
    )
    return found, amount
