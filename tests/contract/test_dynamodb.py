"""What our client of DynamoDB makes of answers, beside botocore's: a server on loopback says what AWS says."""

import asyncio
import ssl
import zlib
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from aiobotocore.config import AioConfig
from aiobotocore.session import get_session  # pyright: ignore[reportUnknownVariableType]
from aiohttp import web
from aiohttp.test_utils import TestServer
from botocore.credentials import ReadOnlyCredentials
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError
from pydantic_core import from_json, to_json

from penstock.adapters.aws_clients import CONFIG
from penstock.adapters.dynamodb import ATTEMPTS, DynamoDb, dynamodb_like
from penstock_ops.world import tls
from penstock_testing.memory import MemoryClock

pytestmark = pytest.mark.asyncio(loop_scope="session")

KEY: Any = {"pk": {"S": "traffic#x"}}
FOUND: Any = {"Item": {"pk": {"S": "traffic#x"}, "c": {"N": "7"}, "was": {"S": "Köhler"}}}

type Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


def says(said: Any, status: int = 200, checksum: int | None = None) -> Answer:
    async def answer(_: web.Request) -> web.Response:
        body = said if isinstance(said, bytes) else to_json(said)
        crc = zlib.crc32(body) if checksum is None else checksum
        return web.Response(body=body, status=status, headers={"x-amz-crc32": str(crc), "x-amzn-RequestId": "REQUEST"})

    return answer


async def hangs_up(request: web.Request) -> web.Response:
    assert request.transport
    request.transport.close()
    return web.Response()


def refuses(code: str, status: int = 400, **more: Any) -> Answer:
    return says({"__type": f"com.amazonaws.dynamodb.v20120810#{code}", "message": f"{code}!", **more}, status)


@dataclass
class Server:
    """Gives the next of its answers to each call, and remembers what came."""

    answers: list[Answer] = field(default_factory=list[Answer])
    calls: list[tuple[dict[str, str], Any]] = field(default_factory=list[tuple[dict[str, str], Any]])
    url: str = ""

    async def serve(self, request: web.Request) -> web.StreamResponse:
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.calls.append((headers, from_json(await request.read())))
        return await self.answers.pop(0)(request)


@asynccontextmanager
async def serving(host: str = "127.0.0.1", shown: ssl.SSLContext | None = None) -> AsyncGenerator[Server]:
    server, app = Server(), web.Application()
    app.router.add_post("/", server.serve)
    running = TestServer(app, scheme="https" if shown else "http", host=host)
    await running.start_server(ssl=shown)
    try:
        server.url = str(running.make_url("/"))
        yield server
    finally:
        await running.close()


@pytest_asyncio.fixture(loop_scope="session")
async def server() -> AsyncGenerator[Server]:
    async with serving() as server:
        yield server


@pytest.fixture(autouse=True)
def somebody(monkeypatch: pytest.MonkeyPatch) -> None:
    """Credentials as Lambda has them."""
    for name, value in {"ACCESS_KEY_ID": "AK", "SECRET_ACCESS_KEY": "SK", "SESSION_TOKEN": "TOKEN"}.items():
        monkeypatch.setenv(f"AWS_{name}", value)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


def new_session() -> Any:
    return get_session()


@cache
def session_of_all() -> Any:
    """One for all tests but those about what it finds in its environment: it has the description of the service."""
    return new_session()


@asynccontextmanager
async def both(
    server: Server, clock: MemoryClock | None = None, session: Any = None, config: AioConfig = CONFIG
) -> AsyncGenerator[tuple[Any, DynamoDb]]:
    """(botocore's client, ours)."""
    session = session or session_of_all()
    async with (
        session.create_client("dynamodb", endpoint_url=server.url, config=config) as theirs,
        dynamodb_like(theirs, session, clock or MemoryClock()) as ours,
    ):
        yield theirs, ours


@asynccontextmanager
async def ours_of(server: Server, clock: MemoryClock | None = None, **how: Any) -> AsyncGenerator[DynamoDb]:
    async with both(server, clock, **how) as (_, ours):
        yield ours


# -- beside botocore's

