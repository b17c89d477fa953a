"""S3's notifications and the splitter's own messages, read (R2, R3, R16, R18)."""

import json
from typing import Any
from urllib.parse import quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.model.errors import MalformedMessage
from penstock.model.intake import read_intake, read_notification
from penstock.model.messages import SplitMessage


def record(key: str = "traffic/spots.csv", name: str = "ObjectCreated:Put", **thing: Any) -> dict[str, Any]:
    return {
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "eventName": name,
        "s3": {
            "bucket": {"name": "drop", "arn": "arn:aws:s3:::drop"},
            "object": {
                "key": key,
                "size": 1024,
                "eTag": "d41d8cd98f00b204e9800998ecf8427e",
                "versionId": "3HL4kqtJvjVBH40Nrjfkd",
                "sequencer": "0A1B2C3D4E5F678901",
            }
            | thing,
        },
    }


def notification(*records: dict[str, Any]) -> str:
    return json.dumps({"Records": list(records)})


def test_a_notification_tells_of_an_object_version() -> None:
    (file,) = read_notification(notification(record("traffic/2026-11-20/spots.csv")))
    assert (file.feed, file.bucket, file.key) == ("traffic", "drop", "traffic/2026-11-20/spots.csv")
    assert (file.version_id, file.etag, file.size) == (
        "3HL4kqtJvjVBH40Nrjfkd",
        "d41d8cd98f00b204e9800998ecf8427e",
        1024,
    )
    assert file.sequencer == "0A1B2C3D4E5F678901"


@pytest.mark.parametrize(
    ("encoded", "key"),
    [
        ("traffic/two+words.csv", "traffic/two words.csv"),
        ("traffic/one%2Btwo.csv", "traffic/one+two.csv"),
        ("traffic/100%25.csv", "traffic/100%.csv"),
        ("traffic/100%2525.csv", "traffic/100%25.csv"),
        ("traffic/%E9%A3%9F.csv", "traffic/食.csv"),
        ("traffic/K%C3%B6ln+%2B+%25.csv", "traffic/Köln + %.csv"),
        ("traffic/a%2Fb.csv", "traffic/a/b.csv"),
    ],
)
def test_a_key_is_decoded_once(encoded: str, key: str) -> None:
    """R3."""
    assert read_notification(notification(record(encoded)))[0].key == key


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=30))
def test_any_key_comes_out_as_it_was(name: str) -> None:
    """R3."""
    (file,) = read_notification(notification(record(quote_plus(f"traffic/{name}", safe="/"))))
    assert file.key == f"traffic/{name}"
    assert file.feed == "traffic"


def test_the_same_event_twice_is_the_same_file_and_another_version_another() -> None:
    """R1, R21."""
    one, again = read_notification(notification(record(sequencer="1"), record(sequencer="2")))
    (other,) = read_notification(notification(record(versionId="v2")))
    assert one.file_id == again.file_id != other.file_id


def test_a_notification_may_tell_of_several_objects() -> None:
    files = read_notification(
        notification(record("traffic/a"), record("traffic/b", "ObjectCreated:CompleteMultipartUpload"))
    )
    assert [file.key for file in files] == ["traffic/a", "traffic/b"]


def test_a_bucket_without_versions_gives_the_version_null() -> None:
    event = record()
    del event["s3"]["object"]["versionId"]
    assert read_notification(notification(event))[0].version_id == "null"


def test_a_key_without_a_folder_names_no_feed() -> None:
    assert read_notification(notification(record("spots.csv")))[0].feed == ""


def test_s3s_test_event_is_accepted_and_tells_of_nothing() -> None:
    """R3."""
    body = {"Service": "Amazon S3", "Event": "s3:TestEvent", "Time": "2026-11-20T10:00:00.000Z", "Bucket": "drop"}
    assert read_notification(json.dumps(body)) == []


@pytest.mark.parametrize(
    "body",
    [
        "",
        "not json",
        "null",
        "[]",
        "{}",
        '{"Event":"s3:OtherEvent"}',
        '{"Records":{}}',
        '{"Records":[{}]}',
        notification(record(name="ObjectRemoved:Delete")),
        notification(record(name="s3:ReducedRedundancyLostObject")),
        notification(record(), record(name="ObjectRestore:Post")),
        notification(record(size="large")),
    ],
)
def test_anything_else_fails_loudly(body: str) -> None:
    """R18: and alone, since a body is one message."""
    for read in (read_notification, read_intake):
        with pytest.raises(MalformedMessage):
            read(body)


def test_a_file_that_s3_tells_of_begins_and_one_that_a_splitter_tells_of_goes_on() -> None:
    (begins,) = read_intake(notification(record("traffic/a")))
    assert (begins.file.key, begins.hop) == ("traffic/a", 0)
    goes_on = SplitMessage(file=begins.file, hop=7)
    assert read_intake(goes_on.model_dump_json()) == [goes_on]


@pytest.mark.parametrize("changes", [{"v": "new"}, {"type": "chunk"}, {"hop": None}])
def test_a_splitters_message_of_another_kind_fails_loudly(changes: dict[str, Any]) -> None:
    """R16."""
    (begins,) = read_intake(notification(record()))
    with pytest.raises(MalformedMessage):
        read_intake(json.dumps(begins.model_dump() | changes))
