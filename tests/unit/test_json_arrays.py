"""A JSON array: the chunks' records are its elements, and nothing round them is lost without a word (R29)."""

import json
from typing import Any, TypedDict

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.feeds.feed import Feed, Limits
from penstock.feeds.traffic import TRAFFIC
from penstock.formats.format import Parsed
from penstock.formats.json_array import JsonArray
from penstock.formats.json_objects import parse_objects
from penstock.formats.ndjson import NdJson
from penstock.model.errors import Refused
from penstock.model.findings import Finding
from tests.support.budget import examples
from tests.support.reading import Split, split_alike, split_file, tiny_windows
from tests.support.spots import spot

small_limits = st.builds(
    Limits, records=st.integers(1, 6), bytes=st.integers(1, 120), record_bytes=st.integers(200, 10_000)
)
block_sizes = st.lists(st.integers(1, 40), max_size=4)
windows = st.tuples(st.integers(1, 64), st.integers(1, 16), st.integers(1, 32))

blanks = st.text(" \t\r\n", max_size=3)
texts = st.text(alphabet='a{}[],:"\\é\x01', max_size=6)
values = st.recursive(
    st.booleans() | st.integers(-(2**70), 2**70) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)
objects = st.dictionaries(texts, values, max_size=4)
#: All with the same keys in the same order, as programs write them.
alike = st.lists(st.fixed_dictionaries({"id": values, "lines": values}), min_size=1, max_size=9)


def feed_of(limits: Limits, key: str | None = None) -> Feed:
    """Reads arrays, and else NDJSON, of records that have an id."""

    class Record(TypedDict, total=False):
        id: Any

    return Feed(name="any", title="Any", formats=(JsonArray(key), NdJson()), record=Record, identity=(), limits=limits)


ANY = feed_of(Limits())


def parsed(split: Split) -> list[Parsed]:
    return split.feed.format_named(split.layout.format).parse(split.layout, split.raws)


def faults(body: bytes, key: str | None = None) -> list[bool]:
    """Which of the file's records are rejected, however the file is cut."""
    whole = split_file(feed_of(Limits(), key), body)
    for records in (1, 2):
        for blocks in ([], [1], [7, 3]):
            with tiny_windows(16, 4, 8):
                split = split_file(feed_of(Limits(records=records), key), body, blocks)
            assert split.raws == whole.raws
            assert [len(split.raws_of(span)) for span in split.spans] == [span.records for span in split.spans]
    return [isinstance(one, Finding) for one in parsed(whole)]


@st.composite
def arrays(draw: st.DrawFn) -> tuple[bytes, list[dict[str, Any]]]:
    """An array as a file, and its elements."""
    elements = draw(alike | st.lists(objects, min_size=1, max_size=6))
    indent = draw(st.sampled_from([None, 1]))
    gap = draw(blanks) + "," + draw(blanks)
    body = gap.join(json.dumps(one, indent=indent, ensure_ascii=draw(st.booleans())) for one in elements)
    before, behind = draw(
        st.sampled_from([("[", "]"), ('{"items" : [', "]}"), ('{"n":[1,{"x":[]}],"items":[', '],"more":{"a":[{}]} }')])
    )
    text = draw(blanks) + before + draw(blanks) + body + draw(blanks) + behind + draw(blanks)
    return draw(st.sampled_from([b"", b"\xef\xbb\xbf"])) + text.encode(), elements


@settings(max_examples=examples(400), deadline=None)
@given(arrays(), small_limits, block_sizes, windows)
def test_the_chunks_records_are_the_arrays_elements_whatever_the_limits_and_the_read_size(
    array: tuple[bytes, list[dict[str, Any]]], limits: Limits, blocks: list[int], window: tuple[int, int, int]
) -> None:
    """R28, R29. The reference is the json module on the whole file."""
    body, elements = array
    feed = feed_of(limits, None if body.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"[") else "items")
    split = split_alike(feed, body, blocks, window)
    oversize = [span.first_record for span in split.spans if span.oversize]
    assert split.records == len(elements)
    read = iter(parsed(split))
    assert [one if at in oversize else next(read) for at, one in enumerate(elements)] == elements
    for span in split.spans:
        assert span.records == 1 if span.oversize else len(split.raws_of(span))
        assert span.end - span.start <= limits.bytes or span.records == 1
        assert body[span.start : span.start + 1] == b"{"
        assert span.line == 1 + body[: span.start].replace(b"\r\n", b"\n").replace(b"\r", b"\n").count(b"\n")


