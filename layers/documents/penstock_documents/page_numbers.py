"""The numbers that pages bear, "Page 2 of 3": whether they follow each other."""

import re
from typing import NamedTuple

from penstock_documents.words import Page, text_of

MISSING, ORDER = "page_missing", "page_order"

_PRINTED = re.compile(r"\b(?:page|pg\.?|sheet)\s*(\d{1,4})\s*(?:of|/)\s*(\d{1,4})\b", re.IGNORECASE)


class Printed(NamedTuple):
    """A page's own number, and how many there are."""

    number: int
    of: int


def printed_on(page: Page) -> Printed | None:
    """What a page bears; None where that is nothing, or several things, or makes no sense."""
    found = {Printed(int(one[1]), int(one[2])) for line in page.lines for one in _PRINTED.finditer(text_of(line))}
    sole = next(iter(found)) if len(found) == 1 else None
    return sole if sole and 1 <= sole.number <= sole.of else None


def mark_of(page: Printed | None, before: Printed | None, after: Printed | None, first: bool, last: bool) -> str:
    """What is wrong with a page, by its number and those of the pages beside it: "" if nothing is. Of a page beside it
    that bears none nobody knows which it is."""
    if page is None:
        return ""
    if after and after.of == page.of and 1 < after.number <= page.number:
        return ORDER
    lacks_next = page.number < page.of and (last or (after is not None and after != (page.number + 1, page.of)))
    lacks_first = page.number > 1 and (first or (before is not None and before.of != page.of))
    return MISSING if lacks_next or lacks_first else ""
