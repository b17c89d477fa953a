"""Held records: a soft finding, a feed that holds, and a scheduler's word. None is sent before it is released, who is
released is delivered once, who is refused comes back to the sender (invariants 1, 3, 4, 7)."""

from collections.abc import Iterator, Mapping
from copy import copy
from dataclasses import replace
from typing import Any

import pytest

from penstock import feeds
from penstock.account.completion import complete_file
from penstock.feeds.feed import Feed, Limits, Record, Rule
from penstock.feeds.traffic import TRAFFIC
from penstock.model.errors import Transient
from penstock.model.findings import Outcome, Severity
from penstock.model.messages import DispatchMessage, SourceFile, read_any
from penstock.model.rows import FileState
from penstock.operate.bury import bury
from penstock.operate.decide import NotToBeDecided
from penstock.operate.hold import chosen, refuse
from penstock.outputs.outcomes import codes_of
from penstock.ports.destination import DestinationSettings
from penstock_ops.operate import held, replays
from penstock_ops.operate.circuits import NotClosed
from penstock_ops.operate.explaining import explain
from penstock_ops.operate.replays import Asked, NotToBeReplayed
from penstock_testing.ledger import MemoryLedger
from penstock_testing.memory import MemoryEvents
from tests.support.destination import LOST, UNSENT, Api, refusing
from tests.support.operators import audited, operated
from tests.support.pipeline import Failing, Fault, Killed, Pipeline, Process
from tests.support.spots import csv_file, rows_of, spot

KEYED = DestinationSettings(
    url="api", batch_records=2, rate_per_second=1000.0, burst=1000, concurrency=1, honours_idempotency_key=True
)
DOUBTFUL = "Dubious & Sons"


def doubtful(records: list[Record]) -> list[int]:
    return [at for at, one in enumerate(records) if one.get("advertiser") == DOUBTFUL]


FLAGGED = Rule("traffic.doubtful", "advertiser", "look at this advertiser", doubtful, Severity.SOFT, "House rule 7")  # type: ignore[arg-type]
HOLDS = replace(TRAFFIC, rules=(*TRAFFIC.rules, FLAGGED), soft="hold", revision="length_s", limits=Limits(records=4))


@pytest.fixture(autouse=True)
def a_feed_that_holds() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(feeds.FEEDS, "traffic", HOLDS)
        yield


def now_is(feed: Feed) -> None:
    """A deploy: the feed is another from here on."""
    feeds.FEEDS["traffic"] = feed


def log(*numbers: int, **changes: str) -> bytes:
    """Six spots; those with these numbers are of a doubtful advertiser."""
    return csv_file(spot(at, **({"advertiser": DOUBTFUL} | changes if at in numbers else {})) for at in range(6))


@pytest.fixture
def pipeline() -> Pipeline:
    return Pipeline(Api(KEYED))


@pytest.fixture
async def file(pipeline: Pipeline) -> SourceFile:
    """Its records 1, 2 and 5 are held, in two chunks."""
    file = pipeline.drop(log(1, 2, 5))
    await pipeline.run()
    assert await pipeline.assert_sound(file, 6) == {"delivered": 3, "held": 3}
    return file


def sent(pipeline: Pipeline) -> list[str]:
    """The spots that were posted, in order."""
    return sorted(record["spot_id"] for _, body in pipeline.api.bodies for record in body["records"])


async def released(pipeline: Pipeline, file: SourceFile, records: str, run: bool = True) -> None:
    ports = operated(pipeline)
    release = await held.prepare_release(ports, await pipeline.row(file), records)
    await held.begin_release(ports, release, by="Grace", note="seen with the client")
    if run:
        await pipeline.run()


async def refused(pipeline: Pipeline, file: SourceFile, records: str) -> None:
    await held.refuse_all(operated(pipeline), await pipeline.row(file), records, by="Grace", note="not on our air")


# -- holding


async def test_what_is_flagged_waits_and_the_others_are_delivered(pipeline: Pipeline, file: SourceFile) -> None:
    assert sent(pipeline) == ["S00000", "S00003", "S00004"]
    summary = pipeline.report(file)
    assert (summary["state"], summary["balanced"], summary["ranges"]) == ("settled", True, {"held": "1-2,5"})
    assert summary["findings"] == {"traffic.doubtful": 3}
    outcome_line = (await pipeline.outcome_lines(file))[1]
    assert (outcome_line["outcome"], codes_of(outcome_line)) == ("held", ["traffic.doubtful"])