REQUESTS: dict[str, dict[str, Any]] = {
    "get_item": {"TableName": "t", "Key": KEY, "ConsistentRead": True},
    "batch_get_item": {"RequestItems": {"t": {"Keys": [KEY], "ConsistentRead": True}}},
    "query": {
        "TableName": "t",
        "KeyConditionExpression": "pk = :pk",
        "ExpressionAttributeValues": {":pk": {"S": "Köhler"}},
        "Limit": 3,
    },
    "update_item": {"TableName": "t", "Key": KEY, "UpdateExpression": "SET a = :a", "ReturnValues": "ALL_NEW"},
    "describe_table": {"TableName": "t"},
    "put_item": {"TableName": "t", "Item": KEY, "ConditionExpression": "attribute_not_exists(pk)"},
    "scan": {"TableName": "t", "ConsistentRead": True, "ExclusiveStartKey": KEY},
    "delete_item": {"TableName": "t", "Key": KEY, "ConditionExpression": "attribute_exists(pk)"},
    "transact_write_items": {"TransactItems": [{"Put": {"TableName": "t", "Item": KEY}}], "ClientRequestToken": "one"},
    "batch_execute_statement": {"Statements": [{"Statement": "INSERT", "Parameters": [{"S": "x"}, {"NULL": True}]}]},
}


@pytest.mark.parametrize("operation", REQUESTS)
async def test_a_call_is_the_one_that_botocore_makes(server: Server, operation: str) -> None:
    async with both(server) as clients:
        server.answers = [says({}), says({})]
        for client in clients:
            await getattr(client, operation)(**REQUESTS[operation])

    (theirs, their_body), (ours, our_body) = server.calls
    metered = {} if operation == "describe_table" else {"ReturnConsumedCapacity": "TOTAL"}
    assert our_body == their_body | metered
    for name in ("host", "content-type", "x-amz-target", "x-amz-security-token", "accept-encoding"):
        assert ours[name] == theirs[name]
    assert "Credential=AK/" in ours["authorization"]
    assert "/eu-central-1/dynamodb/aws4_request" in ours["authorization"]


async def test_an_answer_is_what_botocore_makes_of_it(server: Server) -> None:
    server.answers = [says(FOUND), says(FOUND)]
    async with both(server) as clients:
        theirs, ours = [await client.get_item(TableName="t", Key=KEY) for client in clients]

    assert ours["Item"] == theirs["Item"] == FOUND["Item"]


@pytest.mark.parametrize(
    ("refusal", "operation"),
    [
        (refuses("ConditionalCheckFailedException", Item=FOUND["Item"]), "update_item"),
        (
            refuses(
                "TransactionCanceledException",
                CancellationReasons=[{"Code": "None"}, {"Code": "ConditionalCheckFailed"}],
            ),
            "transact_write_items",
        ),
        (refuses("TransactionConflictException"), "update_item"),
        (refuses("ResourceNotFoundException"), "get_item"),
        (refuses("AccessDeniedException"), "query"),
        (refuses("ExpiredTokenException"), "query"),
        (says(b"<html>Forbidden</html>", 403), "query"),
        (says({"Message": "no type"}, 404), "query"),
    ],
)
async def test_a_refusal_is_the_error_that_botocore_raises_and_is_not_tried_again(
    server: Server, refusal: Answer, operation: str
) -> None:
    told: list[Any] = []
    async with both(server) as clients:
        for client in clients:
            server.answers = [refusal]
            with pytest.raises(ClientError) as raised:
                await getattr(client, operation)(**REQUESTS[operation])
            response: Any = raised.value.response
            told.append((
                raised.value.operation_name,
                response["Error"]["Code"],
                response["ResponseMetadata"]["HTTPStatusCode"],
                response.get("Item"),
                response.get("CancellationReasons"),
            ))  # fmt: skip

    assert told[0] == told[1]
    assert len(server.calls) == 2


# -- tries


@pytest.mark.parametrize(
    "fault",
    [
        refuses("ThrottlingException"),
        refuses("ProvisionedThroughputExceededException"),
        refuses("RequestLimitExceeded"),
        refuses("InternalServerError", 500),
        says(b"bad gateway", 502),
        says(FOUND, checksum=1),
        says(b"half an ans"),
        hangs_up,
    ],
)
async def test_what_may_pass_is_tried_again_a_little_later(server: Server, fault: Answer) -> None:
    clock = MemoryClock()
    began = clock.now()
    server.answers = [fault, fault, says(FOUND)]
    async with ours_of(server, clock) as ours:
        assert await ours.get_item(TableName="t", Key=KEY) == FOUND
    assert len(server.calls) == 3
    assert 0 < clock.now() - began < 3


