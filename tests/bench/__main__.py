"""`make bench`: every figure that a document quotes. `--only GROUP` for one group, `--json` for machines, and
`--profile FILE` for a flame graph of what runs (SVG, by py-spy).

Times are medians of the CPU seconds of a few rounds, in which all that is compared takes turns; samples are of seed 1.
"""

import argparse
import json
import os
import platform
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

from rich.console import Console
from rich.table import Table

from penstock.io.collector import collect_seldom
from penstock_ops.world.project import ROOT
from tests.bench import (
    checking,
    claims,
    cold,
    console,
    cost,
    declared,
    documents,
    expanding,
    feeds,
    formats,
    histories,
    huge,
    memory,
    others,
    receipts,
    requests,
    scale,
    splitting,
    stack_huge,
    stages,
    table,
    workbooks,
)

GROUPS: dict[str, Callable[[], list[dict[str, Any]]]] = {
    "check": checking.measure,
    "splitter": splitting.measure,
    "formats": formats.measure,
    "expanding": expanding.measure,
    "workbooks": workbooks.measure,
    "documents": documents.measure,
    "stages": stages.measure,
    "claims": claims.measure,
    "feeds": feeds.measure,
    "declared": declared.measure,
    "table": table.measure,
    "receipts": receipts.measure,
    "requests": requests.measure,
    "memory": memory.measure,
    "histories": histories.measure,
    "console": console.measure,
    "scale": scale.measure,
    "cost": cost.measure,
    "others": others.measure,
    "cold": cold.measure,
    "huge": huge.measure,
    "stack-huge": stack_huge.measure,
}
PY_SPY = ROOT / ".world" / "bench" / "bin" / "py-spy"

#: Minutes, and gigabytes: only if they are asked for.
BY_NAME = {"stack-huge"}


def main() -> None:
    """Runs the groups and prints a table each."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--only", choices=GROUPS, action="append")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--profile", type=Path, metavar="FILE", help="writes a flame graph here")
    asked = parser.parse_args()
    if asked.profile:
        groups = [word for name in asked.only or () for word in ("--only", name)]
        _profile(asked.profile, [*groups, *(["--json"] if asked.json else [])])
    collect_seldom()  # as functions do, and for all that are compared
    results = {name: GROUPS[name]() for name in asked.only or sorted(GROUPS.keys() - BY_NAME, key=list(GROUPS).index)}
    if asked.json:
        print(json.dumps(results, indent=2))  # noqa: T201
        return
    print(f"Python {platform.python_version()}, {platform.machine()}, {os.cpu_count()} cores")  # noqa: T201
    for name, rows in results.items():
        table = Table(title=name, title_justify="left", box=None, pad_edge=False)
        for column in rows[0]:
            table.add_column(column, justify="left" if column == "figure" else "right")
        for row in rows:
            table.add_row(*(_shown(value) for value in row.values()))
        Console(width=150).print(table, "")


def _profile(graph: Path, arguments: list[str]) -> NoReturn:
    """Runs the same under py-spy, in place of this process.

    Raises:
        SystemExit: py-spy is not installed.
    """
    if not PY_SPY.exists():
        raise SystemExit("py-spy is not installed: scripts/setup bench")
    recorded = [str(PY_SPY), "record", "--output", str(graph), "--subprocesses", "--"]
    os.execv(PY_SPY, [*recorded, sys.executable, "-m", "tests.bench", *arguments])


def _shown(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:,.{0 if value >= 1000 else 2 if value >= 0.1 else 5}f}"
    return str(value)


main()