@pytest.mark.parametrize(
    ("feed", "settings", "outcome"), [("hold", "deliver", "delivered"), ("deliver", "hold", "held")]
)
async def test_the_settings_have_the_last_word_on_what_is_flagged(
    feed: str, settings: str, outcome: str, pipeline: Pipeline
) -> None:
    now_is(replace(HOLDS, soft=feed))  # type: ignore[arg-type]
    pipeline.api.settings_now = replace(KEYED, soft=settings)  # type: ignore[arg-type]
    file = pipeline.drop(log(*range(6)))
    await pipeline.run()
    assert await pipeline.assert_sound(file, 6) == {outcome: 6}
    assert pipeline.report(file)["findings"] == {"traffic.doubtful": 6}


async def test_what_is_delivered_in_spite_of_a_finding_says_so(pipeline: Pipeline) -> None:
    now_is(replace(HOLDS, soft="deliver"))
    file = pipeline.drop(log(1))
    await pipeline.run()
    outcome_line = await explain(pipeline.ledger, pipeline.store, await pipeline.row(file), 1, pipeline.clock.now())
    assert outcome_line["outcome"] == "delivered"
    assert outcome_line["findings"] == [
        {
            "code": "traffic.doubtful",
            "message": "look at this advertiser",
            "field": "advertiser",
            "severity": "soft",
            "rule": "House rule 7",
        }
    ]


async def test_a_record_that_is_wrong_besides_is_rejected_with_both(pipeline: Pipeline) -> None:
    file = pipeline.drop(log(1, record_type="billing", rate="", billing_code="B1"))
    await pipeline.run()
    assert await pipeline.assert_sound(file, 6) == {"delivered": 5, "rejected": 1}
    assert sorted(codes_of((await pipeline.outcome_lines(file))[1])) == [
        "traffic.billing_needs_rate",
        "traffic.doubtful",
    ]
    assert [row["penstock_code"] for row in rows_of(pipeline.report(file, "rejects.csv"))] == [
        "traffic.billing_needs_rate"
    ]
    assert pipeline.report(file)["findings"] == {"traffic.billing_needs_rate": 1, "traffic.doubtful": 1}


async def test_a_chunk_that_is_tried_again_does_not_send_what_it_holds(pipeline: Pipeline) -> None:
    # Given a destination that cannot be reached at first, so that the chunk comes again with everything fixed
    pipeline.api.troubles = [UNSENT, UNSENT, UNSENT]
    file = pipeline.drop(log(1, 2))
    # When the policy changes meanwhile
    while not pipeline.api.bodies:
        await pipeline.step()
    pipeline.api.settings_now = replace(KEYED, soft="deliver")
    await pipeline.run()
    # Expect what was held to be so still
    assert await pipeline.assert_sound(file, 6) == {"delivered": 4, "held": 2}
    assert not {"S00001", "S00002"} & set(sent(pipeline))


async def test_a_chunk_that_dies_keeps_what_it_holds(pipeline: Pipeline) -> None:
    # Given
    pipeline.api.troubles = [UNSENT] * 9
    file = pipeline.drop(log(1))
    bodies = dict[int, str]()
    while not pipeline.api.bodies:
        await pipeline.step()
        for one in pipeline.dispatches.messages.values():
            message = read_any(one.body)
            assert isinstance(message, DispatchMessage)
            bodies[message.chunk.span.chunk] = one.body
    # When its message lies in the DLQ
    pipeline.dispatches.messages.clear()
    await pipeline.clock.sleep(600)
    message = read_any(bodies[0])
    assert isinstance(message, DispatchMessage)
    counted = await bury(pipeline, message)
    # Expect
    assert counted
    assert (counted[Outcome.HELD], counted[Outcome.DEAD]) == (1, 3)
    with pytest.raises(NotToBeDecided, match=r"is dead: the records 1 can be released once it is settled"):
        await released(pipeline, file, "1")
    # When it is redriven
    pipeline.api.troubles = []
    for body in bodies.values():
        pipeline.put(pipeline.dispatches, body)
    await pipeline.run()
    # Expect
    assert await pipeline.assert_sound(file, 6) == {"delivered": 5, "held": 1}
    await released(pipeline, file, "1")
    assert await pipeline.assert_sound(file, 6) == {"delivered": 6}


