"""X12: a record is a transaction set, whole; what is wrong with it rejects it alone, what is wrong round it is told."""

import re
import time
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.feeds.feed import Limits
from penstock.formats.envelopes import NAME, RANGES, Seen, as_number
from penstock.formats.segment_records import MOST_ELEMENTS, MOST_SEGMENTS
from penstock.formats.segments import LONGEST, split_released
from penstock.formats.x12 import X12
from penstock.model.errors import Refused
from penstock.model.findings import EXAMPLES, Finding
from penstock.model.messages import Checkpoint
from penstock.split.planner import Planner
from tests.support import edi
from tests.support.budget import examples
from tests.support.edi import BARS, LINES, STARS, UMLAUTS, gs, interchange, isa, passed, written
from tests.support.reading import split_file, tiny_windows

FEED = replace(edi.feed_of(X12()), limits=Limits())

block_sizes = st.lists(st.integers(1, 60), max_size=4)
few = st.integers(1, 5)
newlines = st.sampled_from(["", "\n", "\r\n", "\r\n\t "])
delimiters = st.sampled_from([STARS, BARS, LINES, UMLAUTS])

words = st.text(alphabet="AZ09 .:é", max_size=6)
segment = st.tuples(st.sampled_from(["N1", "L5", "L0", "REF", "STX", "SEX", "ISAX", "GS1"]), words, words)
sets = st.builds(edi.st, st.integers(1, 9999), st.lists(segment, max_size=4))


layout_of = FEED.recognise
sets_of = partial(edi.said, X12())
codes_of = partial(edi.codes_of, X12())
noted = partial(edi.noted, X12())


# The law: records are the file's, however it is cut.


def reference(segments: Sequence[Sequence[str]]) -> list[list[Sequence[str]]]:
    """Which segments are a record, told from the whole file."""
    records: list[list[Sequence[str]]] = []
    within = False
    for words in segments:
        tag = words[0] if len(words) > 1 else ""
        if tag in ("ISA", "GS", "GE", "IEA", "TA1", "TA3", "ISB", "ISE"):
            within = False
            continue
        if tag == "ST" or not within:
            records.append([])
        records[-1].append(words)
        within = tag != "SE"
    return records


envelope_words = st.sampled_from(
    [gs(1), gs(2, "IN"), ("GE", "1", "1"), ("IEA", "1", "1"), ("TA1", "1"), ("ST", "210", "1"), ("SE", "2", "1")]
)
interchanges = st.lists(st.tuples(delimiters, st.lists(st.one_of(segment, envelope_words), max_size=12)), max_size=4)


@settings(max_examples=examples(250), deadline=None)
@given(interchanges, newlines, few, st.integers(1, 300), block_sizes, st.booleans())
def test_the_chunks_records_are_the_files_however_it_is_cut(
    parts: list[tuple[Any, list[Sequence[str]]]], newline: str, records: int, size: int, blocks: list[int], cut: bool
) -> None:
    """R28, R29: also where envelopes are out of order, and each interchange has other delimiters. A last segment may
    lack its terminator."""
    # Given
    parts = [(STARS, [gs(), *edi.st(1), ("GE", "1", "1"), ("IEA", "1", "1")]), *parts]
    text = "".join(isa(marks) + newline + written(words, marks, newline) for marks, words in parts)
    body = (text.rstrip().removesuffix(parts[-1][0].segment) if cut and parts[-1][1] else text).encode()

    # When
    whole = passed(X12(), body)
    in_blocks = passed(X12(), body, blocks, records, size)

    # Expect
    expected = [
        (marks.element.join(words)).rstrip()
        for marks, segments in parts
        for record in reference(segments)
        for words in record
    ]
    assert [one.rstrip() for one in _words(whole)] == expected
    assert in_blocks.raws == whole.raws
    assert in_blocks.noted == whole.noted
    # each with what was in force where it stands
    assert _layouts(in_blocks) == _layouts(whole)
    # and chunks within the limits
    for _, _, raws in in_blocks.chunks:
        assert len(raws) <= records
        assert sum(map(len, raws)) <= size or len(raws) == 1


