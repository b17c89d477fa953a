"""Work in retry is visible: why it waits, how often it failed, since when, and when it is tried again."""

import json
import random
from dataclasses import dataclass
from typing import Any

import pytest

from penstock.io.retry import Try
from penstock.model.errors import Busy, CircuitOpen, NewerRelease, Transient
from penstock.model.messages import SourceFile
from penstock.model.rows import ChunkRow
from penstock.model.setbacks import OFTEN, Setback
from penstock.ports.destination import Answer, DestinationSettings
from penstock.ports.throttle import ThrottleRow
from penstock_ops.operate.progress import progress_of
from tests.support.destination import Api
from tests.support.pipeline import Pipeline
from tests.support.spots import csv_file, spot

NOW = 1_795_262_400.0
RECORDS = 40
POISON = 13  #: the record whose batch always fails, while the destination is ill


@dataclass
class IllApi(Api):
    """Answers 500 to every batch with the poison in it, until it is healed."""

    ill: bool = True

    async def post(self, settings: DestinationSettings, key: str, body: bytes) -> Answer:
        """As `Destination.post`."""
        poisoned = any(record["spot_id"] == spot(POISON)["spot_id"] for record in json.loads(body)["records"])
        return Answer(500, b"") if self.ill and poisoned else await super().post(settings, key, body)


@pytest.fixture
def pipeline() -> Pipeline:
    return Pipeline(api=IllApi())


async def stuck(pipeline: Pipeline, steps: int = 4) -> SourceFile:
    """A file whose chunk has been split, judged and tried; all of it but the poisoned batch is delivered."""
    file = pipeline.drop(csv_file(spot(at) for at in range(RECORDS)))
    for _ in range(steps):
        await pipeline.step()
        await pipeline.clock.sleep(6)
    return file


async def the_chunk(pipeline: Pipeline, file: SourceFile) -> ChunkRow:
    chunk = await pipeline.ledger.chunk(file.file_id, 0)
    assert chunk
    return chunk


async def progress(pipeline: Pipeline, file: SourceFile) -> dict[str, Any]:
    row, throttle = await pipeline.row(file), await pipeline.throttle.row("traffic")
    found = await progress_of(pipeline.ledger, row, throttle, pipeline.clock.now())
    assert found
    return found


async def test_a_poisoned_batch_says_why_since_when_and_until_when_it_waits(pipeline: Pipeline) -> None:
    file = await stuck(pipeline)

    setback = (await the_chunk(pipeline, file)).setback

    assert setback
    assert setback.stage == "dispatcher"
    assert setback.batches == {"the destination answered 500, and may have done it": "3"}
    assert setback.failures >= 1
    assert setback.since < pipeline.clock.now()
    assert setback.again_at


async def test_the_next_try_is_when_the_message_comes(pipeline: Pipeline) -> None:
    file = await stuck(pipeline)

    (held,) = pipeline.dispatches.messages.values()

    setback = (await the_chunk(pipeline, file)).setback
    assert setback
    assert setback.again_at == pytest.approx(held.visible_at, abs=1)


async def test_failures_are_counted_and_the_first_of_them_stays_the_first(pipeline: Pipeline) -> None:
    file = await stuck(pipeline)
    first = (await the_chunk(pipeline, file)).setback
    await pipeline.clock.sleep(60)
    await pipeline.step()

    again = (await the_chunk(pipeline, file)).setback

    assert first
    assert again
    assert again.failures == first.failures + 1
    assert again.since == first.since


async def test_a_chunk_that_fails_again_and_again_is_announced_once(pipeline: Pipeline) -> None:
    def announced() -> list[Any]:
        return [detail for kind, detail in pipeline.events.published if kind == "WorkFailing"]

    file = await stuck(pipeline)
    while (setback := (await the_chunk(pipeline, file)).setback) is None or setback.failures <= OFTEN:
        assert announced() == []
        await pipeline.step()
        await pipeline.clock.sleep(300)
    assert [(one["chunk"], one["stage"], one["failures"]) for one in announced()] == [(0, "dispatcher", OFTEN + 1)]

    for _ in range(2):
        await pipeline.step()
        await pipeline.clock.sleep(300)
    assert len(announced()) == 1


async def test_an_account_moves_while_its_chunk_is_on_its_way(pipeline: Pipeline) -> None:
    file = await stuck(pipeline)

    seen = await progress(pipeline, file)

    assert sum((await pipeline.row(file)).counted.values()) == 0, "the account itself moves when chunks end"
    assert seen["records"]["done"] == RECORDS - 4
    assert sum(seen["records"].values()) == RECORDS
    (wait,) = seen["waits"]
    assert (wait["records"], wait["failures"]) == ("12-15", 1 + seen["waits"][0]["failures"] - 1)
    (batch,) = wait["batches"]
    assert batch["batch_id"].endswith("-003")
    assert batch["attempts"] >= 1
    assert seen["reason"].startswith("dispatcher: the destination answered 500")


