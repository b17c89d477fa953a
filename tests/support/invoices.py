"""Carriers' invoices to test with: each adds up and is in order, unless a test makes it otherwise."""

from collections.abc import Mapping, Sequence

from tests.support import edi
from tests.support.edi import Words

B3 = ("B3", "", "INV-1", "PRO-1", "TP", "", "20261120", "30000", "", "20261118", "035", "ACME")
LINES: Sequence[Words] = (
    ("LX", "1"),
    ("L5", "1", "PAPER ON SKIDS"),
    ("L0", "1", "", "", "1200", "G", "", "", "3", "PCS", "", "L"),
    ("L1", "1", "12.5", "PH", "35000"),
    ("LX", "2"),
    ("L1", "2", "", "", "5000", "", "", "", "FUE"),
    ("LX", "3"),
    ("L1", "3", "", "", "-10000", "", "", "", "DSC"),
)
L3 = ("L3", "1200", "G", "", "", "30000")

BIG = ("BIG", "20261120", "INV-2", "", "PO-7")
SELLER = ("N1", "SE", "ACME FREIGHT", "2", "ACME")
ITEMS: Sequence[Words] = (
    ("IT1", "1", "2", "EA", "100.25", "", "VP", "HAUL"),
    ("IT1", "2", "1", "EA", "49.50", "", "VP", "TOLL"),
)


def freight_bill(
    header: Words = B3, lines: Sequence[Words] = LINES, total: Words | None = L3, before: Sequence[Words] = ()
) -> list[Words]:
    """The segments of a 210 between ST and SE: 350.00 for the way, 50.00 for fuel, 100.00 of discount."""
    return [header, *before, *lines, *([total] if total else [])]


def goods_bill(
    tds: str = "25000",
    lines: Sequence[Words] = ITEMS,
    before: Sequence[Words] = (SELLER,),
    behind: Sequence[Words] = (),
    header: Words = BIG,
) -> list[Words]:
    """The segments of an 810 between ST and SE: 200.50 and 49.50."""
    return [header, *before, *lines, ("TDS", tds), *behind]


def x12_file(*bodies: Sequence[Words], kinds: Sequence[str] = ()) -> bytes:
    """One interchange with these transaction sets; of a 210, unless `kinds` say otherwise."""
    kinds = kinds or ["210"] * len(bodies)
    sets = [edi.st(at, body, kind) for at, (body, kind) in enumerate(zip(bodies, kinds, strict=True), 1)]
    return edi.interchange(sets)


def changed(segment: Words, changes: Mapping[int, str]) -> Words:
    """The segment with other elements at these places."""
    long = [*segment, *[""] * (max(changes, default=0) + 1 - len(segment))]
    return tuple(changes.get(at, element) for at, element in enumerate(long))


_UBL = "urn:oasis:names:specification:ubl:schema:xsd"
_NAMESPACES = (
    f'xmlns:cac="{_UBL}:CommonAggregateComponents-2" xmlns:cbc="{_UBL}:CommonBasicComponents-2"'
)  # fmt: skip

TOTALS = {
    "LineExtensionAmount": "400.00",
    "TaxExclusiveAmount": "380.00",
    "TaxInclusiveAmount": "456.00",
    "AllowanceTotalAmount": "30.00",
    "ChargeTotalAmount": "10.00",
    "PayableAmount": "456.00",
}
SUPPLIER = '<cac:PartyIdentification><cbc:ID schemeID="SCAC">ACME</cbc:ID></cac:PartyIdentification>'
ALLOWANCES = (("false", "30.00"), ("true", "10.00"))


def amount(name: str, value: str, currency: str = "EUR") -> str:
    return f'<cbc:{name} currencyID="{currency}">{value}</cbc:{name}>'


def ubl(
    totals: Mapping[str, str] = TOTALS,
    lines: Sequence[str] = ("150.00", "250.00"),
    *,
    root: str = "Invoice",
    line: str = "",
    number: str = "INV-3",
    issued: str = "2026-11-20",
    due: str = "2026-12-20",
    currency: str = "EUR",
    supplier: str = SUPPLIER,
    allowances: Sequence[tuple[str, str]] = ALLOWANCES,
    tax: str = amount("TaxAmount", "76.00"),
) -> str:
    """A document of two lines, 30.00 of allowance, 10.00 of charge, and a fifth of tax."""
    line = line or f"{root}Line"
    return (
        f'<{root} xmlns="{_UBL}:{root}-2" {_NAMESPACES}>'
        f"<cbc:UBLVersionID>2.1</cbc:UBLVersionID><cbc:ID>{number}</cbc:ID><cbc:IssueDate>{issued}</cbc:IssueDate>"
        f"<cbc:DueDate>{due}</cbc:DueDate><cbc:DocumentCurrencyCode>{currency}</cbc:DocumentCurrencyCode>"
        f"<cac:AccountingSupplierParty><cac:Party>{supplier}</cac:Party></cac:AccountingSupplierParty>"
        + "".join(
            f"<cac:AllowanceCharge><cbc:ChargeIndicator>{charged}</cbc:ChargeIndicator>{amount('Amount', value)}"
            "</cac:AllowanceCharge>"
            for charged, value in allowances
        )
        + (f"<cac:TaxTotal>{tax}</cac:TaxTotal>" if tax else "")
        + "<cac:LegalMonetaryTotal>"
        + "".join(amount(name, value) for name, value in totals.items() if value)
        + "</cac:LegalMonetaryTotal>"
        + "".join(
            f"<cac:{line}><cbc:ID>{at}</cbc:ID>{amount('LineExtensionAmount', value)}</cac:{line}>"
            for at, value in enumerate(lines, 1)
        )
        + f"</{root}>"
    )


def ubl_file(*documents: str) -> bytes:
    """One document as it is, several in an element that holds them."""
    return (documents[0] if len(documents) == 1 else f"<Invoices>{''.join(documents)}</Invoices>").encode()
