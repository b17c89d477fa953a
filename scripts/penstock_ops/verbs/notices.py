"""The verbs of notices: who is told what, and whether a route leads to anybody."""

import asyncio
from typing import Annotated, Any

import typer

from penstock_ops.console import screens
from penstock_ops.console.command_line import AsJson, Exit, Stack, show

verbs = typer.Typer(help="Who is told what.", no_args_is_help=True)


def add_to(app: typer.Typer) -> None:
    """Gives the command these verbs."""
    app.add_typer(verbs, name="notices")


@verbs.command("list")
def list_notices(stack: Stack = None, as_json: AsJson = False) -> None:
    """The routes, what is wrong with them, and what there was to tell today (UTC), told or not."""
    from penstock_ops.operate import notices, operations

    outputs = operations.connect(stack)

    async def look() -> dict[str, Any]:
        async with notices.open_notices(outputs) as ports:
            return await notices.listed(ports)

    answer = asyncio.run(look())
    show(answer, as_json, screens.notices)
    raise typer.Exit(Exit.REJECTED if answer["wrong"] or answer["letters"] else Exit.FINE)


@verbs.command("test")
def try_route(
    route: Annotated[str, typer.Argument(help="Its name in the settings.")],
    stack: Stack = None,
    as_json: AsJson = False,
) -> None:
    """Send a test notice to a route, as the notifier would send any. Where nobody takes it, the notifier's log says
    why, and it lies in the notices' DLQ in the end."""
    from penstock_ops.operate import notices, operations

    outputs = operations.connect(stack)

    async def send() -> dict[str, Any]:
        async with notices.open_notices(outputs) as ports:
            return await notices.tried(ports, route)

    show(asyncio.run(send()), as_json, screens.facts)
