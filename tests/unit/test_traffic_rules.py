"""The rules of the traffic feed, each with what breaks it and what does not."""

from typing import Any

import pytest

from penstock.feeds.traffic import TRAFFIC
from tests.support.reading import judge_file
from tests.support.spots import csv_file, spot

BILLING = {"record_type": "billing", "rate": "10.00", "billing_code": "B1"}
MAKE_GOOD = {"record_type": "make_good", "make_good_for": "S09999"}
AVAIL = {"record_type": "avail", "advertiser": None}


def codes_of(**changes: Any) -> list[str]:
    judgement = judge_file(TRAFFIC, csv_file([spot(1, **changes)]))
    return sorted(finding.code for one in judgement.rejected for finding in one.findings)


@pytest.mark.parametrize(
    ("record", "code"),
    [
        ({"isci": None}, "traffic.spot_needs_material"),
        ({"isci": "  "}, "traffic.spot_needs_material"),
        ({"length_s": None}, "traffic.spot_needs_length"),
        (MAKE_GOOD | {"make_good_for": None}, "traffic.make_good_needs_spot"),
        (MAKE_GOOD | {"make_good_for": "  "}, "traffic.make_good_needs_spot"),
        (MAKE_GOOD | {"make_good_for": "S00001"}, "traffic.make_good_needs_spot"),
        (BILLING | {"rate": None}, "traffic.billing_needs_rate"),
        (BILLING | {"billing_code": None}, "traffic.billing_needs_code"),
        (AVAIL | {"advertiser": "Ada's Diner"}, "traffic.avail_has_advertiser"),
    ],
)
def test_a_rule_is_broken(record: dict[str, Any], code: str) -> None:
    assert codes_of(**record) == [code]


@pytest.mark.parametrize(
    "record",
    [
        {},
        {"isci": None, "house_number": "H-17"},
        {"rate": None, "billing_code": None, "advertiser": None},
        MAKE_GOOD,
        MAKE_GOOD | {"isci": None, "length_s": None},
        BILLING,
        BILLING | {"rate": "0", "isci": None, "length_s": None},
        AVAIL,
        AVAIL | {"isci": None, "rate": None},
    ],
)
def test_no_rule_is_broken(record: dict[str, Any]) -> None:
    assert codes_of(**record) == []


def test_a_record_that_breaks_two_rules_is_told_both() -> None:
    assert codes_of(**BILLING | {"rate": None, "billing_code": None}) == [
        "traffic.billing_needs_code",
        "traffic.billing_needs_rate",
    ]


def test_rules_look_at_the_record_they_are_told_of_even_after_unreadable_ones() -> None:
    """A rule's index is among the valid records; the finding must land on the right record all the same."""
    records = [spot(1, air_time="x"), spot(2), spot(3, isci="?"), spot(4, isci=None), spot(5)]
    judgement = judge_file(TRAFFIC, csv_file(records) + b"ragged\r\n")
    assert {one.ordinal: one.findings[0].code for one in judgement.rejected} == {
        0: "schema.pattern",
        2: "schema.pattern",
        3: "traffic.spot_needs_material",
        5: "format.ragged_row",
    }
    assert [one.ordinal for one in judgement.accepted] == [1, 4]
