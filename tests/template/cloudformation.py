"""template.yaml as its tests see it: parameters at their defaults or at given values, references as names.

`!Ref Ledger` reads as "Ledger", `!GetAtt Ledger.Arn` as "Ledger.Arn", and
`!Sub "${Ledger.Arn}/*"` as "Ledger.Arn/*".
"""

import base64
import copy
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any, Self

import yaml

type Properties = dict[str, Any]

#: What AWS would put in; the values only have to look like it.
PSEUDO_PARAMETERS: Mapping[str, str] = {
    "AWS::AccountId": "123456789012",
    "AWS::Partition": "aws",
    "AWS::Region": "eu-west-1",
    "AWS::StackId": "arn:aws:cloudformation:eu-west-1:123456789012:stack/penstock/0d1c2b3a",
    "AWS::StackName": "penstock",
}

SUBSTITUTION = re.compile(r"\$\{(!?)([^}]+)\}")


class _Loader(yaml.SafeLoader):
    """YAML with CloudFormation's short forms, read into its long ones."""


def _long_form(loader: _Loader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    match node:
        case yaml.ScalarNode():
            value: Any = loader.construct_scalar(node)
        case yaml.SequenceNode():
            value = loader.construct_sequence(node, deep=True)
        case yaml.MappingNode():
            value = loader.construct_mapping(node, deep=True)
        case _:
            raise TypeError(f"!{suffix} on {node!r}")
    if suffix == "GetAtt" and isinstance(value, str):
        value = value.split(".", 1)
    return {suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}": value}


_Loader.add_multi_constructor("!", _long_form)


@dataclass(frozen=True)
class SqsMapping:
    """One event source mapping: a queue that calls a function."""

    function: str
    queue: str
    properties: Properties

    def __str__(self) -> str:
        return f"{self.queue} → {self.function}"


@dataclass(frozen=True)
class Schedule:
    """What calls a function by the clock, and what it tells it."""

    function: str
    expression: str
    event: Properties

    @property
    def seconds(self) -> int:
        """From one call to the next."""
        number, unit = self.expression.removeprefix("rate(").removesuffix(")").split()
        return int(number) * {"minute": 60, "hour": 3600, "day": 86_400}[unit.removesuffix("s")]

    def __str__(self) -> str:
        return f"{self.expression} → {self.function}"


@dataclass(frozen=True)
class Grant:
    """One statement of a role's policy, always with lists."""

    role: str
    sid: str
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    condition: Properties

    def __str__(self) -> str:
        return f"{self.role}.{self.sid}"


#: What a property is that stands at `AWS::NoValue`.
NO_VALUE = object()


class Template:
    """The parsed template; `with_value` gives a changed copy, to show that a check can fail."""

    def __init__(self, raw: Properties, given: Mapping[str, Any] | None = None) -> None:
        self.raw = raw
        self.given = given or {}
        self.parameters: Properties = raw["Parameters"]
        self.resources: Properties = {name: self._resolved(resource) for name, resource in raw["Resources"].items()}
        self.outputs: Properties = self._resolved(raw["Outputs"])

    @classmethod
    def read(cls, path: Path) -> Self:
        # The loader is a safe one: it only adds names of functions.
        return cls(yaml.load(path.read_text(encoding="utf-8"), Loader=_Loader))

    def with_value(self, path: str, value: Any) -> Self:
        """A copy in which the value at a dotted path is another; None removes it.

        A path begins at a resource, or at a section. In a list, a step is a position, a Sid or
        an Id.
        """
        raw = copy.deepcopy(self.raw)
        *parents, last = path.split(".")
        node: Any = raw if parents[0] in raw else raw["Resources"]
        for step in parents:
            node = node[_position(node, step)]
        if value is None:
            del node[_position(node, last)]
        else:
            node[_position(node, last)] = value
        return type(self)(raw, self.given)

    def with_parameters(self, **given: Any) -> Self:
        """The template as it is deployed with these values."""
        return type(self)(self.raw, {**self.given, **given})

    # References

    def default(self, parameter: str) -> Any:
        if parameter in self.given:
            return self.given[parameter]
        declared = self.parameters[parameter]
        return int(declared["Default"]) if declared["Type"] == "Number" else declared["Default"]

    def _named(self, name: str) -> Any:
        if name in self.parameters:
            return self.default(name)
        if name == "AWS::NoValue":
            return NO_VALUE
        return PSEUDO_PARAMETERS.get(name, name)

    def _substituted(self, text: str, values: Properties) -> str:
        def one(match: re.Match[str]) -> str:
            literal, name = match.groups()
            return f"${{{name}}}" if literal else str(values.get(name, self._named(name)))

        return SUBSTITUTION.sub(one, text)

    def _resolved(self, node: Any) -> Any:
        match node:
            case {"Ref": str(name)}:
                return self._named(name)
            case {"Fn::GetAtt": [name, attribute]}:
                return f"{name}.{attribute}"
            case {"Fn::Sub": str(text)}:
                return self._substituted(text, {})
            case {"Fn::Sub": [text, values]}:
                return self._substituted(text, self._resolved(values))
            case {"Fn::If": [str(condition), one, other]}:
                return self._resolved(one if self.holds(self.raw["Conditions"][condition]) else other)
            case {"Fn::Base64": text}:
                return base64.b64encode(self._resolved(text).encode()).decode()
            case {"Fn::Select": [index, items]}:
                return self._resolved(items)[int(index)]
            case {"Fn::Split": [separator, text]}:
                return self._resolved(text).split(separator)
            case dict():
                resolved = {key: self._resolved(value) for key, value in node.items()}
                return {key: value for key, value in resolved.items() if value is not NO_VALUE}
            case list():
                return [item for item in map(self._resolved, node) if item is not NO_VALUE]
            case _:
                return node

    def holds(self, condition: Any) -> bool:
        """Whether a condition does, at the values of the parameters."""
        match condition:
            case {"Condition": str(name)}:
                return self.holds(self.raw["Conditions"][name])
            case {"Fn::And": [*others]}:
                return all(map(self.holds, others))
            case {"Fn::Not": [other]}:
                return not self.holds(other)
            case {"Fn::Equals": [{"Fn::Join": [separator, {"Ref": str(names)}]}, value]}:
                return separator.join(self._named(names)) == value
            case {"Fn::Equals": [one, other]}:
                return self._resolved(one) == self._resolved(other)
            case _:
                raise TypeError(condition)

    def creation_order(self) -> list[str]:
        """Every resource after those it needs; a CycleError where CloudFormation would refuse."""
        needs = {
            name: {need for need in _mentions(resource) if need in self.resources}
            for name, resource in self.raw["Resources"].items()
        }
        return list(TopologicalSorter(needs).static_order())

    # Resources

    def of_type(self, kind: str) -> dict[str, Properties]:
        """Properties of all resources of a type, by logical name."""
        return {
            name: resource.get("Properties", {})
            for name, resource in self.resources.items()
            if resource["Type"] == kind and self.is_made(resource)
        }

    def is_made(self, resource: Properties) -> bool:
        """Whether it is, at the values of the parameters."""
        condition = resource.get("Condition")
        return condition is None or self.holds(self.raw["Conditions"][condition])

    def functions(self) -> dict[str, Properties]:
        """Functions as SAM makes them, with the globals merged in."""
        shared = self._resolved(self.raw["Globals"]["Function"])
        return {
            name: _merged(shared, properties) for name, properties in self.of_type("AWS::Serverless::Function").items()
        }

    def mappings(self) -> list[SqsMapping]:
        """Those that stand with their function, and those that stand alone."""
        with_function = [
            SqsMapping(
                function,
                event["Properties"]["Queue"].removesuffix(".Arn"),
                event["Properties"],
            )
            for function, properties in self.functions().items()
            for event in properties.get("Events", {}).values()
            if event["Type"] == "SQS"
        ]
        alone = [
            SqsMapping(self._called(properties), properties["EventSourceArn"].removesuffix(".Arn"), properties)
            for properties in self.of_type("AWS::Lambda::EventSourceMapping").values()
        ]
        return with_function + alone

    def _called(self, mapping: Properties) -> str:
        """The function that a mapping calls, by itself or by its alias."""
        name = mapping["FunctionName"]
        return self.of_type("AWS::Lambda::Alias").get(name, {}).get("FunctionName", name)

    def schedules(self) -> list[Schedule]:
        return [
            Schedule(function, event["Properties"]["Schedule"], json.loads(event["Properties"]["Input"]))
            for function, properties in self.functions().items()
            for event in properties.get("Events", {}).values()
            if event["Type"] == "Schedule"
        ]

    def dlq_of(self) -> dict[str, str]:
        """Source queue → its DLQ."""
        return {
            name: properties["RedrivePolicy"]["deadLetterTargetArn"].removesuffix(".Arn")
            for name, properties in self.of_type("AWS::SQS::Queue").items()
            if "RedrivePolicy" in properties
        }

    def grants(self, role: str | None = None) -> list[Grant]:
        return [
            Grant(
                name,
                statement.get("Sid", "?"),
                tuple(_listed(statement["Action"])),
                tuple(_listed(statement["Resource"])),
                statement.get("Condition", {}),
            )
            for name, properties in self.of_type("AWS::IAM::Role").items()
            for policy in properties.get("Policies", [])
            for statement in policy["PolicyDocument"]["Statement"]
            if role in (None, name)
        ]

    def function_grants(self, function: str) -> list[Grant]:
        return self.grants(self.functions()[function]["Role"].removesuffix(".Arn"))

    def policies_on(self, kind: str, target: str) -> list[Properties]:
        """Statements of the resource policies of a type that are attached to the target."""
        return [
            statement
            for properties in self.of_type(kind).values()
            if target in (*properties.get("Queues", []), properties.get("Bucket"))
            for statement in properties["PolicyDocument"]["Statement"]
        ]

    def alarms_on(self, namespace: str, metric: str, **dimensions: str) -> list[str]:
        """Alarms on one metric of its own, with exactly these dimensions."""
        wanted = [{"Name": name, "Value": value} for name, value in dimensions.items()]
        return [
            name
            for name, alarm in self.of_type("AWS::CloudWatch::Alarm").items()
            if (alarm.get("Namespace"), alarm.get("MetricName")) == (namespace, metric)
            and alarm.get("Dimensions") == wanted
        ]

    def dashboard_widgets(self) -> list[Properties]:
        return [
            widget
            for dashboard in self.of_type("AWS::CloudWatch::Dashboard").values()
            for widget in json.loads(dashboard["DashboardBody"])["widgets"]
        ]


def _position(node: Any, step: str) -> str | int:
    if not isinstance(node, list):
        return step
    if step.isdigit():
        return int(step)
    return next(i for i, item in enumerate(node) if step in (item.get("Sid"), item.get("Id")))


def _listed(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


def _merged(shared: Properties, own: Properties) -> Properties:
    """As SAM merges globals: maps are merged, lists joined, anything else is the resource's own."""
    result = dict(shared)
    for key, value in own.items():
        match shared.get(key), value:
            case dict() as below, dict():
                result[key] = _merged(below, value)
            case list() as first, list():
                result[key] = [*first, *value]
            case _:
                result[key] = value
    return result


def _mentions(node: Any) -> Iterator[str]:
    """Names that CloudFormation must have made before it can make the node."""
    match node:
        case {"Ref": str(name)}:
            yield name
        case {"Fn::GetAtt": [name, _]}:
            yield name
        case {"Fn::Sub": str(text)}:
            yield from (name.split(".")[0] for _, name in SUBSTITUTION.findall(text))
        case {"Fn::Sub": [text, values]}:
            yield from (name.split(".")[0] for _, name in SUBSTITUTION.findall(text))
            yield from _mentions(values)
        case {"DependsOn": names, **rest}:
            yield from _listed(names)
            yield from _mentions(rest)
        case dict():
            for value in node.values():
                yield from _mentions(value)
        case list():
            for item in node:
                yield from _mentions(item)
        case _:
            pass
