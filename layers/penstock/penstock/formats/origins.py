"""Which file an interchange, a document or a table came back from, where nothing in its records says so: by the words
of its envelopes (see `outputs.reject_documents`), by a property of the workbook, or by what it is called."""

import re

ORIGIN = "origin"  #: what it is called in a layout's envelope
XML_ORIGIN = "penstock-rejects-of"  #: the target of the processing instruction

PROPERTY = "penstock_rejects_of"  #: the custom property of a workbook of rejects

_CALLED = re.compile(r"(?<![0-9a-f])([0-9a-f]{20})(?![0-9a-f])")
_ID = re.compile("[0-9a-f]{20}")
_INSTRUCTION = re.compile(rb"<\?%s\s+([0-9a-f]{20})\s*\?>" % XML_ORIGIN.encode())


def origin_in(text: str) -> dict[str, str]:
    """The origin as an envelope has it, if a text is one."""
    return {ORIGIN: text} if _ID.fullmatch(text) else {}


def origin_of_key(key: str) -> dict[str, str]:
    """The same, of a drop that is called as rejects are saved.

    >>> origin_of_key("traffic/4c9e4c9d6dd5e4d71ae7.rejects (1).csv"), origin_of_key("traffic/4c9e4c9d6dd5e4d71ae7.csv")
    ({'origin': '4c9e4c9d6dd5e4d71ae7'}, {})
    """
    called = _CALLED.search(key) if "rejects" in key.lower() else None
    return origin_in(called[1]) if called else {}


def origin_of_xml(head: bytes) -> dict[str, str]:
    """The same, of a document that begins so."""
    said = _INSTRUCTION.search(head)
    return origin_in(said[1].decode()) if said else {}