def _words(file: edi.Passed) -> list[str]:
    """Every segment of every record."""
    found: list[str] = []
    for _, layout, raws in file.chunks:
        assert layout.delimiters is not None
        for raw in raws:
            pieces = raw.decode().split(layout.delimiters.segment)
            found += [piece.strip("\r\n\t ") for piece in pieces if piece.strip()]
    return found


def _layouts(file: edi.Passed) -> list[dict[str, str]]:
    return [layout.envelope for _, layout, raws in file.chunks for _ in raws]


@settings(max_examples=examples(200), deadline=None)
@given(st.lists(st.lists(sets, max_size=5), min_size=1, max_size=3), delimiters, newlines, few, block_sizes)
def test_the_planner_cuts_between_sets_and_nowhere_else(
    groups: list[list[Any]], marks: Any, newline: str, records: int, blocks: list[int]
) -> None:
    """R28, R29."""
    body = interchange(*groups, delimiters=marks, newline=newline)
    feed = replace(FEED, limits=Limits(records=records, bytes=400, record_bytes=10_000))
    with tiny_windows(64, 16, 30):
        split = split_file(feed, body, blocks)
    assert split.spans == split_file(feed, body).spans
    expected = [written(one, marks, newline).encode().strip() for group in groups for one in group]
    assert [raw.strip() for raw in split.raws] == expected
    assert all(span.records <= records for span in split.spans)


@settings(max_examples=examples(200), deadline=None)
@given(st.lists(sets, min_size=1, max_size=4), st.data())
def test_no_mutation_loses_a_segment_or_breaks_the_reader(records: list[Any], data: st.DataObject) -> None:
    """Whatever bytes are cut out, doubled or changed: behind the ISA, every byte is in a record or in an envelope."""
    # Given
    body = bytearray(interchange(records, newline="\n"))
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(106, len(body) - 1))
        change = data.draw(st.sampled_from(["cut", "double", "byte"]))
        if change == "byte":
            body[at] = data.draw(st.sampled_from(list(b"~*\n\x00\xffSTGEI1")))
        elif change == "cut":
            del body[at : at + data.draw(st.integers(1, 30))]
        else:
            body[at:at] = body[at : at + data.draw(st.integers(1, 60))]

    # When
    file = passed(X12(), bytes(body), data.draw(block_sizes), data.draw(few))

    # Expect
    for _, layout, raws in file.chunks:
        assert len(X12().parse(layout, raws)) == len(raws)
    pieces = [piece.strip(b"\r\n\t ") for piece in bytes(body)[106:].split(b"~")]
    expected = [
        "*".join(words).encode("iso-8859-1")
        for record in reference([piece.decode("iso-8859-1").split("*") for piece in pieces])
        for words in record
    ]
    found = [piece.strip(b"\r\n\t ") for raw in file.raws for piece in raw.strip().removesuffix(b"~").split(b"~")]
    assert filled(found) == filled(expected)


def filled(pieces: list[bytes]) -> list[bytes]:
    """Without what only fills the last block behind the last segment: nothing, NULs, Ctrl-Z."""
    return pieces if not pieces or pieces[-1].strip(b"\x00\x1a\r\n\t ") else filled(pieces[:-1])


# What a record says


def test_a_set_comes_out_as_its_segments_with_what_its_envelopes_say() -> None:
    (parsed,) = sets_of(interchange([edi.st(7, [("N1", "SH", "ACME: Ltd", ""), ("L3", "100")])]))
    assert parsed == {
        "transaction": "210",
        "control": "0007",
        "version": "004010",
        "envelope": {
            "sender_qualifier": "02",
            "sender": "CARRIER",
            "receiver_qualifier": "ZZ",
            "receiver": "PAYER",
            "version": "00401",
            "usage": "P",
            "group_function": "IM",
            "group_sender": "SCAC",
            "group_receiver": "PAYER",
            "group_made": "202611202115",
            "group_version": "004010",
        },
        "segments": [
            ["ST", "210", "0007"],
            ["N1", "SH", "ACME: Ltd", ""],
            ["L3", "100"],
            ["SE", "4", "0007"],
        ],
    }


def test_a_set_may_name_its_own_version() -> None:
    body = interchange([edi.st(1)]).replace(b"ST*837*", b"ST*210*").replace(b"ST*210*0001", b"ST*210*0001*005010X1")
    assert sets_of(body)[0]["version"] == "005010X1"


