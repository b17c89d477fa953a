"""Units of measure, as far as a price for one of them can be reckoned for another: 2,000 pounds at 150.00 a ton are
150.00. Only units of one system are put together, where what the one holds of the other has an end; and nothing is
reckoned from what a pack or a case may hold."""

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction

_KINDS = {
    "grams": "GRM 1 KGM 1000 DTN 100000 TNE 1000000",
    "pounds": "LBR 1 ONZ 1/16 CWA 100 CWI 112 STN 2000 LTN 2240",
    "millimetres": "MMT 1 CMT 10 DMT 100 MTR 1000 KMT 1000000",
    "inches": "INH 1 FOT 12 YRD 36 SMI 63360",
    "millilitres": "MLT 1 CMQ 1 LTR 1000 DMQ 1000 HLT 100000 MTQ 1000000",
    "seconds": "SEC 1 MIN 60 HUR 3600",
    "watt hours": "WHR 1 KWH 1000 MWH 1000000",
    "pieces": "C62 1 EA 1 H87 1 PCE 1 NAR 1 PR 2 DZN 12 CEN 100 GRO 144 MIL 1000",
}
_KINDS_OF_X12 = {
    "grams": "GR 1 KG 1000 50 1000 MP 1000000",
    "pounds": "LB 1 01 1 OZ 1/16 CW 100 TN 2000 26 2000 LG 2240",
    "millimetres": "MM 1 CM 10 MR 1000 DK 1000000",
    "inches": "IN 1 FT 12 LF 12 YD 36",
    "millilitres": "ML 1 LT 1000",
    "pieces": "EA 1 PC 1 UN 1 PR 2 DZ 12 HC 100 TH 1000",
}

type Sizes = Mapping[str, tuple[str, Fraction]]
"""What a unit measures, and how much of it."""


def _sizes(kinds: Mapping[str, str]) -> Sizes:
    words = {kind: said.split() for kind, said in kinds.items()}
    return {
        code: (kind, Fraction(size))
        for kind, said in words.items()
        for code, size in zip(said[::2], said[1::2], strict=True)
    }


UNECE, X12 = _sizes(_KINDS), _sizes(_KINDS_OF_X12)
"""By their codes: UN/ECE Recommendation 20, which UBL, CII and EDIFACT share, and X12's data element 355 (004010)."""


def holds(one: str, other: str, sizes: Sizes) -> Decimal | None:
    """How many of the other unit one unit is; None where that is not known, or has no end.

    >>> holds("TN", "LB", X12), holds("LB", "TN", X12), holds("EA", "DZ", X12), holds("LB", "CA", X12)
    (Decimal('2000'), Decimal('0.0005'), None, None)
    >>> holds("TNE", "KGM", UNECE), holds("EA", "C62", UNECE), holds("KGM", "LBR", UNECE), holds("ZZ", "ZZ", UNECE)
    (Decimal('1000'), Decimal('1'), None, Decimal('1'))
    """
    if one == other:
        return Decimal(1)
    (kind, size), (other_kind, other_size) = sizes.get(one, _UNKNOWN), sizes.get(other, _UNKNOWN)
    if not kind or kind != other_kind:
        return None
    ratio = size / other_size
    found = Decimal(ratio.numerator) / ratio.denominator
    return found if Fraction(found) == ratio else None


_UNKNOWN = "", Fraction(1)
