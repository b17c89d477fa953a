"""What the verbs share: exit codes, options, and how a result is shown."""

import json
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from enum import IntEnum
from typing import Annotated, Any, Never

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from penstock_ops import screens


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
        print(json.dumps(value, indent=2))  # noqa: T201
    else:
        screen(value)


def exit_for(report: Mapping[str, Any]) -> Never:
    """Ends the command as a file has ended."""
    if report["refused"] or any(entry["refused"] for entry in report.get("entries", ())):
        raise typer.Exit(Exit.REFUSED)
    not_fine = sum(report["records"].get(outcome, 0) for outcome in ("rejected", "held", "unknown", "dead"))
    raise typer.Exit(Exit.REJECTED if not_fine else Exit.FINE)


@contextmanager
def counting_bar(what: str, quiet: bool) -> Generator[Callable[[int, int | None], None]]:
    """A progress bar on a terminal's stderr; it is told (how many, of how many if that is known)."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=screens.err, transient=True, disable=quiet or not screens.err.is_terminal) as bar:
        task = bar.add_task(what, total=None)

        def advance(done: int, total: int | None) -> None:
            bar.update(task, completed=done, total=total)

        yield advance
