"""A feed's function that fails at a record is our fault: that record is dead at once, the others go on, and it can be
replayed once the function is mended. An outage stays one."""

import asyncio
import gzip
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import pytest
from typer.testing import CliRunner

from penstock import feeds
from penstock.account import finalising
from penstock.feeds.crew import CREW
from penstock.feeds.feed import Examination, Feed, Known, Limits, Record, Rule
from penstock.feeds.traffic import TRAFFIC
from penstock.formats.record_lines import RecordLines
from penstock.io import reader
from penstock.model.defects import at_a_file, defect, is_defect
from penstock.model.errors import Transient, Unanswered
from penstock.model.findings import Outcome
from penstock.model.messages import SourceFile, Span
from penstock.model.rows import FileState
from penstock.operate.replay import begin_replay, plan_replay
from penstock.operate.sweep import send_idle_again
from penstock.outputs.outcomes import codes_of
from penstock.ports.pages import Assembled
from penstock.split import grouping, stage, staging, tabling, zips
from penstock.validate import judging
from penstock.workbooks import merges, parts, sheet, styles
from penstock_ops import cli
from penstock_ops.check import check_file
from penstock_ops.operate.operations import Records
from penstock_testing.pages import BEGINS, MemoryDocument, MemoryPages, document, page
from tests.support.archives import packed
from tests.support.destination import Api, refusing
from tests.support.duties import duty
from tests.support.operators import operated
from tests.support.pipeline import Fault, Pipeline
from tests.support.reading import judge_file
from tests.support.spots import csv_file, rows_of, spot
from tests.support.swept import Swept
from tests.support.workbooks import saved, table_of, workbook_of
from tests.unit.test_histories import Desk, ndjson, week

SECRET = "Mrs-Miller-4711"


class Trips(Exception):
    """What a function of ours that is wrong raises; its text quotes the record."""


def trip_at(*spots: str, error: type[Exception] = Trips) -> Rule:
    """A rule that raises where these spots are among the records."""

    def breaks(records: Sequence[Record]) -> Iterator[int]:
        for record in records:
            if record["spot_id"] in spots:
                raise error(SECRET, record)
        return iter(())

    return Rule("traffic.trips", "spot_id", "never breaks", breaks)


def tripping(*spots: str) -> Feed:
    return replace(TRAFFIC, rules=(*TRAFFIC.rules, trip_at(*spots)), limits=Limits(records=20))


# -- what is a defect


def test_a_defect_tells_its_type_and_its_place_in_our_code_and_nothing_of_its_text() -> None:
    found = defect("crew", ValueError(SECRET))
    judged = judge_file(tripping("S00002"), csv_file([spot(2)])).dead[0].findings[0]

    assert found.code == "crew.internal_error"
    assert "ValueError at an unknown place" in found.message
    assert "Trips at penstock.validate.judging:" in judged.message
    assert SECRET not in found.message + judged.message


@pytest.mark.parametrize(
    "error", [Transient("later"), Unanswered("no answer"), OSError("disk"), MemoryError(), TimeoutError()]
)
def test_an_outage_is_no_defect(error: Exception) -> None:
    with pytest.raises(type(error)):
        defect("crew", error)


@pytest.mark.parametrize("error", [KeyboardInterrupt, asyncio.CancelledError, MemoryError, SystemExit])
def test_what_must_never_be_swallowed_goes_through_a_judgement(error: Any) -> None:
    feed = replace(TRAFFIC, rules=(trip_at("S00001", error=error),))
    with pytest.raises(error):
        judge_file(feed, csv_file([spot(0), spot(1)]))


# -- where a chunk is looked at as a whole


@pytest.mark.parametrize(("where", "what"), [(judging, "Returns"), (RecordLines, "of"), (judging, "_taken_apart")])
async def test_what_fails_at_a_whole_chunk_ends_it_at_once(
    monkeypatch: pytest.MonkeyPatch, where: Any, what: str
) -> None:
    pipeline = Pipeline()
    with monkeypatch.context() as patch:
        patch.setattr(where, what, fails)
        file = pipeline.drop(csv_file([spot(1), spot(2, isci="?")]))
        await pipeline.run()
    assert await pipeline.counted(file) == {"dead": 2}
    assert not pipeline.errors + pipeline.dead_letters
    await replayed(pipeline, file)
    assert await pipeline.assert_sound(file, 2) == {"delivered": 1, "rejected": 1}


