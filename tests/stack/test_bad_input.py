"""Files that are not what they should be: each is refused or rejected for its reason, and disturbs nobody else."""

import gzip
from dataclasses import dataclass
from typing import Any

import pytest

from tests.support import sent
from tests.support.deployed import Deployed, File, counts
from tests.support.spots import COLUMNS, asrun_file, csv_file, ndjson_file, spot

HEADER = ",".join(COLUMNS).encode() + b"\r\n"
SPOTS = csv_file([spot(number, station="KBAD") for number in range(3)])

REFUSED = {
    # name: (feed, body, code, a word of the reason)
    "empty.csv": ("traffic", b"", "format.empty", "empty"),
    "blank.csv": ("traffic", b"\r\n \r\n", "format.empty", "empty"),
    "header-only.csv": ("traffic", HEADER, "format.no_records", "no records"),
    "header-only.tvb": ("traffic", asrun_file([]), "format.no_records", "no records"),
    "no-header.csv": ("traffic", SPOTS.split(b"\r\n", 1)[1], "format.no_header", "header line"),
    "other-columns.csv": ("traffic", b"spot_id,station\r\nS1,KBAD\r\n", "format.missing_column", "air_date, air_time"),
    "twice.csv": ("traffic", HEADER.strip() + b",Ad-ID" + SPOTS[len(HEADER) - 2 :], "format.duplicate_header", "isci"),
    "picture.csv": ("traffic", b"\x89PNG\r\n\x1a\n" + bytes(500), "format.binary", "PNG"),
    "cut-short.csv.gz": ("traffic", gzip.compress(SPOTS)[:-9], "archive.truncated", "breaks off"),
    "twice-packed.csv.gz": ("traffic", gzip.compress(gzip.compress(SPOTS)), "archive.nested", "gzip"),
    "utf-32.csv": ("traffic", SPOTS.decode().encode("utf-32"), "format.binary", "UTF-32"),
    "latin-1-header.csv": ("traffic", SPOTS.replace(b"notes", b"caf\xe9", 1), "format.encoding", "UTF-8"),
    "spots.csv": ("radio", SPOTS, "format.unknown_feed", "traffic/"),
    "no-feed.csv": ("", SPOTS, "format.unknown_feed", "traffic/"),
}


@dataclass(frozen=True)
class Dropped:
    refused: dict[str, File]
    good: File


@pytest.fixture(scope="module")
def dropped(deployed: Deployed) -> Dropped:
    """All of them at once, and a good file among them."""
    names = list(REFUSED)
    first = {name: deployed.drop(name, REFUSED[name][1], REFUSED[name][0]) for name in names[:7]}
    good = deployed.drop("good.csv", csv_file([spot(number, station="KGUD") for number in range(200)]))
    later = {name: deployed.drop(name, REFUSED[name][1], REFUSED[name][0]) for name in names[7:]}
    return Dropped(first | later, good)


@pytest.mark.parametrize("name", list(REFUSED))
def test_a_file_that_cannot_be_read_is_refused_for_its_reason(name: str, dropped: Dropped, deployed: Deployed) -> None:
    # Given
    file, (feed, _, code, word) = dropped.refused[name], REFUSED[name]

    # When
    report = deployed.ended(file)

    # Expect
    assert report["state"] == "refused"
    assert report["key"] == file.key
    assert report["feed"] == feed
    assert report["records"] == counts(0)
    assert report["refused"]["code"] == code
    assert word in report["refused"]["message"]
    assert deployed.output(file, "rejects.csv") is None


def test_the_ledger_knows_them_and_nothing_is_tried_again(dropped: Dropped, deployed: Deployed) -> None:
    # Given
    for file in dropped.refused.values():
        deployed.ended(file)
    deployed.idle()

    # When
    told = deployed.penstock("files", "--limit", "1000", "--json")

    # Expect
    rows = {row["file_id"]: row for row in told.json}
    for name, file in dropped.refused.items():
        assert rows[file.file_id]["state"] == "refused"
        assert rows[file.file_id]["refused"]["code"] == REFUSED[name][2]
    assert deployed.dead_letters() == {}


def test_a_good_file_among_them_is_delivered(dropped: Dropped, deployed: Deployed) -> None:
    assert deployed.ended(dropped.good)["records"] == counts(200)
    assert _delivered(deployed, "KGUD") == sorted(f"S{number:05d}" for number in range(200))


def test_a_byte_of_another_encoding_costs_its_record_only(deployed: Deployed) -> None:
    # Given
    records = [spot(number, station="KENC", notes="Café" if number == 2 else "Fenêtre") for number in range(5)]
    body = csv_file(records).replace("Café".encode(), "Café".encode("latin-1"))

    # When
    file = deployed.drop("latin-1.csv", body)
    report = deployed.ended(file)

    # Expect
    assert report["records"] == counts(5, rejected=1)
    assert report["findings"] == {"format.encoding": 1}
    (row,) = deployed.rejects(file)
    assert (row["penstock_ordinal"], row["penstock_line"]) == ("2", "4")
    assert "0xe9" in row["penstock_message"]
    assert _delivered(deployed, "KENC") == ["S00000", "S00001", "S00003", "S00004"]


