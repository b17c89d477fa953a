"""A destination on its bad days: what it answers decides, nothing is lost, and nothing is done twice."""

import json
import os
import sys
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from penstock_ops.world import processes, project, servers
from tests.support.deployed import QUICK, Deployed, File, counts, until
from tests.support.spots import csv_file, spot

#: Longer than the dispatcher waits for an answer, whatever the pace.
SLOW = {"mode": "slow", "slow_seconds": 3 * QUICK["timeout_seconds"]}

TOO_FAST = "put off: the destination says that calls come too fast"

TROUBLES = {
    "hangs up": {"mode": "down"},
    "slow": SLOW,
    "500": {"mode": "status", "status": 500},
    "nonsense": {"mode": "nonsense"},
}


@pytest.fixture
def station(request: pytest.FixtureRequest) -> str:
    """A station of the test's own, so that no other test has its records."""
    return f"K-{request.node.name}"[:100].upper()


@pytest.mark.parametrize("trouble", TROUBLES)
def test_what_may_pass_is_tried_again_until_it_has(trouble: str, station: str, undisturbed: Deployed) -> None:
    # Given a single batch: of several that fail at once the circuit opens, and what waits for it waits for a minute
    undisturbed.behave(**TROUBLES[trouble])
    file = _drop(undisturbed, station, 250)

    # When
    until(lambda: _tried_again(undisturbed, file), "calls that failed")
    undisturbed.calm()
    undisturbed.recover()
    report = undisturbed.ended(file)

    # Expect
    assert report["records"] == counts(250)
    assert _applied(undisturbed, station) == Counter(range(250))
    assert _tried_again(undisturbed, file)


@pytest.mark.parametrize("status", [400, 409])
def test_what_is_refused_is_rejected_with_its_reason_and_can_come_again(
    status: int, station: str, undisturbed: Deployed
) -> None:
    # Given
    undisturbed.behave(mode="status", status=status)

    # When
    file = _drop(undisturbed, station, 300)
    report = undisturbed.ended(file)

    # Expect
    assert report["records"] == counts(300, rejected=300)
    assert report["findings"] == {"destination.rejected": 300}
    reason = f"the destination answered {status}: as_told: this API was told to answer so"
    rejects = undisturbed.rejects(file)
    assert [row["penstock_ordinal"] for row in rejects] == [str(number) for number in range(300)]
    assert {row["penstock_message"] for row in rejects} == {reason}
    assert {batch.attempts for batch in undisturbed.batches(file)} == {1}

    # When
    undisturbed.calm()
    again = undisturbed.drop(f"{station}-again.csv", undisturbed.output(file, "rejects.csv") or b"")

    # Expect
    assert undisturbed.ended(again)["records"] == counts(300)
    assert _applied(undisturbed, station) == Counter(range(300))


def test_a_conflict_after_a_call_without_an_answer_refuses_nothing(station: str, undisturbed: Deployed) -> None:
    # Given
    undisturbed.behave(**SLOW)
    file = _drop(undisturbed, station, 200)
    undisturbed.attempted(file, times=1)

    # When
    undisturbed.behave(mode="status", status=409)
    undisturbed.attempted(file, times=2)
    undisturbed.calm()

    # Expect
    assert undisturbed.ended(file)["records"] == counts(200)
    assert _applied(undisturbed, station) == Counter(range(200))


def test_it_is_not_called_before_it_said(station: str, undisturbed: Deployed) -> None:
    # Given
    # One call in four seconds: the second of two batches is told when to come back.
    undisturbed.behave(rate_per_second=0.25, burst=1)
    began, refused = time.time(), undisturbed.books()["calls"].get("429", 0)

    # When
    file = _drop(undisturbed, station, 500)
    report = undisturbed.ended(file)

    # Expect
    assert report["records"] == counts(500)
    assert undisturbed.books()["calls"]["429"] == refused + 1, "it came back when it was told to"
    # By a message of its own, which counts as no attempt.
    assert [line["reason"] for line in _came_again(undisturbed, began)] == []
    assert TOO_FAST in {line["message"] for line in _told(undisturbed, began)}


