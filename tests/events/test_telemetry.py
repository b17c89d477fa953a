"""What the functions tell of their work: enough to follow a record and to alarm on, and nothing that is in it (R32)."""

import asyncio
import io
import json
import logging
import re
from collections.abc import Iterator
from contextlib import AsyncExitStack, redirect_stdout
from typing import Any

import pytest

from penstock.adapters.lambda_function import Process, QueueFunction, SourceQueues
from penstock.adapters.scheduled_function import Plan, ScheduledFunction
from penstock.adapters.telemetry import Telemetry
from penstock.feeds import FEEDS
from penstock.model.findings import Outcome
from penstock.model.stage_result import FAULTS, StageResult
from tests.events.conftest import FILE, Context, Functions, Mapping, Stack, Tell, Told, failing, load, serving
from tests.support.emulators import Emulator, forget_everything, template

NAMESPACE = "Penstock/penstock"
ALWAYS = {"audit_trace_id", "feed", "stage", "latency_ms"}
#: Of every record in the sample file, in letters that JSON does not escape.
CONTENT = ("S-1001", "S-1002", "ABCD1234000H", "WXYZ", "hler", "hne", "Coffee", "Brew", "B-77", "liner", "80.00")


@pytest.fixture(scope="module")
def whole_way(ministack: Emulator) -> Told:
    """What was told of a file that went through all stages with all that can befall it, and of one that was refused."""
    forget_everything(ministack)
    with io.StringIO() as output, redirect_stdout(output), serving() as (api, url):
        stack = Stack(ministack, api, url)
        functions = Functions(stack)
        try:
            walk(functions, stack)
        finally:
            functions.close()
        return Told.read(output.getvalue())


def walk(functions: Functions, stack: Stack) -> None:
    stack.drop()
    assert functions.call("splitter", load("splitter", "put")) == failing()
    functions.call("splitter", load("splitter", "redelivered"))
    functions.call("splitter", load("splitter", "unknown-feed"))
    functions.call("splitter", load("splitter", "malformed-beside-good"))
    assert functions.call("validator", load("validator", "chunk")) == failing()
    functions.call("validator", load("validator", "malformed-beside-good"))
    refusal = {"results": [{"index": 1, "status": 422, "code": "no_contract", "message": "no contract B-77 of Köhler"}]}
    stack.api.answers += [
        (503, {"Content-Type": "text/plain"}, "Köhler & Söhne is unknown".encode()),
        (200, {"Content-Type": "application/json"}, json.dumps(refusal).encode()),
    ]
    event = stack.delivered("dispatcher", load("dispatcher", "dispatch"))
    assert functions.call("dispatcher", event, Context(milliseconds=20_000)) == failing()
    with pytest.raises(Exception, match="none of 1 messages"):
        functions.call("dispatcher", event)
    assert functions.call("dispatcher", event) == failing()
    functions.call("dispatcher", load("dispatcher", "redelivered"))
    Mapping(stack)
    functions.call("prober", load("prober", "circuits"))
    functions.call("sweeper", load("sweeper", "work"))
    functions.call("sweeper", load("sweeper", "idle"))
    functions.call("sweeper", load("sweeper", "drops"))


def test_every_line_about_a_message_says_which_and_how_long_it_took(whole_way: Told) -> None:
    assert len(whole_way.lines) == 15 + len(FEEDS)  # the prober has a line for each feed
    for line in whole_way.lines:
        assert line.keys() >= ALWAYS, line
        assert line["stage"] == line["service"] in ("splitter", "validator", "dispatcher", "prober", "sweeper")
        assert line["latency_ms"] >= 0
        assert line["request_id"] == Context().aws_request_id


def test_a_file_can_be_followed_through_all_stages_by_its_id(whole_way: Told) -> None:
    of_file = [line for line in whole_way.lines if (line["audit_trace_id"] or "").startswith(FILE.file_id)]

    assert [(line["stage"], line["message"]) for line in of_file] == [
        ("splitter", "sealed"),
        ("splitter", "seen before"),
        ("splitter", "seen before"),
        ("validator", "validated"),
        ("validator", "seen before"),
        ("dispatcher", "put off: the invocation ends before an answer could come"),
        ("dispatcher", "must come again"),
        ("dispatcher", "settled"),
        ("dispatcher", "seen before"),
    ]
    assert {line["feed"] for line in of_file} == {"traffic"}


def test_the_codes_of_a_chunks_records_are_in_its_line(capsys: pytest.CaptureFixture[str]) -> None:
    """Counted, and no metric: a dimension for each carrier would have no bound."""
    told = {"document_type": "x12_210", "scac": "ACME", "outcome": "accepted", "records": 190}
    Telemetry("validator", "Chunk").done(StageResult("validated", "freight", "0af1-000000", log_counts=(told,)), 0.1)
    (line,) = map(json.loads, capsys.readouterr().out.splitlines())
    assert (line["audit_trace_id"], line["told"]) == ("0af1-000000", [told])


def test_no_line_and_no_metric_holds_record_content(whole_way: Told) -> None:
    """R32; neither the records' nor what the destination says of them."""
    for content in CONTENT:
        assert content not in whole_way.raw


def test_metrics_carry_the_names_and_dimensions_that_alarms_and_dashboard_ask_for(whole_way: Told) -> None:
    asked = set(asked_for())
    assert len(asked) > 10

    emitted = {(name, frozenset(dimensions)) for dimensions, values in whole_way.metrics for name in values}
    # A fault, or an end of a record, that this way does not meet with is counted as everything else is.
    others = {*FAULTS, *(f"Records{outcome.title()}" for outcome in Outcome)}
    assert asked - emitted - {(name, frozenset({"feed", "service"})) for name in others} == set()


