"""Parts of the table of outcomes: what the stages wrote about chunks, as Parquet.

DuckDB reads the lines of what was accepted, takes the fields out of their payloads and writes the columns, a part at a
time and without a Python object a record.
"""

import asyncio
import json
import tempfile
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb

from penstock.model.ordinals import folded
from penstock.ports.tables import Batch, Endings
from penstock.tabulate.columns import COMMON, columns

# Version 1 of Parquet with snappy is what every reader of it takes, Athena's among them. A dictionary of a column whose
# values are nearly all different only costs; so do Bloom filters, which DuckDB writes of what has a dictionary.
_FORM = "FORMAT parquet, COMPRESSION snappy, PARQUET_VERSION v1, DICTIONARY_SIZE_LIMIT 5000, WRITE_BLOOM_FILTER false"
_MEMORY = "1200MB"  #: of the function's; what does not fit goes to its disk

_CHUNKS = {
    "n": "BIGINT",
    "file_id": "VARCHAR",
    "key": "VARCHAR",
    "chunk": "INTEGER",
    "fence": "BIGINT",
    "dropped_at": "DOUBLE",
    "ended_at": "DOUBLE",
}
_TOLD = {
    "n": "BIGINT",
    "ordinal": "INTEGER",
    "outcome": "VARCHAR",
    "codes": "VARCHAR[]",
    "of": "VARCHAR",
    "batch": "VARCHAR",
    "raw": "VARCHAR",
    "values": "JSON",
}
#: A row for each run of ordinals that a batch has.
_BATCHES = {"n": "BIGINT", "batch": "VARCHAR", "sent_at": "DOUBLE", "first": "INTEGER", "last": "INTEGER"}


class DuckDbTables:
    """As `Tables`."""

    async def written(self, chunks: Sequence[Endings], fields: Sequence[str], *, content: bool) -> tuple[bytes, int]:
        """As `Tables.written`."""
        return await asyncio.to_thread(write, chunks, fields, content=content)

    async def merged(self, parts: Sequence[bytes]) -> bytes:
        """As `Tables.merged`."""
        return await asyncio.to_thread(_merged, parts)


def _connection(folder: Path) -> duckdb.DuckDBPyConnection:
    """DuckDB, which loads nothing from the network and keeps to the function's memory."""
    settings: dict[str, str | bool | int | float | list[str]] = {
        "autoinstall_known_extensions": "false",
        "autoload_known_extensions": "false",
        "memory_limit": _MEMORY,
        "temp_directory": str(folder / "spilled"),
        "threads": "1",
    }
    return duckdb.connect(":memory:", config=settings)


def write(chunks: Sequence[Endings], fields: Sequence[str], *, content: bool) -> tuple[bytes, int]:
    """As `Tables.written`, in this thread."""
    with _opened() as (duck, folder):
        for n, one in enumerate(chunks):
            (folder / f"{n}.accepted").write_bytes(one.accepted.partition(b"\n")[2])
        for name, columns, rows in (
            ("chunks", _CHUNKS, (_chunk(n, one) for n, one in enumerate(chunks))),
            ("told", _TOLD, ({"n": n, **line} for n, one in enumerate(chunks) for line in one.told)),
            (
                "batches",
                _BATCHES,
                (run for n, one in enumerate(chunks) for batch in one.batches for run in _runs(n, batch)),
            ),
        ):
            _load(duck, name, folder / name, rows, columns)
        return _copied(duck, folder, _rows(fields, _accepted(folder, fields, content)))


def _merged(parts: Sequence[bytes]) -> bytes:
    with _opened() as (duck, folder):
        for n, body in enumerate(parts):
            (folder / f"{n}.parquet").write_bytes(body)
        paths = [f"{folder}/{n}.parquet" for n in range(len(parts))]
        rows = f"SELECT * FROM read_parquet({paths!r}, union_by_name = true) ORDER BY file_id, ordinal, fence"
        return _copied(duck, folder, rows)[0]


