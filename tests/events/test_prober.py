"""Every way in which the prober can be called, and what the dispatcher has to do with it."""

import json
from typing import Any

import pytest

from penstock.feeds import FEEDS
from penstock.model.ids import batch_id
from penstock.ports.throttle import Circuit
from tests.events.conftest import FILE, Functions, Mapping, Stack, Tell, failing, load

CLOSED = dict.fromkeys(FEEDS, "circuit closed")
OPEN = CLOSED | {"traffic": "circuit open"}


class Outage:
    """The stack with a chunk that waits for delivery."""

    def __init__(self, functions: Functions, stack: Stack) -> None:
        self.stack, self._functions, self.mapping = stack, functions, Mapping(stack)

    def message(self) -> dict[str, Any]:
        """The chunk's, as the dispatcher gets it."""
        return self.stack.delivered("dispatcher", load("dispatcher", "dispatch"))

    def put_back(self) -> None:
        """The chunk's message can be received again."""
        event = load("dispatcher", "dispatch")
        self.stack.emulator.client("sqs").send_message(
            QueueUrl=self.stack.source_queue("dispatcher"), MessageBody=event["Records"][0]["body"]
        )

    def strike(self) -> None:
        """The destination fails until the circuit opens."""
        self.stack.api.answers += [(503, {}, b"")] * 3
        event = self.message()
        for number in range(3):
            # On as it is in AWS, but not for so long that the message is polled before it was processed.
            self.mapping.switch(on=number == 2)
            with pytest.raises(Exception, match="none of 1 messages"):
                self._functions.call("dispatcher", event)
        self.stack.emulator.client("sqs").purge_queue(QueueUrl=self.stack.source_queue("dispatcher"))

    def due(self) -> None:
        """It is time to probe."""
        self.stack.emulator.client("dynamodb").update_item(
            TableName=self.stack.names["Ledger"],
            Key={"pk": {"S": "THROTTLE#traffic"}, "sk": {"S": "THROTTLE"}},
            UpdateExpression="SET probe_at = :now",
            ExpressionAttributeValues={":now": {"N": "1"}},
        )

    @property
    def circuit(self) -> str:
        return self.stack.rows("THROTTLE").get("THROTTLE", {}).get("circuit", Circuit.CLOSED)


@pytest.fixture
def outage(functions: Functions, stack: Stack) -> Outage:
    stack.drop()
    assert functions.call("splitter", load("splitter", "put")) == failing()
    assert functions.call("validator", load("validator", "chunk")) == failing()
    stack.receive(stack.source_queue("dispatcher"))
    return Outage(functions, stack)


def looked(functions: Functions) -> dict[str, str]:
    """What the prober says of each feed's circuit."""
    return {one["feed"]: one["what"] for one in functions.call("prober", load("prober", "circuits"))}


def test_an_operator_may_ask_for_a_lanes_own_destination(functions: Functions, outage: Outage) -> None:
    (looked_at,) = functions.call("prober", load("prober", "lane"))

    assert (looked_at["feed"], looked_at["trace"]) == ("tower", "tower/north")
    assert looked_at["what"] == "circuit closed"


def test_where_all_is_well_the_mapping_is_on(functions: Functions, outage: Outage, told: Tell) -> None:
    """Whoever closed the circuit may have died before it switched the mapping."""
    outage.put_back()
    outage.stack.receive(outage.stack.source_queue("dispatcher"))
    told()

    assert looked(functions) == CLOSED

    assert outage.mapping.polls
    assert told().sums(feed="traffic", service="prober") == {}, "what is nothing costs nothing"
    assert outage.stack.api.calls == []


def test_a_destination_that_fails_again_and_again_opens_its_circuit(
    functions: Functions, outage: Outage, told: Tell
) -> None:
    outage.strike()

    assert outage.circuit == "open"
    assert not outage.mapping.polls
    ((kind, detail),) = outage.stack.heard()
    assert (kind, detail["feed"], detail["reason"]) == ("CircuitOpened", "traffic", "the destination answered 503")
    (audited,) = [json.loads(body) for key, body in outage.stack.archived().items() if key.startswith("audit/")]
    assert (audited["what"], audited["feed"]) == ("CircuitOpened", "traffic")
    # A chunk that was on its way to a dispatcher comes later, by a message of its own.
    told()
    assert functions.call("dispatcher", outage.message()) == failing()
    assert len(outage.stack.api.calls) == 3
    assert told().sums(feed="traffic", service="dispatcher")["ChunksPutOff"] == 1
    assert outage.stack.delayed("dispatcher") == 1


def test_before_its_time_an_open_circuit_is_not_tried(functions: Functions, outage: Outage) -> None:
    outage.strike()
    outage.put_back()
    outage.mapping.switch(on=True)

    assert looked(functions) == OPEN

    assert not outage.mapping.polls
    assert len(outage.stack.api.calls) == 3


def test_a_probe_that_succeeds_closes_the_circuit(functions: Functions, outage: Outage) -> None:
    outage.strike()
    outage.put_back()
    outage.due()

    assert looked(functions) == CLOSED

    assert outage.circuit == "closed"
    assert outage.mapping.polls
    kinds = [kind for kind, _ in outage.stack.heard()]
    assert sorted(kinds) == ["CircuitClosed", "CircuitHalfOpened", "CircuitOpened", "FileSettled"]
    assert {key for key, _ in outage.stack.api.calls} == {batch_id(FILE.file_id, 0, 0)}
    assert outage.stack.receive(outage.stack.source_queue("dispatcher")) == []


def test_a_probe_that_fails_leaves_the_message_for_later(functions: Functions, outage: Outage) -> None:
    """By another message: probing for hours ends in no DLQ."""
    outage.strike()
    outage.put_back()
    outage.due()
    outage.stack.api.answers.append((503, {}, b""))

    assert looked(functions) == OPEN

    assert outage.circuit == "open"
    assert not outage.mapping.polls
    assert len(outage.stack.api.calls) == 4
    assert outage.stack.receive(outage.stack.source_queue("dispatcher")) == []
    assert outage.stack.delayed("dispatcher") == 1


def test_at_an_operators_word_it_is_tried_before_its_time_and_no_other_feed_is_looked_at(
    functions: Functions, outage: Outage
) -> None:
    outage.strike()
    outage.put_back()

    (looked_at,) = functions.call("prober", load("prober", "now"))

    assert (looked_at["feed"], looked_at["what"]) == ("traffic", "circuit closed")
    assert outage.mapping.polls


def test_with_nothing_to_try_it_the_circuit_closes(functions: Functions, outage: Outage) -> None:
    outage.strike()
    outage.due()

    assert looked(functions) == CLOSED


def test_a_feed_that_cannot_be_looked_at_is_an_error(functions: Functions, stack: Stack, told: Tell) -> None:
    """There are no mappings here. Lambda counts it, and the next tick looks again."""
    with pytest.raises(Exception, match=f"could not be done: {', '.join(sorted(FEEDS))}"):
        looked(functions)

    assert sorted((line["message"], line["audit_trace_id"], line["error"]) for line in told().lines) == [
        ("failed", feed, "Transient") for feed in sorted(FEEDS)
    ]


def test_an_event_nobody_knows_fails(functions: Functions, stack: Stack) -> None:
    with pytest.raises(Exception, match="does not ask"):
        functions.call("prober", load("prober", "nonsense"))
