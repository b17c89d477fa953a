"""`penstock find`: what became of a record, by what it is."""

from dataclasses import replace
from typing import Any

import pytest

from penstock.feeds import FEEDS
from penstock.feeds.traffic import TRAFFIC
from penstock.model.messages import SourceFile
from penstock_ops.operate.find import NotToBeFound, Wanted, find, wanted
from tests.support.destination import Api, refusing
from tests.support.pipeline import Pipeline
from tests.support.spots import csv_file, ndjson_file, spot
from tests.support.tabulated import asked, tabulated

WHOLE = ("station", "spot_id", "air_date", "air_time")


def identity_of(record: dict[str, Any]) -> list[str]:
    return [f"{name}={record[name]}" for name in WHOLE]


@pytest.fixture
def pipeline() -> Pipeline:
    return Pipeline(Api(refuses=refusing("station", "KBAD")))


async def dropped(pipeline: Pipeline, records: list[dict[str, Any]], name: str = "spots.csv") -> SourceFile:
    body = ndjson_file(records) if name.endswith("ndjson") else csv_file(records)
    file = pipeline.drop(body, f"traffic/{name}")
    await pipeline.run()
    return file


async def found(pipeline: Pipeline, *conditions: str, most_files: int = 100) -> dict[str, Any]:
    what, now = wanted(TRAFFIC, conditions), pipeline.clock.now()
    return await find(pipeline.claims, pipeline.ledger, pipeline.store, what, most_files, now)


async def test_by_the_whole_identity_the_claim_answers_whatever_the_file(pipeline: Pipeline) -> None:
    await dropped(pipeline, [spot(1)], "first.csv")
    file = await dropped(pipeline, [spot(2), spot(3)], "second.csv")
    for number in range(4, 8):
        await dropped(pipeline, [spot(number)], f"{number}.csv")

    answer = await found(pipeline, *identity_of(spot(3)), most_files=1)

    (record,) = answer["records"]
    assert (answer["by"], answer["looked_through"]) == ("claim", 0)
    assert (record["trace"], record["outcome"]) == (f"{file.file_id}:1", "delivered")
    assert record["key"] == "traffic/second.csv"
    assert "record" not in record


async def test_a_duplicate_is_told_by_the_one_that_came_first(pipeline: Pipeline) -> None:
    first = await dropped(pipeline, [spot(1)], "first.csv")
    await dropped(pipeline, [spot(1)], "again.csv")

    answer = await found(pipeline, *identity_of(spot(1)))

    assert [record["trace"] for record in answer["records"]] == [f"{first.file_id}:0"]


async def test_what_was_refused_claims_nothing_and_is_found_in_its_file(pipeline: Pipeline) -> None:
    bad = spot(1, station="KBAD")
    file = await dropped(pipeline, [spot(0), bad])

    answer = await found(pipeline, *identity_of(bad))

    (record,) = answer["records"]
    assert (answer["by"], answer["looked_through"]) == ("files", 1)
    assert (record["trace"], record["outcome"]) == (f"{file.file_id}:1", "rejected")
    assert record["findings"][0]["code"] == "destination.rejected"


@pytest.mark.parametrize("name", ["spots.csv", "spots.ndjson"])
async def test_by_a_field_alone_the_files_are_looked_through_for_accepted_and_rejected(
    pipeline: Pipeline, name: str
) -> None:
    file = await dropped(pipeline, [spot(0), spot(1, isci="?"), spot(2)], name)

    answer = await found(pipeline, f"spot_id={spot(1)['spot_id']}", f"spot_id={spot(2)['spot_id']}")

    outcomes = {record["trace"]: record["outcome"] for record in answer["records"]}
    assert outcomes == {f"{file.file_id}:1": "rejected", f"{file.file_id}:2": "delivered"}


async def test_no_more_files_are_looked_through_than_asked_for(pipeline: Pipeline) -> None:
    await dropped(pipeline, [spot(1)], "first.csv")
    await pipeline.clock.sleep(1)
    await dropped(pipeline, [spot(2)], "second.csv")

    answer = await found(pipeline, f"spot_id={spot(1)['spot_id']}", most_files=1)

    assert (answer["records"], answer["looked_through"]) == ([], 1)


async def test_what_the_ledger_has_forgotten_its_claim_still_tells(pipeline: Pipeline) -> None:
    file = await dropped(pipeline, [spot(1)])
    pipeline.ledger._files.clear()  # pyright: ignore[reportPrivateUsage]
    pipeline.ledger._chunks.clear()  # pyright: ignore[reportPrivateUsage]

    (record,) = (await found(pipeline, *identity_of(spot(1))))["records"]

    assert record == {
        "trace": f"{file.file_id}:0", "file_id": file.file_id, "ordinal": 0, "outcome": "delivered", "forgotten": True,
    }  # fmt: skip


async def test_two_hundred_records_are_found_across_fifty_files(pipeline: Pipeline) -> None:
    for number in range(50):
        await dropped(pipeline, [spot(10 * number + at) for at in range(10)], f"{number}.csv")
    looked_for = [f"spot_id={spot(10 * number + at)['spot_id']}" for number in range(50) for at in (1, 3, 5, 7)]

    answer = await found(pipeline, *looked_for)

    assert len(answer["records"]) == 200
    assert {record["outcome"] for record in answer["records"]} == {"delivered"}


