"""A carrier learns by itself what became of its invoices, whatever breaks, and no account waits for it."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from penstock import feeds
from penstock.account.completion import complete_file
from penstock.feeds.feed import Limits
from penstock.feeds.freight import FREIGHT
from penstock.model.errors import Transient
from penstock.model.messages import SourceFile
from penstock.model.rows import FileState
from penstock.operate.replay import begin_replay, plan_replay
from penstock_ops.check.check_file import check
from penstock_ops.operate.acknowledging import acknowledge
from penstock_ops.operate.errors import Unacknowledged
from tests.support import edi
from tests.support.acknowledged import Acknowledged, acknowledged
from tests.support.destination import Api, refusing
from tests.support.documents import MESSAGE, message_file
from tests.support.edi import Words
from tests.support.events import DeclaredEvents
from tests.support.invoices import B3, changed, freight_bill, ubl, ubl_file
from tests.support.operators import audited, operated
from tests.support.pipeline import Fault, Pipeline


def bill(number: int, **changes: Any) -> list[Words]:
    return freight_bill(changed(B3, {2: f"INV-{number}", 3: f"PRO-{number}"}), **changes)


WITHOUT_CARRIER = freight_bill(changed(B3, {2: "INV-9", 11: ""}))
WRONG_SUM = bill(8, total=("L3", "1200", "G", "", "", "31000"))
BODY = edi.interchange([edi.st(1, bill(1)), edi.st(2, WITHOUT_CARRIER), edi.st(3, bill(3))], [edi.st(4, WRONG_SUM)])


@pytest.fixture(autouse=True)
def two_a_chunk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(feeds.FEEDS, "freight", replace(FREIGHT, limits=Limits(records=2)))


async def dropped(pipeline: Pipeline, body: bytes = BODY, key: str = "freight/night.edi") -> SourceFile:
    file = pipeline.drop(body, key)
    await pipeline.run()
    return file


def told(pipeline: Pipeline, file: SourceFile) -> Acknowledged:
    (said,) = acknowledged(pipeline.report(file, "acknowledgements.edi"))
    return said


async def test_what_was_accepted_and_what_was_not_is_told_beside_the_report() -> None:
    pipeline = Pipeline()
    file = await dropped(pipeline)

    assert await pipeline.assert_sound(file, received=4) == {"delivered": 2, "rejected": 2}
    first, second = told(pipeline, file).groups
    assert (first.verdict, first.counts) == ("P", (3, 3, 2))
    assert [(one.control, one.verdict, one.notes) for one in first.sets] == [
        ("0001", "A", []),
        ("0002", "R", [("B3", "2", "8", "11", "1")]),
        ("0003", "A", []),
    ]
    assert [(one.control, one.verdict, one.notes) for one in second.sets] == [("0004", "R", [("L3", "11", "8")])]


async def test_an_event_has_the_acknowledgement_itself_and_comes_behind_the_account() -> None:
    pipeline = Pipeline()
    file = await dropped(pipeline)

    kinds = [kind for kind, _ in pipeline.events.published]
    assert kinds == ["FileSettled", "FileAcknowledged"]
    detail = pipeline.events.published[-1][1]
    assert detail["text"].encode() == pipeline.report(file, "acknowledgements.edi")
    assert (detail["file_id"], detail["feed"], detail["key"], detail["answered"]) == (
        file.file_id, "freight", "freight/night.edi", 1,
    )  # fmt: skip
    assert detail["interchanges"] == [
        {
            "control": "000000001",
            "sender": "02:CARRIER",
            "receiver": "ZZ:PAYER",
            "answer": "997",
            "accepted": 2,
            "rejected": 2,
            "rules": [],
        }
    ]
    assert pipeline.report(file, "acknowledgements.json") == detail


async def test_what_was_told_once_is_not_told_again() -> None:
    pipeline = Pipeline()
    file = await dropped(pipeline)
    before = pipeline.report(file, "acknowledgements.edi")
    await complete_file(pipeline, file.file_id)
    pipeline.tell(file)
    await pipeline.run()

    assert pipeline.told("FileAcknowledged") == [file.file_id]
    assert pipeline.report(file, "acknowledgements.edi") == before


async def test_what_is_held_or_was_refused_by_the_destination_was_accepted() -> None:
    """An acknowledgement is about the bytes and the content, not about what becomes of them."""
    pipeline = Pipeline(Api(refuses=refusing("invoice_number", "INV-1")))
    held = freight_bill(changed(B3, {2: "INV-2", 3: "PRO-2", 8: "CO"}))
    file = await dropped(pipeline, edi.interchange([edi.st(1, bill(1)), edi.st(2, held)]))

    assert await pipeline.assert_sound(file, received=2) == {"rejected": 1, "held": 1}
    assert [one.verdict for one in told(pipeline, file).every_set] == ["A", "A"]


async def test_messages_of_edifact_get_a_contrl() -> None:
    pipeline = Pipeline()
    wrong = [one.replace("MOA+77:178.50", "MOA+77:179.50") for one in MESSAGE]
    file = await dropped(pipeline, message_file(MESSAGE, wrong), "freight/night.edi")

    said = told(pipeline, file)
    assert (said.verdict, [(one.control, one.codes) for one in said.sets]) == ("7", [("2", ["18"])])


async def test_a_format_without_acknowledgements_gets_none() -> None:
    pipeline = Pipeline()
    await dropped(pipeline, ubl_file(ubl()), "freight/one.xml")

    assert [kind for kind, _ in pipeline.events.published] == ["FileSettled"]


async def test_of_a_file_that_cannot_be_read_any_more_the_account_is_told_nevertheless() -> None:
    pipeline = Pipeline()
    file = pipeline.drop(BODY, "freight/night.edi")
    await pipeline.handle_next(pipeline.intake)
    for _ in range(2):
        await pipeline.handle_next(pipeline.chunks)
    pipeline.store.sources.clear()
    await pipeline.run()

    assert (await pipeline.row(file)).settled_at
    assert pipeline.told("FileSettled") == [file.file_id]
    assert pipeline.told("FileAcknowledged") == []
    (fault,) = await pipeline.ledger.faults(0)
    assert (fault.look, fault.about, fault.error) == ("acknowledgement", file.file_id, "ObjectMissing")


class MoodyBus(DeclaredEvents):
    """Takes everything but acknowledgements."""

    async def put(self, kind: str, detail: Mapping[str, Any]) -> None:
        if kind == "FileAcknowledged":
            raise Transient("not this one")
        await super().put(kind, detail)


async def test_a_bus_that_takes_no_acknowledgement_delays_no_account() -> None:
    pipeline = Pipeline()
    pipeline.events = MoodyBus()
    file = await dropped(pipeline)

    assert await pipeline.assert_sound(file, received=4) == {"delivered": 2, "rejected": 2}
    assert [fault.look for fault in await pipeline.ledger.faults(0)] == ["acknowledgement"]
    assert sum(worked.counts.get("LookFaults", 0) for worked in pipeline.worked) == 1, "an alarm is told"
    assert [kind for kind, _ in pipeline.events.published] == ["FileSettled", "LookFailed"]


async def test_as_long_as_a_record_is_dead_nobody_is_told_and_a_replay_tells(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(tree: Mapping[str, Any]) -> Any:
        raise ZeroDivisionError

    sound = feeds.FEEDS["freight"]
    monkeypatch.setitem(feeds.FEEDS, "freight", replace(sound, to_record=fails))
    pipeline = Pipeline()
    file = await dropped(pipeline)
    assert await pipeline.counted(file) == {"dead": 4}
    assert pipeline.told("FileAcknowledged") == []

    monkeypatch.setitem(feeds.FEEDS, "freight", sound)
    planned = await plan_replay(pipeline.ledger, pipeline.store, await pipeline.row(file))
    await begin_replay(pipeline, planned)
    await pipeline.run()
    assert pipeline.told("FileAcknowledged") == [file.file_id]
    assert [group.verdict for group in told(pipeline, file).groups] == ["P", "R"]


def test_a_check_writes_what_the_sender_would_be_told(tmp_path: Path) -> None:
    path, out = tmp_path / "night.edi", tmp_path / "night.ack.edi"
    path.write_bytes(BODY)

    checked = check(path, "freight", tmp_path / "rejects.csv", lambda _: None, acknowledgements_to=out)

    assert checked.as_dict()["acknowledged_in"] == str(out)
    (said,) = acknowledged(out.read_bytes())
    assert [group.verdict for group in said.groups] == ["P", "R"]


def test_a_check_says_nothing_where_there_is_nothing_to_acknowledge(tmp_path: Path) -> None:
    path, out = tmp_path / "one.xml", tmp_path / "ack.edi"
    path.write_bytes(ubl_file(ubl()))

    checked = check(path, "freight", tmp_path / "rejects.csv", lambda _: None, acknowledgements_to=out)

    assert "acknowledged_in" not in checked.as_dict()
    assert not out.exists()


async def test_a_worker_that_dies_anywhere_leaves_the_same_acknowledgement() -> None:
    whole = Pipeline()
    expected = (await dropped(whole), whole.fault.calls)
    body = whole.report(expected[0], "acknowledgements.edi")
    for at in range(expected[1]):
        pipeline = Pipeline(fault=Fault(at, kills=True, after=bool(at % 2)))
        file = await dropped(pipeline)
        await pipeline.assert_sound(file, received=4)
        said = pipeline.report(file, "acknowledgements.edi")
        assert _undated(said) == _undated(body), f"call {at}: {pipeline.fault.struck}"
        assert set(pipeline.told("FileAcknowledged")) == {file.file_id}


def _undated(body: bytes) -> bytes:
    """Without when it was made: a splitter that died sealed the file later."""
    return b"~".join(one for one in body.split(b"~") if not one.startswith((b"ISA", b"GS")))


async def test_an_operator_has_it_told_again_and_the_audit_knows() -> None:
    pipeline = Pipeline()
    file = await dropped(pipeline)
    row = await pipeline.ledger.file(file.file_id)
    assert row is not None
    before = pipeline.report(file, "acknowledgements.edi")

    told_again = await acknowledge(operated(pipeline), row)
    assert (told_again["file_id"], told_again["answered"]) == (file.file_id, 1)
    assert pipeline.report(file, "acknowledgements.edi") == before
    assert [kind for kind, _ in pipeline.events.published].count("FileAcknowledged") == 2
    assert [line["by"] for line in audited(pipeline, "FileAcknowledged")] == ["Ada"]


async def test_what_has_no_acknowledgement_says_why_not() -> None:
    pipeline = Pipeline()
    file = await dropped(pipeline, ubl_file(ubl()), "freight/one.xml")
    row = await pipeline.ledger.file(file.file_id)
    assert row is not None
    with pytest.raises(Unacknowledged, match="no word for it"):
        await acknowledge(operated(pipeline), row)
    with pytest.raises(Unacknowledged, match="has not settled"):
        await acknowledge(operated(pipeline), replace(row, state=FileState.SPLITTING))
    assert audited(pipeline, "FileAcknowledged") == []


@pytest.mark.parametrize(
    ("right", "wrong", "code"),
    [
        (b"*U*00401*", b"*U*4010 *", "017"),
        (b"*0*P*:~", b"*0*P*~~", "026"),
        (b"*U*00401*000000001*", b"*U*00401**", ""),
    ],
)
async def test_a_file_that_is_refused_at_its_isa_is_answered_by_a_ta1(right: bytes, wrong: bytes, code: str) -> None:
    """X12.5: R, rejected; where the ISA has no number that could be answered, nobody is."""
    pipeline = Pipeline()
    file = await dropped(pipeline, BODY.replace(right, wrong))

    kinds = [kind for kind, _ in pipeline.events.published]
    assert kinds == ["FileRefused", "FileAcknowledged"][: 1 + bool(code)]
    if code:
        said = told(pipeline, file)
        assert (said.control, said.verdict, said.code, said.groups) == ("000000001", "R", code, [])
        assert pipeline.events.published[-1][1]["text"].encode() == pipeline.report(file, "acknowledgements.edi")
