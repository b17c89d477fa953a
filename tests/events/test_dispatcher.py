"""Every way in which the dispatcher can be called."""

import json

import pytest

from penstock.model.ids import batch_id, work_key
from tests.events.conftest import FILE, Context, Functions, Stack, Tell, failing, ids_of, load

BATCH = batch_id(FILE.file_id, 0, 0)


@pytest.fixture
def validated(functions: Functions, stack: Stack) -> Stack:
    """The stack, once the sample file was split and judged."""
    stack.drop()
    assert functions.call("splitter", load("splitter", "put")) == failing()
    assert functions.call("validator", load("validator", "chunk")) == failing()
    return stack


def states(stack: Stack) -> dict[str, str]:
    return {key: row.get("file_state") or row["state"] for key, row in stack.rows().items()}


SETTLED = {"FILE": "settled", "CHUNK#000000": "settled", "BATCH#000000#000": "delivered"}


def test_a_chunk_is_delivered_and_its_file_settled(functions: Functions, validated: Stack) -> None:
    assert functions.call("dispatcher", load("dispatcher", "dispatch")) == failing()

    ((key, body),) = validated.api.calls
    assert key == body["batch_id"] == BATCH
    assert body["feed"] == "traffic"
    assert [record["record_type"] for record in body["records"]] == ["spot", "billing"]
    assert body["records"][0]["notes"] == "first in break,\r\nliner follows"
    assert states(validated) == SETTLED
    assert validated.claims() == 2
    summary = json.loads(validated.output("summary.json"))
    assert summary["balanced"]
    assert summary["records"] == {
        "received": 3, "delivered": 2, "rejected": 1, "duplicate": 0, "held": 0, "unknown": 0, "dead": 0
    }  # fmt: skip
    assert validated.heard() == [("FileSettled", summary)]
    rejects = validated.outputs()[f"reports/{FILE.file_id}/rejects.csv"]
    assert b"S-1002" in rejects
    assert b"S-1001" not in rejects


def test_a_chunk_that_was_delivered_is_not_delivered_again(functions: Functions, validated: Stack) -> None:
    functions.call("dispatcher", load("dispatcher", "dispatch"))
    before = validated.rows(), validated.outputs()

    assert functions.call("dispatcher", load("dispatcher", "redelivered")) == failing()

    assert (validated.rows(), validated.outputs()) == before
    assert len(validated.api.calls) == 1


def test_a_chunk_that_waited_is_delivered(functions: Functions, validated: Stack) -> None:
    """By a message of its own, once the other file's records have ended."""
    assert functions.call("dispatcher", load("dispatcher", "waited")) == failing()

    assert states(validated) == SETTLED
    assert len(validated.api.calls) == 1


def test_a_chunk_of_which_nothing_was_accepted_is_settled_without_a_call(functions: Functions, stack: Stack) -> None:
    stack.drop()
    functions.call("splitter", load("splitter", "put"))
    stack.emulator.client("s3").put_object(Bucket="work", Key=work_key(FILE.file_id, 0, "accepted"), Body=b"")

    assert functions.call("dispatcher", load("dispatcher", "nothing-accepted")) == failing()

    assert states(stack) == {"FILE": "settled", "CHUNK#000000": "settled"}
    assert stack.api.calls == []
    ((kind, summary),) = stack.heard()
    assert (kind, summary["records"]["rejected"], summary["balanced"]) == ("FileSettled", 3, True)


@pytest.mark.parametrize("name", ["malformed", "wrong-type"])
def test_a_message_nobody_can_read_fails(functions: Functions, validated: Stack, name: str) -> None:
    """R16, and R9: all of a batch."""
    before = validated.rows()

    with pytest.raises(Exception, match="none of 1 messages"):
        functions.call("dispatcher", load("dispatcher", name))
    assert validated.rows() == before
    assert validated.api.calls == []


def test_a_message_of_a_newer_release_waits_for_it(functions: Functions, validated: Stack, told: Tell) -> None:
    """As long as it takes: by a message of its own, so that no receive is counted and it never lies in the DLQ."""
    before = validated.rows()
    told()

    assert functions.call("dispatcher", load("dispatcher", "newer-release")) == failing()

    output = told()
    assert output.lines[0]["message"].startswith("put off: a message was written by a newer release: its version is 99")
    assert output.sums(service="dispatcher")["ChunksPutOff"] == 1
    assert validated.delayed("dispatcher") == 1
    assert validated.rows() == before


