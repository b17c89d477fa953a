"""The dispatcher and a destination that misbehaves (R26, R27), its rate (R24), its time (R10), its lease (R22)."""

import itertools
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from penstock import feeds
from penstock.feeds.feed import Limits
from penstock.feeds.traffic import TRAFFIC
from penstock.model.errors import Busy, Transient
from penstock.model.messages import DispatchMessage, read_message
from penstock.model.rows import BatchState
from penstock.ports.destination import Answer, DestinationSettings
from tests.support.destination import LOST, UNSENT, Api, Trouble, json_answer
from tests.support.pipeline import Pipeline
from tests.support.spots import csv_file, rows_of, spot

KEYED = DestinationSettings(
    url="api", batch_records=3, rate_per_second=1000.0, burst=1000, timeout_seconds=20.0, honours_idempotency_key=True
)
KEYLESS = replace(KEYED, honours_idempotency_key=False)
NONSENSE = Answer(200, b'{"results":[{"index":99}]}', "application/json")
PAGE = Answer(200, b"<html>", "text/html")


def pipeline_with(*troubles: Trouble, settings: DestinationSettings = KEYED) -> Pipeline:
    return Pipeline(Api(settings, list(troubles)))


def keys_of(pipeline: Pipeline) -> list[str]:
    """The last part of each posted batch's key."""
    return [key[-3:] for key, _ in pipeline.api.bodies]


# -- what it answers


@pytest.mark.parametrize("status", [400, 403, 404, 409, 413, 422])
async def test_a_refused_batch_is_rejected_with_the_reason_and_never_sent_again(status: int) -> None:
    pipeline = pipeline_with(json_answer({"code": "E1", "message": "no such thing"}, status))
    file = pipeline.drop(csv_file(spot(at) for at in range(5)))
    await pipeline.run()
    assert await pipeline.assert_sound(file, 5) == {"delivered": 2, "rejected": 3}
    assert keys_of(pipeline) == ["000", "001"]
    rows = rows_of(pipeline.report(file, "rejects.csv"))
    assert {row["penstock_message"] for row in rows} == {f"the destination answered {status}: E1: no such thing"}
    assert pipeline.errors == []


MUST_COME_LATER = [(status, KEYED) for status in (302, 401, 408, 425, 429, 500, 502, 503, 504)] + [
    (status, KEYLESS) for status in (302, 401, 408, 425, 429, 503)
]


@pytest.mark.parametrize(("status", "settings"), MUST_COME_LATER)
async def test_a_batch_that_must_come_later_comes_again_under_its_key(
    status: int, settings: DestinationSettings
) -> None:
    pipeline = pipeline_with(Answer(status), Answer(status), settings=settings)
    file = pipeline.drop(csv_file(spot(at) for at in range(3)))
    await pipeline.run()
    assert await pipeline.assert_sound(file, 3) == {"delivered": 3}
    assert keys_of(pipeline) == ["000"] * 3
    assert len({str(body) for _, body in pipeline.api.bodies}) == 1


@pytest.mark.parametrize("status", [500, 502, 504])
async def test_an_answer_that_may_come_after_the_deed_is_never_repeated_without_keys(status: int) -> None:
    """Invariant 3: who answers so may have done the work, or stand before somebody who has."""
    pipeline = pipeline_with(Answer(status), settings=KEYLESS)
    file = pipeline.drop(csv_file(spot(at) for at in range(3)))
    await pipeline.run()
    assert await pipeline.assert_sound(file, 3) == {"unknown": 3}
    assert keys_of(pipeline) == ["000"]


