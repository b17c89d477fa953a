"""The verb `probe`: try a destination that is down, now."""

import asyncio
from typing import Any

import typer

from penstock.model.lane_names import name_of, told
from penstock_ops.console import screens
from penstock_ops.console.command_line import AsJson, Exit, FeedArgument, Lane, Stack, show


def add_to(app: typer.Typer) -> None:
    """Gives the command this verb."""
    app.command()(probe)


def probe(feed: FeedArgument, lane: Lane = None, stack: Stack = None, as_json: AsJson = False) -> None:
    """Try a feed's destination now, by one of the chunks that wait, where its circuit is open; then how the circuit is.
    Without it, the prober tries by itself, later with each time that it failed."""
    from penstock_ops.operate import operations, probes

    outputs = operations.connect(stack)
    name = name_of(feed, lane or "")
    probes.probe_now(outputs, name)

    async def look() -> dict[str, Any]:
        async with operations.records_of(outputs) as records:
            return told(name) | await records.circuit(name)

    answer = asyncio.run(look())
    show(answer, as_json, screens.facts)
    raise typer.Exit(Exit.FINE if answer["circuit"] == "closed" else Exit.REJECTED)
