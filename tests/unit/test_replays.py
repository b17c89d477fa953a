"""`penstock replay` on the twins: what it says, what it refuses, and that it ends with a whole account (R36)."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock import feeds
from penstock.account.completion import summary
from penstock.feeds.feed import Limits
from penstock.feeds.traffic import TRAFFIC, TrafficRecord
from penstock.model.messages import SourceFile
from penstock.model.ordinals import folded
from penstock_ops.operate import replays
from penstock_ops.operate.circuits import NotClosed
from penstock_ops.operate.replays import Asked, NotToBeReplayed, Prepared, ordinals_of
from tests.support.destination import Api, refusing
from tests.support.operators import audited, operated
from tests.support.pipeline import Pipeline
from tests.support.spots import csv_file, ndjson_file, rows_of, spot


@pytest.fixture(autouse=True)
def chunks_of_four(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(feeds.FEEDS, "traffic", replace(TRAFFIC, limits=Limits(records=4)))


#: Three chunks: the API refuses 1 and 5, the rules refuse 2; the last chunk is flawless.
LOG = [spot(at, **({"station": "KBAD"} if at in (1, 5) else {"isci": "?"} if at == 2 else {})) for at in range(10)]


@pytest.fixture
async def pipeline() -> Pipeline:
    return Pipeline(Api(refuses=refusing("station", "KBAD")))


@pytest.fixture
async def log(pipeline: Pipeline) -> SourceFile:
    """A file that has ended with three rejected records."""
    file = pipeline.drop(csv_file(LOG))
    await pipeline.run()
    assert await pipeline.assert_sound(file, 10) == {"delivered": 7, "rejected": 3}
    return file


async def prepared(pipeline: Pipeline, file: SourceFile, **asked: str) -> Prepared:
    return await replays.prepare(operated(pipeline), await pipeline.row(file), Asked(file.file_id, **asked))


async def test_it_says_how_many_records_by_outcome_and_finding_before_anything_is_done(
    pipeline: Pipeline, log: SourceFile
) -> None:
    told = replays.described(await prepared(pipeline, log), limit=100)

    assert told == {
        "file_id": log.file_id,
        "feed": "traffic",
        "key": "traffic/spots.csv",
        "records": {"rejected": 3},
        "findings": {"destination.rejected": 2, "schema.pattern": 1},
        "chunks": 2,
        "to_cut": False,
        "undecided": 0,
        "held": 0,
        "refused": 0,
        "on_their_way": 0,
        "gone": 0,
        "then": [],
    }
    assert not pipeline.chunks.messages
    assert audited(pipeline, "ReplayStarted") == []


async def test_mended_records_are_delivered_and_the_delivered_ones_are_not_touched(
    pipeline: Pipeline, log: SourceFile
) -> None:
    # Given
    sent_before = len(pipeline.api.bodies)
    pipeline.api.refuses = lambda record: 0
    plan = await prepared(pipeline, log, reason="destination.rejected")

    # When
    await replays.begin(operated(pipeline), plan)
    await pipeline.run()
    await replays.follow(operated(pipeline), plan, 60, lambda done, total: None)

    # Expect
    assert await pipeline.assert_sound(log, 10) == {"delivered": 9, "rejected": 1}
    again = [record["spot_id"] for _, body in pipeline.api.bodies[sent_before:] for record in body["records"]]
    assert sorted(again) == ["S00001", "S00005"]
    assert [row["penstock_ordinal"] for row in rows_of(pipeline.report(log, "rejects.csv"))] == ["2"]


class WithMore(TrafficRecord, total=False):
    """A field more than there was."""

    colour: str


async def test_a_field_that_a_release_has_added_since_changes_no_rejects_of_others(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a format without columns, a row of the reject file has the feed's fields."""
    file = pipeline.drop(ndjson_file(LOG), "traffic/spots.ndjson")
    await pipeline.run()
    monkeypatch.setitem(feeds.FEEDS, "traffic", replace(feeds.FEEDS["traffic"], record=WithMore))
    pipeline.api.refuses = lambda record: 0

    await replays.begin(operated(pipeline), await prepared(pipeline, file, reason="destination.rejected"))
    await pipeline.run()

    assert await pipeline.assert_sound(file, 10) == {"delivered": 9, "rejected": 1}
    _, row = pipeline.report(file, "rejects.csv").decode().splitlines()
    assert ",2,isci,schema.pattern," in row


async def test_the_audit_says_who_replayed_what(pipeline: Pipeline, log: SourceFile) -> None:
    await replays.begin(operated(pipeline), await prepared(pipeline, log, records="0-1,5"))

    (line,) = audited(pipeline, "ReplayStarted")
    assert line.pop("at").startswith("20")
    assert line == {
        "what": "ReplayStarted",
        "by": "Ada",
        "feed": "traffic",
        "file_id": log.file_id,
        "reason": None,
        "asked_for": "0-1,5",
        "records": {"rejected": 2},
        "to_cut": False,
        "chunks": "0-1",
    }


