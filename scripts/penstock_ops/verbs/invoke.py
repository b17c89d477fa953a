"""The verbs of functions: one call of a built one, as Lambda would make it; and the environment that they have."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from penstock_ops.console import screens
from penstock_ops.console.command_line import AsJson, Exit, show
from penstock_ops.console.errors import WrongUse
from penstock_ops.console.nearest import ensure_known
from penstock_ops.console.visible import visible


def add_to(app: typer.Typer) -> None:
    """Gives the command these verbs."""
    app.command()(invoke)
    app.command()(environment)


def environment(as_json: AsJson = False) -> None:
    """The environment that each function has in the local world, as `sam local --env-vars` takes it."""
    from penstock_ops import world
    from penstock_ops.world import invoking

    show(invoking.environments_of(world.current()), as_json, screens.facts)


def invoke(
    function: Annotated[str, typer.Argument(help="Which: a folder under functions/, such as splitter.")],
    event: Annotated[Path, typer.Argument(help="The event, as JSON, such as events/splitter/put.json.")],
    as_json: AsJson = False,
) -> None:
    """Call a built function once under AWS's Runtime Interface Emulator, against the local world: cold start, timeout
    and missing packages show as they would in Lambda."""
    from penstock_ops import world
    from penstock_ops.world import invoking

    try:
        told: Any = json.loads(event.read_bytes())
    except ValueError as error:
        raise WrongUse(f"{event} is no JSON: {error}") from None
    here = world.current()
    ensure_known("function", function, invoking.functions_of(here))
    invoked = invoking.invoke(here, function, told)
    for line in invoked.log:
        screens.err.print(visible(line), soft_wrap=True)
    answer = {"function": function, "answer": invoked.answer, "init_milliseconds": invoked.init_milliseconds}
    show(answer, as_json, screens.facts)
    raise typer.Exit(Exit.REJECTED if invoked.failed else Exit.FINE)
