"""What moves in a stack: by lane, what waits for which stage, at what rate it is read and ends, and when it is due."""

from penstock.ports.destination import DestinationSettings
from penstock_ops.operate.moving import WINDOW, by_lane
from penstock_ops.operate.progress import is_open
from tests.support.destination import Api
from tests.support.pipeline import Pipeline
from tests.support.spots import csv_file, spot


async def moving(pipeline: Pipeline) -> dict[str, dict[str, object]]:
    rows = await pipeline.ledger.files(100)
    opened = [row for row in rows if is_open(row)]
    return await by_lane(pipeline.ledger, pipeline.api, opened, rows, pipeline.clock.now())


async def test_what_was_split_waits_to_be_judged_and_then_to_be_sent() -> None:
    pipeline = Pipeline()
    file = pipeline.drop(csv_file(spot(at) for at in range(30)))
    await pipeline.handle_next(pipeline.intake)

    lane = (await moving(pipeline))["traffic"]
    assert lane["waiting_for"] == {"judged": 30, "sent": 0}
    assert lane["per_minute"] == {"read": 3.0, "ended": 0.0}
    assert lane["files"] == 1
    assert lane["oldest"]["file_id"] == file.file_id  # type: ignore[index]

    await pipeline.handle_next(pipeline.chunks)
    assert (await moving(pipeline))["traffic"]["waiting_for"] == {"judged": 0, "sent": 30}


async def test_what_has_ended_within_the_window_is_a_rate_and_what_ended_before_it_is_none() -> None:
    pipeline = Pipeline()
    pipeline.drop(csv_file(spot(at) for at in range(30)))
    await pipeline.run()

    lane = (await moving(pipeline))["traffic"]
    assert (lane["files"], lane["oldest"], lane["waiting_for"]) == (0, None, {"judged": 0, "sent": 0})
    assert lane["per_minute"] == {"read": 3.0, "ended": 3.0}

    await pipeline.clock.sleep(WINDOW + 60)
    assert await moving(pipeline) == {}


async def test_a_lane_says_when_its_first_file_is_due_and_how_many_are_late() -> None:
    pipeline = Pipeline(Api(settings_now=DestinationSettings("http://127.0.0.1", deadline_hours=2)))
    pipeline.drop(csv_file([spot(0)]), "traffic/first.csv")
    await pipeline.handle_next(pipeline.intake)
    began = pipeline.clock.now()
    lane = (await moving(pipeline))["traffic"]
    assert (lane["due"], lane["deadline_hours"], lane["late"]) == ("2027-01-15T10:00:00Z", 2, 0), began

    await pipeline.clock.sleep(2 * 3600 + 1)
    pipeline.drop(csv_file([spot(1)]), "traffic/second.csv")
    await pipeline.handle_next(pipeline.intake)
    assert (await moving(pipeline))["traffic"]["late"] == 1