async def test_each_that_is_found_says_by_which_value_and_of_several_those_that_nobody_has_are_named(
    pipeline: Pipeline,
) -> None:
    await dropped(pipeline, [spot(0), spot(1, isci="?")])
    sought = ["S00000", "S00001", "S99999"]

    answer = await found(pipeline, *(f"spot_id={one}" for one in sought))

    assert [record["values"] for record in answer["records"]] == [{"spot_id": one} for one in sought[:2]]
    assert answer["not_found"] == {"spot_id": ["S99999"]}


# -- by the table of outcomes


async def in_table(pipeline: Pipeline, *conditions: str, **besides: str) -> dict[str, Any]:
    what, now = replace(wanted(TRAFFIC, conditions), **besides), pipeline.clock.now()

    def ask(sql: str) -> list[dict[str, Any]]:
        return [row | {"codes": str(row["codes"])} for row in asked(pipeline.store.work, sql)]

    return await find(pipeline.claims, pipeline.ledger, pipeline.store, what, 0, now, ask)


def traces(answer: dict[str, Any]) -> list[str]:
    return [record["trace"] for record in answer["records"]]


async def test_two_hundred_records_are_found_across_fifty_files_by_one_question(pipeline: Pipeline) -> None:
    for number in range(50):
        await dropped(pipeline, [spot(10 * number + at) for at in range(10)], f"{number}.csv")
    await tabulated(pipeline)
    looked_for = [f"spot_id={spot(10 * number + at)['spot_id']}" for number in range(50) for at in (1, 3, 5, 7)]

    answer = await in_table(pipeline, *looked_for)

    assert (answer["by"], answer["looked_through"], len(answer["records"])) == ("table", 0, 200)
    assert {f"spot_id={record['values']['spot_id']}" for record in answer["records"]} == set(looked_for)
    assert answer["not_found"] == {}
    assert {record["outcome"] for record in answer["records"]} == {"delivered"}


async def test_what_was_rejected_is_found_there_as_its_sender_wrote_it(pipeline: Pipeline) -> None:
    file = await dropped(pipeline, [spot(1, isci="?", station="wxyz")])
    await tabulated(pipeline)

    (record,) = (await in_table(pipeline, f"spot_id={spot(1)['spot_id']}", "station=wxyz"))["records"]

    assert (record["trace"], record["outcome"]) == (f"{file.file_id}:0", "rejected")


async def test_what_the_table_lacks_yet_is_looked_for_in_its_file(pipeline: Pipeline) -> None:
    first = await dropped(pipeline, [spot(1)], "first.csv")
    await tabulated(pipeline)
    second = await dropped(pipeline, [spot(2)], "second.csv")

    answer = await in_table(pipeline, f"spot_id={spot(1)['spot_id']}", f"spot_id={spot(2)['spot_id']}")

    assert answer["looked_through"] == 1
    assert sorted(traces(answer)) == sorted([f"{first.file_id}:0", f"{second.file_id}:0"])


@pytest.mark.parametrize(
    ("besides", "ordinals"),
    [
        ({"key": "traffic/monday.csv"}, [0, 1, 2]),
        ({"key": "mon*"}, [0, 1, 2]),
        ({"key": "mon_ay.csv"}, []),
        ({"state": "rejected"}, [1, 2]),
        ({"state": "settled"}, [0, 1, 2]),
        ({"state": "incomplete"}, []),
        ({"finding": "schema.pattern"}, [2]),
        ({"finding": "schema.patter"}, []),
        ({"day": "2027-01-15"}, [0, 1, 2]),
        ({"day": "2027-01-16"}, []),
        ({"key": "monday.csv", "state": "rejected", "finding": "destination.rejected"}, [1]),
    ],
)
async def test_by_key_day_state_and_finding(pipeline: Pipeline, besides: dict[str, str], ordinals: list[int]) -> None:
    file = await dropped(pipeline, [spot(0), spot(1, station="KBAD"), spot(2, isci="?")], "monday.csv")
    expected = [f"{file.file_id}:{at}" for at in ordinals]
    before = traces(await in_table(pipeline, **besides))

    await tabulated(pipeline)

    assert (before, traces(await in_table(pipeline, **besides))) == (expected, expected)


async def test_a_quote_in_a_value_is_no_end_of_it(pipeline: Pipeline) -> None:
    await dropped(pipeline, [spot(0)])
    await tabulated(pipeline)

    assert traces(await in_table(pipeline, key="o'clock' OR '1'='1")) == []


# -- what is looked for


def test_a_column_may_be_called_as_its_sender_calls_it() -> None:
    assert wanted(TRAFFIC, ["Spot ID=S1"]) == wanted(TRAFFIC, ["spot_id=S1"])


@pytest.mark.parametrize(
    ("condition", "sentence"),
    [
        ("spotid", "say field=value"),
        ("=S1", "say field=value"),
        ("spot_idd=S1", "traffic has no field spot_idd; did you mean spot_id?"),
        ("air_date=yesterday", "air_date is never yesterday"),
    ],
)
def test_what_cannot_be_looked_for_is_told_in_a_sentence(condition: str, sentence: str) -> None:
    with pytest.raises(NotToBeFound) as wrong:
        wanted(TRAFFIC, [condition])

    assert sentence in str(wrong.value)


@pytest.mark.parametrize("feed", FEEDS.values(), ids=lambda feed: feed.name)
def test_an_identity_is_whole_with_every_field_that_no_record_lacks(feed: Any) -> None:
    needed = [name for name in feed.identity if name in feed.required]

    assert Wanted(feed, dict.fromkeys(needed, ("x",))).identities
    assert not Wanted(feed, dict.fromkeys(needed[1:], ("x",))).identities
    assert not Wanted(feed, dict.fromkeys(needed, ("x", "y"))).identities
