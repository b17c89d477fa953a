"""The AWS clients of a function, made once. Their timeouts fit many times into an invocation (R10)."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, cast

from aiobotocore.config import AioConfig
from aiobotocore.session import get_session  # pyright: ignore[reportUnknownVariableType]

from penstock.adapters.aws_metering import meter_requests
from penstock.adapters.dynamodb import DynamoDb, dynamodb_like
from penstock.adapters.system_clock import SystemClock

CONFIG = AioConfig(
    connect_timeout=3,
    read_timeout=20,
    retries={"mode": "standard", "total_max_attempts": 4},
    max_pool_connections=50,
    # AWS checks requests anyway; checking each here as well is a good part of what a claim costs in CPU.
    parameter_validation=False,
)


@dataclass(frozen=True, slots=True)
class AwsClients:
    """aiobotocore's clients, and our own of DynamoDB, to which most calls go. Typed loosely: the stubs would be a
    dependency for the sake of a few names. Those that few invocations need are made when they are first asked for."""

    s3: Any
    sqs: Any
    dynamodb: DynamoDb
    events: Callable[[], Awaitable[Any]]
    lambdas: Callable[[], Awaitable[Any]]
    ssm: Callable[[], Awaitable[Any]]
    secrets: Callable[[], Awaitable[Any]]
    kms: Callable[[], Awaitable[Any]]
    sns: Callable[[], Awaitable[Any]]
    textract: Callable[[], Awaitable[Any]]


@asynccontextmanager
async def aws_clients(session: Any = None, opened: Callable[..., Any] | None = None) -> AsyncGenerator[AwsClients]:
    """Clients from the usual AWS environment. `session` is aiobotocore's, and `opened` opens one of its clients by its
    service's name in another way, as aioboto3 does for an operator."""
    session = session or cast(Any, get_session())
    open_client: Callable[..., Any] = opened or session.create_client
    async with AsyncExitStack() as stack:

        async def client(name: str) -> Any:
            opened = await stack.enter_async_context(open_client(name, config=CONFIG))
            meter_requests(opened)
            return opened

        s3, sqs, dynamodb = [await client(name) for name in ("s3", "sqs", "dynamodb")]
        direct = await stack.enter_async_context(dynamodb_like(dynamodb, session, SystemClock()))
        rarely = ("events", "lambda", "ssm", "secretsmanager", "kms", "sns", "textract")
        later = [_once(partial(client, name)) for name in rarely]
        yield AwsClients(s3, sqs, direct, *later)


def _once(make: Callable[[], Awaitable[Any]]) -> Callable[[], Awaitable[Any]]:
    """What `make` makes, made when it is first asked for, whoever asks at the same time."""
    made: list[Any] = []
    making = asyncio.Lock()

    async def get() -> Any:
        async with making:
            if not made:
                made.append(await make())
        return made[0]

    return get
