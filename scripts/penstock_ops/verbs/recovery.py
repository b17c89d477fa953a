"""The verbs after something went wrong: look at dead letters, redrive them, replay records, send idle work again,
decide unknown batches."""

import asyncio
import sys
from dataclasses import replace
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from penstock_ops.console import screens
from penstock_ops.console.command_line import FILE, AsJson, Exit, FileId, FileOption, Stack, exit_for, show
from penstock_ops.console.errors import WrongUse
from penstock_ops.console.progress import counting_bar
from penstock_ops.console.visible import shown

if TYPE_CHECKING:
    from penstock_ops.operate.redrives import Plan
    from penstock_ops.operate.replays import Asked, Prepared
    from penstock_ops.operate.stack_ports import StackPorts

#: Letters that `dlq list` looks at in each DLQ, to say what they are about.
LOOKED_AT = 200

dlq = typer.Typer(help="Dead letters: messages that a stage has given up on.", no_args_is_help=True)
unknown = typer.Typer(help="Batches that were sent and never answered.", no_args_is_help=True)


def add_to(app: typer.Typer) -> None:
    """Gives the command these verbs."""
    app.add_typer(dlq, name="dlq")
    app.command()(redrive)
    app.command()(replay)
    app.command()(resend)
    app.command()(acknowledge)
    app.add_typer(unknown, name="unknown")
    app.command()(adopt)


class QueueName(StrEnum):
    """The queues that have a DLQ."""

    INTAKE = "intake"
    DOCUMENT = "document"
    CHUNK = "chunk"
    DISPATCH = "dispatch"
    NOTICE = "notice"


@dlq.command("list")
def list_letters(stack: Stack = None, as_json: AsJson = False) -> None:
    """What lies in the DLQs, and which files it is about. Looking changes nothing."""
    from penstock_ops.operate import dead_letters, operations, stack_ports

    outputs = operations.connect(stack)

    async def look() -> list[dict[str, Any]]:
        async with stack_ports.open_stack(outputs, stack) as ports:
            looks = (dead_letters.summary(queue, LOOKED_AT) for queue in ports.dead_letters)
            return list(await asyncio.gather(*looks))

    found = asyncio.run(look())
    show(found, as_json, screens.dead_letters)
    raise typer.Exit(Exit.REJECTED if any(one["letters"] for one in found) else Exit.FINE)


@dlq.command("show")
def show_letters(
    queue: Annotated[QueueName, typer.Argument(help="The queue whose dead letters they are.")],
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="Letters at most.")] = 20,
    stack: Stack = None,
    as_json: AsJson = False,
) -> None:
    """Each letter of one DLQ. Looking changes nothing, and shows no record."""
    from penstock_ops.operate import dead_letters, operations, stack_ports

    outputs = operations.connect(stack)

    async def look() -> list[dict[str, Any]]:
        async with stack_ports.open_stack(outputs, stack) as ports:
            one = next((one for one in ports.dead_letters if one.name == queue), None)
            if one is None:
                raise WrongUse("the stack has no notices: it was deployed without Notices=true")
            return [dead_letters.described(letter) for letter in await one.look(limit)]

    letters = asyncio.run(look())
    show(letters, as_json, screens.letters)
    raise typer.Exit(Exit.REJECTED if letters else Exit.FINE)


def redrive(
    queue: Annotated[QueueName | None, typer.Option(help="Only that queue's [default: all].")] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Letters at most [default: all].")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be moved.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Also where a circuit is open.")] = False,
    stack: Stack = None,
    as_json: AsJson = False,
) -> None:
    """Send dead letters back to the queues they came from, once the cause is mended."""
    from penstock_ops.operate import operations, redrives, stack_ports
    from penstock_ops.operate.circuits import ensure_closed

    outputs = operations.connect(stack)

    async def plan_all(ports: "StackPorts") -> "list[Plan]":
        plans: list[Plan] = []
        for one in ports.dead_letters:
            left = None if limit is None else limit - sum(plan.letters for plan in plans)
            if queue in (None, one.name) and left != 0:
                plans.append(await redrives.plan(one, ports.feeds, left))
        return plans

    async def move() -> list[dict[str, Any]]:
        async with stack_ports.open_stack(outputs, stack) as ports:
            plans = await plan_all(ports)
            if dry_run:
                return [redrives.described(plan, None) for plan in plans]
            if not force:
                await ensure_closed(ports.throttle, {feed for plan in plans for feed in plan.feeds}, "or say --force")
            moved: list[dict[str, Any]] = []
            for plan in plans:
                with counting_bar(f"{plan.queue.name} DLQ", as_json) as advance:
                    most = None if limit is None else plan.letters
                    done = await redrives.begin(ports, plan, most, forced=force, advance=advance)
                moved.append(redrives.described(plan, done))
            return moved

    answer = asyncio.run(move())
    show(answer, as_json, screens.redriven)
    raise typer.Exit(Exit.REJECTED if any(one["left"] for one in answer) else Exit.FINE)


