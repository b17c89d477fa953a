"""The console's worklists: what waits is decided in bulk, after a look at what would be done, with a note."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from penstock import feeds
from penstock.feeds.feed import Limits, Record, Rule
from penstock.feeds.traffic import TRAFFIC
from penstock.model.findings import Severity
from penstock.model.messages import ChunkMessage, SourceFile, read_message
from penstock.operate.bury import bury
from penstock.ports.destination import DestinationSettings
from tests.support.consoles import browsing, words_of
from tests.support.destination import LOST, Api
from tests.support.operators import audited, operated
from tests.support.pipeline import Pipeline
from tests.support.spots import csv_file, spot

DOUBTFUL = "Dubious & Sons"
NOTE = {"note": "agreed with the client, ticket 4711"}


def doubtful(records: list[Record]) -> list[int]:
    return [at for at, one in enumerate(records) if one.get("advertiser") == DOUBTFUL]


FLAGGED = Rule("traffic.doubtful", "advertiser", "look at this advertiser", doubtful, Severity.SOFT, "House rule 7")  # type: ignore[arg-type]
HOLDS = replace(TRAFFIC, rules=(*TRAFFIC.rules, FLAGGED), soft="hold", limits=Limits(records=4))


@pytest.fixture(autouse=True)
def a_feed_that_holds() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(feeds.FEEDS, "traffic", HOLDS)
        yield


@pytest.fixture
def pipeline() -> Pipeline:
    return Pipeline()


async def held(pipeline: Pipeline) -> SourceFile:
    """Its records 1, 2 and 5 are held."""
    file = pipeline.drop(csv_file(spot(at, **({"advertiser": DOUBTFUL} if at in (1, 2, 5) else {})) for at in range(6)))
    await pipeline.run()
    return file


async def test_held_records_are_listed_with_what_was_found_of_them(pipeline: Pipeline) -> None:
    file = await held(pipeline)

    async with browsing(pipeline) as browser:
        page = await browser.get("/worklists/held")

    assert [f'value="{file.file_id}:{at}"' in page.text for at in range(6)] == [False, True, True, False, False, True]
    assert page.text.count("House rule 7") == 3


async def test_who_they_are_is_content_and_a_look_at_it_is_audited(pipeline: Pipeline) -> None:
    await held(pipeline)

    async with browsing(pipeline) as browser:
        assert "S00001" not in (await browser.get("/worklists/held")).text
    assert audited(pipeline, "ContentShown") == []
    async with browsing(pipeline, content=True) as browser:
        assert "S00001" in (await browser.get("/worklists/held")).text
    assert [(line["worklist"], line["records"]) for line in audited(pipeline, "ContentShown")] == [("held", "3")]


async def test_a_look_changes_nothing_and_a_release_delivers_with_its_note_in_the_audit(pipeline: Pipeline) -> None:
    file = await held(pipeline)
    chosen = {"act": "release", "record": [f"{file.file_id}:1", f"{file.file_id}:5"]}

    async with browsing(pipeline) as browser:
        look = await browser.post("/worklists/held/plan", chosen)
        assert "2 records (1,5) would be judged anew and delivered" in words_of(look)
        await pipeline.run()
        assert await pipeline.counted(file) == {"delivered": 3, "held": 3}
        assert audited(pipeline, "HeldReleased") == []

        done = await browser.post("/worklists/held/decide", chosen | NOTE | {"by": "Grace"})
        assert done.status_code == 200, done.text
    await pipeline.run()

    assert await pipeline.counted(file) == {"delivered": 5, "held": 1}
    (line,) = audited(pipeline, "HeldReleased")
    assert (line["by"], line["scheduler"], line["note"], line["records"]) == ("Ada", "Grace", NOTE["note"], "1,5")


async def test_a_refusal_hands_them_back(pipeline: Pipeline) -> None:
    file = await held(pipeline)

    async with browsing(pipeline) as browser:
        await browser.post("/worklists/held/decide", {"act": "refuse", "record": f"{file.file_id}:2"} | NOTE)

    assert await pipeline.counted(file) == {"delivered": 3, "held": 2, "rejected": 1}
    assert [line["note"] for line in audited(pipeline, "HeldRefused")] == [NOTE["note"]]


@pytest.mark.parametrize(
    "said", [{"note": ""}, {"note": "  "}, {"note": "x" * 501}, NOTE | {"act": "x"}, NOTE | {"record": "x"}]
)
async def test_without_a_note_or_a_choice_nothing_is_decided(said: dict[str, str], pipeline: Pipeline) -> None:
    file = await held(pipeline)

    async with browsing(pipeline) as browser:
        asked = {"act": "release", "record": f"{file.file_id}:1"} | said
        assert (await browser.post("/worklists/held/decide", asked)).status_code == 409
    await pipeline.run()

    assert await pipeline.counted(file) == {"delivered": 3, "held": 3}
    assert audited(pipeline, "HeldReleased") == []


async def test_what_is_not_held_any_more_is_told_and_the_others_are_done(pipeline: Pipeline) -> None:
    first, second = await held(pipeline), pipeline.drop(csv_file([spot(9, advertiser=DOUBTFUL)]), "traffic/more.csv")
    await pipeline.run()

    async with browsing(pipeline) as browser:
        chosen = {"act": "release", "record": [f"{first.file_id}:0", f"{second.file_id}:0"]}
        done = words_of(await browser.post("/worklists/held/decide", chosen | NOTE))
    await pipeline.run()

    assert "not done:" in done
    assert await pipeline.counted(first) == {"delivered": 3, "held": 3}
    assert await pipeline.counted(second) == {"delivered": 1}


async def test_unknown_batches_are_decided_as_the_destination_says() -> None:
    settings = DestinationSettings(
        url="api", batch_records=2, rate_per_second=1000.0, burst=1000, honours_idempotency_key=False
    )
    pipeline = Pipeline(Api(settings, troubles=[LOST]))
    file = pipeline.drop(csv_file(spot(at) for at in range(4)))
    await pipeline.run()
    assert await pipeline.counted(file) == {"delivered": 2, "unknown": 2}
    batch = f"{file.file_id}-000000-000"

    async with browsing(pipeline) as browser:
        assert batch in words_of(await browser.get("/worklists/unknown"))
        look = await browser.post("/worklists/unknown/plan", {"act": "delivered", "batch": batch})
        assert "2 records would be delivered" in words_of(look)
        assert await pipeline.counted(file) == {"delivered": 2, "unknown": 2}
        await browser.post("/worklists/unknown/decide", {"act": "delivered", "batch": batch} | NOTE)

    assert await pipeline.counted(file) == {"delivered": 4}
    assert [line["note"] for line in audited(pipeline, "UnknownDecided")] == [NOTE["note"]]


async def test_dead_records_are_replayed_and_rejected_ones_left(pipeline: Pipeline) -> None:
    file = pipeline.drop(csv_file([*(spot(at) for at in range(4)), spot(4, isci="?")]))
    await pipeline.handle_next(pipeline.intake)
    letter = pipeline.chunks.take()
    assert letter
    await bury(operated(pipeline), read_message(letter.body, ChunkMessage))
    pipeline.chunks.messages.pop(letter.receipt)
    await pipeline.run()
    assert await pipeline.counted(file) == {"dead": 4, "rejected": 1}

    async with browsing(pipeline) as browser:
        assert file.key in words_of(await browser.get("/worklists/dead"))
        look = await browser.post("/worklists/dead/plan", {"file": file.file_id})
        assert "4 dead would be replayed, in 1 chunk" in words_of(look)
        done = await browser.post("/worklists/dead/decide", {"file": file.file_id} | NOTE)
        assert done.status_code == 200
    await pipeline.run()

    assert await pipeline.counted(file) == {"delivered": 4, "rejected": 1}
    (line,) = audited(pipeline, "ReplayStarted")
    assert (line["by"], line["note"]) == ("Ada", NOTE["note"])


async def test_every_worklist_can_be_empty_and_there_are_no_others(pipeline: Pipeline) -> None:
    async with browsing(pipeline) as browser:
        for name in ("held", "unknown", "dead", "letters"):
            assert "Nothing waits here." in words_of(await browser.get(f"/worklists/{name}"))
        assert (await browser.get("/worklists/others")).status_code == 404
