"""JSON objects one behind the other: the chunks' records are the file's objects, however it is cut (R28, R29)."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.feeds.traffic import TRAFFIC
from tests.support.budget import examples
from tests.support.reading import feed_with, judge_file, split_alike, split_file
from tests.support.spots import ndjson_file, spot

small_limits = st.fixed_dictionaries(
    {"records": st.integers(1, 6), "bytes": st.integers(1, 120), "record_bytes": st.just(10_000)}
)
block_sizes = st.lists(st.integers(1, 40), max_size=4)
windows = st.tuples(st.integers(1, 64), st.integers(1, 16), st.integers(1, 32))

texts = st.text(alphabet='ab{}[]",:\\ \nü', max_size=8)
values = st.recursive(
    st.integers() | texts | st.none(),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(texts, inner, max_size=2),
    max_leaves=5,
)
objects = st.dictionaries(texts, values, max_size=3)


@settings(max_examples=examples(150), deadline=None)
@given(
    st.lists(objects, min_size=1, max_size=6),
    st.sampled_from([None, 0, 2, 20]),
    st.sampled_from(["", "\n", " " * 30, "\r\n\r\n"]),
    small_limits,
    block_sizes,
    windows,
)
def test_whatever_stands_between_objects_the_records_are_they(
    said: list[dict[str, Any]],
    indent: int | None,
    between: str,
    limits: dict[str, int],
    blocks: list[int],
    window: tuple[int, int, int],
) -> None:
    # Given a first object that shows what the file is
    first = json.dumps({"spot_id": 1, "station": {"a": 1}}, indent=2)
    body = between.join([first, *(json.dumps(one, indent=indent) for one in said)]).encode()
    # When it is split as a whole, and cut anywhere
    split = split_alike(feed_with(**limits), body, blocks, window)
    # Expect every object by itself
    assert split.layout.format == "json_seq"
    assert [json.loads(raw) for raw in split.raws[1:]] == said


@settings(max_examples=examples(150), deadline=None)
@given(st.lists(objects, min_size=1, max_size=6), small_limits, block_sizes, windows)
def test_record_separators_part_records_whatever_these_are(
    said: list[dict[str, Any]], limits: dict[str, int], blocks: list[int], window: tuple[int, int, int]
) -> None:
    """RFC 7464 §2.1; one that is cut short takes nothing with it (§2.3)."""
    body = b"".join(b"\x1e" + json.dumps(one).encode() + b"\n" for one in said) + b'\x1e{"a": "cut\n\x1e{}\n'
    split = split_alike(feed_with(**limits), body, blocks, window)
    assert [json.loads(raw) for raw in split.raws[: len(said)]] == said
    assert split.raws[len(said) :] == [b'{"a": "cut', b"{}"]


@settings(max_examples=examples(200), deadline=None)
@given(st.text(alphabet='a{}",: \n\\', max_size=40), small_limits, block_sizes, windows)
def test_of_any_mess_each_byte_is_in_a_record_or_a_blank(
    mess: str, limits: dict[str, int], blocks: list[int], window: tuple[int, int, int]
) -> None:
    body = b'{"spot_id":\n1}' + mess.encode()
    split = split_alike(feed_with(**limits), body, blocks, window)
    assert b"".join(b"".join(split.raws).split()) == b"".join(body.split())


def concatenated(*records: dict[str, Any]) -> bytes:
    return b"".join(json.dumps(record).encode() for record in records)


@pytest.mark.parametrize(
    "body",
    [
        concatenated(spot(1), spot(2), spot(3)),
        b"\xef\xbb\xbf" + concatenated(spot(1), spot(2), spot(3)),
        "\n".join(json.dumps(spot(at), indent=4) for at in (1, 2, 3)).encode(),
        b"".join(b"\x1e" + json.dumps(spot(at)).encode() + b"\n" for at in (1, 2, 3)),
        ndjson_file([spot(1), spot(2), spot(3)]),
    ],
    ids=["nothing between", "a BOM", "pretty-printed", "record separators", "lines"],
)
def test_the_same_records_are_the_same_however_they_are_put_together(body: bytes) -> None:
    judgement = judge_file(TRAFFIC, body)
    assert [one.digest for one in judgement.accepted] == [
        one.digest for one in judge_file(TRAFFIC, ndjson_file([spot(1), spot(2), spot(3)])).accepted
    ]


def test_an_object_that_has_lost_its_brace_takes_none_with_it() -> None:
    broken = (
        concatenated(spot(1)) + concatenated(spot(2))[:-1] + b', "notes": {"a": 1}' + concatenated(spot(3), spot(4))
    )
    judgement = judge_file(TRAFFIC, broken)
    assert [one.ordinal for one in judgement.accepted] == [0, 2, 3]
    assert [one.findings[0].code for one in judgement.rejected] == ["format.json"]


def test_lines_with_something_broken_in_the_first_are_lines() -> None:
    for first in (b'{"spot_id": 1', b'{"spot_id": 1} x', b'{"spot_id" 1}', b'{"a": "}'):
        split = split_file(TRAFFIC, first + b"\n" + ndjson_file([spot(2), spot(3)]))
        assert split.layout.format == "ndjson"
        assert split.records == 3


def test_an_object_too_large_is_rejected_unread_and_spares_the_others() -> None:
    feed = feed_with(bytes=400, record_bytes=3000)
    body = concatenated(spot(1), spot(2, notes='x\\"{' * 2000), spot(3))
    for blocks in ([], [100], [4096, 7]):
        split = split_file(feed, body, blocks)
        assert [span.oversize for span in split.spans] == [False, True, False]