def asked_for() -> Iterator[tuple[str, frozenset[str]]]:
    """Metrics of ours that template.yaml looks at, with their dimensions' names."""
    for widget in template().dashboard_widgets():
        for metric in widget["properties"].get("metrics", []):
            if metric[0] == NAMESPACE:
                yield metric[1], frozenset(metric[2::2][:1])
            elif isinstance(metric[0], dict):
                for dimensions, name in re.findall(
                    rf'\{{"{NAMESPACE}",([^}}]+)\}} MetricName="(\w+)"', metric[0]["expression"]
                ):
                    yield name, frozenset(dimensions.split(","))
    for alarm in template().of_type("AWS::CloudWatch::Alarm").values():
        for query in alarm.get("Metrics", []):
            metric = query.get("MetricStat", {}).get("Metric", {})
            if metric.get("Namespace") == NAMESPACE:
                yield metric["MetricName"], frozenset(one["Name"] for one in metric["Dimensions"])
            for name in re.findall(rf'SELECT SUM\((\w+)\) FROM "{NAMESPACE}"', query.get("Expression", "")):
                yield name, frozenset({"feed", "service"})
        if alarm.get("Namespace") == NAMESPACE:
            yield alarm["MetricName"], frozenset(one["Name"] for one in alarm["Dimensions"])


def test_metrics_add_up_to_what_happened(whole_way: Told) -> None:
    assert whole_way.sums(feed="traffic", service="splitter")["RecordsReceived"] == 3
    settled = whole_way.sums(feed="traffic", service="dispatcher")
    assert {name: settled[name] for name in settled if name.startswith("Records")} == {
        "RecordsDelivered": 1,
        "RecordsRejected": 2,
    }, "what is nothing is no metric"
    assert (settled["FilesSettled"], settled["ChunksSettled"], "ImbalancedFiles" in settled) == (1, 1, False)
    assert whole_way.sums(feed="none", service="splitter")["FilesRefused"] == 1


def test_every_attempt_at_a_chunk_counts_whatever_becomes_of_it(whole_way: Told) -> None:
    """R34: a message that cannot be read is no chunk's, but an attempt all the same."""
    assert whole_way.sums(service="validator") == {"ChunkAttempts": 3, "ChunksValidated": 1}
    assert whole_way.sums(service="dispatcher") == {"ChunkAttempts": 4, "ChunksPutOff": 1, "ChunksSettled": 1}


# -- faults nobody foresaw

SECRET = "Mrs-Miller-4711"


async def compose(_: AsyncExitStack) -> tuple[Process, SourceQueues]:
    async def process(body: str, deadline: float) -> Any:
        raise KeyError(f"{SECRET} in {body}")

    return process, {}


def test_a_defect_tells_its_kind_and_nothing_else(monkeypatch: pytest.MonkeyPatch, told: Tell) -> None:
    """Lambda logs what the handler raises, and X-Ray keeps it: neither may quote a record."""
    monkeypatch.setenv("LAMBDA_TASK_ROOT", "/var/task")
    monkeypatch.setenv("POWERTOOLS_TRACE_DISABLED", "true")
    monkeypatch.setenv("POWERTOOLS_METRICS_NAMESPACE", NAMESPACE)
    function = QueueFunction("defective", "Chunk", compose)
    with pytest.raises(Exception, match="none of 1 messages") as error:
        function(load("validator", "chunk"), Context())
    assert function._made is not None
    function._made[0].close()
    asyncio.set_event_loop(None)
    logging.getLogger("defective").handlers.clear()

    assert SECRET not in f"{error.value!r} {error.value}"
    assert error.value.__cause__ is None
    assert error.value.__context__ is None
    output = told()
    assert SECRET not in output.raw
    (line,) = output.lines
    assert (line["message"], line["error"], line.get("reason")) == ("failed", "KeyError", None)
    assert (line["feed"], line["audit_trace_id"]) == ("traffic", f"{FILE.file_id}-000000")


async def compose_plan(_: AsyncExitStack) -> Plan:
    async def good(deadline: float) -> list[StageResult]:
        return [StageResult("looked", "traffic", "traffic", {"CircuitOpen": 1.0})]

    async def bad(deadline: float) -> list[StageResult]:
        raise KeyError(SECRET)

    return lambda event, deadline: {"crew": bad(deadline), "traffic": good(deadline)}


def test_what_is_broken_hinders_nothing_else_that_a_schedule_asks_for(
    monkeypatch: pytest.MonkeyPatch, told: Tell
) -> None:
    monkeypatch.setenv("LAMBDA_TASK_ROOT", "/var/task")
    monkeypatch.setenv("POWERTOOLS_TRACE_DISABLED", "true")
    monkeypatch.setenv("POWERTOOLS_METRICS_NAMESPACE", NAMESPACE)
    function = ScheduledFunction("scheduled", compose_plan)
    with pytest.raises(Exception, match="1 of 2 could not be done: crew") as error:
        function({}, Context())
    assert function._made is not None
    function._made[0].close()
    asyncio.set_event_loop(None)
    logging.getLogger("scheduled").handlers.clear()

    assert error.value.__cause__ is None
    assert error.value.__context__ is None
    output = told()
    assert SECRET not in output.raw
    assert output.sums(feed="traffic", service="scheduled") == {"CircuitOpen": 1}
    assert [(line["message"], line["audit_trace_id"], line.get("error")) for line in output.lines] == [
        ("looked", "traffic", None),
        ("failed", "crew", "KeyError"),
    ]
