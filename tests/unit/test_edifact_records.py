"""EDIFACT: a record is a message, whole; what is wrong with it rejects it alone, what is wrong round it is told."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.feeds.feed import Limits
from penstock.formats.edifact import Edifact
from penstock.formats.segment_records import components
from penstock.model.errors import Refused
from penstock.model.findings import Finding
from penstock.model.messages import Delimiters
from tests.support import edi
from tests.support.budget import examples
from tests.support.edi import passed
from tests.support.reading import split_file, tiny_windows

FEED = replace(edi.feed_of(Edifact()), limits=Limits())

UNB = "UNB+UNOC:3+SENDER:14+PAYER:14+261120:2115+7'"
PLAIN = Delimiters(segment="'", element="+", component=":", release="?")
INVOICE = ("BGM+380+INV1+9", "MOA+77:100.50")


def message(reference: int, body: Sequence[str] = INVOICE, kind: str = "INVOIC:D:96A:UN") -> str:
    """A whole message."""
    return "".join(f"{segment}'" for segment in (f"UNH+{reference}+{kind}", *body, f"UNT+{len(body) + 2}+{reference}"))


def interchange(*messages: str, unb: str = UNB, count: int | None = None, reference: str = "7") -> bytes:
    """An interchange without groups."""
    return f"{unb}{''.join(messages)}UNZ+{len(messages) if count is None else count}+{reference}'".encode("iso-8859-1")


layout_of = FEED.recognise
said = partial(edi.said, Edifact())
codes_of = partial(edi.codes_of, Edifact())
noted = partial(edi.noted, Edifact())


def naive(text: str) -> list[str]:
    """The segments of a text, character by character."""
    segments, begun, released = list[str](), "", False
    for character in text:
        begun += character
        if released or character != "'":
            released = character == "?" and not released
            continue
        segments.append(begun.lstrip())
        begun = ""
    return [*segments, begun.lstrip()] if begun.strip() else segments


def reference(text: str) -> list[str]:
    """The messages of a text, as their segments joined."""
    records, within = list[str](), False
    for segment in naive(text):
        tag = segment[:3] if segment[3:4] == "+" else ""
        if tag in ("UNB", "UNZ", "UNG", "UNE"):
            within = False
            continue
        if tag == "UNH" or not within:
            records.append("")
        records[-1] += segment
        within = tag != "UNT"
    return records


mess = st.text(alphabet="AB+:?' '", max_size=12)
tags = st.sampled_from(["UNH+1+INVOIC:D:96A:UN'", "UNT+2+1'", "UNG+A'", "UNE+1+1'", "UNZ+1+1'", "BGM+", "?'UNT+2+1'"])
newline = st.sampled_from(["", "\n", "\r\n "])


@settings(max_examples=examples(300), deadline=None)
@given(
    st.lists(mess | tags, max_size=14), newline, st.integers(1, 5), st.integers(1, 120), st.lists(st.integers(1, 40))
)
def test_the_chunks_records_are_the_files_however_it_is_cut(
    parts: list[str], newline: str, records: int, size: int, blocks: list[int]
) -> None:
    """R28, R29: whatever release characters there are before a terminator."""
    text = newline.join([message(1), *parts])
    body = (UNB + text).encode()
    whole = passed(Edifact(), body)
    in_blocks = passed(Edifact(), body, blocks, records, size)
    squeezed = ["".join(raw.decode().split()) for raw in whole.raws]
    assert squeezed == ["".join(record.split()) for record in reference(text)]
    assert in_blocks.raws == whole.raws
    assert in_blocks.noted == whole.noted
    assert all(len(raws) <= records for _, _, raws in in_blocks.chunks)


@settings(max_examples=examples(150), deadline=None)
@given(
    st.lists(st.lists(st.text(alphabet="ab+:?'é", max_size=8), max_size=4), min_size=1, max_size=5),
    st.integers(1, 4),
    st.lists(st.integers(1, 40), max_size=3),
)
def test_what_was_written_with_release_characters_is_read_as_it_was_meant(
    messages: list[list[str]], records: int, blocks: list[int]
) -> None:
    """The planner's chunks, parsed, have every text that was sent."""
    texts = ["FTX+" + "".join(f"?{c}" if c in "+:?'" else c for c in text) for lines in messages for text in lines]
    bodies = iter(texts)
    sent = [message(number, [next(bodies) for _ in lines]) for number, lines in enumerate(messages)]
    feed = replace(FEED, limits=Limits(records=records, bytes=200, record_bytes=10_000))
    with tiny_windows(64, 16, 30):
        split = split_file(feed, interchange(*sent), blocks)
    parsed: list[Any] = Edifact().parse(split.layout, split.raws)
    assert split.layout.delimiters is not None
    assert [
        [components(segment[1], split.layout.delimiters) for segment in one["segments"][1:-1]] for one in parsed
    ] == [[[text] for text in lines] for lines in messages]