# -- releasing


async def test_what_is_released_is_delivered_once_and_the_others_wait_on(pipeline: Pipeline, file: SourceFile) -> None:
    await released(pipeline, file, "2,5")
    assert await pipeline.assert_sound(file, 6) == {"delivered": 5, "held": 1}
    assert sent(pipeline) == ["S00000", "S00002", "S00003", "S00004", "S00005"]
    assert pipeline.report(file)["ranges"] == {"held": "1"}
    assert pipeline.report(file)["findings"] == {"traffic.doubtful": 3}
    await released(pipeline, file, "1")
    assert await pipeline.assert_sound(file, 6) == {"delivered": 6}


async def test_releasing_twice_delivers_once(pipeline: Pipeline, file: SourceFile) -> None:
    await released(pipeline, file, "1-2", run=False)
    with pytest.raises(NotToBeDecided, match="is sent: the records 1 can be released once it is settled"):
        await released(pipeline, file, "1", run=False)
    await pipeline.run()
    assert await pipeline.assert_sound(file, 6) == {"delivered": 5, "held": 1}
    ports = operated(pipeline)
    with pytest.raises(NotToBeDecided, match="these records are not held: 1-2"):
        await held.prepare_release(ports, await pipeline.row(file), "1-2")


async def test_a_release_that_another_round_came_before_says_what_is_still_held(
    pipeline: Pipeline, file: SourceFile
) -> None:
    # Given two schedulers who saw the chunk as it is
    ports = operated(pipeline)
    late = await held.prepare_release(ports, await pipeline.row(file), "1-2")
    await released(pipeline, file, "1")
    # When
    await held.begin_release(ports, late, by="", note="seen")
    await pipeline.run()
    # Expect
    await replays.follow(ports, late, 60, lambda done, total: None)
    assert await held.still_held(ports, late) == "2"
    assert await pipeline.assert_sound(file, 6) == {"delivered": 4, "held": 2}


async def test_what_the_destination_refuses_then_is_rejected_and_its_identity_is_free(
    pipeline: Pipeline, file: SourceFile
) -> None:
    pipeline.api.refuses = refusing("advertiser", DOUBTFUL)
    await released(pipeline, file, "1")
    assert await pipeline.assert_sound(file, 6) == {"delivered": 3, "rejected": 1, "held": 2}
    again = pipeline.drop(csv_file([spot(1)]), "traffic/mended.csv")
    await pipeline.run()
    assert await pipeline.assert_sound(again, 1) == {"delivered": 1}


async def test_what_a_rule_forbids_by_then_is_rejected_and_its_identity_is_free(
    pipeline: Pipeline, file: SourceFile
) -> None:
    # Given a rule that has become a hard one since
    now_is(replace(HOLDS, rules=(replace(FLAGGED, severity=Severity.HARD),)))
    await released(pipeline, file, "1")
    assert await pipeline.assert_sound(file, 6) == {"delivered": 3, "rejected": 1, "held": 2}
    assert [row["penstock_ordinal"] for row in rows_of(pipeline.report(file, "rejects.csv"))] == ["1"]
    # Expect
    again = pipeline.drop(csv_file([spot(1)]), "traffic/mended.csv")
    await pipeline.run()
    assert await pipeline.assert_sound(again, 1) == {"delivered": 1}


async def test_nothing_is_released_before_an_open_circuit(pipeline: Pipeline, file: SourceFile) -> None:
    now = pipeline.clock.now()
    await pipeline.throttle.trip("traffic", now, now + 30, "the destination answered 503")
    with pytest.raises(NotClosed):
        await released(pipeline, file, "1")
    assert audited(pipeline, "HeldReleased") == []


# -- refusing


async def test_what_is_refused_comes_back_to_its_sender(pipeline: Pipeline, file: SourceFile) -> None:
    await refused(pipeline, file, "1,5")
    assert await pipeline.assert_sound(file, 6) == {"delivered": 3, "rejected": 2, "held": 1}
    assert sent(pipeline) == ["S00000", "S00003", "S00004"]
    rows = rows_of(pipeline.report(file, "rejects.csv"))
    assert [(row["spot_id"], row["advertiser"], row["penstock_line"]) for row in rows] == [
        ("S00001", DOUBTFUL, "3"),
        ("S00005", DOUBTFUL, "7"),
    ]
    assert {row["penstock_code"] for row in rows} == {"delivery.refused"}
    assert rows[0]["penstock_message"] == "a scheduler has refused it: not on our air"
    assert pipeline.report(file)["findings"] == {"delivery.refused": 2, "traffic.doubtful": 3}
    # Dropped again it is held again, and mended it is delivered.
    for name, advertiser, outcome in (("again", DOUBTFUL, "held"), ("mended", "Ada's Diner", "delivered")):
        number = 1 if outcome == "held" else 5
        again = pipeline.drop(csv_file([spot(number, advertiser=advertiser)]), f"traffic/{name}.csv")
        await pipeline.run()
        assert await pipeline.assert_sound(again, 1) == {outcome: 1}


