"""Claims: the same record twice is delivered once, and a record that never arrived is no duplicate of anything."""

import random
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import replace

import pytest

from penstock import feeds
from penstock.feeds.feed import Limits
from penstock.feeds.rules import Rule
from penstock.feeds.traffic import TRAFFIC
from penstock.model.errors import Transient
from penstock.model.findings import Severity
from penstock.model.messages import SourceFile
from penstock.model.records import Accepted
from penstock.model.rows import ChunkRow, Owner
from penstock.outputs.accepted import load_accepted
from penstock.outputs.judged import part_of
from penstock.outputs.outcomes import codes_of
from penstock.ports.destination import DestinationSettings
from penstock_ops.operate import replays, unknowns
from penstock_ops.operate.replays import Asked
from penstock_testing.claims import MemoryClaims
from penstock_testing.ledger import MemoryLedger
from tests.support.destination import LOST, Api, json_answer, refusing
from tests.support.operators import operated
from tests.support.pipeline import Fault, Pipeline
from tests.support.reading import judge_file
from tests.support.spots import csv_file, rows_of, spot
from tests.support.swept import Swept


@pytest.fixture(autouse=True)
def small_chunks() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(feeds.FEEDS, "traffic", replace(TRAFFIC, limits=Limits(records=4)))
        yield


@pytest.fixture
def pipeline() -> Pipeline:
    return Pipeline()


FORGETFUL = DestinationSettings(url="api", batch_records=4, rate_per_second=1000.0, burst=100)


async def test_a_whole_file_under_another_name_is_all_duplicates(pipeline: Pipeline) -> None:
    # Given a file that was delivered
    body = csv_file(spot(at) for at in range(10))
    first = pipeline.drop(body)
    await pipeline.run()
    # When it comes again under another name
    again = pipeline.drop(body, "traffic/copy of spots.csv")
    await pipeline.run()
    # Expect
    assert await pipeline.assert_sound(first, 10) == {"delivered": 10}
    assert await pipeline.assert_sound(again, 10) == {"duplicate": 10}
    assert {at: outcome_line["of"] for at, outcome_line in (await pipeline.outcome_lines(again)).items()} == {
        at: f"{first.file_id}:{at}" for at in range(10)
    }


@pytest.mark.parametrize("seed", range(25))
async def test_files_that_overlap_are_delivered_once_however_their_chunks_interleave(seed: int) -> None:
    """And never wait for each other for good: each owns what the other wants."""
    # Given three files with the same records in different orders, each with some of its own
    rng = random.Random(seed)
    pipeline = Pipeline(turns=rng)
    shared = list(range(12))
    files = []
    for number in range(3):
        rng.shuffle(shared)
        records = [spot(at) for at in shared] + [spot(100 + number)]
        files.append(pipeline.drop(csv_file(records), f"traffic/{number}.csv"))
    # When all are worked on at once
    await pipeline.run(300)
    # Expect
    total: Counter[str] = Counter()
    for file in files:
        total += await pipeline.assert_sound(file, 13)
    assert total == {"delivered": 15, "duplicate": 24}
    assert pipeline.errors == []


@pytest.mark.parametrize("seed", range(10))
async def test_files_that_overlap_and_are_refused_in_part_still_settle(seed: int) -> None:
    """Claims change hands while chunks wait for one another."""
    pipeline = Pipeline(
        Api(refuses=lambda record: 422 if record["spot_id"] < "S00004" else 0), turns=random.Random(seed)
    )
    pipeline.api.troubles = [json_answer({}, 429), json_answer({}, 503)]
    records = [spot(at) for at in range(8)]
    files = [pipeline.drop(csv_file(records), "traffic/a"), pipeline.drop(csv_file(records[::-1]), "traffic/b")]
    await pipeline.run(300)
    total: Counter[str] = Counter()
    for file in files:
        total += await pipeline.assert_sound(file, 8)
    assert total == {"delivered": 4, "duplicate": 4, "rejected": 8}


