"""People are told: one notice a cause and day, by the ways that the operator has set, and a digest of the rest."""

from dataclasses import replace
from typing import Any

import pytest

from penstock.account.completion import summary
from penstock.model.errors import MalformedMessage, NewerRelease, Transient
from penstock.model.findings import Finding, Outcome
from penstock.model.messages import SourceFile
from penstock.model.notices import Cause, NoticeMessage
from penstock.model.rows import FileRow, FileState
from penstock.notices.stage import notify
from penstock.notices.words import day_of, trial
from penstock_testing.notices import MemoryNotebook
from tests.support.noticed import WEBHOOK, Noticed
from tests.support.pipeline import Pipeline
from tests.support.spots import csv_file, spot

HOUR = 3600.0
PNG = b"\x89PNG\r\n\x1a\n"


def file_named(key: str, feed: str = "traffic") -> SourceFile:
    return SourceFile(feed=feed, bucket="drop", key=key, version_id="v1", etag="e", size=9)


def settled(key: str = "traffic/spots.csv", account: int = 1, **counted: int) -> dict[str, Any]:
    """The event of a settled file with so many records of each outcome."""
    outcomes = {Outcome(name): number for name, number in counted.items()}
    row = FileRow(
        file_named(key),
        FileState.SETTLED,
        opened_at=0.0,
        settled_at=2.0,
        received=sum(counted.values()),
        counted={outcome: outcomes.get(outcome, 0) for outcome in Outcome},
        reopened_at=1.0 if account > 1 else None,
    )
    return summary(row, 2.0) | {"account_version": account, "ranges": {}}


def refused(key: str, code: str = "format.unknown", feed: str = "traffic") -> dict[str, Any]:
    finding = Finding(code, "no format that Penstock reads")
    row = FileRow(file_named(key, feed), FileState.REFUSED, opened_at=0.0, settled_at=1.0, refused=finding)
    return summary(row, 1.0)


async def test_a_refused_file_is_told_to_whoever_hears_of_its_feed() -> None:
    # Given
    pipeline = Pipeline()
    noticed = Noticed({"desk": WEBHOOK, "crew": WEBHOOK | {"lanes": ["crew"]}}, pipeline.clock)
    pipeline.drop(PNG, "traffic/logo.png")
    await pipeline.run()

    # When
    for kind, detail in pipeline.events.published:
        await noticed.hears(kind, detail)

    # Expect
    (told,) = noticed.told
    assert told["type"] == "penstock.notice"
    assert told["data"]["title"].startswith("traffic: A file was refused (format.")
    assert told["data"]["lines"][0].startswith("traffic/logo.png: ")
    assert (told["data"]["severity"], told["data"]["lane"]) == ("error", "traffic")


async def test_a_file_without_trouble_is_nobodys_notice() -> None:
    noticed = Noticed({"desk": WEBHOOK})

    await noticed.hears("FileSettled", settled(delivered=3))
    await noticed.hears("CircuitClosed", {"feed": "traffic"})

    assert noticed.told == []


