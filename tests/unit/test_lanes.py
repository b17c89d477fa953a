"""Lanes of a feed: each with its own destination, circuit, rate and places, so that none waits for another's."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from penstock.deliver.probing import probe_each
from penstock.feeds import FEEDS
from penstock.feeds.lanes import lane_of
from penstock.feeds.traffic import TRAFFIC
from penstock.model.messages import Dropped, SourceFile
from penstock.operate.deadlines import overdue
from penstock.ports.destination import Answer, DestinationSettings
from penstock.ports.throttle import Circuit
from penstock_testing.memory import MemoryDestination
from tests.support.destination import Api
from tests.support.pipeline import Pipeline, Process
from tests.support.spots import csv_file, spot
from tests.support.swept import Swept

SHARED = DestinationSettings(
    url="shared", batch_records=5, rate_per_second=1000.0, burst=1000, concurrency=1, honours_idempotency_key=True
)
NORTH, SOUTH = replace(SHARED, url="north"), replace(SHARED, url="south")


class Apis(Api):
    """APIs of which some are down; who was called, in order."""

    def __init__(self) -> None:
        super().__init__(SHARED)
        self.lanes_now = {"traffic/north": NORTH, "traffic/south": SOUTH}
        self.down: set[str] = set()
        self.called: list[str] = []

    async def post(self, settings: DestinationSettings, key: str, body: bytes) -> Answer:
        self.called.append(settings.url)
        return Answer(503) if settings.url in self.down else await super().post(settings, key, body)


@pytest.fixture(autouse=True)
def lanes() -> Iterator[None]:
    """A feed may declare them, here that of spots: the second part of its keys."""
    FEEDS["traffic"] = replace(TRAFFIC, lanes=lambda key: key.split("/")[1] if key.count("/") > 1 else "")
    yield
    FEEDS["traffic"] = TRAFFIC


@pytest.fixture
def apis() -> Apis:
    return Apis()


@pytest.fixture
def pipeline(apis: Apis) -> Pipeline:
    return Pipeline(apis)


def drop(pipeline: Pipeline, lane: str, number: int, records: int = 2) -> SourceFile:
    return pipeline.drop(csv_file(spot(100 * number + at) for at in range(records)), f"traffic/{lane}/{number}.csv")


async def an_outage(pipeline: Pipeline, apis: Apis, down: str, hours: float) -> None:
    """As many files as minutes, in turn in the north and in the south, while some API is down."""
    apis.down.add(down)
    for minute in range(round(hours * 60)):
        if minute < 12:
            drop(pipeline, ("north", "south")[minute % 2], minute)
        await pipeline.step()
        await probes(pipeline)
        await pipeline.clock.sleep(60)


async def probes(pipeline: Pipeline) -> None:
    """What the prober does each minute."""
    deadline = pipeline.clock.now() + 300
    await probe_each(pipeline._dispatcher(Process()), "traffic", deadline)


@pytest.mark.parametrize(
    ("key", "lane"),
    [
        ("tower/north/TX-1/lease.pdf", "tower/north"),
        ("tower/north/pack.zip!TX-1/lease.pdf", "tower/north"),
        ("tower/north-2.b/TX-1/a/b/lease.pdf", "tower/north-2.b"),
        ("tower/lease.pdf", "tower"),
        ("tower//TX-1/lease.pdf", "tower"),
        ("tower/../TX-1/lease.pdf", "tower"),
        ("tower/a zone/TX-1/lease.pdf", "tower"),
        ("tower/zoné/TX-1/lease.pdf", "tower"),
        (f"tower/{'z' * 65}/TX-1/lease.pdf", "tower"),
        ("tower/pack.zip!TX-1/lease.pdf", "tower"),
        ("crew/north/TX-1/roster.csv", "crew"),
        ("nobody/north/TX-1/lease.pdf", "nobody"),
    ],
)
def test_the_key_says_which_lane_a_file_is_in(key: str, lane: str) -> None:
    dropped = Dropped(bucket="drop", key=key, version_id="v1")
    file = SourceFile(
        feed=key.split("/")[0], bucket="work", key="staged/1", version_id="v1", etag="e", size=1, origin=dropped
    )

    assert lane_of(file) == lane


async def test_records_go_where_their_lane_says_or_else_where_the_feed_says(pipeline: Pipeline, apis: Apis) -> None:
    for number, lane in enumerate(("north", "south", "east")):
        drop(pipeline, lane, number)
    await pipeline.run()

    assert sorted(apis.called) == ["north", "shared", "south"]
    assert (await pipeline.throttle.row("traffic/north")).booked_until > 0, "each has its own line"
    assert (await pipeline.throttle.row("traffic/east")).booked_until == 0, "one destination has one line"


async def test_every_message_about_a_file_is_in_the_group_of_its_lane(pipeline: Pipeline, apis: Apis) -> None:
    apis.down.add("north")
    drop(pipeline, "north", 1)
    groups: set[str] = set()
    for _ in range(3):
        await pipeline.step()
        groups |= {held.group for queue in (pipeline.chunks, pipeline.dispatches) for held in queue.messages.values()}
        await pipeline.clock.sleep(10)

    assert groups == {"traffic/north"}


async def test_a_dead_destination_of_one_lane_stops_no_other_and_dead_letters_nothing(
    pipeline: Pipeline, apis: Apis
) -> None:
    await an_outage(pipeline, apis, "north", hours=6)

    assert (await pipeline.throttle.row("traffic/north")).circuit is Circuit.OPEN
    assert (await pipeline.throttle.row("traffic/south")).circuit is Circuit.CLOSED
    assert pipeline.mappings.off == set(), "the mapping is the others', too"
    assert len(apis.applied) == 12, "the south has all of its records"
    assert pipeline.dead_letters == []
    assert max(held.receives for held in pipeline.dispatches.messages.values()) <= 1, "waiting counts as no attempt"
    assert apis.called.count("north") < 6 * 12 + 20, "a probe in five minutes is all that it hears of us"

    apis.down.clear()
    for _ in range(20):
        await pipeline.step()
        await probes(pipeline)
        await pipeline.clock.sleep(60)
    assert len(apis.applied) == 24
    assert set(apis.applied.values()) == {1}


async def test_the_feeds_own_destination_may_die_while_lanes_go_on(pipeline: Pipeline, apis: Apis) -> None:
    apis.down.add("shared")
    for number, lane in enumerate(("east", "east", "east", "east", "north")):
        drop(pipeline, lane, number)
    for _ in range(4):
        await pipeline.step()
        await pipeline.clock.sleep(5)
    assert (await pipeline.throttle.row("traffic")).circuit is Circuit.OPEN
    assert pipeline.mappings.off == set()

    drop(pipeline, "north", 9)
    for _ in range(3):
        await pipeline.step()
    assert len(apis.applied) == 4


async def test_a_mapping_that_a_release_without_lanes_has_switched_off_is_switched_on(pipeline: Pipeline) -> None:
    await pipeline.throttle.trip("traffic", pipeline.clock.now(), pipeline.clock.now() + 300, "it answered 503")
    pipeline.mappings.off.add("traffic")

    await probes(pipeline)
    assert pipeline.mappings.off == set()


async def test_a_change_says_which_lane(pipeline: Pipeline, apis: Apis) -> None:
    await an_outage(pipeline, apis, "north", hours=0.2)

    opened = next(detail for kind, detail in pipeline.events.published if kind == "CircuitOpened")
    assert (opened["feed"], opened["lane"]) == ("traffic", "north")


async def test_a_lane_for_which_nothing_waits_is_closed_by_its_probe(pipeline: Pipeline) -> None:
    now = pipeline.clock.now()
    await pipeline.throttle.trip("traffic/north", now, now, "it answered 503")
    drop(pipeline, "south", 1)
    for _ in range(2):
        await pipeline.step()

    await probes(pipeline)
    assert (await pipeline.throttle.row("traffic/north")).circuit is Circuit.CLOSED


async def test_a_probe_sends_what_waits_and_no_copy_of_its_message(pipeline: Pipeline, apis: Apis) -> None:
    await an_outage(pipeline, apis, "north", hours=1)
    waiting = len(pipeline.dispatches.messages)
    calls = apis.called.count("north")

    assert waiting == 6
    await pipeline.clock.sleep(300)
    await probes(pipeline)
    assert apis.called.count("north") == calls + 1
    assert len(pipeline.dispatches.messages) == waiting


async def test_wrong_settings_of_one_lane_hold_back_its_own_records_alone(pipeline: Pipeline, apis: Apis) -> None:
    destination = MemoryDestination({"traffic": SHARED, "traffic/south": SOUTH, "traffic/north": NORTH})
    # Given a policy that nobody's examination has
    FEEDS["traffic"] = replace(FEEDS["traffic"], examination=None)
    destination.configured["traffic/north"] = replace(NORTH, policy={"rest": 1})
    pipeline.api = destination  # pyright: ignore[reportAttributeAccessIssue]
    drop(pipeline, "north", 1)
    drop(pipeline, "south", 2)
    for _ in range(3):
        await pipeline.step()

    assert len(destination.applied) == 1
    (look_at_feed, look_at_north, look_at_south) = await probe_each(
        pipeline._dispatcher(Process()), "traffic", pipeline.clock.now() + 300
    )
    wrong = [look.counts["SettingsWrong"] for look in (look_at_feed, look_at_north, look_at_south)]
    assert wrong == [0, 1, 0]


async def test_a_lane_has_so_many_places_and_whoever_finds_none_comes_back(pipeline: Pipeline, apis: Apis) -> None:
    now = pipeline.clock.now()
    taken = [await pipeline.throttle.enter("traffic/north", 4, now, now + 300) for _ in range(4)]
    assert taken == [0, 1, 2, 3]
    drop(pipeline, "north", 1)
    drop(pipeline, "south", 2)
    for _ in range(3):
        await pipeline.step()

    assert apis.called == ["south"]
    assert pipeline.put_off == ["4 chunks of its lane are being delivered, and no more are at once"]
    await pipeline.throttle.leave("traffic/north", 2, now + 300)
    await pipeline.run()
    assert sorted(apis.called) == ["north", "south"]


async def test_a_place_is_given_back_by_whoever_fails_and_comes_free_after_whoever_dies(
    pipeline: Pipeline, apis: Apis
) -> None:
    apis.down.add("north")
    drop(pipeline, "north", 1)
    for _ in range(3):
        await pipeline.step()
    now = pipeline.clock.now()
    assert [await pipeline.throttle.enter("traffic/north", 2, now, now + 300) for _ in range(3)] == [0, 1, None]
    assert await pipeline.throttle.enter("traffic/north", 2, now + 301, now + 600) == 0


async def test_a_file_that_has_not_ended_within_its_lanes_deadline_is_overdue(apis: Apis) -> None:
    swept = Swept(Pipeline(apis))
    apis.lanes_now["traffic/north"] = replace(NORTH, deadline_hours=2.0)
    apis.down |= {"north", "south"}
    late, _ = drop(swept.pipeline, "north", 1), drop(swept.pipeline, "south", 2)
    for _ in range(3):
        await swept.pipeline.step()
    assert (await swept.sweep())["FilesOverdue"] == 0

    await swept.pipeline.clock.sleep(2 * 3600 + 1)
    assert (await swept.sweep())["FilesOverdue"] == 1
    (said,) = [detail for kind, detail in swept.pipeline.events.published if kind == "FilesOverdue"]
    assert (said["lane"], said["files"], said["deadline_hours"], said["file_id"]) == ("north", 1, 2.0, late.file_id)
    rows = await swept.pipeline.ledger.open_files(100)
    (found,) = await overdue(apis, rows, swept.pipeline.clock.now())
    assert (found.lane, found.deadline_hours, found.files) == ("traffic/north", 2.0, 1)
    assert found.oldest.file.file_id == late.file_id


async def test_a_files_account_says_which_lane_it_is_in_if_any(pipeline: Pipeline) -> None:
    in_the_north = drop(pipeline, "north", 1)
    in_none = pipeline.drop(csv_file([spot(900)]), "traffic/spots.csv")
    await pipeline.run()

    assert pipeline.report(in_the_north)["lane"] == "north"
    assert "lane" not in pipeline.report(in_none)
