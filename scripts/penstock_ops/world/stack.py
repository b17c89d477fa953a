"""A deployed stack, as its CloudFormation describes it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, cast

import boto3
from botocore.exceptions import ClientError

from .ministack import CREDENTIALS, REGION


@cache
def session() -> boto3.Session:
    """What every client of the local world is made from; each is also told the world's endpoint. There is one:
    what botocore knows of a service is long to read."""
    return boto3.Session(
        aws_access_key_id=CREDENTIALS["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
        region_name=REGION,
    )


@cache
def _client(service: Any, endpoint: str, verify: str | None) -> Any:
    made: Any = session()
    return made.client(service, endpoint_url=endpoint, verify=verify)


@dataclass(frozen=True, slots=True)
class Resource:
    type: str
    physical_id: str
    #: As the template says it, with references to parameters replaced by their values.
    properties: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Stack:
    name: str
    endpoint: str
    #: By which the endpoint is trusted, where it speaks TLS.
    certificate: Path | None = None

    def client(self, service: Any) -> Any:
        """A client of the world that the stack is in."""
        return _client(service, self.endpoint, None if self.certificate is None else str(self.certificate))

    def status(self) -> str | None:
        """CloudFormation's word for its state; None if there is no such stack."""
        description = self._description()
        return None if description is None else description["StackStatus"]

    def outputs(self) -> dict[str, str]:
        description = self._description() or {}
        return {row["OutputKey"]: row["OutputValue"] for row in description.get("Outputs", [])}

    def resources(self) -> Iterator[Resource]:
        """Those of the template as CloudFormation expanded it, which are those that exist."""
        description = self._description() or {}
        parameters = {row["ParameterKey"]: row["ParameterValue"] for row in description.get("Parameters", [])}
        client = self.client("cloudformation")
        answer = client.get_template(StackName=self.name, TemplateStage="Processed")
        template = cast("Mapping[str, Any]", answer["TemplateBody"])
        rows = client.describe_stack_resources(StackName=self.name)["StackResources"]
        for row in rows:
            declared = template["Resources"][row["LogicalResourceId"]]
            yield Resource(
                type=row["ResourceType"],
                physical_id=row.get("PhysicalResourceId", ""),
                properties=resolve(declared.get("Properties", {}), parameters),
            )

    def failures(self) -> list[str]:
        """Each resource that failed, with the reason, the first one first."""
        events = self.client("cloudformation").describe_stack_events(StackName=self.name)["StackEvents"]
        return [
            f"{event.get('LogicalResourceId')}: {event.get('ResourceStatusReason')}"
            for event in reversed(events)
            if event.get("ResourceStatus", "").endswith("_FAILED")
        ]

    def _description(self) -> dict[str, Any] | None:
        try:
            return self.client("cloudformation").describe_stacks(StackName=self.name)["Stacks"][0]
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") == "ValidationError":
                return None
            raise


def resolve(value: Any, parameters: Mapping[str, str]) -> Any:
    """The value with each `Ref` to a parameter replaced; other references stay as they are."""
    match value:
        case {"Ref": str(name), **more} if not more and name in parameters:
            return parameters[name]
        case dict():
            members = cast("dict[str, Any]", value)
            return {key: resolve(member, parameters) for key, member in members.items()}
        case list():
            return [resolve(member, parameters) for member in cast("list[Any]", value)]
        case _:
            return value
