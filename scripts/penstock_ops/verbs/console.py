"""The verb `console`: the pipe in a browser, for as long as the command runs."""

import asyncio
import socket
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any

import typer

from penstock_ops.console import screens
from penstock_ops.console.command_line import AsJson, Stack, show

LOOPBACK = "127.0.0.1"


def add_to(app: typer.Typer) -> None:
    """Gives the command this verb."""
    app.command()(console)


def console(
    port: Annotated[int, typer.Option(min=0, max=65_535, help="The port on loopback; 0 takes a free one.")] = 0,
    content: Annotated[
        bool, typer.Option("--content", help="Also show what is in records; the audit keeps which, and who.")
    ] = False,
    stack: Stack = None,
    as_json: AsJson = False,
) -> None:
    """Open the console: the pipe in a browser on this machine, until Ctrl-C. Whoever has the printed link may do what
    you may; it ends with the command."""
    from penstock_ops.operate import operations
    from penstock_ops.web.session import Session

    outputs = operations.connect(stack)
    with socket.create_server((LOOPBACK, port)) as listening, suppress(KeyboardInterrupt):
        session = Session(listening.getsockname()[1])
        show({"link": session.link, "content": content}, as_json, _told)
        asyncio.run(_serve(outputs, stack, session, listening, content=content))


def _told(answer: Any) -> None:
    screens.out.print(answer["link"])
    screens.say("open it in a browser on this machine; Ctrl-C ends it")
    if answer["content"]:
        screens.say(("what is in records is shown, and every look at it is audited", "yellow"))


async def _serve(
    outputs: dict[str, str], stack: str | None, session: Any, listening: socket.socket, *, content: bool
) -> None:
    import uvicorn
    from starlette.middleware.gzip import GZipMiddleware

    from penstock_ops.web.app import create_app
    from penstock_ops.web.opening import open_desk

    with TemporaryDirectory(prefix="penstock-console-") as folder:
        async with open_desk(outputs, stack, place=stack or "local world", content=content) as desk:
            # What is compressed tells by its length what is in it, the word of a page, too: but to nobody on loopback.
            app = GZipMiddleware(create_app(desk, session, Path(folder)), minimum_size=1000)
            options: Any = {"lifespan": "off", "log_level": "warning", "access_log": False, "server_header": False}
            await uvicorn.Server(uvicorn.Config(app, **options)).serve(sockets=[listening])
