"""Text that is not UTF-8: every record says what its sender wrote, or comes back with the place that is no text."""

import codecs
import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.feeds.feed import Feed
from penstock.feeds.traffic import TRAFFIC
from penstock.formats.delimited import Delimited
from penstock.formats.format import HEAD
from penstock.formats.text import encoding_for, encoding_of
from penstock.model.errors import Refused
from penstock.outputs import rejects
from penstock.split.transcoding import Transcoder, utf16_of
from penstock.validate.judging import Judgement
from tests.support.archives import COMPRESS, Stage, packed
from tests.support.reading import cut, judge_file, split_file
from tests.support.spots import COLUMNS, csv_file, rows_of, spot

WESTERN: Feed = replace(TRAFFIC, formats=(Delimited(otherwise="windows-1252"),))

UTF_16 = ["utf-16-le", "utf-16-be"]
BOMS = {"utf-16-le": codecs.BOM_UTF16_LE, "utf-16-be": codecs.BOM_UTF16_BE}


def western(*notes: str) -> str:
    """A file with these notes."""
    return csv_file([spot(at, notes=note) for at, note in enumerate(notes)]).decode()


def notes_of(judgement: Judgement) -> list[str]:
    read = TRAFFIC.one.validate_json
    return [str(read(one.payload).get("notes")) for one in judgement.accepted]


# -- UTF-16


@pytest.mark.parametrize("encoding", UTF_16)
@pytest.mark.parametrize("marked", [True, False], ids=["marked", "unmarked"])
async def test_utf_16_becomes_the_utf_8_of_the_same_text(encoding: str, marked: bool) -> None:
    text = western("Frühstück um 7 €", "日本語 𝄞")
    body = (BOMS[encoding] if marked else b"") + text.encode(encoding)

    assert utf16_of(body) == encoding
    assert await Stage().body(body) == text.encode()
    assert await Stage().body(COMPRESS[next(iter(COMPRESS))](body)) == text.encode()
    assert await Stage().entries(packed({"a.csv": body})) == {"a.csv": text.encode()}


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"a",
        b"spot_id,station",
        "ä;ö".encode(),
        b"\0\0\0\0",
        b"a\0b",
        b"\xff\xfe\0\0a\0\0\0",
        b"spot\0id\0station\0b",
    ],
)
def test_what_is_not_utf_16_is_left_alone(head: bytes) -> None:
    """UTF-32 among it, whose mark begins like that of UTF-16."""
    assert utf16_of(head) is None


@given(
    units=st.lists(st.sampled_from([0x41, 0x0A, 0x0A0D, 0x20AC, 0xD800, 0xDBFF, 0xDC00, 0xDFFF, 0xFEFF, 0xFFFF])),
    half=st.booleans(),
    blocks=st.lists(st.integers(1, 7), max_size=4),
    encoding=st.sampled_from(UTF_16),
)
def test_nothing_is_replaced_however_the_file_is_cut(
    units: list[int], half: bool, blocks: list[int], encoding: str
) -> None:
    """Against the standard library: lone surrogates are written as they are, half a unit as a byte that is no UTF-8."""
    order = "little" if encoding == "utf-16-le" else "big"
    body = b"".join(unit.to_bytes(2, order) for unit in units)
    transcoder = Transcoder(encoding)

    out = b"".join([transcoder.push(block) for block in cut(body + b"A" * half, blocks)]) + transcoder.finish()

    text = body.decode(encoding, "surrogatepass").removeprefix("\ufeff")
    assert out == text.encode("utf-8", "surrogatepass") + b"\xff" * half


async def test_a_lone_surrogate_rejects_its_record_with_its_place_and_no_other() -> None:
    body = western("before", "a # b", "after").encode("utf-16").replace("#".encode("utf-16-le"), b"\x3d\xd8")

    judgement = judge_file(TRAFFIC, await Stage().body(body))

    assert notes_of(judgement) == ["before", "after"]
    (rejected,) = judgement.rejected
    (finding,) = rejected.findings
    assert (rejected.ordinal, rejected.line, finding.code) == (1, 3, "format.encoding")
    assert f"byte 0xed at position {rejected.raw_bytes.index(0xED)} " in finding.message


async def test_half_a_character_at_the_end_rejects_the_last_record() -> None:
    judgement = judge_file(TRAFFIC, await Stage().body(western("a", "b").rstrip().encode("utf-16") + b"x"))

    assert [(one.ordinal, one.findings[0].code) for one in judgement.rejected] == [(1, "format.encoding")]


# -- Windows-1252 and Latin-1, where the feed declares them


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "windows-1252"])
def test_a_file_is_read_in_the_encoding_that_it_is_in(encoding: str) -> None:
    notes = ["Frühstück um 7 €", "plain", "Café “Zoë”"]
    body = western(*notes).encode(encoding)

    assert notes_of(judge_file(WESTERN, body)) == notes
    assert split_file(WESTERN, body).layout.encoding == encoding.removesuffix("-sig")


