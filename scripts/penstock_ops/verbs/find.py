"""The verb `find`: what became of a record, by what it is and not by where it was."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any

import typer

from penstock.feeds import FEEDS
from penstock_ops.console import screens
from penstock_ops.console.advice import sentences_of
from penstock_ops.console.command_line import AsJson, Exit, Stack, known_feed, show
from penstock_ops.console.errors import WrongUse
from penstock_ops.console.nearest import ensure_known

MOST = 100_000  #: records that are found at most


def add_to(app: typer.Typer) -> None:
    """Gives the command this verb."""
    app.command()(find)


def _day(said: str | None) -> str:
    today = datetime.now(UTC).date()
    match said:
        case None | "":
            return ""
        case "today":
            return today.isoformat()
        case "yesterday":
            return (today - timedelta(days=1)).isoformat()
        case _:
            try:
                return date.fromisoformat(said).isoformat()
            except ValueError:
                raise WrongUse(f"--day takes YYYY-MM-DD, today or yesterday; not {said}") from None


def find(
    feed: Annotated[str, typer.Option(help="Its feed.", callback=known_feed)],
    conditions: Annotated[
        list[str] | None,
        typer.Argument(metavar="FIELD=VALUE", help="What the record has; a field that is said twice has either value."),
    ] = None,
    key: Annotated[str, typer.Option(help="Its file's key; * stands for anything.")] = "",
    day: Annotated[str | None, typer.Option(help="The day of the drop, in UTC: YYYY-MM-DD, today, yesterday.")] = None,
    state: Annotated[str, typer.Option(help="How it ended, as rejected, or its file, as incomplete.")] = "",
    finding: Annotated[str, typer.Option(help="The code of what was found of it.")] = "",
    through: Annotated[
        int, typer.Option(min=1, max=1000, help="Files that are looked through, the latest, for what no table has.")
    ] = 200,
    stack: Stack = None,
    as_json: AsJson = False,
) -> None:
    """Find records by their fields, and tell what became of them. By the whole identity the claims answer at once,
    whatever the file; by a field of the identity, of the feed's search, or by file and finding, the table of outcomes
    does; for any other field, the feed's latest files are looked through."""
    from penstock_ops.operate import asking, operations, stack_ports
    from penstock_ops.operate import find as finding_out

    if not any((conditions, key, day, state, finding)):
        raise WrongUse("say what is looked for: FIELD=VALUE, --key, --day, --state or --finding")
    if state:
        ensure_known("state", state, finding_out.STATES)
    if finding:
        ensure_known("finding", finding, sentences_of(feed), otherwise=f"`penstock feeds {feed}` lists them")
    wanted = finding_out.wanted(FEEDS[feed], conditions or ())
    wanted = replace(wanted, key=key, day=_day(day), state=state, finding=finding)
    outputs = operations.connect(stack)

    def ask(sql: str) -> Sequence[Mapping[str, Any]]:
        return asking.answer_of(outputs, sql, MOST)["rows"]

    async def look() -> dict[str, Any]:
        async with stack_ports.open_stack(outputs, stack) as ports:
            now, table = ports.clock.now(), ask if asking.has_table(outputs) else None
            return await finding_out.find(ports.claims, ports.ledger, ports.store, wanted, through, now, table)

    answer = asyncio.run(look())
    show(answer, as_json, screens.found)
    raise typer.Exit(Exit.FINE if answer["records"] and not answer["not_found"] else Exit.REJECTED)
