from typing import Any

import pytest

from penstock_ops.world.mending import lifecycle_rule, local_grants


@pytest.mark.parametrize(
    ("in_template", "in_api"),
    [
        (
            {"Id": "all", "Status": "Enabled", "ExpirationInDays": "90"},
            {
                "ID": "all",
                "Status": "Enabled",
                "Filter": {"Prefix": ""},
                "Expiration": {"Days": 90},
            },
        ),
        (
            {"Id": "some", "Status": "Disabled", "Prefix": "reports/", "ExpirationInDays": 30},
            {
                "ID": "some",
                "Status": "Disabled",
                "Filter": {"Prefix": "reports/"},
                "Expiration": {"Days": 30},
            },
        ),
        (
            {
                "Id": "leftovers",
                "Status": "Enabled",
                "ExpiredObjectDeleteMarker": True,
                "NoncurrentVersionExpiration": {"NoncurrentDays": "90"},
                "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7},
            },
            {
                "ID": "leftovers",
                "Status": "Enabled",
                "Filter": {"Prefix": ""},
                "Expiration": {"ExpiredObjectDeleteMarker": True},
                "NoncurrentVersionExpiration": {"NoncurrentDays": 90},
                "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7},
            },
        ),
    ],
)
def test_a_lifecycle_rule_is_said_in_the_words_of_the_api(in_template: dict[str, Any], in_api: dict[str, Any]) -> None:
    assert lifecycle_rule(in_template) == in_api


def test_a_lifecycle_rule_that_says_more_is_not_cut_short() -> None:
    with pytest.raises(KeyError, match="Transitions"):
        lifecycle_rule({"Id": "cold", "Status": "Enabled", "Transitions": []})


def test_what_is_granted_by_another_name_is_granted_by_that_name_too() -> None:
    queue, table = "arn:aws:sqs:us-east-1:1:chunk", "arn:aws:dynamodb:us-east-1:1:table/claims"

    grants = local_grants(
        [
            {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": [queue]},
            {"Effect": "Allow", "Action": ["dynamodb:GetItem", "dynamodb:PartiQLInsert"], "Resource": table},
        ]
    )

    assert grants == [
        {"Effect": "Allow", "Action": "sqs:SendMessageBatch", "Resource": [queue]},
        {"Effect": "Allow", "Action": "dynamodb:BatchExecuteStatement", "Resource": "*"},
    ]


@pytest.mark.parametrize(
    "statement",
    [
        {"Effect": "Allow", "Action": ["sqs:ReceiveMessage", "sqs:DeleteMessage"], "Resource": "queue"},
        {"Effect": "Allow", "Action": "dynamodb:DeleteItem", "Resource": "table"},
        {"Effect": "Deny", "Action": ["sqs:SendMessage", "dynamodb:PartiQLInsert"], "Resource": "*"},
    ],
)
def test_nothing_else_is_granted(statement: dict[str, Any]) -> None:
    assert local_grants([statement]) == []


def test_what_ministack_asks_for_without_a_name_is_granted_on_all() -> None:
    below = "arn:aws:ssm:us-east-1:1:parameter/penstock/x/destinations/*"
    statement = {"Effect": "Allow", "Action": ["ssm:GetParameter", "ssm:GetParametersByPath"], "Resource": below}

    assert local_grants([statement]) == [{"Effect": "Allow", "Action": "ssm:GetParametersByPath", "Resource": "*"}]
