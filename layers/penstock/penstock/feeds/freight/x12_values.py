"""The values in X12's elements: dates, amounts with implied and with explicit decimals (X12.6, data element types)."""

import re
from collections.abc import Sequence
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from penstock.feeds.freight.defects import Defective

_N2 = re.compile(r"(-?)([0-9]{1,15})")
_R = re.compile(r"-?(?:[0-9]{1,11}(?:\.[0-9]{0,8})?|\.[0-9]{1,8})")
_SMALLEST = Decimal("0.00000001")


def element(segment: Sequence[str], at: int) -> str:
    """An element, "" where the sender said nothing."""
    return segment[at].strip() if at < len(segment) else ""


def cents(segment: Sequence[str], at: int) -> int | None:
    """An amount with two implied decimals (type N2), in hundredths; None if it is not there.

    Raises:
        Defective: `freight.amount`.
    """
    text = element(segment, at)
    if not text:
        return None
    if not _N2.fullmatch(text):
        raise Defective(
            "amount",
            _name(segment, at),
            "the amount has two implied decimals (N2): write digits alone, with a minus before them if it is negative",
        )
    return int(text)


def money(hundredths: int) -> str:
    """Hundredths as a decimal number.

    >>> money(-301791), money(5)
    ('-3017.91', '0.05')
    """
    sign, digits = "-" if hundredths < 0 else "", f"{abs(hundredths):03}"
    return f"{sign}{digits[:-2]}.{digits[-2:]}"


def number(segment: Sequence[str], at: int) -> str:
    """A number with an explicit decimal point (type R), "" if it is not there.

    Raises:
        Defective: `freight.amount`.
    """
    text = element(segment, at)
    if text and not _R.fullmatch(text):
        raise Defective(
            "amount",
            _name(segment, at),
            "the number is none (R): write digits, with a point before the decimals if there are any",
        )
    return text


def product(one: str, other: str, per: Decimal | int = 1) -> str:
    """Two numbers multiplied, of which one is for so many of the other; not rounded, but where it has no end."""
    exact = Decimal(one) * Decimal(other) / per
    return f"{exact.quantize(_SMALLEST, ROUND_HALF_UP):f}"


def day(segment: Sequence[str], at: int, version: str = "004010") -> str:
    """A date as ISO 8601 has it, "" if it is not there. It is written CCYYMMDD; before 004010, YYMMDD, where a year
    from 80 on is of the last century.

    Raises:
        Defective: `freight.date`.
    """
    text = element(segment, at)
    if not text:
        return ""
    short = version[:6] < "004010"
    whole = f"{'19' if text >= '80' else '20'}{text}" if short and len(text) == 6 else text
    try:
        if len(whole) != 8 or not whole.isascii() or not whole.isdecimal():
            raise ValueError
        return date(int(whole[:4]), int(whole[4:6]), int(whole[6:])).isoformat()
    except ValueError:
        form = "YYMMDD" if short else "CCYYMMDD"
        raise Defective("date", _name(segment, at), f"the date is none; write it as {form}") from None


def _name(segment: Sequence[str], at: int) -> str:
    return f"{segment[0]}-{at:02}"
