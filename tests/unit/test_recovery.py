"""The verbs after a bad night, as they are typed: exit codes, what is asked for, what is refused."""

import asyncio
import json
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from penstock.feeds import FEEDS
from penstock.feeds.feed import Record, Rule
from penstock.feeds.traffic import TRAFFIC
from penstock.model.findings import Severity
from penstock.model.messages import ChunkMessage, Layout, SourceFile, Span
from penstock.operate.decide import NotToBeDecided
from penstock_ops import cli
from penstock_ops.console.errors import WrongUse
from penstock_ops.operate import operations, stack_ports
from penstock_ops.operate.circuits import NotClosed
from penstock_ops.operate.dead_letters import DeadLetters
from penstock_ops.operate.errors import NoNote, NotFound
from penstock_ops.operate.replays import NotToBeReplayed
from penstock_ops.operate.stack_ports import StackPorts
from penstock_ops.verbs import recovery
from penstock_ops.wording.times import local_time
from tests.support.destination import LOST, Api
from tests.support.operators import audited, operated
from tests.support.pipeline import Pipeline
from tests.support.spots import csv_file, spot


@dataclass
class Passing:
    """A clock by which the stages work on while somebody waits."""

    pipeline: Pipeline

    def now(self) -> float:
        return self.pipeline.clock.now()

    async def sleep(self, seconds: float) -> None:
        await self.pipeline.clock.sleep(seconds)
        await self.pipeline.run()


class OneQueue:
    """SQS with one DLQ, whose letters AWS moves itself."""

    def __init__(self, bodies: list[str]) -> None:
        self.bodies, self._unseen = bodies, list[str]()
        self.moved = False

    async def get_queue_attributes(self, **_: Any) -> Any:
        count = str(len(self.bodies))
        unseen = {"ApproximateNumberOfMessagesNotVisible": "0", "QueueArn": "arn"}
        return {"Attributes": {"ApproximateNumberOfMessages": count} | unseen}

    async def receive_message(self, **_: Any) -> Any:
        attributes = {"ApproximateReceiveCount": "6", "SentTimestamp": "1795262400000"}
        bodies, self.bodies = self.bodies, []
        self._unseen += bodies
        return {
            "Messages": [
                {"MessageId": f"m{at}", "Body": body, "ReceiptHandle": f"r{at}", "Attributes": attributes}
                for at, body in enumerate(bodies)
            ]
        }

    async def change_message_visibility_batch(self, **_: Any) -> None:
        self.bodies, self._unseen = self._unseen, []

    async def start_message_move_task(self, **_: Any) -> None:
        self.moved = True

    async def list_message_move_tasks(self, **_: Any) -> Any:
        return {"Results": [{"Status": "COMPLETED", "ApproximateNumberOfMessagesMoved": len(self.bodies)}]}


@dataclass
class Desk:
    """An operator at a stack of twins."""

    pipeline: Pipeline
    sqs: OneQueue

    def run(self, *arguments: str) -> Result:
        return CliRunner().invoke(cli.app, arguments)

    def said(self, *arguments: str) -> Any:
        return json.loads(self.run(*arguments, "--json").stdout)

    def drop(self, records: list[Mapping[str, Any]]) -> SourceFile:
        file = self.pipeline.drop(csv_file(records))
        asyncio.run(self.pipeline.run())
        return file

    def open_circuit(self) -> None:
        now = self.pipeline.clock.now()
        asyncio.run(self.pipeline.throttle.trip("traffic", now, now + 30, "the destination answered 503"))


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch) -> Desk:
    pipeline = Pipeline(Api(refuses=lambda record: 422 if record["station"] == "KBAD" else 0))
    file = SourceFile(feed="traffic", bucket="drop", key="traffic/a.csv", version_id="v1", etag="e", size=1)
    span = Span(chunk=0, start=0, end=1, first_record=0, records=10, line=1)
    sqs = OneQueue([ChunkMessage(file=file, layout=Layout(format="csv"), span=span).model_dump_json()])

    @asynccontextmanager
    async def open_stack(outputs: Mapping[str, str], stack: str | None) -> AsyncGenerator[StackPorts]:
        chunks = DeadLetters(sqs, "chunk", "url", {"": "source"})
        yield replace(operated(pipeline), dead_letters=[chunks], clock=Passing(pipeline))

    monkeypatch.setattr(operations, "connect", lambda stack: {})
    monkeypatch.setattr(stack_ports, "open_stack", open_stack)
    return Desk(pipeline, sqs)


# -- dlq and redrive


