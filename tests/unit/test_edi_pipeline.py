"""Files of X12 and EDIFACT from the drop to the account: what is wrong round the records rejects none, and is told."""

from pathlib import Path
from typing import TypedDict

import pytest

from penstock import feeds
from penstock.feeds.feed import Feed, Limits
from penstock.formats.edifact import Edifact
from penstock.formats.x12 import X12
from penstock.operate.replay import begin_replay, plan_replay
from penstock_ops.check.check_file import check
from tests.support import edi
from tests.support.pipeline import Pipeline


class _Record(TypedDict):
    transaction: str
    control: str
    version: str
    envelope: dict[str, str]
    segments: list[list[str]]


FEED = Feed(
    name="traffic",
    title="Transaction sets and messages",
    formats=(X12(), Edifact()),
    record=_Record,
    identity=("control",),
    limits=Limits(records=2),
)


@pytest.fixture(autouse=True)
def of_this_feed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(feeds.FEEDS, "traffic", FEED)


def two_interchanges() -> bytes:
    """Nine sets. The first interchange's GE and IEA count wrongly; the second has other delimiters, and in it the set
    0007 counts its own segments wrongly."""
    one = edi.interchange([edi.st(at) for at in range(1, 5)], control=1)
    two = edi.interchange([edi.st(at) for at in range(5, 10)], control=2, sender="OTHER", delimiters=edi.BARS)
    return (
        one.replace(b"GE*4*1~", b"GE*5*1~").replace(b"IEA*1*", b"IEA*3*")
        + two.replace(b"SE|4|0007'", b"SE|6|0007'")
    )  # fmt: skip


async def test_a_wrong_count_in_an_envelope_is_told_in_the_account_and_rejects_nothing() -> None:
    pipeline = Pipeline()
    file = pipeline.drop(two_interchanges(), "traffic/invoices.x12")
    await pipeline.run()

    assert await pipeline.assert_sound(file, received=9) == {"delivered": 8, "rejected": 1}
    summary = pipeline.report(file)
    assert summary["findings"] == {
        "format.group_count": 1, "format.interchange_count": 1, "format.record_count": 1,
    }  # fmt: skip
    assert [(note["code"], note["severity"], note["rule"][:9]) for note in summary["notes"]] == [
        ("format.group_count", "soft", "X12 AK905"),
        ("format.interchange_count", "soft", "X12 TA105"),
    ]
    assert "the GE at byte" in summary["notes"][0]["message"]
    assert pipeline.events.published[-1] == ("FileSettled", summary)
    # Every record says whose it is.
    posted = [record for _, body in pipeline.api.bodies for record in body["records"]]
    assert {record["control"]: record["envelope"]["sender"] for record in posted} == {
        **dict.fromkeys(("0001", "0002", "0003", "0004"), "CARRIER"),
        **dict.fromkeys(("0005", "0006", "0008", "0009"), "OTHER"),
    }


async def test_a_replay_reads_a_chunk_by_the_layout_of_its_own_interchange() -> None:
    pipeline = Pipeline()
    file = pipeline.drop(two_interchanges(), "traffic/invoices.x12")
    await pipeline.run()
    first = {chunk.span.chunk: chunk.span.layout for chunk in await pipeline.ledger.chunks(file.file_id)}
    assert [layout and layout.delimiters for layout in first.values()] == [None, None, *[edi.BARS] * 3]

    planned = await plan_replay(pipeline.ledger, pipeline.store, await pipeline.row(file))
    assert [(message.only, message.layout) for message in planned.messages] == [("6", first[3])]
    await begin_replay(pipeline, planned)
    await pipeline.run()

    assert await pipeline.counted(file) == {"delivered": 8, "rejected": 1}
    summary = pipeline.report(file)
    assert (summary["account_version"], summary["findings"]["format.record_count"]) == (7, 1)
    assert [note["code"] for note in summary["notes"]] == ["format.group_count", "format.interchange_count"]


async def test_a_wrong_count_in_a_unz_is_told_as_contrl_would() -> None:
    pipeline = Pipeline()
    messages = "".join(f"UNH+{at}+INVOIC:D:96A:UN'BGM+380+{at}'UNT+3+{at}'" for at in range(3))
    file = pipeline.drop(f"UNB+UNOC:3+ONE+PAYER+261120:2115+1'{messages}UNZ+4+1'".encode(), "traffic/invoices.edi")
    await pipeline.run()

    assert await pipeline.assert_sound(file, received=3) == {"delivered": 3}
    (note,) = pipeline.report(file)["notes"]
    assert (note["code"], note["rule"][:15]) == ("format.interchange_count", "EDIFACT 0085 29")


def test_a_check_says_the_same(tmp_path: Path) -> None:
    path = tmp_path / "invoices.x12"
    path.write_bytes(two_interchanges())
    told = check(path, "traffic", tmp_path / "rejects.csv", lambda done: None).as_dict()

    assert told["records"] == {"received": 9, "valid": 8, "rejected": 1, "duplicate": 0, "held": 0}
    assert told["findings"] == {"format.group_count": 1, "format.interchange_count": 1, "format.record_count": 1}
    assert [note["code"] for note in told["notes"]] == ["format.group_count", "format.interchange_count"]