def test_a_record_that_does_not_stand_in_its_chunk_is_not_looked_for_for_ever() -> None:
    lines = RecordLines(
        b"one\ntwo\n", [b"one", b"tow"], Span(chunk=0, start=0, end=8, first_record=0, records=2, line=1)
    )
    with pytest.raises(ValueError, match="does not stand"):
        lines.of(1)


async def test_a_late_reject_whose_chunk_we_fail_at_comes_back_with_what_was_found(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A release that fails at it has come between; the chunk ends all the same."""
    pipeline = Pipeline(Api(refuses=refusing("spot_id", "S00001")))
    file = pipeline.drop(csv_file([spot(0), spot(1)]))
    for _ in range(2):
        await pipeline.step()
    monkeypatch.setattr(finalising, "rejected_later", fails)
    await pipeline.run()
    assert await pipeline.assert_sound(file, 2) == {"delivered": 1, "rejected": 1}
    (row,) = rows_of(pipeline.report(file, "rejects.csv"))
    assert row["penstock_code"] == "destination.rejected traffic.internal_error"
    assert row["penstock_ordinal"] == "1"


# -- where a record is judged by itself


@pytest.mark.parametrize("bad", [(), (0,), (7,), (0, 1, 2), (3, 999, 1000, 1999), tuple(range(2000))])
def test_only_the_records_that_a_rule_fails_at_are_dead(bad: tuple[int, ...]) -> None:
    names = [f"S{at:05}" for at in bad]
    body = csv_file([spot(at, **({"isci": "?"} if at == 5 else {})) for at in range(2000)])
    whole, judged = judge_file(TRAFFIC, body), judge_file(replace(tripping(*names), limits=Limits()), body)

    assert [one.ordinal for one in judged.dead] == [at for at in bad if at != 5]
    assert [one.line for one in judged.dead] == [at + 2 for at in bad if at != 5]
    assert judged.accepted == [one for one in whole.accepted if one.ordinal not in bad]
    assert [one.ordinal for one in judged.rejected] == [5]
    assert judged.findings["traffic.internal_error"] == len(judged.dead)


def fails(*_: Any) -> Any:
    raise Trips(SECRET)


@pytest.mark.parametrize(
    "changes", [{"normalise": fails}, {"to_record": fails}, {"rules": (Rule("traffic.x", "x", "x", fails),)}]
)
def test_any_function_of_a_feed_may_fail(changes: dict[str, Any]) -> None:
    """`normalise` is asked only about what the model refuses."""
    body = csv_file([spot(1, rate="$1.00"), spot(2, rate="$2.00")])
    judged = judge_file(replace(TRAFFIC, **changes), body)
    assert [one.ordinal for one in judged.dead] == [0, 1]
    assert "Trips" in judged.dead[0].findings[0].message


async def test_the_other_records_of_its_chunk_are_delivered_and_it_is_dead(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(feeds.FEEDS, "traffic", tripping("S00003"))
    pipeline = Pipeline()
    file = pipeline.drop(csv_file([spot(at, **({"isci": "?"} if at == 1 else {})) for at in range(6)]))
    await pipeline.run()

    report = pipeline.report(file)
    assert await pipeline.counted(file) == {"delivered": 4, "rejected": 1, "dead": 1}
    assert (report["state"], report["balanced"]) == ("incomplete", True)
    assert report["ranges"] == {"dead": "3"}
    assert report["findings"] == {"schema.pattern": 1, "traffic.internal_error": 1}
    assert not pipeline.errors  # at the first attempt
    assert b"S00003" not in pipeline.report(file, "rejects.csv")
    assert sum(worked.counts.get("InternalErrors", 0) for worked in pipeline.worked) == 1
    assert SECRET not in str(await pipeline.outcome_lines(file))


async def test_it_is_delivered_by_a_replay_once_the_rule_is_mended(monkeypatch: pytest.MonkeyPatch) -> None:
    # Given a file of which two records died, in two chunks that have settled
    monkeypatch.setitem(feeds.FEEDS, "traffic", tripping("S00003", "S00030"))
    pipeline = Pipeline()
    file = pipeline.drop(csv_file([spot(at) for at in range(40)]))
    await pipeline.run()
    # When the rule is mended and they are replayed, by their code
    monkeypatch.setitem(feeds.FEEDS, "traffic", tripping())
    row = await pipeline.row(file)
    replay = await plan_replay(pipeline.ledger, pipeline.store, row, code="traffic.internal_error")
    await begin_replay(pipeline, replay)
    await pipeline.run()
    # Expect all of them delivered, each once, and nothing told of defects any more
    assert [message.only for message in replay.messages] == ["3", "30"]
    assert await pipeline.assert_sound(file, 40) == {"delivered": 40}
    assert pipeline.report(file)["findings"] == {}


async def test_a_replay_before_that_leaves_it_dead(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(feeds.FEEDS, "traffic", tripping("S00003"))
    pipeline = Pipeline()
    file = pipeline.drop(csv_file([spot(at) for at in range(6)]))
    await pipeline.run()
    replay = await plan_replay(pipeline.ledger, pipeline.store, await pipeline.row(file))
    await begin_replay(pipeline, replay)
    await pipeline.run()

    assert await pipeline.counted(file) == {"delivered": 5, "dead": 1}
    assert pipeline.report(file)["findings"] == {"traffic.internal_error": 1}


async def test_its_identity_is_free_for_the_same_record_in_another_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(feeds.FEEDS, "traffic", tripping("S00003"))
    pipeline = Pipeline()
    pipeline.drop(csv_file([spot(3)]), "traffic/one.csv")
    await pipeline.run()
    monkeypatch.setitem(feeds.FEEDS, "traffic", tripping())
    again = pipeline.drop(csv_file([spot(3)]), "traffic/other.csv")
    await pipeline.run()
    assert await pipeline.assert_sound(again, 1) == {"delivered": 1}


async def test_a_format_that_cannot_take_a_chunk_apart_leaves_its_records_dead(monkeypatch: pytest.MonkeyPatch) -> None:
    pipeline = Pipeline()
    file = pipeline.drop(csv_file([spot(at) for at in range(3)]))
    await pipeline.handle_next(pipeline.intake)
    monkeypatch.setattr(type(TRAFFIC.format_named("csv")), "split", fails)
    await pipeline.run()
    assert await pipeline.counted(file) == {"dead": 3}


# -- where it is not cut yet


FAILS_AT = "S00030"
FEW = Limits(records=8)


def takes_until(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The format fails as soon as it sees this spot, as it would if nobody had thought of what that one holds."""
    reader = TRAFFIC.format_named("csv")
    take = type(reader).take

    def take_but(self: Any, layout: Any, data: bytes, start: int, *limits: Any, **others: Any) -> Any:
        if name.encode() in data[start:]:
            raise Trips(SECRET, data)
        return take(self, layout, data, start, *limits, **others)

    monkeypatch.setattr(type(reader), "take", take_but)


def forty() -> bytes:
    return csv_file([spot(at) for at in range(40)])


@pytest.fixture
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that what a format fails at comes after chunks have been cut."""
    monkeypatch.setattr(reader, "BLOCK", 1024)
    monkeypatch.setitem(feeds.FEEDS, "traffic", replace(TRAFFIC, limits=FEW))


@pytest.mark.parametrize("what", ["recognise", "take", "lines", "key_of"])
async def test_a_file_that_the_splitter_fails_at_from_the_first_is_refused_and_tells_what_failed(
    monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    # Given
    feed = replace(TRAFFIC, limits=replace(FEW, lines=1000))
    if what == "recognise":
        monkeypatch.setattr(Feed, "recognise", fails)
    elif what == "take":
        takes_until("S00000", monkeypatch)
    elif what == "lines":
        feed = replace(feed, lines=fails)
    else:
        feed = replace(feed, group=("station",))
        monkeypatch.setattr(grouping.Grouping, "key_of", fails)
    monkeypatch.setitem(feeds.FEEDS, "traffic", feed)
    pipeline = Pipeline()
    # When
    file = pipeline.drop(forty())
    await pipeline.run()
    # Expect: at the first attempt, without a letter
    row, report = await pipeline.row(file), pipeline.report(file)
    assert row.state is FileState.REFUSED
    assert not pipeline.errors + pipeline.dead_letters
    assert report["refused"]["code"] == "traffic.internal_error"
    assert "Penstock failed at the file (Trips at penstock." in report["refused"]["message"]
    assert SECRET not in str(pipeline.events.published) + str(report)
    (worked,) = pipeline.worked
    assert worked.counts == {"FilesRefused": 1, "InternalErrors": 1}
    assert pipeline.told("FileRefused") == [file.file_id]


@pytest.mark.usefixtures("small_blocks")
async def test_what_was_cut_before_is_delivered_and_the_file_is_incomplete(monkeypatch: pytest.MonkeyPatch) -> None:
    takes_until(FAILS_AT, monkeypatch)
    pipeline = Pipeline()
    file = pipeline.drop(forty())
    await pipeline.run()

    row, report = await pipeline.row(file), pipeline.report(file)
    assert 8 <= row.received < 30
    assert await pipeline.counted(file) == {"delivered": row.received}
    assert (report["state"], report["balanced"]) == ("incomplete", True)
    (note,) = report["notes"]
    assert note["code"] == "traffic.internal_error"
    last = (await pipeline.ledger.chunks(file.file_id))[-1].span
    assert f"until then what it has from byte {last.end:,} on is in no record" in note["message"]
    assert not pipeline.errors + pipeline.dead_letters
    assert sum(worked.counts.get("InternalErrors", 0) for worked in pipeline.worked) == 1


async def replayed(pipeline: Pipeline, file: SourceFile, **asked: Any) -> None:
    replay = await plan_replay(pipeline.ledger, pipeline.store, await pipeline.row(file), **asked)
    await begin_replay(pipeline, replay)
    await pipeline.run()


@pytest.mark.usefixtures("small_blocks")
@pytest.mark.parametrize("fails_at", ["S00000", FAILS_AT, "S00039"])
async def test_it_is_cut_to_its_end_by_a_replay_once_the_format_is_mended(
    monkeypatch: pytest.MonkeyPatch, fails_at: str
) -> None:
    # Given
    pipeline = Pipeline()
    with monkeypatch.context() as patch:
        takes_until(fails_at, patch)
        file = pipeline.drop(forty())
        await pipeline.run()
        version = pipeline.report(file)["account_version"]
        # A replay before that changes nothing.
        await replayed(pipeline, file)
        assert any(
            map(
                is_defect,
                [*pipeline.report(file)["findings"], (pipeline.report(file)["refused"] or {"code": ""})["code"]],
            )
        )
    # When
    await replayed(pipeline, file, code="traffic.internal_error")
    # Expect
    assert await pipeline.assert_sound(file, 40) == {"delivered": 40}
    report = pipeline.report(file)
    assert (report["findings"], report["notes"], report["refused"]) == ({}, [], None)
    assert report["account_version"] > version
    assert report["sha256_tree"]
    # And it is nothing to replay any more.
    assert (await plan_replay(pipeline.ledger, pipeline.store, await pipeline.row(file))).to_cut is None


@pytest.mark.usefixtures("small_blocks")
async def test_a_replay_whose_split_message_is_lost_is_sent_again(monkeypatch: pytest.MonkeyPatch) -> None:
    pipeline = Pipeline()
    with monkeypatch.context() as patch:
        takes_until(FAILS_AT, patch)
        file = pipeline.drop(forty())
        await pipeline.run()
    replay = await plan_replay(pipeline.ledger, pipeline.store, await pipeline.row(file))
    await begin_replay(pipeline, replay)
    pipeline.intake.messages.clear()
    await pipeline.clock.sleep(7 * 3600)
    await send_idle_again(Swept(pipeline).ports, 6 * 3600, pipeline.clock.now() + 60)
    await pipeline.run()
    assert await pipeline.assert_sound(file, 40) == {"delivered": 40}


@pytest.mark.usefixtures("small_blocks")
async def test_a_splitter_that_takes_over_and_fails_leaves_what_was_announced(monkeypatch: pytest.MonkeyPatch) -> None:
    """Be it at once, at what the earlier one has left."""
    pipeline = Pipeline()
    file = pipeline.drop(forty())
    pipeline.fault = Fault(at=16, kills=True)
    await pipeline.handle_next(pipeline.intake)
    pipeline.fault = Fault()
    planned = await pipeline.ledger.chunks(file.file_id)
    assert planned
    assert (await pipeline.row(file)).state is FileState.SPLITTING
    with monkeypatch.context() as patch:
        patch.setattr(stage, "Planner", fails)
        await pipeline.run()
    assert pipeline.report(file)["state"] == "incomplete"
    assert (await pipeline.row(file)).received == sum(chunk.span.records for chunk in planned)
    await replayed(pipeline, file)
    assert await pipeline.assert_sound(file, 40) == {"delivered": 40}


@pytest.mark.parametrize("what", ["find_directory", "read_directory"])
async def test_a_zip_file_that_we_fail_at_is_refused_and_replayed(monkeypatch: pytest.MonkeyPatch, what: str) -> None:
    pipeline = Pipeline()
    with monkeypatch.context() as patch:
        patch.setattr(zips, what, fails)
        file = pipeline.drop(packed({"spots.csv": forty()}), "traffic/spots.zip")
        await pipeline.run()
    assert pipeline.report(file)["refused"]["code"] == "traffic.internal_error"
    await replayed(pipeline, file)
    assert pipeline.report(file)["state"] == "unpacked"


@pytest.mark.parametrize("what", ["Expander", "Transcoder"])
async def test_a_compressed_file_that_we_fail_at_is_refused_and_replayed(
    monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    pipeline = Pipeline()
    body = gzip.compress(forty()) if what == "Expander" else forty().decode().encode("utf-16")
    with monkeypatch.context() as patch:
        patch.setattr(getattr(staging, what), "push", fails)
        file = pipeline.drop(body)
        await pipeline.run()
    assert pipeline.report(file)["refused"]["code"] == "traffic.internal_error"
    await replayed(pipeline, file)
    assert await pipeline.assert_sound(file, 40) == {"delivered": 40}


FAILING = [
    (parts.Part, "push"),
    (parts.Part, "finish"),
    (merges.MergeSearch, "push"),
    (sheet.Sheet, "push"),
    (sheet.Sheet, "finish"),
    (styles.Styles, "shows"),
    (tabling, "told_of_sheet"),
]


@pytest.mark.parametrize(("where", "what"), FAILING)
async def test_a_workbook_that_we_fail_at_is_refused_and_replayed(
    monkeypatch: pytest.MonkeyPatch, where: Any, what: str
) -> None:
    pipeline, spots = Pipeline(), [spot(at) for at in range(40)]
    book = saved(workbook_of(("Log", table_of(spots, list(spots[0])))))
    with monkeypatch.context() as patch:
        patch.setattr(where, what, fails)
        file = pipeline.drop(book, "traffic/spots.xlsx")
        await pipeline.run()
    assert not pipeline.errors + pipeline.dead_letters
    assert pipeline.report(file)["refused"]["code"] == "traffic.internal_error"
    assert SECRET not in str(pipeline.report(file))
    await replayed(pipeline, file)
    assert await pipeline.assert_sound(file, 40) == {"delivered": 40}


@pytest.mark.parametrize("what", ["documents", "survey", "read", "lines"])
@pytest.mark.parametrize("pages", [1, 5])
async def test_a_document_that_we_fail_at_is_refused_and_replayed(
    monkeypatch: pytest.MonkeyPatch, what: str, pages: int
) -> None:
    """Where a page kills its reader, or nobody can read it, is another matter: that page alone is held."""
    pipeline = Pipeline()
    papers = replace(TRAFFIC, documents=lambda head: head.startswith(BEGINS))
    monkeypatch.setitem(feeds.FEEDS, "traffic", papers)
    with monkeypatch.context() as patch:
        if what == "documents":
            patch.setitem(feeds.FEEDS, "traffic", replace(papers, documents=fails))
        elif what == "lines":
            patch.setattr(MemoryPages, "assemble", assembling_fails)
        else:
            patch.setattr(MemoryDocument, what, fails)
        file = pipeline.drop(document(*(page(spot(at)) for at in range(pages))), "traffic/paper.pdf")
        await pipeline.run()
    assert not pipeline.errors + pipeline.dead_letters
    assert pipeline.report(file)["refused"]["code"] == "traffic.internal_error"
    await replayed(pipeline, file)
    assert await pipeline.assert_sound(file, pages) == {"delivered": pages}


def assembling_fails(_: MemoryPages, feed: str, *__: Any) -> Assembled:
    async def lines() -> AsyncGenerator[bytes]:
        with at_a_file(feed):
            yield fails()

    return Assembled(lines())


# -- where it is judged beside others


def own_examination() -> Examination:
    assert CREW.examination
    return CREW.examination


EXAMINATION = own_examination()


def examined_with(**changes: Callable[..., Any]) -> Feed:
    return replace(CREW, examination=replace(EXAMINATION, **changes))


def examine_but(*duties: str) -> Callable[..., Any]:
    """The feed's own examination, but that it raises where it sees one of these duties."""

    def examine(records: Sequence[Record], known: Sequence[Known], policy: Any) -> Any:
        if any(record["duty_id"] in duties for record in records):
            raise Trips(SECRET)
        return EXAMINATION.examine(records, known, policy)

    return examine


def to_history_but(*duties: str) -> Callable[[Record], Known]:
    def to_history(record: Record) -> Known:
        return fails() if record["duty_id"] in duties else EXAMINATION.to_history(record)

    return to_history


async def ends_of(desk: Desk, file: SourceFile) -> dict[int, tuple[Outcome, list[str]]]:
    lines = await desk.outcome_lines(file)
    return {at: (Outcome(line["outcome"]), codes_of(line)) for at, line in lines.items()}


def failing_but(what: Callable[..., Any] | None, *duties: str) -> Callable[..., Any]:
    """A function of the examination that is asked of one record, but that it raises at these duties."""

    def asked(record: Record, *others: Any) -> Any:
        assert what
        return fails() if record["duty_id"] in duties else what(record, *others)

    return asked


@pytest.mark.parametrize(
    "changes",
    [
        {"examine": examine_but("D1", "D4")},
        {"to_history": to_history_but("D1", "D4")},
        {"also": failing_but(EXAMINATION.also, "D1", "D4")},
        {"keys": failing_but(lambda record: [record["crew_id"]], "D1", "D4")},
    ],
)
async def test_only_the_records_that_an_examination_fails_at_are_dead(
    monkeypatch: pytest.MonkeyPatch, changes: dict[str, Any]
) -> None:
    monkeypatch.setitem(feeds.FEEDS, "crew", examined_with(**changes))
    desk = Desk()
    file = await desk.file(*(week(at) for at in range(6)), *(week(at, crew_id="C2") for at in (6, 7)))

    assert await desk.counted(file) == {"delivered": 6, "dead": 2}
    assert await ends_of(desk, file) == {at: (Outcome.DEAD, ["crew.internal_error"]) for at in (1, 4)}
    assert not desk.errors
    assert desk.known() == {"D0", "D2", "D3", "D5", "D6", "D7"}
    assert f"reports/{file.file_id}/exceptions.ndjson" not in desk.store.work  # no rule has found anything


@pytest.mark.parametrize("function", ["examine", "prune"])
async def test_a_history_that_cannot_be_read_ends_the_records_of_its_key_and_no_others(
    monkeypatch: pytest.MonkeyPatch, function: str
) -> None:
    """A row of an older release, say, that nobody has taught the newer one to read."""
    # Given what is known of two members of the crew
    desk = Desk()
    await desk.file(week(0), week(1, crew_id="C2"), name="before")
    # When the examination fails at what is known of one of them
    own = getattr(EXAMINATION, function)

    def fail_at_known(*args: Any) -> Any:
        known = args[-1] if function == "prune" else args[1]
        return fails() if any(one.id == "D0" for one in known) else own(*args)

    monkeypatch.setitem(feeds.FEEDS, "crew", examined_with(**{function: fail_at_known}))
    file = await desk.file(week(2), week(3), week(4, crew_id="C2"))
    # Expect
    assert await desk.counted(file) == {"delivered": 1, "dead": 2}
    assert set(await ends_of(desk, file)) == {0, 1}
    # And once it can be read, they are delivered
    monkeypatch.setitem(feeds.FEEDS, "crew", CREW)
    replay = await plan_replay(desk.ledger, desk.store, await desk.row(file))
    await begin_replay(desk, replay)
    await desk.run()
    assert await desk.counted(file) == {"delivered": 3}


async def test_a_twin_of_a_dead_record_is_no_duplicate_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(feeds.FEEDS, "crew", examined_with(examine=examine_but("D0")))
    desk = Desk()
    file = await desk.file(week(0), week(1), week(0))
    assert await desk.counted(file) == {"delivered": 1, "dead": 2}


async def test_what_breaks_on_the_way_to_the_histories_is_an_outage(monkeypatch: pytest.MonkeyPatch) -> None:
    """As a missing right would: it is nothing that one record has done."""
    desk = Desk()

    async def denied(*_: Any) -> Any:
        raise PermissionError("AccessDenied")

    monkeypatch.setattr(desk.histories, "write", denied)
    file = desk.drop(ndjson(week(0)), "crew/duties.ndjson")
    with pytest.raises(PermissionError):
        await desk.run()
    assert (await desk.row(file)).state is FileState.SEALED


# -- what operators see


def test_a_check_shows_them_as_dead(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    monkeypatch.setitem(feeds.FEEDS, "traffic", tripping("S00003"))
    monkeypatch.setitem(feeds.FEEDS, "crew", examined_with(examine=examine_but("D1")))
    spots, duties = tmp_path / "spots.csv", tmp_path / "duties.ndjson"
    spots.write_bytes(csv_file([spot(at) for at in range(5)]))
    duties.write_bytes(ndjson(*(week(at) for at in range(3))))
    for path, feed, valid in ((spots, "traffic", 4), (duties, "crew", 2)):
        result = CliRunner().invoke(cli.app, ["check", str(path), "--feed", feed, "--rejects", str(tmp_path / "r.csv")])
        assert result.exit_code == cli.Exit.REJECTED
        assert f"{valid} valid" in result.stdout
        assert "1 dead\n" in result.stdout
        assert f"{feed}.internal_error" in result.stdout
        assert "Penstock failed at this record (Trips at penstock." in result.stdout
        assert SECRET not in result.stdout


@pytest.mark.parametrize(("name", "code"), [("S00000", "REFUSED"), (FAILS_AT, "REJECTED")])
def test_a_check_shows_where_a_format_fails(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Any, name: str, code: str
) -> None:
    for size in ("BLOCK", "HEAD"):
        monkeypatch.setattr(check_file, size, 1024)
    monkeypatch.setitem(feeds.FEEDS, "traffic", replace(TRAFFIC, limits=FEW))
    takes_until(name, monkeypatch)
    (tmp_path / "spots.csv").write_bytes(forty())
    result = CliRunner().invoke(cli.app, ["check", str(tmp_path / "spots.csv"), "--feed", "traffic"])
    assert result.exit_code == cli.Exit[code]
    assert "Penstock failed at the file (Trips at penstock." in result.stdout
    assert ("is in no record (traffic.internal_error)" in result.stdout) == (name == FAILS_AT)
    assert SECRET not in result.stdout


async def test_status_says_where_penstock_has_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(feeds.FEEDS, "traffic", tripping("S00003", "S00004", "S00030"))
    pipeline = Pipeline()
    file = pipeline.drop(csv_file([spot(at) for at in range(40)]))
    pipeline.drop(csv_file([spot(50)]), "traffic/sound.csv")
    await pipeline.run()
    with monkeypatch.context() as patch:
        takes_until("S00060", patch)
        refused = pipeline.drop(csv_file([spot(60)]), "traffic/refused.csv")
        await pipeline.run()
    ports = operated(pipeline)
    records = Records.__new__(Records)
    # All that it asks for; they are frozen.
    for name, port in (("ledger", ports.ledger), ("store", ports.store), ("clock", pipeline.clock)):
        object.__setattr__(records, name, port)

    told, of_refused = sorted(
        await records.internal_errors(await records.files(10)), key=lambda one: one["key"], reverse=True
    )

    assert of_refused["file_id"] == refused.file_id
    assert "Penstock failed at the file (Trips at penstock." in str(of_refused["found"])
    assert (told["file_id"], told["key"]) == (file.file_id, "traffic/spots.csv")
    ((message, count),) = told["found"].items()
    assert "Trips at penstock.validate.judging:" in message
    assert count == 3


def test_the_case_of_a_null_instant_takes_nobody_with_it() -> None:
    """0001-01-01, a common null of exports."""
    duties = [duty("08:00", "9:00", 2, duty_id=f"D{at}") for at in range(3)]
    duties[1] |= {"report_at": "0001-01-01T00:00:00+14:00"}
    judged = judge_file(CREW, ndjson(*duties))
    assert [one.ordinal for one in judged.accepted] == [0, 2]
