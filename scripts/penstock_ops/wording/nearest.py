"""What was mistyped, and what was probably meant."""

from collections.abc import Iterable
from difflib import get_close_matches

MOST = 12  #: names that are told; of more, the nearest alone


def hint(said: str, known: Iterable[str]) -> str:
    """What was probably meant, as the end of a sentence; else all there is, if that is not too much.

    >>> hint("trafic", ["traffic", "crew"]), hint("x", ["traffic", "crew"])
    ('; did you mean traffic?', '; there are: crew, traffic')
    """
    names = sorted(known)
    near = get_close_matches(said, names, n=1)
    if near:
        return f"; did you mean {near[0]}?"
    return f"; there are: {', '.join(names)}" if names and len(names) <= MOST else ""