def test_from_00402_on_the_isa_names_a_repetition_separator() -> None:
    for version, repetition in (("00401", ""), ("00402", "^"), ("00501", "^")):
        layout = layout_of(isa(version=version).encode())
        assert layout.delimiters is not None
        assert layout.delimiters.repetition == repetition


def test_sets_of_several_senders_keep_their_own_envelopes_and_delimiters() -> None:
    body = (
        interchange([edi.st(1)], delimiters=STARS, sender="ONE", control=1)
        + interchange([edi.st(2)], delimiters=BARS, sender="TWO", control=2)
        + interchange([edi.st(3)], [edi.st(4)], delimiters=LINES, sender="TWO", control=3)
    )
    file = passed(X12(), body)
    assert [(one["envelope"]["sender"], one["control"]) for one in sets_of(body)] == [
        ("ONE", "0001"), ("TWO", "0002"), ("TWO", "0003"), ("TWO", "0004"),
    ]  # fmt: skip
    assert file.noted.counts == {}
    assert len(file.chunks) == 3


def test_interchanges_that_say_the_same_share_a_chunk() -> None:
    body = b"".join(interchange([edi.st(1)], control=control) for control in range(1, 50))
    file = passed(X12(), body)
    assert [len(raws) for _, _, raws in file.chunks] == [49]
    assert file.noted.counts == {}


# What is wrong with a record rejects it alone


@pytest.mark.parametrize(
    ("wrong", "code", "rule"),
    [
        (b"ST*210*0002~B3**INV1~L3*100~SE*5*0002~", "record_count", "AK502 4"),
        (b"ST*210*0002~B3**INV1~SE*four*0002~", "record_count", "AK502 4"),
        (b"ST*210*0002~B3**INV1~SE*3*0003~", "record_control", "AK502 3"),
        (b"ST*210*0002~B3**INV1~SE*3~", "record_control", "AK502 3"),
        (b"ST*210*0002~B3**INV1~", "record_unclosed", "AK502 2"),
        (b"B3**INV1~L3*100~SE*3*0002~", "record_unopened", "AK304 2"),
        (b"SE*3*0002~", "record_unopened", "AK304 2"),
        (b"ST**0002~B3**INV1~SE*3*0002~", "record_kind", "AK502 6"),
        (b"ST*freight*0002~B3**INV1~SE*3*0002~", "record_kind", "AK502 6"),
        (b"ST*210*~B3**INV1~SE*3*~", "record_header", "AK502 7"),
        (b"ST*210~B3**INV1~SE*3~", "record_header", "AK502 7"),
        (b"ST*210*0002~toolong*1~SE*3*0002~", "segment_tag", "AK304 1"),
        (b"ST*210*0002~~SE*3*0002~", "segment_tag", "AK304 1"),
        (b"ST*210*0002~B3*a\nb~SE*3*0002~", "character", "AK403 6"),
        (b"ST*210*0002~B3*\x07~SE*3*0002~", "character", "AK403 6"),
        (b"ST*210*0002~B3*\xff~SE*3*0002~", "encoding", None),
        (b"ST*210*0002~B3*\x00~SE*3*0002~", "nul", None),
    ],
)  # fmt: skip
def test_a_wrong_set_is_rejected_alone_with_the_acknowledgements_own_code(
    wrong: bytes, code: str, rule: str | None
) -> None:
    good, other = written(edi.st(1)).encode(), written(edi.st(3)).encode()
    body = interchange([edi.st(1), edi.st(3)]).replace(good + other, good + wrong + other)
    one, two, three = sets_of(body)
    assert (one["control"], three["control"]) == ("0001", "0003")
    assert isinstance(two, Finding)
    assert two.code == f"format.{code}"
    assert (two.rule is None) if rule is None else (rule in (two.rule or ""))


def test_control_numbers_are_the_same_also_where_one_is_padded() -> None:
    body = interchange([edi.st(12)]).replace(b"*0012~GE*1*1", b"*12~GE*01*0001").replace(b"IEA*1*000000001", b"IEA*1*1")
    assert codes_of(body) == [""]
    assert noted(body) == {}


