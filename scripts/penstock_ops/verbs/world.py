"""The verbs of the local world: start it, stop it, see how it is; `status` also tells of a stack in AWS."""

import asyncio
import time
from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.text import Text

from penstock.feeds import FEEDS
from penstock.ports.endpoints import ensure_endpoint
from penstock_ops.console import screens
from penstock_ops.console.command_line import AsJson, Exit, Stack, show
from penstock_ops.console.errors import WrongUse
from penstock_ops.console.nearest import ensure_known

if TYPE_CHECKING:
    from penstock_ops import world

INCOMPLETE = 100  #: files, the latest, among which `status` looks for incomplete ones


def add_to(app: typer.Typer) -> None:
    """Gives the command these verbs."""
    app.command()(up)
    app.command()(down)
    app.command()(status)


def up(
    destination: Annotated[
        list[str] | None, typer.Option(help="FEED=URL: post that feed's records there, not to the demo API.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Start the local world, or bring it up to date: MiniStack on loopback, and the real SAM build and deploy on it.
    Feeds that nobody has pointed anywhere go to a demo API that behaves like a real one; the others stay as they are.
    """
    for one in destination or ():
        if "=" not in one:
            raise WrongUse(f"--destination takes FEED=URL, with FEED one of {', '.join(FEEDS)}; not {one}")
        ensure_known("feed", one.split("=", 1)[0], FEEDS)
    destinations = dict(one.split("=", 1) for one in destination or ())
    for feed, url in destinations.items():
        try:
            ensure_endpoint(url, private=False)
        except ValueError as error:
            raise WrongUse(f"--destination {feed}: {error}") from None
    here = bring_up(destinations, quiet=as_json)
    show(_world(here), as_json, screens.facts)


def bring_up(destinations: Mapping[str, str], *, quiet: bool) -> "world.World":
    """The world, with a word about each step."""
    from penstock_ops import world

    began = time.monotonic()

    def say(step: str) -> None:
        if not quiet:
            screens.err.print(Text.assemble((f"{time.monotonic() - began:6.1f} s", "dim"), f"  {step}"))

    return world.up(destinations, say=say)


def _world(here: "world.World") -> dict[str, Any]:
    return {
        "stack": here.stack,
        "endpoint": here.endpoint,
        "destinations": dict(here.destinations),
        "demo_api": here.demo_api,
        "logs": str(here.logs),
    }


def down(as_json: AsJson = False) -> None:
    """Stop the local world. What was in it is gone."""
    from penstock_ops import world

    was_up = world.down()
    show({"stopped": was_up}, as_json, lambda _: screens.out.print("stopped" if was_up else "no local world was up"))


def status(stack: Stack = None, as_json: AsJson = False) -> None:
    """How the world is: what runs, what waits in the queues, how the latest files stand."""
    from penstock_ops import world
    from penstock_ops.operate import operations

    answer: dict[str, Any] = {}
    if stack is None:
        here = world.status()
        answer = {"world": _world(here.world) if here.world else None, "problems": list(here.problems)}
        if here.world is None:
            show(
                answer | {"up": False},
                as_json,
                lambda _: screens.out.print("; ".join(here.problems) or "no local world is up"),
            )
            raise typer.Exit(Exit.FAILED if here.problems else Exit.FINE)
        outputs = operations.entered(here.world)
    else:
        outputs = operations.connect(stack)

    async def look() -> dict[str, Any]:
        async with operations.records_of(outputs) as records:
            latest = await records.files(1000)
            states = Counter(report["state"] for report in latest)
            found = {"queues": await records.depths(), "circuits": await records.circuits(), "files": dict(states)}
            waiting = [one for one in latest if one["records"]["held"]]
            held = [{"file_id": one["file_id"], "key": one["key"], "held": one["records"]["held"]} for one in waiting]
            errors = await records.internal_errors(latest[:INCOMPLETE])
            incomplete = await records.incomplete(latest[:INCOMPLETE])
            found |= {"wrong_settings": await records.wrong_settings(), "failed_looks": await records.faults()}
            found |= {"open": await records.open_files(), "overdue": await records.overdue()}
            return found | {"incomplete": incomplete, "held": held, "internal_errors": errors}

    show(answer | asyncio.run(look()), as_json, screens.status)
