"""What a release leaves behind at a moment: scenes of files on their way, of every state that a row can be in.

Each scene is told by what stands in it when the next release takes over. Files are cut into chunks of four records, and
batches of two.
"""

import json
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest

from penstock import feeds
from penstock.feeds.crew import CREW
from penstock.feeds.feed import Limits
from penstock.feeds.mro import MRO
from penstock.feeds.traffic import TRAFFIC
from penstock.model.messages import DispatchMessage, read_message
from penstock.operate.bury import bury
from penstock.operate.replay import begin_replay, plan_replay
from penstock.ports.destination import Answer
from penstock_testing.memory import MemoryQueue
from tests.support.archives import packed
from tests.support.components import removal
from tests.support.destination import LOST, Api, refusing
from tests.support.duties import duty
from tests.support.pipeline import Pipeline
from tests.support.spots import csv_file, ndjson_file, spot

type Scene = Callable[[Pipeline], Awaitable[None]]

#: Three chunks. The API refuses 1 and 5, a rule refuses 2, 7 is a duplicate of 6.
SPOTS = [spot(at, **({"station": "KBAD"} if at in (1, 5) else {"isci": "?"} if at == 2 else {})) for at in range(10)]
SPOTS[7] = SPOTS[6]


@contextmanager
def small_chunks() -> Generator[None]:
    """The feeds as all scenes have them."""
    with pytest.MonkeyPatch.context() as patch:
        for feed in (TRAFFIC, CREW, MRO):
            patch.setitem(feeds.FEEDS, feed.name, replace(feed, limits=Limits(records=4)))
        yield


def api(**changes: Any) -> Api:
    """An API that refuses a station."""
    made = Api(refuses=lambda record: refusing("station", "KBAD")(record) if "station" in record else 0)
    made.settings_now = replace(made.settings_now, batch_records=2, concurrency=1, **changes)
    return made


def week(number: int, **changes: Any) -> dict[str, Any]:
    """A duty of eight hours' flight time on a day of its own; the 13th of them is beyond 100 hours (117.23(b)(1))."""
    day = number // 2 * 3 + number % 2
    return duty(f"+{day} 08:00", "9:00", 2, **{"duty_id": f"D{number}", "flight_time_minutes": 480, **changes})


def component(number: int, **changes: Any) -> dict[str, Any]:
    """A component removed once."""
    return removal(form_tracking_number=f"RS-{number}", component_sn=f"B{number}", **changes)


async def _handle_all(pipeline: Pipeline, queue: MemoryQueue) -> None:
    """All messages of a queue that can be seen."""
    while held := queue.take():
        await pipeline.handle(queue, held)


async def _told(pipeline: Pipeline) -> None:
    """S3 has told of a file."""
    pipeline.drop(csv_file(SPOTS))


async def _handed_on(pipeline: Pipeline) -> None:
    """A splitter ran out of time after the first chunk."""
    await _told(pipeline)
    usual, pipeline.invocation = pipeline.invocation, 10.0
    await pipeline.handle_next(pipeline.intake)
    pipeline.invocation = usual


async def _sent(pipeline: Pipeline) -> None:
    """A file is sealed, and none of its chunks validated."""
    await _told(pipeline)
    await pipeline.handle_next(pipeline.intake)


async def _validated(pipeline: Pipeline) -> None:
    """All of its chunks are validated, and none delivered."""
    await _sent(pipeline)
    await _handle_all(pipeline, pipeline.chunks)


async def _in_doubt(pipeline: Pipeline) -> None:
    """A batch of the first chunk was applied, and its answer lost."""
    await _validated(pipeline)
    pipeline.api.troubles = [LOST]
    await pipeline.handle_next(pipeline.dispatches)


async def _unavailable(pipeline: Pipeline) -> None:
    """The batches of the first chunk are fixed, and the API takes none."""
    await _validated(pipeline)
    pipeline.api.troubles = [Answer(503), Answer(503)]
    await pipeline.handle_next(pipeline.dispatches)


