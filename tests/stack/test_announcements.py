"""Whoever listens on EventBridge hears of each file's end."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.support.deployed import Deployed, until
from tests.support.spots import csv_file, spot

type Heard = Callable[[], list[dict[str, Any]]]


@pytest.fixture
def heard(deployed: Deployed) -> Iterator[Heard]:
    """What a listener to Penstock's events has heard by now."""
    sqs, events, messages = deployed.client("sqs"), deployed.client("events"), list[dict[str, Any]]()
    url = sqs.create_queue(QueueName="listener")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    events.put_rule(Name="listener", EventPattern=json.dumps({"source": ["penstock"]}))
    events.put_targets(Rule="listener", Targets=[{"Id": "queue", "Arn": arn}])

    def listen() -> list[dict[str, Any]]:
        received = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
        messages.extend(json.loads(message["Body"]) for message in received)
        return messages

    yield listen
    events.remove_targets(Rule="listener", Ids=["queue"])
    events.delete_rule(Name="listener")
    sqs.delete_queue(QueueUrl=url)


def test_each_end_is_announced_with_its_report(heard: Heard, deployed: Deployed) -> None:
    # When
    good = deployed.drop("heard.csv", csv_file([spot(number, station="KEVT") for number in range(3)]))
    bad = deployed.drop("heard.png", b"\x89PNG\r\n\x1a\n")
    reports = {"FileSettled": deployed.ended(good), "FileRefused": deployed.ended(bad)}
    until(lambda: len(heard()) >= len(reports), "an event of each file")

    # Expect
    assert {event["detail-type"]: event["detail"] for event in heard()} == reports
    assert {event["source"] for event in heard()} == {"penstock"}
