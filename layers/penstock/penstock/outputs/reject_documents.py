"""rejects.edi and rejects.xml: records of an interchange or a document in their own format, to be mended and dropped
again.

Each stands as its sender wrote it, within envelopes like those that it lay in: sender, receiver, version and usage are
the same, control numbers and counts are new. What it came back from is told where the format has room that nobody uses:

    X12      ISA02 and ISA04, which mean nothing with the qualifiers 00 (X12.5)
    EDIFACT  the interchange's agreement, UNB 0032 (ISO 9735)
    XML      a processing instruction before the root
"""

import hashlib
from collections.abc import Sequence

from penstock.formats.origins import XML_ORIGIN
from penstock.formats.xml_tags import START_TAG
from penstock.model.messages import Delimiters, Layout

NAMES = {"x12": "rejects.edi", "edifact": "rejects.edi", "xml": "rejects.xml"}
"""What the file is called, by its format."""


def beginning(layout: Layout, file: str) -> bytes:
    """What stands before the records of a file with this id."""
    if layout.format != "xml":
        return b""
    declared = f'<?xml version="1.0" encoding="{layout.encoding}"?>\n<?{XML_ORIGIN} {file}?>\n'
    return (declared + layout.opening).encode(layout.encoding)


def ending(layout: Layout) -> bytes:
    """What stands behind them."""
    if layout.format != "xml":
        return b""
    tags = [tag[1] for tag in START_TAG.finditer(layout.opening.encode(layout.encoding))]
    return b"".join(b"</%s>" % name for name in reversed(tags)) + b"\n"


def records(layout: Layout, raws: Sequence[bytes], file: str, number: int) -> bytes:
    """The records of the chunk with this number."""
    if layout.format == "xml":
        return b"".join(raw + b"\n" for raw in raws)
    assert layout.delimiters is not None
    envelope = _in_x12 if layout.format == "x12" else _in_edifact
    before, after = envelope(layout, layout.delimiters, file, _control(file, number), len(raws))
    return before.encode(layout.encoding) + b"".join(raw + b"\n" for raw in raws) + after.encode(layout.encoding)


def _control(file: str, number: int) -> str:
    """A control number for the interchange, nine digits."""
    return f"{int(hashlib.sha256(f'{file}:{number}'.encode()).hexdigest(), 16) % 10**9:09}"


def _in_x12(layout: Layout, by: Delimiters, file: str, control: str, count: int) -> tuple[str, str]:
    said = layout.envelope
    made = said.get("group_made", "")
    day, clock = (made[:8], made[8:12]) if len(made) >= 12 else ("20000101", "0000")
    isa = (
        "ISA", "00", file[:10], "00", file[10:20].ljust(10),
        said["sender_qualifier"].ljust(2), said["sender"].ljust(15),
        said["receiver_qualifier"].ljust(2), said["receiver"].ljust(15),
        day[2:], clock, by.repetition or "U", said["version"], control, "0", said["usage"] or "P", by.component or ">",
    )  # fmt: skip
    group = (
        "GS", said.get("group_function") or "IN", said.get("group_sender") or said["sender"],
        said.get("group_receiver") or said["receiver"], day, clock, "1", "X", said.get("group_version") or "004010",
    )  # fmt: skip
    ends = (("GE", str(count), "1"), ("IEA", "1", control))
    return _segments(by, isa, group), _segments(by, *ends)


def _in_edifact(layout: Layout, by: Delimiters, file: str, control: str, count: int) -> tuple[str, str]:
    said, part = layout.envelope, by.component
    identifier, _, version = said["version"].partition(":")
    advice = f"UNA{part}{by.element}.{by.release or ' '}{by.repetition or ' '}{by.segment}\n"
    unb = (
        "UNB", f"{identifier}{part}{version}", _party(said, "sender", by), _party(said, "receiver", by),
        f"000101{part}0000", control, "", "", "", "", file, *(["1"] if said["usage"] == "T" else []),
    )  # fmt: skip
    return advice + _segments(by, unb), _segments(by, ("UNZ", str(count), control))


def _party(said: dict[str, str], name: str, by: Delimiters) -> str:
    """A party with its qualifier, its characters released where they would separate (ISO 9735 §7)."""
    parts = [_released(said[name], by), _released(said[f"{name}_qualifier"], by)]
    return by.component.join(parts if parts[1] else parts[:1])


def _released(text: str, by: Delimiters) -> str:
    separates = {by.release, by.segment, by.element, by.component, by.repetition} - {""}
    return "".join(by.release + one if one in separates else one for one in text)


def _segments(by: Delimiters, *segments: Sequence[str]) -> str:
    return "".join(by.element.join(elements) + by.segment + "\n" for elements in segments)