async def test_one_slow_answer_lets_no_heap_of_calls_follow() -> None:
    """R24: a place is booked when its call is about to be made, so none is left over from the time of waiting."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(feeds.FEEDS, "traffic", replace(TRAFFIC, limits=Limits(records=40)))
        pipeline, api = timed(replace(KEYED, batch_records=1, rate_per_second=10.0, burst=1, concurrency=1))
        api.slow_first = 5.0
        pipeline.drop(csv_file(spot(at) for at in range(40)))
        await pipeline.run()
    times = [at for at, _ in api.times]
    assert len(times) == 40
    assert min(later - earlier for earlier, later in itertools.pairwise(times)) >= 0.1 - 1e-5


async def test_retry_after_is_passed_on_and_the_longest_of_several_decides() -> None:
    pipeline = pipeline_with(Answer(429, retry_after=17.0), Answer(503, retry_after=120.0), Answer(429))
    pipeline.drop(csv_file(spot(at) for at in range(9)))
    began = pipeline.clock.now()
    await pipeline.run()
    assert pipeline.put_off == ["the destination says that calls come too fast"]
    assert pipeline.clock.now() >= began + 120


async def test_a_429_slows_the_calls_down_for_a_while() -> None:
    pipeline, api = timed(replace(KEYED, batch_records=1, rate_per_second=10.0, burst=1, concurrency=1))
    api.troubles = [Answer(429)]
    pipeline.drop(csv_file(spot(at) for at in range(12)))
    await pipeline.run()
    gaps = [later - earlier for earlier, later in itertools.pairwise(at for at, _ in api.times)]
    assert gaps[2:-1] == pytest.approx([0.2] * 9)
    # and after that while they are as fast as before
    await pipeline.clock.sleep(120)
    api.times.clear()
    pipeline.drop(csv_file(spot(at) for at in range(20, 30)), "traffic/later.csv")
    await pipeline.run()
    gaps = [later - earlier for earlier, later in itertools.pairwise(at for at, _ in api.times)]
    assert gaps == pytest.approx([0.1] * 9)


async def test_only_what_was_not_taken_is_sent_again() -> None:
    pipeline = pipeline_with(json_answer({}), Answer(503), json_answer({}))
    file = pipeline.drop(csv_file(spot(at) for at in range(9)))
    await pipeline.run()
    assert await pipeline.assert_sound(file, 9) == {"delivered": 9}
    assert keys_of(pipeline) == ["000", "001", "002", "001"]


@pytest.mark.parametrize("trouble", [LOST, NONSENSE, PAGE])
async def test_with_keys_a_doubt_is_asked_again_under_the_same_key_and_payload(trouble: Trouble) -> None:
    """R26."""
    pipeline = pipeline_with(trouble, trouble)
    file = pipeline.drop(csv_file(spot(at) for at in range(3)))
    await pipeline.run()
    assert await pipeline.assert_sound(file, 3) == {"delivered": 3}
    assert keys_of(pipeline) == ["000"] * 3


@pytest.mark.parametrize("trouble", [LOST, NONSENSE, PAGE])
async def test_without_keys_a_doubt_is_unknown_and_never_a_second_call(trouble: Trouble) -> None:
    """R26, invariant 3."""
    pipeline = pipeline_with(trouble, settings=KEYLESS)
    file = pipeline.drop(csv_file(spot(at) for at in range(5)))
    await pipeline.run()
    assert await pipeline.assert_sound(file, 5) == {"delivered": 2, "unknown": 3}
    assert keys_of(pipeline) == ["000", "001"]
    assert (await pipeline.outcome_lines(file))[0]["outcome"] == "unknown"


async def test_a_call_that_surely_was_not_sent_leaves_no_doubt() -> None:
    pipeline = pipeline_with(UNSENT, UNSENT, settings=KEYLESS)
    file = pipeline.drop(csv_file([spot(1)]))
    await pipeline.run()
    assert await pipeline.assert_sound(file, 1) == {"delivered": 1}


@pytest.mark.parametrize("then", [[Answer(409)], [Answer(503)], [UNSENT], [Answer(429), Answer(409)]])
async def test_a_doubt_stays_a_doubt_until_the_key_is_answered(then: list[Trouble]) -> None:
    """A 409 may be the first call still at work; a 503 says nothing of the first call."""
    pipeline = pipeline_with(LOST, *then)
    file = pipeline.drop(csv_file(spot(at) for at in range(3)))
    await pipeline.run()
    assert await pipeline.assert_sound(file, 3) == {"delivered": 3}
    assert keys_of(pipeline) == ["000"] * (2 + len(then))


@pytest.mark.parametrize("then", [Answer(503), UNSENT])
async def test_a_key_is_not_sent_again_when_its_retention_has_passed(then: Trouble) -> None:
    """After that the same key could do it twice, so the doubt is unknown; whatever came after the lost answer."""
    # Given a doubt
    pipeline = pipeline_with(LOST, then)
    file = pipeline.drop(csv_file(spot(at) for at in range(3)))
    for _ in range(10):
        if len(pipeline.api.bodies) == 2:
            break
        await pipeline.step()
        await pipeline.clock.sleep(60)
    # When the next attempt comes a day later
    await pipeline.clock.sleep(24 * 3600)
    await pipeline.run()
    # Expect
    assert await pipeline.assert_sound(file, 3) == {"unknown": 3}
    assert keys_of(pipeline) == ["000"] * 2


async def test_the_retention_counts_from_the_first_call() -> None:
    pipeline = pipeline_with(LOST, LOST, LOST, LOST, settings=replace(KEYED, key_retention_hours=1))
    file = pipeline.drop(csv_file([spot(1)]))
    while len(pipeline.api.bodies) < 4:
        await pipeline.step()
        await pipeline.clock.sleep(1000)
    await pipeline.run()
    assert await pipeline.assert_sound(file, 1) == {"unknown": 1}
    assert len(pipeline.api.bodies) == 4


# -- what it answers of single records


async def test_a_record_that_is_handed_back_goes_into_a_later_batch_of_its_own() -> None:
    pipeline = pipeline_with()
    handed_back = {"S00001": 2}

    def refuses(record: dict[str, Any]) -> int:
        if handed_back.get(record["spot_id"]):
            handed_back[record["spot_id"]] -= 1
            return 429
        return 422 if record["spot_id"] == "S00002" else 0

    pipeline.api.refuses = refuses
    file = pipeline.drop(csv_file(spot(at) for at in range(3)))
    await pipeline.run()
    assert await pipeline.assert_sound(file, 3) == {"delivered": 2, "rejected": 1}
    assert [(key[-3:], len(body["records"])) for key, body in pipeline.api.bodies] == [
        ("000", 3),
        ("001", 1),
        ("002", 1),
    ]


async def test_a_batch_is_the_same_batch_when_it_is_sent_again_though_the_settings_changed() -> None:
    pipeline = pipeline_with(LOST, LOST)
    file = pipeline.drop(csv_file(spot(at) for at in range(6)))
    for _ in range(3):
        await pipeline.step()
    pipeline.api.settings_now = replace(KEYED, batch_records=1)
    await pipeline.run()
    assert await pipeline.assert_sound(file, 6) == {"delivered": 6}
    assert keys_of(pipeline) == ["000", "001", "000", "001"]


async def test_reasons_are_kept_apart_when_a_chunk_has_more_than_a_thousand_batches() -> None:
    """One record a call is a usual API, and a chunk may hold thousands."""
    pipeline = pipeline_with(settings=replace(KEYED, batch_records=1))
    pipeline.api.refuses = lambda record: {"S00000": 400, "S01000": 422}.get(record["spot_id"], 0)
    pipeline.api.troubles = [*[json_answer({"results": [{"index": 0, "status": 400, "code": "first"}]})]]
    file = pipeline.drop(csv_file(spot(at) for at in range(1002)))
    # Given that the last call fails, so that all is read back from the ledger
    post = pipeline.api.post
    late = [Answer(503)]

    async def fail_once(settings: DestinationSettings, key: str, body: bytes) -> Answer:
        return late.pop() if key.endswith("-1001") and late else await post(settings, key, body)

    pipeline.api.post = fail_once
    await pipeline.run()
    assert await pipeline.assert_sound(file, 1002) == {"delivered": 1000, "rejected": 2}
    rows = {row["penstock_ordinal"]: row["penstock_message"] for row in rows_of(pipeline.report(file, "rejects.csv"))}
    assert rows == {
        "0": "the destination answered 400: first",
        "1000": "the destination answered 422: refused: not here",
    }


# -- its rate


@dataclass
class TimedApi(Api):
    """Notes when each call came, and how many records it carried."""

    pipeline: Pipeline | None = None
    times: list[tuple[float, int]] = field(default_factory=list[tuple[float, int]])
    slow_first: float = 0.0

    async def post(self, settings: DestinationSettings, key: str, body: bytes) -> Answer:
        assert self.pipeline
        came, is_first = self.pipeline.clock.now(), not self.times
        answer = await super().post(settings, key, body)
        self.times.append((came, len(self.bodies[-1][1]["records"])))
        if is_first:
            await self.pipeline.clock.sleep(self.slow_first)
        return answer


def timed(settings: DestinationSettings) -> tuple[Pipeline, TimedApi]:
    api = TimedApi(settings)
    pipeline = Pipeline(api)
    api.pipeline = pipeline
    return pipeline, api


@pytest.mark.parametrize(("rate", "burst"), [(2.0, 1), (2.0, 4), (10.0, 3)])
async def test_no_window_holds_more_calls_than_the_rate_and_the_burst_allow(rate: float, burst: int) -> None:
    """R24, over the chunks of two files."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(feeds.FEEDS, "traffic", replace(TRAFFIC, limits=Limits(records=8)))
        pipeline, api = timed(replace(KEYED, batch_records=2, rate_per_second=rate, burst=burst))
        for number in range(2):
            pipeline.drop(csv_file(spot(100 * number + at) for at in range(20)), f"traffic/{number}")
        await pipeline.run()
    times = [at for at, _ in api.times]
    assert len(times) == 20
    for first, begin in enumerate(times):
        for last in range(first, len(times)):
            assert last - first + 1 <= rate * (times[last] - begin) + burst + 1e-4
    # and it is no slower than it may be
    assert times[-1] - times[0] <= (20 - burst) / rate + 1