@pytest.mark.parametrize("kills", [False, True], ids=["breaks", "dies"])
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
async def test_a_refusal_that_breaks_off_anywhere_is_done_by_doing_it_again(after: bool, kills: bool) -> None:
    for at in range(40):
        pipeline = Pipeline(Api(KEYED))
        file = pipeline.drop(log(1))
        await pipeline.run()
        struck = await refused_with(pipeline, file, Fault(at, kills, after))
        await pipeline.clock.sleep(600)
        if await held.held_records(pipeline.ledger, pipeline.store):
            await refused(pipeline, file, "1")
        else:
            ports = operated(pipeline)
            await complete_file(ports, file.file_id)
        assert await pipeline.assert_sound(file, 6) == {"delivered": 5, "rejected": 1}
        assert pipeline.report(file)["findings"] == {"delivery.refused": 1, "traffic.doubtful": 1}
        if not struck:
            return
    raise AssertionError("a refusal makes more calls than that")


async def refused_with(pipeline: Pipeline, file: SourceFile, fault: Fault) -> str:
    """A refusal with this fault on its way; the call that it struck, if any."""
    row, process, ports = await pipeline.row(file), Process(), operated(pipeline)
    pipeline.fault = fault
    store, ledger, claims = (Failing(port, pipeline, process) for port in (ports.store, ports.ledger, ports.claims))
    failing: Any = replace(ports, store=store, ledger=ledger, claims=claims)
    try:
        await held.refuse_all(failing, row, "1", by="Grace", note="no")
    except (Transient, Killed):
        pass
    finally:
        pipeline.fault = Fault()
    return fault.struck


class BrokenBus(MemoryEvents):
    """Whoever puts an event breaks."""

    async def put(self, kind: str, detail: Mapping[str, Any]) -> None:
        raise Transient("no event is taken")


@pytest.mark.parametrize("report", ["rejects", "outcomes"])
async def test_a_report_that_was_held_up_is_not_put_over_that_of_a_later_refusal(
    report: str, pipeline: Pipeline, file: SourceFile
) -> None:
    # Given a refusal that broke off before the file's end was written anew
    ports, slow = operated(pipeline), copy(pipeline.store)
    (last,) = await chosen(ports.ledger, ports.store, await pipeline.row(file), [5])
    await refuse(ports, await pipeline.row(file), last, "not on our air")

    # When who finishes it is held up, in the midst of this report, by another refusal with its end, and then breaks
    async def held_up(key: str) -> bytes | None:
        body = await pipeline.store.get(key)
        if f"/{report}-" in key and (await pipeline.counted(file))["held"] == 2:
            await refused(pipeline, file, "1")
        return body

    slow.get = held_up
    with pytest.raises(Transient):
        await complete_file(replace(ports, store=slow, events=BrokenBus()), file.file_id)
    # Expect
    assert await pipeline.assert_sound(file, 6) == {"delivered": 3, "rejected": 2, "held": 1}
    rows = rows_of(pipeline.report(file, "rejects.csv"))
    assert [row["spot_id"] for row in rows] == ["S00001", "S00005"]
    summary = pipeline.report(file)
    assert (summary["records"]["rejected"], summary["ranges"]) == (2, {"held": "2"})