async def test_healed_it_goes_on_by_itself_and_nothing_is_told_of_it_any_more(pipeline: Pipeline) -> None:
    file = await stuck(pipeline)
    assert isinstance(pipeline.api, IllApi)
    pipeline.api.ill = False

    await pipeline.run()

    assert await pipeline.counted(file) == {"delivered": RECORDS}
    assert (await the_chunk(pipeline, file)).setback is None
    row = await pipeline.row(file)
    assert await progress_of(pipeline.ledger, row, ThrottleRow("traffic"), pipeline.clock.now()) is None


async def test_nothing_is_written_more_where_nothing_fails() -> None:
    pipeline = Pipeline()
    file = pipeline.drop(csv_file(spot(at) for at in range(RECORDS)))
    released: list[str] = []
    for name in ("release_chunk", "release_file"):
        setattr(pipeline.ledger, name, lambda *_, name=name: released.append(name))

    await pipeline.run()

    assert await pipeline.counted(file) == {"delivered": RECORDS}
    assert released == []


async def test_a_chunk_that_waits_for_another_names_it(pipeline: Pipeline) -> None:
    await stuck(pipeline)
    second = pipeline.drop(csv_file([spot(POISON)]), "traffic/again.csv")
    for _ in range(3):
        await pipeline.step()

    setback = (await the_chunk(pipeline, second)).setback

    assert setback
    assert setback.failures == 0, "nothing failed here"
    assert "it waits for records that chunk" in setback.reason
    assert "has on its way" in setback.reason


async def test_a_chunk_whose_circuit_is_open_shows_the_circuit(pipeline: Pipeline) -> None:
    file = await stuck(pipeline)
    await pipeline.throttle.trip("traffic", pipeline.clock.now(), pipeline.clock.now() + 30, "it answered 503")

    assert (await progress(pipeline, file))["reason"] == "the circuit of traffic is open: it answered 503"


async def test_a_validator_that_fails_says_so(pipeline: Pipeline) -> None:
    file = pipeline.drop(csv_file(spot(at) for at in range(3)))
    await pipeline.step()
    pipeline.fault.at = pipeline.fault.calls + 3
    await pipeline.step()

    setback = (await the_chunk(pipeline, file)).setback

    assert setback
    assert (setback.stage, setback.failures) == ("validator", 1)
    assert setback.reason == f"{pipeline.fault.struck} broke"


# -- a try


def a_try(before: Setback | None = None) -> Try:
    return Try("dispatcher", before, NOW)


def test_a_failure_decides_when_it_is_tried_again_and_tells_who_holds_the_message() -> None:
    error = Transient("broken", after=30)

    setback = a_try().failed(error, random.Random(1))

    assert error.setback == setback
    assert error.wait is not None
    assert setback.again_at == NOW + error.wait
    assert error.wait >= 30


def test_waits_grow_with_failures() -> None:
    often = Setback("dispatcher", "broken", 9, NOW - 60)
    waits = [error.wait or 0 for error in (Transient("broken") for _ in range(200)) if a_try(often).failed(error, RNG)]

    assert max(waits) > 600


RNG = random.Random(7)


def test_another_stage_begins_to_count_anew() -> None:
    before = Setback("validator", "broken", 9, NOW - 60)

    setback = a_try(before).failed(Transient("broken"), RNG)

    assert (setback.failures, setback.since) == (1, NOW)


def test_to_wait_is_no_failure() -> None:
    before = Setback("dispatcher", "broken", 2, NOW - 60)

    assert a_try(before).put_off("it waits", 5).failures == 2
    assert a_try(before).failed(CircuitOpen("the circuit is open"), RNG).failures == 2
    assert a_try(before).put_off("some failed", 5, {"answered 500": "1"}).failures == 3


def test_what_waits_for_a_newer_release_comes_back_with_its_message() -> None:
    assert a_try().failed(NewerRelease("too new"), RNG).again_at is None


def test_no_record_is_quoted() -> None:
    setback = a_try().failed(ValueError("S0001,secret"), RNG)

    assert "secret" not in setback.reason
    assert setback.reason.startswith("ValueError at ")
    assert setback.again_at is None


@pytest.mark.parametrize("failures", range(OFTEN + 2))
def test_more_than_so_many_failures_are_frequent(failures: int) -> None:
    assert Setback("dispatcher", "broken", failures, NOW).is_frequent is (failures > OFTEN)


def test_busy_is_known_by_who_holds_it() -> None:
    assert a_try().failed(Busy("another holds it", after=3), RNG).failures == 1
