"""Progress on a terminal's stderr; nowhere else, and not where machines read."""

from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager

from rich.progress import BarColumn, DownloadColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from penstock_ops.console import screens
from penstock_ops.console.visible import visible


@contextmanager
def bytes_bar(what: str, total: int, quiet: bool) -> Generator[Callable[[int], None]]:
    """A bar over bytes; it is told how many more are done."""
    columns = (TextColumn(what, markup=False), BarColumn(), DownloadColumn(), TimeElapsedColumn())
    with Progress(*columns, console=screens.err, transient=True, disable=quiet or not screens.err.is_terminal) as bar:
        task = bar.add_task(what, total=total)

        def advance(done: int) -> None:
            bar.advance(task, done)

        yield advance


@contextmanager
def counting_bar(what: str, quiet: bool) -> Generator[Callable[[int, int | None], None]]:
    """A progress bar on a terminal's stderr; it is told (how many, of how many if that is known)."""
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=screens.err, transient=True, disable=quiet or not screens.err.is_terminal) as bar:
        task = bar.add_task(what, total=None)

        def advance(done: int, total: int | None) -> None:
            bar.update(task, completed=done, total=total)

        yield advance


@contextmanager
def file_bars(keys: Mapping[str, str], quiet: bool) -> Generator[Callable[[str, int, int | None], None]]:
    """A bar for each file (id → key), which stays; it is told (of which, how many, of how many if that is known)."""
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=screens.err, disable=quiet or not screens.err.is_terminal) as bar:
        tasks = {file_id: bar.add_task(visible(key), total=None) for file_id, key in keys.items()}

        def advance(file_id: str, done: int, total: int | None) -> None:
            bar.update(tasks[file_id], completed=done, total=total)

        yield advance