def test_letters_show_in_the_exit_code_and_by_their_subject(desk: Desk) -> None:
    listed, shown = desk.run("dlq", "list"), desk.run("dlq", "show", "chunk")

    assert (listed.exit_code, shown.exit_code) == (1, 1)
    assert f"chunk DLQ: 1 letters, the oldest sent {local_time(1_795_262_400)}" in listed.stdout
    assert "traffic/a.csv" in listed.stdout
    assert "records 0-9, received up to 6 times" in listed.stdout
    assert "0-9" in shown.stdout
    desk.sqs.bodies = []
    assert (desk.run("dlq", "list").exit_code, desk.run("dlq", "show", "chunk").exit_code) == (0, 0)


def test_a_redrive_says_what_it_moved_and_the_audit_who_did(desk: Desk) -> None:
    planned = desk.said("redrive", "--dry-run")
    assert not desk.sqs.moved
    moved = desk.run("redrive")

    assert planned == [
        {"queue": "chunk", "letters": 1, "feeds": ["traffic"], "unreadable": 0, "moved": None, "left": None}
    ]
    assert moved.exit_code == 0
    assert moved.stdout == "chunk DLQ: 1 letters of traffic moved\n"
    (line,) = audited(desk.pipeline, "RedriveStarted")
    assert (line["by"], line["queue"], line["letters"], line["forced"]) == ("Ada", "chunk", 1, False)


def test_a_redrive_waits_for_a_closed_circuit_unless_it_is_forced(desk: Desk) -> None:
    desk.open_circuit()

    refused = desk.run("redrive")
    assert isinstance(refused.exception, NotClosed)
    assert "--force" in str(refused.exception)
    assert not desk.sqs.moved
    assert audited(desk.pipeline, "RedriveStarted") == []
    assert desk.run("redrive", "--dry-run").exit_code == 0

    assert desk.run("redrive", "--force").exit_code == 0
    assert desk.sqs.moved
    (line,) = audited(desk.pipeline, "RedriveStarted")
    assert line["forced"] is True


# -- replay


def test_a_replay_shows_what_it_is_about_and_then_the_account(desk: Desk) -> None:
    # Given
    file = desk.drop([spot(0), spot(1, station="KBAD"), spot(2, station="KBAD")])
    desk.pipeline.api.refuses = lambda record: 0

    # When
    asked = desk.run("replay", "--file", file.file_id, "--dry-run")
    done = desk.run("replay", "--file", file.file_id, "--yes")

    # Expect
    assert (asked.exit_code, done.exit_code) == (0, 0), done.exception
    assert "to be replayed: 2 rejected records, in 1 chunks" in asked.stdout
    assert "destination.rejected" in asked.stdout
    assert "3 received = 3 delivered" in done.stdout
    assert desk.said("replay", "--file", file.file_id, "--yes")["then"] == ["there is nothing to replay"]


def test_a_replay_that_does_not_help_exits_as_the_file_does(desk: Desk) -> None:
    file = desk.drop([spot(0), spot(1, station="KBAD")])

    done = desk.run("replay", "--file", file.file_id, "--yes", "--json")

    assert done.exit_code == 1
    assert json.loads(done.stdout)["report"]["records"]["rejected"] == 1


@pytest.mark.parametrize(
    ("arguments", "kind", "word"),
    [
        ((), WrongUse, "--yes"),
        (("--yes", "--limit", "1"), NotToBeReplayed, "over the limit of 1"),
        (("--yes", "--records", "nine"), NotToBeReplayed, "counted from 0"),
    ],
)
def test_a_replay_that_is_not_to_be_sends_nothing(
    arguments: tuple[str, ...], kind: type[Exception], word: str, desk: Desk
) -> None:
    file = desk.drop([spot(0), spot(1, station="KBAD"), spot(2, station="KBAD")])

    done = desk.run("replay", "--file", file.file_id, *arguments)

    assert isinstance(done.exception, kind)
    assert word in str(done.exception)
    assert audited(desk.pipeline, "ReplayStarted") == []


