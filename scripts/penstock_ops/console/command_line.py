"""What the verbs share: exit codes, options, and how a result is shown."""

from collections.abc import Callable, Mapping
from enum import IntEnum
from typing import Annotated, Any, Never

import typer

from penstock.feeds import FEEDS
from penstock.model.defects import is_defect
from penstock.model.lane_names import name_of
from penstock_ops.console.localising import localised
from penstock_ops.console.nearest import ensure_known
from penstock_ops.console.visible import as_json as to_json
from penstock_ops.console.visible import shown


class Exit(IntEnum):
    """What the exit code says. REJECTED stands for whatever is left to be looked after."""

    FINE = 0
    REJECTED = 1
    REFUSED = 2
    FAILED = 3


def known_feed(said: str | None) -> str | None:
    """A feed that was named, if there is such a feed.

    Raises:
        WrongUse: there is none.
    """
    return None if said is None else ensure_known("feed", said, FEEDS)


def _feeds(begun: str) -> list[str]:
    return [name for name in FEEDS if name.startswith(begun)]


def _a_lane(lane: str | None) -> str | None:
    if lane is not None and not name_of("", lane):
        raise typer.BadParameter("no lane can be called so")
    return lane


Lane = Annotated[
    str | None,
    typer.Option(metavar="LANE", help="This lane's own destination; tower's lanes are zones.", callback=_a_lane),
]

FeedArgument = Annotated[
    str,
    typer.Argument(
        metavar="FEED",
        help="The feed, as `penstock feeds` lists it.",
        callback=known_feed,
        autocompletion=_feeds,
        show_default=False,
    ),
]
FILE = "The file's id or the beginning of it, its key, or `last`."
FileId = Annotated[str, typer.Argument(metavar="FILE", help=FILE)]
FileOption = Annotated[str, typer.Option("--file", metavar="FILE", help=FILE)]

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
        screen(localised(shown(value)))


def exit_for(report: Mapping[str, Any]) -> Never:
    """Ends the command as a file has ended."""
    if report["refused"] or any(entry["refused"] for entry in report.get("entries", ())):
        raise typer.Exit(Exit.REFUSED)
    not_fine = sum(report["records"].get(outcome, 0) for outcome in ("rejected", "held", "unknown", "dead"))
    in_part = report.get("state") == "incomplete" or any(map(is_defect, report["findings"]))
    raise typer.Exit(Exit.REJECTED if not_fine or in_part else Exit.FINE)