def test_a_message_nobody_can_read_fails_alone(functions: Functions, validated: Stack) -> None:
    """R18."""
    event = load("dispatcher", "malformed-beside-good")

    assert functions.call("dispatcher", event) == failing(ids_of(event)[0])
    assert states(validated) == SETTLED


def test_a_destination_that_fails_gets_the_same_batch_later(functions: Functions, validated: Stack, told: Tell) -> None:
    """By visibility (R17), under the same key."""
    validated.api.answers.append((503, {}, b""))
    event = validated.delivered("dispatcher", load("dispatcher", "dispatch"))
    told()

    with pytest.raises(Exception, match="none of 1 messages"):
        functions.call("dispatcher", event)

    (line,) = told().lines
    assert (line["message"], line["reason"]) == ("must come again", "the destination answered 503")
    assert states(validated)["BATCH#000000#000"] == "attempted"
    assert functions.call("dispatcher", event) == failing()
    assert [key for key, _ in validated.api.calls] == [BATCH, BATCH]
    assert validated.api.calls[0] == validated.api.calls[1]
    assert states(validated) == SETTLED


def test_a_destination_that_says_when_gets_the_same_batch_then(
    functions: Functions, validated: Stack, told: Tell
) -> None:
    """Not before its Retry-After (R27), by a message of its own: no receive is burnt."""
    validated.api.answers.append((503, {"Retry-After": "600"}, b""))
    told()

    assert functions.call("dispatcher", load("dispatcher", "dispatch")) == failing()

    (line,) = told().lines
    assert line["message"] == "put off: the destination answered 503"
    assert validated.delayed("dispatcher") == 1
    assert states(validated)["BATCH#000000#000"] == "attempted"
    assert functions.call("dispatcher", load("dispatcher", "waited")) == failing()
    assert [key for key, _ in validated.api.calls] == [BATCH, BATCH]
    assert validated.api.calls[0] == validated.api.calls[1]
    assert states(validated) == SETTLED


def test_records_the_destination_refuses_come_back_with_its_reason(functions: Functions, validated: Stack) -> None:
    """And free their claims, so that they can be dropped again."""
    answer = {"results": [{"index": 1, "status": 422, "code": "no_contract", "message": "no contract B-77"}]}
    validated.api.answers.append((207, {"Content-Type": "application/json"}, json.dumps(answer).encode()))

    assert functions.call("dispatcher", load("dispatcher", "dispatch")) == failing()

    ((_, summary),) = validated.heard()
    assert (summary["records"]["delivered"], summary["records"]["rejected"]) == (1, 2)
    rejects = validated.outputs()[f"reports/{FILE.file_id}/rejects.csv"]
    assert b"no_contract: no contract B-77" in rejects
    assert validated.claims() == 1


def test_with_no_time_left_nothing_is_begun(functions: Functions, validated: Stack) -> None:
    """R10."""
    event = validated.delivered("dispatcher", load("dispatcher", "dispatch"))
    before = validated.rows()

    with pytest.raises(Exception, match="none of 1 messages"):
        functions.call("dispatcher", event, Context(milliseconds=500))
    assert validated.rows() == before


def test_with_too_little_time_for_an_answer_nothing_is_sent(functions: Functions, validated: Stack) -> None:
    """R10: a call may take 20 seconds, and the ledger must still be told."""
    event = load("dispatcher", "dispatch")

    assert functions.call("dispatcher", event, Context(milliseconds=20_000)) == failing()

    assert validated.api.calls == []
    assert validated.delayed("dispatcher") == 1
    assert functions.call("dispatcher", load("dispatcher", "waited")) == failing()
    assert states(validated) == SETTLED


def test_settings_that_are_wrong_send_nothing(functions: Functions, validated: Stack) -> None:
    environment = validated.environment("dispatcher")
    validated.emulator.client("ssm").put_parameter(
        Name=f"{environment['PENSTOCK_DESTINATIONS_PATH']}/traffic", Value="{}", Type="String", Overwrite=True
    )

    assert functions.call("dispatcher", load("dispatcher", "dispatch")) == failing()

    assert validated.api.calls == []
    assert validated.delayed("dispatcher") == 1, "it is tried again once somebody has mended them"
