"""The verbs of a file's way: drop it, look at its account, take back what was rejected, explain one record."""

import asyncio
import csv
import io
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from penstock_ops.console import report_page, screens
from penstock_ops.console.command_line import AsJson, Exit, FileId, Stack, exit_for, known_feed, show
from penstock_ops.console.localising import localised
from penstock_ops.console.progress import bytes_bar, file_bars
from penstock_ops.console.visible import LINES, visible
from penstock_ops.console.visible import as_json as to_json
from penstock_ops.wording.times import local_time

if TYPE_CHECKING:
    from penstock_ops.operate.operations import Records


def add_to(app: typer.Typer) -> None:
    """Gives the command these verbs."""
    for verb in (drop, files, report, rejects, exceptions, explain):
        app.command()(verb)


def drop(
    file: Annotated[Path, typer.Argument(help="The file to drop.")],
    feed: Annotated[str, typer.Option(help="Its feed: the first part of its key.", callback=known_feed)],
    key: Annotated[str | None, typer.Option(help="The key after the feed [default: the file's name].")] = None,
    wait: Annotated[bool, typer.Option("--wait", help="Until the file is settled; then its report.")] = False,
    timeout: Annotated[float, typer.Option(help="Seconds to wait at most.")] = 900,
    stack: Stack = None,
    as_json: AsJson = False,
) -> None:
    """Drop a file into the bucket, as a sender would."""
    from penstock_ops.operate import operations
    from penstock_ops.operate.waiting import wait_for

    outputs = operations.connect(stack)
    with bytes_bar("uploading", file.stat().st_size, as_json) as advance:
        dropped = operations.drop(outputs, file, f"{feed}/{key or file.name}", advance)
    if not wait:
        show(asdict(dropped), as_json, screens.facts)
        return
    keys = {dropped.file_id: dropped.key}
    with file_bars(keys, as_json) as advance:
        report = asyncio.run(wait_for(outputs, keys, timeout, advance))[dropped.file_id]
    show(report, as_json, screens.account)
    exit_for(report)


def files(
    limit: Annotated[int, typer.Option(min=1, help="How many at most.")] = 20,
    stack: Stack = None,
    as_json: AsJson = False,
) -> None:
    """The files dropped last, each with its account."""
    from penstock_ops.operate import operations

    outputs = operations.connect(stack)

    async def look() -> list[dict[str, Any]]:
        async with operations.records_of(outputs) as records:
            return await records.files(limit)

    show(asyncio.run(look()), as_json, screens.files)


def report(
    file_id: FileId,
    html: Annotated[Path | None, typer.Option(help="Also save it there as one page, to send to a partner.")] = None,
    stack: Stack = None,
    as_json: AsJson = False,
) -> None:
    """One file's account."""
    from penstock_ops.operate import operations

    outputs = operations.connect(stack)

    async def look() -> tuple[dict[str, Any], bytes | None]:
        async with operations.records_of(outputs) as records:
            answer = await records.report(file_id)
            return answer, await records.rejects(answer["file_id"]) if html else None

    answer, rejected = asyncio.run(look())
    if html:
        html.write_text(_page(answer, rejected), encoding="utf-8")
    show(answer, as_json, screens.account)
    if html and not as_json:
        screens.say(f"saved: {html}")
    exit_for(answer)


def _page(answer: dict[str, Any], rejected: bytes | None) -> str:
    """The account as a page, with the first of its rejects."""
    rows = csv.DictReader(io.StringIO((rejected or b"").decode("utf-8-sig", "replace"), newline=""))
    return report_page.page(localised(answer), list(islice(rows, report_page.MOST)), local_time(time.time()))


def rejects(
    file_id: FileId,
    output: Annotated[Path | None, typer.Option(help="Save it there [default: print it].")] = None,
    stack: Stack = None,
    as_json: AsJson = False,
) -> None:
    """A file's rejects, to mend and drop again: as .xlsx, .ndjson, .edi or .xml if PATH ends so, else as CSV."""
    kind = output.suffix.lower().lstrip(".") if output else ""
    kind = kind if kind in ("xlsx", "ndjson", "edi", "xml") else "csv"
    body = _report_of(stack, lambda records: records.rejects(file_id, kind))
    _hand_over("rejects", file_id, body, output, as_json, "no record of this file has been rejected")


def exceptions(
    file_id: FileId,
    output: Annotated[Path | None, typer.Option(help="Save it there [default: print it].")] = None,
    stack: Stack = None,
    as_json: AsJson = False,
) -> None:
    """A file's exceptions.ndjson: what the feed's rules have found beside other records, with the figures."""
    body = _report_of(stack, lambda records: records.exceptions(file_id))
    _hand_over("exceptions", file_id, body, output, as_json, "nothing was found in this file that is told there")


def _report_of(stack: str | None, read: "Callable[[Records], Awaitable[bytes | None]]") -> bytes | None:
    from penstock_ops.operate import operations

    outputs = operations.connect(stack)

    async def look() -> bytes | None:
        async with operations.records_of(outputs) as records:
            return await read(records)

    return asyncio.run(look())


def _hand_over(what: str, file_id: str, body: bytes | None, output: Path | None, as_json: bool, none: str) -> None:
    """A report, saved or printed. With any, something is left to be looked after."""
    if output and body is not None:
        output.write_bytes(body)
    if as_json:
        answer = {"file_id": file_id, what: _text_of(body), "saved": output and str(output)}
        print(to_json(answer))  # noqa: T201
    elif body is None:
        screens.err.print(none)
    elif output is None and sys.stdout.isatty():
        print(visible(body.decode().replace("\r\n", "\n"), kept=LINES), end="")  # noqa: T201
    elif output is None:
        sys.stdout.buffer.write(body)
    raise typer.Exit(Exit.FINE if body is None else Exit.REJECTED)


def _text_of(body: bytes | None) -> str | None:
    """A report as JSON has it; of a workbook, nothing."""
    return None if body is None or body.startswith(b"PK") else body.decode("utf-8-sig", "backslashreplace")


def explain(
    file_id: FileId,
    ordinal: Annotated[int, typer.Argument(min=0, help="The record's place in the file, counted from 0.")],
    stack: Stack = None,
    as_json: AsJson = False,
) -> None:
    """One record's whole story."""
    from penstock_ops.operate import operations

    outputs = operations.connect(stack)

    async def look() -> dict[str, Any]:
        async with operations.records_of(outputs) as records:
            return await records.explain(file_id, ordinal)

    show(asyncio.run(look()), as_json, screens.facts)
