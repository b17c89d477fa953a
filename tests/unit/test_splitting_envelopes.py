"""X12, EDIFACT and fixed width through the planner: the same spans, layouts, facts and findings, however a file is read
and wherever its splitter stops (R28). And what is wrong round the records reaches the file's account."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TypedDict

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.feeds.feed import Feed, Limits
from penstock.formats.edifact import Edifact
from penstock.formats.fixed import Column, FixedWidth, LineType, Role, Serials
from penstock.formats.x12 import X12
from penstock.model.messages import Span
from penstock.split import grouping
from penstock.split import planner as splitting
from tests.support import edi
from tests.support.budget import examples
from tests.support.edi import BARS, LINES, STARS, UMLAUTS
from tests.support.reading import Stop, split_alike, split_file, split_in_hops, tiny_windows

_SERIAL = Column("serial", 7, 4, digits=True)
_CITY = Column("control", 2, 2)
LINES_OF_TEN = FixedWidth(
    name="tens",
    width=10,
    begins="H",
    filler="0",
    serials=Serials(_SERIAL, Column("check", 3, 4), last=9999, again=2),
    types=(
        LineType("head", "H", Role.OPENS, (_SERIAL,)),
        LineType("state", "S", Role.STATES, (_CITY, _SERIAL)),
        LineType("record", "R", Role.RECORD, (_CITY, _SERIAL)),
        LineType("part", "P", Role.PART, (_SERIAL,)),
        LineType("close", "C", Role.CLOSES, (_SERIAL,)),
    ),
)


class _Record(TypedDict):
    control: str


FEED = Feed(
    name="any", title="Any record", formats=(X12(), Edifact(), LINES_OF_TEN), record=_Record, identity=("control",)
)

limits = st.builds(
    Limits,
    records=st.integers(1, 5),
    bytes=st.integers(130, 400),
    record_bytes=st.integers(130, 450),
    group_records=st.integers(1, 8),
    group_bytes=st.integers(1, 900),
)
groups = st.sampled_from([(), ("control",)])
blocks = st.lists(st.integers(1, 200), max_size=4)
stops = st.lists(st.tuples(st.integers(1, 20), st.integers(1, 5), st.integers(0, 50)), max_size=6)
windows = st.tuples(st.integers(1, 64), st.integers(1, 16), st.integers(1, 200))


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """So little is looked at and followed at once that every edge is met."""
    monkeypatch.setattr(grouping, "TAIL", 2)
    monkeypatch.setattr(splitting, "FOLLOWED", 2)
    with edi.short_segments():
        yield


@st.composite
def x12_file(draw: st.DrawFn) -> bytes:
    """Interchanges that say the same or something else, in order or not, and sets that are too large or have no end."""
    a_set = st.builds(edi.st, st.integers(1, 2))
    large = st.builds(edi.st, st.integers(1, 2), st.just([("L5", "x" * 30)] * 12))
    words = [edi.gs(1), edi.gs(2, "IN"), ("GE", "1", "1"), ("IEA", "1", "1"), ("TA1", "1"), ("ST", "210", "1"), ("N1",)]
    one = st.sampled_from(words).map(lambda segment: [segment])
    text = ""
    for control, marks in enumerate(draw(st.lists(st.sampled_from([STARS, BARS, LINES, UMLAUTS]), max_size=4))):
        parts = draw(st.lists(st.one_of(a_set, a_set, large, one), max_size=8))
        sender = draw(st.sampled_from(["ONE", "TWO"]))
        newline = draw(st.sampled_from(["", "\n", "\r\n "]))
        body = edi.written([segment for part in parts for segment in part], marks, newline)
        text += edi.isa(marks, control, sender) + newline + edi.written([edi.gs(1)], marks, newline) + body
    return edi.interchange([edi.st(1)]) + text.encode()[: len(text.encode()) - draw(st.integers(0, 3))]


@st.composite
def edifact_file(draw: st.DrawFn) -> bytes:
    """As `x12_file`; each interchange may have another service string and character set."""
    a_message = st.sampled_from([f"UNH+{at}+INVOIC:D:96A:UN'BGM+380?'+é'UNT+3+{at}'" for at in (1, 2)])
    large = st.just("UNH+1+INVOIC'" + "FTX+xxxx?'UNT+1'" * 20 + "UNT+2+1'")
    segment = st.sampled_from(["UNG+A+B+C'", "UNE+1+1'", "UNZ+1+1'", "UNH+1+INVOIC'", "BGM+1'", "?'"])
    begins = ["UNB+UNOC:3+ONE+X+1:1+7'", "UNA:+.? '\r\nUNB+UNOC:3+ONE+X+1:1+8'", "UNA:+.? ~UNB+UNOW:4+TWO+X+1:1+9~"]
    data = b""
    for begin in draw(st.lists(st.sampled_from(begins), max_size=4)):
        body = "".join(draw(st.lists(st.one_of(a_message, a_message, large, segment), max_size=8)))
        last = "~" if begin.endswith("~") else "'"
        data += (begin + body.replace("'", last)).encode("utf-8" if last == "~" else "iso-8859-1")
    return b"UNB+UNOC:3+ONE+X+1:1+1'" + data[: len(data) - draw(st.integers(0, 2))]


@st.composite
def lines_file(draw: st.DrawFn) -> bytes:
    """Records and their parts, lines that state, close or say nothing, and such as have no business there."""
    numbered = ["S B", "S A", "RA", "RA", "RB", "P", "P", "C", "H"]
    marks = draw(
        st.lists(st.sampled_from([*numbered, "0" * 10, "", "R short", "X" * 500, "0" * 500, " " * 500]), max_size=20)
    )
    lines = [f"{mark:6}{at:04}" if mark in numbered else mark for at, mark in enumerate(["H", "S A", *marks], 1)]
    newline = draw(st.sampled_from(["\n", "\r\n"]))
    return (newline.join(lines) + newline * draw(st.integers(0, 1))).encode()


@settings(max_examples=examples(600), deadline=None)
@given(st.one_of(x12_file(), edifact_file(), lines_file()), limits, groups, blocks, stops, windows)
def test_the_chunks_and_what_is_noted_are_the_same_however_the_file_is_read_and_wherever_its_splitter_stops(
    body: bytes, by: Limits, group: tuple[str, ...], sizes: list[int], hops: list[Stop], window: tuple[int, int, int]
) -> None:
    """R28."""
    feed = replace(FEED, limits=by, group=group)
    whole = split_alike(feed, body, sizes, window)
    with tiny_windows(*window):
        assert split_in_hops(feed, body, sizes, hops) == whole
    # and each chunk holds what it says
    assert all(len(whole.raws_of(span)) == span.records for span in whole.spans if not span.oversize)
    assert [span.first_record for span in whole.spans] == _summed(whole.spans)


def _summed(spans: Sequence[Span]) -> list[int]:
    return [sum(span.records for span in spans[:at]) for at in range(len(spans))]


def test_a_chunk_carries_a_layout_only_where_it_is_not_the_files() -> None:
    one, two = (edi.interchange([edi.st(1)], sender=sender, control=at) for at, sender in enumerate(("ONE", "TWO")))
    again = edi.interchange([edi.st(1)], sender="ONE", control=7)
    split = split_file(replace(FEED, limits=Limits()), one + two + again)
    assert [span.layout and span.layout.envelope["sender"] for span in split.spans] == [None, "TWO", None]
    assert [split.layout_of(span).envelope["sender"] for span in split.spans] == ["ONE", "TWO", "ONE"]


def test_a_group_ends_where_the_envelopes_say_something_else() -> None:
    """Also one that is too large to be accepted."""
    feed = replace(FEED, limits=Limits(records=2, group_records=3), group=("control",))
    body = b"".join(edi.interchange([edi.st(1)] * records, sender=f"S{records}") for records in (3, 5, 2))
    split = split_file(feed, body)
    assert [(span.records, span.of_group is not None) for span in split.spans] == [
        (3, False), (2, True), (2, True), (1, True), (2, False),
    ]  # fmt: skip


def test_while_a_set_too_large_goes_by_its_place_is_where_it_began() -> None:
    """With the layout and the findings of there."""
    huge = edi.written([("ST", "210", "0002"), *[("L5", "x" * 50)] * 40, ("GE", "9", "9")])
    body = (
        edi.interchange([edi.st(1)], control=1)
        + edi.isa(BARS, 2, "TWO").encode()
        + edi.written([edi.gs(3)], BARS).encode()
    )
    body += huge.replace("*", "|").replace("~", "'").encode() + edi.interchange([edi.st(3)], control=3)
    feed = replace(FEED, limits=Limits(records=5, bytes=300, record_bytes=500))
    whole = split_file(feed, body)
    assert [span.oversize for span in whole.spans] == [False, True, False]
    assert whole.layout_of(whole.spans[1]).envelope["sender"] == "TWO"
    assert whole.noted.counts["format.group_count"] == 1
    for most in range(1, 40):
        assert split_in_hops(feed, body, [100], [(most, 9, 0), (3, 9, 0), (2, 9, 0)]) == whole