async def _settled(pipeline: Pipeline) -> None:
    """A file has ended with delivered, duplicate and rejected records."""
    await _told(pipeline)
    await pipeline.run()


async def _unknown(pipeline: Pipeline) -> None:
    """A file has ended with a batch that nobody knows the end of."""
    pipeline.api.settings_now = replace(pipeline.api.settings_now, honours_idempotency_key=False)
    await _validated(pipeline)
    pipeline.api.troubles = [LOST]
    await pipeline.run()


async def _replayed(pipeline: Pipeline) -> None:
    """What the API refused is on its way once more, and not validated yet."""
    await _settled(pipeline)
    (row,) = await pipeline.ledger.files(1)
    replay = await plan_replay(pipeline.ledger, pipeline.store, row, code="destination.rejected")
    await begin_replay(pipeline, replay)


async def _replay_validated(pipeline: Pipeline) -> None:
    """What the API refused is on its way once more, and validated."""
    await _replayed(pipeline)
    await _handle_all(pipeline, pipeline.chunks)


async def _dead(pipeline: Pipeline) -> None:
    """A chunk is dead with a batch in doubt, its letter is in the DLQ, and its file has ended as incomplete."""
    await _in_doubt(pipeline)
    (held,) = [one for one in pipeline.dispatches.messages.values() if read_message(one.body, DispatchMessage).waits]
    del pipeline.dispatches.messages[held.receipt]
    await pipeline.run()
    assert await bury(pipeline, read_message(held.body, DispatchMessage))
    pipeline.dead_letters.append(held.body)


async def _refused(pipeline: Pipeline) -> None:
    """A file was refused as a whole."""
    pipeline.drop(b"")
    await pipeline.run()


async def _unpacked(pipeline: Pipeline) -> None:
    """An archive is unpacked, and nobody has looked at its files."""
    pipeline.drop(packed({"a.csv": csv_file(SPOTS[:3]), "b.csv": csv_file(SPOTS[3:])}), key="traffic/spots.zip")
    await pipeline.handle_next(pipeline.intake)


async def _held(pipeline: Pipeline) -> None:
    """One record of three waits for a scheduler."""
    records = [component(0), component(1, ocr_confidence="0.1"), component(2)]
    pipeline.drop(ndjson_file(records), key="mro/removals.ndjson")
    await pipeline.run()


async def _flown(pipeline: Pipeline) -> None:
    """Twelve duties of a crew member are delivered, one of them in its second revision."""
    pipeline.drop(ndjson_file([week(at) for at in range(12)]), key="crew/duties.ndjson")
    await pipeline.run()
    pipeline.drop(ndjson_file([week(3, revision=2)]), key="crew/mended.ndjson")
    await pipeline.run()


async def _corrected(pipeline: Pipeline) -> None:
    """A correction of a delivered duty was applied, and its answer lost."""
    await _flown(pipeline)
    pipeline.drop(ndjson_file([week(4, revision=2)]), key="crew/corrected.ndjson")
    for queue in (pipeline.intake, pipeline.chunks):
        await pipeline.handle_next(queue)
    pipeline.api.troubles = [LOST]
    await pipeline.handle_next(pipeline.dispatches)


SCENES: dict[str, Scene] = {
    "told": _told,
    "handed_on": _handed_on,
    "sent": _sent,
    "validated": _validated,
    "in_doubt": _in_doubt,
    "unavailable": _unavailable,
    "settled": _settled,
    "unknown": _unknown,
    "replayed": _replayed,
    "replay_validated": _replay_validated,
    "dead": _dead,
    "refused": _refused,
    "unpacked": _unpacked,
    "held": _held,
    "flown": _flown,
    "corrected": _corrected,
}


def told_by(scene: str) -> str:
    """A scene's own words."""
    return str(SCENES[scene].__doc__)


def as_json(recorded: Any) -> str:
    """A recording as it is kept."""
    return json.dumps(recorded, indent=1, sort_keys=True, ensure_ascii=False) + "\n"