async def test_a_rate_may_be_of_records() -> None:
    pipeline, api = timed(replace(KEYED, batch_records=5, rate_per_second=10.0, rate_unit="records", burst=1))
    pipeline.drop(csv_file(spot(at) for at in range(20)))
    await pipeline.run()
    times = [at for at, _ in api.times]
    assert [round(later - earlier, 6) for earlier, later in itertools.pairwise(times)] == [0.5] * 3


async def test_when_the_destinations_time_is_booked_out_nothing_is_sent_and_the_wait_is_told() -> None:
    pipeline = pipeline_with()
    await pipeline.throttle.book("traffic", [800.0], pipeline.clock.now(), 1e9)
    file = pipeline.drop(csv_file([spot(1)]))
    for _ in range(3):
        await pipeline.step()
    assert pipeline.put_off == ["the destination's time is booked out"]
    (held,) = pipeline.dispatches.messages.values()
    assert held.visible_at - pipeline.clock.now() >= 800
    assert pipeline.api.bodies == []
    await pipeline.run()
    assert await pipeline.assert_sound(file, 1) == {"delivered": 1}


# -- its time


async def test_batches_for_which_no_time_is_left_are_left_for_the_next_invocation() -> None:
    """R10: a call is begun only if its answer can come before the end."""
    pipeline, api = timed(replace(KEYED, batch_records=1, rate_per_second=0.1, burst=1))
    pipeline.invocation = 60.0
    file = pipeline.drop(csv_file(spot(at) for at in range(8)))
    began = pipeline.clock.now()
    for _ in range(3):
        await pipeline.step()
    # Calls at 0, 10, 20 and 30 seconds; 40 + 20 for the answer + 5 kept back would be too late.
    assert [at - began for at, _ in api.times] == [0, 10, 20, 30]
    assert pipeline.put_off == ["the destination's time is booked out"]
    await pipeline.run()
    assert await pipeline.assert_sound(file, 8) == {"delivered": 8}
    assert len(api.bodies) == 8


