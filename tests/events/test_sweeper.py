"""Every way in which the sweeper can be called."""

import json
import time
from typing import Any

import pytest

from tests.events.conftest import FILE, Functions, Stack, Tell, failing, load


def bury(stack: Stack, stage: str, name: str, queue: str) -> None:
    """Puts the message of a sample event into a DLQ, as SQS does after the last try."""
    body = load(stage, name)["Records"][0]["body"]
    stack.emulator.client("sqs").send_message(QueueUrl=stack.names[queue], MessageBody=body)


def done(answer: list[dict[str, Any]]) -> dict[str, dict[str, float]]:
    """What was done, and its figures."""
    return {worked["what"]: worked["counts"] for worked in answer}


@pytest.fixture
def split(functions: Functions, stack: Stack) -> Stack:
    """The stack, once the sample file was split."""
    stack.drop()
    assert functions.call("splitter", load("splitter", "put")) == failing()
    return stack


def test_with_nothing_to_do_nothing_is_done(functions: Functions, stack: Stack, told: Tell) -> None:
    answer = functions.call("sweeper", load("sweeper", "work"))

    nothing = {
        "ChunksBuried": 0,
        "FilesOverdue": 0,
        "FilesStalled": 0,
        "LookFaults": 0,
        "LooksCutShort": 0,
        "WorkLooks": 1,
    }
    assert done(answer) == {"swept": nothing}
    assert told().sums(feed="none", service="sweeper") == {"WorkLooks": 1}, "what is nothing costs nothing"


def test_a_chunk_nobody_could_validate_dies_and_its_file_ends(functions: Functions, split: Stack, told: Tell) -> None:
    bury(split, "validator", "chunk", "ChunkDlq")
    told()

    answer = functions.call("sweeper", load("sweeper", "work"))

    assert done(answer)["swept"]["ChunksBuried"] == 1
    assert split.rows()["CHUNK#000000"]["state"] == "dead"
    summary = json.loads(split.output("summary.json"))
    assert (summary["records"]["dead"], summary["balanced"]) == (3, True)
    assert split.heard() == [("FileSettled", summary)]
    assert told().sums(feed="traffic", service="sweeper")["FilesIncomplete"] == 1
    assert len(split.receive(split.names["ChunkDlq"])) == 1, "the letter stays, and can be redriven"


def test_a_chunk_nobody_could_deliver_dies_without_its_rejects(functions: Functions, split: Stack) -> None:
    functions.call("validator", load("validator", "chunk"))
    bury(split, "dispatcher", "dispatch", "DispatchDlq")

    answer = functions.call("sweeper", load("sweeper", "work"))

    assert done(answer)["swept"]["ChunksBuried"] == 1
    summary = json.loads(split.output("summary.json"))
    assert (summary["records"]["dead"], summary["records"]["rejected"]) == (2, 1)
    # Redriven, it comes back to life.
    assert functions.call("dispatcher", load("dispatcher", "redelivered")) == failing()
    summary = json.loads(split.output("summary.json"))
    assert (summary["records"]["delivered"], summary["records"]["dead"], summary["balanced"]) == (2, 0, True)


def test_a_drop_without_a_row_is_told(
    functions: Functions, split: Stack, told: Tell, monkeypatch: pytest.MonkeyPatch
) -> None:
    split.drop("traffic/never-announced.csv", b"x")
    now = time.time
    monkeypatch.setattr(time, "time", lambda: now() + 3600)
    told()

    answer = functions.call("sweeper", load("sweeper", "drops"))

    found = {"FilesOverlooked": 2, "LookFaults": 0, "LooksCutShort": 0, "DropsLooks": 1}
    assert done(answer) == {"looked for overlooked files": found}, "the sample's id is another's"
    overlooked = {detail["key"] for kind, detail in split.heard() if kind == "FileOverlooked"}
    assert overlooked == {"traffic/never-announced.csv", FILE.key}
    assert told().sums(feed="none", service="sweeper") == {"FilesOverlooked": 2, "DropsLooks": 1}


def test_a_drop_is_given_time_to_be_taken_up(functions: Functions, stack: Stack) -> None:
    stack.drop()

    found = done(functions.call("sweeper", load("sweeper", "drops")))["looked for overlooked files"]
    assert found["FilesOverlooked"] == 0
    assert stack.heard() == []


def test_what_nobody_has_worked_on_for_hours_is_sent_again(
    functions: Functions, split: Stack, told: Tell, monkeypatch: pytest.MonkeyPatch
) -> None:
    split.receive(split.names["ChunkQueue"])
    now = time.time
    monkeypatch.setattr(time, "time", lambda: now() + 7 * 3600)
    told()

    answer = functions.call("sweeper", load("sweeper", "idle"))

    assert done(answer)["sent again"] == {"MessagesResent": 1}
    assert told().sums(feed="none", service="sweeper") == {"IdleLooks": 1}
    assert "WorkResent" in {kind for kind, _ in split.heard()}
    assert len(split.receive(split.names["ChunkQueue"])) == 1


def test_an_event_nobody_knows_fails(functions: Functions, stack: Stack) -> None:
    with pytest.raises(Exception, match="does not ask"):
        functions.call("sweeper", load("sweeper", "nonsense"))
