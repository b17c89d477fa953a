"""Emulators and clients, made once for the whole suite."""

from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack

import pytest_asyncio

from penstock.adapters.aws_clients import AwsClients, aws_clients
from tests.support.emulators import Emulator, ministack, moto

__all__ = ["ministack", "moto"]


async def _clients_of(emulator: Emulator) -> AsyncGenerator[AwsClients]:
    async with AsyncExitStack() as stack:
        with emulator.around():
            clients = await stack.enter_async_context(aws_clients())
            await clients.events()  # made when they are first asked for, which is after this
            await clients.kms()
            for client in (clients.sns, clients.ssm, clients.secrets):
                await client()
        yield clients


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def on_moto(moto: Emulator) -> AsyncGenerator[AwsClients]:
    """The functions' own clients, of moto."""
    async for clients in _clients_of(moto):
        yield clients


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def on_ministack(ministack: Emulator) -> AsyncGenerator[AwsClients]:
    """The functions' own clients, of MiniStack."""
    async for clients in _clients_of(ministack):
        yield clients
