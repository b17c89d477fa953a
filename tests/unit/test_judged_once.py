"""What the validator says of a chunk is there whole or not at all, and its first word stands: whoever judges the chunk
again, before or after, says the same, and no record is delivered by one word and rejected by another."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace

import pytest

from penstock import feeds
from penstock.feeds.feed import Limits, Record, Rule
from penstock.feeds.traffic import TRAFFIC
from penstock.model import versions
from penstock.model.errors import LeaseLost, NewerRelease
from penstock.model.findings import Severity
from penstock.model.messages import ChunkMessage, DispatchMessage, read_message
from penstock.operate.bury import bury
from penstock.outputs.accepted import dump_accepted, load_accepted
from penstock.outputs.judged import PARTS, dump_judged, part_of
from penstock_testing.memory import MemoryStore
from tests.support.destination import Api
from tests.support.pipeline import Killed, Pipeline
from tests.support.spots import csv_file, rows_of, spot
from tests.support.swept import KEYED

BODY = csv_file(spot(at) for at in range(4))


def release(rejected: str, severity: Severity = Severity.HARD) -> None:
    """A deploy: from here on, a rule finds something of one spot."""

    def finds(records: Sequence[Record]) -> list[int]:
        return [at for at, one in enumerate(records) if one["spot_id"] == rejected]

    rule = Rule("traffic.moody", "spot_id", "not today", finds, severity)
    feeds.FEEDS["traffic"] = replace(TRAFFIC, rules=(*TRAFFIC.rules, rule), limits=Limits(records=4), soft="hold")


@pytest.fixture(autouse=True)
def restored_feeds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(feeds.FEEDS, "traffic", TRAFFIC)


class HeldUp(MemoryStore):
    """A bucket where something happens before the next object that validators write, or after it."""

    def __init__(self) -> None:
        super().__init__()
        self.before: Callable[[], Awaitable[None]] | None = None
        self.after: Callable[[], Awaitable[None]] | None = None

    async def put_first(self, key: str, body: bytes, content_type: str) -> bool:
        before, self.before = self.before, None
        if before:
            await before()
        is_first = await super().put_first(key, body, content_type)
        after, self.after = self.after, None
        if after:
            await after()
        return is_first


@pytest.fixture
def store() -> HeldUp:
    return HeldUp()


@pytest.fixture
def pipeline(store: HeldUp) -> Pipeline:
    made = Pipeline(Api(KEYED))
    made.store = store
    return made


async def dies() -> None:
    raise Killed


async def test_a_validator_of_an_earlier_release_that_comes_late_writes_over_nothing(
    pipeline: Pipeline, store: HeldUp
) -> None:
    """It wrote other accepted records beside the rejects of the later one, as many of them: one record was delivered
    and told as rejected, the other was neither, and the account balanced."""
    release("S00002")
    file = pipeline.drop(BODY)
    await pipeline.handle_next(pipeline.intake)
    (held,) = pipeline.chunks.messages.values()

    async def another_release_judges() -> None:
        release("S00001")
        await pipeline.clock.sleep(2 * pipeline.invocation)
        await pipeline.work(pipeline.chunks, held.body)
        store.after = dies

    store.before = another_release_judges
    with pytest.raises(Killed):
        await pipeline.work(pipeline.chunks, held.body)

    await pipeline.run()
    assert await pipeline.assert_sound(file, 4) == {"delivered": 3, "rejected": 1}
    assert [row["spot_id"] for row in rows_of(pipeline.report(file, "rejects.csv"))] == ["S00001"]
    assert all("S00001" not in str(body) for _, body in pipeline.api.bodies)


async def test_whoever_judges_after_a_validator_that_died_passes_on_what_that_one_said(
    pipeline: Pipeline, store: HeldUp
) -> None:
    release("S00002")
    file = pipeline.drop(BODY)
    await pipeline.handle_next(pipeline.intake)
    (held,) = pipeline.chunks.messages.values()
    store.after = dies
    with pytest.raises(Killed):
        await pipeline.work(pipeline.chunks, held.body)

    release("S00001")
    await pipeline.run()

    assert await pipeline.assert_sound(file, 4) == {"delivered": 3, "rejected": 1}
    assert [row["spot_id"] for row in rows_of(pipeline.report(file, "rejects.csv"))] == ["S00002"]


@pytest.mark.parametrize("redriven", ["chunk", "dispatch"])
async def test_of_two_releases_that_judge_a_dead_chunk_anew_the_later_word_stands_once_it_is_gone_by(
    pipeline: Pipeline, store: HeldUp, redriven: str
) -> None:
    """Whoever is held up writes over nothing by which another, or a dispatcher, is at work."""
    # Given a chunk that died on its way to delivery
    release("S00002")
    file = pipeline.drop(BODY)
    await pipeline.handle_next(pipeline.intake)
    (held,) = pipeline.chunks.messages.values()
    await pipeline.handle_next(pipeline.chunks)
    (letter,) = pipeline.dispatches.messages.values()
    pipeline.dispatches.messages.clear()
    await bury(pipeline, read_message(letter.body, DispatchMessage))

    async def another_has_it() -> None:
        await pipeline.clock.sleep(2 * pipeline.invocation)
        if redriven == "chunk":
            release("S00001")
            await pipeline.work(pipeline.chunks, held.body)
        else:
            pipeline.put(pipeline.dispatches, letter.body)
        await pipeline.handle_next(pipeline.dispatches)

    # When it is taken up again by a release whose validator is held up
    release("S00003")
    store.before = another_has_it
    with pytest.raises(LeaseLost):
        await pipeline.work(pipeline.chunks, held.body)
    await pipeline.run()
    # Expect
    assert await pipeline.counted(file) == {"delivered": 3, "rejected": 1}
    rejected = "S00001" if redriven == "chunk" else "S00002"
    assert [row["spot_id"] for row in rows_of(pipeline.report(file, "rejects.csv"))] == [rejected]
    kept = part_of(store.work[f"chunks/{file.file_id}/000000/accepted"], "rejects.csv") or b""
    assert rejected.encode() in kept
    assert all(rejected not in str(body) for _, body in pipeline.api.bodies)


async def test_a_record_that_is_to_be_held_is_held_although_its_validator_died_and_its_original_is_gone(
    pipeline: Pipeline, store: HeldUp
) -> None:
    """Its accepted records were there and its findings were not: it was sent before anybody had released it."""
    release("S00002", Severity.SOFT)
    file = pipeline.drop(BODY)
    await pipeline.handle_next(pipeline.intake)
    (held,) = pipeline.chunks.messages.values()
    store.after = dies
    with pytest.raises(Killed):
        await pipeline.work(pipeline.chunks, held.body)
    store.sources.clear()

    await pipeline.run()

    assert await pipeline.assert_sound(file, 4) == {"delivered": 3, "held": 1}


async def test_a_message_is_counted_by_what_stands_whoever_sent_it(pipeline: Pipeline, store: HeldUp) -> None:
    """Two validators, two releases, two messages; both say the same."""
    release("S00002")
    pipeline.drop(BODY)
    await pipeline.handle_next(pipeline.intake)
    (held,) = pipeline.chunks.messages.values()
    message = read_message(held.body, ChunkMessage)

    async def not_marked(*_: object) -> None:
        await dies()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pipeline.ledger, "mark_validated", not_marked)
        with pytest.raises(Killed):
            await pipeline.work(pipeline.chunks, held.body)
    release("nobody")
    await pipeline.clock.sleep(2 * pipeline.invocation)
    await pipeline.work(pipeline.chunks, held.body)

    sent = [read_message(one.body, DispatchMessage) for one in pipeline.dispatches.messages.values()]
    assert [(one.chunk, one.accepted, one.rejected) for one in sent] == [(message, 3, 1)] * 2


def test_parts_come_back_as_they_were() -> None:
    parts = {"accepted": b"#2 ordinal\n1 \n", "findings.ndjson": b"", "rejects.csv": b"\x00\n#3\n"}
    body = dump_judged(parts)
    assert {name: part_of(body, name) for name in PARTS} == parts
    assert part_of(dump_judged(parts | {"tomorrow.txt": b"more"}), "rejects.csv") == parts["rejects.csv"]


def test_what_an_earlier_release_wrote_is_the_accepted_records_alone() -> None:
    for body in (b"", b"0 ab - cd 0 {}\n", dump_accepted([])):
        assert part_of(body, "accepted") == body
        assert part_of(body, "findings.ndjson") is None


def test_an_earlier_release_leaves_it_alone() -> None:
    """It takes the object for accepted records of a version that it does not know."""
    assert versions.JUDGED > versions.ACCEPTED
    with pytest.raises(NewerRelease):
        load_accepted(dump_judged({"accepted": b""}))


def test_what_a_newer_release_wrote_is_left_alone() -> None:
    with pytest.raises(NewerRelease):
        part_of(b"#%d of tomorrow\n" % (versions.JUDGED + 1), "accepted")
