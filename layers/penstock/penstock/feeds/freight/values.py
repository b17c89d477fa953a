"""Values as every format's reader puts them together."""

from decimal import Decimal

from penstock.feeds.freight.units import UNECE, holds

FREE = "free_of_charge"  #: the status of a line that is given away

LONGEST = 10_000  #: characters of a text that the model takes


def said(**values: str) -> dict[str, str]:
    """Those of them that say something."""
    return {name: value for name, value in values.items() if value}


def priced_per(count: str, price_unit: str, unit: str) -> dict[str, str]:
    """For how many units of the quantity a price is, which says of how many of its own unit it is; where nobody knows
    how these two go together, which unit that is.

    >>> priced_per("100", "KGM", "KGM"), priced_per("", "TNE", "KGM"), priced_per("1", "CA", "KGM")
    ({'price_per': '100'}, {'price_per': '1000'}, {'price_per': '1', 'price_unit': 'CA'})
    """
    if not unit or not price_unit or price_unit == unit:
        return said(price_per=count)
    held = holds(price_unit, unit, UNECE)
    if held is None:
        return said(price_per=count, price_unit=price_unit)
    return {"price_per": f"{Decimal(count or 1) * held:f}"}


def joined(*texts: str) -> str:
    """What texts say one after the other. A first one that is too long already stays as it is: one that grew by every
    segment of a hostile record would cost the square of them."""
    return texts[0] if len(texts[0]) > LONGEST else " ".join(filter(None, texts))