async def test_who_broke_with_an_earlier_report_just_put_writes_the_later_one_when_he_comes_again(
    pipeline: Pipeline, file: SourceFile
) -> None:
    """Seed 92874: he was held up in the very call that put it."""
    # Given a refusal that broke off before the file's end was written anew
    ports, slow = operated(pipeline), copy(pipeline.store)
    (last,) = await chosen(ports.ledger, ports.store, await pipeline.row(file), [5])
    await refuse(ports, await pipeline.row(file), last, "not on our air")

    async def held_up(key: str, body: bytes, content_type: str) -> None:
        if key.endswith("summary.json"):
            await refused(pipeline, file, "1")
        await pipeline.store.put(key, body, content_type)

    slow.put = held_up
    with pytest.raises(Transient):
        await complete_file(replace(ports, store=slow, events=BrokenBus()), file.file_id)
    assert pipeline.report(file)["records"]["rejected"] == 1
    # When
    before = await pipeline.row(file)
    assert await complete_file(ports, file.file_id) == {}
    # Expect
    assert await pipeline.row(file) == before
    assert pipeline.report(file)["records"]["rejected"] == 2
    assert [row["spot_id"] for row in rows_of(pipeline.report(file, "rejects.csv"))] == ["S00001", "S00005"]


async def test_a_file_that_is_still_being_split_is_waited_for(pipeline: Pipeline) -> None:
    """Seed 11: its first chunk had ended, and nobody knew yet how many there would be."""
    file = pipeline.drop(log(1, 2, 5))
    await pipeline.handle_next(pipeline.intake)
    pipeline.ledger._files[file.file_id].row = replace(
        await pipeline.row(file), state=FileState.SPLITTING, layout=None, received=0
    )
    await pipeline.run()
    assert len(await held.held_records(pipeline.ledger, pipeline.store)) == 3
    for decide in (released, refused):
        with pytest.raises(NotToBeReplayed, match="the file is still being split"):
            await decide(pipeline, file, "1")


async def test_another_word_waits_for_a_refusal_that_broke_off(pipeline: Pipeline, file: SourceFile) -> None:
    assert await refused_with(pipeline, file, Fault(12, kills=True)) not in ("", "claim_generation")
    await pipeline.clock.sleep(600)
    with pytest.raises(NotToBeDecided, match=r"a decision about the records 1 of chunk .* broke off: make it again"):
        await refused(pipeline, file, "2")
    with pytest.raises(NotToBeDecided, match="can be released once it is settled"):
        await released(pipeline, file, "1")
    await refused(pipeline, file, "1")
    await refused(pipeline, file, "2")
    assert await pipeline.assert_sound(file, 6) == {"delivered": 3, "rejected": 2, "held": 1}


async def test_what_was_refused_is_replayed_only_by_who_says_so(pipeline: Pipeline, file: SourceFile) -> None:
    await refused(pipeline, file, "1")
    ports = operated(pipeline)
    plan = await replays.prepare(ports, await pipeline.row(file), Asked(file.file_id))
    told = replays.described(plan, 10)
    assert (told["records"], told["held"], told["refused"]) == ({}, 2, 1)
    assert told["then"] == [
        "there is nothing to replay",
        f"2 held records wait for a scheduler to decide them: `penstock held list --file {file.file_id}`",
        "1 records were refused by a scheduler; who brings them back says --reason delivery.refused",
    ]
    again = await replays.prepare(ports, await pipeline.row(file), Asked(file.file_id, reason="delivery.refused"))
    await replays.begin(ports, again)
    await pipeline.run()
    assert await pipeline.assert_sound(file, 6) == {"delivered": 3, "held": 3}
    assert pipeline.report(file)["findings"] == {"traffic.doubtful": 3}


async def test_a_chunk_on_its_way_is_not_decided_from_outside(pipeline: Pipeline, file: SourceFile) -> None:
    # Given a release that has got as far as the destination
    await released(pipeline, file, "1", run=False)
    await pipeline.handle_next(pipeline.chunks)
    # Expect
    with pytest.raises(NotToBeDecided, match="is validated: its records can be decided once it is settled"):
        await refused(pipeline, file, "1")
    await pipeline.run()
    assert await pipeline.assert_sound(file, 6) == {"delivered": 4, "held": 2}


# -- beside other files


async def test_the_same_record_is_a_duplicate_of_the_held_one(pipeline: Pipeline, file: SourceFile) -> None:
    again = pipeline.drop(log(1, 2, 5), "traffic/again.csv")
    await pipeline.run()
    assert await pipeline.assert_sound(again, 6) == {"duplicate": 6}
    assert (await pipeline.outcome_lines(again))[1]["of"] == f"{file.file_id}:1"


async def corrected(pipeline: Pipeline, number: int, seconds: int, **changes: str) -> SourceFile:
    file = pipeline.drop(csv_file([spot(number, length_s=str(seconds), **changes)]), f"traffic/{seconds}.csv")
    await pipeline.run()
    return file


