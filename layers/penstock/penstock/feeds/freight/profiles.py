"""What a document says that it keeps to: its specification, by which its sums are judged, and whether it is a test."""

import re
from collections.abc import Iterable

EN_16931 = "EN 16931"
XRECHNUNG_EXTENSION = "XRechnung Extension"
EXTENDED = "EN 16931 extended"
STRICT = (EN_16931, XRECHNUNG_EXTENSION, EXTENDED)
"""Specifications that leave nothing of their sums open."""

_CEN = "urn:cen.eu:en16931:2017"
_WORD = re.compile(r"[a-z0-9]+")


def profile_of(specification: str) -> str:
    """The specification (BT-24) by its word, "" for none that is known. Extensions may add to the norm's sums; all
    others must keep to them (EN 16931-1, §4.4).

    >>> profile_of("urn:cen.eu:en16931:2017#compliant#urn:fdc:peppol.eu:2017:poacc:billing:3.0")
    'EN 16931'
    >>> profile_of("urn:cen.eu:en16931:2017#conformant#urn:xeinkauf.de:kosit:extension:xrechnung_3.0")
    'XRechnung Extension'
    """
    if "extension:xrechnung" in specification:
        return XRECHNUNG_EXTENSION
    if not specification.startswith((_CEN, "urn:factur-x.eu:1p0:", "urn:zugferd.de:2p0:")):
        return ""
    return EXTENDED if "extended" in specification or "#conformant#" in specification else EN_16931


def is_test(said: Iterable[str]) -> bool:
    """Whether one of a document's profiles is called a test."""
    return any("test" in _WORD.findall(one.lower()) for one in said)