async def test_an_invocation_without_any_time_left_sends_nothing() -> None:
    pipeline = pipeline_with()
    file = pipeline.drop(csv_file([spot(1)]))
    for _ in range(2):
        await pipeline.step()
    (held,) = pipeline.dispatches.messages.values()
    pipeline.invocation = 24.0
    worked = await pipeline.work(pipeline.dispatches, held.body)
    assert worked.what == "put off: the invocation ends before an answer could come"
    assert pipeline.api.bodies == []
    pipeline.invocation = 300.0
    await pipeline.run()
    assert await pipeline.assert_sound(file, 1) == {"delivered": 1}


# -- its lease


class SlowApi(Api):
    """Lets something happen while the first call is under way."""

    meanwhile: Any = None

    async def post(self, settings: DestinationSettings, key: str, body: bytes) -> Answer:
        meanwhile, self.meanwhile = self.meanwhile, None
        if meanwhile:
            await meanwhile()
        return await super().post(settings, key, body)


@pytest.mark.parametrize("settings", [KEYED, KEYLESS], ids=["keyed", "keyless"])
async def test_a_worker_whose_lease_has_passed_decides_nothing_any_more(settings: DestinationSettings) -> None:
    """R22: it sleeps through its lease in the middle of a call, and another does the work."""
    api = SlowApi(settings)
    pipeline = Pipeline(api)
    file = pipeline.drop(csv_file(spot(at) for at in range(3)))
    for _ in range(2):
        await pipeline.step()
    (held,) = pipeline.dispatches.messages.values()

    async def another_takes_over() -> None:
        await pipeline.clock.sleep(301)
        await pipeline.work(pipeline.dispatches, held.body)

    api.meanwhile = another_takes_over
    with pytest.raises(Transient):
        await pipeline.work(pipeline.dispatches, held.body)
    await pipeline.run()
    outcome = "delivered" if settings.honours_idempotency_key else "unknown"
    assert await pipeline.assert_sound(file, 3) == {outcome: 3}


