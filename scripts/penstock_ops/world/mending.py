"""Applies from the template what MiniStack's CloudFormation drops without a word.

Each mending is the call that the resource's owner would make by hand, so a second
time changes nothing. What is not listed here is either kept by MiniStack or makes no difference
here.
"""

from collections.abc import Callable, Mapping
from typing import Any

from .stack import Resource, Stack, session

type Mending = Callable[[Resource, str], None]


def mend(stack: Stack) -> None:
    """Makes the deployed resources what the template says they are."""
    for resource in stack.resources():
        if resource.type in _MENDINGS:
            _MENDINGS[resource.type](resource, stack.endpoint)


def _function(function: Resource, endpoint: str) -> None:
    """Its reserved concurrency is dropped."""
    reserved = function.properties.get("ReservedConcurrentExecutions")
    if reserved is not None:
        session().client("lambda", endpoint_url=endpoint).put_function_concurrency(
            FunctionName=function.physical_id, ReservedConcurrentExecutions=int(reserved)
        )


def _mapping(mapping: Resource, endpoint: str) -> None:
    """A maximum from a parameter stays text, on which the poller fails and delivers nothing."""
    scaling = mapping.properties.get("ScalingConfig")
    if scaling is not None:
        session().client("lambda", endpoint_url=endpoint).update_event_source_mapping(
            UUID=mapping.physical_id,
            ScalingConfig={"MaximumConcurrency": int(scaling["MaximumConcurrency"])},
        )


def _table(table: Resource, endpoint: str) -> None:
    """Its time to live and its point-in-time recovery are dropped."""
    client = session().client("dynamodb", endpoint_url=endpoint)
    live = table.properties.get("TimeToLiveSpecification")
    if live is not None:
        client.update_time_to_live(
            TableName=table.physical_id,
            TimeToLiveSpecification={
                "AttributeName": live["AttributeName"],
                "Enabled": live["Enabled"],
            },
        )
    recovery = table.properties.get("PointInTimeRecoverySpecification")
    if recovery is not None:
        client.update_continuous_backups(
            TableName=table.physical_id,
            PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": recovery["PointInTimeRecoveryEnabled"]},
        )


def _bucket(bucket: Resource, endpoint: str) -> None:
    """Its lifecycle is dropped."""
    lifecycle = bucket.properties.get("LifecycleConfiguration")
    if lifecycle is not None:
        session().client("s3", endpoint_url=endpoint).put_bucket_lifecycle_configuration(
            Bucket=bucket.physical_id,
            LifecycleConfiguration={"Rules": [lifecycle_rule(rule) for rule in lifecycle["Rules"]]},
        )


def lifecycle_rule(rule: Mapping[str, Any]) -> Any:
    """A rule in the words of S3's API, which are not CloudFormation's.

    Raises:
        KeyError: the rule says something that nobody has translated yet.
    """
    expiration: dict[str, Any] = {}
    said: dict[str, Any] = {"Filter": {"Prefix": ""}}
    for word, value in rule.items():
        match word:
            case "Id":
                said["ID"] = value
            case "Status":
                said["Status"] = value
            case "Prefix":
                said["Filter"] = {"Prefix": value}
            case "ExpirationInDays":
                expiration["Days"] = int(value)
            case "ExpiredObjectDeleteMarker":
                expiration["ExpiredObjectDeleteMarker"] = value
            case "NoncurrentVersionExpiration" | "AbortIncompleteMultipartUpload":
                said[word] = {key: int(days) for key, days in value.items()}
            case _:
                raise KeyError(word)
    return said | ({"Expiration": expiration} if expiration else {})


_MENDINGS: Mapping[str, Mending] = {
    "AWS::DynamoDB::Table": _table,
    "AWS::Lambda::EventSourceMapping": _mapping,
    "AWS::Lambda::Function": _function,
    "AWS::S3::Bucket": _bucket,
}
