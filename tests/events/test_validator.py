"""Every way in which the validator can be called."""

import json
from typing import Any

import pytest

from penstock.outputs.accepted import load_accepted
from penstock.outputs.judged import PARTS, part_of
from tests.events.conftest import FILE, Context, Functions, Stack, Tell, failing, ids_of, load


def passed_on(stack: Stack) -> list[dict[str, Any]]:
    return stack.receive(stack.source_queue("dispatcher"))


def test_a_chunk_is_judged_and_passed_on(functions: Functions, stack: Stack) -> None:
    stack.drop()

    assert functions.call("validator", load("validator", "chunk")) == failing()

    assert stack.rows()["CHUNK#000000"]["state"] == "validated"
    (message,) = passed_on(stack)
    assert message["Attributes"]["MessageGroupId"] == "traffic"
    assert json.loads(message["Body"]) == json.loads(load("dispatcher", "dispatch")["Records"][0]["body"]), (
        "what the validator sends is what the dispatcher's sample says it gets"
    )
    judged = {name: part_of(stack.output("accepted"), name) or b"" for name in PARTS}
    assert len(load_accepted(judged["accepted"])) == 2
    assert b"S-1002" in judged["rejects.csv"]
    (finding,) = map(json.loads, judged["findings.ndjson"].splitlines())
    assert (finding["ordinal"], finding["code"]) == (2, "traffic.spot_needs_material")


def test_a_chunk_that_was_judged_before_is_not_judged_again(functions: Functions, stack: Stack) -> None:
    stack.drop()
    functions.call("validator", load("validator", "chunk"))
    before = stack.rows(), stack.outputs()
    passed_on(stack)

    assert functions.call("validator", load("validator", "redelivered")) == failing()

    assert (stack.rows(), stack.outputs()) == before
    assert passed_on(stack) == []


def test_a_chunk_whose_validator_died_is_judged_the_same(functions: Functions, stack: Stack) -> None:
    """It had done everything but tell the ledger."""
    stack.drop()
    functions.call("validator", load("validator", "chunk"))
    outputs, (first,) = stack.outputs(), passed_on(stack)
    stack.emulator.client("dynamodb").update_item(
        TableName=stack.names["Ledger"],
        Key={"pk": {"S": f"FILE#{FILE.file_id}"}, "sk": {"S": "CHUNK#000000"}},
        UpdateExpression="SET #state = :sent, leased_until = :past",
        ExpressionAttributeNames={"#state": "state"},
        ExpressionAttributeValues={":sent": {"S": "sent"}, ":past": {"N": "1"}},
    )

    assert functions.call("validator", load("validator", "redelivered")) == failing()

    assert stack.outputs() == outputs
    (second,) = passed_on(stack)
    assert second["Body"] == first["Body"]


@pytest.mark.parametrize("name", ["malformed", "wrong-type"])
def test_a_message_nobody_can_read_fails(functions: Functions, stack: Stack, name: str) -> None:
    """R16, and R9: all of a batch."""
    stack.drop()

    with pytest.raises(Exception, match="none of 1 messages"):
        functions.call("validator", load("validator", name))
    assert stack.rows() == {}


def test_a_message_of_a_newer_release_waits_for_it(functions: Functions, stack: Stack, told: Tell) -> None:
    """As long as it takes: by a message of its own, so that no receive is counted and it never lies in the DLQ."""
    before = stack.rows()
    told()

    assert functions.call("validator", load("validator", "newer-release")) == failing()

    output = told()
    assert output.lines[0]["message"].startswith("put off: a message was written by a newer release: its version is 99")
    assert output.sums(service="validator")["ChunksPutOff"] == 1
    assert stack.delayed("validator") == 1
    assert stack.rows() == before


def test_a_message_nobody_can_read_fails_alone(functions: Functions, stack: Stack) -> None:
    """R18."""
    stack.drop()
    event = load("validator", "malformed-beside-good")

    assert functions.call("validator", event) == failing(ids_of(event)[0])
    assert stack.rows()["CHUNK#000000"]["state"] == "validated"


def test_with_no_time_left_nothing_is_begun(functions: Functions, stack: Stack) -> None:
    """R10."""
    event = stack.delivered("validator", load("validator", "chunk"))

    with pytest.raises(Exception, match="none of 1 messages"):
        functions.call("validator", event, Context(milliseconds=1_000))
    assert stack.rows() == {}
