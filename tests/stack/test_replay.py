"""An operator after a bad night, on the deployed stack: what was refused, given up or never answered gets there after
all, and what had got there stays as it is."""

import json
from collections import Counter
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.support.deployed import Deployed, File, counts, until
from tests.support.spots import csv_file, spot

RECORDS = 120


@pytest.fixture
def station(request: pytest.FixtureRequest) -> str:
    """A station of the test's own, so that no other test has its records."""
    return f"K-{request.node.name}"[:100].upper()


@pytest.fixture
def stack(undisturbed: Deployed) -> Deployed:
    """The stack, its circuit closed: what came before may have opened it."""
    until(lambda: _circuit(undisturbed) == "closed", "a closed circuit")
    return undisturbed


def test_what_a_destination_refused_is_delivered_once_it_is_mended(station: str, stack: Deployed) -> None:
    # Given a file that the API refused as a whole
    stack.behave(mode="status", status=400)
    file = _drop(stack, station)
    assert stack.ended(file)["records"] == counts(RECORDS, rejected=RECORDS)
    stack.calm()

    # When it is only asked
    asked = stack.penstock("replay", "--file", file.file_id, "--dry-run", "--json")

    # Expect nothing to have happened
    assert asked.code == 0, asked.err
    assert (asked.json["records"], asked.json["findings"]) == (
        {"rejected": RECORDS},
        {"destination.rejected": RECORDS},
    )
    assert _applied(stack, station) == Counter()

    # When a part is replayed, and then the rest
    part = stack.penstock("replay", "--file", file.file_id, "--records", "0-9,50", "--yes", "--json")
    rest = stack.penstock("replay", "--file", file.file_id, "--reason", "destination.rejected", "--yes", "--json")

    # Expect
    assert part.code == 1, part.err
    assert part.json["report"]["records"] == counts(RECORDS, rejected=RECORDS - 11)
    assert rest.code == 0, rest.err
    assert rest.json["records"] == {"rejected": RECORDS - 11}
    assert rest.json["report"]["records"] == counts(RECORDS)
    assert rest.json["report"]["balanced"] is True
    assert _applied(stack, station) == Counter(range(RECORDS))
    assert stack.penstock("rejects", file.file_id).code == 0
    assert stack.rejects(file) == []
    outcome_line = stack.penstock("explain", file.file_id, "50", "--json").json
    assert [batch["outcome"] for batch in outcome_line["batches"]] == ["rejected", "delivered"]
    started = [line for line in _audited(stack, "ReplayStarted") if line["file_id"] == file.file_id]
    assert [line["asked_for"] for line in started] == ["0-9,50", None]
    assert all(line["by"] for line in started)

    # When there is nothing left
    again = stack.penstock("replay", "--file", file.file_id, "--yes", "--json")

    # Expect
    assert (again.code, again.json["then"]) == (0, ["there is nothing to replay"])


@pytest.mark.prove
def test_a_replay_asks_first_and_keeps_to_its_limit(station: str, stack: Deployed) -> None:
    # Given
    stack.behave(mode="status", status=400)
    file = _drop(stack, station)
    stack.ended(file)
    stack.calm()

    # When
    unasked = stack.penstock("replay", "--file", file.file_id)
    many = stack.penstock("replay", "--file", file.file_id, "--limit", str(RECORDS - 1), "--yes")

    # Expect
    assert unasked.code == many.code == 3
    assert "--yes" in unasked.err
    assert f"--limit {RECORDS}" in many.err
    assert len(many.err.splitlines()) == 1
    assert f"{RECORDS} rejected" in many.out
    assert _applied(stack, station) == Counter()


def test_a_dead_letter_is_shown_and_goes_back(station: str, stack: Deployed) -> None:
    # Given a chunk whose message lies in the DLQ
    with _standing_still(stack, stack.outputs["ValidatorFunctionName"]):
        file = _drop(stack, station)
        body = _take(stack, "Chunk", station)
        stack.client("sqs").send_message(
            QueueUrl=stack.outputs["ChunkDlqUrl"], MessageBody=body, MessageGroupId="traffic"
        )

    # When it is only looked at
    listed = stack.penstock("dlq", "list", "--json")
    shown = stack.penstock("dlq", "show", "chunk", "--json")
    planned = stack.penstock("redrive", "--dry-run", "--json")

    # Expect it to be there still
    assert listed.code == shown.code == 1, listed.err + shown.err
    (chunk,) = [queue for queue in listed.json if queue["letters"]]
    assert chunk["queue"] == "chunk"
    assert [(one["file_id"], one["records"]) for one in chunk["files"]] == [(file.file_id, f"0-{RECORDS - 1}")]
    (letter,) = shown.json
    assert letter["about"][0]["key"] == file.key
    assert station not in json.dumps(letter["about"][0]["records"])
    assert planned.code == 0, planned.err
    assert {one["queue"]: one["letters"] for one in planned.json} == {
        "intake": 0,
        "document": 0,
        "chunk": 1,
        "dispatch": 0,
        "notice": 0,
    }
    assert stack.dead_letters() == {"Chunk": 1}

    # When
    redriven = stack.penstock("redrive", "--queue", "chunk", "--json")

    # Expect
    assert redriven.code == 0, redriven.err
    (told,) = redriven.json
    assert (told["moved"], told["left"], told["feeds"]) == (1, 0, ["traffic"])
    assert _whole(stack, file)["records"] == counts(RECORDS)
    assert _applied(stack, station) == Counter(range(RECORDS))
    assert stack.dead_letters() == {}
    assert _audited(stack, "RedriveStarted")[-1]["queue"] == "chunk"
    assert stack.penstock("dlq", "list").code == 0


