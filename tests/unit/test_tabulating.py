"""The table of outcomes: what it says of every record, and that it says what the account does."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from penstock import feeds
from penstock.feeds.feed import Limits
from penstock.feeds.traffic import TRAFFIC
from penstock.model.errors import Transient
from penstock.model.findings import Outcome, account
from penstock.model.messages import SourceFile
from penstock.outputs.endings import endings_of
from penstock.tabulate import stage
from penstock.tabulate.columns import columns
from penstock_ops.operate import replays
from penstock_ops.operate.replays import Asked
from penstock_testing.tables import MemoryTables, rows_in
from tests.support.destination import Api, refusing
from tests.support.operators import operated
from tests.support.pipeline import Pipeline
from tests.support.spots import csv_file, spot
from tests.support.tabulated import asked, counted, merged, tabulated


@pytest.fixture(autouse=True)
def chunks_of_four(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(feeds.FEEDS, "traffic", replace(TRAFFIC, limits=Limits(records=4)))


#: Three chunks: the API refuses 1 and 5, the rules refuse 2, and 9 is 8 again.
LOG = [spot(at, **({"station": "KBAD"} if at in (1, 5) else {"isci": "?"} if at == 2 else {})) for at in range(9)]


@pytest.fixture
async def pipeline() -> Pipeline:
    return Pipeline(Api(refuses=refusing("station", "KBAD")))


@pytest.fixture
async def log(pipeline: Pipeline) -> SourceFile:
    """A file that has ended with three rejected records and a duplicate."""
    file = pipeline.drop(csv_file([*LOG, LOG[8]]))
    await pipeline.run()
    assert await pipeline.assert_sound(file, 10) == {"delivered": 6, "rejected": 3, "duplicate": 1}
    return file


async def test_every_record_has_a_row_with_its_end(pipeline: Pipeline, log: SourceFile) -> None:
    # When
    looked = await tabulated(pipeline)

    # Expect
    assert (looked["RecordsTabulated"], looked["LookFaults"]) == (10, 0)
    rows = {row["ordinal"]: row for row in asked(pipeline.store.work, "SELECT * FROM outcomes ORDER BY ordinal")}
    assert {at: row["outcome"] for at, row in rows.items()} == {
        0: "delivered", 1: "rejected", 2: "rejected", 3: "delivered", 4: "delivered", 5: "rejected", 6: "delivered",
        7: "delivered", 8: "delivered", 9: "duplicate",
    }  # fmt: skip
    assert [rows[at]["codes"] for at in (0, 1, 2, 9)] == [[], ["destination.rejected"], ["schema.pattern"], []]
    assert rows[9]["of_record"] == f"{log.file_id}:8"
    assert rows[0]["trace"] == f"{log.file_id}:0"
    assert rows[0]["batch"] == f"{log.file_id}-000000-000"
    assert (rows[0]["key"], rows[0]["feed"], rows[0]["spot_id"]) == ("traffic/spots.csv", "traffic", LOG[0]["spot_id"])
    assert rows[2]["isci"] == "?", "what was rejected is found by what its sender wrote"
    assert (len(rows[0]["raw_digest"]), len(rows[0]["payload_digest"])) == (64, 32)
    assert rows[0]["dropped_at"] <= rows[0]["sent_at"] <= rows[0]["ended_at"]
    assert rows[0]["content"] is None


async def test_what_is_tabulated_is_due_no_longer(pipeline: Pipeline, log: SourceFile) -> None:
    await tabulated(pipeline)
    before = dict(pipeline.store.work)

    assert (await tabulated(pipeline))["RecordsTabulated"] == 0
    assert pipeline.store.work == before
    assert not [key for key in before if key.startswith("due/")]


async def test_a_later_end_is_the_present(pipeline: Pipeline, log: SourceFile) -> None:
    # Given
    await tabulated(pipeline)
    pipeline.api.refuses = lambda record: 0
    stack = operated(pipeline)
    prepared = await replays.prepare(stack, await pipeline.row(log), Asked(log.file_id, reason="destination.rejected"))
    await replays.begin(stack, prepared)
    await pipeline.run()

    # When
    await tabulated(pipeline)

    # Expect
    assert counted(pipeline.store.work, log.file_id) == account(
        [(Outcome.DELIVERED, 8), (Outcome.REJECTED, 1), (Outcome.DUPLICATE, 1)]
    )
    (one,) = asked(pipeline.store.work, "SELECT * FROM outcomes WHERE ordinal = 1")
    assert (one["outcome"], one["codes"], one["station"]) == ("delivered", [], "KBAD")
    ends = asked(pipeline.store.work, "SELECT outcome FROM endings WHERE ordinal = 1 ORDER BY fence")
    assert [end["outcome"] for end in ends] == ["rejected", "delivered"]


async def test_an_end_that_the_ledger_does_not_have_yet_waits(pipeline: Pipeline, log: SourceFile) -> None:
    # Given: what a worker leaves behind that dies before the ledger has it, and its successor's.
    body = pipeline.store.work[f"due/{log.file_id}/000000/2.json"]
    pipeline.store.work[f"due/{log.file_id}/000000/9.json"] = body
    pipeline.store.work[f"due/{log.file_id}/000000/1.json"] = body

    # When
    looked = await tabulated(pipeline)

    # Expect
    assert looked["RecordsTabulated"] == 10
    assert [key for key in pipeline.store.work if key.startswith("due/")] == [f"due/{log.file_id}/000000/9.json"]


async def test_where_nobody_can_be_told_that_an_end_is_due_the_chunk_ends_later(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given
    put, broken = pipeline.store.put, list[str]()

    async def breaks_once(key: str, body: bytes, content_type: str) -> None:
        if key.startswith("due/") and not broken:
            broken.append(key)
            raise Transient("the bucket does not answer")
        await put(key, body, content_type)

    monkeypatch.setattr(pipeline.store, "put", breaks_once)
    file = pipeline.drop(csv_file(LOG[:4]))

    # When
    await pipeline.run()
    await tabulated(pipeline)

    # Expect
    assert broken
    assert counted(pipeline.store.work, file.file_id) == (await pipeline.row(file)).counted


async def test_one_chunk_that_cannot_be_read_leaves_the_others_their_rows(pipeline: Pipeline, log: SourceFile) -> None:
    pipeline.store.work[f"chunks/{log.file_id}/000001/outcomes-2.ndjson"] = b"not JSON\n"

    looked = await tabulated(pipeline)

    assert (looked["RecordsTabulated"], looked["LookFaults"]) == (6, 1)
    assert [key for key in pipeline.store.work if key.startswith("due/")] == [f"due/{log.file_id}/000001/2.json"]


async def test_small_parts_become_one_and_go_a_look_later(
    pipeline: Pipeline, log: SourceFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given
    monkeypatch.setattr(stage, "PART", 1)
    monkeypatch.setattr(stage, "FEW", 2)
    await tabulated(pipeline)
    small = [key for key in pipeline.store.work if key.startswith("outcomes/")]
    monkeypatch.setattr(stage, "PART", 1_000_000)

    # When
    looked = await merged(pipeline)

    # Expect
    assert (len(small), looked["PartsMerged"], looked["LookFaults"]) == (3, 3, 0)
    assert counted(pipeline.store.work, log.file_id) == (await pipeline.row(log)).counted, "each record is shown once"
    await merged(pipeline)
    assert not set(small) & pipeline.store.work.keys()
    assert len([key for key in pipeline.store.work if key.startswith(("outcomes/", "merged/"))]) == 1
    assert counted(pipeline.store.work, log.file_id) == (await pipeline.row(log)).counted


async def test_what_is_delivered_stands_there_where_the_feed_says_so(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(feeds.FEEDS, "traffic", replace(TRAFFIC, tabled=True))
    pipeline.drop(csv_file([LOG[0]]))
    await pipeline.run()
    await tabulated(pipeline)

    (row,) = asked(pipeline.store.work, "SELECT content FROM outcomes")

    assert json.loads(row["content"])["spot_id"] == LOG[0]["spot_id"]


async def test_the_twin_writes_the_same_rows(pipeline: Pipeline, log: SourceFile) -> None:
    # Given
    (due,) = [key for key in pipeline.store.work if key.startswith("due/") and "/000000/" in key]
    row, chunk = await pipeline.row(log), await pipeline.ledger.chunk(log.file_id, 0)
    assert due
    assert chunk
    endings = await endings_of(pipeline.ledger, pipeline.store, row, chunk)

    # When
    part, rows = await MemoryTables().written([endings], TRAFFIC.found_by, content=False)
    await tabulated(pipeline)

    # Expect
    there = asked(pipeline.store.work, "SELECT * FROM endings WHERE chunk = 0 ORDER BY ordinal")
    twins = rows_in(part)
    assert (len(there), rows) == (4, 4)
    for real, twin in zip(there, twins, strict=True):
        assert {name: _seconds(real[name]) for name in columns()} == twin


def _seconds(value: Any) -> Any:
    return value.replace(tzinfo=UTC).timestamp() if isinstance(value, datetime) else value
