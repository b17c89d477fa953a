"""What comes from files and keys, fit for whoever reads it: it moves no cursor, and passes for nothing else."""

import unicodedata
from functools import cache

_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
"""Unicode's categories of what is no picture of itself: controls, formats, surrogates, what has no character, and the
line and paragraph separators."""


def visible(text: str, kept: frozenset[str] = frozenset()) -> str:
    r"""The text with a picture of each character that is not seen, but for those that are `kept`.

    >>> visible("a\x1b[2Jb\n"), visible("\u202etxt.exe")
    ('a\\x1b[2Jb\\n', '\\u202etxt.exe')
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(character if character in kept else _picture(character) for character in text)


@cache
def _picture(character: str) -> str:
    if unicodedata.category(character) not in _UNSEEN:
        return character
    return character.encode("unicode_escape").decode()
