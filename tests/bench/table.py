"""The table of outcomes: CPU seconds a million records that writing a part takes, against json.loads of the same
payloads; and the bytes that Athena would scan for each question of `penstock ask`, and for a `find`, at ten million
outcomes: a million a day, of which a day is written and measured, and the days are alike.

Athena reads of each part whose partition a question is about the columns that the question needs, as they are
compressed (Amazon Athena User Guide, "Use columnar storage formats"); a query is charged for at least 10 MB (pricing).
"""

import hashlib
import json
import re
import tempfile
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb

from penstock.feeds.traffic import TRAFFIC
from penstock.outputs.accepted import COLUMNS
from penstock.ports.tables import Batch, Endings
from penstock.tabulate.columns import columns
from penstock_ops.operate.find import question, wanted
from penstock_ops.operate.questions import OLDER, QUESTIONS, Asked
from penstock_tables.parquet import write
from tests.bench.timing import cpu_seconds, in_turn

CHUNK, CHUNKS = 5000, 20  #: records of a chunk, and chunks of a part that is timed
DAYS, A_DAY = 10, 1_000_000


def measure() -> list[dict[str, Any]]:
    """Figures, units and values, as every group gives them."""
    chunks = [chunk_of(number) for number in range(CHUNKS)]
    payloads = [line.split(b" ", 5)[5] for one in chunks for line in one.accepted.splitlines()[1:]]
    took = in_turn(
        {
            "a part, written": lambda: cpu_seconds(lambda: write(chunks, TRAFFIC.found_by, content=False)),
            "json.loads of its payloads": lambda: cpu_seconds(lambda: [json.loads(one) for one in payloads]),
        },
        rounds=3,
    )
    seconds = {name: one / len(payloads) * 1e6 for name, one in took.items()}
    rows = [{"figure": name, "value": round(one, 2), "unit": "CPU s a million"} for name, one in seconds.items()]
    return rows + _scanned(write(chunks, TRAFFIC.found_by, content=False)[0])


def _scanned(part: bytes) -> list[dict[str, Any]]:
    sizes = _bytes_by_column(part, CHUNK * CHUNKS)
    today = datetime(2026, 11, 20, tzinfo=UTC)
    asked = {one.name: (one.sql(Asked(today, 20)), min(DAYS, 1 + OLDER)) for one in QUESTIONS.values()}
    asked |= {
        "unexpected --days 10": (QUESTIONS["unexpected"].sql(Asked(today - timedelta(days=9), 20)), DAYS),
        "find spot_id=…": (question(wanted(TRAFFIC, ["spot_id=S1"]), ()), DAYS),
        "find spot_id=… --day …": (question(wanted(TRAFFIC, ["spot_id=S1"]), ()), 1),
    }
    return [
        {
            "figure": f"{name}: {days} of {DAYS} million rows",
            "value": round(sum(sizes[column] for column in _needed(sql)) * days * A_DAY / 1e6, 1),
            "unit": "MB scanned",
        }
        for name, (sql, days) in asked.items()
    ]


def _needed(sql: str) -> set[str]:
    """The columns that a question reads, those of the view among them."""
    said = set(re.findall(r"\w+", sql)) & columns().keys()
    return said | {"file_id", "ordinal", "fence"}


def _bytes_by_column(part: bytes, rows: int) -> Mapping[str, float]:
    """Compressed bytes a row, by column."""
    with tempfile.TemporaryDirectory() as folder, duckdb.connect(":memory:") as duck:
        path = Path(folder) / "part.parquet"
        path.write_bytes(part)
        sums = duck.execute(
            "SELECT split_part(path_in_schema, ',', 1), sum(total_compressed_size)"
            f" FROM parquet_metadata('{path}') GROUP BY ALL"
        ).fetchall()
    return {name: size / rows for name, size in sums}


def chunk_of(number: int) -> Endings:
    """A chunk's records, one of fifty rejected, as the stages leave them."""
    first = number * CHUNK
    lines = [f"#2 {' '.join(COLUMNS)}"]
    lines += [_accepted(at) for at in range(first, first + CHUNK)]
    rejected = {"outcome": "rejected", "codes": ["destination.rejected"], "of": None, "batch": None, "values": {}}
    told = [{"ordinal": at, "raw": None, **rejected} for at in range(first, first + CHUNK, 50)]
    file_id, sent = _digest(f"file {number // 4}")[:20], 1_795_000_000.0
    batches = [
        Batch(f"{file_id}-{number:06d}-{at // 100:03d}", sent, list(range(first + at, first + at + 100)))
        for at in range(0, CHUNK, 100)
    ]
    body = "\n".join([*lines, ""]).encode()
    return Endings(file_id, f"traffic/{number // 4}.csv", number, 2, sent - 5, sent + 5, body, told, batches)


def _accepted(at: int) -> str:
    payload = {
        "record_type": "spot", "spot_id": f"S{at:08d}", "station": ("WXYZ", "KABC", "KDEF")[at % 3],
        "isci": f"ABCD{at % 997:04d}", "air_date": "2026-11-20", "air_time": f"{at % 24:02d}:{at % 60:02d}:30",
        "length_s": 30, "advertiser": "Ada's Diner", "product": "breakfast", "rate": "1250.00",
    }  # fmt: skip
    raw, identity, digest = _digest(f"raw {at}"), _digest(f"id {at}")[:32], _digest(f"payload {at}")[:32]
    return f"{at} {raw} {identity} {digest} 0 {json.dumps(payload, separators=(',', ':'))}"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