@contextmanager
def _opened() -> Generator[tuple[duckdb.DuckDBPyConnection, Path]]:
    """DuckDB, and a folder for what it reads and writes."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with _connection(folder) as duck:
            yield duck, folder


def _copied(duck: duckdb.DuckDBPyConnection, folder: Path, query: str) -> tuple[bytes, int]:
    """What a query gives as Parquet, and how many rows it has."""
    part = folder / "part.parquet"
    (rows,) = duck.execute(f"COPY ({query}) TO '{part}' ({_FORM})").fetchone() or (0,)
    return part.read_bytes(), rows


def _chunk(n: int, one: Endings) -> dict[str, Any]:
    return {name: n if name == "n" else getattr(one, name) for name in _CHUNKS}


def _runs(n: int, batch: Batch) -> Iterator[dict[str, Any]]:
    for run in folded(batch.ordinals).split(","):
        first, _, last = run.partition("-")
        yield {"n": n, "batch": batch.id, "sent_at": batch.sent_at, "first": int(first), "last": int(last or first)}


def _load(
    duck: duckdb.DuckDBPyConnection,
    name: str,
    path: Path,
    rows: Iterable[Mapping[str, Any]],
    columns: Mapping[str, str],
) -> None:
    """A table of these rows."""
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    said = ", ".join(f"{column}: '{kind}'" for column, kind in columns.items())
    read = f"read_json('{path}', format = 'newline_delimited', columns = {{{said}}})"
    duck.execute(f"CREATE TABLE {name} AS SELECT * FROM {read}")


def _accepted(folder: Path, fields: Sequence[str], content: bool) -> str:
    """Who was accepted, by lines that no CSV reader would understand: their last word is JSON."""
    return f"""
        WITH files AS (
            SELECT parse_filename(filename, true)::BIGINT AS n, content FROM read_text('{folder}/*.accepted')
        ),
        lines AS (SELECT n, unnest(string_split(content, chr(10))) AS line FROM files),
        words AS (
            SELECT n, string_split(substr(line, 1, 250), ' ') AS word, substr(line, strpos(line, '{{')) AS payload
            FROM lines WHERE line <> ''
        )
        SELECT n, word[1]::INTEGER AS ordinal, word[2] AS raw_digest, word[4] AS payload_digest,
            word[5]::BIGINT AS revision, {"payload" if content else "CAST(NULL AS VARCHAR)"} AS payload,
            json_extract_string(payload, {[f"$.{name}" for name in fields]!r}) AS found
        FROM words
    """


def _rows(fields: Sequence[str], accepted: str) -> str:
    """The rows of all chunks: who was accepted, with what is told of it; and who was not."""
    shown = {
        "file_id": "c.file_id",
        "ordinal": "one.ordinal",
        "key": "c.key",
        "outcome": "coalesce(one.outcome, 'delivered')",
        "codes": "coalesce(one.codes, [])",
        "of_record": "one.of",
        "batch": "coalesce(b.batch, one.batch)",
        "dropped_at": _moment("c.dropped_at"),
        "sent_at": _moment("b.sent_at"),
        "ended_at": _moment("c.ended_at"),
        "raw_digest": "coalesce(one.raw_digest, one.raw)",
        "payload_digest": "one.payload_digest",
        "revision": "one.revision",
        "chunk": "c.chunk",
        "fence": "c.fence",
        "content": "one.payload",
    }
    assert shown.keys() == COMMON.keys()
    shown |= {name: f"coalesce(one.found[{at}], one.values->>'$.{name}')" for at, name in enumerate(fields, 1)}
    # All parts have all columns, so that whoever asks need not know which feeds there have been.
    selected = ", ".join(f"{shown.get(name, 'CAST(NULL AS VARCHAR)')} AS {name}" for name in columns())
    return f"""
        SELECT {selected} FROM (SELECT * FROM ({accepted}) FULL JOIN told USING (n, ordinal)) AS one
            JOIN chunks AS c USING (n)
            LEFT JOIN (SELECT * EXCLUDE (first, last), unnest(range(first, last + 1)) AS ordinal FROM batches) AS b
                ON b.n = one.n AND b.ordinal = one.ordinal
    """


def _moment(seconds: str) -> str:
    """A moment in UTC, without its zone, as Athena reads them."""
    return f"make_timestamp(CAST(round({seconds} * 1e6) AS BIGINT))"
