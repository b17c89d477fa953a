"""X12 810, invoice: what its segments mean where a carrier sends it.

What a line costs is its quantity by its price, for as many units as IT1-05 says; or what its parts (SLN) cost, or the
price that a CTP gives, where the line has none.
"""

from collections.abc import Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from penstock.feeds.freight.currencies import CENT, require_currency, smallest_unit
from penstock.feeds.freight.defects import Defective, Defects
from penstock.feeds.freight.values import joined, said
from penstock.feeds.freight.x12_carrier import ISSUERS, PAYEES, carrier_of, payee_of, require_one_each
from penstock.feeds.freight.x12_kinds import kind_of_810
from penstock.feeds.freight.x12_order import Order
from penstock.feeds.freight.x12_parties import Parties
from penstock.feeds.freight.x12_prices import FREE, UNIT, per, per_in
from penstock.feeds.freight.x12_readings import take_reading
from penstock.feeds.freight.x12_terms import take_terms, terms_of
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
    once=("BIG", "TDS", "CTT"),
)

_TAX = "H850"  #: of SAC02 (data element 1300)
_LESS_DISCOUNTS = "7"  #: of SAC06 (data element 378): the base is what earlier discounts have left
_EARLIER = ("OI", "IV", "IK")  #: of REF01: an original, or a seller's, invoice number
_ORDER, _CONTRACT, _RELEASE = "PO", "CT", "RE"
_BILLED = ("INV", "NET", "CON", "UCP")  #: data element 236: invoice billing, net, contract and unit cost price

