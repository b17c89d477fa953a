"""The command `penstock`.

Exit codes: 0 fine, 1 something is left to be looked after (records rejected, held, unknown or dead; letters in a DLQ),
2 the file was refused, 3 the command failed (the reason is on stderr, in one sentence). Every verb takes `--json`.
"""

import sys
from collections.abc import Callable
from importlib.metadata import version
from typing import Annotated, Never

import typer

from penstock.feeds.declared.faults import Misdeclared
from penstock.io.collector import collect_seldom
from penstock.model.errors import PenstockError
from penstock_ops.console import screens
from penstock_ops.console.command_line import Exit
from penstock_ops.console.command_page import page
from penstock_ops.console.visible import LINES, visible
from penstock_ops.verbs import (
    asking,
    check,
    circuits,
    console,
    cost,
    demo,
    destination,
    feeds,
    files,
    find,
    held,
    invoke,
    notices,
    receipts,
    recovery,
    sample,
    templates,
    watch,
    world,
)

app = typer.Typer(
    help="Every record of a dropped file is validated and delivered once, or comes back with the reason.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

# In the order in which --help lists them.
for group in (
    check,
    sample,
    templates,
    world,
    watch,
    console,
    files,
    find,
    asking,
    demo,
    feeds,
    recovery,
    held,
    circuits,
    cost,
    destination,
    notices,
    receipts,
    invoke,
):
    group.add_to(app)


def _tell_version(asked: bool) -> None:
    if asked:
        print(f"penstock {version('penstock')}")  # noqa: T201
        raise typer.Exit


def _print_page(asked: bool) -> None:
    if asked:
        print(page(app), end="")  # noqa: T201
        raise typer.Exit


@app.callback()
def options(
    version_asked: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_tell_version, is_eager=True)
    ] = False,
    page_asked: Annotated[
        bool,
        typer.Option("--page", help="Print docs/commands.md, as Markdown.", callback=_print_page, is_eager=True),
    ] = False,
) -> None:
    """What stands before every verb."""


def main() -> Never:
    """Runs the command; whatever goes wrong ends as one sentence on stderr and exit code 3."""
    collect_seldom()
    try:
        code = app(standalone_mode=False)
    except KeyboardInterrupt:
        code = _failed("stopped")
    except OSError as error:
        code = _failed(_of_the_system(error))
    except Misdeclared as error:
        code = _failed(*error.told)
    except (PenstockError, ValueError) as error:
        code = _failed(str(error))
    except Exception as error:
        if type(error).__name__ == "NoArgsIsHelpError":  # of Typer's, which has no public name for it
            screens.err.print(visible(str(error), LINES), soft_wrap=True)
            sys.exit(Exit.FAILED)
        sentence = _sentence_of(error)
        if sentence is None:
            raise
        code = _failed(sentence)
    sys.exit(code or 0)


def _of_the_system(error: OSError) -> str:
    """What the system says, without its number."""
    about = " and ".join(str(name) for name in (error.filename, error.filename2) if name)
    said = (error.strerror or str(error) or type(error).__name__).lower()
    return f"{about}: {said}" if about else said


def _sentence_of(error: Exception) -> str | None:
    """What Typer's and botocore's errors say for people; None for a defect of our own. Neither library gives its errors
    a public root."""
    formatted: Callable[[], str] | None = getattr(error, "format_message", None)
    if formatted:
        return formatted().replace(
            "Value error, ", ""
        )  # by which pydantic, of whom Typer asks, begins some of its words
    return str(error) if type(error).__module__.partition(".")[0] in ("botocore", "boto3") else None


def _failed(*sentences: str) -> int:
    for sentence in sentences:
        screens.err.print(f"penstock: {visible(sentence)}", soft_wrap=True)
    return Exit.FAILED
