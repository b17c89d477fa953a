"""The word that was meant."""

from collections.abc import Iterable
from difflib import get_close_matches

NEAR = 0.6  #: how alike two words must be, of 1, for one to be taken for the other misspelt


def nearest(said: str, known: Iterable[str]) -> str:
    """ "; is NAME meant?" of the known word that is nearest, if any is near; else what there is.

    >>> nearest("digts", ["digits", "places"]), nearest("x", ["digits", "places"])
    ('; is digits meant?', '; there are: digits, places')
    """
    words = list(known)
    near = get_close_matches(said, words, 1, NEAR)
    return f"; is {near[0]} meant?" if near else f"; there are: {', '.join(words)}"