@pytest.fixture
def keyless(stack: Deployed) -> Iterator[Deployed]:
    """The stack, before a destination that does not keep keys."""
    was = stack.configure(honours_idempotency_key=False)
    try:
        yield stack
    finally:
        stack.calm()
        stack.configure(**was)


def test_what_was_not_delivered_after_all_is_replayed_and_delivered_once(station: str, keyless: Deployed) -> None:
    # Given a call whose answer says nothing, and that did nothing
    keyless.behave(mode="nonsense")
    file = _drop(keyless, station)
    assert keyless.ended(file)["records"] == counts(RECORDS, unknown=RECORDS)
    keyless.calm()
    until(lambda: _circuit(keyless) == "closed", "a closed circuit")

    # When
    listed = keyless.penstock("unknown", "list", "--file", file.file_id, "--json")
    replayed = keyless.penstock("replay", "--file", file.file_id, "--yes", "--json")

    # Expect: nobody guesses
    assert listed.code == 1, listed.err
    (batch,) = listed.json
    assert (batch["count"], batch["attempts"], batch["key"]) == (RECORDS, 1, file.key)
    assert (replayed.code, replayed.json["undecided"], replayed.json["report"]) == (1, RECORDS, None)

    # When
    note = "the API's support has no such key"
    resolved = keyless.penstock("unknown", "resolve", batch["batch_id"], "--not-delivered", "--note", note, "--json")

    # Expect
    assert resolved.code == 0, resolved.err
    assert resolved.json["report"]["state"] == "incomplete"
    assert resolved.json["report"]["ranges"] == {"dead": f"0-{RECORDS - 1}"}
    assert [line["note"] for line in _audited(keyless, "UnknownDecided") if line["file_id"] == file.file_id] == [note]
    incomplete = keyless.penstock("status", "--json").json["incomplete"]
    assert file.file_id in [one["file_id"] for one in incomplete]

    # When
    replayed = keyless.penstock("replay", "--file", file.file_id, "--yes", "--json")

    # Expect
    assert replayed.code == 0, replayed.err
    assert replayed.json["report"]["records"] == counts(RECORDS)
    assert replayed.json["report"]["state"] == "settled"
    assert _applied(keyless, station) == Counter(range(RECORDS))


@pytest.mark.prove
def test_what_was_delivered_after_all_is_never_sent_again(station: str, keyless: Deployed) -> None:
    # Given a call that was done, and its answer lost
    keyless.behave(fault_rates={"lost_answer": 1.0})
    file = _drop(keyless, station)
    assert keyless.ended(file)["records"] == counts(RECORDS, unknown=RECORDS)
    keyless.calm()
    (batch,) = keyless.penstock("unknown", "list", "--file", file.file_id, "--json").json

    # When
    resolved = keyless.penstock("unknown", "resolve", batch["batch_id"], "--delivered", "--note", "seen", "--json")
    again = keyless.penstock("unknown", "resolve", batch["batch_id"], "--not-delivered", "--note", "or not")

    # Expect
    assert resolved.code == 0, resolved.err
    assert resolved.json["report"]["records"] == counts(RECORDS)
    assert again.code == 3
    assert "is not of unknown outcome" in again.err
    assert _applied(keyless, station) == Counter(range(RECORDS))


def _drop(stack: Deployed, station: str) -> File:
    return stack.drop(f"{station}.csv", csv_file([spot(number, station=station) for number in range(RECORDS)]))


def _applied(stack: Deployed, station: str) -> Counter[int]:
    """How often the destination has which of a station's spots, by their numbers."""
    return Counter(int(record["spot_id"][1:]) for record in stack.applied() if record["station"] == station)


def _circuit(stack: Deployed) -> str:
    return stack.penstock("status", "--json").json["circuits"]["traffic"]["circuit"]


def _whole(stack: Deployed, file: File) -> dict[str, Any]:
    """The file's report, once it has ended and nothing of it is missing."""

    def look() -> dict[str, Any] | None:
        said = stack.penstock("report", file.file_id, "--json")
        return said.json if said.code == 0 and said.json["state"] == "settled" else None

    return until(look, f"the whole of {file.key}")


def _audited(stack: Deployed, what: str) -> list[dict[str, Any]]:
    """What the audit says was done, in order."""
    s3, bucket = stack.client("s3"), stack.outputs["ArchiveBucket"]
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix="audit/")
    keys = sorted(row["Key"] for page in pages for row in page.get("Contents", ()))
    return [json.loads(s3.get_object(Bucket=bucket, Key=key)["Body"].read()) for key in keys if f"-{what}-" in key]


@contextmanager
def _standing_still(stack: Deployed, function: str) -> Generator[None]:
    """The function is given no messages meanwhile."""
    functions = stack.client("lambda")
    (mapping,) = functions.list_event_source_mappings(FunctionName=function)["EventSourceMappings"]

    def switch(on: bool) -> None:
        functions.update_event_source_mapping(UUID=mapping["UUID"], Enabled=on)
        wanted = "Enabled" if on else "Disabled"
        until(lambda: functions.get_event_source_mapping(UUID=mapping["UUID"])["State"] == wanted, wanted)

    switch(False)
    try:
        yield
    finally:
        switch(True)


def _take(stack: Deployed, queue: str, station: str) -> str:
    """The body of the one message in a queue, taken out of it."""
    sqs, url = stack.client("sqs"), stack.outputs[f"{queue}QueueUrl"]
    received = until(lambda: sqs.receive_message(QueueUrl=url, WaitTimeSeconds=1).get("Messages"), "a message")
    (message,) = received
    assert station in message["Body"]
    sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return message["Body"]
