"""Nothing that has been begun depends on a message: whatever the ledger knows of, and nobody has worked on for hours,
is sent again, by the sweeper or by an operator; a copy too many does no harm."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from penstock import feeds
from penstock.feeds.feed import Limits, Record, Rule
from penstock.feeds.traffic import TRAFFIC
from penstock.model.findings import Severity
from penstock.model.messages import Dropped, SourceFile
from penstock.model.rows import FileState
from penstock.operate.replay import Replay
from penstock.operate.sweep import send_idle_again
from penstock.split import zips
from penstock_ops.operate import replays, resends
from penstock_ops.operate.circuits import NotClosed
from penstock_ops.operate.explaining import explain
from penstock_ops.operate.held import begin_release, prepare_release
from penstock_ops.operate.replays import Asked
from penstock_ops.operate.reporting import report_of
from penstock_testing.memory import MemoryQueue
from tests.support.archives import packed
from tests.support.destination import Api, json_answer, refusing
from tests.support.operators import audited, operated
from tests.support.pipeline import Fault, Pipeline
from tests.support.spots import csv_file, spot
from tests.support.swept import KEYED, Swept

AFTER = 6 * 3600.0
SPOTS = csv_file(spot(at, **({"isci": "?"} if at == 2 else {})) for at in range(10))


@pytest.fixture(autouse=True)
def chunks_of_four(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(feeds.FEEDS, "traffic", replace(TRAFFIC, limits=Limits(records=4)))


@pytest.fixture
def pipeline() -> Pipeline:
    return Pipeline(Api(KEYED))


def purge(*queues: MemoryQueue) -> None:
    """Its messages expire, or somebody purges it."""
    for queue in queues:
        queue.messages.clear()


async def look(pipeline: Pipeline) -> dict[str, float]:
    """The sweeper's hourly look: what was sent again, by file, and the look's own figures."""
    *files, whole = await send_idle_again(Swept(pipeline).ports, AFTER, pipeline.clock.now() + 60)
    return whole.counts | {one.trace: one.counts["MessagesResent"] for one in files}


async def test_a_second_drop_does_not_wait_for_ever_for_a_first_whose_message_has_expired(pipeline: Pipeline) -> None:
    """A 503 leaves a batch fixed and its claims held; then the dispatch message expires. 2,998 waits, in ten days."""
    # Given
    file = pipeline.drop(SPOTS)
    await pipeline.handle_next(pipeline.intake)
    pipeline.api.troubles += [json_answer({}, 503)] * 3
    while pipeline.chunks.messages:
        await pipeline.handle_next(pipeline.chunks)
    for held in list(pipeline.dispatches.messages.values()):
        await pipeline.handle(pipeline.dispatches, held)
    purge(pipeline.dispatches)
    assert len(pipeline.claims.held) > 0
    again = pipeline.drop(SPOTS, "traffic/again.csv")
    for _ in range(50):
        await pipeline.clock.sleep(400)
        await pipeline.step()
    assert await pipeline.counted(again) == {}
    # When
    await pipeline.clock.sleep(AFTER)
    assert (await look(pipeline))[file.file_id] >= 1
    await pipeline.run()
    # Expect
    assert await pipeline.assert_sound(file, 10) == {"delivered": 9, "rejected": 1}
    assert await pipeline.assert_sound(again, 10) == {"duplicate": 9, "rejected": 1}


@pytest.mark.parametrize("stage", ["split", "chunks", "dispatches"])
async def test_work_of_every_stage_is_sent_again_once_in_such_a_time_and_ends(stage: str, pipeline: Pipeline) -> None:
    # Given a file whose messages to this stage are lost
    file = pipeline.drop(SPOTS)
    if stage == "split":
        pipeline.fault = Fault(at=3, kills=True)
        await pipeline.handle_next(pipeline.intake)
        pipeline.fault = Fault()
        purge(pipeline.intake, pipeline.chunks)
    else:
        await pipeline.handle_next(pipeline.intake)
    if stage == "dispatches":
        while pipeline.chunks.messages:
            await pipeline.handle_next(pipeline.chunks)
    purge(pipeline.chunks, pipeline.dispatches)
    # Expect
    await pipeline.clock.sleep(AFTER - 60)
    assert file.file_id not in await look(pipeline)
    await pipeline.clock.sleep(120)
    assert (await look(pipeline))[file.file_id] == (1 if stage == "split" else 3)
    assert file.file_id not in await look(pipeline), "once in such a time"
    assert pipeline.told("WorkResent") == [file.file_id]
    await pipeline.run()
    if stage == "split":
        # What it had sent before it died was purged with the rest, and has its turn now.
        await pipeline.clock.sleep(AFTER + 60)
        await look(pipeline)
        await pipeline.run()
    assert await pipeline.assert_sound(file, 10) == {"delivered": 9, "rejected": 1}
    assert (await report_of(pipeline.ledger, pipeline.store, file.file_id, 0.0))["resent"].startswith("20")


def of_archive(archive: SourceFile, name: str) -> SourceFile:
    dropped = Dropped(bucket=archive.bucket, key=f"{archive.key}!{name}", version_id=archive.version_id)
    return archive.model_copy(update={"origin": dropped})


async def test_files_of_an_archive_whose_messages_are_lost_before_anybody_claimed_them_are_sent_again(
    pipeline: Pipeline,
) -> None:
    """They had no row, and so nobody missed them."""
    archive = pipeline.drop(packed({"a.csv": SPOTS, "b.csv": csv_file([spot(77)])}), "traffic/week.zip")
    first, second = (of_archive(archive, name) for name in ("a.csv", "b.csv"))
    await pipeline.handle_next(pipeline.intake)
    purge(pipeline.intake)
    await pipeline.clock.sleep(AFTER + 1)
    told = await look(pipeline)
    assert (told[first.file_id], told[second.file_id]) == (1, 1)
    await pipeline.run()
    assert await pipeline.assert_sound(first, 10) == {"delivered": 9, "rejected": 1}
    assert await pipeline.assert_sound(second, 1) == {"delivered": 1}


@pytest.mark.parametrize("gone", [True, False])
async def test_a_file_of_an_archive_that_cannot_be_read_any_more_ends_as_refused(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch, gone: bool
) -> None:
    """The archive was deleted; or a release that reads the directory otherwise finds no such file in it."""
    archive = pipeline.drop(packed({"a.csv": SPOTS}), "traffic/week.zip")
    await pipeline.handle_next(pipeline.intake)
    purge(pipeline.intake)
    if gone:
        pipeline.store.sources.clear()
    else:
        monkeypatch.setattr(zips, "read_directory", lambda *_: [])
    await pipeline.clock.sleep(AFTER + 1)
    await look(pipeline)
    await pipeline.run()
    refused = pipeline.report(of_archive(archive, "a.csv"))["refused"]
    assert refused["code"] == ("format.gone" if gone else "archive.damaged")
    assert not pipeline.errors


async def test_a_copy_of_a_message_that_is_still_there_does_no_harm(pipeline: Pipeline) -> None:
    file = pipeline.drop(SPOTS)
    await pipeline.handle_next(pipeline.intake)
    await pipeline.clock.sleep(AFTER + 1)
    for _ in range(3):
        await look(pipeline)
        await pipeline.clock.sleep(AFTER + 1)
    assert len(pipeline.chunks.messages) == 12
    await pipeline.run()
    assert await pipeline.assert_sound(file, 10) == {"delivered": 9, "rejected": 1}


async def test_what_a_wait_has_touched_is_not_idle(pipeline: Pipeline) -> None:
    """Its own message brings it back every few minutes."""
    pipeline.api.settings_now = replace(KEYED, honours_idempotency_key=True)
    file = pipeline.drop(csv_file([spot(1)]))
    await pipeline.handle_next(pipeline.intake)
    await pipeline.handle_next(pipeline.chunks)
    await pipeline.clock.sleep(AFTER)
    pipeline.api.troubles.append(json_answer({}, 429))
    await pipeline.handle_next(pipeline.dispatches)
    assert pipeline.put_off
    assert file.file_id not in await look(pipeline)


async def test_what_waits_for_an_open_circuit_is_sent_again_once_while_its_message_lives(pipeline: Pipeline) -> None:
    file = pipeline.drop(csv_file([spot(1)]))
    await pipeline.handle_next(pipeline.intake)
    await pipeline.handle_next(pipeline.chunks)
    await pipeline.throttle.trip("traffic", pipeline.clock.now(), pipeline.clock.now() + 1e6, "it is down")
    sent = 0.0
    for _ in range(28):
        await pipeline.clock.sleep(AFTER + 1)
        sent += (await look(pipeline)).get(file.file_id, 0)
    assert sent == 1
    prepared = await resends.prepare(operated(pipeline), await pipeline.row(file), 0)
    with pytest.raises(NotClosed):
        await resends.begin(operated(pipeline), prepared)
    # Nobody has come for it in seven days: it has expired.
    await pipeline.clock.sleep(AFTER + 1)
    assert (await look(pipeline))[file.file_id] == 1


async def test_a_circuit_closes_although_the_only_message_that_could_call_was_lost(pipeline: Pipeline) -> None:
    """The others waited for its records, and no probe had anything to call with."""
    file, again = (pipeline.drop(csv_file([spot(1)]), f"traffic/{name}.csv") for name in ("first", "again"))
    for _ in range(2):
        await pipeline.handle_next(pipeline.intake)
        await pipeline.handle_next(pipeline.chunks)
    pipeline.api.troubles.append(json_answer({}, 503))
    await pipeline.handle_next(pipeline.dispatches)
    (held,) = [one for one in pipeline.dispatches.messages.values() if one.receives]
    await pipeline.dispatches.delete(held.receipt)
    pipeline.mappings.off.add("traffic")
    await pipeline.throttle.trip("traffic", pipeline.clock.now(), pipeline.clock.now(), "it was down")
    for _ in range(int(AFTER / 400) + 1):
        await pipeline.clock.sleep(400)
        await pipeline.probe()
    assert "traffic" in pipeline.mappings.off
    # When
    told = await look(pipeline)
    assert [told.get(one.file_id, 0) for one in (file, again)].count(1) == 1
    for _ in range(9):
        await pipeline.clock.sleep(400)
        await pipeline.probe()
    # Expect
    assert "traffic" not in pipeline.mappings.off
    await pipeline.run()
    assert await pipeline.counted(file) | await pipeline.counted(again) == {"delivered": 1, "duplicate": 1}


async def test_a_release_that_is_sent_again_holds_nothing_again(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given
    flagged = Rule("traffic.odd", "advertiser", "look at it", _odd, Severity.SOFT)
    monkeypatch.setitem(feeds.FEEDS, "traffic", replace(TRAFFIC, rules=(flagged,), soft="hold"))
    file = pipeline.drop(csv_file(spot(at, advertiser="Odd" if at == 2 else "Even") for at in range(4)))
    await pipeline.run()
    release = await prepare_release(operated(pipeline), await pipeline.row(file), "2")
    await begin_release(operated(pipeline), release, by="", note="it is fine")
    await pipeline.handle_next(pipeline.chunks)
    purge(pipeline.dispatches)
    # When
    await pipeline.clock.sleep(AFTER + 1)
    prepared = await resends.prepare(operated(pipeline), await pipeline.row(file), 60)
    assert resends.described(prepared, sent=False)["to_dispatch"] == "0"
    await resends.begin(operated(pipeline), prepared)
    await pipeline.run()
    # Expect
    assert await pipeline.assert_sound(file, 4) == {"delivered": 4}
    line = await explain(pipeline.ledger, pipeline.store, await pipeline.row(file), 2, pipeline.clock.now())
    assert line["chunk"]["resent"].startswith("20")


def _odd(records: Sequence[Record]) -> list[int]:
    return [at for at, one in enumerate(records) if one["advertiser"] == "Odd"]


async def test_a_replay_whose_chunk_message_was_lost_on_its_way_to_delivery_goes_on_by_the_operators_word() -> None:
    pipeline = Pipeline(Api(KEYED, refuses=refusing("station", "KBAD")))
    file = pipeline.drop(csv_file(spot(at, **({"station": "KBAD"} if at == 1 else {})) for at in range(4)))
    await pipeline.run()
    pipeline.api.refuses = lambda record: 0
    plan = await replays.prepare(operated(pipeline), await pipeline.row(file), Asked(file.file_id))
    await replays.begin(operated(pipeline), plan)
    await pipeline.handle_next(pipeline.chunks)
    purge(pipeline.dispatches)

    prepared = await resends.prepare(operated(pipeline), await pipeline.row(file), 0)
    await resends.begin(operated(pipeline), prepared)
    await pipeline.run()

    assert await pipeline.assert_sound(file, 4) == {"delivered": 4}
    (line,) = audited(pipeline, "WorkResent")
    assert (line["by"], line["to_dispatch"], line["messages"]) == ("Ada", "0", 1)


@pytest.mark.parametrize("lost", ["chunks", "dispatches"])
async def test_a_replay_that_was_begun_in_a_settled_file_and_lost_is_sent_again_by_the_sweeper(lost: str) -> None:
    """No open file told of it: it kept its identities, and whoever dropped them again waited for ever."""
    pipeline = Pipeline(Api(KEYED, refuses=refusing("station", "KBAD")))
    file = pipeline.drop(csv_file(spot(at, **({"station": "KBAD"} if at == 1 else {})) for at in range(4)))
    await pipeline.run()
    pipeline.api.refuses = lambda record: 0
    # Given a replay whose worker dies at its chunk, and whose message is lost then
    plan = await replays.prepare(operated(pipeline), await pipeline.row(file), Asked(file.file_id))
    await replays.begin(operated(pipeline), plan)
    if lost == "chunks":
        pipeline.fault = Fault(at=4, kills=True)
    await pipeline.handle_next(pipeline.chunks)
    pipeline.fault = Fault()
    purge(pipeline.chunks, pipeline.dispatches)
    (chunk,) = await pipeline.ledger.chunks(file.file_id)
    assert chunk.generation == 1
    # When
    await pipeline.clock.sleep(AFTER + 1)
    assert (await look(pipeline))[file.file_id] == 1
    assert file.file_id not in await look(pipeline), "once in such a time"
    await pipeline.run()
    # Expect
    assert await pipeline.assert_sound(file, 4) == {"delivered": 4}


async def test_a_dead_chunk_of_a_settled_file_that_is_redriven_and_lost_is_sent_again_by_the_sweeper() -> None:
    swept = Swept()
    pipeline = swept.pipeline
    file = pipeline.drop(csv_file([spot(1)]))
    await pipeline.handle_next(pipeline.intake)
    letters = swept.gives_up(pipeline.chunks, 0)
    await swept.sweep()
    assert await pipeline.counted(file) == {"dead": 1}
    assert (await pipeline.row(file)).state is FileState.SETTLED
    # Given
    await pipeline.work(pipeline.chunks, letters[0])
    purge(pipeline.dispatches)
    # When
    await pipeline.clock.sleep(AFTER + 1)
    assert (await look(pipeline))[file.file_id] == 1
    await pipeline.run()
    # Expect
    assert await pipeline.assert_sound(file, 1) == {"delivered": 1}


@pytest.mark.parametrize("dead", [False, True])
async def test_a_replay_whose_message_is_lost_before_anybody_has_received_it_stands_in_the_account_and_is_sent_again(
    pipeline: Pipeline, dead: bool
) -> None:
    # Given a file that settled long ago, and a replay whose messages are lost at once
    swept = Swept(pipeline)
    refuses, pipeline.api.refuses = pipeline.api.refuses, refusing("station", "KBAD")
    file = pipeline.drop(csv_file(spot(at, **({"station": "KBAD"} if at == 1 else {})) for at in range(4)))
    if dead:
        await dies(swept)
        swept.dlqs[1].messages.clear()
    await pipeline.run()
    await pipeline.clock.sleep(7 * 86_400)
    pipeline.api.refuses = refuses
    before = await report_of(pipeline.ledger, pipeline.store, file.file_id, 0.0)
    plan = await replays.prepare(operated(pipeline), await pipeline.row(file), Asked(file.file_id))
    await replays.begin(operated(pipeline), plan)
    purge(pipeline.chunks)
    # Expect the account to show it, and no sweep to end or to announce what has not ended
    events = len(pipeline.events.published)
    await swept.sweep()
    now = await report_of(pipeline.ledger, pipeline.store, file.file_id, 0.0)
    assert (before["state"], now["state"], now["balanced"]) == ("incomplete" if dead else "settled", "replaying", None)
    assert now["replaying_since"].startswith("20")
    assert len(pipeline.events.published) == events
    assert (await prepared_again(pipeline, file)).on_their_way == 4
    # And when nobody has worked on it for hours, the look sends it
    await pipeline.clock.sleep(AFTER - 60)
    assert file.file_id not in await look(pipeline)
    await pipeline.clock.sleep(120)
    await swept.sweep()
    assert pipeline.told("FileStalled") == [file.file_id], "six hours since it was opened again"
    assert (await look(pipeline))[file.file_id] == 1
    await pipeline.run()
    assert await pipeline.assert_sound(file, 4) == {"delivered": 4}
    assert "replaying_since" not in await report_of(pipeline.ledger, pipeline.store, file.file_id, 0.0)


async def dies(swept: Swept) -> None:
    """A file's only chunk, on its way to delivery."""
    await swept.pipeline.handle_next(swept.pipeline.intake)
    await swept.pipeline.handle_next(swept.pipeline.chunks)
    swept.gives_up(swept.pipeline.dispatches, 1)
    await swept.sweep()


