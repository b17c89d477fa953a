"""A file's whole way on the twins."""

from dataclasses import replace

import pytest

from penstock import feeds
from penstock.feeds.feed import Limits
from penstock.model.rows import FileState
from penstock.outputs.outcomes import codes_of
from tests.support.destination import Api, refusing
from tests.support.pipeline import Pipeline
from tests.support.spots import COLUMNS, airing, asrun_file, csv_file, ndjson_file, rows_of, spot


@pytest.fixture
def pipeline() -> Pipeline:
    return Pipeline()


async def test_a_flawless_file_is_delivered_and_balances(pipeline: Pipeline) -> None:
    # Given
    file = pipeline.drop(csv_file(spot(at) for at in range(10)))
    # When
    await pipeline.run()
    # Expect
    assert await pipeline.assert_sound(file, 10) == {"delivered": 10}
    assert len(pipeline.api.applied) == 10
    assert pipeline.told("FileSettled") == [file.file_id]
    assert pipeline.errors == []
    assert not any(key.endswith("rejects.csv") for key in pipeline.store.work)


async def test_the_summary_is_the_account_of_the_file(pipeline: Pipeline) -> None:
    records = [spot(1, colour="red"), spot(2, isci="?"), spot(3, record_type="billing", billing_code=None), spot(1)]
    file = pipeline.drop(csv_file(records, (*COLUMNS, "colour")), "traffic/2026/a b.csv")
    await pipeline.run()
    summary = pipeline.report(file)
    assert summary.pop("seconds") >= 0
    assert len(summary.pop("sha256_tree")) == 64
    assert summary == {
        "file_id": file.file_id,
        "feed": "traffic",
        "key": "traffic/2026/a b.csv",
        "version_id": "v1",
        "state": "settled",
        "records": {
            "received": 4, "delivered": 1, "rejected": 2, "duplicate": 1, "held": 0, "unknown": 0, "dead": 0,
        },
        "balanced": True,
        "account_version": 1,
        "ranges": {},
        "chunks": {"expected": 1, "settled": 1, "dead": 0},
        "findings": {"format.unknown_field": 1, "schema.pattern": 1, "traffic.billing_needs_code": 1},
        "notes": [],
        "unknown_fields": ["colour"],
        "refused": None,
        "files": 0,
        "round_seconds": None,
        "control_totals": None,
        "cost": None,
    }  # fmt: skip


async def test_what_is_posted_names_feed_and_batch_and_splices_the_payloads(pipeline: Pipeline) -> None:
    file = pipeline.drop(csv_file(spot(at) for at in range(6)))
    await pipeline.run()
    assert [(key, body["batch_id"], body["feed"]) for key, body in pipeline.api.bodies] == [
        (f"{file.file_id}-000000-00{number}", f"{file.file_id}-000000-00{number}", "traffic") for number in range(2)
    ]
    posted = [record for _, body in pipeline.api.bodies for record in body["records"]]
    assert posted == [spot(at) | {"length_s": 30} for at in range(6)]


@pytest.mark.parametrize(
    ("body", "received"),
    [
        (ndjson_file([spot(1), spot(2)]), 2),
        (asrun_file([airing(1), airing(2), airing(3)]), 3),
        (csv_file([spot(1)], delimiter="\t"), 1),
        (csv_file([spot(1, notes="a\r\nb")]).rstrip(), 1),
    ],
)
async def test_every_format_of_the_feed_goes_all_the_way(pipeline: Pipeline, body: bytes, received: int) -> None:
    file = pipeline.drop(body)
    await pipeline.run()
    assert await pipeline.assert_sound(file, received) == {"delivered": received}


async def test_a_file_of_nothing_but_bad_records_settles_without_a_call(pipeline: Pipeline) -> None:
    file = pipeline.drop(csv_file(spot(at, isci="?") for at in range(7)))
    await pipeline.run()
    assert await pipeline.assert_sound(file, 7) == {"rejected": 7}
    assert pipeline.api.bodies == []
    assert [row["penstock_ordinal"] for row in rows_of(pipeline.report(file, "rejects.csv"))] == list("0123456")


async def test_every_rejected_record_says_why_in_one_report_with_the_destinations_reasons() -> None:
    # Given an API that refuses one station
    pipeline = Pipeline(Api(refuses=refusing("station", "KBAD")))
    records = [spot(1), spot(2, isci="?"), spot(3, station="KBAD", notes="=1+1"), spot(4)]
    file = pipeline.drop(csv_file(records))
    # When
    await pipeline.run()
    # Expect
    assert await pipeline.assert_sound(file, 4) == {"delivered": 2, "rejected": 2}
    rows = {row["penstock_ordinal"]: row for row in rows_of(pipeline.report(file, "rejects.csv"))}
    assert rows["1"]["penstock_code"] == "schema.pattern"
    assert rows["2"]["penstock_code"] == "destination.rejected"
    assert rows["2"]["penstock_message"] == "the destination answered 422: refused: not here"
    assert (rows["2"]["penstock_line"], rows["2"]["notes"]) == ("4", "'=1+1")
    assert pipeline.report(file)["findings"] == {"destination.rejected": 1, "schema.pattern": 1}