async def test_a_worker_whose_lease_has_passed_ends_no_batch_while_another_is_at_it() -> None:
    """R22: what it learnt too late is the other's to find out."""
    api = SlowApi(KEYED)
    pipeline = Pipeline(api)
    file = pipeline.drop(csv_file(spot(at) for at in range(3)))
    for _ in range(2):
        await pipeline.step()
    (held,) = pipeline.dispatches.messages.values()

    async def another_begins() -> None:
        await pipeline.clock.sleep(301)
        message = read_message(held.body, DispatchMessage)
        assert (await pipeline.ledger.claim_dispatch(message, pipeline.clock.now(), 300)).fence

    api.meanwhile = another_begins
    with pytest.raises(Transient):
        await pipeline.work(pipeline.dispatches, held.body)
    (batch,) = await pipeline.ledger.batches(file.file_id, 0)
    assert (batch.state, batch.unanswered) == (BatchState.ATTEMPTED, True)
    await pipeline.run()
    assert await pipeline.assert_sound(file, 3) == {"delivered": 3}


async def test_a_chunk_that_another_dispatcher_holds_is_busy_for_as_long_as_its_lease() -> None:
    api = SlowApi(KEYED)
    pipeline = Pipeline(api)
    file = pipeline.drop(csv_file([spot(1)]))
    for _ in range(2):
        await pipeline.step()
    (held,) = pipeline.dispatches.messages.values()
    busy: list[Busy] = []

    async def another_tries() -> None:
        with pytest.raises(Busy) as error:
            await pipeline.work(pipeline.dispatches, held.body)
        busy.append(error.value)

    api.meanwhile = another_tries
    await pipeline.run()
    assert busy[0].after == pytest.approx(300)
    assert await pipeline.assert_sound(file, 1) == {"delivered": 1}


async def test_a_destination_without_settings_is_waited_for() -> None:
    pipeline = pipeline_with()

    class Unset(Api):
        async def settings(self, feed: str) -> DestinationSettings:
            raise Transient("no destination is configured for the feed")

    api, pipeline.api = pipeline.api, Unset()
    file = pipeline.drop(csv_file([spot(1)]))
    for _ in range(4):
        await pipeline.step()
        await pipeline.clock.sleep(5)
    assert pipeline.put_off == ["no destination is configured for the feed"]
    pipeline.api = api
    await pipeline.run()
    assert await pipeline.assert_sound(file, 1) == {"delivered": 1}
