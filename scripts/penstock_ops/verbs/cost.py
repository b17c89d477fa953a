"""The verb of what things cost: a file, or a stack on which nothing happens."""

import asyncio
from dataclasses import asdict
from typing import Annotated, Any

import typer

from penstock_ops.console import screens
from penstock_ops.console.command_line import FILE, AsJson, Stack, show
from penstock_ops.console.errors import WrongUse


def add_to(app: typer.Typer) -> None:
    """Gives the command this verb."""
    app.command()(cost)


def cost(
    file_id: Annotated[str | None, typer.Argument(metavar="FILE", help=FILE)] = None,
    idle: Annotated[bool, typer.Option("--idle", help="What a stack costs a month while nothing is dropped.")] = False,
    stack: Stack = None,
    as_json: AsJson = False,
) -> None:
    """What a file has cost, line by line; with --idle, what a stack costs a month while nothing is dropped."""
    if idle == bool(file_id):
        raise WrongUse("say a file, or --idle")
    show(asyncio.run(_of_file(file_id, stack)) if file_id else _of_stack(), as_json, screens.bill)


async def _of_file(file_id: str, stack: str | None) -> dict[str, Any]:
    from penstock_ops.operate import operations
    from penstock_ops.wording.money import PAID_FOR

    async with operations.records_of(operations.connect(stack)) as records:
        report = await records.report(file_id)
    told: dict[str, Any] = report["cost"] or {"dollars": 0.0, "by": {}, "counted": {}, "prices": None}
    lines: list[dict[str, Any]] = [
        {"what": PAID_FOR[what], "number": told["counted"][what], "dollars": dollars}
        for what, dollars in told["by"].items()
    ]
    lines.sort(key=lambda line: -line["dollars"])
    return {"of": report["key"], "lines": lines, "dollars": told["dollars"], "prices": told["prices"]}


def _of_stack() -> dict[str, Any]:
    from penstock.account.cost import prices
    from penstock_ops.operate.idle import idle

    lines, table = idle(), prices()
    return {
        "of": "a stack on which nothing happens, a month",
        "lines": [asdict(line) for line in lines],
        "dollars": round(sum(line.dollars for line in lines), 2),
        "prices": {"region": table["region"], "date": table["date"]},
    }
