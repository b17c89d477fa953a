"""The verbs of a scheduler: look at held records, release or refuse them."""

import asyncio
from typing import TYPE_CHECKING, Annotated, Any

import typer

from penstock_ops.console import screens
from penstock_ops.console.command_line import FILE, AsJson, Exit, FileOption, Stack, exit_for, known_feed, show
from penstock_ops.console.progress import counting_bar

if TYPE_CHECKING:
    from penstock_ops.operate.replays import Prepared

verbs = typer.Typer(help="Records that wait for a scheduler's word.", no_args_is_help=True)

Records = Annotated[str, typer.Option(help='Which, by ordinal: "3,7-9".')]
Note = Annotated[str, typer.Option(help="Why; the audit keeps it.")]
By = Annotated[str, typer.Option(help="Who has decided [default: who runs this].", show_default=False)]


def add_to(app: typer.Typer) -> None:
    """Gives the command these verbs."""
    app.add_typer(verbs, name="held")


@verbs.command("list")
def list_held(
    file_id: Annotated[str | None, typer.Option("--file", metavar="FILE", help=f"Only that one's. {FILE}")] = None,
    feed: Annotated[str | None, typer.Option(help="Only that feed's.", callback=known_feed)] = None,
    stack: Stack = None,
    as_json: AsJson = False,
) -> None:
    """Records that are held: which they are, what was found of them, and since when they wait."""
    from penstock_ops.operate import held, operations, stack_ports
    from penstock_ops.operate.reporting import row_of

    outputs = operations.connect(stack)

    async def look() -> list[dict[str, Any]]:
        async with stack_ports.open_stack(outputs, stack) as ports:
            row = None if file_id is None else await row_of(ports.ledger, file_id)
            return await held.held_records(ports.ledger, ports.store, row, feed)

    records = asyncio.run(look())
    show(records, as_json, screens.held_records)
    raise typer.Exit(Exit.REJECTED if records else Exit.FINE)


@verbs.command("release")
def release_held(
    file_id: FileOption,
    records: Records,
    note: Note,
    by: By = "",
    timeout: Annotated[float, typer.Option(help="Seconds to wait at most until the file is whole again.")] = 900,
    stack: Stack = None,
    as_json: AsJson = False,
) -> None:
    """Deliver held records in spite of what was found of them. They are judged anew: a hard finding rejects them."""
    from penstock_ops.operate import held, operations, replays, stack_ports
    from penstock_ops.operate.notes import noted
    from penstock_ops.operate.reporting import report_of, row_of

    note, outputs = noted(note), operations.connect(stack)

    async def released() -> dict[str, Any]:
        async with stack_ports.open_stack(outputs, stack) as ports:
            row = await row_of(ports.ledger, file_id)
            prepared: Prepared = await held.prepare_release(ports, row, records)
            await held.begin_release(ports, prepared, by=by.strip(), note=note)
            with counting_bar("records", as_json) as advance:
                await replays.follow(ports, prepared, timeout, advance)
            file, count = row.file, prepared.records
            answer = {"file_id": file.file_id, "key": file.dropped.key, "records": records, "count": count}
            report = await report_of(ports.ledger, ports.store, file.file_id, ports.clock.now())
            return answer | {"still_held": await held.still_held(ports, prepared), "report": report}

    answer = asyncio.run(released())
    show(answer, as_json, screens.released)
    exit_for(answer["report"])


@verbs.command("refuse")
def refuse_held(
    file_id: FileOption,
    records: Records,
    note: Annotated[str, typer.Option(help="Why; the audit keeps it, and the sender reads it in rejects.csv.")],
    by: By = "",
    stack: Stack = None,
    as_json: AsJson = False,
) -> None:
    """Reject held records: the sender has them back, and may drop them again."""
    from penstock_ops.operate import held, operations, stack_ports
    from penstock_ops.operate.notes import noted
    from penstock_ops.operate.reporting import report_of, row_of

    note, outputs = noted(note), operations.connect(stack)

    async def refused() -> dict[str, Any]:
        async with stack_ports.open_stack(outputs, stack) as ports:
            row = await row_of(ports.ledger, file_id)
            answer = await held.refuse_all(ports, row, records, by=by.strip(), note=note)
            return answer | {"report": await report_of(ports.ledger, ports.store, row.file.file_id, ports.clock.now())}

    show(asyncio.run(refused()), as_json, screens.refused)
