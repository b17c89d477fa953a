"""Emulators and clients, made once for the whole suite."""

from collections.abc import AsyncGenerator

import pytest
import pytest_asyncio
from tests.support.emulators import Emulator, ministack, moto

from penstock.adapters.aws_clients import AwsClients, aws_clients

__all__ = ["ministack", "moto"]


async def _clients_of(emulator: Emulator) -> AsyncGenerator[AwsClients]:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in emulator.environment.items():
            patch.setenv(name, value)
        async with aws_clients() as clients:
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