@pytest.mark.parametrize("encoding", ["utf-8", "windows-1252"])
def test_letters_that_come_late_are_read_record_by_record(encoding: str) -> None:
    """Of a head without any, nothing can be told; both kinds may even be in one file."""
    notes = ["plain"] * 2000 + ["Frühstück"]
    body = western(*notes).encode(encoding) + western("Zoë").encode("utf-8").partition(b"\r\n")[2]
    assert body[:HEAD].isascii()

    judgement = judge_file(WESTERN, body)

    assert split_file(WESTERN, body).layout.encoding == "utf-8|windows-1252"
    assert notes_of(judgement)[-2:] == ["Frühstück", "Zoë"]
    assert judgement.rejected == []


@pytest.mark.parametrize("cut_off", range(1, 6))
def test_a_head_that_ends_within_a_letter_does_not_mislead(cut_off: int) -> None:
    head = (b"a" * HEAD)[: HEAD - cut_off] + "日本".encode()[:cut_off]

    assert encoding_of(head, "windows-1252") == "utf-8|windows-1252"
    assert encoding_of("日".encode() + head[3:], "windows-1252") == "utf-8"
    assert encoding_of(b"\xfc" + head[1:], "windows-1252") == "windows-1252"


def test_a_damaged_letter_beside_sound_ones_is_still_utf_8() -> None:
    """A broken byte must not turn all the others into gibberish."""
    assert encoding_for("Frühstück".encode() + b" \xfc", "utf-8|windows-1252") == "utf-8"
    assert encoding_of("Frühstück, Müsli".encode() + b" \xfc,", "windows-1252") == "utf-8"


@given(words=st.lists(st.text(st.characters(codec="windows-1252"), max_size=6), max_size=5))
def test_text_of_the_encoding_never_becomes_other_text(words: list[str]) -> None:
    """But where letters of it are UTF-8 by accident, as "Ã©" is."""
    raw = " ".join(words).encode("windows-1252")

    if not any(is_utf8(run) for run in re.findall(rb"[\x80-\xff]+", raw)):
        assert raw.decode(encoding_for(raw, "utf-8|windows-1252")) == " ".join(words)


def is_utf8(raw: bytes) -> bool:
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def test_a_byte_that_the_encoding_lacks_rejects_its_record_with_its_place() -> None:
    """Windows-1252 has no 0x81 (Unicode Consortium, CP1252.TXT)."""
    body = western("Frühstück", "a#b", "Zoë").encode("windows-1252").replace(b"#", b"\x81")

    judgement = judge_file(WESTERN, body)

    assert notes_of(judgement) == ["Frühstück", "Zoë"]
    (rejected,) = judgement.rejected
    (finding,) = rejected.findings
    assert finding.code == "format.encoding"
    assert (
        f"byte 0x81 at position {rejected.raw_bytes.index(0x81)} of the record is not WINDOWS-1252" in finding.message
    )


def test_a_feed_that_declares_nothing_reads_utf_8_only() -> None:
    judgement = judge_file(TRAFFIC, western("Frühstück", "plain").encode("windows-1252"))

    assert notes_of(judgement) == ["plain"]
    assert [one.findings[0].code for one in judgement.rejected] == ["format.encoding"]


def test_columns_may_have_letters_too() -> None:
    body = "spot_id,station,air_date,air_time,Länge\r\nS1,WXYZ,2026-11-20,19:28:30,30\r\n".encode("windows-1252")

    assert split_file(WESTERN, body).layout.unknown == ("Länge",)
    with pytest.raises(Refused) as refused:
        split_file(TRAFFIC, body)
    assert refused.value.code == "format.encoding"


@pytest.mark.parametrize("saved", ["utf-8", "utf-8-sig", "windows-1252", "utf-16"])
async def test_rejects_are_utf_8_and_can_be_dropped_again_as_whatever_they_were_saved(saved: str) -> None:
    body = western("Frühstück", "Zoë").replace("ABCD0001", "?").encode("windows-1252")
    layout, judgement = split_file(WESTERN, body).layout, judge_file(WESTERN, body)
    report = rejects.header(WESTERN, layout) + rejects.rows(WESTERN, layout, judgement.rejected, "file")
    (row,) = rows_of(report)
    assert {name: row[name] for name in ("spot_id", "notes")} == {"spot_id": "S00001", "notes": "Zoë"}
    assert set(COLUMNS) < set(row)

    mended = report.decode("utf-8").replace("?", "ABCD0001").encode(saved)

    assert notes_of(judge_file(WESTERN, await Stage().body(mended))) == ["Zoë"]
