"""The values in X12's elements: dates, amounts with implied and with explicit decimals (X12.6, data element types)."""

import re
from collections.abc import Sequence
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from penstock.feeds.freight.defects import Defective

_N2 = re.compile(r"(-?)([0-9]{1,15})")
_R = re.compile(r"-?(?:[0-9]{1,11}(?:\.[0-9]{0,8})?|\.[0-9]{1,8})")
_CENT = Decimal("0.01")


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


def product(one: str, other: str) -> str:
    """Two numbers multiplied, to the cent."""
    return str((Decimal(one) * Decimal(other)).quantize(_CENT, ROUND_HALF_UP))


def day(segment: Sequence[str], at: int) -> str:
    """A date (CCYYMMDD) as ISO 8601 has it, "" if it is not there.

    Raises:
        Defective: `freight.date`.
    """
    text = element(segment, at)
    if not text:
        return ""
    try:
        if len(text) != 8 or not text.isascii() or not text.isdecimal():
            raise ValueError
        return date(int(text[:4]), int(text[4:6]), int(text[6:])).isoformat()
    except ValueError:
        raise Defective(
            "date",
            _name(segment, at),
            "the date is none; write it as CCYYMMDD",
        ) from None


def _name(segment: Sequence[str], at: int) -> str:
    return f"{segment[0]}-{at:02}"
