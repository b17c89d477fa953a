"""Chunks do not depend on how a file is read or where its splitter stops (R28), and no chunk splits a group."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import groupby
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.feeds.feed import Feed, Limits
from penstock.feeds.traffic import TRAFFIC
from penstock.model.messages import Layout
from penstock.split import grouping
from penstock.split import planner as splitting
from penstock.split.planner import Planner
from penstock.validate import judging
from penstock.validate.judging import judge
from tests.support.budget import examples
from tests.support.reading import Split, Stop, cut, feed_with, split_alike, split_file, split_in_hops, tiny_windows
from tests.support.spots import airing, asrun_file, ndjson_file, spot

HEADER = b"spot_id,station,air_date,air_time\n"

limits = st.builds(
    Limits,
    records=st.integers(1, 6),
    bytes=st.integers(1, 120),
    record_bytes=st.integers(20, 200),
    group_records=st.integers(1, 12),
    group_bytes=st.integers(1, 300),
)
blocks = st.lists(st.integers(1, 60), max_size=4)
stops = st.lists(st.tuples(st.integers(1, 6), st.integers(1, 6), st.integers(0, 50)), max_size=8)
windows = st.tuples(st.integers(1, 64), st.integers(1, 16), st.integers(1, 32))


@pytest.fixture(autouse=True)
def short_tails() -> Iterator[None]:
    """So few records are looked at and followed at once that every edge is met."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(grouping, "TAIL", 2)
        patch.setattr(splitting, "FOLLOWED", 3)
        yield


def grouped(by: Limits, *fields: str) -> Feed:
    return replace(TRAFFIC, limits=by, group=fields)


@st.composite
def any_csv(draw: st.DrawFn) -> bytes:
    """Records in groups, and messes: blank lines, stray quotes, ragged and giant rows."""
    row = st.builds("{},{},2026-11-20,10:00:00".format, st.integers(0, 9), st.sampled_from("AAABB"))
    messy = st.sampled_from(["", "", '"', 'x,"A\n', "1,,2026", "é,A,,", "1,A,2026-11-20," + "9" * 150, '"q\r\n",B,,'])
    lines = draw(st.lists(st.one_of(row, row, row, messy), max_size=40))
    ends = draw(st.lists(st.sampled_from(["\n", "\n", "\r\n", "\r", "\n\n"]), min_size=1, max_size=5))
    text = "".join(line + ends[at % len(ends)] for at, line in enumerate(lines))
    return HEADER + text.encode()[: len(text.encode()) - draw(st.integers(0, 2))]


@settings(max_examples=examples(400), deadline=None)
@given(any_csv(), limits, st.sampled_from([(), ("station",), ("station", "air_date")]), blocks, stops, windows)
def test_the_chunks_are_the_same_however_the_file_is_read_and_wherever_its_splitter_stops(
    body: bytes, by: Limits, group: tuple[str, ...], sizes: list[int], hops: list[Stop], window: tuple[int, int, int]
) -> None:
    """R28."""
    feed = grouped(by, *group)
    whole = split_alike(feed, body, sizes, window)
    with tiny_windows(*window):
        assert split_in_hops(feed, body, sizes, hops) == whole


@settings(max_examples=examples(100), deadline=None)
@given(st.sampled_from(["ndjson", "asrun"]), st.integers(0, 30), limits, blocks, stops, windows, st.randoms())
def test_and_so_they_are_in_files_of_lines(
    kind: str, records: int, by: Limits, sizes: list[int], hops: list[Stop], window: tuple[int, int, int], rng: Any
) -> None:
    """R28."""
    if kind == "asrun":
        body = asrun_file(rng.choice((airing(at), "", "no airing")) for at in range(records))
    else:
        body = ndjson_file(spot(at, station=rng.choice("AAB")) for at in range(records))
    feed = grouped(by, "station") if body.startswith(b"{") or kind == "asrun" else TRAFFIC
    if not body:
        return
    whole = split_alike(feed, body, sizes, window)
    with tiny_windows(*window):
        assert split_in_hops(feed, body, sizes, hops) == whole


