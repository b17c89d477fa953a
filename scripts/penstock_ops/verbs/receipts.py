"""The verbs of receipts: what proves to an auditor how a record ended, and how he checks it."""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from penstock.feeds import FEEDS
from penstock_ops.console import screens
from penstock_ops.console.command_line import AsJson, Exit, FeedArgument, FileId, Stack, known_feed, show
from penstock_ops.console.errors import WrongUse

if TYPE_CHECKING:
    from penstock_ops.operate.receipts import ReceiptPorts

log = typer.Typer(help="The signed logs of accounts, one a feed.", no_args_is_help=True)

Output = Annotated[Path | None, typer.Option(help="Write it there [default: to the terminal, or a pipe].")]


def add_to(app: typer.Typer) -> None:
    """Gives the command these verbs."""
    app.command()(receipt)
    app.command()(verify)
    app.command()(audit)
    app.add_typer(log, name="log")


def receipt(
    file_id: FileId,
    ordinal: Annotated[int | None, typer.Argument(min=0, help="Of this record, counted from 0.")] = None,
    output: Output = None,
    stack: Stack = None,
    as_json: AsJson = False,
) -> None:
    """What proves how a file's records ended, or one of them did: for an auditor, who checks it without us."""
    from penstock_ops.operate import receipts

    _give(_made(stack, lambda ports: receipts.receipt(ports, file_id, ordinal)), output, as_json)


def verify(
    proof: Annotated[Path, typer.Argument(help="The receipt, the proof that a log goes on, or an export's folder.")],
    beside: Annotated[
        Path | None, typer.Argument(metavar="[FILE]", help="The file that it is of, or the earlier checkpoint.")
    ] = None,
    *,
    keys: Annotated[Path, typer.Option(help="What `penstock log keys` printed, once, by a way that you trust.")],
    as_json: AsJson = False,
) -> None:
    """Check a receipt with nothing but the public key: what is proved, and what is not."""
    from penstock_ops import verify_receipt

    read = beside.read_bytes() if beside else None
    try:
        if proof.is_dir():
            proved = verify_receipt.verify_folder(proof, keys.read_bytes())
        else:
            proved = verify_receipt.verify(proof.read_bytes(), keys.read_bytes(), read)
    except verify_receipt.Unreadable as error:
        raise WrongUse(str(error)) from None
    except verify_receipt.Wrong as error:
        show({"proved": False, "reason": str(error)}, as_json, screens.facts)
        raise typer.Exit(Exit.REJECTED) from None
    show({"proved": True, "said": proved.splitlines()}, as_json, _tell)


def audit(
    feed: Annotated[str, typer.Option(help="The feed, as `penstock feeds` lists it.", callback=known_feed)],
    first: Annotated[datetime, typer.Option("--from", formats=["%Y-%m-%d"], help="The first day, in UTC.")],
    last: Annotated[datetime, typer.Option("--to", formats=["%Y-%m-%d"], help="The last day, in UTC.")],
    output: Annotated[Path, typer.Option(help="The folder, which must not be there yet.")],
    stack: Stack = None,
    as_json: AsJson = False,
) -> None:
    """Export what an auditor wants of a time: accounts with their proofs, how each record ended, findings, and what
    people did. The folder stands alone; `penstock verify FOLDER` checks it, as does the script in it."""
    from penstock_ops.operate import audit_export, operations, receipts

    if last < first:
        raise WrongUse("--to lies before --from")
    outputs = operations.connect(stack)
    asked = audit_export.Asked(feed, first.date(), last.date())

    async def work() -> dict[str, Any]:
        async with receipts.open_receipts(outputs) as ports, receipts.open_archive(outputs) as archive:
            return await audit_export.export(ports, archive, asked, output)

    show(asyncio.run(work()), as_json, screens.facts)


@log.command("keys")
def keys(output: Output = None, stack: Stack = None, as_json: AsJson = False) -> None:
    """What an auditor needs to check receipts, a line a feed. It is no secret."""
    from penstock_ops.operate import receipts

    async def lines(ports: "ReceiptPorts") -> bytes:
        return "".join(f"{line}\n" for line in await receipts.keys(ports, list(FEEDS))).encode()

    _give(_made(stack, lines), output, as_json)


@log.command("checkpoint")
def checkpoint(feed: FeedArgument, output: Output = None, stack: Stack = None, as_json: AsJson = False) -> None:
    """A feed's log as it was signed last: who keeps it finds out later if anything in it was changed."""
    from penstock_ops.operate import receipts

    _give(_made(stack, lambda ports: receipts.checkpoint_of(ports, feed)), output, as_json)


@log.command("since")
def since(
    feed: FeedArgument,
    earlier: Annotated[Path, typer.Argument(help="An earlier checkpoint of this log.")],
    output: Output = None,
    stack: Stack = None,
    as_json: AsJson = False,
) -> None:
    """What proves that a feed's log begins with all that it had at an earlier checkpoint."""
    from penstock_ops.operate import receipts

    known = earlier.read_bytes()
    _give(_made(stack, lambda ports: receipts.proof_since(ports, feed, known)), output, as_json)


def _made(stack: str | None, make: Callable[["ReceiptPorts"], Awaitable[bytes]]) -> bytes:
    from penstock_ops.operate import operations, receipts

    outputs = operations.connect(stack)

    async def work() -> bytes:
        async with receipts.open_receipts(outputs) as ports:
            return await make(ports)

    return asyncio.run(work())


def _give(body: bytes, output: Path | None, as_json: bool) -> None:
    """What was made, as it is; where a machine asks, in JSON."""
    if output:
        output.write_bytes(body)
        show({"written": str(output)}, as_json, screens.facts)
    elif as_json:
        show({"text": body.decode()}, as_json, screens.facts)
    else:
        sys.stdout.buffer.write(body)


def _tell(proved: dict[str, list[str]]) -> None:
    for sentence in proved["said"]:
        screens.out.print(sentence)