async def test_a_correction_overtakes_a_held_record_which_then_is_superseded(
    pipeline: Pipeline, file: SourceFile
) -> None:
    later = await corrected(pipeline, 1, 45)
    assert await pipeline.assert_sound(later, 1) == {"delivered": 1}
    await released(pipeline, file, "1")
    assert await pipeline.assert_sound(file, 6) == {"delivered": 3, "rejected": 1, "held": 2}
    assert "traffic.superseded" in codes_of((await pipeline.outcome_lines(file))[1])


async def test_a_held_correction_does_not_bar_what_it_corrects(pipeline: Pipeline) -> None:
    # Given a correction that came first, and is held
    correction = await corrected(pipeline, 1, 45, advertiser=DOUBTFUL)
    assert await pipeline.assert_sound(correction, 1) == {"held": 1}
    # When what it corrects comes, and each of them again
    first = await corrected(pipeline, 1, 30)
    assert await pipeline.assert_sound(first, 1) == {"delivered": 1}
    again = pipeline.drop(csv_file([spot(1, length_s="30")]), "traffic/again.csv")
    twin = pipeline.drop(csv_file([spot(1, length_s="45", advertiser=DOUBTFUL)]), "traffic/twin.csv")
    await pipeline.run()
    # Expect each to be there once
    assert await pipeline.assert_sound(again, 1) == {"duplicate": 1}
    assert await pipeline.assert_sound(twin, 1) == {"duplicate": 1}
    assert (await pipeline.outcome_lines(twin))[0]["of"] == f"{correction.file_id}:0"
    # When it is released
    await released(pipeline, correction, "0")
    assert await pipeline.assert_sound(correction, 1) == {"delivered": 1}
    assert [body["records"][0]["length_s"] for _, body in pipeline.api.bodies] == [30, 45]
    # Then what it corrects is superseded
    late = pipeline.drop(csv_file([spot(1, length_s="30")]), "traffic/late.csv")
    await pipeline.run()
    assert await pipeline.assert_sound(late, 1) == {"rejected": 1}


async def test_behind_a_held_correction_what_it_corrects_is_not_delivered_twice(pipeline: Pipeline) -> None:
    """Seed 769."""
    first = await corrected(pipeline, 1, 30)
    assert await pipeline.assert_sound(await corrected(pipeline, 1, 45, advertiser=DOUBTFUL), 1) == {"held": 1}
    again = pipeline.drop(csv_file([spot(1, length_s="30")]), "traffic/again.csv")
    await pipeline.run()
    assert await pipeline.assert_sound(again, 1) == {"duplicate": 1}
    assert (await pipeline.outcome_lines(again))[0]["of"] == f"{first.file_id}:0"


async def test_a_held_correction_stands_again_where_what_it_corrects_came_to_nothing(pipeline: Pipeline) -> None:
    correction = await corrected(pipeline, 1, 45, advertiser=DOUBTFUL)
    pipeline.api.refuses = lambda record: 422 if record["length_s"] == 30 else 0
    first = await corrected(pipeline, 1, 30)
    assert await pipeline.assert_sound(first, 1) == {"rejected": 1}

    twin = pipeline.drop(csv_file([spot(1, length_s="45", advertiser=DOUBTFUL)]), "traffic/twin.csv")
    await pipeline.run()
    assert await pipeline.assert_sound(twin, 1) == {"duplicate": 1}
    await released(pipeline, correction, "0")
    assert await pipeline.assert_sound(correction, 1) == {"delivered": 1}


async def test_behind_an_unknown_correction_a_held_record_that_is_forgotten_makes_no_duplicate(
    pipeline: Pipeline,
) -> None:
    """Seed 1290. Nobody can release it any more."""
    pipeline.api.settings_now, pipeline.api.troubles = replace(KEYED, honours_idempotency_key=False), [LOST]
    held_back = spot(1, length_s="30", advertiser=DOUBTFUL)
    first = pipeline.drop(csv_file([held_back]))
    await pipeline.run()
    assert await pipeline.assert_sound(first, 1) == {"held": 1}
    assert await pipeline.assert_sound(await corrected(pipeline, 1, 45), 1) == {"unknown": 1}
    pipeline.ledger = MemoryLedger()

    again = pipeline.drop(csv_file([held_back]), "traffic/again.csv")
    await pipeline.run()

    assert await pipeline.assert_sound(again, 1) == {"rejected": 1}, "superseded by what may have been delivered"


