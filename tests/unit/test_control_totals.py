"""Control totals: what a sender says of a file is held against it before any of its records goes on its way."""

from pathlib import Path

import pytest

from penstock.feeds.control import CONTROL_TOTAL
from penstock.feeds.traffic import TRAFFIC
from penstock.ports.destination import DestinationSettings
from penstock_ops.check.check_file import check
from penstock_ops.operate import held
from tests.support.destination import Api
from tests.support.operators import operated
from tests.support.pipeline import Pipeline
from tests.support.spots import COLUMNS, csv_file, spot

KEYED = DestinationSettings(
    url="api", batch_records=2, rate_per_second=1000.0, burst=1000, concurrency=1, honours_idempotency_key=True
)


@pytest.fixture
def pipeline() -> Pipeline:
    return Pipeline(Api(KEYED))


def log(last: str = "", spots: int = 5) -> bytes:
    """Spots of 12.50 each, and a last row."""
    return csv_file([spot(at, rate="12.50") for at in range(spots)]) + last.encode()


@pytest.mark.parametrize(
    "last",
    [
        "TRAILER,5",
        "TRAILER,5,62.50,,,\r\n",
        'trl,"5","$62.50"\r\n\r\n',
        "TOTAL,5,62.5",
        "Total records:,5",
        "TRAILER,records=5",
        "TRAILER,rate: 62.50,Record Count = 5",
        "TRAILER,Records,5,Total rate,$62.50",
        "TRAILER records=5",
        "Total records: 5",
    ],
)
async def test_a_last_row_that_agrees_is_no_record_and_holds_nothing(last: str, pipeline: Pipeline) -> None:
    file = pipeline.drop(log(last))
    await pipeline.run()
    assert await pipeline.assert_sound(file, 5) == {"delivered": 5}
    declared = pipeline.report(file)["control_totals"]
    assert (declared["declared"]["records"], declared["differ"]) == ("5", None)


async def test_a_sum_may_stand_in_its_own_column_as_below_a_spreadsheet(pipeline: Pipeline) -> None:
    begin = "," * COLUMNS.index("rate")
    end = "," * (len(COLUMNS) - len(begin) - 1)
    agrees, lies = (
        pipeline.drop(log(f"Total:{begin}{total}{end}"), f"traffic/{total}") for total in ("62.50", "75.00")
    )
    await pipeline.run()
    assert await pipeline.assert_sound(agrees, 5) == {"delivered": 5}
    assert pipeline.report(agrees)["control_totals"]["declared"] == {"rate": "62.50"}
    assert pipeline.report(lies)["control_totals"]["differ"] == "rate: 75.00 declared, 62.50 found"
    records_that_only_begin_so = pipeline.drop(log(f"TOTAL{begin}62.50,,x"), "traffic/other")
    await pipeline.run()
    assert (await pipeline.row(records_that_only_begin_so)).received == 6


@pytest.mark.parametrize(
    ("last", "differs"),
    [
        ("TRAILER,6", "records: 6 declared, 5 found"),
        ("TRAILER,5,75.00", "rate: 75.00 declared, 62.50 found"),
        ("TRAILER,records=6", "records: 6 declared, 5 found"),
        ("EOF:6", "records: 6 declared, 5 found"),
        ("TRAILER,rate,75.00", "rate: 75.00 declared, 62.50 found"),
        ("TRAILER,records=5,rate=x", "rate: nothing that can be read declared, 62.50 found"),
        ("TRAILER,checksum=6a", "records: nothing that can be read declared, 5 found"),
        ("TRAILER,five", "records: nothing that can be read declared, 5 found"),
        ("TRAILER", "records: nothing that can be read declared, 5 found"),
    ],
)
async def test_a_file_whose_totals_lie_is_held_whole_released_and_balanced(
    last: str, differs: str, pipeline: Pipeline
) -> None:
    # Given a file that says otherwise than it is
    file = pipeline.drop(log(last))
    # When it has gone its way
    await pipeline.run()
    # Expect that all of it is held, and nothing was posted
    assert await pipeline.assert_sound(file, 5) == {"held": 5}
    assert pipeline.api.bodies == []
    summary = pipeline.report(file)
    assert summary["findings"] == {CONTROL_TOTAL: 5}
    assert summary["control_totals"]["differ"] == differs
    # When an operator releases it
    release = await held.prepare_release(operated(pipeline), await pipeline.row(file), "0-4")
    await held.begin_release(operated(pipeline), release, by="Grace", note="the sender has counted again")
    await pipeline.run()
    # Expect all of it to be delivered, once
    assert await pipeline.assert_sound(file, 5) == {"delivered": 5}


@pytest.mark.parametrize(("key", "outcome"), [("log_5rec.csv", "delivered"), ("log-6 rows.csv", "held")])
async def test_a_key_may_say_how_many_records_there_are(key: str, outcome: str, pipeline: Pipeline) -> None:
    file = pipeline.drop(log(), key=f"traffic/{key}")
    await pipeline.run()
    assert await pipeline.assert_sound(file, 5) == {outcome: 5}


