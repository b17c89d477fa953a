"""What the verbs share: exit codes, options, and how a result is shown."""

from collections.abc import Callable, Mapping
from enum import IntEnum
from typing import Annotated, Any, Never

import typer

from penstock_ops.console.visible import as_json as to_json
from penstock_ops.console.visible import shown


class Exit(IntEnum):
    """What the exit code says. REJECTED stands for whatever is left to be looked after."""

    FINE = 0
    REJECTED = 1
    REFUSED = 2
    FAILED = 3


AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]
Stack = Annotated[
    str | None,
    typer.Option(
        help="A stack in AWS (or $PENSTOCK_STACK); without it, the local world.",
        metavar="NAME",
        envvar="PENSTOCK_STACK",
        show_envvar=False,
    ),
]


def show(value: Any, as_json: bool, screen: Callable[[Any], None]) -> None:
    """Prints a result, for machines or on its screen."""
    if as_json:
        print(to_json(value))  # noqa: T201
    else:
        screen(shown(value))


def exit_for(report: Mapping[str, Any]) -> Never:
    """Ends the command as a file has ended."""
    if report["refused"] or any(entry["refused"] for entry in report.get("entries", ())):
        raise typer.Exit(Exit.REFUSED)
    not_fine = sum(report["records"].get(outcome, 0) for outcome in ("rejected", "held", "unknown", "dead"))
    raise typer.Exit(Exit.REJECTED if not_fine else Exit.FINE)