async def test_the_same_identity_with_another_content_is_a_conflict_that_names_the_earlier_record(
    pipeline: Pipeline,
) -> None:
    first = pipeline.drop(csv_file([spot(1), spot(2)]))
    await pipeline.run()
    other = pipeline.drop(csv_file([spot(2, rate="9.99")]), "traffic/other.csv")
    await pipeline.run()
    assert await pipeline.assert_sound(other, 1) == {"rejected": 1}
    (row,) = rows_of(pipeline.report(other, "rejects.csv"))
    assert row["penstock_code"] == "traffic.identity_conflict"
    assert f"{first.file_id}:1" in row["penstock_message"]
    assert row["rate"] == "9.99"


async def test_a_record_that_the_destination_rejected_is_delivered_when_it_comes_again_fixed(
    pipeline: Pipeline,
) -> None:
    """Invariant 7: it is no duplicate of something that never arrived."""
    # Given
    pipeline.api.refuses = lambda record: 422 if record["advertiser"] == "ACME" else 0
    first = pipeline.drop(csv_file([spot(1), spot(2, advertiser="ACME")]))
    await pipeline.run()
    assert await pipeline.assert_sound(first, 2) == {"delivered": 1, "rejected": 1}
    # When the reject file is mended and dropped again
    report = pipeline.report(first, "rejects.csv")
    again = pipeline.drop(report.replace(b"ACME", b"Ada's Diner"), "traffic/fixed.csv")
    await pipeline.run()
    # Expect
    assert await pipeline.assert_sound(again, 1) == {"delivered": 1}
    # And when it is dropped once more, it has been delivered
    once_more = pipeline.drop(report.replace(b"ACME", b"Ada's Diner"), "traffic/once more.csv")
    await pipeline.run()
    assert await pipeline.assert_sound(once_more, 1) == {"duplicate": 1}


async def test_a_reject_file_dropped_as_it_is_is_rejected_again(pipeline: Pipeline) -> None:
    first = pipeline.drop(csv_file([spot(1), spot(2, isci="=?", notes="-x")]))
    await pipeline.run()
    again = pipeline.drop(pipeline.report(first, "rejects.csv"), "traffic/again.csv")
    await pipeline.run()
    assert await pipeline.assert_sound(again, 1) == {"rejected": 1}
    one, other = (rows_of(pipeline.report(file, "rejects.csv"))[0] for file in (first, again))
    for name in ("isci", "notes", "penstock_code", "penstock_message"):
        assert one[name] == other[name]
    assert "format.unknown_field" not in pipeline.report(again)["findings"]


async def test_a_record_that_was_never_answered_keeps_its_claim() -> None:
    """R26: sending it under another name would be the second call."""
    pipeline = Pipeline(Api(FORGETFUL, [LOST]))
    first = pipeline.drop(csv_file([spot(1)]))
    await pipeline.run()
    again = pipeline.drop(csv_file([spot(1)]), "traffic/again.csv")
    await pipeline.run()
    assert await pipeline.assert_sound(first, 1) == {"unknown": 1}
    assert await pipeline.assert_sound(again, 1) == {"duplicate": 1}
    assert len(pipeline.api.bodies) == 1


async def test_doubles_within_a_chunk_share_the_fate_of_the_first(pipeline: Pipeline) -> None:
    pipeline.api.refuses = lambda record: 422 if record["spot_id"] == "S00002" else 0
    file = pipeline.drop(csv_file([spot(1), spot(1), spot(2), spot(2)]))
    await pipeline.run()
    assert await pipeline.assert_sound(file, 4) == {"delivered": 1, "duplicate": 1, "rejected": 2}
    assert sum(len(body["records"]) for _, body in pipeline.api.bodies) == 2


async def test_another_content_of_the_same_identity_has_its_turn_when_the_first_is_refused(pipeline: Pipeline) -> None:
    pipeline.api.refuses = lambda record: 422 if record["rate"] == "1250.00" else 0
    file = pipeline.drop(csv_file([spot(1), spot(1, rate="10.00")]))
    await pipeline.run()
    assert await pipeline.assert_sound(file, 2) == {"delivered": 1, "rejected": 1}
    assert codes_of((await pipeline.outcome_lines(file))[0]) == ["destination.rejected"]


