"""Interchanges to test with, and what the planner makes of them."""

from collections.abc import Generator, Iterable, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypedDict

import pytest

from penstock.feeds.feed import Feed, Limits
from penstock.formats import edifact, envelopes, segments, x12
from penstock.formats.format import Format
from penstock.model.findings import Finding, Noted
from penstock.model.messages import Delimiters, Layout
from tests.support.reading import Split, split_file

STARS = Delimiters(segment="~", element="*", component=":")
BARS = Delimiters(segment="'", element="|", component="!")
LINES = Delimiters(segment="\n", element="*", component=">")
UMLAUTS = Delimiters(segment="Ö", element="*", component=">")

SHORT = 120  #: bytes, of which an ISA has 106

type Words = Sequence[str]
"""A segment: its tag and its elements."""


_short_patterns = lru_cache(maxsize=64)(segments.Patterns)


@contextmanager
def short_segments() -> Generator[None]:
    """An envelope's segment may have no more than `SHORT` bytes here, so that small chunks can hold any."""
    with pytest.MonkeyPatch.context() as patch:
        for module in (segments, envelopes):
            patch.setattr(module, "LONGEST", SHORT)
        for module in (segments, x12, edifact):
            patch.setattr(module, "OPENING", SHORT)
        for module in (segments, edifact):
            patch.setattr(module, "patterns", _short_patterns)
        yield


def isa(delimiters: Delimiters = STARS, control: int = 1, sender: str = "CARRIER", version: str = "00401") -> str:
    """The first segment of an interchange, 106 bytes long."""
    repetition = "U" if version < "00402" else "^"
    elements = ("ISA", "00", " " * 10, "00", " " * 10, "02", f"{sender:15}", "ZZ", f"{'PAYER':15}", "261120", "2115")
    elements = (*elements, repetition, version, f"{control:09}", "0", "P", delimiters.component)
    return delimiters.element.join(elements) + delimiters.segment


def gs(control: int = 1, function: str = "IM", version: str = "004010") -> Words:
    """A group's header."""
    return ("GS", function, "SCAC", "PAYER", "20261120", "2115", str(control), "X", version)


def st(control: int, body: Iterable[Words] = (("B3", "", "INV1"), ("L3", "100")), kind: str = "210") -> list[Words]:
    """A whole transaction set."""
    between = list(body)
    return [("ST", kind, f"{control:04}"), *between, ("SE", str(len(between) + 2), f"{control:04}")]


def written(segments: Iterable[Words], delimiters: Delimiters = STARS, newline: str = "") -> str:
    """The segments as they go over the wire."""
    return "".join(delimiters.element.join(segment) + delimiters.segment + newline for segment in segments)


def interchange(
    *groups: Sequence[Sequence[Words]],
    delimiters: Delimiters = STARS,
    control: int = 1,
    sender: str = "CARRIER",
    newline: str = "",
) -> bytes:
    """An interchange of these groups of transaction sets, all of its counts and numbers right."""
    segments: list[Words] = []
    for number, records in enumerate(groups, 1):
        segments += [gs(number), *(segment for record in records for segment in record)]
        segments.append(("GE", str(len(records)), str(number)))
    segments.append(("IEA", str(len(groups)), f"{control:09}"))
    return (isa(delimiters, control, sender) + newline + written(segments, delimiters, newline)).encode()


@dataclass(frozen=True)
class Passed:
    """A file that has gone by: each chunk's first byte, layout and raw records, and what was wrong round them."""

    chunks: list[tuple[int, Layout, list[bytes]]]
    noted: Noted

    @property
    def raws(self) -> list[bytes]:
        return [raw for _, _, raws in self.chunks for raw in raws]


class _Anything(TypedDict):
    """No field is asked for."""


def feed_of(reader: Format, records: int = 100, size: int = 1 << 20) -> Feed:
    """A feed of this format and nothing else, whose chunks hold so many records and bytes. No record is too large."""
    limits = Limits(records=records, bytes=size, record_bytes=1 << 30)
    return Feed(name="any", title="Any record", formats=(reader,), record=_Anything, identity=(), limits=limits)


def passed(reader: Format, body: bytes, blocks: Sequence[int] = (), records: int = 100, size: int = 1 << 20) -> Passed:
    """The file in chunks of so many records and bytes, arriving in blocks of these sizes."""
    return passed_in(split_file(feed_of(reader, records, size), body, blocks))


def passed_in(split: Split) -> Passed:
    """What has been split."""
    return Passed([(span.start, split.layout_of(span), split.raws_of(span)) for span in split.spans], split.noted)


def said(reader: Format, body: bytes) -> list[Any]:
    """Every record of the file, parsed with its own chunk's layout."""
    return [parsed for _, layout, raws in passed(reader, body).chunks for parsed in reader.parse(layout, raws)]


def codes_of(reader: Format, body: bytes) -> list[str]:
    """What each record is rejected for, "" if it is not."""
    return [parsed.code if isinstance(parsed, Finding) else "" for parsed in said(reader, body)]


def noted(reader: Format, body: bytes) -> dict[str, int]:
    """What is wrong round the records."""
    return dict(passed(reader, body).noted.counts)