def test_it_is_not_there_and_then_it_is(station: str, undisturbed: Deployed, elsewhere: "Elsewhere") -> None:
    # Given
    auth = undisturbed.settings()["auth"] | {"token_url": f"{elsewhere.url}/oauth/token"}
    was = undisturbed.configure(url=f"{elsewhere.url}/feeds/traffic/records", auth=auth)
    try:
        file = _drop(undisturbed, station, 300)
        undisturbed.attempted(file, times=1)

        # When
        elsewhere.start()
        undisturbed.recover()
        report = undisturbed.ended(file)
    finally:
        undisturbed.configure(**was)

    # Expect
    assert report["records"] == counts(300)
    assert elsewhere.books()["applied_records"] == 300
    assert elsewhere.books()["applied_more_than_once"] == 0
    assert not _applied(undisturbed, station)


def test_without_keys_a_doubt_is_unknown_and_nothing_is_sent_again(station: str, undisturbed: Deployed) -> None:
    # Given
    was = undisturbed.configure(honours_idempotency_key=False)
    undisturbed.behave(**SLOW)
    try:
        # When
        file = _drop(undisturbed, station, 300)
        report = undisturbed.ended(file)
        undisturbed.calm()
        again = _drop(undisturbed, station, 310)
        later = undisturbed.ended(again)
    finally:
        undisturbed.configure(**was)

    # Expect
    assert report["records"] == counts(300, unknown=300)
    assert {batch.attempts for batch in undisturbed.batches(file)} == {1}
    assert {line["outcome"] for line in undisturbed.outcomes(file).values()} == {"unknown"}
    # What may have arrived keeps its claim: the same records again are duplicates, and only the new ones go out.
    assert later["records"] == counts(310, duplicate=300)
    until(lambda: _applied(undisturbed, station) == Counter(range(310)), "what the slow calls did")


class Elsewhere:
    """Another demo API, which does not run yet."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._port = servers.free_port()
        self._process: processes.Process | None = None
        self.url = f"http://127.0.0.1:{self._port}"

    def start(self) -> None:
        port_file, log = self._folder / "port", self._folder / "log"
        listen = ["--port", str(self._port), "--port-file", str(port_file), "--calm"]
        self._process = processes.start(
            [sys.executable, "-m", "penstock_ops.demo_api", *listen],
            environment={"PATH": os.defpath},
            folder=project.ROOT,
            log=log,
        )
        servers.await_ready("the other demo API", port_file.exists, self._process, log)

    def books(self) -> dict[str, Any]:
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(f"{self.url}/_demo/ledger?feed=traffic") as answer:
            return json.load(answer)

    def stop(self) -> None:
        if self._process is not None:
            processes.stop(self._process)


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[Elsewhere]:
    api = Elsewhere(tmp_path)
    yield api
    api.stop()


def _drop(deployed: Deployed, station: str, records: int) -> File:
    body = csv_file([spot(number, station=station) for number in range(records)])
    return deployed.drop(f"{station}-{records}.csv", body)


def _tried_again(deployed: Deployed, file: File) -> bool:
    return any(batch.attempts > 1 for batch in deployed.batches(file))


def _applied(deployed: Deployed, station: str) -> Counter[int]:
    """How often the destination has which of a station's spots, by their numbers."""
    return Counter(int(record["spot_id"][1:]) for record in deployed.applied() if record["station"] == station)


def _came_again(deployed: Deployed, since: float) -> list[dict[str, Any]]:
    """The dispatcher's log lines of messages that had to come again."""
    return [line for line in _told(deployed, since) if line.get("message") == "must come again"]


def _told(deployed: Deployed, since: float) -> list[dict[str, Any]]:
    """The dispatcher's log lines."""
    pages = (
        deployed.client("logs")
        .get_paginator("filter_log_events")
        .paginate(logGroupName=f"/aws/lambda/{deployed.outputs['DispatcherFunctionName']}", startTime=int(since * 1000))
    )
    lines = [event["message"].strip() for page in pages for event in page["events"]]
    return [line for line in map(json.loads, filter(lambda line: line.startswith("{"), lines)) if "message" in line]
