"""The verbs of a feed's destination: look at its settings, and try whether anybody is there."""

import asyncio
from typing import Any

import typer

from penstock.model.lane_names import name_of
from penstock_ops.console import screens
from penstock_ops.console.command_line import AsJson, Exit, FeedArgument, Lane, Stack, show

verbs = typer.Typer(help="Where a feed's records go.", no_args_is_help=True)


def add_to(app: typer.Typer) -> None:
    """Gives the command these verbs."""
    app.add_typer(verbs, name="destination")


@verbs.command("show")
def show_settings(feed: FeedArgument, lane: Lane = None, stack: Stack = None, as_json: AsJson = False) -> None:
    """The settings of a feed's destination as they are now, what is wrong with them, and no secret."""
    from penstock_ops.operate import operations
    from penstock_ops.operate.destinations import Destinations

    answer = Destinations(operations.connect(stack)).show(name_of(feed, lane or ""))
    show(answer, as_json, screens.destination)
    raise typer.Exit(Exit.REJECTED if answer["wrong"] else Exit.FINE)


@verbs.command("check")
def check_destination(feed: FeedArgument, lane: Lane = None, stack: Stack = None, as_json: AsJson = False) -> None:
    """Whether a feed's API answers and takes our credentials, by one call that does nothing: a GET of its health path
    if it has one, else a HEAD. It is called from here."""
    from penstock_ops.operate import operations
    from penstock_ops.operate.destinations import Destinations

    answer: dict[str, Any] = asyncio.run(Destinations(operations.connect(stack)).check(name_of(feed, lane or "")))
    show(answer, as_json, screens.destination_check)
    raise typer.Exit(Exit.FINE if answer["fine"] else Exit.REJECTED)
