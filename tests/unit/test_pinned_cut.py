"""How a file is cut is decided once. A release with other limits, or another way to cut, goes on as it was begun; a
message of another cut is refused by name, and does nothing by halves."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NotRequired, TypedDict

import pytest

from penstock import feeds
from penstock.feeds.feed import Limits
from penstock.feeds.traffic import TRAFFIC
from penstock.model.errors import OtherCut
from penstock.model.messages import ChunkMessage, DispatchMessage, SourceFile, read_message
from penstock.model.rows import ChunkState, Owner
from penstock.operate.bury import bury
from penstock.ports.queue import Outgoing
from penstock.split import cut
from penstock.split import stage as splitter
from penstock_testing.memory import Held
from tests.support.pipeline import Fault, Pipeline
from tests.support.spots import csv_file, ndjson_file, rows_of, spot

SPOTS = csv_file(spot(at, station=f"K{at // 7}") for at in range(60))


@pytest.fixture(autouse=True)
def one_chunk_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(splitter, "ANNOUNCED", 1)


@pytest.fixture
def pipeline() -> Pipeline:
    return Pipeline()


def release(monkeypatch: pytest.MonkeyPatch, **changes: object) -> None:
    """Deploys one whose traffic feed is like this."""
    monkeypatch.setitem(feeds.FEEDS, "traffic", replace(TRAFFIC, **changes))


async def killed_half_way(pipeline: Pipeline, chunks: int) -> SourceFile:
    """A file whose splitter died when it had sent so many chunks; what they hold is delivered."""
    file = pipeline.drop(SPOTS)
    send, left = pipeline.chunks.send_batch, iter(range(chunks - 1, -1, -1))

    async def counted(messages: Sequence[Outgoing]) -> list[int]:
        if next(left) == 0:
            pipeline.fault = Fault(at=0, kills=True)  # at whatever it calls next
        return await send(messages)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pipeline.chunks, "send_batch", counted)
        await pipeline.handle_next(pipeline.intake)
    pipeline.fault = Fault()
    assert len(pipeline.chunks.messages) == chunks
    await pipeline.clock.sleep(1)
    for held in list(pipeline.chunks.messages.values()):
        await pipeline.handle(pipeline.chunks, held)
    for held in list(pipeline.dispatches.messages.values()):
        await pipeline.handle(pipeline.dispatches, held)
    return file


@pytest.mark.parametrize(("before", "after"), [(10, 25), (25, 10), (7, 60)])
async def test_a_release_with_other_limits_goes_on_with_the_cut_that_was_begun(
    before: int, after: int, pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    """10 → 25: 60 received, 45 delivered, 15 never sent. 25 → 10: 15 or 30 applied twice."""
    # Given
    release(monkeypatch, limits=Limits(records=before))
    file = await killed_half_way(pipeline, chunks=1)
    # When
    release(monkeypatch, limits=Limits(records=after))
    await pipeline.run()
    # Expect
    assert await pipeline.assert_sound(file, 60) == {"delivered": 60}
    rows = await pipeline.ledger.chunks(file.file_id)
    assert [row.span.records for row in rows[:-1]] == [before] * (len(rows) - 1)


async def test_a_release_with_other_groups_goes_on_with_the_cut_that_was_begun(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    release(monkeypatch, limits=Limits(records=10), group=("station",))
    file = await killed_half_way(pipeline, chunks=2)
    release(monkeypatch, limits=Limits(records=10), group=())
    await pipeline.run()
    assert await pipeline.assert_sound(file, 60) == {"delivered": 60}
    assert [row.span.records for row in await pipeline.ledger.chunks(file.file_id)] == [7] * 8 + [4]


async def test_a_release_that_names_columns_otherwise_reads_the_file_as_it_was_recognised(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    release(monkeypatch, limits=Limits(records=10))
    file = await killed_half_way(pipeline, chunks=1)
    layout = (await pipeline.row(file)).layout
    release(monkeypatch, limits=Limits(records=10), spellings={"notes": ("advertiser",)})
    await pipeline.run()
    assert (await pipeline.row(file)).layout == layout
    assert all(message.layout == layout for message in sent_chunks(pipeline))


def sent_chunks(pipeline: Pipeline) -> list[ChunkMessage]:
    return [read_message(body, ChunkMessage) for queue, body in pipeline.received if queue is pipeline.chunks]


async def test_a_release_that_cuts_in_another_way_says_so_and_leaves_the_file_to_one_that_can(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    release(monkeypatch, limits=Limits(records=10))
    file = await killed_half_way(pipeline, chunks=1)
    await pipeline.clock.sleep(1000)
    with monkeypatch.context() as deployed:
        deployed.setattr(cut, "CUT", cut.CUT + 1)
        (held,) = pipeline.intake.messages.values()
        with pytest.raises(OtherCut, match="cut by version 1, and this release cuts by version 2"):
            await pipeline.work(pipeline.intake, held.body)
    assert len(await pipeline.ledger.chunks(file.file_id)) <= 2
    await pipeline.run()
    assert await pipeline.assert_sound(file, 60) == {"delivered": 60}


async def test_a_splitter_whose_chunks_lie_otherwise_in_the_ledger_sends_nothing(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Begun by a release that pinned no cut."""
    release(monkeypatch, limits=Limits(records=10))
    file = await killed_half_way(pipeline, chunks=1)
    kept = pipeline.ledger._files[file.file_id]
    kept.row = replace(kept.row, cut=None, layout=None)
    release(monkeypatch, limits=Limits(records=25))
    (held,) = pipeline.intake.messages.values()
    await pipeline.clock.sleep(1000)
    with pytest.raises(OtherCut, match="cut otherwise"):
        await pipeline.work(pipeline.intake, held.body)
    assert pipeline.chunks.messages == {}


