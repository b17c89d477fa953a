"""The command `penstock`.

Exit codes: 0 fine, 1 something is left to be looked after (records rejected, held, unknown or dead; letters in a DLQ),
2 the file was refused, 3 the command failed (the reason is on stderr, in one sentence). Every verb takes `--json`.

Verbs import what talks to AWS themselves: that takes most of a second, and `check` needs none of it.
"""

import asyncio
import json
import sys
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, Never

import typer
from rich.progress import BarColumn, DownloadColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from penstock.feeds import FEEDS
from penstock.model.errors import PenstockError
from penstock.model.rows import FileState
from penstock.split.tree_digest import LEAF, TreeDigest
from penstock_ops import scheduling, screens
from penstock_ops.check.check_file import check as check_file
from penstock_ops.command_line import AsJson, Exit, Stack, exit_for, show
from penstock_ops.errors import WrongUse
from penstock_ops.operate import recovery
from penstock_ops.samples import SAMPLES

from .feed_pages.verb import feeds
from .samples.sample import SampleOptions

if TYPE_CHECKING:
    from penstock_ops import world
    from penstock_ops.operate.operations import Records

app = typer.Typer(
    help="Every record of a dropped file is validated and delivered once, or comes back with the reason.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


FileId = Annotated[str, typer.Argument(help="The file's id, as `penstock files` shows it.")]


INCOMPLETE = 100  #: files, the latest, among which `status` looks for incomplete ones


def main() -> Never:
    """Runs the command; whatever goes wrong ends as one sentence on stderr and exit code 3."""
    try:
        code = app(standalone_mode=False)
    except KeyboardInterrupt:
        code = _failed("stopped")
    except (PenstockError, OSError, ValueError) as error:
        code = _failed(str(error))
    except Exception as error:
        sentence = _sentence_of(error)
        if sentence is None:
            raise
        code = _failed(sentence)
    sys.exit(code or 0)


def _sentence_of(error: Exception) -> str | None:
    """What Typer's and botocore's errors say for people; None for a defect of our own. Neither library gives its errors
    a public root."""
    formatted: Callable[[], str] | None = getattr(error, "format_message", None)
    if formatted:
        return formatted()
    return str(error) if type(error).__module__.partition(".")[0] in ("botocore", "boto3") else None


def _failed(sentence: str) -> int:
    screens.err.print(f"penstock: {sentence}", markup=False, soft_wrap=True)
    return Exit.FAILED


@contextmanager
def _bytes_bar(what: str, total: int, quiet: bool) -> Generator[Callable[[int], None]]:
    """A progress bar over bytes, on a terminal's stderr."""
    columns = (TextColumn(what), BarColumn(), DownloadColumn(), TimeElapsedColumn())
    with Progress(*columns, console=screens.err, transient=True, disable=quiet or not screens.err.is_terminal) as bar:
        task = bar.add_task(what, total=total)

        def advance(done: int) -> None:
            bar.advance(task, done)

        yield advance


@app.command()
def check(
    file: Annotated[Path, typer.Argument(help="The file to judge.")],
    feed: Annotated[
        str | None, typer.Option(help="Its feed; without it, the feed its folder names or that fits.")
    ] = None,
    rejects: Annotated[Path | None, typer.Option(help="Where rejects go [default: FILE.rejects.csv, here].")] = None,
    as_json: AsJson = False,
) -> None:
    """Judge a file right here, without AWS: what would happen to it if it were dropped."""
    with _bytes_bar("checking", file.stat().st_size, as_json) as advance:
        checked = check_file(file, feed, rejects or Path(f"{file.name}.rejects.csv"), advance).as_dict()
    show(checked, as_json, screens.checked)
    exit_for(checked)


@app.command()
def digest(
    file: Annotated[Path, typer.Argument(help="The file as it was dropped; of a compressed one, what is in it.")],
    as_json: AsJson = False,
) -> None:
    """Reckon a file's digest, to compare with `sha256_tree` in its report: SHA-256 over a tree of its mebibytes."""
    tree = TreeDigest()
    with _bytes_bar("reading", file.stat().st_size, as_json) as advance, file.open("rb") as source:
        while block := source.read(8 * LEAF):
            tree.push(block)
            advance(len(block))
    show(
        {"file": str(file), "bytes": file.stat().st_size, "sha256_tree": tree.hexdigest()},
        as_json,
        screens.outcome_line,
    )


@app.command()
def sample(
    feed: Annotated[str, typer.Argument(help="The feed whose file it is to be.")],
    records: Annotated[int, typer.Option(min=0, help="How many records.")] = 1000,
    faults: Annotated[float, typer.Option(min=0, max=1, help="The share of faulty records.")] = 0.0,
    seed: Annotated[int, typer.Option(help="Another seed, other records.")] = 0,
    format: Annotated[str | None, typer.Option(help="One of the feed's formats.")] = None,  # noqa: A002
    spelling: Annotated[str, typer.Option(help="Column names: canonical or trade.")] = "canonical",
    output: Annotated[Path | None, typer.Option(help="Where to [default: FEED-SEED.ENDING, here].")] = None,
    expected: Annotated[Path | None, typer.Option(help="Also write each record's expected outcome here.")] = None,
    as_json: AsJson = False,
) -> None:
    """Write a realistic file of a feed, with every record's outcome known beforehand."""
    if feed not in SAMPLES:
        raise WrongUse(f"there is no sample of {feed}; there are: {', '.join(SAMPLES)}")
    generator = SAMPLES[feed]
    format = format or next(iter(generator.formats))  # noqa: A001
    if format not in generator.formats or spelling not in ("canonical", "trade"):
        raise WrongUse(f"formats of {feed}: {', '.join(generator.formats)}; spellings: canonical, trade")
    names: Literal["canonical", "trade"] = "trade" if spelling == "trade" else "canonical"
    options = SampleOptions(records=records, format=format, faults=faults, seed=seed, spelling=names)
    path = output or Path(f"{feed}-{seed}.{generator.formats[format]}")
    with path.open("wb") as out:
        if expected:
            with expected.open("wb") as beside:
                counts = generator.write(out, options, beside)
        else:
            counts = generator.write(out, options, None)
    written = {"file": str(path), "bytes": path.stat().st_size, "expected": dict(counts)}
    show(written, as_json, screens.outcome_line)


@app.command()
def up(
    destination: Annotated[
        list[str] | None, typer.Option(help="FEED=URL: post that feed's records there, not to the demo API.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Start the local world, or bring it up to date: MiniStack on loopback, and the real SAM build and deploy on it."""
    wrong = [one for one in destination or () if "=" not in one or one.split("=", 1)[0] not in FEEDS]
    if wrong:
        raise WrongUse(f"--destination takes FEED=URL, with FEED one of {', '.join(FEEDS)}; not {wrong[0]}")
    destinations = dict(one.split("=", 1) for one in destination or ())
    here = bring_up(destinations, quiet=as_json)
    show(_world(here), as_json, screens.outcome_line)


def bring_up(destinations: Mapping[str, str], *, quiet: bool) -> "world.World":
    """The world, with a word about each step."""
    from penstock_ops import world

    began = time.monotonic()

    def say(step: str) -> None:
        if not quiet:
            screens.err.print(f"[dim]{time.monotonic() - began:6.1f} s[/]  {step}")

    return world.up(destinations, say=say)


def _world(here: "world.World") -> dict[str, Any]:
    return {
        "stack": here.stack,
        "endpoint": here.endpoint,
        "destinations": dict(here.destinations),
        "demo_api": here.demo_api,
        "logs": str(here.logs),
    }


@app.command()
def down(as_json: AsJson = False) -> None:
    """Stop the local world. What was in it is gone."""
    from penstock_ops import world

    was_up = world.down()
    show({"stopped": was_up}, as_json, lambda _: screens.out.print("stopped" if was_up else "no local world was up"))


@app.command()
def status(stack: Stack = None, as_json: AsJson = False) -> None:
    """How the world is: what runs, what waits in the queues, how the latest files stand."""
    from penstock_ops import world
    from penstock_ops.operate import operations

    told: dict[str, Any] = {}
    if stack is None:
        here = world.status()
        told = {"world": _world(here.world) if here.world else None, "problems": list(here.problems)}
        if here.world is None:
            show(
                told | {"up": False},
                as_json,
                lambda _: screens.out.print("; ".join(here.problems) or "no local world is up"),
            )
            raise typer.Exit(Exit.FAILED if here.problems else Exit.FINE)
    outputs = operations.connect(stack)

    async def look() -> dict[str, Any]:
        async with operations.records_of(outputs) as records:
            latest = await records.files(1000)
            states = Counter(report["state"] for report in latest)
            found = {"queues": await records.depths(), "circuits": await records.circuits(), "files": dict(states)}
            waiting = [one for one in latest if one["records"]["held"]]
            held = [{"file_id": one["file_id"], "key": one["key"], "held": one["records"]["held"]} for one in waiting]
            return found | {"incomplete": await records.incomplete(latest[:INCOMPLETE]), "held": held}

    show(told | asyncio.run(look()), as_json, screens.status)


@app.command()
def drop(
    file: Annotated[Path, typer.Argument(help="The file to drop.")],
    feed: Annotated[str, typer.Option(help="Its feed: the first part of its key.")],
    key: Annotated[str | None, typer.Option(help="The key after the feed [default: the file's name].")] = None,
    wait: Annotated[bool, typer.Option("--wait", help="Until the file is settled; then its report.")] = False,
    timeout: Annotated[float, typer.Option(help="Seconds to wait at most.")] = 900,
    stack: Stack = None,
    as_json: AsJson = False,
) -> None:
    """Drop a file into the bucket, as a sender would."""
    from penstock_ops.operate import operations

    outputs = operations.connect(stack)
    with _bytes_bar("uploading", file.stat().st_size, as_json) as advance:
        dropped = operations.drop(outputs, file, f"{feed}/{key or file.name}", advance)
    if not wait:
        told = {"file_id": dropped.file_id, "key": dropped.key, "version_id": dropped.version_id}
        show(told, as_json, screens.outcome_line)
        return
    report = asyncio.run(wait_for(outputs, {dropped.file_id: dropped.key}, timeout, quiet=as_json))[dropped.file_id]
    show(report, as_json, screens.account)
    exit_for(report)


ENDED = (FileState.SETTLED, FileState.REFUSED, FileState.UNPACKED)


async def wait_for(
    outputs: Mapping[str, str], keys: Mapping[str, str], patience: float, *, quiet: bool
) -> dict[str, dict[str, Any]]:
    """The reports of files (id → key) once they have all ended, in that order, with a bar for each until then. Each has
    `waited`, the seconds from this call to its end.

    Raises:
        PenstockError: some have not ended within `patience` seconds.
    """
    from penstock_ops.operate import operations

    began, reports = time.monotonic(), dict[str, dict[str, Any]]()
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    hidden = quiet or not screens.err.is_terminal
    async with operations.records_of(outputs) as records:
        with Progress(*columns, console=screens.err, disable=hidden) as bar:
            tasks = {file_id: bar.add_task(key, total=None) for file_id, key in keys.items()}
            while len(reports) < len(keys):
                if time.monotonic() - began > patience:
                    late = ", ".join(sorted(key for file_id, key in keys.items() if file_id not in reports))
                    raise PenstockError(
                        f"after {patience:.0f} s not settled: {late}; `penstock status` shows the queues"
                    )
                for file_id in keys.keys() - reports.keys():
                    row = await records.ledger.file(file_id)
                    if row is None:
                        continue
                    bar.update(tasks[file_id], completed=sum(row.counted.values()), total=row.received or None)
                    if row.state in ENDED:
                        waited = round(time.monotonic() - began, 1)
                        reports[file_id] = await records.report(file_id) | {"waited": waited}
                await asyncio.sleep(0.2)
    return reports


@app.command()
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


@app.command()
def report(file_id: FileId, stack: Stack = None, as_json: AsJson = False) -> None:
    """One file's account."""
    from penstock_ops.operate import operations

    outputs = operations.connect(stack)

    async def look() -> dict[str, Any]:
        async with operations.records_of(outputs) as records:
            return await records.report(file_id)

    told = asyncio.run(look())
    show(told, as_json, screens.account)
    exit_for(told)


@app.command()
def rejects(
    file_id: FileId,
    output: Annotated[Path | None, typer.Option(help="Save it there [default: print it].")] = None,
    stack: Stack = None,
    as_json: AsJson = False,
) -> None:
    """A file's rejects.csv: what to mend and drop again."""
    body = _report_of(stack, lambda records: records.rejects(file_id))
    _hand_over("rejects", file_id, body, output, as_json, "no record of this file has been rejected")


@app.command()
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
        told = {"file_id": file_id, what: None if body is None else body.decode(), "saved": output and str(output)}
        print(json.dumps(told, indent=2))  # noqa: T201
    elif body is None:
        screens.err.print(none)
    elif output is None:
        sys.stdout.buffer.write(body)
    raise typer.Exit(Exit.FINE if body is None else Exit.REJECTED)


@app.command()
def explain(
    file_id: FileId,
    ordinal: Annotated[int, typer.Argument(min=0, help="The record's place in the file, counted from 0.")],
    stack: Stack = None,
    as_json: AsJson = False,
) -> None:
    """One record's whole outcome_line."""
    from penstock_ops.operate import operations

    outputs = operations.connect(stack)

    async def look() -> dict[str, Any]:
        async with operations.records_of(outputs) as records:
            return await records.explain(file_id, ordinal)

    show(asyncio.run(look()), as_json, screens.outcome_line)


@app.command()
def demo(
    records: Annotated[int, typer.Option(min=1, help="Records of the largest file.")] = 20_000,
    keep: Annotated[bool, typer.Option("--keep", help="Leave the world up afterwards.")] = False,
    as_json: AsJson = False,
) -> None:
    """Start a world, drop generated files, watch them, and read where every record ended."""
    from penstock_ops.demo import run_demo

    told = run_demo(records, keep=keep, quiet=as_json)
    if as_json:
        print(json.dumps(told, indent=2))  # noqa: T201


app.command()(feeds)
recovery.add_to(app)
scheduling.add_to(app)
