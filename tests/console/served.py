"""The console as a person meets it: served on loopback over the twins, in a headless Chromium."""

import asyncio
import os
import shutil
import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import uvicorn
from playwright.async_api import BrowserContext, async_playwright
from starlette.middleware.gzip import GZipMiddleware

from penstock_ops.web.app import create_app
from penstock_ops.web.session import Session
from tests.support.consoles import desk_over
from tests.support.papers import Papers
from tests.support.pipeline import Pipeline

OPTIONS = (
    "--no-sandbox",  # the suite may run as root
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@asynccontextmanager
async def served(pipeline: Pipeline, *, content: bool = True, papers: Papers | None = None) -> AsyncGenerator[Session]:
    """The console of a pipeline, listening."""
    with socket.create_server(("127.0.0.1", 0)) as listening, TemporaryDirectory() as folder:
        session = Session(listening.getsockname()[1])
        app: Any = GZipMiddleware(
            create_app(desk_over(pipeline, content=content, papers=papers), session, Path(folder)), minimum_size=1000
        )
        server = uvicorn.Server(uvicorn.Config(app, lifespan="off", log_level="warning", access_log=False))
        serving = asyncio.create_task(server.serve(sockets=[listening]))
        try:
            yield session
        finally:
            server.should_exit = True
            await serving


@asynccontextmanager
async def chromium() -> AsyncGenerator[BrowserContext]:
    """A browser with a profile of its own, which is gone afterwards."""
    path = shutil.which(os.environ.get("PENSTOCK_CHROMIUM", "chromium"))
    assert path, "there is no Chromium: apt-get install chromium, or name one in PENSTOCK_CHROMIUM"
    with TemporaryDirectory() as profile:
        async with async_playwright() as playwright:
            context = await playwright.chromium.launch_persistent_context(
                Path(profile),
                executable_path=path,
                headless=True,
                args=list(OPTIONS),
                locale="en-GB",
                timezone_id="UTC",
            )
            yield context
            await context.close()
