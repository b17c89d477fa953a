from typing import Any

import pytest

from penstock_ops.world.mending import lifecycle_rule


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
