"""Applies from the template what MiniStack's CloudFormation drops without a word, and grants what it asks for by other
names than AWS.

Each mending is the call that the resource's owner would make by hand, so a second
time changes nothing. What is not listed here is either kept by MiniStack or makes no difference
here.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from .stack import Resource, Stack

LOCAL_ONLY = "local-world-only"  #: the policy that a role has in the local world and nowhere else

type Mending = Callable[[Resource, Stack], None]


def mend(stack: Stack) -> None:
    """Makes the deployed resources what the template says they are."""
    for resource in stack.resources():
        if resource.type in _MENDINGS:
            _MENDINGS[resource.type](resource, stack)


def _function(function: Resource, stack: Stack) -> None:
    """Its reserved concurrency is dropped."""
    reserved = function.properties.get("ReservedConcurrentExecutions")
    if reserved is not None:
        stack.client("lambda").put_function_concurrency(
            FunctionName=function.physical_id, ReservedConcurrentExecutions=int(reserved)
        )


def _mapping(mapping: Resource, stack: Stack) -> None:
    """A maximum from a parameter stays text, on which the poller fails and delivers nothing."""
    scaling = mapping.properties.get("ScalingConfig")
    if scaling is not None:
        stack.client("lambda").update_event_source_mapping(
            UUID=mapping.physical_id,
            ScalingConfig={"MaximumConcurrency": int(scaling["MaximumConcurrency"])},
        )


def _table(table: Resource, stack: Stack) -> None:
    """Its time to live and its point-in-time recovery are dropped."""
    client = stack.client("dynamodb")
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


def _bucket(bucket: Resource, stack: Stack) -> None:
    """Its lifecycle and its lock are dropped."""
    client = stack.client("s3")
    lock = bucket.properties.get("ObjectLockConfiguration")
    if lock is not None:
        retention = lock["Rule"]["DefaultRetention"]
        client.put_object_lock_configuration(
            Bucket=bucket.physical_id,
            ObjectLockConfiguration={
                "ObjectLockEnabled": lock["ObjectLockEnabled"],
                "Rule": {"DefaultRetention": {"Mode": retention["Mode"], "Days": int(retention["Days"])}},
            },
        )
    lifecycle = bucket.properties.get("LifecycleConfiguration")
    if lifecycle is not None:
        client.put_bucket_lifecycle_configuration(
            Bucket=bucket.physical_id,
            LifecycleConfiguration={"Rules": [lifecycle_rule(rule) for rule in lifecycle["Rules"]]},
        )


def _role(role: Resource, stack: Stack) -> None:
    """Some calls that it grants are refused, as MiniStack knows them by other names, or on other resources, than AWS.
    They are granted here by a policy of their own; it makes a difference only where roles are enforced."""
    iam = stack.client("iam")
    names = iam.list_role_policies(RoleName=role.physical_id)["PolicyNames"]
    documents = [
        iam.get_role_policy(RoleName=role.physical_id, PolicyName=name)["PolicyDocument"]
        for name in names
        if name != LOCAL_ONLY
    ]
    grants = local_grants([statement for document in documents for statement in document["Statement"]])
    if grants:
        iam.put_role_policy(
            RoleName=role.physical_id,
            PolicyName=LOCAL_ONLY,
            PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": grants}),
        )


def local_grants(statements: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """What a role's statements grant in AWS by another name than in MiniStack.

    SendMessageBatch is sqs:SendMessage in AWS, on the same queue. BatchExecuteStatement is the permission for what each
    of its statements does, on that statement's table; MiniStack reads no table from a statement, so that here it can
    only be granted on all of them. GetParametersByPath it asks for on no parameter's name, where AWS takes the path.
    """
    granted = [(_listed(one["Action"]), one["Resource"]) for one in statements if one["Effect"] == "Allow"]
    batches = [
        {"Effect": "Allow", "Action": "sqs:SendMessageBatch", "Resource": resource}
        for actions, resource in granted
        if "sqs:SendMessage" in actions
    ]
    if any("dynamodb:PartiQLInsert" in actions for actions, _ in granted):
        batches.append({"Effect": "Allow", "Action": "dynamodb:BatchExecuteStatement", "Resource": "*"})
    if any("ssm:GetParametersByPath" in actions for actions, _ in granted):
        batches.append({"Effect": "Allow", "Action": "ssm:GetParametersByPath", "Resource": "*"})
    return batches


def _listed(actions: str | list[str]) -> list[str]:
    return [actions] if isinstance(actions, str) else actions


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
    "AWS::IAM::Role": _role,
    "AWS::Lambda::EventSourceMapping": _mapping,
    "AWS::Lambda::Function": _function,
    "AWS::S3::Bucket": _bucket,
}
