"""The table of outcomes: what it says of every record, and that it says what the account does."""

from dataclasses import replace

import pytest

from penstock import feeds
from penstock.feeds.feed import Limits
from penstock.feeds.traffic import TRAFFIC
from penstock.model.findings import account
from penstock.model.messages import SourceFile
from penstock_ops.operate import replays
from penstock_ops.operate.replays import Asked
from tests.support.destination import Api, refusing
from tests.support.operators import operated
from tests.support.pipeline import Pipeline
from tests.support.spots import csv_file, spot
from tests.support.tabulated import asked, counted, tabulated


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
        [("delivered", 8), ("rejected", 1), ("duplicate", 1)]  # pyright: ignore[reportArgumentType]
    )
    (one,) = asked(pipeline.store.work, "SELECT * FROM outcomes WHERE ordinal = 1")
    assert (one["outcome"], one["codes"], one["station"]) == ("delivered", [], "KBAD")
    ends = asked(pipeline.store.work, "SELECT outcome FROM endings WHERE ordinal = 1 ORDER BY fence")
    assert [end["outcome"] for end in ends] == ["rejected", "delivered"]