def test_a_message_comes_out_as_its_segments_with_what_its_envelopes_say() -> None:
    (parsed,) = said(interchange(message(1)))
    assert parsed == {
        "transaction": "INVOIC",
        "control": "1",
        "delimiters": PLAIN,
        "version": "D:96A:UN",
        "envelope": {
            "sender": "SENDER",
            "sender_qualifier": "14",
            "receiver": "PAYER",
            "receiver_qualifier": "14",
            "version": "UNOC:3",
            "usage": "P",
        },
        "segments": [
            ["UNH", "1", "INVOIC:D:96A:UN"],
            ["BGM", "380", "INV1", "9"],
            ["MOA", "77:100.50"],
            ["UNT", "4", "1"],
        ],
    }
    assert noted(interchange(message(1))) == {}


def test_the_service_string_may_be_any() -> None:
    body = interchange(message(1, ["FTX+a!+b:c!!"])).decode()
    body = body.translate(str.maketrans("'+:", "~|;"))
    body = "UNA;|.! ~\r\n" + body.replace("!+", "!|").replace("!|", "!|")
    (parsed,) = said(body.encode())
    assert parsed["segments"][1] == ["FTX", "a!|b;c!!"]
    delimiters = Delimiters(segment="~", element="|", component=";", release="!")
    assert layout_of(body.encode()).delimiters == delimiters
    assert components("a!|b;c!!", delimiters) == ["a|b", "c!"]


def test_each_interchange_has_its_own_service_string_and_character_set() -> None:
    first = interchange(message(1, ["FTX+café"]))
    second = b"UNA:+.? ~" + UNB.replace("UNOC", "UNOW").replace("'", "~").replace("+7", "+8").encode()
    second += "UNH+2+INVOIC:D:96A:UN~FTX+čaj's~UNT+3+2~UNZ+1+8~".encode()
    one, two = said(first + second)
    assert one["segments"][1] == ["FTX", "café"]
    assert two["segments"][1] == ["FTX", "čaj's"]
    assert noted(first + second) == {}


def test_from_syntax_version_4_on_an_asterisk_repeats() -> None:
    layout = layout_of(interchange(message(1), unb=UNB.replace("UNOC:3", "UNOC:4")))
    assert layout.delimiters is not None
    assert layout.delimiters.repetition == "*"


@pytest.mark.parametrize(
    ("wrong", "code", "rule"),
    [
        ("UNH+2+INVOIC:D:96A:UN'BGM+380'UNT+9+2'", "record_count", "0085 29"),
        ("UNH+2+INVOIC:D:96A:UN'BGM+380'UNT+3+3'", "record_control", "0085 28"),
        ("UNH+2+INVOIC:D:96A:UN'BGM+380'", "record_unclosed", "0085 13"),
        ("BGM+380'UNT+2+2'", "record_unopened", "0085 33"),
        ("UNH+2+'BGM+380'UNT+3+2'", "record_kind", "0085 12"),
        ("UNH++INVOIC'BGM+380'UNT+3+'", "record_header", "0085 13"),
        ("UNH+2+INVOIC'bgm+380'UNT+3+2'", "segment_tag", "0085 14"),
        ("UNH+2+INVOIC'BGM+3\x078'UNT+3+2'", "character", "0085 21"),
    ],
)
def test_a_wrong_message_is_rejected_alone_with_the_acknowledgements_own_code(wrong: str, code: str, rule: str) -> None:
    one, two, three = said(interchange(message(1), wrong, message(3)))
    assert (one["control"], three["control"]) == ("1", "3")
    assert isinstance(two, Finding)
    assert two.code == f"format.{code}"
    assert rule in (two.rule or "")


def test_a_byte_outside_the_interchanges_character_set_rejects_its_message_only() -> None:
    body = interchange(message(1), message(2, ["FTX+café"]), message(3), unb=UNB.replace("UNOC", "UNOA"))
    assert codes_of(body) == ["", "format.encoding", ""]


