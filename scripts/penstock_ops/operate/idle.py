"""What a stack costs a month while nothing is dropped, line by line, from template.yaml and the price table.

The template says how many alarms, polled queues, schedules and keys there are, and at which values of its parameters.
What a look takes that finds nothing is in `LOOKS`, which a test holds against what really arrives at AWS. How Lambda
polls a queue is AWS's own affair: five pollers that each wait for twenty seconds, the least that its users have seen.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from penstock.account.cost import PRICED, prices
from penstock.model.usage import NOTHING, Usage
from penstock_ops.wording.money import PAID_FOR
from penstock_ops.world.project import TEMPLATE

HOURS = 730  #: of a month, as AWS counts it
POLLERS = 5  #: of a queue that Lambda polls, while there is nothing on it
POLL_SECONDS = 20  #: that a poll waits for a message
LOOK_SECONDS = 0.25  #: that a look takes at the most which finds nothing
LINES = 2_000  #: bytes that a look writes into its log, Lambda's own lines among them

#: What each look asks of AWS that finds nothing to do, by function and what its schedule says.
LOOKS: Mapping[tuple[str, str], Usage] = {
    ("prober", "circuits"): Usage(dynamodb_reads=10, s3_gets=5),
    ("sweeper", "work"): Usage(dynamodb_reads=3, dynamodb_writes=1, sqs_requests=2),
    ("sweeper", "idle"): Usage(dynamodb_reads=5, dynamodb_writes=2),
    ("sweeper", "drops"): Usage(dynamodb_reads=1, dynamodb_writes=1, s3_puts=1),
    ("tabulator", "due"): Usage(s3_puts=1),
    ("tabulator", "small"): Usage(s3_puts=2),
    ("notary", "accounts"): Usage(s3_puts=1),
}

#: Custom metrics that the looks put while nothing happens.
METRICS = ("DropsLooks", "IdleLooks", "WorkLooks")


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the bill: what it is for, how many, and dollars a month."""

    what: str
    number: float
    dollars: float


def idle(template: Path = TEMPLATE) -> list[Line]:
    """The lines, the dearest first, with each parameter at its default."""
    raw = _read(template)
    parameters = {name: one["Default"] for name, one in raw["Parameters"].items() if "Default" in one}
    resources = {
        name: one
        for name, one in raw["Resources"].items()
        if "Condition" not in one or _holds(one["Condition"], raw["Conditions"], parameters)
    }
    lines = [*_watching(resources), *_polling(resources), *_looking(resources, raw), *_keys(resources)]
    return sorted((line for line in lines if line.number), key=lambda line: -line.dollars)


def _watching(resources: Mapping[str, Any]) -> Iterator[Line]:
    """Alarms are charged by the metrics that they look at; a query counts as one, as it finds what there is."""
    price = prices()["cloudwatch"]
    watched = sum(_watched(one["Properties"]) for one in _of(resources, "AWS::CloudWatch::Alarm"))
    composites = len(_of(resources, "AWS::CloudWatch::CompositeAlarm"))
    dashboards = len(_of(resources, "AWS::CloudWatch::Dashboard"))
    yield Line("metrics that alarms look at", watched, watched * price["alarm_metrics"])
    yield Line("composite alarms", composites, composites * price["composite_alarms"])
    yield Line("dashboards", dashboards, dashboards * price["dashboards"])
    yield Line("custom metrics of the looks", len(METRICS), len(METRICS) * price["metrics"])


def _watched(alarm: Mapping[str, Any]) -> int:
    queries = alarm.get("Metrics", [{"MetricStat": {}}])
    return sum("MetricStat" in one for one in queries) or 1


def _polling(resources: Mapping[str, Any]) -> Iterator[Line]:
    mappings = len(_of(resources, "AWS::Lambda::EventSourceMapping")) + sum(
        event["Type"] == "SQS" for _, event in _events(resources)
    )
    polls = mappings * POLLERS * HOURS * 3600 / POLL_SECONDS
    yield Line(f"polls of {mappings} queues by Lambda", polls, polls * prices()["sqs"]["requests"])


