"""The verb `demo`."""

from typing import Annotated

import typer

from penstock_ops.console.command_line import AsJson
from penstock_ops.console.visible import as_json as to_json


def add_to(app: typer.Typer) -> None:
    """Gives the command this verb."""
    app.command()(demo)


def demo(
    records: Annotated[int, typer.Option(min=1, help="Records of the largest file.")] = 20_000,
    keep: Annotated[bool, typer.Option("--keep", help="Leave the world up afterwards.")] = False,
    as_json: AsJson = False,
) -> None:
    """Start a world, drop generated files, watch them, and read where every record ended."""
    from penstock_ops.verbs.demo_run import run_demo

    answer = run_demo(records, keep=keep, quiet=as_json)
    if as_json:
        print(to_json(answer))  # noqa: T201