@pytest.mark.parametrize(
    ("kind", "detail", "title"),
    [
        ("FileSettled", settled(dead=2) | {"state": "incomplete"}, "A file ended without some of its records"),
        ("FileSettled", settled(unknown=1), "It is not known whether records were taken"),
        ("FileSettled", settled(held=1), "Records are held"),
        ("FileSettled", settled(rejected=1), "Records were rejected"),
        ("FileSettled", settled(delivered=1) | {"balanced": False}, "A file's account does not balance"),
        (
            "FileSettled",
            settled(delivered=1) | {"control_totals": {"declared": {}, "differ": "records: 2 declared, 1 found"}},
            "A file is not what its sender declared",
        ),
        ("CircuitOpened", {"feed": "traffic", "reason": "the destination answered 503"}, "A destination is down"),
        (
            "WorkFailing",
            {"feed": "traffic", "key": "k", "chunk": 3, "stage": "dispatcher", "failures": 5, "reason": "503"},
            "A file or chunk fails again and again (dispatcher)",
        ),
        ("FileStalled", {"feed": "traffic", "key": "k", "open_for_seconds": 21_700}, "A file has been open for hours"),
        (
            "FilesOverdue",
            {"feed": "traffic", "key": "k", "files": 2, "deadline_hours": 4},
            "Files are over their deadline",
        ),
        ("FileOverlooked", {"feed": "traffic", "key": "k"}, "A dropped file was overlooked"),
        ("WorkResent", {"feed": "traffic", "key": "k", "messages": 2}, "Lost work was sent again"),
        (
            "TemplateDrifted",
            {"feed": "tower", "key": "k", "template": "Lease/2", "signature": "a1"},
            "A form has changed",
        ),
        (
            "LookFailed",
            {"look": "work", "about": "DLQ 0", "error": "KeyError", "place": "sweep.py:1", "at": 1.0},
            "A look of Penstock's own failed (work)",
        ),
    ],
)
async def test_each_trouble_tells_somebody(kind: str, detail: dict[str, Any], title: str) -> None:
    noticed = Noticed({"desk": WEBHOOK})

    await noticed.hears(kind, detail)

    (said,) = noticed.titles
    assert title in said


async def test_that_a_feeds_files_cost_more_than_its_budget_is_told_once_a_day() -> None:
    noticed = Noticed({"desk": WEBHOOK}, budgets={"traffic": 1.0})

    for dollars in (0.4, 0.5, 0.2, 3.0):
        await noticed.hears("FileSettled", settled(delivered=1) | {"cost": {"dollars": dollars}})

    (told,) = noticed.told
    assert told["data"]["title"] == "traffic: A feed's files cost more than its budget"
    assert told["data"]["lines"][0] == "its files of this day (UTC) have cost $1.10, and $1.00 is its budget"

    await noticed.clock.sleep(24 * HOUR)
    await noticed.hears("FileSettled", settled(delivered=1) | {"cost": {"dollars": 0.9}})
    assert len(noticed.told) == 1


async def test_a_feed_without_a_budget_and_a_file_of_which_nobody_has_counted_tell_nobody() -> None:
    noticed = Noticed({"desk": WEBHOOK}, budgets={"crew": 1.0, "traffic": 1.0})

    await noticed.hears("FileSettled", settled("crew/a.csv", delivered=1) | {"feed": "crew", "cost": None})
    await noticed.hears("FileSettled", settled("mro/a.csv", delivered=1) | {"feed": "mro", "cost": {"dollars": 9.0}})

    assert noticed.told == []


async def test_a_route_hears_of_nothing_lighter_than_it_asks_for() -> None:
    noticed = Noticed({"pager": WEBHOOK | {"severity": "error"}})

    await noticed.hears("FileSettled", settled(held=1))
    assert noticed.told == []

    await noticed.hears("FileRefused", refused("traffic/a.png"))
    assert len(noticed.told) == 1


async def test_a_route_of_a_lane_hears_of_that_lane_only() -> None:
    noticed = Noticed({"north": WEBHOOK | {"lanes": ["tower/north"]}})

    for lane in ("south", "north", ""):
        await noticed.hears("CircuitOpened", {"feed": "tower", "lane": lane, "reason": "503"})

    assert noticed.titles == ["tower/north: A destination is down: its circuit is open"]


async def test_a_storm_makes_one_notice_and_is_counted_in_the_digest() -> None:
    """A thousand files of one cause, each with ten records held: ten thousand records."""
    noticed = Noticed({"desk": WEBHOOK}, digest_hour=0)
    before = noticed.clock.now()

    for number in range(1000):
        await noticed.hears("FileSettled", settled(f"traffic/{number}.csv", held=10))

    assert noticed.titles == ["traffic: Records are held"]
    await noticed.clock.sleep(24 * HOUR)
    await noticed.looks()
    digest = noticed.told[-1]["data"]
    assert digest["title"] == f"Penstock on {day_of(before)}: 0 errors, 1 warning"
    counted = "traffic: files with records held: 1,000, records: 10,000; first traffic/0.csv: 10 records held"
    assert counted in digest["lines"]