@pytest.mark.parametrize(("answer", "delivered"), [("y\n", 2), ("n\n", 1), ("", 1)])
def test_somebody_at_a_terminal_is_asked(
    answer: str, delivered: int, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given
    monkeypatch.setattr(recovery, "_is_there", lambda: True)
    file = desk.drop([spot(0), spot(1, station="KBAD")])
    desk.pipeline.api.refuses = lambda record: 0

    # When
    CliRunner().invoke(cli.app, ["replay", "--file", file.file_id], input=answer)

    # Expect
    assert asyncio.run(desk.pipeline.counted(file))["delivered"] == delivered


def test_a_replay_waits_for_a_closed_circuit(desk: Desk) -> None:
    file = desk.drop([spot(1, station="KBAD")])
    desk.open_circuit()
    assert isinstance(desk.run("replay", "--file", file.file_id, "--yes").exception, NotClosed)


def test_a_file_that_is_not_there(desk: Desk) -> None:
    assert isinstance(desk.run("replay", "--file", "0" * 20).exception, NotFound)
    assert isinstance(desk.run("unknown", "list", "--file", "0" * 20).exception, NotFound)


# -- unknown


def test_an_unknown_batch_is_listed_and_decided_and_the_next_step_is_told(desk: Desk) -> None:
    # Given
    api = desk.pipeline.api
    api.settings_now, api.troubles = replace(api.settings_now, honours_idempotency_key=False), [LOST]
    file = desk.drop([spot(0), spot(1)])
    batch_id = f"{file.file_id}-000000-000"

    # When
    listed = desk.run("unknown", "list")
    replayed = desk.run("replay", "--file", file.file_id, "--yes")
    decided = desk.run("unknown", "resolve", batch_id, "--not-delivered", "--note", "not in their log")

    # Expect
    assert (listed.exit_code, replayed.exit_code, decided.exit_code) == (1, 1, 0)
    assert batch_id in listed.stdout
    assert f"penstock unknown list --file {file.file_id}" in replayed.stdout
    assert f"{batch_id}: 2 records are dead" in decided.stdout
    assert f"penstock replay --file {file.file_id} --records 0-1" in decided.stdout
    assert "dead: records 0-1" in decided.stdout
    assert desk.run("unknown", "list").exit_code == 0


# -- people and machines


@pytest.mark.parametrize(
    "arguments",
    [("dlq", "list"), ("dlq", "show", "chunk"), ("redrive", "--dry-run"), ("unknown", "list")],
)
def test_what_is_not_for_a_terminal_has_no_colour_and_no_bar(arguments: tuple[str, ...], desk: Desk) -> None:
    done = desk.run(*arguments)
    assert "\x1b" not in done.output
    assert done.stderr == ""
    assert isinstance(json.loads(desk.run(*arguments, "--json").stdout), list)


# -- held


def test_held_records_are_listed_released_and_refused(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    # Given a feed that wants somebody to look at every spot without an advertiser
    soft = Rule("traffic.whose", "advertiser", "nobody pays for it", _unpaid, Severity.SOFT)
    monkeypatch.setitem(FEEDS, "traffic", replace(TRAFFIC, rules=(*TRAFFIC.rules, soft), soft="hold"))
    file = desk.drop([spot(0), *(spot(at, advertiser=None) for at in (1, 2, 3))])

    # When
    listed, one = desk.run("held", "list"), ("--file", file.file_id, "--note", "it is ours", "--by", "Grace")
    nothing = desk.said("replay", "--file", file.file_id)

    # Expect
    assert listed.exit_code == 1
    assert f"{file.file_id}:1   traffic/spots.csv, since 20" in listed.stdout
    assert "station WXYZ, spot_id S00001, air_date 2026-11-20, air_time 19:28:30" in listed.stdout
    assert "nobody pays for it (traffic.whose)" in listed.stdout
    assert [record["ordinal"] for record in desk.said("held", "list", "--file", file.file_id)] == [1, 2, 3]
    assert (nothing["held"], nothing["report"]) == (3, None)

    # When
    released = desk.run("held", "release", *one, "--records", "1-2")

    # Expect
    assert (released.exit_code, "2 records of" in released.stdout) == (1, True), released.output
    assert "4 received = 3 delivered + 1 held" in released.stdout
    assert isinstance(desk.run("held", "refuse", *one, "--records", "2-3").exception, NotToBeDecided)

    # When
    refused = desk.said("held", "refuse", *one, "--records", "3")

    # Expect
    assert (refused["count"], refused["report"]["records"]["rejected"]) == (1, 1)
    assert desk.run("held", "list", "--feed", "traffic").exit_code == 0
    assert [audited(desk.pipeline, f"Held{what}")[0]["scheduler"] for what in ("Released", "Refused")] == ["Grace"] * 2


@pytest.mark.parametrize("verb", ["release", "refuse"])
def test_a_scheduler_says_why(verb: str, desk: Desk) -> None:
    for note in (" ", "x" * 501):
        done = desk.run("held", verb, "--file", "0" * 20, "--records", "1", "--note", note)
        assert isinstance(done.exception, NoNote)


def _unpaid(records: Sequence[Record]) -> list[int]:
    return [at for at, one in enumerate(records) if not one.get("advertiser")]