# -- groups


def stations(names: str) -> bytes:
    """A record a letter, its station; a dot is a record that says none, an exclamation mark one that cannot be read."""
    rows = {".": "{},,2026-11-20,10:00:00", "!": "{},too,few"}
    lines = (rows.get(name, f"{{}},{name},2026-11-20,10:00:00").format(at) for at, name in enumerate(names))
    return HEADER + "".join(f"{line}\n" for line in lines).encode()


def chunks_of(names: str, split: Split) -> list[str]:
    """The records of each chunk, by their stations."""
    return [names[span.first_record : span.first_record + span.records] for span in split.spans]


def expected(names: str, records: int, group_records: int) -> list[str]:
    """The reference: groups as they come, as many to a chunk as fit; too large a group in pieces as large as fit."""
    chunks = [""]
    for _, letters in groupby(names):
        group = "".join(letters)
        if len(chunks[-1]) + len(group) > records:
            chunks.append("")
        if len(group) > max(records, group_records):
            pieces = [group[at : at + records] for at in range(0, len(group), records)]
            chunks[-1:] = [*filter(None, chunks[-1:]), *pieces, ""]
        else:
            chunks[-1] += group
            # A group that is larger than a chunk travels alone.
            if len(group) > records:
                chunks.append("")
    return [chunk for chunk in chunks if chunk]


@settings(max_examples=examples(400), deadline=None)
@given(st.text("AAABBC", max_size=40), st.integers(1, 6), st.integers(1, 12), blocks)
def test_no_chunk_splits_a_group(names: str, records: int, group_records: int, sizes: list[int]) -> None:
    feed = grouped(Limits(records=records, group_records=group_records), "station")
    split = split_file(feed, stations(names), sizes)
    assert chunks_of(names, split) == expected(names, records, group_records)
    too_large = [span.of_group is not None for span in split.spans]
    sizes_of = {at: len(list(letters)) for at, letters in _groups(names)}
    assert too_large == [
        any(size > max(records, group_records) and at <= span.first_record < at + size for at, size in sizes_of.items())
        for span in split.spans
    ]


def _groups(names: str) -> Iterator[tuple[int, list[str]]]:
    at = 0
    for _, letters in groupby(names):
        group = list(letters)
        yield at, group
        at += len(group)


@pytest.mark.parametrize(
    ("names", "chunks"),
    [
        ("AABB", ["AA", "BB"]),
        ("ABBB", ["A", "BBB"]),
        ("A.BB", ["A.", "BB"]),
        ("AA!AB", ["AA!A", "B"]),
        (".AAA", [".AAA"]),
        ("!!!!!!!", ["!!!", "!!!", "!"]),
        ("....AB", ["...", ".AB"]),
        ("AAAAA", ["AAAAA"]),
        ("BAAAAAC", ["B", "AAAAA", "C"]),
    ],
)
def test_a_record_without_a_key_belongs_to_the_group_before_it(names: str, chunks: list[str]) -> None:
    """Three records a chunk, five a group."""
    assert (
        chunks_of(names, split_file(grouped(Limits(records=3, group_records=5), "station"), stations(names))) == chunks
    )


def test_a_group_that_is_too_large_is_rejected_and_nothing_else_is() -> None:
    names = "BB" + "A" * 7 + "CC"
    feed = grouped(Limits(records=3, group_records=5), "station")
    split = split_file(feed, stations(names))
    assert chunks_of(names, split) == ["BB", "AAA", "AAA", "A", "CC"]
    assert [span.of_group for span in split.spans] == [None, 4, 4, 4, None]
    rejected = [one for judgement in split.judged() for one in judgement.rejected]
    assert [(one.ordinal, one.line, one.raw_bytes[:1]) for one in rejected if b",A," in one.raw_bytes] == [
        (at, at + 2, str(at).encode()) for at in range(2, 9)
    ]
    ((finding,),) = {one.findings for one in rejected if b",A," in one.raw_bytes}
    assert finding.code == "format.group_too_large"
    for word in ("station", "line 4", "5 records", "16,777,216 bytes"):
        assert word in finding.message
    assert not any(finding in one.findings for one in rejected if b",A," not in one.raw_bytes)


