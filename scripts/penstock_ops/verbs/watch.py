"""The verb `watch`: the pipe, live in a terminal."""

import asyncio
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.live import Live
from rich.text import Text

from penstock_ops.console import screens
from penstock_ops.console.command_line import AsJson, Stack
from penstock_ops.console.localising import localised
from penstock_ops.console.visible import as_json as to_json
from penstock_ops.console.visible import shown

if TYPE_CHECKING:
    from collections.abc import Generator

    from penstock_ops.operate.operations import Records

type Tell = Callable[[Mapping[str, Any]], None]

LATEST = 10  #: files that are shown


def add_to(app: typer.Typer) -> None:
    """Gives the command this verb."""
    app.command()(watch)


def watch(
    every: Annotated[float, typer.Option(min=0.2, help="Seconds between two looks.")] = 2.0,
    times: Annotated[int | None, typer.Option(min=1, help="Looks, then it ends [default: until Ctrl-C].")] = None,
    stack: Stack = None,
    as_json: AsJson = False,
) -> None:
    """Watch the pipe: what is on its way and what it waits for, queues, circuits, the latest files. Without a terminal
    each look is printed below the one before; with --json it is an object on a line."""
    from penstock_ops.operate import operations
    from penstock_ops.operate.times import utc

    outputs = operations.connect(stack)

    async def look(tell: Tell) -> None:
        async with operations.records_of(outputs) as records:
            looks = 0
            while times is None or looks < times:
                if looks:
                    await asyncio.sleep(every)
                tell({"at": utc(time.time())} | await _seen(records))
                looks += 1

    with _shown(as_json) as tell:
        asyncio.run(look(tell))


async def _seen(records: "Records") -> dict[str, Any]:
    opened, files, queues, circuits = await asyncio.gather(
        records.open_files(), records.files(LATEST), records.depths(), records.circuits()
    )
    return {"open": opened, "queues": queues, "circuits": circuits, "files": files}


def _shown(as_json: bool) -> AbstractContextManager[Tell]:
    """Where looks go: to a screen that shows the last one, or below each other."""
    if not as_json and screens.out.is_terminal:
        return _live()
    return _in_turn(as_json)


@contextmanager
def _in_turn(as_json: bool) -> "Generator[Tell]":
    def tell(seen: Mapping[str, Any]) -> None:
        if as_json:
            print(" ".join(map(str.strip, to_json(seen).split("\n"))), flush=True)  # noqa: T201
        else:
            screens.watched(localised(shown(seen)))

    yield tell


@contextmanager
def _live() -> "Generator[Tell]":
    with Live(console=screens.out, screen=True, auto_refresh=False, vertical_overflow="crop") as live:

        def tell(seen: Mapping[str, Any]) -> None:
            with screens.out.capture() as captured:
                screens.watched(localised(shown(seen)))
            live.update(Text.from_ansi(captured.get()), refresh=True)

        yield tell
