"""docs/commands.md, from the command itself.

python -m penstock_ops.command_page > docs/commands.md
"""

from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import Any

import typer.main

INTRODUCTION = """\
# The command `penstock`

`make setup` leaves it at `.venv/bin/penstock`. This page is written by `penstock --page`.

Exit codes: 0 fine, 1 something is left to be looked after (records rejected, held, unknown or dead; letters in a DLQ),
2 the file was refused, 3 the command failed (one sentence on stderr says why). Without a terminal there is no colour,
no progress bar, and no line is broken. Times are in your own time zone. Every verb takes `--json`, for machines:
[what they print then](json.md).

Verbs that ask a stack talk to the local world, unless `--stack NAME` (or `$PENSTOCK_STACK`) names one in AWS;
credentials and region then come from the usual AWS environment.

Where a verb wants a `FILE` that was dropped, it takes its id or a beginning of it that is no other's, its key, or
`last`; what begins with a file's id (a chunk, a batch, a record's trace) will do as well. A feed, a finding code or a
setting that is mistyped is an error that names the nearest.

`penstock --version` prints the version; `penstock --install-completion` has your shell (bash, zsh, fish) complete
verbs, options, feeds and questions.

| verb | does |
|---|---|"""


def page(app: typer.Typer) -> str:
    """The page."""
    return "\n".join([INTRODUCTION, *_rows(typer.main.get_command(app), "penstock")]) + "\n"


def _rows(command: Any, name: str) -> Iterator[str]:
    if hasattr(command, "commands"):
        for word, below in command.commands.items():
            yield from _rows(below, f"{name} {word}")
        return
    usage = " ".join([name, *(one for parameter in command.params if (one := _usage(parameter)))])
    options = [f"`{_named(one)}`: {one.help}" for one in command.params if _is_told(one)]
    said = " ".join((command.help or "").split())
    yield f"| `{usage}` | {' '.join([said, *(f'<br>{one}' for one in options)])} |"


def _usage(parameter: Any) -> str:
    if parameter.name in ("as_json", "stack"):
        return ""
    if parameter.param_type_name == "argument":
        name = parameter.metavar or parameter.name.upper()
        return name if parameter.required else f"[{name}]"
    return _named(parameter) if parameter.required else f"[{_named(parameter)}]"


def _named(parameter: Any) -> str:
    """An option with its value's name, as `--limit N`."""
    if parameter.param_type_name == "argument":
        return parameter.metavar or parameter.name.upper()
    names = "/".join([*parameter.opts, *parameter.secondary_opts])
    return names if parameter.is_flag else f"{names} {parameter.metavar or _value(parameter)}"


def _value(parameter: Any) -> str:
    of = parameter.type_descriptor.annotation
    if isinstance(of, type) and issubclass(of, StrEnum):
        return r"\|".join(of)
    return "N" if of in (int, float) else "PATH" if of is Path else parameter.name.removesuffix("_id").upper()


def _is_told(parameter: Any) -> bool:
    return parameter.name not in ("as_json", "stack", "help") and bool(parameter.help)