def test_ragged_rows_cost_themselves_only(deployed: Deployed) -> None:
    # Given
    lines = csv_file([spot(number, station="KRAG") for number in range(6)]).split(b"\r\n")
    lines[2] += b",surplus"
    lines[4] = lines[4].rsplit(b",", 2)[0]
    lines[5] = b"just a remark"

    # When
    file = deployed.drop("ragged.csv", b"\r\n".join(lines))
    report = deployed.ended(file)

    # Expect
    assert report["records"] == counts(6, rejected=3)
    assert report["findings"] == {"format.ragged_row": 3}
    rejects = deployed.rejects(file)
    assert [row["penstock_ordinal"] for row in rejects] == ["1", "3", "4"]
    assert [row["penstock_record"].encode() for row in rejects] == [lines[2], lines[4], lines[5]]
    assert _delivered(deployed, "KRAG") == ["S00000", "S00002", "S00005"]


def test_lines_that_are_no_json_cost_themselves_only(deployed: Deployed) -> None:
    # Given
    good = ndjson_file([spot(number, station="KJSN") for number in range(3)]).splitlines(keepends=True)

    # When
    file = deployed.drop("broken.ndjson", b"".join([good[0], b'{"spot_id": \n', b"[1]\n", good[1], b"null\n", good[2]]))
    report = deployed.ended(file)

    # Expect
    assert report["records"] == counts(6, rejected=3)
    assert report["findings"] == {"format.json": 3}
    assert [row["penstock_ordinal"] for row in deployed.rejects(file)] == ["1", "2", "4"]
    assert _delivered(deployed, "KJSN") == ["S00000", "S00001", "S00002"]


def test_a_file_of_nothing_but_bad_records_is_settled(undisturbed: Deployed) -> None:
    # Given
    calls = undisturbed.books()["calls"]

    # When
    report = undisturbed.ended(undisturbed.drop("all-bad.csv", csv_file([spot(n, isci="?") for n in range(4)])))

    # Expect
    assert report["state"] == "settled"
    assert report["records"] == counts(4, rejected=4)
    assert undisturbed.books()["calls"] == calls


def test_the_same_event_once_more_is_the_same_file(undisturbed: Deployed) -> None:
    # Given
    records = [spot(number, station="KTWO") for number in range(300)]
    file = undisturbed.drop("twice-told.csv", csv_file(records))
    report = undisturbed.ended(file)

    # When
    undisturbed.notify(file.notification)
    undisturbed.notify(file.notification)
    undisturbed.idle()

    # Expect
    assert report["records"] == counts(300)
    assert undisturbed.ended(file) == report
    assert _delivered(undisturbed, "KTWO") == [record["spot_id"] for record in records]


def test_the_same_event_many_times_at_once_is_one_file(undisturbed: Deployed) -> None:
    # Given
    records = [spot(number, station="KMNY") for number in range(300)]

    # When
    file = undisturbed.drop("often-told.csv", csv_file(records))
    for _ in range(4):
        undisturbed.notify(file.notification)
    report = undisturbed.ended(file)

    # Expect
    assert report["records"] == counts(300)
    assert _delivered(undisturbed, "KMNY") == [record["spot_id"] for record in records]
    # Whoever came while another held the file comes back when that one's time is over, which is long.
    undisturbed.forget_intake()


def test_a_key_dropped_again_is_another_file(undisturbed: Deployed) -> None:
    # Given
    records = [spot(number, station="KAGN") for number in range(4)]

    # When
    first = undisturbed.drop("log of the day +1 (é).csv", csv_file(records[:2]))
    second = undisturbed.drop("log of the day +1 (é).csv", csv_file(records))
    reports = [undisturbed.ended(file) for file in (first, second)]

    # Expect
    # Whichever came first delivered the two that both have.
    assert first.file_id != second.file_id
    assert [report["key"] for report in reports] == [first.key, first.key]
    assert [report["records"]["received"] for report in reports] == [2, 4]
    assert sum(report["records"]["delivered"] for report in reports) == 4
    assert sum(report["records"]["duplicate"] for report in reports) == 2
    assert _delivered(undisturbed, "KAGN") == [record["spot_id"] for record in records]


def test_a_message_that_nobody_can_read_fails_alone(deployed: Deployed) -> None:
    # Given
    deployed.notify('{"no": "notification"}')

    # When
    report = deployed.ended(deployed.drop("beside-it.csv", csv_file([spot(1, station="KALN")])))

    # Expect
    assert report["records"] == counts(1)
    deployed.forget_intake()


def _delivered(deployed: Deployed, station: str) -> list[str]:
    """The spots of a station that the destination has, as often as it has them."""
    applied: list[dict[str, Any]] = deployed.applied()
    return sorted(sent.words(record)["spot_id"] for record in applied if record["station"] == station)
