"""A batch whose answer was lost, and what a release or a setting changes before it is asked again: it is the very same
call, or it is the operator's to decide."""

import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import pytest

from penstock import feeds
from penstock.deliver.pinning import destination_of
from penstock.feeds.rules import Record, Rule
from penstock.feeds.traffic import TRAFFIC
from penstock.model.messages import DispatchMessage, SourceFile, read_message
from penstock.model.rows import BatchRow, Sent
from penstock.operate.bury import bury
from penstock.ports.destination import Answer, Credentials, DestinationSettings
from penstock.validate.stage import ValidatorPorts, validate
from penstock_ops.operate import replays, unknowns
from penstock_ops.operate.replays import Asked
from penstock_testing.ledger import MemoryLedger
from tests.support.destination import LOST, UNSENT, Api, Trouble
from tests.support.operators import operated
from tests.support.pipeline import Pipeline
from tests.support.spots import csv_file, rows_of, spot

SETTINGS = DestinationSettings(
    "https://api.example/v1", batch_records=3, rate_per_second=1000.0, burst=1000, honours_idempotency_key=True
)

NONE = ""  #: a call that goes well


@dataclass
class TwoPlaces(Api):
    """An API with books of its own at each URL. Each keeps keys."""

    books: dict[str, Api] = field(default_factory=dict[str, Api])

    async def post(self, settings: DestinationSettings, key: str, body: bytes) -> Answer:
        place = self.books.setdefault(settings.url, Api(settings))
        trouble = self.troubles.pop(0) if self.troubles else NONE
        place.troubles += [] if trouble == NONE else [trouble]
        return await place.post(settings, key, body)

    def applied_everywhere(self) -> Counter[str]:
        return sum((place.applied for place in self.books.values()), Counter[str]())


def _is_second(records: Sequence[Record]) -> list[int]:
    return [at for at, one in enumerate(records) if one["spot_id"] == "S00001"]


NEW_RULE = Rule("traffic.second", "spot_id", "no second spots", _is_second)
ANOTHER_SERIALISATION = replace(TRAFFIC, trace="trace_id")
ANOTHER_RULE = replace(TRAFFIC, rules=(*TRAFFIC.rules, NEW_RULE))


def pipeline_with(*troubles: Trouble, settings: DestinationSettings = SETTINGS) -> Pipeline:
    return Pipeline(TwoPlaces(settings, list(troubles)))


async def dropped(pipeline: Pipeline, records: int = 3) -> SourceFile:
    """A file whose only chunk has been delivered once, with whatever trouble."""
    file = pipeline.drop(csv_file(spot(at) for at in range(records)))
    for _ in range(3):
        await pipeline.step()
    return file


async def killed(pipeline: Pipeline) -> None:
    """The chunk's message has come to the DLQ, and the chunk is buried."""
    (held,) = pipeline.dispatches.messages.values()
    pipeline.dispatches.messages.clear()
    await pipeline.clock.sleep(600)
    assert await bury(operated(pipeline), read_message(held.body, DispatchMessage))


async def judged_again(pipeline: Pipeline) -> None:
    """The chunk's message has come twice, and the release that is deployed by now has judged the chunk again."""
    (held,) = pipeline.dispatches.messages.values()
    queues = {"traffic": pipeline.dispatches}
    ports = ValidatorPorts(pipeline.store, MemoryLedger(), queues, pipeline.clock, pipeline.rng)
    await validate(ports, read_message(held.body, DispatchMessage).chunk, pipeline.clock.now() + 120)


async def begun_by_another(pipeline: Pipeline, file: SourceFile, sent: Callable[[BatchRow], Sent | None]) -> None:
    """A worker of another release has begun a call for the file's batch, noted `sent` of it, and died."""
    (held,) = pipeline.dispatches.messages.values()
    message = read_message(held.body, DispatchMessage)
    lease = await pipeline.ledger.claim_dispatch(message, pipeline.clock.now(), 1)
    (batch,) = await pipeline.ledger.batches(file.file_id, 0)
    assert lease.fence
    await pipeline.ledger.begin_attempt(lease.row, lease.fence, replace(batch, sent=sent(batch)), pipeline.clock.now())


def noted(batch: BatchRow, attempt: int) -> Sent:
    """What was noted of the batch's first call, as that of this attempt."""
    assert batch.sent
    return replace(batch.sent, attempt=attempt)


async def replayed(pipeline: Pipeline, file: SourceFile) -> None:
    ports = operated(pipeline)
    await replays.begin(ports, await replays.prepare(ports, await pipeline.row(file), Asked(file.file_id)))
    await pipeline.run()


