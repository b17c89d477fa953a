"""A function that is told nonsense by its environment does not start."""

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from dispatcher.settings import Settings
from penstock.adapters.environment import (
    BucketName,
    BusName,
    FeedName,
    FunctionName,
    ParameterPath,
    QueueArn,
    QueueUrl,
    RetentionDays,
    TableName,
)

URL = "https://sqs.eu-central-1.amazonaws.com/123456789012/penstock-TrafficDispatchQueue"
ARN = "arn:aws:sqs:eu-central-1:123456789012:penstock-TrafficDispatchQueue"
TOLD = {
    "LEDGER_TABLE": "penstock-Ledger-1ABC",
    "CLAIMS_TABLE": "penstock-Claims-1ABC",
    "WORK_BUCKET": "penstock-workbucket-1abc",
    "ARCHIVE_BUCKET": "penstock-archivebucket-1abc",
    "DISPATCH_QUEUES": f'{{"traffic": "{URL}"}}',
    "DISPATCH_QUEUE_ARNS": f'{{"traffic": "{ARN}"}}',
    "DISPATCHER_FUNCTION": "penstock-dispatcher",
    "DESTINATIONS_PATH": "/penstock/penstock/destinations",
    "LANE_MAXIMUM_CONCURRENCY": "4",
    "EVENT_BUS": "default",
    "RETENTION_DAYS": "90",
}


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (TableName, "L"),
        (TableName, "a table"),
        (BucketName, "Drop"),
        (BucketName, "-drop"),
        (QueueUrl, "IntakeQueue"),
        (QueueUrl, "sqs.eu-central-1.amazonaws.com/123456789012/queue"),
        (QueueArn, URL),
        (FunctionName, "penstock dispatcher"),
        (BusName, ""),
        (ParameterPath, "penstock/destinations"),
        (ParameterPath, "/penstock/destinations/"),
        (FeedName, "Traffic"),
        (RetentionDays, 44),
        (RetentionDays, 3651),
    ],
)
def test_what_aws_cannot_have_given_is_refused(kind: Any, value: Any) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(kind).validate_python(value)


def test_a_dispatcher_as_it_is_deployed(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in TOLD.items():
        monkeypatch.setenv(f"PENSTOCK_{name}", value)

    settings = Settings()  # pyright: ignore[reportCallIssue]

    assert settings.dispatch_queues == {"traffic": URL}
    assert settings.dispatch_queue_arns == {"traffic": ARN}
    assert settings.retention_days == 90


def test_the_function_that_mappings_call_may_be_an_alias() -> None:
    alias = "arn:aws:lambda:eu-central-1:123456789012:function:penstock-dispatcher:live"

    assert TypeAdapter(FunctionName).validate_python(alias) == alias


@pytest.mark.parametrize("name", TOLD)
def test_nothing_may_be_missing(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for other, value in TOLD.items():
        if other != name:
            monkeypatch.setenv(f"PENSTOCK_{other}", value)

    with pytest.raises(ValidationError):
        Settings()  # pyright: ignore[reportCallIssue]
