"""The AWS clients of a function, made once. Their timeouts fit many times into an invocation (R10)."""

from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aioboto3
from aiobotocore.config import AioConfig

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
    """aioboto3's clients. Typed loosely: the stubs would be a dependency for the sake of five names."""

    s3: Any
    sqs: Any
    dynamodb: Any
    events: Any


@asynccontextmanager
async def aws_clients() -> AsyncGenerator[AwsClients]:
    """Clients from the usual AWS environment."""
    session: Any = aioboto3.Session()
    async with AsyncExitStack() as stack:
        names = ("s3", "sqs", "dynamodb", "events")
        made = [await stack.enter_async_context(session.client(name, config=CONFIG)) for name in names]
        yield AwsClients(*made)