async def reason_of(pipeline: Pipeline, file: SourceFile) -> str:
    """Why the file's only batch of unknown outcome is."""
    (batch,) = await unknowns.unknown_batches(pipeline.ledger, await pipeline.row(file))
    return str(batch["reason"])


def applied(pipeline: Pipeline) -> list[int]:
    """How often each record was applied, at any destination."""
    assert isinstance(pipeline.api, TwoPlaces)
    records = map(json.loads, pipeline.api.applied_everywhere().elements())
    return sorted(Counter(record["spot_id"] for record in records).values())


# -- another release


async def test_a_batch_in_doubt_that_is_written_otherwise_by_now_is_unknown_and_never_sent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pipeline = pipeline_with(LOST)
    file = await dropped(pipeline)
    await killed(pipeline)
    monkeypatch.setitem(feeds.FEEDS, "traffic", ANOTHER_SERIALISATION)

    await replayed(pipeline, file)

    assert await pipeline.counted(file) == {"unknown": 3}
    assert "what would be sent is another" in await reason_of(pipeline, file)
    assert applied(pipeline) == [1, 1, 1]
    # and the same records, dropped again, are duplicates of what may have been applied
    again = pipeline.drop(csv_file(spot(at) for at in range(3)), "traffic/again.csv")
    await pipeline.run()
    assert await pipeline.counted(again) == {"duplicate": 3}
    assert applied(pipeline) == [1, 1, 1]