async def test_a_cause_is_told_again_on_another_day() -> None:
    noticed = Noticed({"desk": WEBHOOK | {"tells": ["notices"]}})

    for _ in range(2):
        await noticed.hears("FileRefused", refused("traffic/a.png"))
        await noticed.hears("FileRefused", refused("traffic/b.png"))
        await noticed.clock.sleep(24 * HOUR)

    assert len(noticed.told) == 2


async def test_keys_that_name_no_feed_are_one_cause_however_many_there_are() -> None:
    noticed = Noticed({"desk": WEBHOOK})

    for number in range(50):
        await noticed.hears("FileRefused", refused(f"made-up-{number}/a.csv", "format.no_feed", f"made-up-{number}"))

    assert noticed.titles == ["no feed: A file was refused (format.no_feed)"]


async def test_a_route_that_is_down_is_tried_again_and_no_other_hears_twice() -> None:
    noticed = Noticed({"desk": WEBHOOK, "other": WEBHOOK})
    noticed.courier.faults = [Transient("it answered 503"), None, Transient("it answered 503"), None]

    await noticed.hears("FileRefused", refused("traffic/a.png"))

    assert len(noticed.courier.posted) == 2
    ids = {call.headers["webhook-id"] for call in noticed.courier.posted}
    assert len(ids) == 1


class Forgetful(MemoryNotebook):
    """Never comes to note that a cause was told: each time, its worker dies before."""

    async def note_told(self, day: str, cause: Cause) -> None:
        pass


async def test_an_event_that_comes_twice_while_its_notice_is_on_its_way_is_told_once() -> None:
    noticed = Noticed({"desk": WEBHOOK})
    noticed.ports = replace(noticed.ports, notebook=Forgetful())

    for _ in range(2):
        await noticed.hears("FileRefused", refused("traffic/a.png"))

    assert len(noticed.told) == 1


async def test_records_held_too_long_are_told_once_and_not_when_they_were_released() -> None:
    noticed = Noticed({"desk": WEBHOOK | {"tells": ["notices"]}}, held_hours=2)
    await noticed.hears("FileSettled", settled("traffic/a.csv", account=1, held=4))
    await noticed.hears("FileSettled", settled("traffic/b.csv", account=1, held=5))
    await noticed.hears("FileSettled", settled("traffic/b.csv", account=2, delivered=5))

    await noticed.clock.sleep(1 * HOUR)
    await noticed.looks()
    assert noticed.titles == ["traffic: Records are held"]

    for _ in range(3):
        await noticed.clock.sleep(1.5 * HOUR)
        await noticed.looks()
    assert noticed.titles[1:] == ["traffic: Records have been held too long"]
    assert noticed.told[1]["data"]["lines"][0].startswith("traffic/a.csv: 4 records held for more than 2 hours")


async def test_an_account_that_comes_late_undoes_no_later_one() -> None:
    noticed = Noticed({"desk": WEBHOOK | {"tells": ["notices"]}}, held_hours=2)
    await noticed.hears("FileSettled", settled(account=2, delivered=4))
    await noticed.hears("FileSettled", settled(account=1, held=4))

    await noticed.clock.sleep(3 * HOUR)
    await noticed.looks()

    assert noticed.titles == ["traffic: Records are held"]


async def test_each_route_has_a_digest_of_what_it_hears_of_once_a_day() -> None:
    noticed = Noticed({"all": WEBHOOK, "crew": WEBHOOK | {"lanes": ["crew"]}}, digest_hour=7)
    await noticed.hears("FileSettled", settled("traffic/a.csv", delivered=4, held=1))
    await noticed.clock.sleep(24 * HOUR - noticed.clock.now() % (24 * HOUR))

    for _ in range(24):
        await noticed.looks()
        await noticed.clock.sleep(1 * HOUR)

    of_all, of_crew = [body["data"] for body in noticed.told if body["type"] == "penstock.digest"]
    assert of_all["lines"] == [
        "traffic: files with records held: 1, records: 1; first traffic/a.csv: 1 record held",
        "traffic: files settled: 1, records: 5",
        "traffic: 1 record of 1 file still held, the oldest since 2027-01-15; penstock held list",
    ]
    assert of_crew["lines"] == ["No file has come."]
    times = {body["timestamp"] for body in noticed.told if body["type"] == "penstock.digest"}
    assert times == {"2027-01-16T07:00:00Z"}


