"""The verb `find`: what became of a record, by what it is and not by where it was."""

import asyncio
from typing import Annotated, Any

import typer

from penstock.feeds import FEEDS
from penstock_ops.console import screens
from penstock_ops.console.command_line import AsJson, Exit, Stack, known_feed, show


def add_to(app: typer.Typer) -> None:
    """Gives the command this verb."""
    app.command()(find)


def find(
    conditions: Annotated[
        list[str],
        typer.Argument(metavar="FIELD=VALUE", help="What the record has; a field that is said twice has either value."),
    ],
    feed: Annotated[str, typer.Option(help="Its feed.", callback=known_feed)],
    through: Annotated[int, typer.Option(min=1, max=1000, help="Files that are looked through, the latest.")] = 200,
    stack: Stack = None,
    as_json: AsJson = False,
) -> None:
    """Find records by their fields, and tell what became of them. By the whole identity the claims answer at once,
    whatever the file; by anything less, and for what was rejected, the feed's latest files are looked through."""
    from penstock_ops.operate import find as finding
    from penstock_ops.operate import operations, stack_ports

    wanted = finding.wanted(FEEDS[feed], conditions)
    outputs = operations.connect(stack)

    async def look() -> dict[str, Any]:
        async with stack_ports.open_stack(outputs, stack) as ports:
            now = ports.clock.now()
            return await finding.find(ports.claims, ports.ledger, ports.store, wanted, through, now)

    answer = asyncio.run(look())
    show(answer, as_json, screens.found)
    raise typer.Exit(Exit.FINE if answer["records"] else Exit.REJECTED)