def replay(
    file_id: FileOption,
    reason: Annotated[str | None, typer.Option(help="Only records that ended with this finding code.")] = None,
    records: Annotated[str | None, typer.Option(help='Only these, by ordinal: "3,7-9", counted from 0.')] = None,
    limit: Annotated[int, typer.Option(min=1, help="Refuse to replay more records than that.")] = 10_000,
    note: Annotated[str, typer.Option(help="Why; the audit keeps it.")] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be replayed.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    timeout: Annotated[float, typer.Option(help="Seconds to wait at most until the file is whole again.")] = 900,
    stack: Stack = None,
    as_json: AsJson = False,
) -> None:
    """Give records that were rejected or died another chance, after the rule or the destination was mended. Those that
    were delivered are never touched."""
    from penstock_ops.operate import operations, replays

    outputs = operations.connect(stack)
    prepared = asyncio.run(_prepared(outputs, stack, replays.Asked(file_id, reason, records)))
    answer = replays.described(prepared, limit) | {"dry_run": dry_run, "report": None}
    if dry_run or prepared.is_about_nothing:
        show(answer, as_json, screens.replay)
        replay = prepared.replay
        left = not dry_run and (replay.undecided or replay.held or replay.on_their_way or replay.gone)
        raise typer.Exit(Exit.REJECTED if left else Exit.FINE)
    if not as_json:
        screens.replay(shown(answer))
    replays.ensure_within(prepared, limit)
    if not yes:
        _ask(as_json)
    answer["report"] = asyncio.run(_replayed(outputs, stack, prepared, note.strip(), timeout, quiet=as_json))
    show(answer, as_json, lambda answer: screens.account(answer["report"]))
    exit_for(answer["report"])


def resend(
    file_id: FileOption,
    idle: Annotated[float, typer.Option(min=0, help="Only what nobody has worked on for so many minutes.")] = 15,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be sent.")] = False,
    stack: Stack = None,
    as_json: AsJson = False,
) -> None:
    """Send work of a file again whose messages are lost. A copy of one that is not lost does no harm; the sweeper does
    the same by itself after some hours."""
    from penstock_ops.operate import operations, resends, stack_ports
    from penstock_ops.operate.reporting import row_of

    outputs = operations.connect(stack)

    async def send() -> dict[str, Any]:
        async with stack_ports.open_stack(outputs, stack) as ports:
            prepared = await resends.prepare(ports, await row_of(ports.ledger, file_id), idle * 60)
            if not dry_run:
                await resends.begin(ports, prepared)
            return resends.described(prepared, sent=not dry_run)

    show(asyncio.run(send()), as_json, screens.resend)


def _is_there() -> bool:
    return sys.stdin.isatty()


def _ask(as_json: bool) -> None:
    if as_json or not _is_there():
        raise WrongUse("nobody is there to be asked: look at it with --dry-run first, then say --yes")
    if not typer.confirm("Replay them?", err=True):
        raise WrongUse("nothing was replayed")


async def _prepared(outputs: dict[str, str], stack: str | None, asked: "Asked") -> "Prepared":
    from penstock_ops.operate import replays, stack_ports
    from penstock_ops.operate.reporting import row_of

    async with stack_ports.open_stack(outputs, stack) as ports:
        row = await row_of(ports.ledger, asked.file_id)
        return await replays.prepare(ports, row, replace(asked, file_id=row.file.file_id))


async def _replayed(
    outputs: dict[str, str], stack: str | None, prepared: "Prepared", note: str, patience: float, *, quiet: bool
) -> dict[str, Any]:
    """The file's report, once it is whole again."""
    from penstock_ops.operate import replays, stack_ports
    from penstock_ops.operate.reporting import report_of

    async with stack_ports.open_stack(outputs, stack) as ports:
        await replays.begin(ports, prepared, note)
        with counting_bar("records", quiet) as advance:
            await replays.follow(ports, prepared, patience, advance)
        return await report_of(ports.ledger, ports.store, prepared.asked.file_id, ports.clock.now())