async def test_a_sender_finds_what_became_of_a_file_in_the_outbox() -> None:
    # Given
    pipeline = Pipeline()
    noticed = Noticed({"senders": {"kind": "outbox", "tells": ["receipts"]}}, pipeline.clock)
    good, bad = spot(1, station="KEVT"), spot(2, station="")
    file = pipeline.drop(csv_file([good, bad]))
    await pipeline.run()
    (kind, detail), *_ = [one for one in pipeline.events.published if one[0] == "FileSettled"]

    # When
    for _ in range(2):
        await noticed.hears(kind, detail)
        await noticed.clock.sleep(60)

    # Expect
    ((key, body),) = noticed.store.work.items()
    assert key == f"outbox/traffic/{file.file_id}/1.txt"
    text = body.decode()
    assert text.startswith("Receipt for traffic/spots.csv\n")
    assert "           2 came\n           1 delivered: taken\n           1 rejected: refused" in text
    assert f"Reject file: reports/{file.file_id}/rejects.csv" in text
    assert "           1 schema." in text
    assert noticed.told == []


async def test_the_sender_of_a_refused_file_is_told_why() -> None:
    noticed = Noticed({"senders": {"kind": "outbox", "tells": ["receipts"]}})

    await noticed.hears("FileRefused", refused("traffic/a.png"))

    (text,) = noticed.store.work.values()
    assert b"The file was refused as a whole" in text
    assert b"no format that Penstock reads (format.unknown)" in text


async def test_a_receipt_may_go_by_mail() -> None:
    noticed = Noticed({"sender": {"kind": "email", "lanes": ["traffic"], "tells": ["receipts"]}})

    await noticed.hears("FileSettled", settled(delivered=3))

    ((subject, text, said),) = noticed.courier.mailed
    assert subject == "Receipt for traffic/spots.csv"
    assert "3 delivered: taken" in text
    assert said == {"lane": "traffic", "route": "sender", "severity": "info"}


async def test_what_a_sender_writes_into_a_key_moves_no_cursor_and_makes_no_line() -> None:
    key = "traffic/\x1b[2Ja\r\nBcc: everyone\u202etxt.exe" + "x" * 900
    noticed = Noticed({"desk": WEBHOOK, "out": {"kind": "outbox", "tells": ["receipts"]}})

    await noticed.hears("FileRefused", refused(key))

    ((place, text),) = noticed.store.work.items()
    assert place.isascii()
    assert place.startswith("outbox/traffic/")
    for said in (text.decode(), *noticed.told[0]["data"]["lines"], noticed.told[0]["data"]["title"]):
        assert all(line.isprintable() for line in said.split("\n"))
        assert "\nBcc" not in said
        assert len(said) < 1000


async def test_a_notice_for_a_route_that_is_gone_keeps_nobody_waiting() -> None:
    noticed = Noticed({"desk": WEBHOOK})
    message = NoticeMessage(route="nobody", notice=trial("nobody", 1.0))

    (done,) = await notify(noticed.ports, message.model_dump_json())

    assert done.what == "no route nobody any more"
    assert noticed.told == []


async def test_a_notice_of_a_newer_release_waits_for_it() -> None:
    message = NoticeMessage(v=2, route="desk", notice=trial("desk", 1.0))

    with pytest.raises(NewerRelease):
        await notify(Noticed({"desk": WEBHOOK}).ports, message.model_dump_json())


@pytest.mark.parametrize("body", ["no JSON", "[]", '{"look": "sideways"}', '{"type": "notice"}', '{"detail": {}}'])
async def test_what_nobody_can_read_fails(body: str) -> None:
    with pytest.raises(MalformedMessage):
        await notify(Noticed({}).ports, body)