mess = st.lists(
    st.sampled_from(
        [b"{", b"}", b"[", b"]", b",", b'"', b"\\", b'{"id":1}', b'{"id":{"a":[2]}}', b" ", b"\n", b"1", b":"]
    ),
    max_size=20,
).map(b"".join)


@settings(max_examples=examples(600), deadline=None)
@given(mess, st.sampled_from([b"[", b'{"n":1,"items":[']), small_limits, block_sizes, windows)
def test_of_a_mess_every_byte_is_in_a_record_or_between_two_and_one_that_is_no_json_has_a_rejected_record(
    rest: bytes, opening: bytes, limits: Limits, blocks: list[int], window: tuple[int, int, int]
) -> None:
    """R28, R29."""
    body = opening + b'{"id":0}' + rest
    feed = feed_of(limits, "items")
    split = split_alike(feed, body, blocks, window)
    assert [len(split.raws_of(span)) for span in split.spans] == [span.records for span in split.spans]
    # A file that no one could read as a whole is not accepted as a whole
    try:
        whole: Any = json.loads(body)
    except ValueError:
        assert any(isinstance(one, Finding) for one in parsed(split))
    else:
        elements = whole if isinstance(whole, list) else whole["items"]
        assert len(split.raws) == len(elements)


@settings(max_examples=examples(300), deadline=None)
@given(mess, block_sizes)
def test_the_end_of_an_element_too_large_to_hold_is_where_it_would_have_been(rest: bytes, blocks: list[int]) -> None:
    body = b'[{"id":"' + b"x" * 300 + rest
    limits = Limits(records=1, bytes=100, record_bytes=200)
    first = split_file(feed_of(limits), body, blocks or [len(body)]).spans[0]
    held = split_file(feed_of(Limits(records=1)), body).spans[0]
    assert first.oversize
    # What breaks off with the file is cut out short where it could be taken for whole.
    assert first.end == held.end or first.end == len(body)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b'[{"id":1},{"id":2}]', [False, False]),
        (b'[{"id":1},{"id":2}', [False, True]),
        (b'[{"id":1},{"id":2}\n\n', [False, True]),
        (b'[{"id":1},{"id":2},', [False, False, True]),
        (b'[{"id":1},{"id":2', [False, True]),
        (b'[{"id":1},{"id":"2', [False, True]),
        (b'[{"id":1},', [False, True]),
        (b'[{"id":1},]', [False, True]),
        (b'[{"id":1},,{"id":2}]', [False, True, False]),
        (b'[{"id":1} {"id":2},{"id":3}]', [True, False]),
        (b'[{"id":1},2,"three",null,[4],{"id":5}]', [False, True, True, True, True, False]),
        (b'[{"id":1}}, {"id":2}]', [True, False]),
        (b'[{"id":1},}', [False, True]),
        (b'[{"id":1}]]', [False, True]),
        (b'[{"id":1}] {"id":2}', [False, True]),
        (b'[{"id":1}][{"id":2},{"id":3}]', [False, True]),
        (b'[{"id":1},x]', [False, True]),
        (b'{"items":[{"id":1},{"id":2}]', [False, False, True]),
        (b'{"items":[{"id":1}],"total":1}', [False]),
        (b'{"items":[{"id":1}],"total":}', [False, True]),
        (b'{"items":[{"id":1}],"items":[{"id":2}]}', [False, True]),
        (b'{"items":[{"id":1}]} {"items":[{"id":2}]}', [False, True]),
        (b'{"items":[{"id":1}', [True]),
        (b"[]", []),
        (b"[ ]\n", []),
        (b'{"items":[]}', []),
        (b"[]x", [True]),
        (b"[1", [True]),
    ],
)  # fmt: skip
def test_nothing_is_lost_without_a_word(body: bytes, expected: list[bool]) -> None:
    """True is a rejected record."""
    assert faults(body, "items") == expected


def test_a_second_array_of_objects_is_not_lost_where_nobody_has_said_which_are_the_records() -> None:
    assert faults(b'{"items":[{"id":1}],"others":[{"id":2}]}', None) == [False, True]
    assert faults(b'{"items":[{"id":1}],"tags":["a"],"pages":{"next":2}}', None) == [False]


def test_the_array_may_lie_some_objects_down() -> None:
    assert faults(b'{"meta":{"page":1},"data":{"result":{"rows":[{"id":1},{"id":2}],"n":2}}}', None) == [False, False]


