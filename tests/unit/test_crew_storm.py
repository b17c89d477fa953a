"""A storm day over the twins: 3,000 duties, of which 250 are cancelled, 120 given to others and 40 diverted, in eight
files. Every record has its end, and every hour is accounted for."""

from collections import Counter

from penstock.feeds.crew import CREW
from penstock.feeds.crew.duty import loaded
from penstock.feeds.crew.history import History
from penstock.identity.examination import keys_of
from penstock.model.messages import SourceFile
from tests.support.pipeline import Pipeline
from tests.support.storm import StormDay, storm_day


def hours_in(pipeline: Pipeline, day: StormDay) -> dict[str, tuple[int, int]]:
    """Minutes of duty and of flight time by the histories, of everybody."""
    assert CREW.examination
    known = {key: one for (_, key), one in pipeline.histories.all().items()}
    found: dict[str, tuple[int, int]] = {}
    for crew in day.minutes:
        (key,) = keys_of(CREW.examination, {"crew_id": crew})
        timelines = History(loaded(entry.kept for entry in known[key].entries)).timelines
        found[crew] = timelines["duty"].total(0, 2**40), timelines["flight_time"].total(0, 2**40)
    return found


async def dropped(pipeline: Pipeline, files: dict[str, bytes]) -> dict[str, SourceFile]:
    return {name: pipeline.drop(body, f"crew/{name}.ndjson") for name, body in files.items()}


async def test_every_hour_is_accounted_for() -> None:
    # Given
    day, pipeline = storm_day(seed=11), Pipeline()
    files = await dropped(pipeline, day.planned)
    await pipeline.run()
    # When
    files |= await dropped(pipeline, day.changes)
    await pipeline.run()
    # Expect
    for name, file in files.items():
        assert await pipeline.assert_sound(file, day.records[name]) == {"delivered": day.records[name]}, name
    assert hours_in(pipeline, day) == day.minutes


async def test_the_hours_are_the_same_in_whatever_order_the_files_come() -> None:
    """A plan that comes behind its change is superseded. A fifth of such a day."""
    # Given
    day, pipeline = storm_day(seed=11, part=5), Pipeline()
    files = await dropped(pipeline, day.changes)
    await pipeline.run()
    # When
    files |= await dropped(pipeline, day.planned)
    await pipeline.run()
    # Expect
    ends = Counter[str]()
    for name, file in files.items():
        ends += await pipeline.assert_sound(file, day.records[name])
    changed = sum(day.records[name] for name in ("cancelled-0", "cancelled-1", "reassigned", "diverted"))
    assert ends["rejected"] == changed
    assert hours_in(pipeline, day) == day.minutes