def test_a_control_character_is_pointed_at() -> None:
    body = interchange([edi.st(1, [("N1", "SH", "AC\x07ME")])])
    (fault,) = sets_of(body)
    assert fault.message.startswith("segment 2 (N1) has the control character 0x07 at position 8;")


def test_a_number_that_is_no_end_of_digits_is_no_count() -> None:
    assert as_number("9" * 5000) is None
    assert codes_of(interchange([edi.st(1)]).replace(b"SE*4", b"SE*" + b"9" * 3000)) == ["format.record_count"]


@pytest.mark.parametrize("keep", range(1, 37))
def test_a_file_that_is_cut_short_says_so(keep: int) -> None:
    body = interchange([edi.st(1), edi.st(2)])
    second = body.index(b"ST*210*0002")
    first, rest = codes_of(body[: second + keep])
    assert first == ""
    assert rest in {f"format.record_{what}" for what in ("unopened", "kind", "unclosed", "control", "count")}
    assert noted(body[: second + keep])["format.interchange_unclosed"] == 1


# What is wrong round the records is told, and rejects none


@pytest.mark.parametrize(
    ("right", "wrong", "codes"),
    [
        (b"IEA*1*000000001~", b"IEA*2*000000001~", {"interchange_count": 1}),
        (b"IEA*1*000000001~", b"IEA*1*000000002~", {"interchange_control": 1}),
        (b"IEA*1*000000001~", b"IEA~", {"interchange_unclosed": 1, "group_unclosed": 0}),
        (b"IEA*1*000000001~", b"", {"interchange_unclosed": 1}),
        (b"GE*2*1~", b"GE*3*1~", {"group_count": 1}),
        (b"GE*2*1~", b"GE*2*2~", {"group_control": 1}),
        (b"GE*2*1~", b"GE*two*1~", {"group_count": 1}),
        (b"GE*2*1~", b"", {"group_unclosed": 1}),
        (b"GE*2*1~", b"GE*2*1~GE*2*1~", {"group_unopened": 1}),
        (b"IEA*1*000000001~", b"IEA*1*000000001~IEA*1*000000001~", {"interchange_unopened": 1}),
        (b"SE*4*0001~", b"SE*4*0001~GE*1*1~" + written([gs(1)]).encode(), {"group_repeated": 1, "group_count": 1,
                                                                           "interchange_count": 1}),
    ],
)  # fmt: skip
def test_a_wrong_envelope_is_told_and_its_sets_are_kept(right: bytes, wrong: bytes, codes: dict[str, int]) -> None:
    body = interchange([edi.st(1), edi.st(2)])
    assert body.count(right) == 1
    file = passed(X12(), body.replace(right, wrong))
    kept = {code: count for code, count in codes.items() if count}
    if wrong == b"IEA~":
        # not even a tag with elements: a segment where none belongs
        assert codes_of(body.replace(right, wrong)) == ["", "", "format.record_unopened"]
    else:
        assert codes_of(body.replace(right, wrong)) == ["", ""]
    assert file.noted.counts == {f"format.{code}": count for code, count in kept.items()}
    for finding in file.noted.examples:
        assert finding.severity == "soft"
        assert "X12 " in (finding.rule or "")
        assert "at byte" in finding.message


def test_a_set_outside_a_group_or_an_interchange_is_rejected_for_it() -> None:
    group = written([gs(), *edi.st(1), ("GE", "1", "1")]).encode()
    body = interchange([edi.st(1)]).replace(group, written(edi.st(5)).encode() + group)
    assert codes_of(body) == ["format.record_outside", ""]
    assert noted(body) == {}
    body = interchange([edi.st(1)]) + written(edi.st(6)).encode()
    assert codes_of(body) == ["", "format.record_outside"]
    assert noted(body) == {}


def test_control_numbers_are_there_once() -> None:
    assert noted(interchange([edi.st(1), edi.st(2), edi.st(1)])) == {"format.record_repeated": 1}
    assert noted(interchange([edi.st(1)], [edi.st(1)])) == {}
    assert noted(interchange([edi.st(1)]) * 2) == {"format.interchange_repeated": 1}