async def test_following_tells_how_far_it_has_come_and_gives_up_in_one_sentence(
    pipeline: Pipeline, log: SourceFile
) -> None:
    # Given
    plan, told = await prepared(pipeline, log), list[tuple[int, int | None]]()
    await replays.begin(operated(pipeline), plan)

    # When
    with pytest.raises(Exception, match=f"after 5 s 2 of 2 chunks have not ended.*penstock report {log.file_id}"):
        await replays.follow(operated(pipeline), plan, 5, lambda done, total: told.append((done, total)))
    await pipeline.run()
    await replays.follow(operated(pipeline), plan, 5, lambda done, total: told.append((done, total)))

    # Expect
    assert told[0] == (0, 3)
    assert told[-1] == (3, 3)


async def test_nothing_is_replayed_before_an_open_circuit(pipeline: Pipeline, log: SourceFile) -> None:
    # Given
    now = pipeline.clock.now()
    await pipeline.throttle.trip("traffic", now, now + 30, "the destination answered 503")

    # Expect
    with pytest.raises(NotClosed, match=r"the circuit of traffic is open, since .*\(the destination answered 503\)"):
        await replays.begin(operated(pipeline), await prepared(pipeline, log))
    assert not pipeline.chunks.messages
    assert audited(pipeline, "ReplayStarted") == []


async def test_more_than_the_limit_is_refused_with_what_to_do(pipeline: Pipeline, log: SourceFile) -> None:
    plan = await prepared(pipeline, log)

    replays.ensure_within(plan, 3)
    with pytest.raises(NotToBeReplayed, match=r"3 records are over the limit of 2: .*--limit 3"):
        replays.ensure_within(plan, 2)
    assert "over the limit" in replays.described(plan, 2)["then"][0]


async def test_what_it_cannot_help_is_told_with_what_can(pipeline: Pipeline) -> None:
    # Given a batch that was never answered, for an API without keys, and chunks that have not ended
    pipeline.api.settings_now = replace(pipeline.api.settings_now, honours_idempotency_key=False)
    pipeline.api.troubles.append("lost")
    file = pipeline.drop(csv_file(LOG[6:8]))
    await pipeline.run()
    plan = await prepared(pipeline, file)

    # Expect
    undecided, nothing = replays.described(plan, 100)["undecided"], replays.described(plan, 100)["then"]
    assert undecided == 2
    assert nothing == [
        "there is nothing to replay",
        f"2 records of unknown outcome wait for somebody to decide it: `penstock unknown list --file {file.file_id}`",
    ]


async def test_records_on_their_way_are_counted_and_left_alone(pipeline: Pipeline, log: SourceFile) -> None:
    # Given a replay that has begun, and got as far as the destination
    await replays.begin(operated(pipeline), await prepared(pipeline, log, records="5"))
    await pipeline.handle_next(pipeline.chunks)

    # Expect
    told = replays.described(await prepared(pipeline, log), 100)
    assert told["on_their_way"] == 4
    assert told["records"] == {"rejected": 2}
    assert f"penstock report {log.file_id}" in told["then"][0]


async def test_a_file_without_records_says_what_to_do_instead(pipeline: Pipeline) -> None:
    refused = pipeline.drop(b"\x89PNG\r\n\x1a\n", "traffic/picture.csv")
    await pipeline.run()
    with pytest.raises(NotToBeReplayed, match="mend it and drop it again"):
        await prepared(pipeline, refused)


@pytest.mark.parametrize(
    ("ranges", "sentence"),
    [
        ("", '--records takes ordinals as "3,7-9"'),
        ("three", "not 'three'"),
        ("3,", "not '3,'"),
        ("3 4", "not '3 4'"),
        ("-3", "not '-3'"),
        ("٣", "not '٣'"),
        ("9-7", "9-7 ends before it begins"),
        ("3,10", "the file has 10 records, counted from 0; there is no 10"),
        ("0-999999999999", "there is no 0-999999999999"),
    ],
)
def test_ranges_that_are_none_are_refused_by_a_sentence(ranges: str, sentence: str) -> None:
    with pytest.raises(NotToBeReplayed) as refusal:
        ordinals_of(ranges, received=10)
    assert sentence in str(refusal.value)


@given(st.sets(st.integers(0, 99), min_size=1))
def test_what_a_report_calls_ranges_can_be_typed_again(ordinals: set[int]) -> None:
    assert ordinals_of(folded(sorted(ordinals)), received=100) == tuple(sorted(ordinals))


async def test_a_files_seconds_are_those_to_its_first_end_and_a_later_round_has_its_own(
    pipeline: Pipeline, log: SourceFile
) -> None:
    first = summary(await pipeline.row(log), pipeline.clock.now())
    await pipeline.clock.sleep(3600)
    pipeline.api.refuses = lambda record: 0

    await replays.begin(operated(pipeline), await prepared(pipeline, log, reason="destination.rejected"))
    await pipeline.run()

    again = summary(await pipeline.row(log), pipeline.clock.now())
    assert again["records"]["delivered"] == 9
    assert (first["round_seconds"], again["seconds"]) == (None, first["seconds"])
    assert 0 <= again["round_seconds"] < 3600
