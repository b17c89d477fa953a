"""Values as every format's reader puts them together."""

LONGEST = 10_000  #: characters of a text that the model takes


def said(**values: str) -> dict[str, str]:
    """Those of them that say something."""
    return {name: value for name, value in values.items() if value}


def other_unit(unit: str, price_unit: str) -> dict[str, str]:
    """What a price is per, where that is another unit than the quantity is in.

    >>> other_unit("KGM", "KGM"), other_unit("KGM", "TNE"), other_unit("KGM", "")
    ({}, {'price_basis': 'TNE'}, {})
    """
    return said(price_basis=price_unit if unit and price_unit != unit else "")


def joined(*texts: str) -> str:
    """What texts say one after the other. A first one that is too long already stays as it is: one that grew by every
    segment of a hostile record would cost the square of them."""
    return texts[0] if len(texts[0]) > LONGEST else " ".join(filter(None, texts))