@pytest.mark.parametrize(
    ("fault", "raised"),
    [
        (refuses("ThrottlingException"), ClientError),
        (refuses("InternalServerError", 500), ClientError),
        (says(FOUND, checksum=1), BotoCoreError),
        (hangs_up, BotoCoreError),
    ],
)
async def test_what_does_not_pass_is_raised_in_the_end(server: Server, fault: Answer, raised: type[Exception]) -> None:
    server.answers = [fault] * ATTEMPTS
    async with ours_of(server) as ours:
        with pytest.raises(raised):
            await ours.get_item(TableName="t", Key=KEY)
    assert len(server.calls) == ATTEMPTS


async def test_the_tries_of_a_transaction_are_one_transaction_and_two_are_two(server: Server) -> None:
    """One that was done, and whose answer was lost, must not find itself refused by what it has written."""
    server.answers = [hangs_up, says({}), says({})]
    async with ours_of(server) as ours:
        for _ in range(2):
            await ours.transact_write_items(TransactItems=[])

    first, again, second = (body["ClientRequestToken"] for _, body in server.calls)
    assert first == again != second


async def test_a_server_that_never_answers_is_given_up(server: Server) -> None:
    begun = asyncio.Event()

    async def never(_: web.Request) -> web.Response:
        begun.set()
        await asyncio.Event().wait()
        return web.Response()

    server.answers = [never] * ATTEMPTS
    async with ours_of(server, config=CONFIG.merge(AioConfig(read_timeout=0.05))) as ours:
        with pytest.raises(BotoCoreError):
            await ours.get_item(TableName="t", Key=KEY)
    assert begun.is_set()


# -- who calls, and whom


async def test_each_call_is_signed_with_the_credentials_of_now(server: Server) -> None:
    """A role's are renewed while the client lives."""

    class Renewed:
        tokens = iter(("FIRST", "SECOND"))

        async def get_frozen_credentials(self) -> ReadOnlyCredentials:
            return ReadOnlyCredentials("AK", "SK", next(self.tokens))

    server.answers = [refuses("ThrottlingException"), says({})]
    async with ours_of(server) as ours:
        await DynamoDb(ours.http, ours.endpoint, ours.scope, Renewed(), MemoryClock()).get_item(TableName="t", Key=KEY)

    assert [headers["x-amz-security-token"] for headers, _ in server.calls] == ["FIRST", "SECOND"]


async def test_without_credentials_nobody_is_called(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ACCESS_KEY_ID", "SECRET_ACCESS_KEY", "SESSION_TOKEN"):
        monkeypatch.delenv(f"AWS_{name}")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/none")
    async with ours_of(server, session=new_session()) as ours:
        with pytest.raises(NoCredentialsError):
            await ours.get_item(TableName="t", Key=KEY)
    assert not server.calls


async def test_a_proxy_of_the_environment_is_asked(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", server.url)
    server.answers = [says(FOUND)]
    async with ours_of(Server(url="http://dynamodb.example/")) as ours:
        assert await ours.get_item(TableName="t", Key=KEY) == FOUND

    ((headers, _),) = server.calls
    assert headers["host"] == "dynamodb.example"


async def test_over_tls_only_who_is_trusted_is_called_and_by_its_own_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known, unknown = (tls.identity(tmp_path / name) for name in ("known", "unknown"))
    shown = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    shown.load_cert_chain(known.certificate, known.key)
    async with serving("127.0.0.1", shown) as server, serving("127.0.0.2", shown) as of_another_name:
        for trusted, called in ((unknown, server), (known, of_another_name)):
            monkeypatch.setenv("AWS_CA_BUNDLE", str(trusted.certificate))
            async with ours_of(called, session=new_session()) as ours:
                with pytest.raises(BotoCoreError):
                    await ours.get_item(TableName="t", Key=KEY)
            assert not called.calls

        server.answers = [says(FOUND)]
        async with ours_of(server, session=new_session()) as ours:
            assert await ours.get_item(TableName="t", Key=KEY) == FOUND
