"""What people write into a block that must not be empty, and that says nothing."""

import re
from functools import lru_cache

_WORDS = frozenset(
    (
        *("N/A", "#N/A", "NA", "N.A", "N-A", "N A", "NIL", "NONE", "NULL", "UNKNOWN", "UNK", "TBD", "TBA", "TBC"),
        *("VARIOUS", "ILLEGIBLE", "UNREADABLE", "UNAVAILABLE", "MISSING", "BLANK", "NOT AVAILABLE", "NOT APPLICABLE"),
        *("NOT LEGIBLE", "NOT KNOWN", "NO NUMBER", "NO DATA", "NONE GIVEN", "SEE BLOCK 12", "SEE REMARKS"),
        *("NOT GIVEN", "NOT STATED", "NOT RECORDED", "NOT PROVIDED", "NOT MARKED", "UNMARKED", "NO S/N", "NO P/N"),
        *("#REF!", "#VALUE!", "#NAME?", "#NULL!", "#NUM!", "#DIV/0!"),
    )
)
_NOTHING = re.compile(r"[\W_]*|0+|X{2,}")


@lru_cache(100_000)
def is_placeholder(text: str) -> bool:
    """Whether a block that has this text says nothing.

    >>> is_placeholder("n/a"), is_placeholder("-"), is_placeholder("0000"), is_placeholder("RS-1"), is_placeholder("")
    (True, True, True, False, False)
    """
    plain = " ".join(text.upper().strip(" .'\"()").split())
    return bool(text) and (plain in _WORDS or bool(_NOTHING.fullmatch(plain)))