async def test_waiting_for_a_record_elsewhere_burns_no_receive_count(pipeline: Pipeline) -> None:
    # Given a file whose chunk is on its way for hours: its destination is not configured yet
    body = csv_file([spot(1), spot(2)])
    first = pipeline.drop(body)
    settings = pipeline.api.settings

    async def none(feed: str) -> DestinationSettings:
        raise Transient("no destination is configured")

    pipeline.api.settings = none
    for _ in range(3):
        await pipeline.step()
    pipeline.api.settings = settings
    (stuck,) = pipeline.dispatches.messages.values()
    for record in accepted(pipeline, 0):
        owner = Owner(first.file_id, 0, record.ordinal, record.digest)
        await pipeline.claims.claim("traffic", {record.identity: owner})
    stuck.visible_at += 7200
    # When another file with one of its records and one of its own comes
    other = pipeline.drop(csv_file([spot(2), spot(3)]), "traffic/other.csv")
    await pipeline.run()
    # Expect it to have delivered its own at once, and waited for the other without a failure
    assert await pipeline.assert_sound(other, 2) == {"delivered": 1, "duplicate": 1}
    assert pipeline.api.bodies[0][1]["records"][0]["spot_id"] == "S00003"
    waits = [worked for worked in pipeline.worked if worked.what.startswith("waiting")]
    assert len(waits) > 10
    assert pipeline.errors == []
    assert await pipeline.assert_sound(first, 2) == {"delivered": 2}


async def test_a_claim_whose_chunk_settled_without_delivering_it_is_taken_over(pipeline: Pipeline) -> None:
    """Its owner has no use for it."""
    # Given a chunk that has ended, and holds the identity of a record it never delivered
    first = pipeline.drop(csv_file([spot(1, isci="?"), spot(2)]))
    await pipeline.run()
    pipeline.claims.held["traffic", identity_of(1)] = Owner(first.file_id, 0, 0, "digest")
    # When the record comes again
    second = pipeline.drop(csv_file([spot(1)]), "traffic/b.csv")
    await pipeline.run()
    # Expect
    assert await pipeline.assert_sound(second, 1) == {"delivered": 1}


async def test_a_claim_of_a_file_long_forgotten_was_delivered(pipeline: Pipeline) -> None:
    """Only delivered and unknown keep their claims, and claims outlive the rows of their files."""
    (digest,) = {one.digest for one in judge_file(TRAFFIC, csv_file([spot(1)])).accepted}
    pipeline.claims.held["traffic", identity_of(1)] = Owner("0" * 20, 3, 17, digest)
    file = pipeline.drop(csv_file([spot(1)]))
    await pipeline.run()
    assert await pipeline.assert_sound(file, 1) == {"duplicate": 1}
    assert (await pipeline.outcome_lines(file))[0]["of"] == "0" * 20 + ":17"


# -- what is left of a file that the ledger has forgotten


SETTINGS = replace(Api().settings_now, honours_idempotency_key=False, soft="hold")


def forget(pipeline: Pipeline) -> None:
    """Every row has expired, or a new stack has the old one's claims and nothing else."""
    pipeline.ledger = MemoryLedger()


def dropped_again(pipeline: Pipeline) -> SourceFile:
    return pipeline.drop(csv_file([spot(1)]), "traffic/again.csv")


async def test_a_delivered_record_is_a_duplicate_also_when_its_file_is_forgotten(pipeline: Pipeline) -> None:
    pipeline.drop(csv_file([spot(1)]))
    await pipeline.run()
    forget(pipeline)

    again = dropped_again(pipeline)
    await pipeline.run()

    assert await pipeline.assert_sound(again, 1) == {"duplicate": 1}