@pytest.mark.parametrize(
    ("record", "words"),
    [
        (b'{"id":1},', "take commas between lines out"),
        (b"{'id':1}", "double quotes"),
        (b'{"id":NaN}', "write null"),
        (b'{"id":None}', "write null"),
        (b'][{"id":1}', "write one array"),
        (b",", "take it out"),
    ],
)
def test_what_senders_programs_are_known_to_write_is_told_with_what_to_do(record: bytes, words: str) -> None:
    (finding,) = parse_objects([record], "utf-8")
    assert isinstance(finding, Finding)
    assert words in finding.message


@pytest.mark.parametrize(
    ("body", "format_name"),
    [
        (b'[{"id":1}]', "json"),
        (b' \n[{"id":1}]', "json"),
        (b'{"meta":{"id":[{"id":1}]},"rows":[{"id":1},{"id":2}],"total":2}', "json"),
        (b'{"rows":[{"id":1}', "json"),
        (b'{"rows":[1,2],"more":[{"id":1}]}', "json"),
        (b'{"id":1}\n{"id":2}\n', "ndjson"),
        (b'{"id":1,"rows":[{"id":3}]}\n{"id":2}\n', "ndjson"),
        (b'{"id":1,"rows":[{"x":3}]}', "ndjson"),
        (b'{"rows":[{"x":3}]}', "ndjson"),
        (b'{"rows":[]}', "ndjson"),
        (b'{"id', "ndjson"),
    ],
)  # fmt: skip
def test_an_object_is_a_record_or_what_is_round_them_by_the_fields_it_has(body: bytes, format_name: str) -> None:
    assert ANY.recognise(body).format == format_name


def test_a_feed_may_name_the_key() -> None:
    body = b'{"id":1,"lines":[{"id":5}],"items":[{"x":1},{"id":2}],"end":0}'
    split = split_file(feed_of(Limits(), "items"), body)
    assert split.raws == [b'{"x":1}', b'{"id":2}']
    assert split.layout.unknown == ("id", "lines")
    assert split_file(feed_of(Limits(), "no_such"), body).layout.format == "ndjson"


@pytest.mark.parametrize(
    ("head", "code"),
    [
        (b"[", "format.json"),
        (b"[,1]", "format.json"),
        (b"[}", "format.json"),
        (b'{"a":tru,"items":[{"id":1}]}', "format.json"),
        (b'{"a":1,"a":2,"items":[{"id":1}]}', "format.json"),
        (b"[" + b" " * 70_000, "format.header_too_long"),
        ('[{"id":1}]'.encode("utf-16-le"), "format.binary"),
        ('{"items":[]}'.encode("utf-16-le"), "format.binary"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_refused_with_a_reason(head: bytes, code: str) -> None:
    with pytest.raises(Refused) as refusal:
        feed_of(Limits(), "items").recognise(head[: 64 * 1024])
    assert refusal.value.code == code


def test_a_record_that_is_no_utf8_is_rejected_alone() -> None:
    split = split_file(ANY, b'[{"id":"a"},\n{"id":"\xff"},\n{"id":"c"}]')
    (judgement,) = split.judged()
    assert [one.ordinal for one in judgement.accepted] == [0, 2]
    (rejected,) = judgement.rejected
    assert (rejected.line, rejected.findings[0].code) == (2, "format.encoding")
    assert "position 7 " in rejected.findings[0].message


def test_the_traffic_feed_reads_its_records_from_an_array_or_from_under_a_key() -> None:
    spots = [spot(1), spot(2, station=None), spot(3)]
    for file in (spots, {"station": "WXYZ", "day": "2026-11-20", "spots": spots, "count": 3}):
        split = split_file(TRAFFIC, json.dumps(file, indent=2).encode())
        assert split.layout.format == "json"
        (judgement,) = split.judged()
        assert [one.ordinal for one in judgement.accepted] == [0, 2]
        assert [one.findings[0].field for one in judgement.rejected] == ["station"]
    assert split.layout.unknown == ("station", "day")


def test_what_follows_the_array_is_held_no_longer_than_a_record() -> None:
    """A file's end that is larger than a record may be is rejected as one: memory stays bounded."""
    body = b'[{"id":1}]' + b" 1" * 1000
    split = split_file(feed_of(Limits(records=1, bytes=100, record_bytes=200)), body, [64])
    assert [(span.records, span.oversize) for span in split.spans] == [(1, False), (1, True)]
    assert split.spans[-1].end == len(body)
