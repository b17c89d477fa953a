"""The tabulator over the twins and the real DuckDB, and its table as people ask it."""

import tempfile
from pathlib import Path
from typing import Any

import duckdb

from penstock.model import ids
from penstock.model.findings import Account, account
from penstock.tabulate.columns import view
from penstock.tabulate.stage import TabulatorPorts, merge_small, tabulate
from penstock_tables.parquet import DuckDbTables
from tests.support.pipeline import Pipeline


def tabulator(pipeline: Pipeline) -> TabulatorPorts:
    """The tabulator of a pipeline's stack."""
    return TabulatorPorts(pipeline.store, pipeline.ledger, DuckDbTables(), pipeline.events, pipeline.clock)


async def tabulated(pipeline: Pipeline) -> dict[str, float]:
    """What one look has counted."""
    (result,) = await tabulate(tabulator(pipeline), pipeline.clock.now() + 60)
    return result.counts


async def merged(pipeline: Pipeline) -> dict[str, float]:
    """What one look at small parts has counted."""
    (result,) = await merge_small(tabulator(pipeline), pipeline.clock.now() + 60)
    return result.counts


def asked(work: dict[str, bytes], sql: str) -> list[dict[str, Any]]:
    """What a question is answered; `outcomes` is the view, `endings` the table. Nothing, as long as it has no part."""
    if not any(key.startswith(ids.TABLE) for key in work):
        return []
    with tempfile.TemporaryDirectory() as name:
        for key, body in work.items():
            if key.startswith(ids.TABLE):
                path = Path(name) / key
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(body)
        with duckdb.connect(":memory:") as duck:
            read = f"read_parquet('{name}/outcomes/*/*/*.parquet', union_by_name = true, hive_partitioning = true)"
            duck.execute(f"CREATE VIEW endings AS SELECT * FROM {read}")
            duck.execute(f"CREATE VIEW outcomes AS {view()}")
            answer = duck.execute(sql)
            names = [one[0] for one in answer.description or ()]
            return [dict(zip(names, row, strict=True)) for row in answer.fetchall()]


def counted(work: dict[str, bytes], file_id: str) -> Account:
    """A file's records by outcome, as the table has them."""
    rows = asked(work, f"SELECT outcome, count(*) AS n FROM outcomes WHERE file_id = '{file_id}' GROUP BY outcome")
    return account((row["outcome"], row["n"]) for row in rows)