async def test_a_held_record_whose_file_is_forgotten_is_no_reason_for_a_duplicate(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody can release it any more."""
    odd = Rule("traffic.odd", "spot_id", "somebody should look at it", lambda records: [0], Severity.SOFT)
    monkeypatch.setitem(feeds.FEEDS, "traffic", replace(TRAFFIC, rules=(*TRAFFIC.rules, odd)))
    pipeline.api.settings_now = SETTINGS
    file = pipeline.drop(csv_file([spot(1)]))
    await pipeline.run()
    assert await pipeline.counted(file) == {"held": 1}
    forget(pipeline)
    pipeline.api.settings_now = replace(SETTINGS, soft="deliver")

    again = dropped_again(pipeline)
    await pipeline.run()

    assert await pipeline.assert_sound(again, 1) == {"delivered": 1}


async def unknown_and_forgotten(pipeline: Pipeline, *, applied: bool) -> SourceFile:
    """The file that brings a record again whose first file is forgotten; nobody ever said whether it was applied."""
    pipeline.api.settings_now, pipeline.api.troubles = SETTINGS, [LOST]
    file = pipeline.drop(csv_file([spot(1)]))
    await pipeline.run()
    assert await pipeline.counted(file) == {"unknown": 1}
    if not applied:
        pipeline.api.applied.clear()
    forget(pipeline)
    return dropped_again(pipeline)


async def test_an_unknown_record_whose_file_is_forgotten_makes_the_next_one_unknown_and_not_a_duplicate(
    pipeline: Pipeline,
) -> None:
    again = await unknown_and_forgotten(pipeline, applied=True)
    await pipeline.run()

    assert await pipeline.assert_sound(again, 1) == {"unknown": 1}
    (batch,) = await unknowns.unknown_batches(pipeline.ledger, await pipeline.row(again))
    assert "it was never known whether they were applied" in batch["reason"]
    # A third one is its duplicate, as of any that is unknown.
    third = pipeline.drop(csv_file([spot(1)]), "traffic/third.csv")
    await pipeline.run()
    assert await pipeline.assert_sound(third, 1) == {"duplicate": 1}


@pytest.mark.parametrize("applied", [True, False])
async def test_an_operators_word_on_it_is_the_last_one(pipeline: Pipeline, applied: bool) -> None:
    again = await unknown_and_forgotten(pipeline, applied=applied)
    await pipeline.run()
    ports, (batch,) = operated(pipeline), await unknowns.unknown_batches(pipeline.ledger, None)

    await unknowns.decide(ports, batch["batch_id"], delivered=applied, note="their log says so")
    if not applied:
        await replays.begin(ports, await replays.prepare(ports, await pipeline.row(again), Asked(again.file_id)))
        await pipeline.run()

    assert await pipeline.assert_sound(again, 1) == {"delivered": 1}
    assert list(pipeline.api.applied.values()) == [1]
    # It is known for good now, whatever the ledger forgets.
    forget(pipeline)
    third = pipeline.drop(csv_file([spot(1)]), "traffic/third.csv")
    await pipeline.run()
    assert await pipeline.assert_sound(third, 1) == {"duplicate": 1}


class SlowClaims(MemoryClaims):
    """Lets something happen before the first claims are made."""

    meanwhile: Callable[[], Awaitable[object]] | None = None

    async def claim(self, feed: str, wanted: Mapping[str, Owner]) -> dict[str, Owner]:
        meanwhile, self.meanwhile = self.meanwhile, None
        if meanwhile:
            await meanwhile()
        return await super().claim(feed, wanted)


async def test_a_worker_whose_lease_has_passed_leaves_no_claim_behind(pipeline: Pipeline) -> None:
    """It would outlive the row that tells that its record was rejected, and make a duplicate of what never arrived."""
    claims = pipeline.claims = SlowClaims()
    pipeline.api.refuses = refusing("spot_id", "S00001")
    pipeline.drop(csv_file([spot(1), spot(2)]))
    for _ in range(2):
        await pipeline.step()
    (held,) = pipeline.dispatches.messages.values()

    async def another_takes_over() -> None:
        await pipeline.clock.sleep(301)
        await pipeline.work(pipeline.dispatches, held.body)

    claims.meanwhile = another_takes_over
    with pytest.raises(Transient):
        await pipeline.work(pipeline.dispatches, held.body)

    assert set(claims.held) == {("traffic", identity_of(2))}


async def test_a_worker_that_dies_between_the_claim_and_the_batch_of_such_a_record_sends_nothing(
    pipeline: Pipeline,
) -> None:
    for at in range(400):
        pipeline = Pipeline()
        again = await unknown_and_forgotten(pipeline, applied=True)
        pipeline.fault = Fault(at, kills=True, after=True)
        await pipeline.run()
        assert await pipeline.counted(again) == {"unknown": 1}, pipeline.fault.struck
        assert list(pipeline.api.applied.values()) == [1], pipeline.fault.struck
        if not pipeline.fault.struck:
            return
    raise AssertionError("there is no end of calls")


async def test_a_chunk_that_dies_before_the_batch_of_such_a_record_leaves_the_doubt_behind(pipeline: Pipeline) -> None:
    """It had taken the identity over, was ended as dead, gave the identity up, and the next one was applied twice."""
    for at in range(100):
        swept = Swept(Pipeline())
        pipeline = swept.pipeline
        await unknown_and_forgotten(pipeline, applied=True)
        await pipeline.handle_next(pipeline.intake)
        await pipeline.handle_next(pipeline.chunks)
        # Given a dispatcher that dies at some call of it, and a letter that the sweeper finds
        pipeline.fault = Fault(at, kills=True, after=True)
        await pipeline.handle_next(pipeline.dispatches)
        struck, pipeline.fault = pipeline.fault.struck, Fault()
        swept.gives_up(pipeline.dispatches, 1)
        await pipeline.clock.sleep(400)
        await swept.sweep()
        # When the record comes once more
        third = pipeline.drop(csv_file([spot(1)]), "traffic/third.csv")
        await pipeline.run()
        # Expect
        assert (await pipeline.counted(third)).keys() <= {"unknown", "duplicate"}, struck
        assert list(pipeline.api.applied.values()) == [1], struck
        if not struck:
            return
    raise AssertionError("there is no end of calls")


async def test_who_loses_the_chunk_while_it_contends_leaves_the_doubt_behind(pipeline: Pipeline) -> None:
    again = await unknown_and_forgotten(pipeline, applied=True)
    await pipeline.handle_next(pipeline.intake)
    await pipeline.handle_next(pipeline.chunks)

    class Loses(MemoryLedger):
        async def holds(self, chunk: ChunkRow, fence: int) -> bool:
            return lost.pop() if lost else await super().holds(chunk, fence)

    ledger, lost = pipeline.ledger, [False]
    pipeline.ledger = Loses()
    vars(pipeline.ledger).update(vars(ledger))
    await pipeline.run()

    assert await pipeline.assert_sound(again, 1) == {"unknown": 1}
    assert list(pipeline.api.applied.values()) == [1]


async def test_a_doubt_that_is_taken_over_without_an_answer_is_not_taken_for_a_claim_of_ours(
    pipeline: Pipeline,
) -> None:
    """The client of AWS had done it at its first try, and was told at the second that it could not be done."""

    class Unanswered(MemoryClaims):
        async def take_over(self, feed: str, identity: str, held: Owner, wanted: Owner) -> bool:
            await super().take_over(feed, identity, held, wanted)
            return await super().take_over(feed, identity, held, wanted)

    await unknown_and_forgotten(pipeline, applied=True)
    pipeline.intake.messages.clear()
    claims, again = pipeline.claims, pipeline.drop(csv_file([spot(1), spot(2)]), "traffic/again.csv")
    pipeline.claims = Unanswered()
    vars(pipeline.claims).update(vars(claims))
    await pipeline.run()

    assert await pipeline.assert_sound(again, 2) == {"unknown": 1, "delivered": 1}


def identity_of(number: int) -> str:
    (accepted,) = judge_file(TRAFFIC, csv_file([spot(number)])).accepted
    return accepted.identity


def accepted(pipeline: Pipeline, chunk: int) -> list[Accepted]:
    """What the validator accepted of a chunk of the only file there is."""
    (body,) = [body for key, body in pipeline.store.work.items() if key.endswith(f"{chunk:06d}/accepted")]
    return load_accepted(part_of(body, "accepted") or b"")