async def test_a_replay_of_a_dead_chunk_whose_message_is_lost_leaves_it_dead_where_its_letter_is_there(
    pipeline: Pipeline,
) -> None:
    """The account says that it is dead: there is something to be done, and nobody believes that it is on its way."""
    swept = Swept(pipeline)
    file = pipeline.drop(csv_file(spot(at) for at in range(4)))
    await dies(swept)
    plan = await replays.prepare(operated(pipeline), await pipeline.row(file), Asked(file.file_id))
    await replays.begin(operated(pipeline), plan)
    purge(pipeline.chunks)
    await swept.sweep()
    report = await report_of(pipeline.ledger, pipeline.store, file.file_id, 0.0)
    assert (report["state"], report["records"]["dead"]) == ("incomplete", 4)


async def prepared_again(pipeline: Pipeline, file: SourceFile) -> Replay:
    return (await replays.prepare(operated(pipeline), await pipeline.row(file), Asked(file.file_id))).replay


async def test_a_release_whose_message_is_lost_at_once_is_sent_again_and_holds_nothing(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    flagged = Rule("traffic.odd", "advertiser", "look at it", _odd, Severity.SOFT)
    monkeypatch.setitem(feeds.FEEDS, "traffic", replace(TRAFFIC, rules=(flagged,), soft="hold"))
    file = pipeline.drop(csv_file(spot(at, advertiser="Odd" if at == 2 else "Even") for at in range(4)))
    await pipeline.run()
    release = await prepare_release(operated(pipeline), await pipeline.row(file), "2")
    await begin_release(operated(pipeline), release, by="", note="it is fine")
    purge(pipeline.chunks)
    await pipeline.clock.sleep(AFTER + 1)
    await look(pipeline)
    await pipeline.run()
    assert await pipeline.assert_sound(file, 4) == {"delivered": 4}


async def test_of_two_replays_at_once_each_chunk_has_one_and_the_file_ends_with_the_last_of_them(
    pipeline: Pipeline,
) -> None:
    # Given two operators who saw the file as it was
    pipeline.api.refuses = lambda record: 422
    file = pipeline.drop(SPOTS)
    await pipeline.run()
    pipeline.api.refuses = lambda record: 0
    asked = [Asked(file.file_id, records=records) for records in ("0-5", "4-9")]
    plans = [await replays.prepare(operated(pipeline), await pipeline.row(file), one) for one in asked]
    # When
    for plan in plans:
        await replays.begin(operated(pipeline), plan)
    # Expect
    assert len(pipeline.chunks.messages) == 3, "a chunk that somebody else has begun is theirs"
    settled = len(pipeline.told("FileSettled"))
    await pipeline.run()
    assert len(pipeline.told("FileSettled")) == settled + 1, "once, and not at every chunk's end"
    assert (await pipeline.counted(file))["delivered"] == 7


async def test_a_dry_run_says_what_would_be_sent_and_sends_nothing(pipeline: Pipeline) -> None:
    file = pipeline.drop(SPOTS)
    await pipeline.handle_next(pipeline.intake)
    await pipeline.handle_next(pipeline.chunks)
    purge(pipeline.chunks, pipeline.dispatches)

    told = resends.described(await resends.prepare(operated(pipeline), await pipeline.row(file), 0), sent=False)

    numbers = {told.pop("to_validate"), told.pop("to_dispatch")}
    assert sorted(numbers, key=len)[0] in ("0", "1", "2")
    assert told == {
        "file_id": file.file_id,
        "key": "traffic/spots.csv",
        "state": "sealed",
        "split": 0,
        "messages": 3,
        "sent": None,
    }
    assert not pipeline.chunks.messages
    assert not pipeline.dispatches.messages


async def test_nothing_of_a_file_that_has_ended_is_sent_again(pipeline: Pipeline) -> None:
    file = pipeline.drop(SPOTS)
    await pipeline.run()
    prepared = await resends.prepare(operated(pipeline), await pipeline.row(file), 0)
    await resends.begin(operated(pipeline), prepared)
    assert prepared.resend.messages == 0
    assert audited(pipeline, "WorkResent") == []


async def test_a_file_of_an_archive_whose_message_is_lost_is_found_in_its_archive_again(pipeline: Pipeline) -> None:
    # Given
    archive = pipeline.drop(packed({"a.csv": SPOTS, "b.csv": csv_file([spot(50)])}), "traffic/week.zip")
    await pipeline.handle_next(pipeline.intake)
    pipeline.fault = Fault(at=1, kills=True)
    await pipeline.handle_next(pipeline.intake)
    pipeline.fault = Fault()
    died = next(row for row in await pipeline.ledger.open_files(10) if row.file.file_id != archive.file_id)
    purge(pipeline.intake)
    # When
    await pipeline.clock.sleep(AFTER + 1)
    assert (await look(pipeline))[died.file.file_id] == 1
    await pipeline.run()
    # Expect
    row = await pipeline.row(died.file)
    assert (row.state, sum(row.counted.values())) == ("settled", row.received)


async def test_a_file_that_cannot_be_planned_takes_nothing_from_the_others(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = [pipeline.drop(csv_file([spot(at)]), f"traffic/{at}.csv") for at in range(3)]
    for _ in files:
        await pipeline.clock.sleep(1)
        await pipeline.handle_next(pipeline.intake)
    purge(pipeline.chunks)
    chunks = pipeline.ledger.chunks

    async def breaks(file_id: str) -> Any:
        if file_id == files[0].file_id:
            raise KeyError("content of a record")
        return await chunks(file_id)

    monkeypatch.setattr(pipeline.ledger, "chunks", breaks)
    await pipeline.clock.sleep(AFTER + 1)
    told = await look(pipeline)
    assert (told["LookFaults"], {file.file_id for file in files} & told.keys()) == (1, _ids(files[1:]))
    (fault,) = await pipeline.ledger.faults(0.0)
    assert (fault.look, fault.about, fault.error) == ("idle", files[0].file_id, "KeyError")
    assert "content" not in str(fault)
    assert fault.place.startswith("penstock.operate.resend:")
    failed = [detail for kind, detail in pipeline.events.published if kind == "LookFailed"]
    assert [detail["about"] for detail in failed] == [files[0].file_id]


def _ids(files: Sequence[SourceFile]) -> set[str]:
    return {file.file_id for file in files}
