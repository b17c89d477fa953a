"""Standard Carrier Alpha Codes: two to four letters, given out by NMFTA (X12 data element 140)."""

import re

from penstock.feeds.freight.defects import Defective

_SCAC = re.compile("[A-Z]{2,4}")


def require_scac(code: str, field: str) -> str:
    """The code.

    Raises:
        Defective: `freight.scac`.
    """
    if not _SCAC.fullmatch(code):
        raise Defective("scac", field, "the carrier's SCAC is two to four capital letters")
    return code