SIDECARS = {
    ".ok": (b"records=5\nrate=62.50\n", b"records=5\nrate=62.51\n"),
    ".cnt": (b"5", b"6"),
    ".manifest.json": (b'{"records": 5}', b'{"files": [{"name": "spots.csv", "rows": 4}]}'),
}


@pytest.mark.parametrize("ending", SIDECARS)
@pytest.mark.parametrize("begin", ["traffic/spots.csv", "traffic/spots"])
async def test_a_file_beside_it_may_say_what_there_is_and_has_no_records_itself(
    begin: str, ending: str, pipeline: Pipeline
) -> None:
    for body, outcome in zip(SIDECARS[ending], ("delivered", "held"), strict=True):
        beside = pipeline.drop(body, key=begin + ending)
        file = pipeline.drop(log())
        await pipeline.run()
        assert await pipeline.ledger.file(beside.file_id) is None
        outcomes = await pipeline.counted(file)
        assert outcomes == {outcome: 5} or outcomes == {"duplicate": 5}
        assert bool(pipeline.report(file)["control_totals"]["differ"]) == (outcome == "held")


@pytest.mark.parametrize(
    ("said", "declared"),
    [
        ("", {}),
        ("OK", {}),
        ("5", {"records": "5"}),
        ("5;62.50", {"records": "5", "rate": "62.50"}),
        ("Record count: 5\nTotal rate: $62.50", {"records": "5", "rate": "62.50"}),
        ("records,rate\n5,62.50", {"records": "5", "rate": "62.50"}),
        ('[{"file": "x.csv", "lines": 9}, {"file": "a.csv", "lines": 5}]', {"records": "5"}),
        ("created 2026-11-20", {"records": None}),
    ],
)
def test_a_sidecar_is_read_in_any_of_the_forms_that_senders_write(said: str, declared: dict[str, str | None]) -> None:
    assert TRAFFIC.control is not None
    totals = TRAFFIC.control.of_sidecar(said.encode(), "traffic/a.csv")
    assert {name: total and str(total) for name, total in totals.items()} == declared


async def test_a_file_waits_for_its_sidecar_where_the_operator_says_so_and_everybody_sees_it() -> None:
    pipeline = Pipeline(Api(KEYED), awaits={"traffic": 600.0})
    file = pipeline.drop(log())
    for _ in range(3):
        await pipeline.step()
        await pipeline.clock.sleep(60.0)
    row = await pipeline.row(file)
    assert row.setback is not None
    assert row.setback.reason == "no file with its control totals has come yet"
    pipeline.drop(b"5", key="traffic/spots.csv.cnt")
    await pipeline.run()
    assert await pipeline.assert_sound(file, 5) == {"delivered": 5}


async def test_a_file_that_has_waited_for_nothing_is_held_whole() -> None:
    pipeline = Pipeline(Api(KEYED), awaits={"traffic": 600.0})
    file = pipeline.drop(log("TRAILER,5"))
    await pipeline.run()
    assert await pipeline.assert_sound(file, 5) == {"held": 5}
    assert pipeline.report(file)["control_totals"]["differ"] == "no file with them has come"


async def test_of_two_that_differ_one_is_wrong(pipeline: Pipeline) -> None:
    file = pipeline.drop(log("TRAILER,5"), key="traffic/log_6rec.csv")
    await pipeline.run()
    assert await pipeline.assert_sound(file, 5) == {"held": 5}


async def test_who_is_rejected_is_so_all_the_same(pipeline: Pipeline) -> None:
    file = pipeline.drop(csv_file([spot(1), spot(2, isci="?"), spot(3)]) + b"TRAILER,4")
    await pipeline.run()
    assert await pipeline.assert_sound(file, 3) == {"held": 2, "rejected": 1}


async def test_rows_that_quotes_have_swallowed_are_missed(pipeline: Pipeline) -> None:
    """Even where nothing within them looks like a record."""
    rows = csv_file([spot(at) for at in range(5)]).replace(b"S00001", b'"S00001').replace(b"S00003", b'S00003"')
    file = pipeline.drop(rows + b"TRAILER,5")
    await pipeline.run()
    assert (await pipeline.row(file)).received == 3
    assert set(await pipeline.counted(file)) == {"held", "rejected"}


def test_a_check_says_what_a_drop_would_do(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_bytes(log("TRAILER,6,62.50"))
    checked = check(path, "traffic", tmp_path / "rejects.csv", lambda _: None)
    assert (checked.received, checked.held, checked.rejected) == (5, 5, 0)
    assert "records: 6 declared, 5 found" in checked.notes[0].message


def test_a_row_of_that_name_that_is_no_last_row_is_a_record_like_others(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_bytes(csv_file([spot(1)]) + b"TRAILER,1\r\n" + csv_file([spot(2)]).split(b"\r\n", 1)[1])
    checked = check(path, "traffic", tmp_path / "rejects.csv", lambda _: None)
    assert (checked.received, checked.held, checked.rejected) == (3, 0, 1)


def test_a_line_of_that_name_within_the_last_cell_is_its_text(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_bytes(csv_file([spot(1), spot(2, notes='as "sent":\nTRAILER,9')]))
    checked = check(path, "traffic", tmp_path / "rejects.csv", lambda _: None)
    assert (checked.received, checked.held, checked.rejected) == (2, 0, 0)