async def test_a_record_of_a_batch_in_doubt_that_a_new_rule_rejects_is_unknown_with_its_batch(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pipeline = pipeline_with(LOST)
    file = await dropped(pipeline, 5)
    await killed(pipeline)
    monkeypatch.setitem(feeds.FEEDS, "traffic", ANOTHER_RULE)

    await replayed(pipeline, file)

    assert await pipeline.assert_sound(file, 5) == {"unknown": 3, "delivered": 2}
    assert "not accepted any more" in await reason_of(pipeline, file)
    assert pipeline.errors[1:] == []
    assert applied(pipeline) == [1] * 5
    lines = await pipeline.outcome_lines(file)
    assert [lines[at]["outcome"] for at in range(3)] == ["unknown"] * 3
    # It is no reject: mended and dropped again it would arrive twice.
    assert rows_of(pipeline.report(file, "rejects.csv")) == []
    assert "traffic.second" not in pipeline.report(file)["findings"]


@pytest.mark.parametrize("trouble", [UNSENT, Answer(503)])
async def test_what_was_judged_before_a_new_rule_goes_by_that_word_however_often_it_is_judged(
    trouble: Trouble, monkeypatch: pytest.MonkeyPatch
) -> None:
    pipeline = pipeline_with(trouble)
    file = await dropped(pipeline)
    monkeypatch.setitem(feeds.FEEDS, "traffic", ANOTHER_RULE)
    await judged_again(pipeline)

    await pipeline.run()

    assert await pipeline.assert_sound(file, 3) == {"delivered": 3}
    assert applied(pipeline) == [1, 1, 1]


async def test_a_record_that_was_delivered_before_a_new_rule_rejects_it_is_delivered_and_nothing_else(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pipeline = pipeline_with(NONE, UNSENT, settings=replace(SETTINGS, concurrency=1))
    file = await dropped(pipeline, 5)
    monkeypatch.setitem(feeds.FEEDS, "traffic", ANOTHER_RULE)
    await judged_again(pipeline)

    await pipeline.run()

    assert await pipeline.assert_sound(file, 5) == {"delivered": 5}
    assert await pipeline.outcome_lines(file) == {}
    assert pipeline.report(file)["findings"] == {}
    assert applied(pipeline) == [1] * 5


# -- another destination


async def test_a_batch_in_doubt_is_never_sent_to_another_destination() -> None:
    pipeline = pipeline_with(LOST)
    file = await dropped(pipeline)
    pipeline.api.settings_now = replace(SETTINGS, url="https://api.example/v2")

    await pipeline.run()

    assert await pipeline.assert_sound(file, 3) == {"unknown": 3}
    assert await reason_of(pipeline, file) == (
        "the destination is another: it was POST https://api.example/v1, and is POST https://api.example/v2"
    )
    assert applied(pipeline) == [1, 1, 1]


async def test_a_batch_that_surely_was_not_applied_goes_to_the_new_destination() -> None:
    pipeline = pipeline_with(UNSENT)
    file = await dropped(pipeline)
    pipeline.api.settings_now = replace(SETTINGS, url="https://api.example/v2")

    await pipeline.run()

    assert await pipeline.assert_sound(file, 3) == {"delivered": 3}


async def test_a_batch_in_doubt_goes_on_while_only_the_spelling_and_the_speed_of_its_destination_change() -> None:
    pipeline = pipeline_with(LOST)
    file = await dropped(pipeline)
    pipeline.api.settings_now = replace(SETTINGS, batch_records=1, rate_per_second=5.0, concurrency=1)

    await pipeline.run()

    assert await pipeline.assert_sound(file, 3) == {"delivered": 3}
    assert applied(pipeline) == [1, 1, 1]


async def test_a_destination_that_honours_keys_only_by_now_is_not_asked_again() -> None:
    """A worker died in the middle of a call to a destination without keys."""
    pipeline = pipeline_with(UNSENT, settings=replace(SETTINGS, honours_idempotency_key=False))
    file = await dropped(pipeline)
    await begun_by_another(pipeline, file, lambda batch: noted(batch, batch.attempts + 1))
    pipeline.api.settings_now = SETTINGS

    await pipeline.run()

    assert await pipeline.assert_sound(file, 3) == {"unknown": 3}
    assert await reason_of(pipeline, file) == "the destination keeps no keys"


async def test_a_longer_retention_prolongs_no_promise_that_was_made_before() -> None:
    pipeline = pipeline_with(LOST, settings=replace(SETTINGS, key_retention_hours=2))
    file = await dropped(pipeline)
    pipeline.api.settings_now = replace(SETTINGS, key_retention_hours=48)
    await pipeline.clock.sleep(3 * 3600)

    await pipeline.run()

    assert await pipeline.assert_sound(file, 3) == {"unknown": 3}
    assert await reason_of(pipeline, file) == "the destination does not keep its key any longer"


async def test_a_batch_that_is_larger_than_the_destination_takes_by_now_is_composed_anew() -> None:
    pipeline = pipeline_with(UNSENT)
    file = await dropped(pipeline)
    pipeline.api.settings_now = replace(SETTINGS, batch_records=2)

    await pipeline.run()

    assert await pipeline.assert_sound(file, 3) == {"delivered": 3}


# -- what a refusal says after a lost answer


@pytest.mark.parametrize("status", [400, 413, 422])
async def test_a_refusal_of_the_payload_after_a_lost_answer_is_unknown_at_once(status: int) -> None:
    pipeline = pipeline_with(LOST, Answer(status, b"the key was used for another payload"))
    file = await dropped(pipeline)

    await pipeline.run()

    assert await pipeline.assert_sound(file, 3) == {"unknown": 3}
    assert str(status) in await reason_of(pipeline, file)


# -- a release that notes nothing


async def test_what_an_older_release_has_sent_without_an_answer_is_not_sent_again() -> None:
    pipeline = pipeline_with(UNSENT)
    file = await dropped(pipeline)
    await begun_by_another(pipeline, file, lambda batch: None)

    await pipeline.run()

    assert await pipeline.assert_sound(file, 3) == {"unknown": 3}
    assert await reason_of(pipeline, file) == "it was sent by a release that does not note what it sends"


async def test_nor_what_one_has_sent_in_between() -> None:
    """After a rollback, an older release counts attempts on, and leaves what was noted of an earlier one."""
    pipeline = pipeline_with(UNSENT)
    file = await dropped(pipeline)
    await begun_by_another(pipeline, file, lambda batch: noted(batch, batch.attempts))

    await pipeline.run()

    assert await pipeline.assert_sound(file, 3) == {"unknown": 3}
    assert await reason_of(pipeline, file) == "it was sent by a release that does not note what it sends"


# -- what is pinned of a destination


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://api.example", "https://api.example/"),
        ("https://API.example:443/v1#top", "https://api.example/v1"),
        ("http://localhost:80/v1", "http://localhost/v1"),
        ("http://localhost:8080/v1", "http://localhost:8080/v1"),
        ("https://ada:s3cret@api.example/v1", "https://api.example/v1"),
        (
            "https://api.example/v1?site=3&api_key=s3cret&country_code=NL",
            "https://api.example/v1?site=3&api_key=&country_code=NL",
        ),
        ("https://api.example/v1?code=s3cret&sig=s3cret", "https://api.example/v1?code=&sig="),
    ],
)
def test_a_destination_is_shown_in_one_spelling_and_without_secrets(url: str, shown: str) -> None:
    assert destination_of(DestinationSettings(url)) == f"POST {shown}"


def test_a_destination_is_also_on_whose_account_it_is_called() -> None:
    auth = Credentials("oauth2", "penstock/traffic", "https://login.example/token", "write")
    bearer, other = Credentials("bearer", "penstock/traffic"), Credentials("bearer", "penstock/other")
    places = {destination_of(replace(SETTINGS, auth=one)) for one in (Credentials(), auth, bearer, other)}

    assert len(places) == 4
    assert "POST https://api.example/v1 as penstock/traffic by https://login.example/token for write" in places