async def test_what_a_refused_correction_was_to_correct_stands(pipeline: Pipeline) -> None:
    correction = await corrected(pipeline, 1, 45, advertiser=DOUBTFUL)
    first = await corrected(pipeline, 1, 30)
    await refused(pipeline, correction, "0")

    again = pipeline.drop(csv_file([spot(1, length_s="30")]), "traffic/again.csv")
    await pipeline.run()
    assert await pipeline.assert_sound(again, 1) == {"duplicate": 1}
    assert (await pipeline.outcome_lines(again))[0]["of"] == f"{first.file_id}:0"


async def test_of_two_held_revisions_released_together_both_are_delivered_in_their_order(pipeline: Pipeline) -> None:
    first, second = (spot(1, advertiser=DOUBTFUL, length_s=seconds) for seconds in ("30", "45"))
    file = pipeline.drop(csv_file([first, second]))
    await pipeline.run()
    assert await pipeline.assert_sound(file, 2) == {"held": 2}
    await released(pipeline, file, "0-1")
    assert await pipeline.assert_sound(file, 2) == {"delivered": 2}
    assert [body["records"][0]["length_s"] for _, body in pipeline.api.bodies] == [30, 45]


async def test_behind_held_corrections_the_first_revision_is_never_delivered_twice(pipeline: Pipeline) -> None:
    # Given a delivered record, and two corrections of it that are held, and then refused
    first = await corrected(pipeline, 1, 30)
    held_ones = [await corrected(pipeline, 1, seconds, advertiser=DOUBTFUL) for seconds in (45, 60)]
    for one in held_ones:
        assert await pipeline.assert_sound(one, 1) == {"held": 1}
        await refused(pipeline, one, "0")
    # Expect the first to stand
    again = pipeline.drop(csv_file([spot(1, length_s="30")]), "traffic/again.csv")
    await pipeline.run()
    assert await pipeline.assert_sound(again, 1) == {"duplicate": 1}
    assert (await pipeline.outcome_lines(again))[0]["of"] == f"{first.file_id}:0"


# -- what a scheduler is told


async def test_the_list_says_which_they_are_and_why_they_wait(pipeline: Pipeline, file: SourceFile) -> None:
    first, *others = await held.held_records(pipeline.ledger, pipeline.store, feed="traffic")
    assert first.pop("since").startswith("20")
    assert first == {
        "record": f"{file.file_id}:1",
        "feed": "traffic",
        "file_id": file.file_id,
        "ordinal": 1,
        "key": "traffic/spots.csv",
        "identity": {"station": "WXYZ", "spot_id": "S00001", "air_date": "2026-11-20", "air_time": "19:28:30"},
        "findings": [FLAGGED.finding.as_dict()],
    }
    assert [one["ordinal"] for one in others] == [2, 5]
    assert await held.held_records(pipeline.ledger, pipeline.store, feed="crew") == []


async def test_the_audit_says_who_decided_what_and_why(pipeline: Pipeline, file: SourceFile) -> None:
    await released(pipeline, file, "1")
    await refused(pipeline, file, "2,5")
    told = [audited(pipeline, what)[0] for what in ("HeldReleased", "HeldRefused")]
    assert [(one["by"], one["scheduler"], one["records"], one["note"]) for one in told] == [
        ("Ada", "Grace", "1", "seen with the client"),
        ("Ada", "Grace", "2,5", "not on our air"),
    ]


@pytest.mark.parametrize(
    ("records", "error", "sentence"),
    [
        ("0-2", NotToBeDecided, "these records are not held: 0$"),
        ("1,3-5", NotToBeDecided, "these records are not held: 3-4$"),
        ("6", NotToBeReplayed, "the file has 6 records"),
        ("one", NotToBeReplayed, "--records takes ordinals"),
    ],
)
async def test_only_what_is_held_can_be_decided(
    records: str, error: type[Exception], sentence: str, pipeline: Pipeline, file: SourceFile
) -> None:
    for decide in (released, refused):
        with pytest.raises(error, match=sentence):
            await decide(pipeline, file, records)
    assert await pipeline.counted(file) == {"delivered": 3, "held": 3}
    assert audited(pipeline, "HeldReleased") == audited(pipeline, "HeldRefused") == []
