"""What a file has cost: what was counted of its work, times what AWS charges.

It is what AWS bills for the calls that were made for this file, and for what they store until it expires, at the list
prices of `prices.toml`. It has not what a stack costs anyway (`penstock cost`), nor what comes for all files together:
the looks on a schedule, logs, traces and metrics.
"""

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from penstock.model.rows import FileRow
from penstock.model.usage import NOTHING, Usage
from penstock.ports.ledger import Ledger

#: Where the price of each quantity stands, and how the account names it.
PRICED = {
    "lambda_calls": ("lambda", "calls"),
    "lambda_gb_seconds": ("lambda", "gb_seconds"),
    "dynamodb_writes": ("dynamodb", "writes"),
    "dynamodb_reads": ("dynamodb", "reads"),
    "dynamodb_gb_months": ("dynamodb", "gb_months"),
    "sqs_requests": ("sqs", "requests"),
    "s3_puts": ("s3", "puts"),
    "s3_gets": ("s3", "gets"),
    "s3_gb_months": ("s3", "gb_months"),
    "events": ("eventbridge", "events"),
    "textract_pages": ("textract", "pages"),
}


@cache
def prices() -> Mapping[str, Any]:
    """The price table: dollars by service and quantity, with its `region` and `date`."""
    return tomllib.loads(files("penstock.account").joinpath("prices.toml").read_text(encoding="utf-8"))


async def used_by(ledger: Ledger, row: FileRow) -> Usage:
    """What a file's work has taken so far, as the rows tell."""
    return sum((chunk.used for chunk in await ledger.chunks(row.file.file_id)), row.used)


def cost_of(used: Usage, to_come: Usage = NOTHING) -> dict[str, Any] | None:
    """Dollars, altogether and by quantity, with the quantities and whose prices they are; those that are nothing are
    left out. None where nobody has counted, as in an earlier release.

    >>> cost_of(Usage(dynamodb_writes=1_000_000))["dollars"]
    0.625
    """
    if used == NOTHING:
        return None
    used += to_come
    table = prices()
    counted = {name: number for name in PRICED if (number := getattr(used, name))}
    dollars = {name: number * table[PRICED[name][0]][PRICED[name][1]] for name, number in counted.items()}
    return {
        "dollars": round(sum(dollars.values()), 9),
        "by": {name: round(part, 9) for name, part in dollars.items()},
        "counted": {name: round(number, 9) for name, number in counted.items()},
        "prices": {"region": table["region"], "date": table["date"]},
    }