def test_an_interchange_header_that_cannot_be_read_takes_its_sets_with_it_and_nothing_else() -> None:
    broken = interchange([edi.st(2)], control=2).replace(b"*00401*", b"*what?*")
    body = interchange([edi.st(1)], control=1) + broken + interchange([edi.st(3)], control=3)
    assert codes_of(body) == ["", "format.record_outside", ""]
    assert noted(body)["format.interchange_header"] == 1


def test_an_isa_of_another_length_is_read_and_told() -> None:
    body = interchange([edi.st(1)]).replace(b"CARRIER        ", b"CARRIER")
    assert codes_of(body) == [""]
    assert noted(body) == {"format.interchange_header": 1}


@settings(max_examples=examples(200), deadline=None)
@given(st.lists(st.integers(0, 60) | st.sampled_from(["A", "B1"]), max_size=60))
def test_control_numbers_are_remembered_as_ranges(numbers: list[int | str]) -> None:
    seen, known = Seen(), set[int | str]()
    for number in numbers:
        assert seen.add(str(number)) == (number not in known)
        known.add(number)
    assert all(low <= high for low, high in seen.ranges)
    assert all(one[1] + 1 < two[0] for one, two in zip(seen.ranges, seen.ranges[1:], strict=False))


def test_a_long_file_of_sets_in_order_takes_no_memory_to_check() -> None:
    body = interchange([edi.st(number) for number in range(1, 3000)])
    reader = X12()
    layout = layout_of(body)
    envelopes = reader.envelopes(layout)
    envelopes.follow(body[: body.index(b"GE*")])
    assert len(envelopes.state()) < 1500
    envelopes.finish(body[body.index(b"GE*") :])
    assert envelopes.noted.counts == {}


def test_control_numbers_in_no_order_are_remembered_as_far_as_there_is_room_and_no_further() -> None:
    seen = Seen()
    assert [seen.add(str(2 * number)) for number in range(RANGES + 1)] == [True] * RANGES + [None]
    assert seen.add("0") is False
    assert Seen().add("A" * 15) is None
    body = interchange([edi.st(2 * number + 1) for number in range(RANGES + 3)])
    assert codes_of(body) == [""] * (RANGES + 3)
    assert noted(body) == {"format.control_numbers_unchecked": 3}


def test_a_checkpoint_fits_into_an_item_of_dynamodb_whatever_the_control_numbers_are() -> None:
    """400 KiB. No characters take more room in JSON than control characters, the more so in JSON within JSON."""
    odd = [f"{at:04}".ljust(NAME, "\1") for at in range(RANGES + 20)]
    isas = "".join(isa().replace("000000001", control) for control in odd)
    groups = "".join(written([("GS", "IM", "A", "B", "1", "1", control, "X", "004010")]) for control in odd)
    sets = "".join(written([("ST", "210", control), ("SE", "2", control)]) for control in odd)
    body = (isas + groups + sets + "GE*" + "\1" * (LONGEST - 4)).encode()
    layout = layout_of(body)
    planner = Planner(FEED, layout)
    assert [span.records for span in planner.push(body)] == []
    planner._pass(len(planner._buffer))  # pyright: ignore[reportPrivateUsage]
    assert len(planner.noted.examples) == EXAMPLES
    assert planner.noted.counts["format.control_numbers_unchecked"] == 60
    checkpoint = Checkpoint(layout=layout, place=planner.place, nodes=("f" * 64,) * 26)
    assert 50_000 < len(checkpoint.model_dump_json().encode()) < 350_000


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_a_line_end_may_end_a_segment_and_blank_lines_are_none(newline: str) -> None:
    body = interchange([edi.st(1), edi.st(2)], delimiters=LINES).replace(b"\n", newline.encode())
    assert codes_of(body) == ["", ""]
    assert codes_of(body.replace(newline.encode(), 3 * newline.encode())) == ["", ""]
    assert noted(body) == noted(body.replace(newline.encode(), 3 * newline.encode())) == {}


HOSTILE = [b"\n", b"~", b"~ ", b"*", b"SE*", b"~SE*", b"~ST*", b"ISA*00*", b"~GS*", b"~GE*1*1", b"~TA1*~"]


