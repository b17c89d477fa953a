"""Every way in which the splitter can be called."""

import json
import zipfile
from typing import Any
from urllib.parse import unquote_plus

import pytest

from penstock.model.ids import file_id
from penstock.model.messages import SourceFile
from penstock.split import stage as splitter
from tests.events.conftest import FILE, SPOTS, Context, Functions, Stack, Tell, failing, ids_of, load
from tests.support.archives import packed


def chunks_sent(stack: Stack) -> list[dict[str, Any]]:
    return stack.receive(stack.names["ChunkQueue"])


def pinned(event: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """The event of an object that is really there."""
    for record in event["Records"]:
        notification = json.loads(record["body"])
        notification["Records"][0]["s3"]["object"] |= changes
        record["body"] = json.dumps(notification)
    return event


def test_a_dropped_file_is_split_and_sealed(functions: Functions, stack: Stack) -> None:
    stack.drop()

    assert functions.call("splitter", load("splitter", "put")) == failing()

    file = stack.rows()["FILE"]
    assert (file["file_state"], file["received"], file["chunks"]) == ("sealed", "3", "1")
    (message,) = chunks_sent(stack)
    assert message["Attributes"]["MessageGroupId"] == "traffic"
    assert json.loads(message["Body"]) == json.loads(load("validator", "chunk")["Records"][0]["body"]), (
        "what the splitter sends is what the validator's sample says it gets"
    )


def test_a_copied_object_is_a_file_of_its_own(functions: Functions, stack: Stack) -> None:
    stack.drop("traffic/2026-11-20/spots-copy.csv")

    assert functions.call("splitter", load("splitter", "copy")) == failing()
    assert stack.rows()["FILE"]["file_state"] == "sealed"


def test_an_object_uploaded_in_parts_is_pinned_by_its_own_kind_of_etag(functions: Functions, stack: Stack) -> None:
    s3 = stack.emulator.client("s3")
    header, records = b"spot_id,station,isci,air_date,air_time,length_s\n", b""
    record = b"S-%07d,WXYZ,ABCD1234000H,2026-11-20,06:14:30,30\n"
    records = b"".join(record % n for n in range(110_000))
    body, where = header + records, {"Bucket": FILE.bucket, "Key": "traffic/2026-11-20/day.csv"}
    upload = s3.create_multipart_upload(**where)["UploadId"]
    parts = [
        {
            "PartNumber": number,
            "ETag": s3.upload_part(**where, UploadId=upload, PartNumber=number, Body=body[at : at + 5 * 1024 * 1024])[
                "ETag"
            ],
        }
        for number, at in enumerate(range(0, len(body), 5 * 1024 * 1024), 1)
    ]
    made = s3.complete_multipart_upload(**where, UploadId=upload, MultipartUpload={"Parts": parts})
    etag = made["ETag"].strip('"')
    assert etag.endswith("-2")

    event = pinned(load("splitter", "multipart"), size=len(body), eTag=etag, versionId=made["VersionId"])
    assert functions.call("splitter", event) == failing()

    file = stack.rows()["FILE"]
    assert (file["file_state"], file["received"], file["chunks"]) == ("sealed", "110000", "22")
    assert len(chunks_sent(stack)) == 22


def test_the_rest_of_a_long_file_is_handed_on(
    functions: Functions, stack: Stack, told: Tell, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R17: with half a minute left, by a message like the sample, which the next invocation goes on with."""
    monkeypatch.setattr(splitter, "PAUSE", 0)
    record = b"S-%07d,WXYZ,ABCD1234000H,2026-11-20,06:14:30,30\n"
    body = b"spot_id,station,isci,air_date,air_time,length_s\n" + b"".join(record % n for n in range(200_000))
    made = stack.emulator.client("s3").put_object(Bucket=FILE.bucket, Key=FILE.key, Body=body)
    etag = made["ETag"].strip('"')
    event = pinned(load("splitter", "put"), size=len(body), eTag=etag, versionId=made["VersionId"])

    assert functions.call("splitter", event, Context(milliseconds=31_000)) == failing()

    row = stack.rows()["FILE"]
    assert (row["file_state"], row["leased_until"]) == ("splitting", "0")
    first = chunks_sent(stack)
    assert 0 < len(first) < 40
    (line,) = told().lines
    assert (line["message"], line["counts"]) == ("handed on", {"FilesHandedOn": 1})
    (message,) = stack.receive(stack.names["IntakeQueue"])
    sample = load("splitter", "continue")["Records"][0]
    changed = {"size": len(body), "etag": etag, "version_id": made["VersionId"], "sequencer": FILE.sequencer}
    expected = json.loads(sample["body"])
    assert json.loads(message["Body"]) == expected | {"file": expected["file"] | changed}
    assert message["Attributes"]["MessageGroupId"] == sample["attributes"]["MessageGroupId"]

    event["Records"][0]["body"] = message["Body"]
    assert functions.call("splitter", event) == failing()
    row = stack.rows()["FILE"]
    assert (row["file_state"], row["received"], row["chunks"]) == ("sealed", "200000", "40")
    assert "splitting_from" not in row
    spans = [json.loads(message["Body"])["span"]["chunk"] for message in [*first, *chunks_sent(stack)]]
    assert sorted(spans) == list(range(40))


def test_a_message_that_goes_on_with_a_file_nobody_began_begins_it(functions: Functions, stack: Stack) -> None:
    stack.drop()

    assert functions.call("splitter", load("splitter", "continue")) == failing()
    assert stack.rows()["FILE"]["file_state"] == "sealed"


def test_a_key_is_decoded_once(functions: Functions, stack: Stack) -> None:
    """R3: spaces, plus, percent, and letters beyond ASCII."""
    key = "traffic/2026-11-20/früh + spät 100% geprüft.csv"
    stack.drop(key)

    assert functions.call("splitter", load("splitter", "put-odd-key")) == failing()

    file = stack.rows()["FILE"]
    assert file["file_state"] == "sealed"
    assert json.loads(file["file"])["key"] == key
    assert unquote_plus(key) != key, "decoding it again would spoil it"


def test_a_file_that_was_seen_before_is_not_split_again(functions: Functions, stack: Stack) -> None:
    """R1."""
    stack.drop()
    functions.call("splitter", load("splitter", "put"))
    before = stack.rows(), len(chunks_sent(stack))

    assert functions.call("splitter", load("splitter", "redelivered")) == failing()

    assert stack.rows() == before[0]
    assert before[1] == 1
    assert chunks_sent(stack) == []


def test_a_file_whose_splitter_died_is_split_by_the_next(functions: Functions, stack: Stack) -> None:
    """The first one's lease runs out with its invocation: 15 minutes ago."""
    stack.drop()
    functions.call("splitter", load("splitter", "put"))
    first = chunks_sent(stack)
    table = stack.names["Ledger"]
    stack.emulator.client("dynamodb").update_item(
        TableName=table,
        Key={"pk": {"S": f"FILE#{FILE.file_id}"}, "sk": {"S": "FILE"}},
        UpdateExpression="SET file_state = :splitting, leased_until = :past",
        ExpressionAttributeValues={":splitting": {"S": "splitting"}, ":past": {"N": "1"}},
    )

    assert functions.call("splitter", load("splitter", "redelivered")) == failing()

    assert stack.rows()["FILE"]["file_state"] == "sealed"
    assert [message["Body"] for message in chunks_sent(stack)] == [message["Body"] for message in first], "R28"


def test_the_same_event_twice_at_once_is_one_file(functions: Functions, stack: Stack) -> None:
    """R1: one splits, the other finds it busy and comes again, to find it done."""
    stack.drop()
    event = stack.delivered("splitter", load("splitter", "same-event-twice"))

    answer = functions.call("splitter", event)

    (again,) = [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]
    assert again in ids_of(event)
    assert stack.rows()["FILE"]["file_state"] == "sealed"
    assert len(chunks_sent(stack)) == 1
    late = {"Records": [record for record in event["Records"] if record["messageId"] == again]}
    assert functions.call("splitter", late) == failing()
    assert chunks_sent(stack) == []


def test_the_test_event_is_accepted(functions: Functions, stack: Stack, told: Tell) -> None:
    """R3: S3 sends it when the notification is set up."""
    assert functions.call("splitter", load("splitter", "test-event")) == failing()

    assert stack.rows() == {}
    assert told().lines == []


def test_a_key_that_names_no_feed_is_refused(functions: Functions, stack: Stack) -> None:
    stack.drop("weather/2026-11-20/spots.csv")

    assert functions.call("splitter", load("splitter", "unknown-feed")) == failing()

    assert stack.rows()["FILE"]["file_state"] == "refused"
    summary = json.loads(stack.output("summary.json"))
    assert summary["state"] == "refused"
    assert summary["refused"]["code"]
    assert stack.heard() == [("FileRefused", summary)]
    assert chunks_sent(stack) == []


def test_an_object_that_is_gone_is_refused(functions: Functions, stack: Stack) -> None:
    """Dropped and deleted before anybody came to read it."""
    assert functions.call("splitter", load("splitter", "put")) == failing()

    summary = json.loads(stack.output("summary.json"))
    assert (summary["state"], summary["refused"]["code"]) == ("refused", "format.gone")
    assert summary["file_id"] == file_id(FILE.bucket, FILE.key, FILE.version_id)


def test_a_message_nobody_can_read_fails(functions: Functions, stack: Stack) -> None:
    """All of a batch: the handler raises, so that the poller backs off (R9)."""
    with pytest.raises(Exception, match="none of 1 messages"):
        functions.call("splitter", load("splitter", "malformed"))

    assert stack.rows() == {}


def test_a_message_nobody_can_read_fails_alone(functions: Functions, stack: Stack) -> None:
    """R18."""
    stack.drop()
    event = load("splitter", "malformed-beside-good")

    assert functions.call("splitter", event) == failing(ids_of(event)[0])
    assert stack.rows()["FILE"]["file_state"] == "sealed"


def test_with_no_time_left_nothing_is_begun(functions: Functions, stack: Stack, told: Tell) -> None:
    """R10: the message is there again at once, for an invocation that has time."""
    stack.drop()
    event = stack.delivered("splitter", load("splitter", "put"))

    with pytest.raises(Exception, match="none of 1 messages"):
        functions.call("splitter", event, Context(milliseconds=1_900))

    assert stack.rows() == {}
    (line,) = told().lines
    assert (line["error"], line["receives"]) == ("OutOfTime", 1)
    assert line["wait_seconds"] <= 2
    assert functions.call("splitter", event) == failing()
    assert stack.rows()["FILE"]["file_state"] == "sealed"


WEEK = packed({"spots.csv": SPOTS, "late/spots.csv": SPOTS.replace(b"2026-11-20", b"2026-11-21")}, zipfile.ZIP_STORED)


def files_of(stack: Stack) -> dict[str, dict[str, Any]]:
    """The ledger's files by what was dropped."""
    rows = [item for item in stack.emulator.items(stack.names["Ledger"]) if item["sk"]["S"] == "FILE"]
    files = {SourceFile.model_validate_json(row["file"]["S"]).dropped.key: row for row in rows}
    return {key: {name: next(iter(value.values())) for name, value in row.items()} for key, row in files.items()}


def test_an_archive_is_handed_on_file_by_file(functions: Functions, stack: Stack) -> None:
    stack.drop("traffic/2026-11-20/week.zip", WEEK)

    assert functions.call("splitter", load("splitter", "put-archive")) == failing()

    archive = files_of(stack)["traffic/2026-11-20/week.zip"]
    assert (archive["file_state"], archive["unpacked_files"]) == ("unpacked", "2")
    assert [kind for kind, _ in stack.heard()] == ["FileUnpacked"]
    assert chunks_sent(stack) == []
    first, second = sorted(stack.receive(stack.source_queue("splitter")), key=lambda message: len(message["Body"]))
    assert json.loads(second["Body"]) == json.loads(load("splitter", "archive-entry")["Records"][0]["body"]), (
        "what the splitter sends to itself is what the sample says it gets"
    )
    assert first["Attributes"]["MessageGroupId"] == second["Attributes"]["MessageGroupId"] == "traffic"


def test_a_file_of_an_archive_is_staged_and_split(functions: Functions, stack: Stack) -> None:
    """R4: into the work bucket; nothing is written where it was dropped."""
    stack.drop("traffic/2026-11-20/week.zip", WEEK)

    assert functions.call("splitter", load("splitter", "archive-entry")) == failing()

    ((key, file),) = files_of(stack).items()
    assert key == "traffic/2026-11-20/week.zip!late/spots.csv"
    assert (file["file_state"], file["received"], file["chunks"]) == ("sealed", "3", "1")
    staged = SourceFile.model_validate_json(file["file"])
    assert (staged.bucket, staged.key) == ("work", f"staged/{staged.file_id}")
    assert stack.outputs()[staged.key] == SPOTS.replace(b"2026-11-20", b"2026-11-21")
    (message,) = chunks_sent(stack)
    assert json.loads(message["Body"])["file"] == staged.model_dump(mode="json")
    drops = stack.emulator.client("s3").list_object_versions(Bucket=FILE.bucket)["Versions"]
    assert [one["Key"] for one in drops] == ["traffic/2026-11-20/week.zip"]
