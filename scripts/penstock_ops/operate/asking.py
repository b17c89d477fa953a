"""Questions to the table of outcomes: SQL that Athena answers, in AWS and, with DuckDB behind it, in the local world.

The view `outcomes` goes with the question, so that the same text is asked in both: MiniStack's Athena has no views.
"""

import re
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, cast

import boto3
from botocore.exceptions import ClientError

from penstock.model import ids
from penstock.model.errors import PenstockError
from penstock.tabulate.columns import view

PATIENCE = 600.0  #: seconds until a question must have been answered
_WITH = re.compile(r"\s*WITH\b", re.IGNORECASE)
_ENDED = frozenset({"SUCCEEDED", "FAILED", "CANCELLED"})


class NotAnswered(PenstockError):
    """Raised when Athena does not answer: the question is wrong, would scan too much, or takes too long."""


def with_view(sql: str) -> str:
    """A question in which `outcomes` is what the view shows.

    >>> with_view("SELECT 1 FROM outcomes").partition(" AS ")[0]
    'WITH outcomes'
    """
    sql = sql.strip().rstrip(";")
    begun = _WITH.match(sql)
    rest = f", {sql[begun.end() :].lstrip()}" if begun else f" {sql}"
    return f"WITH outcomes AS ({view()}){rest}"


def answer_of(
    outputs: Mapping[str, str], sql: str, most: int, sleep: Callable[[float], None] = time.sleep
) -> dict[str, Any]:
    """`columns`, and at most so many `rows`, each by column; `more` says that there were others. Athena is paid by the
    `bytes_scanned`.

    Raises:
        NotAnswered: as it says.
    """
    if not has_table(outputs):
        raise NotAnswered("this stack has no table of outcomes yet; deploy this release")
    if _is_empty(outputs["WorkBucket"]):
        return {"columns": [], "rows": [], "more": False, "bytes_scanned": 0, "seconds": 0.0}
    athena, began = cast("Any", boto3).client("athena"), time.monotonic()
    try:
        query = athena.start_query_execution(
            QueryString=with_view(sql),
            QueryExecutionContext={"Database": outputs["OutcomesDatabase"]},
            WorkGroup=outputs["OutcomesWorkGroup"],
        )["QueryExecutionId"]
    except ClientError as error:
        raise NotAnswered(error.response.get("Error", {}).get("Message", str(error))) from None
    execution = _ended(athena, query, began, sleep)
    columns, rows, more = _rows_of(athena, query, most)
    return {
        "columns": columns,
        "rows": rows,
        "more": more,
        "bytes_scanned": execution["Statistics"].get("DataScannedInBytes", 0),
        "seconds": round(time.monotonic() - began, 3),
    }


def has_table(outputs: Mapping[str, str]) -> bool:
    """Whether a stack has a table of outcomes: an earlier release's has none."""
    return "OutcomesWorkGroup" in outputs


def _is_empty(bucket: str) -> bool:
    """Whether no record has ended since the table is kept."""
    listed = cast("Any", boto3).client("s3").list_objects_v2(Bucket=bucket, Prefix=ids.TABLE, MaxKeys=1)
    return not listed.get("Contents")


def _ended(athena: Any, query: str, began: float, sleep: Callable[[float], None]) -> dict[str, Any]:
    wait = 0.05
    while True:
        execution = athena.get_query_execution(QueryExecutionId=query)["QueryExecution"]
        status = execution["Status"]
        if status["State"] in _ENDED:
            break
        if time.monotonic() - began > PATIENCE:
            athena.stop_query_execution(QueryExecutionId=query)
            raise NotAnswered(f"no answer within {PATIENCE:.0f} seconds; ask about fewer days")
        sleep(wait)
        wait = min(2.0, wait * 1.5)
    if status["State"] != "SUCCEEDED":
        raise NotAnswered(" ".join(status.get("StateChangeReason", "Athena gives no reason").split()))
    return execution


def _rows_of(athena: Any, query: str, most: int) -> tuple[list[str], list[dict[str, Any]], bool]:
    columns: list[str] = []
    kinds: list[str] = []
    rows: list[dict[str, Any]] = []
    for page in athena.get_paginator("get_query_results").paginate(QueryExecutionId=query):
        cells = [[cell.get("VarCharValue") for cell in row["Data"]] for row in page["ResultSet"]["Rows"]]
        if not columns:
            described = page["ResultSet"]["ResultSetMetadata"]["ColumnInfo"]
            columns, kinds = [one["Name"] for one in described], [one["Type"] for one in described]
            cells = cells[1:]
        for row in cells:
            if len(rows) == most:
                return columns, rows, True
            rows.append({name: _value(kind, cell) for name, kind, cell in zip(columns, kinds, row, strict=True)})
    return columns, rows, False


def _value(kind: str, cell: str | None) -> Any:
    """A cell as JSON has it: Athena writes them all as text."""
    if cell is None:
        return None
    match kind:
        case "tinyint" | "smallint" | "integer" | "bigint":
            return int(cell)
        case "float" | "real" | "double":
            return float(cell)
        case "boolean":
            return cell == "true"
        case "timestamp":
            return f"{datetime.fromisoformat(cell):%Y-%m-%dT%H:%M:%SZ}"
        case _:
            return cell