@pytest.mark.parametrize(
    ("right", "wrong", "codes"),
    [
        (b"UNZ+2+7'", b"UNZ+3+7'", {"interchange_count": 1}),
        (b"UNZ+2+7'", b"UNZ+2+8'", {"interchange_control": 1}),
        (b"UNZ+2+7'", b"", {"interchange_unclosed": 1}),
        (b"UNZ+2+7'", b"UNZ+2+7'UNZ+2+7'", {"interchange_unopened": 1}),
        (b"UNZ+2+7'", b"UNE+2+7'UNZ+2+7'", {"group_unopened": 1}),
    ],
)
def test_a_wrong_envelope_is_told_and_its_messages_are_kept(right: bytes, wrong: bytes, codes: dict[str, int]) -> None:
    body = interchange(message(1), message(2)).replace(right, wrong)
    file = passed(Edifact(), body)
    assert codes_of(body) == ["", ""]
    assert file.noted.counts == {f"format.{code}": count for code, count in codes.items()}
    assert all("EDIFACT 0085 " in (finding.rule or "") for finding in file.noted.examples)


def test_groups_are_counted_where_there_are_any() -> None:
    group = f"UNG+INVOIC+A+B+261120:2115+1+UN+D:96A'{message(1)}{message(2)}UNE+2+1'"
    assert noted(interchange(group, count=1)) == {}
    assert noted(interchange(group, count=2)) == {"format.interchange_count": 1}
    assert noted(interchange(group.replace("UNE+2", "UNE+1"), count=1)) == {"format.group_count": 1}
    assert said(interchange(group, count=1))[0]["envelope"]["group_sender"] == "A"


def test_a_message_outside_an_interchange_is_rejected_for_it() -> None:
    body = interchange(message(1)) + message(2).encode()
    assert codes_of(body) == ["", "format.record_outside"]
    assert noted(body) == {}


@pytest.mark.parametrize(
    ("head", "what"),
    [
        (message(1).encode(), "does not begin with UNA or UNB"),
        (b"Dear partner\n" + interchange(message(1)), "does not begin with UNA or UNB"),
        (interchange(message(1), unb=UNB.replace("UNOC", "XXXX")), "character set"),
        (interchange(message(1), unb=UNB.replace("+7'", "'")), "control reference"),
        (b"UNA::.? '" + interchange(message(1)), "not six different"),
        (b"UNA:+.? '" + message(1).encode(), "does not stand where"),
        (b"UNB+UNOC:3+SENDER", "does not end"),
    ],
)
def test_a_file_without_a_readable_unb_is_refused(head: bytes, what: str) -> None:
    with pytest.raises(Refused, match=what) as refusal:
        FEED.recognise(head)
    assert refusal.value.code == "format.edifact_unb"


@pytest.mark.parametrize("head", [b"spot_id,station\n", b"UNABLE,UNBORN\n", b"ISA*00*", b"{}"])
def test_other_files_are_anothers(head: bytes) -> None:
    assert Edifact().recognise(head, lambda column: column) is None


@pytest.mark.parametrize("blocks", [[], [7], [500, 3]])
def test_an_oversize_message_passes_by_alone(blocks: list[int]) -> None:
    huge = message(2, ["FTX+?'UNT+1+1??" + "x" * 50] * 400)
    body = interchange(message(1), huge, message(3))
    feed = replace(FEED, limits=Limits(records=5, bytes=1000, record_bytes=5000))
    with tiny_windows(64, 16, 300):
        split = split_file(feed, body, blocks)
    assert [(span.records, span.oversize) for span in split.spans] == [(1, False), (1, True), (1, False)]
    assert body[split.spans[1].start : split.spans[1].end].decode() == huge


@pytest.mark.parametrize("size", range(1, 40))
def test_an_oversize_message_ends_at_its_trailer_wherever_a_block_ends(size: int) -> None:
    """Also where the trailer holds a released terminator."""
    huge = message(2, ["FTX+" + "x" * 50] * 400).removesuffix("+2'") + "+a?'b??'"
    body = interchange(message(1), huge, message(3))
    ending = Edifact().ending(layout_of(body))
    first = huge.encode()[:-size]
    assert ending(first) is None
    assert ending(huge.encode()[-size:] + message(3).encode()) == size
