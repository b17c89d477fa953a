"""Which file an interchange or a document came back from, where it says so (see `outputs.reject_documents`)."""

import re

ORIGIN = "origin"  #: what it is called in a layout's envelope
XML_ORIGIN = "penstock-rejects-of"  #: the target of the processing instruction

_ID = re.compile("[0-9a-f]{20}")
_INSTRUCTION = re.compile(rb"<\?%s\s+([0-9a-f]{20})\s*\?>" % XML_ORIGIN.encode())


def origin_in(text: str) -> dict[str, str]:
    """The origin as an envelope has it, if a text is one."""
    return {ORIGIN: text} if _ID.fullmatch(text) else {}


def origin_of_xml(head: bytes) -> dict[str, str]:
    """The same, of a document that begins so."""
    said = _INSTRUCTION.search(head)
    return origin_in(said[1].decode()) if said else {}