async def test_a_message_of_another_cut_is_refused_by_name_and_changes_nothing(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given
    release(monkeypatch, limits=Limits(records=10))
    file = pipeline.drop(SPOTS)
    await pipeline.handle_next(pipeline.intake)
    first = next(iter(pipeline.chunks.messages.values()))
    message = read_message(first.body, ChunkMessage)
    other = message.model_copy(update={"span": message.span.model_copy(update={"records": 25, "end": 3000})})
    dispatch = DispatchMessage(chunk=other, accepted=25, rejected=0)
    before = await pipeline.ledger.chunks(file.file_id)
    # Expect
    for queue, body in ((pipeline.chunks, other), (pipeline.dispatches, dispatch)):
        with pytest.raises(OtherCut, match="another cut of the file"):
            await pipeline.work(queue, body.model_dump_json())
    assert await pipeline.ledger.chunks(file.file_id) == before
    # Nor is the chunk dead for the sake of a letter that is none of its own.
    assert await bury(pipeline, other) is None
    assert await bury(pipeline, dispatch) is None
    assert {row.state for row in await pipeline.ledger.chunks(file.file_id)} == {ChunkState.SENT}
    await pipeline.run()
    assert await pipeline.assert_sound(file, 60) == {"delivered": 60}


def test_the_owner_of_an_identity_is_a_record_of_a_chunk() -> None:
    """The same record in a chunk of another cut has no right to its claim: its batch is another one."""
    owner = Owner("file", 1, 12, "digest")
    assert owner.is_same(replace(owner, fence=7, digest="other"))
    assert not owner.is_same(replace(owner, chunk=0))
    assert not owner.is_same(replace(owner, ordinal=13))
    assert not owner.is_same(replace(owner, file_id="another"))


async def test_a_redelivered_event_does_not_begin_a_cut_of_its_own(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The intake's DLQ is redriven after the release: S3's event, once more."""
    release(monkeypatch, limits=Limits(records=25))
    file = await killed_half_way(pipeline, chunks=2)
    body = next(iter(pipeline.intake.messages.values())).body
    release(monkeypatch, limits=Limits(records=10))
    pipeline.intake.messages["again"] = Held("again", body, "traffic", pipeline.clock.now())
    await pipeline.run()
    assert await pipeline.assert_sound(file, 60) == {"delivered": 60}
    assert len(await pipeline.ledger.chunks(file.file_id)) == 3


async def test_the_rejects_of_a_file_have_the_columns_of_the_day_it_was_recognised(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given a file without columns, of which one chunk is judged
    release(monkeypatch, limits=Limits(records=2))
    file = pipeline.drop(ndjson_file(spot(at, isci="?") for at in range(4)))
    await pipeline.handle_next(pipeline.intake)
    await pipeline.handle_next(pipeline.chunks)
    # When a release whose feed has one field more, and in another place, judges the other
    fields: dict[str, Any] = {"campaign": NotRequired[str], **TRAFFIC.record.__annotations__}
    wider: Any = TypedDict("Wider", fields)  # pyright: ignore[reportArgumentType, reportUnknownVariableType, reportGeneralTypeIssues]
    release(monkeypatch, limits=Limits(records=2), record=wider)
    await pipeline.run()
    # Expect every row under the columns that it was written for
    rows = rows_of(pipeline.report(file, "rejects.csv"))
    assert [(row["spot_id"], row["isci"], row["penstock_ordinal"]) for row in rows] == [
        (f"S{at:05}", "?", str(at)) for at in range(4)
    ]
    assert "campaign" not in rows[0]