@pytest.mark.parametrize("marks", [edi.STARS, edi.LINES])
@pytest.mark.parametrize("pattern", HOSTILE)
def test_much_of_anything_takes_no_more_than_its_time(pattern: bytes, marks: Any) -> None:
    """Nothing that is tried twice: a quadratic search would not end here within the test's patience."""
    body = interchange([edi.st(1)], delimiters=marks) + pattern * (200_000 // len(pattern))
    began = time.process_time()
    file = passed(X12(), body, [256 * 1024], 5000, 1 << 23)
    for _, layout, raws in file.chunks:
        assert len(X12().parse(layout, raws)) == len(raws)
    assert time.process_time() - began < 10


# Recognition


@pytest.mark.parametrize(
    ("head", "what"),
    [
        (written([gs(), *edi.st(1)]).encode(), "does not begin with ISA"),
        (b"Dear partner, here it is:\n" + interchange([edi.st(1)]), "does not begin with ISA"),
        (isa().replace("~", "").encode(), "does not have sixteen elements"),
        (isa().replace(":~", ": ").encode() + b"XY*IM", "no segment terminator"),
        (isa().replace(":~", "A~").encode(), "no component separator"),
        (isa().replace(":~", "~~").encode(), "the same character"),
        (isa().encode().replace(b":~", b":\xff"), "no UTF-8 character"),
        (isa(version="four1").encode(), "no version"),
        (isa()[:60].encode(), "does not have sixteen elements"),
    ],
)
def test_a_file_without_a_readable_isa_is_refused(head: bytes, what: str) -> None:
    with pytest.raises(Refused, match=what) as refusal:
        FEED.recognise(head)
    assert refusal.value.code == "format.x12_isa"


@pytest.mark.parametrize("head", [b"spot_id,station\n", b'{"ISA":1}', b"ISABELLA,GS\n", b"<ISA/>", b"UNB+UNOA:1+A+B'"])
def test_other_files_are_anothers(head: bytes) -> None:
    assert X12().recognise(head, lambda column: column) is None


def test_a_bom_and_white_space_before_the_isa_are_passed_over() -> None:
    body = b"\xef\xbb\xbf\r\n" + interchange([edi.st(1)])
    assert layout_of(body).first_byte == 5
    assert layout_of(body).first_line == 2
    assert codes_of(body) == [""]


# Too large to hold


@pytest.mark.parametrize("blocks", [[], [7], [500, 3], [4096]])
@pytest.mark.parametrize("after", [b"", b"\n", b" \r\n" * 9])
def test_an_oversize_set_passes_by_alone(blocks: list[int], after: bytes) -> None:
    huge = written([("ST", "210", "0002"), *[("L5", "x" * 50)] * 400, ("SE", "402", "0002")]).encode() + after
    other = written(edi.st(3)).encode()
    body = interchange([edi.st(1), edi.st(3)]).replace(other, huge + other)
    feed = replace(FEED, limits=Limits(records=5, bytes=1000, record_bytes=5000))
    with tiny_windows(64, 16, 300):
        split = split_file(feed, body, blocks)
    assert [(span.records, span.oversize) for span in split.spans] == [(1, False), (1, True), (1, False)]
    span = split.spans[1]
    assert body[span.start : span.end] == huge.rstrip()
    assert [judged.rejected[0].findings[0].code for judged in split.judged() if judged.rejected] == [
        "format.record_too_large"
    ]


@pytest.mark.parametrize("blocks", [[], [7], [501, 3], [4096]])
def test_an_oversize_set_without_its_trailer_ends_behind_the_next_header(blocks: list[int]) -> None:
    huge = written([("ST", "210", "0002"), *[("L5", "x" * 50)] * 400]).encode()
    other = written(edi.st(3)).encode()
    body = interchange([edi.st(1), edi.st(3)]).replace(other, huge + other)
    feed = replace(FEED, limits=Limits(records=5, bytes=1000, record_bytes=5000))
    with tiny_windows(64, 16, 300):
        split = split_file(feed, body, blocks)
    assert [span.oversize for span in split.spans] == [False, True, False]
    assert body[: split.spans[1].end].endswith(huge + b"ST*210*0003~")
    (parsed,) = X12().parse(split.layout, split.raws_of(split.spans[2]))
    assert isinstance(parsed, Finding)
    assert parsed.code == "format.record_unopened"


def test_an_envelopes_segment_without_an_end_is_a_record_that_is_rejected() -> None:
    body = interchange([edi.st(1)]).replace(b"GE*1*1~", b"GE*1*" + b"1" * LONGEST + b"~")
    assert codes_of(body) == ["", "format.record_unopened"]
    assert noted(body) == {"format.group_unclosed": 1}


@settings(max_examples=examples(200), deadline=None)
@given(st.text(alphabet="ab+?", max_size=12))
def test_a_release_character_takes_the_meaning_of_what_follows(text: str) -> None:
    parts = split_released(text, "+", "?")
    assert "+".join(parts) == text
    bare = [re.sub(r"\?.", "", part) for part in parts]
    assert all("+" not in part for part in bare)


# Dirt at the ends.


@pytest.mark.parametrize("end", [b"\x1a", b"\x00" * 500, b"\r\n\x1a\x00\x00", b"\x1a\r\n"])
def test_what_fills_a_file_up_is_no_record(end: bytes) -> None:
    body = interchange([edi.st(1), edi.st(2)])
    told = passed(X12(), body + end)
    assert told.raws == passed(X12(), body).raws
    assert told.noted.counts == {}


@pytest.mark.parametrize("between", [b"\x1a", b"\x00\x00", b"\r\n\x1a\r\n"])
@settings(max_examples=20, deadline=None)
@given(block_sizes)
def test_files_put_one_behind_the_other_are_read_on(between: bytes, blocks: list[int]) -> None:
    first, second = interchange([edi.st(1), edi.st(2)]), interchange([edi.st(1)], control=2, sender="OTHER")
    told = passed(X12(), first + between + second, blocks)
    assert told.raws == [*passed(X12(), first).raws, *passed(X12(), second).raws]
    assert told.noted.counts == {}


@pytest.mark.parametrize("tag", ["TA1", "TA3", "ISB", "ISE"])
def test_what_stands_between_isa_and_gs_is_no_record(tag: str) -> None:
    """X12.5: acknowledgement, delivery notice, grade of service, deferred delivery."""
    body = interchange([edi.st(1)]).replace(b"~GS*", f"~{tag}*000000001*261120*2115*A*000~GS*".encode())
    assert codes_of(body) == [""]
    assert noted(body) == {}


@pytest.mark.parametrize(
    ("isa16", "component"),
    [
        (":~", ":"),
        (":  ~", ":"),
        (":\t~\n", ":"),
        # ISA16 is missing, with its separator or without the character alone.
        ("~", ""),
        ("~\r\n", ""),
        # With the separator before it.
        ("\b~", ""),
        ("\b ~\r\n", ""),
    ],
)
def test_an_isa_ends_where_it_ends(isa16: str, component: str) -> None:
    newline = "\r\n" if isa16.endswith("\n") else ""
    body = interchange([edi.st(1)], newline=newline).decode()
    isa_end = body.index("GS*")
    header = body[:isa_end].rstrip("\r\n").removesuffix(":~") + isa16
    written_so = (header.replace("*\b", "") + body[isa_end:]).encode()
    layout = layout_of(written_so)
    assert layout.delimiters is not None
    assert (layout.delimiters.segment, layout.delimiters.component) == ("~", component)
    assert codes_of(written_so) == [""]


def test_blanks_before_a_terminator_are_no_part_of_what_is_said() -> None:
    body = interchange([edi.st(1)]).replace(b"~", b"  ~")
    assert codes_of(body) == [""]
    assert noted(body).keys() <= {"format.interchange_header"}


def test_a_record_of_very_many_parts_is_refused_before_it_is_taken_apart() -> None:
    many = interchange([[("ST", "210", "0001"), *[("LX", "1")] * (MOST_SEGMENTS + 1), ("SE", "1", "0001")]])
    wide = interchange([[("ST", "210", "0001"), ("LX", *["1"] * (MOST_ELEMENTS + 1)), ("SE", "3", "0001")]])
    assert codes_of(many) == codes_of(wide) == ["format.record_parts"]