def acknowledge(file_id: FileId, stack: Stack = None, as_json: AsJson = False) -> None:
    """Tell the senders of a settled file once more what became of it: its acknowledgements are written, and their event
    put, whatever was told before."""
    from penstock_ops.operate import acknowledging, operations, stack_ports
    from penstock_ops.operate.reporting import row_of

    outputs = operations.connect(stack)

    async def tell() -> dict[str, Any]:
        async with stack_ports.open_stack(outputs, stack) as ports:
            return await acknowledging.acknowledge(ports, await row_of(ports.ledger, file_id))

    show(asyncio.run(tell()), as_json, screens.facts)


@unknown.command("list")
def list_unknown(
    file_id: Annotated[str | None, typer.Option("--file", metavar="FILE", help=f"Only that one's. {FILE}")] = None,
    stack: Stack = None,
    as_json: AsJson = False,
) -> None:
    """Batches of unknown outcome: ask the destination about each, by its id, which is its Idempotency-Key."""
    from penstock_ops.operate import operations, stack_ports, unknowns
    from penstock_ops.operate.reporting import row_of

    outputs = operations.connect(stack)

    async def look() -> list[dict[str, Any]]:
        async with stack_ports.open_stack(outputs, stack) as ports:
            row = None if file_id is None else await row_of(ports.ledger, file_id)
            return await unknowns.unknown_batches(ports.ledger, row)

    batches = asyncio.run(look())
    show(batches, as_json, screens.unknown_batches)
    raise typer.Exit(Exit.REJECTED if batches else Exit.FINE)


@unknown.command("resolve")
def resolve_unknown(
    batch_id: Annotated[str, typer.Argument(help="The batch's id, as `penstock unknown list` shows it.")],
    delivered: Annotated[
        bool, typer.Option("--delivered/--not-delivered", help="Whether the destination has applied it.")
    ],
    note: Annotated[str, typer.Option(help="How you know; the audit keeps it.")],
    stack: Stack = None,
    as_json: AsJson = False,
) -> None:
    """Decide a batch of unknown outcome, as the destination says. What it does not have becomes dead, and can be
    replayed."""
    from penstock_ops.operate import operations, stack_ports, unknowns
    from penstock_ops.operate.reporting import report_of

    if not note.strip():
        raise WrongUse("--note must say how you know: the audit keeps it")
    outputs = operations.connect(stack)

    async def decide() -> dict[str, Any]:
        async with stack_ports.open_stack(outputs, stack) as ports:
            answer = await unknowns.decide(ports, batch_id, delivered=delivered, note=note.strip())
            report = await report_of(ports.ledger, ports.store, answer["file_id"], ports.clock.now())
            return answer | {"report": report}

    show(asyncio.run(decide()), as_json, screens.decided)


def adopt(
    ledger: Annotated[str | None, typer.Option(help="The table whose ledger rows are to be taken in.")] = None,
    claims: Annotated[str | None, typer.Option(help="The table whose claims are to be taken in.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be copied.")] = False,
    stack: Stack = None,
    as_json: AsJson = False,
) -> None:
    """Take in the rows of a restored table, or of an earlier stack's, as far as this stack has none in their place."""
    from penstock.io.auditing import audit
    from penstock_ops.operate import adopting, operations, stack_ports
    from penstock_ops.operate.clients import operators_clients

    sources = {name: table for name, table in (("ledger", ledger), ("claims", claims)) if table}
    if not sources:
        raise WrongUse("say which table is to be taken in: --ledger TABLE, --claims TABLE, or both")
    outputs = operations.connect(stack)

    async def take_in() -> dict[str, Any]:
        async with stack_ports.open_stack(outputs, stack) as ports, operators_clients() as aws:
            if not dry_run:
                detail = {"by": ports.operator, "tables": sources}
                await audit(ports.store, "RowsAdopted", ports.clock.now(), detail)
            return {
                name: dict(await adopting.adopt(aws.dynamodb, table, outputs[f"{name.title()}Table"], dry_run=dry_run))
                for name, table in sources.items()
            }

    answer = asyncio.run(take_in())
    show({"dry_run": dry_run} | answer, as_json, screens.adopted)
