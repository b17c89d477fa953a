"""Which files the traffic feed can read, and what it says of those it cannot (R29)."""

import gzip
import io
import json
import zipfile

import pytest

from penstock.feeds import feed_named
from penstock.feeds.traffic import TRAFFIC
from penstock.model.errors import Refused
from penstock.model.intake import read_notification
from tests.support.reading import judge_file, split_file
from tests.support.spots import COLUMNS, asrun_file, csv_file, ndjson_file, spot


def refusal_of(head: bytes) -> str:
    with pytest.raises(Refused) as refusal:
        TRAFFIC.recognise(head)
    return refusal.value.code


def zip_of(body: bytes) -> bytes:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as files:
        files.writestr("spots.csv", body)
    return archive.getvalue()


@pytest.mark.parametrize("delimiter", [",", "\t", ";", "|"])
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("bom", [b"", b"\xef\xbb\xbf"])
def test_a_delimited_file_is_read_with_any_delimiter_line_end_and_bom(delimiter: str, newline: str, bom: bytes) -> None:
    split = split_file(TRAFFIC, bom + csv_file([spot(1), spot(2)], delimiter=delimiter, newline=newline))
    assert split.layout.delimiter == delimiter
    assert [one.ordinal for one in split.judged()[0].accepted] == [0, 1]


def test_the_order_of_columns_is_free() -> None:
    expected = [one.payload for one in judge_file(TRAFFIC, csv_file([spot(1)])).accepted]
    assert [one.payload for one in judge_file(TRAFFIC, csv_file([spot(1)], COLUMNS[::-1])).accepted] == expected


@pytest.mark.parametrize(
    ("spelt", "field"),
    [
        ("Spot ID", "spot_id"), ("SPOT_ID", "spot_id"), ("spotId", "spot_id"), ("Event ID", "spot_id"),
        ("Call Letters", "station"), ("Station", "station"), ("CHANNEL", "station"),
        ("ISCI/Ad-ID", "isci"), ("Ad-ID", "isci"), ("ISCI Code", "isci"),
        ("House No.", "house_number"), ("Cart #", "house_number"),
        ("Break", "break_code"), ("Pod", "break_code"),
        ("Log Date", "air_date"), ("Air Date", "air_date"), ("Date", "air_date"),
        ("Start Time", "air_time"), ("Time", "air_time"),
        ("Len", "length_s"), ("Length (sec)", "length_s"), ("Duration", "length_s"),
        ("Client", "advertiser"), ("Sponsor", "advertiser"), ("Brand", "product"),
        ("Spot Rate", "rate"), ("Gross Rate ($)", "rate"), ("Bill Code", "billing_code"),
        ("MG For", "make_good_for"), ("Line Type", "record_type"), ("Comments", "notes"),
    ],
)  # fmt: skip
def test_the_usual_spellings_of_a_column_are_its_field(spelt: str, field: str) -> None:
    assert TRAFFIC.field_of(spelt) == field


@pytest.mark.parametrize("name", ["", " ", "colour", "spot id 2", "äöü", "---"])
def test_other_names_are_no_field(name: str) -> None:
    assert TRAFFIC.field_of(name) == ""


def test_unknown_columns_are_kept_out_and_reported() -> None:
    records = [spot(1, colour="blue", shape="round")]
    split = split_file(TRAFFIC, csv_file(records, (*COLUMNS, "colour", "shape")))
    assert split.layout.unknown == ("colour", "shape")
    assert b"blue" not in split.judged()[0].accepted[0].payload


def test_a_quoted_header_may_hold_delimiters_and_newlines() -> None:
    for bom in (b"", b"\xef\xbb\xbf"):
        body = bom + b'"Spot\nId","Call, Letters","Air\nDate","Air\nTime"\r\nS1,WXYZ,2026-11-20,10:00:00\r\n'
        split = split_file(TRAFFIC, body)
        assert split.layout.columns == ("spot_id", "station", "air_date", "air_time")
        assert split.layout.first_line == 5
        assert split.records == 1


@pytest.mark.parametrize(
    ("head", "code"),
    [
        (b"", "format.empty"),
        (b"\xef\xbb\xbf", "format.empty"),
        (b"\r\n \r\n", "format.empty"),
        (b"S1,WXYZ,2026-11-20,10:00:00\r\n", "format.no_header"),
        (b"spot,S1,WXYZ,2026-11-20,10:00:00\r\n", "format.no_header"),
        (b"just some words\n", "format.no_header"),
        (csv_file([], COLUMNS[:4]), "format.missing_column"),
        (csv_file([], (*COLUMNS, "Spot No")), "format.duplicate_header"),
        (csv_file([], (*COLUMNS, "isci")), "format.duplicate_header"),
        (zip_of(csv_file([spot(1)])), "format.binary"),
        (gzip.compress(csv_file([spot(1)])), "format.binary"),
        (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", "format.binary"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "format.binary"),
        (b"\x89PNG\r\n\x1a\n", "format.binary"),
        (b"\x00\x01\x02spot_id,station\n", "format.binary"),
        (csv_file([spot(1)]).decode().encode("utf-16"), "format.binary"),
        (csv_file([spot(1)]).decode().encode("utf-16-le"), "format.binary"),
        (csv_file([spot(1)]).decode().encode("utf-16-be"), "format.binary"),
        (ndjson_file([spot(1)]).decode().encode("utf-16"), "format.binary"),
        (ndjson_file([spot(1)]).decode().encode("utf-16-le"), "format.binary"),
        ("spot_id,station,air_date,air_time,größe\n".encode("cp1252"), "format.encoding"),
        (b'spot_id,station,"air_date' + b"x" * 70_000, "format.header_too_long"),
        (b",".join(b"c%d" % number for number in range(1200)) + b"\n", "format.header_too_long"),
    ],
    ids=lambda case: case if isinstance(case, str) else "",
)  # fmt: skip
def test_what_cannot_be_read_is_refused_with_a_reason(head: bytes, code: str) -> None:
    """R29, R31."""
    assert refusal_of(head[: 64 * 1024]) == code


def test_a_refusal_names_the_columns_that_are_missing() -> None:
    with pytest.raises(Refused, match="air_date, air_time, station"):
        TRAFFIC.recognise(b"spot_id,isci\n")


@pytest.mark.parametrize("key", ["nosuch/a.csv", "a.csv", "", "/traffic/a.csv", "Traffic/a.csv"])
def test_a_key_that_names_no_feed_is_refused(key: str) -> None:
    with pytest.raises(Refused) as refusal:
        feed_named(name_in(key))
    assert refusal.value.code == "format.unknown_feed"


def test_the_first_part_of_a_key_names_the_feed() -> None:
    assert feed_named(name_in("traffic/2026-11-20/spots.csv")) is TRAFFIC


def name_in(key: str) -> str:
    """The feed's name, as the intake takes it from S3's word of an object."""
    created = {"eventName": "ObjectCreated:Put", "s3": {"bucket": {"name": "drop"}, "object": {"key": key}}}
    (file,) = read_notification(json.dumps({"Records": [created]}))
    return file.feed


@pytest.mark.parametrize("body", [asrun_file([]), csv_file([]), csv_file([]).rstrip()])
def test_a_file_of_header_only_is_recognised_and_has_no_records(body: bytes) -> None:
    assert split_file(TRAFFIC, body).spans == []
