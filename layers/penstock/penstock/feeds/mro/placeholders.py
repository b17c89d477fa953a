"""What people write into a block that must not be empty, and that says nothing."""

import re
from functools import lru_cache

_NUMBER = r"(?:[SP] ?N|(?:SERIAL|PART|TAIL|TRACKING)(?: (?:NUMBER|NO))?|NUMBER)"
"""What it is that nobody knows: UNKNOWN S/N, NO SERIAL NUMBER."""

_WORDS = "|".join(
    (
        *("N ?A", "NIL", "NONE", "NULL", "UNK", "UNKN", "UNKNOWN", "UNDETERMINED", "UNIDENTIFIED", "UNSPECIFIED"),
        *("ILLEG", "ILLEGIBLE", "UNREADABLE", "UNAVAILABLE", "UNMARKED", "UNDEFINED", "MISSING", "BLANK", "VARIOUS"),
        *("TB[ACD]", "TO BE (?:ADVISED|ANNOUNCED|CONFIRMED|DETERMINED)", "PENDING", "NO DATA", "NONE GIVEN"),
        "NOT (?:APPLICABLE|AVAIL(?:ABLE)?|GIVEN|KNOWN|LEGIBLE|MARKED|PROVIDED|READABLE|RECORDED|SPECIFIED|STATED)",
        "NOT VISIBLE",
        *("SEE (?:BLOCK [0-9]{1,2}|REMARKS|ATTACHED|ABOVE|TAG)", "AS ABOVE", "DITTO"),
        *("REF", "VALUE", "NAME", "NUM", "DIV 0"),  # a spreadsheet's errors, between their signs
    )
)
_SAYS_NOTHING = re.compile(rf"(?:{_NUMBER} )?(?:{_WORDS})(?: (?:{_WORDS}|{_NUMBER}))?|NO {_NUMBER}")
_NOTHING = re.compile(r"[0\W_]*|(?=.*X.*X)[0X\W_]*")


@lru_cache(100_000)
def is_placeholder(text: str) -> bool:
    """Whether a block that has this text says nothing.

    >>> is_placeholder("n/a"), is_placeholder("-"), is_placeholder("0000"), is_placeholder("RS-1"), is_placeholder("")
    (True, True, True, False, False)
    """
    capitals = text.upper()
    words = " ".join(re.sub(r"[\W_]+", " ", capitals).split())
    return bool(text) and bool(_SAYS_NOTHING.fullmatch(words) or _NOTHING.fullmatch(capitals))
