"""The mappings' contract, on the twin and on Lambda."""

import asyncio
import io
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import pytest
import pytest_asyncio
from botocore.exceptions import ClientError

from penstock.adapters.aws_clients import AwsClients, aws_clients
from penstock.adapters.aws_mappings import LambdaMappings
from penstock.model.errors import Transient
from penstock.ports.mappings import Mappings
from penstock_testing.memory import MemoryMappings
from tests.contract.stubs import Scripted, refusal
from tests.support.emulators import Emulator

pytestmark = pytest.mark.asyncio(loop_scope="session")

FEEDS: tuple[str, ...] = ("traffic", "invoices")


class Switched(Protocol):
    """Mappings under test, and whether they poll."""

    @property
    def mappings(self) -> Mappings: ...

    def polling(self) -> set[str]:
        """The feeds whose mapping polls."""
        ...


@dataclass
class InMemory:
    mappings: MemoryMappings

    def polling(self) -> set[str]:
        return set(FEEDS) - self.mappings.off


@dataclass
class OnLambda:
    emulator: Emulator
    mappings: LambdaMappings

    def polling(self) -> set[str]:
        listed = self.emulator.client("lambda").list_event_source_mappings(FunctionName=self.mappings.function)
        on = {one["EventSourceArn"] for one in listed["EventSourceMappings"] if one["State"] == "Enabled"}
        return {feed for feed, queue in self.mappings.queues.items() if queue in on}


def mapped(emulator: Emulator) -> tuple[str, Mapping[str, str]]:
    """A function with a mapping of a queue for each feed, and another function of the same queues."""
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as package:
        package.writestr("handler.py", "def handler(event, context): ...")
    functions, queues = emulator.client("lambda"), emulator.client("sqs")
    names = [emulator.name("function") for _ in range(2)]
    arns = {
        feed: queues.get_queue_attributes(QueueUrl=emulator.queue(), AttributeNames=["QueueArn"])["Attributes"][
            "QueueArn"
        ]
        for feed in FEEDS
    }
    for name in names:
        functions.create_function(
            FunctionName=name,
            Runtime="python3.13",
            Role="arn:aws:iam::000000000000:role/function",
            Handler="handler.handler",
            Code={"ZipFile": code.getvalue()},
        )
        for queue in arns.values():
            functions.create_event_source_mapping(FunctionName=name, EventSourceArn=queue, Enabled=True)
    return names[0], arns


@pytest_asyncio.fixture(loop_scope="session")
async def on_lambda(ministack: Emulator, on_ministack: AwsClients) -> OnLambda:
    """MiniStack: its mappings do poll."""
    name, queues = mapped(ministack)
    with ministack.around():
        await on_ministack.lambdas()
    return OnLambda(ministack, LambdaMappings(on_ministack.lambdas, name, queues))


@pytest.fixture(params=["memory", "lambda"])
def switched(request: pytest.FixtureRequest) -> Switched:
    return InMemory(MemoryMappings()) if request.param == "memory" else request.getfixturevalue("on_lambda")


async def test_a_feeds_mapping_is_switched_off_and_on_and_the_others_poll_on(switched: Switched) -> None:
    assert switched.polling() == {"traffic", "invoices"}

    await switched.mappings.switch("traffic", on=False)
    assert switched.polling() == {"invoices"}

    await switched.mappings.switch("invoices", on=False)
    await switched.mappings.switch("traffic", on=True)
    assert switched.polling() == {"traffic"}


@pytest.mark.parametrize("on", [True, False])
async def test_switching_twice_is_switching_once(switched: Switched, on: bool) -> None:
    for _ in range(2):
        await switched.mappings.switch("traffic", on=on)

    assert switched.polling() == ({"traffic", "invoices"} if on else {"invoices"})


# -- Lambda alone


async def test_another_functions_mapping_of_the_same_queue_polls_on(on_lambda: OnLambda, ministack: Emulator) -> None:
    await on_lambda.mappings.switch("traffic", on=False)

    listed = ministack.client("lambda").list_event_source_mappings(EventSourceArn=on_lambda.mappings.queues["traffic"])
    states = {one["FunctionArn"].rsplit(":", 1)[1]: one["State"] for one in listed["EventSourceMappings"]}
    assert len(states) == 2
    assert [name for name, state in states.items() if state == "Disabled"] == [on_lambda.mappings.function]


async def test_lambdas_client_is_made_when_it_is_first_asked_for_and_once(ministack: Emulator) -> None:
    with ministack.around():
        async with aws_clients() as aws:
            made = await asyncio.gather(*(aws.lambdas() for _ in range(5)))

            assert {id(client) for client in made} == {id(await aws.lambdas())}
            assert (await made[0].list_functions())["ResponseMetadata"]["HTTPStatusCode"] == 200


def stubbed(**scripts: list[Any]) -> tuple[LambdaMappings, Scripted]:
    client = Scripted(**scripts)

    async def get() -> Scripted:
        return client

    return LambdaMappings(get, "dispatcher", {"traffic": "arn:queue"}), client


def listed(state: str) -> Mapping[str, Any]:
    return {"EventSourceMappings": [{"UUID": "u-1", "State": state}]}


@pytest.mark.parametrize(
    ("state", "on", "updates"),
    [
        ("Enabled", True, False),
        ("Enabling", True, False),
        ("Disabled", True, True),
        ("Disabling", True, True),
        ("Updating", True, True),
        ("Creating", True, True),
        ("Enabled", False, True),
        ("Enabling", False, True),
        ("Disabled", False, False),
        ("Disabling", False, False),
        ("Updating", False, True),
        ("Creating", False, True),
    ],
)
async def test_only_a_mapping_that_is_not_on_its_way_there_is_updated(state: str, on: bool, updates: bool) -> None:
    mappings, client = stubbed(list_event_source_mappings=[listed(state)], update_event_source_mapping=[{}])

    await mappings.switch("traffic", on=on)

    listing, *updating = client.calls
    assert listing == (
        "list_event_source_mappings", {"FunctionName": "dispatcher", "EventSourceArn": "arn:queue"}
    )  # fmt: skip
    assert updating == ([("update_event_source_mapping", {"UUID": "u-1", "Enabled": on})] if updates else [])


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("ResourceInUseException", 400),
        ("ResourceConflictException", 409),
        ("ResourceNotFoundException", 404),
        ("TooManyRequestsException", 429),
        ("ServiceException", 500),
    ],
)
async def test_a_mapping_that_cannot_be_switched_now_is_transient(code: str, status: int) -> None:
    """No emulator's mapping is ever on its way from one state to another."""
    mappings, _ = stubbed(
        list_event_source_mappings=[listed("Updating")], update_event_source_mapping=[refusal(code, status)]
    )

    with pytest.raises(Transient):
        await mappings.switch("traffic", on=False)


async def test_a_missing_right_is_a_defect() -> None:
    mappings, _ = stubbed(list_event_source_mappings=[refusal("AccessDeniedException", 403)])

    with pytest.raises(ClientError):
        await mappings.switch("traffic", on=False)


async def test_a_feed_without_a_mapping_is_not_known_to_be_switched() -> None:
    mappings, _ = stubbed(list_event_source_mappings=[{"EventSourceMappings": []}])

    with pytest.raises(Transient, match="traffic has no mapping"):
        await mappings.switch("traffic", on=False)
    with pytest.raises(Transient, match="invoices has no queue"):
        await mappings.switch("invoices", on=False)
