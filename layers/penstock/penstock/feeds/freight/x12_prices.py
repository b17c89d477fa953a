"""What a unit price is per: data element 639, basis of unit price (004010)."""

from decimal import Decimal

from penstock.feeds.freight.units import X12, holds

PER: dict[str, int] = {
    **dict.fromkeys(("PE", "LE", "QE", "RE", "TE", "WE", "UM"), 1),
    "PN": 10,
    **dict.fromkeys(("PD", "LD", "RD", "TD", "WD"), 12),
    **dict.fromkeys(("HP", "HF", "LC", "QH", "RC", "TC", "WC"), 100),
    **dict.fromkeys(("TP", "TF", "PS", "LM", "QS", "RM", "TM", "WM", "P1"), 1000),
    "TT": 10_000,
    "HT": 100_000,
}
"""How many units the price is for, by the code that says so."""

_UNITS = """
    PP LB  PT TN  PO OZ  PG GR  PK KG  PL LT  ML ML  PF FT  PY YD  HF FT  TF FT  PS SF  PA TO
    P1 MR  P2 CM  P5 DK  P6 MM  P7 MR
"""
UNIT: dict[str, str] = dict(zip(_UNITS.split()[::2], _UNITS.split()[1::2], strict=True))
"""The unit of measure (data element 355) that the price is for so many of, by the code that names one."""

_OF_ONE = """
AA AB AP AW BD BR BW CA CP CR CT DI DP DR DS EC EH ES FB FO FX KA KP KR LR ME NE NS NT PB PM PQ PR PU PV PY QR QT RS
RT SA SC SM SR ST SW VQ WH WI PA PF PG PK PL PO PP PT ML AN P2 P3 P4 P5 P6 P7
"""
OF_ONE = frozenset(_OF_ONE.split())
"""What says where the price comes from, or which unit of measure it is for: it is for one of them."""

FREE = frozenset({"NC", "NQ", "TB"})
"""No charge, no quote, to be negotiated: what is sold so costs nothing here."""


def per(code: str) -> int | None:
    """How many units a price of this basis is for; None for a code that is none.

    >>> per(""), per("HP"), per("TP"), per("XX")
    (1, 100, 1000, None)
    """
    return 1 if not code or code in OF_ONE or code in FREE else PER.get(code)


def per_in(code: str, unit: str) -> Decimal | None:
    """How many of a unit of measure a price of this basis is for; None where the basis names a unit that nobody knows
    how to reckon in that one. A basis that names none is for the unit itself, and so is one where no unit is given.

    >>> per_in("HP", "CA"), per_in("PT", "LB"), per_in("HF", "YD"), per_in("PP", "CA"), per_in("PP", "")
    (Decimal('100'), Decimal('2000'), None, None, Decimal('1'))
    """
    count = Decimal(per(code) or 1)
    if code not in UNIT or not unit:
        return count
    held = holds(UNIT[code], unit, X12)
    return None if held is None else count * held
