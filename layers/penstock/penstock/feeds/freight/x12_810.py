"""X12 810, invoice: what its segments mean where a carrier sends it.

The standard has no element for the carrier. It is who says so: a party with a SCAC in the role of a carrier or seller,
a REF of SCA, a sender of the interchange who is known by SCAC; else the selling party by number or name.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from penstock.feeds.freight.defects import Defective
from penstock.feeds.freight.scac import require_scac
from penstock.feeds.freight.values import joined, said
from penstock.feeds.freight.x12_order import Order
from penstock.feeds.freight.x12_parties import SCAC_QUALIFIER, Parties
from penstock.feeds.freight.x12_values import cents, day, element, money, number, product
from penstock.formats.envelopes import as_number
from penstock.formats.segment_records import Segment

ORDER = Order(
    "810",
    """
    ST! BIG! NTE*100 CUR REF*12 YNQ*10 PER*3
    (N1 N2*2 N3*2 N4 REF*12 PER*3 DMG)*200
    ITD*n DTM*10 FOB PID*200 MEA*40 PWK*25 PKG*25 L7 BAL*n INC PAM*n
    (LM LQ*100)*10 (N9 MSG*10) (V1 R4*n DTM*n)*n (FA1 FA2*n)*n
    (IT1 CRC QTY*5 CUR IT3*5 TXI*10 CTP*25 PAM*10 MEA*40 (PID MEA*10)*1000 PWK*25 PKG*25 PO4 ITD*2 REF*n YNQ*10
        PER*5 SDQ*500 DTM*10 CAD*n L7*n SR (SAC TXI*10)*25
        (SLN DTM REF*n PID*1000 SAC*25 TC2*2 TXI*10)*1000
        (N1 N2*2 N3*2 N4 REF*12 PER*3 DMG)*200
        (LM LQ*100)*10 (V1 R4*n DTM*n)*n (FA1 FA2*n)*n)*200000
    TDS! TXI*10 CAD AMT*n (SAC TXI*10)*25 (ISS PID)*n CTT SE!
    """,
    {
        "BIG": (1, 2),
        "CUR": (1, 2),
        "REF": (1,),
        "N1": (1,),
        "DTM": (1,),
        "SAC": (1,),
        "TXI": (1,),
        "TDS": (1,),
        "CTT": (1,),
    },
)

_ISSUERS = ("CA", "SE", "II", "VN", "SU")  #: carrier, selling party, issuer of the invoice, vendor, supplier
_TAX = "H850"  #: of SAC02 (data element 1300)
_KNOWN_BY_SCAC = "02"  #: ISA05: the sender's id is a SCAC


def to_record(tree: Mapping[str, Any]) -> dict[str, Any]:
    """The invoice's fields.

    Raises:
        Defective: it is no such invoice.
    """
    segments: Sequence[Segment] = tree["segments"]
    ORDER.check(segments, tree["version"])
    header = next(segment for segment in segments if segment[0] == "BIG")
    invoice: dict[str, Any] = {
        "document_type": "x12_810",
        "invoice_number": element(header, 2),
        "invoice_date": day(header, 1),
        "version": tree["version"],
        "lines": [],
        "totals": {},
    }
    invoice |= said(usage=tree["envelope"].get("usage", ""))
    if element(header, 4):
        invoice["references"] = [{"kind": "PO", "value": element(header, 4)}]
    _read_body(invoice, segments)
    references = {one["kind"]: one["value"] for one in invoice.get("references", ())}
    return invoice | _carrier(invoice, references, tree["envelope"]) | said(pro_number=references.get("CN", ""))


def _carrier(invoice: Mapping[str, Any], references: Mapping[str, str], envelope: Mapping[str, str]) -> dict[str, str]:
    parties = {party["role"]: party for party in reversed(invoice.get("parties", ()))}
    issuers = [parties[role] for role in _ISSUERS if role in parties]
    code = next((one["id"] for one in issuers if one.get("id_kind") == SCAC_QUALIFIER), "") or references.get("SCA")
    if not code and envelope.get("sender_qualifier") == _KNOWN_BY_SCAC:
        code = envelope["sender"]
    if code:
        return {"carrier": code, "scac": require_scac(code, "N1-04")}
    name = next((one.get("id") or one.get("name") for one in issuers), "")
    if not name:
        raise Defective(
            "carrier_missing",
            "N1",
            "the invoice does not say whose it is; name the carrier in an N1 of CA or SE, with its SCAC",
        )
    return {"carrier": name}


def _read_body(invoice: dict[str, Any], segments: Sequence[Segment]) -> None:
    """Each segment belongs to the line that was opened before it, else to the invoice; from TDS on to the invoice."""
    here, parties = invoice, Parties()
    for segment in segments:
        match segment[0]:
            case "CUR" if here is invoice:
                invoice["currency"] = element(segment, 2)
            case "ITD" if here is invoice:
                invoice |= said(due_date=day(segment, 6))
            case "DTM" if element(segment, 1) == "035":
                invoice |= said(delivery_date=day(segment, 2))
            case "REF" if element(segment, 2):
                here.setdefault("references", []).append({"kind": element(segment, 1), "value": element(segment, 2)})
            case "CAD" if element(segment, 8):
                reference = {"kind": element(segment, 7) or "CAD", "value": element(segment, 8)}
                invoice.setdefault("references", []).append(reference)
            case "IT1":
                here = _line(segment)
                invoice["lines"].append(here)
            case "PID":
                here |= said(description=joined(here.get("description", ""), element(segment, 5)))
            case "SAC":
                charge = _charge(segment)
                if charge:
                    here.setdefault("charges", []).append(charge)
            case "TXI":
                tax = said(amount=number(segment, 2), kind=element(segment, 1), percent=number(segment, 3))
                if "amount" in tax:
                    here.setdefault("taxes", []).append(tax | said(taxable=number(segment, 8)))
            case "TDS":
                here, due = invoice, cents(segment, 1)
                invoice["totals"]["due"] = money(due or 0)
            case "CTT":
                count = as_number(element(segment, 1))
                if count is None:
                    raise Defective("amount", "CTT-01", "the number of lines is a whole number")
                invoice["totals"]["line_count"] = count
            case _:
                if here is invoice:
                    parties.read(segment, invoice)


def _line(segment: Segment) -> dict[str, Any]:
    quantity, price = number(segment, 2), number(segment, 4)
    line: dict[str, Any] = said(number=element(segment, 1), quantity=quantity, unit=element(segment, 3))
    line |= said(unit_price=price)
    if quantity and price:
        line["amount"] = product(quantity, price)
    return line


def _charge(segment: Segment) -> dict[str, str] | None:
    """SAC: A is an allowance, C a charge; of the others none is part of the total."""
    amount = cents(segment, 5)
    kind, code = element(segment, 1), element(segment, 2)
    if kind not in ("A", "C") or amount is None:
        return None
    found = said(code=code, description=element(segment, 15), rate=number(segment, 8))
    if kind == "A":
        return found | {"kind": "discount", "amount": money(-amount)}
    return found | {"kind": "tax" if code == _TAX else "accessorial", "amount": money(amount)}
