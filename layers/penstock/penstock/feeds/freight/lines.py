"""How many lines invoices have, counted in their bytes: it bounds a chunk before anything is parsed."""

import re
from functools import lru_cache

from penstock.model.messages import Delimiters, Layout

_ELEMENTS = re.compile(
    rb"<(?:[^\s<>/!?:]{1,100}:)?(?:InvoiceLine|CreditNoteLine|FreightInvoiceLine|IncludedSupplyChainTradeLineItem)[\s/>]"
)


def lines_in(layout: Layout, piece: bytes) -> int:
    """The LX, IT1 and LIN segments, or the line elements, in a piece of whole records; what looks like one in a comment
    of XML counts as one."""
    pattern = _segments(layout.delimiters) if layout.delimiters else _ELEMENTS
    return len(pattern.findall(piece))


@lru_cache(maxsize=64)
def _segments(delimiters: Delimiters) -> re.Pattern[bytes]:
    # A tag stands behind a terminator, perhaps with blanks between.
    terminator, element = re.escape(delimiters.segment.encode()), re.escape(delimiters.element.encode())
    return re.compile(rb"(?:%s|[ \t\r\n])(?:LX|IT1|LIN)%s" % (terminator, element))