def _looking(resources: Mapping[str, Any], raw: Mapping[str, Any]) -> Iterator[Line]:
    used, calls = Usage(), 0.0
    traced = 0.0
    for name, event in _events(resources):
        if event["Type"] != "Schedule":
            continue
        times = HOURS * 3600 / _seconds(event["Properties"]["Schedule"])
        function = resources[name]["Properties"]
        calls += times
        gigabytes = function["MemorySize"] / 1024
        tracing = function.get("Tracing", raw["Globals"]["Function"]["Tracing"])
        traced += times if tracing == "Active" else 0
        used += _times(Usage(lambda_calls=1, lambda_gb_seconds=gigabytes * LOOK_SECONDS), times)
        used += _times(LOOKS.get(_look(name, event), NOTHING), times)
    for quantity, (service, unit) in PRICED.items():
        if number := getattr(used, quantity):
            yield Line(f"{PAID_FOR[quantity]}, by looks", number, number * prices()[service][unit])
    gigabytes = calls * LINES / 2**30
    yield Line("GB of logs, by looks", gigabytes, gigabytes * prices()["cloudwatch"]["log_gb"])
    yield Line("traces, by looks", traced, traced * prices()["xray"]["traces"])


def _keys(resources: Mapping[str, Any]) -> Iterator[Line]:
    keys = len(_of(resources, "AWS::KMS::Key"))
    yield Line("keys in KMS", keys, keys * prices()["kms"]["keys"])


def _look(name: str, event: Mapping[str, Any]) -> tuple[str, str]:
    """The function, and which of its looks a schedule asks for."""
    said: Any = yaml.safe_load(event["Properties"].get("Input", "{}"))
    return name.removesuffix("Function").lower(), said.get("look", "")


def _times(used: Usage, times: float) -> Usage:
    return Usage(*(number * times for number in _numbers(used)))


def _numbers(used: Usage) -> list[float]:
    return [getattr(used, name) for name in Usage.__slots__]


def _of(resources: Mapping[str, Any], kind: str) -> list[Mapping[str, Any]]:
    return [one for one in resources.values() if one["Type"] == kind]


def _events(resources: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for name, one in resources.items():
        for event in one.get("Properties", {}).get("Events", {}).values():
            yield name, event


def _seconds(schedule: str) -> int:
    number, unit = schedule.removeprefix("rate(").removesuffix(")").split()
    return int(number) * {"minute": 60, "hour": 3600, "day": 86_400}[unit.removesuffix("s")]


# -- the template ------------------------------------------------------------------------------------------------------


class _Loader(yaml.SafeLoader):
    """YAML with CloudFormation's short forms, as (name, what it is of)."""


def _short_form(loader: _Loader, name: str, node: yaml.Node) -> Any:
    if isinstance(node, yaml.ScalarNode):
        return {name: loader.construct_scalar(node)}
    if isinstance(node, yaml.SequenceNode):
        return {name: loader.construct_sequence(node, deep=True)}
    return {name: loader.construct_mapping(node, deep=True)}  # pyright: ignore[reportArgumentType]


_Loader.add_multi_constructor("!", _short_form)


def _read(template: Path) -> dict[str, Any]:
    return yaml.load(template.read_text(encoding="utf-8"), Loader=_Loader)


def _holds(name: str, conditions: Mapping[str, Any], parameters: Mapping[str, Any]) -> bool:
    def of(said: Any) -> Any:
        match said:
            case {"Ref": parameter}:
                return parameters.get(parameter, "")
            case {"Condition": other}:
                return of(conditions[other])
            case {"Equals": [one, other]}:
                return str(of(one)) == str(of(other))
            case {"Not": [one]}:
                return not of(one)
            case {"And": several}:
                return all(map(of, several))
            case {"Or": several}:
                return any(map(of, several))
            case {"Join": [_, one]}:
                return of(one)
            case _:
                return said

    return bool(of(conditions[name]))