def test_a_group_may_be_larger_than_a_chunk_in_bytes() -> None:
    feed = grouped(Limits(bytes=100, group_bytes=300), "station")
    split = split_file(feed, stations("BAAAAAAAC"), [10])
    assert chunks_of("BAAAAAAAC", split) == ["B", "AAAAAAA", "C"]
    split = split_file(grouped(Limits(bytes=100, group_bytes=150), "station"), stations("BAAAAAAAC"), [10])
    assert [span.of_group for span in split.spans] == [None, 3, 3, None]
    assert all(span.end - span.start <= 100 for span in split.spans)


def test_keys_are_found_under_any_spelling_in_any_format() -> None:
    records = [{"Call Letters": name, "spot id": at} for at, name in enumerate("AABBBC")]
    feed = grouped(Limits(records=4), "station")
    assert [span.records for span in split_file(feed, ndjson_file(records)).spans] == [2, 4]
    body = b"Call Letters,Spot\n" + b"".join(b"%c,1\n" % name for name in b"AABBBC")
    planner = Planner(feed, Layout(format="csv", delimiter=",", columns=("station", "spot_id"), first_byte=18))
    assert [span.records for span in (*planner.push(body), *planner.finish())] == [2, 4]


# -- what no end is looked for


def test_the_rest_of_a_file_is_taken_for_a_record_that_does_not_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that a splitter never has to stop within a record."""
    for module in (splitting, judging):
        monkeypatch.setattr(module, "ENDLESS", 500)
    feed = feed_with(bytes=100, record_bytes=100)
    good = "".join(f"S{at},A,2026-11-20,10:00:00\n" for at in range(3)).encode()
    body = HEADER + good + b'"' + b"x" * 600 + b'"\n' + good
    layout = feed.recognise(body)
    for size in (1, 7, 64, len(body)):
        planner = Planner(feed, layout, size=len(body))
        spans = [span for block in cut(body, [size]) for span in planner.push(block)] + list(planner.finish())
        assert [(span.records, span.oversize) for span in spans] == [(3, False), (1, True)]
        assert (spans[-1].end, planner.place.byte) == (len(body), len(body))
        again = Planner(feed, layout, planner.place, start=10, size=len(body))
        assert [*again.push(body[10:]), *again.finish()] == []
    (rejected,) = judge(feed, layout, spans[-1], b"").rejected
    assert "rest of the file" in rejected.findings[0].message


def test_a_record_of_just_that_size_still_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(splitting, "ENDLESS", 500)
    good = b"S1,A,2026-11-20,10:00:00\n"
    body = HEADER + b"x" * 499 + b"\n" + good
    feed = feed_with(bytes=100, record_bytes=100)
    planner = Planner(feed, feed.recognise(body), size=len(body))
    spans = [span for block in cut(body, [9]) for span in planner.push(block)] + list(planner.finish())
    assert [(span.records, span.oversize) for span in spans] == [(1, True), (1, False)]


@pytest.mark.parametrize("known", [(0, 0), (1, 9), (2, 18), (2, 20), (3, 28), (5, 44)])
def test_where_records_end_is_the_same_whatever_is_known_of_others(known: tuple[int, int]) -> None:
    """Behind the second stand two blank lines, which may have been passed when it was seen, and are not its own."""
    lines = [f'{{"n": {at}}}\n' for at in range(5)]
    piece = "".join([*lines[:2], "\n\n", *lines[2:]]).encode()
    groups = grouping.Grouping(grouped(Limits(records=2)), Layout(format="ndjson"))

    assert groups.end_of(piece, known, 2) == 18
    assert groups.end_of(piece, known, 4) == 38