_READ = frozenset(
    "ST BIG CUR REF N1 N2 N3 N4 ITD DTM PID N9 IT1 CTP SLN SAC ITA TXI TDS CAD CTT SE".split()  # noqa: SIM905
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
    header = next(segment for segment in segments if segment[0] == "BIG")
    invoice: dict[str, Any] = {"document_type": "x12_810", "version": version, "lines": [], "totals": {}}
    invoice["unread"] = sorted({segment[0] for segment in segments} - _READ)
    invoice |= kind_of_810(element(header, 7), element(header, 8), tree["envelope"])
    invoice |= said(
        invoice_number=element(header, 2),
        invoice_date=defects.read(lambda: day(header, 1, version), ""),
        order_number=element(header, 4),
        usage=tree["envelope"].get("usage", ""),
    )
    told = ((_ORDER, element(header, 4)), (_RELEASE, element(header, 5)))
    if element(header, 4) or element(header, 5):
        invoice["references"] = [{"kind": kind, "value": value} for kind, value in told if value]
    _Body(invoice, version, defects).read(segments)
    references = {one["kind"]: one["value"] for one in reversed(invoice.get("references", ()))}
    invoice |= said(pro_number=references.get("CN", ""), contract_number=references.get(_CONTRACT, ""))
    invoice |= defects.read(lambda: carrier_of(invoice.get("parties", ()), references), {})
    require_one_each(invoice.get("parties", ()), (*ISSUERS, *PAYEES), defects)
    payee = payee_of(invoice.get("parties", ()))
    invoice |= {"payee": payee} if payee else {}
    earlier = [references[kind] for kind in _EARLIER if references.get(kind, invoice.get("invoice_number"))
               != invoice.get("invoice_number")]  # fmt: skip
    if earlier and (invoice["kind"], invoice["purpose"]) != ("invoice", "original"):
        invoice["refers_to"] = [{"number": number} for number in dict.fromkeys(earlier)]
    if "due" in invoice["totals"]:
        take_reading(invoice, _unit(invoice))
    defects.settle(invoice)
    return invoice


class _Body:
    """All behind the header: each segment belongs to the line that was opened before it, else to the invoice; from TDS
    on to the invoice."""

    def __init__(self, invoice: dict[str, Any], version: str, defects: Defects) -> None:
        self._invoice, self._version, self._defects = invoice, version, defects
        self._here, self._parties = invoice, Parties()

    def read(self, segments: Sequence[Segment]) -> None:
        """All segments; a defect in one hides none in another."""
        for place, segment in enumerate(segments, 1):
            try:
                self._read(segment)
            except Defective as defect:
                self._defects.take(defect.at(place, segment[0]))
        for line in self._invoice["lines"]:
            self._defects.read(lambda line=line: _price(line), None)
            self._settle_charges(line, Decimal(line.get("amount", 0)))
        base = sum((Decimal(line.get("amount", 0)) for line in self._invoice["lines"]), Decimal())
        self._settle_charges(self._invoice, base)

    def _read(self, segment: Segment) -> None:
        invoice, here, version = self._invoice, self._here, self._version
        match segment[0]:
            case "CUR" if element(segment, 2):
                self._take_currency(element(segment, 2))
            case "ITD" if here is invoice:
                take_terms(invoice, terms_of(segment, version))
            case "DTM":
                self._take_date(element(segment, 1), day(segment, 2, version))
            case "REF" | "N9" if element(segment, 2):
                here.setdefault("references", []).append({"kind": element(segment, 1), "value": element(segment, 2)})
            case "CAD" if element(segment, 8):
                reference = {"kind": element(segment, 7) or "CAD", "value": element(segment, 8)}
                invoice.setdefault("references", []).append(reference)
            case "IT1":
                self._here = _line(segment)
                invoice["lines"].append(self._here)
            case "CTP" if here is not invoice and element(segment, 3):
                here.setdefault("prices", []).append(segment)
            case "SLN" if here is not invoice:
                here.setdefault("parts", []).append(_part(segment))
            case "PID":
                here |= said(description=joined(here.get("description", ""), element(segment, 5)))
            case "SAC":
                self._take_charge(_charge(segment))
            case "ITA":
                self._take_charge(_allowance(segment))
            case "TXI":
                self._take_tax(segment)
            case "TDS":
                self._here, due = invoice, cents(segment, 1)
                if due is not None:
                    invoice["totals"]["due"] = money(due)
                discount = cents(segment, 4)
                if discount is not None:
                    take_terms(invoice, {"discount_amount": money(discount)})
            case "CTT":
                count = as_number(element(segment, 1))
                if count is None:
                    raise Defective("amount", "CTT-01", "the number of lines is a whole number")
                invoice["totals"]["line_count"] = count
            case _:
                self._parties.read(segment, here)

    def _take_currency(self, code: str) -> None:
        """A line may name its currency, too; it is that of the invoice."""
        invoice = self._invoice
        if self._here is not invoice and code == invoice.get("currency"):
            return
        if self._here is not invoice:
            message = "the line is in another currency than the invoice, which has one"
            raise Defective("currency", "CUR-02", message, "X12 004010 CUR-02")
        if "currency" in invoice:
            raise Defective("stands_twice", "CUR", "an 810 has one CUR; which of them counts?")
        invoice["currency"] = require_currency(code, "CUR-02")

    def _take_date(self, kind: str, date: str) -> None:
        here = self._here
        if not date:
            return
        if kind == "035":
            self._invoice["delivery_date"] = date
        elif kind in ("150", "186", "151", "187"):
            here.setdefault("period", {})["start" if kind in ("150", "186") else "end"] = date
        elif here is self._invoice:
            here.setdefault("dates", []).append({"kind": kind, "date": date})

    def _take_tax(self, segment: Segment) -> None:
        """TXI; what is in the price already (I), or is only told (O), is told as a note, and is in no sum (data element
        662)."""
        tax = said(amount=number(segment, 2), kind=element(segment, 1), percent=number(segment, 3))
        if "amount" in tax and element(segment, 7) in ("I", "O"):
            self._invoice.setdefault("notes", []).append(" ".join(filter(None, segment)))
        elif "amount" in tax:
            self._here.setdefault("taxes", []).append(tax | said(taxable=number(segment, 8)))

    def _take_charge(self, charge: dict[str, Any] | None) -> None:
        if charge:
            self._here.setdefault("charges", []).append(charge)

    def _settle_charges(self, holder: dict[str, Any], base: Decimal) -> None:
        """Gives charges that are told in percent, or at a rate, their amount."""
        discounts = Decimal()
        for charge in holder.get("charges", ()):
            _amount_charge(charge, holder, base, discounts, _unit(self._invoice))
            if charge["kind"] == "discount":
                discounts += Decimal(charge["amount"])


def _unit(invoice: Mapping[str, Any]) -> Decimal:
    """To what amounts are rounded: type N2 has no place for a thousandth."""
    return max(smallest_unit(invoice.get("currency")), CENT)


def _line(segment: Segment) -> dict[str, Any]:
    """IT1: behind the price, pairs of whose number the item's is (data element 235), and the number."""
    items = [
        {"kind": kind, "value": value}
        for at in range(6, len(segment) - 1, 2)
        if (kind := element(segment, at)) and (value := element(segment, at + 1))
    ]
    line: dict[str, Any] = said(
        number=element(segment, 1),
        quantity=number(segment, 2),
        unit=element(segment, 3),
        unit_price=number(segment, 4),
        price_basis=element(segment, 5),
    )
    return line | ({"references": items} if items else {})


def _part(segment: Segment) -> dict[str, Any]:
    """SLN: what a line consists of. Its price is within the line's (I) or comes on top (A), as SLN-08 says, or else
    SLN-03; what is deleted, substituted or only told is no part of it."""
    part: dict[str, Any] = said(
        number=element(segment, 1),
        quantity=number(segment, 4),
        unit=element(segment, 5),
        unit_price=number(segment, 6),
        price_basis=element(segment, 7),
    )
    return part | {"relation": element(segment, 8) or element(segment, 3)}


def _price(line: dict[str, Any]) -> None:
    """Gives a line its amount, if something tells its price.

    Raises:
        Defective: `freight.price_basis`.
    """
    price = _billed(line.pop("prices", []))
    if "unit_price" not in line and price:
        line |= said(unit_price=number(price, 3), price_basis=element(price, 9))
        if element(price, 7):
            line["unit_price"] = product(line["unit_price"], number(price, 7))
    _extend(line, "IT1-05", "IT1-02")
    parts, relations = line.get("parts", []), [part.pop("relation") for part in line.get("parts", [])]
    for part in parts:
        _extend(part, "SLN-07", "SLN-04")
    counted = {"A"} if "amount" in line else {"A", "I"}
    amounts = [
        Decimal(part["amount"])
        for part, relation in zip(parts, relations, strict=True)
        if relation in counted and "amount" in part
    ]
    if amounts:
        line["amount"] = f"{Decimal(line.get('amount', 0)) + sum(amounts):f}"


def _billed(prices: Sequence[Segment]) -> Segment | None:
    """Of a line's prices (CTP) the one that it is billed at; None where several may be that."""
    if len(prices) == 1:
        return prices[0]
    for identifier in _BILLED:
        found = [one for one in prices if element(one, 2) == identifier]
        if found:
            return found[0] if len(found) == 1 else None
    return None


def _extend(line: dict[str, Any], field: str, counted: str) -> None:
    """Quantity by price, for as many as the price is for.

    Raises:
        Defective: `freight.price_basis`; `freight.element_missing`, of a price without a quantity.
    """
    basis = line.get("price_basis", "")
    units = per(basis)
    if units is None:
        raise Defective("price_basis", field, "the price is per something that no code of the standard says")
    reckoned = per_in(basis, line.get("unit", ""))
    if reckoned is None:
        # Who bills by what a case weighs gives the weight elsewhere. The total tells whether he meant the quantity.
        line["price_unit"] = UNIT[basis]
    else:
        units = reckoned
    if units != 1:
        line["price_per"] = f"{Decimal(units):f}"
    if basis in FREE:
        line["amount"] = "0.00"
    elif "quantity" not in line and Decimal(line.get("unit_price", 0)):
        message = "a line gives a price and no quantity, so that nobody can tell what it comes to"
        raise Defective("element_missing", counted, message, "X12 AK403 2: conditional required data element missing")
    elif "quantity" in line and "unit_price" in line:
        line["amount"] = _trimmed(product(line["quantity"], line["unit_price"], units))


def _trimmed(amount: str) -> str:
    """An amount with two decimals, or as many as it has.

    >>> _trimmed("60.00000000"), _trimmed("1.23450000")
    ('60.00', '1.2345')
    """
    whole, _, decimals = amount.partition(".")
    return f"{whole}.{decimals.rstrip('0'):0<2}"


def _charge(segment: Segment) -> dict[str, Any] | None:
    """SAC: A is an allowance, C a charge; of the others none is part of the total."""
    amount, kind, code = cents(segment, 5), element(segment, 1), element(segment, 2)
    if kind not in ("A", "C"):
        return None
    made = said(
        code=code or element(segment, 4),
        description=element(segment, 15),
        of=element(segment, 6),
        percent=number(segment, 7),
        rate=number(segment, 8),
        quantity=number(segment, 10),
    )
    return _kinded(made, kind, code, amount, "SAC-05")


def _allowance(segment: Segment) -> dict[str, Any] | None:
    """ITA, which SAC has replaced since 004010."""
    amount, kind = cents(segment, 7), element(segment, 1)
    if kind not in ("A", "C"):
        return None
    made = said(
        code=element(segment, 3),
        description=element(segment, 13),
        rate=number(segment, 6),
        percent=number(segment, 9),
        quantity=number(segment, 10),
    )
    return _kinded(made, kind, element(segment, 3), amount, "ITA-07")


def _kinded(made: dict[str, Any], kind: str, code: str, amount: int | None, field: str) -> dict[str, Any]:
    made["kind"] = "discount" if kind == "A" else "tax" if code == _TAX else "accessorial"
    if amount is not None:
        return made | {"amount": money(-amount if kind == "A" else amount)}
    if "percent" not in made and "rate" not in made:
        raise Defective(
            "allowance_unpriced", field, "an allowance or charge has neither an amount, nor a percentage or rate"
        )
    return made


def _amount_charge(
    charge: dict[str, Any], holder: Mapping[str, Any], base: Decimal, discounts: Decimal, unit: Decimal
) -> None:
    """Gives a charge its amount; `discounts` are what those before it have taken off."""
    of, quantity = charge.pop("of", ""), charge.pop("quantity", holder.get("quantity", "1"))
    if "amount" in charge:
        return
    if "percent" in charge:
        if of == _LESS_DISCOUNTS:
            base += discounts
        amount = base * Decimal(charge["percent"]) / 100
        charge["base"] = f"{base:f}"
    else:
        amount = Decimal(charge["rate"]) * Decimal(quantity)
    amount = amount.quantize(unit, ROUND_HALF_UP)
    charge["amount"] = f"{-amount if charge['kind'] == 'discount' else amount:f}"