@pytest.mark.parametrize(
    ("key", "body", "code"),
    [
        ("nosuch/a.csv", csv_file([spot(1)]), "format.unknown_feed"),
        ("a.csv", csv_file([spot(1)]), "format.unknown_feed"),
        ("traffic/empty.csv", b"", "format.empty"),
        ("traffic/blank.csv", b"\xef\xbb\xbf\r\n\r\n", "format.empty"),
        ("traffic/header.csv", csv_file([]), "format.no_records"),
        ("traffic/header.csv", csv_file([]) + b"\r\n\r\n", "format.no_records"),
        ("traffic/log", asrun_file([]), "format.no_records"),
        ("traffic/noheader.csv", csv_file([spot(1)]).split(b"\r\n", 1)[1], "format.no_header"),
        ("traffic/words.csv", b"no,such,columns\r\n1,2,3\r\n", "format.no_header"),
        ("traffic/zip.csv", b"PK\x03\x04" + b"\0" * 100, "archive.truncated"),
    ],
)
async def test_a_file_that_cannot_be_read_is_refused_with_a_report(
    pipeline: Pipeline, key: str, body: bytes, code: str
) -> None:
    """Once, and never a retry loop."""
    # Given
    file = pipeline.drop(body, key, events=2)
    # When
    await pipeline.run()
    # Expect
    row = await pipeline.row(file)
    assert row.state is FileState.REFUSED
    assert row.refused is not None
    assert row.refused.code == code
    summary = pipeline.report(file)
    assert (summary["state"], summary["refused"]["code"]) == ("refused", code)
    assert summary["records"]["received"] == 0
    assert pipeline.told("FileRefused") == [file.file_id]
    assert (pipeline.errors, pipeline.chunks.messages) == ([], {})


async def test_an_object_that_is_gone_is_refused(pipeline: Pipeline) -> None:
    file = pipeline.drop(csv_file([spot(1)]))
    pipeline.store.sources.clear()
    await pipeline.run()
    assert (await pipeline.row(file)).state is FileState.REFUSED


async def test_a_wrong_encoding_rejects_its_records_and_disturbs_no_other(pipeline: Pipeline) -> None:
    body = csv_file([spot(1, advertiser="Köln"), spot(2)]).decode().encode("cp1252")
    file = pipeline.drop(body)
    await pipeline.run()
    assert await pipeline.assert_sound(file, 2) == {"delivered": 1, "rejected": 1}


async def test_a_record_beyond_all_measure_is_rejected_unread() -> None:
    small = replace(feeds.FEEDS["traffic"], limits=Limits(records=2, bytes=1000, record_bytes=2000))
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(feeds.FEEDS, "traffic", small)
        pipeline = Pipeline()
        file = pipeline.drop(csv_file([spot(1), spot(2), spot(3)]) + b'spot,"never closed' + b"x" * 5000)
        await pipeline.run()
    assert await pipeline.assert_sound(file, 4) == {"delivered": 3, "rejected": 1}
    (row,) = rows_of(pipeline.report(file, "rejects.csv"))
    assert row["penstock_code"] == "format.record_too_large"
    assert row["penstock_line"] == "5"


async def test_the_same_event_twice_is_one_file(pipeline: Pipeline) -> None:
    """R1: the same bytes, the same events, nothing twice."""
    file = pipeline.drop(csv_file(spot(at) for at in range(9)), events=3)
    await pipeline.run()
    before = dict(pipeline.store.work)
    pipeline.tell(file)
    await pipeline.run()
    assert await pipeline.assert_sound(file, 9) == {"delivered": 9}
    assert pipeline.store.work == before
    assert pipeline.told("FileSettled") == [file.file_id]


async def test_messages_that_come_twice_change_no_final_outcome(pipeline: Pipeline) -> None:
    """Invariant 4, R22: each of them again after the end."""
    file = pipeline.drop(csv_file([*(spot(at) for at in range(9)), spot(20, isci="?")]))
    await pipeline.run()
    row, files, calls = await pipeline.row(file), dict(pipeline.store.work), len(pipeline.api.bodies)
    # When
    for queue, body in pipeline.received[::-1]:
        await pipeline.work(queue, body)
    # Expect
    assert await pipeline.row(file) == row
    assert pipeline.store.work == files
    assert len(pipeline.api.bodies) == calls


async def test_a_new_version_under_the_same_key_is_another_file(pipeline: Pipeline) -> None:
    old, new = pipeline.drop(csv_file([spot(1)])), pipeline.drop(csv_file([spot(1), spot(2)]))
    await pipeline.run()
    assert old.file_id != new.file_id
    await pipeline.assert_sound(old, 1)
    await pipeline.assert_sound(new, 2)
    assert len(pipeline.api.applied) == 2


async def test_every_record_is_accounted_for_in_outcomes_or_delivered(pipeline: Pipeline) -> None:
    file = pipeline.drop(csv_file([spot(1), spot(1), spot(2, isci="?"), spot(1, rate="1")]))
    await pipeline.run()
    outcome_lines = await pipeline.outcome_lines(file)
    assert {at: outcome_line["outcome"] for at, outcome_line in outcome_lines.items()} == {
        1: "duplicate",
        2: "rejected",
        3: "rejected",
    }
    assert outcome_lines[1]["of"] == f"{file.file_id}:0"
    assert codes_of(outcome_lines[3]) == ["traffic.identity_conflict"]
    assert await pipeline.assert_sound(file, 4) == {"delivered": 1, "duplicate": 1, "rejected": 2}
