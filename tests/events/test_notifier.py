"""Every way in which the notifier can be called."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.events.conftest import Context, Functions, Stack, Tell, failing, ids_of, load
from tests.support.noticed import SECRETS, Receiver, receiving


@pytest.fixture
def receiver(stack: Stack) -> Iterator[Receiver]:
    """Somebody's server, and two routes: one leads to it, the other to the outbox."""
    with receiving() as receiver:
        name = "penstock/penstock/notices/desk"
        stack.emulator.client("secretsmanager").create_secret(Name=name, SecretString=json.dumps(SECRETS["hook"]))
        desk = {"kind": "webhook", "url": f"{receiver.url}/hook", "secret": name}
        settings = {"routes": {"desk": desk, "senders": {"kind": "outbox", "tells": ["receipts"]}}}
        stack.emulator.client("ssm").put_parameter(
            Name="/penstock/penstock/notices", Value=json.dumps(settings), Type="String", Overwrite=True
        )
        yield receiver


def sent(stack: Stack) -> dict[str, Any]:
    """An event with what lies on the notifier's queue."""
    messages = stack.receive(stack.names["NoticeQueue"])
    event = load("notifier", "notice")
    (record,) = event["Records"]
    event["Records"] = [
        record | {"messageId": one["MessageId"], "receiptHandle": one["ReceiptHandle"], "body": one["Body"]}
        for one in messages
    ]
    return event


def test_a_refused_file_is_told_by_a_signed_call_and_its_sender_by_a_receipt(
    functions: Functions, stack: Stack, receiver: Receiver, told: Tell
) -> None:
    assert functions.call("notifier", load("notifier", "refused")) == failing()
    assert functions.call("notifier", sent(stack)) == failing()

    ((path, headers, body),) = receiver.taken
    assert path == "/hook"
    assert body["data"]["title"] == "traffic: A file was refused (format.unknown)"
    assert headers["webhook-id"].startswith("msg_")
    (key,) = [key for key in stack.outputs() if key.startswith("outbox/")]
    assert key == "outbox/traffic/7d0c2f4e9a1b3c5d6e7f/0.txt"
    output = told()
    assert output.sums(service="notifier", feed="traffic") == {"CausesTold": 1, "NoticesGiven": 2, "NoticeAttempts": 2}
    assert "whsec_" not in output.raw
    assert headers["webhook-signature"] not in output.raw


def test_what_was_met_before_on_that_day_is_only_counted(
    functions: Functions, stack: Stack, receiver: Receiver
) -> None:
    for _ in range(3):
        functions.call("notifier", load("notifier", "settled"))
        functions.call("notifier", sent(stack))

    assert sorted(body["data"]["title"] for _, _, body in receiver.taken) == [
        "traffic: Records are held",
        "traffic: Records were rejected",
    ]
    assert {row["times"] for row in stack.rows("MET").values()} == {"3"}


def test_an_hour_of_the_clock_brings_the_digest(functions: Functions, stack: Stack, receiver: Receiver) -> None:
    settings = {"routes": {"desk": {"kind": "email"}}, "digest_hour": 0}
    stack.emulator.client("ssm").put_parameter(
        Name="/penstock/penstock/notices", Value=json.dumps(settings), Type="String", Overwrite=True
    )

    assert functions.call("notifier", load("notifier", "hour")) == failing()

    (message,) = [json.loads(one["Body"]) for one in stack.receive(stack.names["NoticeQueue"])]
    assert (message["route"], message["notice"]["kind"]) == ("desk", "digest")


def test_a_notice_that_nobody_takes_comes_again_and_is_given_once(
    functions: Functions, stack: Stack, receiver: Receiver
) -> None:
    receiver.answers = [503]
    event = stack.delivered("notifier", load("notifier", "notice"))
    with pytest.raises(Exception, match="none of 1 messages"):
        functions.call("notifier", event)

    for _ in range(2):
        assert functions.call("notifier", load("notifier", "notice")) == failing()

    assert len(receiver.taken) == 1


@pytest.mark.usefixtures("receiver")
def test_what_a_newer_release_wrote_waits_for_it(functions: Functions, stack: Stack) -> None:
    assert functions.call("notifier", load("notifier", "newer-release")) == failing()

    assert stack.delayed("notifier") == 1


@pytest.mark.usefixtures("receiver")
def test_what_nobody_can_read_fails_alone(functions: Functions, stack: Stack) -> None:
    bad, good = load("notifier", "malformed"), load("notifier", "settled")

    answer = functions.call("notifier", {"Records": [*bad["Records"], *good["Records"]]}, Context())

    assert answer == failing(*ids_of(bad))
