"""The event bus's contract, on the twin and on EventBridge."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import pytest

from penstock.adapters.aws_clients import AwsClients
from penstock.adapters.aws_events import EventBridge
from penstock.model.errors import Transient
from penstock.ports.event_bus import EventBus
from penstock_testing.memory import MemoryEvents
from tests.contract.stubs import Scripted, refusal
from tests.support.emulators import Emulator

pytestmark = pytest.mark.asyncio(loop_scope="session")

SUMMARY = {
    "file_id": "4c9e4c9d6dd5e4d71ae7",
    "key": "traffic/früh.csv",
    "records": {"received": 3, "delivered": 2},
    "balanced": True,
    "refused": None,
    "seconds": 1.25,
}


class Listener(Protocol):
    """A bus under test, with somebody who listens."""

    @property
    def bus(self) -> EventBus: ...

    def heard(self) -> list[tuple[str, Mapping[str, Any]]]:
        """Kind and detail of what was published."""
        ...


@dataclass
class InMemory:
    bus: MemoryEvents

    def heard(self) -> list[tuple[str, Mapping[str, Any]]]:
        return self.bus.published


@dataclass
class OnEventBridge:
    """Listens by a rule on source and stack that a consumer would write, and a queue."""

    bus: EventBridge
    sqs: Any
    url: str

    def heard(self) -> list[tuple[str, Mapping[str, Any]]]:
        events: list[dict[str, Any]] = []
        while messages := self.sqs.receive_message(QueueUrl=self.url, MaxNumberOfMessages=10).get("Messages"):
            events += [json.loads(message["Body"]) for message in messages]
        return [(event["detail-type"], event["detail"]) for event in events]


@pytest.fixture
def on_eventbridge(moto: Emulator, on_moto: AwsClients) -> OnEventBridge:
    """moto matches patterns and calls targets as EventBridge does."""
    sqs, events = moto.client("sqs"), moto.client("events")
    bus, rule, url = moto.name("bus"), moto.name("rule"), moto.queue()
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    events.create_event_bus(Name=bus)
    pattern = {"source": ["penstock"], "resources": ["ledger"]}
    events.put_rule(EventBusName=bus, Name=rule, EventPattern=json.dumps(pattern))
    events.put_targets(EventBusName=bus, Rule=rule, Targets=[{"Id": "queue", "Arn": arn}])
    return OnEventBridge(EventBridge(on_moto.events, bus, "ledger"), sqs, url)


@pytest.fixture(params=["memory", "eventbridge"])
def listener(request: pytest.FixtureRequest) -> Listener:
    return InMemory(MemoryEvents()) if request.param == "memory" else request.getfixturevalue("on_eventbridge")


async def test_an_event_is_heard_with_its_kind_and_detail(listener: Listener) -> None:
    await listener.bus.put("FileSettled", SUMMARY)
    await listener.bus.put("FileRefused", {})

    assert sorted(listener.heard(), key=lambda event: event[0]) == [("FileRefused", {}), ("FileSettled", SUMMARY)]


@pytest.mark.parametrize(
    "answer",
    [
        {"FailedEntryCount": 1, "Entries": [{"ErrorCode": "ThrottlingException"}]},
        refusal("ThrottlingException"),
        refusal("InternalException", 500),
    ],
    ids=["entry", "throttled", "broken"],
)
async def test_an_event_that_was_not_taken_is_transient(answer: Any) -> None:
    """EventBridge answers 200 to a call none of whose entries it took."""
    scripted = Scripted(put_events=[answer])

    async def client() -> Any:
        return scripted

    with pytest.raises(Transient):
        await EventBridge(client, "default", "ledger").put("FileSettled", SUMMARY)
