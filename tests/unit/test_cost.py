"""What is paid for, and what that comes to: of a file, and of a stack on which nothing happens."""

import re
from pathlib import Path

import pytest

from penstock.account.cost import PRICED, cost_of, prices
from penstock.adapters.aws_items import binary, number, size_of, text
from penstock.io.metering import Kept, current, metering
from penstock.model.usage import NOTHING, Usage
from penstock_ops.operate import idle
from penstock_ops.wording.money import PAID_FOR
from penstock_ops.world.project import ROOT, TEMPLATE
from tests.support.emulators import template


def total(of: Path = TEMPLATE) -> float:
    return sum(line.dollars for line in idle.idle(of))


def changed(folder: Path, pattern: str, by: str = "") -> Path:
    """The template with something else where the pattern finds something, once."""
    said, times = re.subn(pattern, by, TEMPLATE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert times == 1
    written = folder / "template.yaml"
    written.write_text(said, encoding="utf-8")
    return written


# -- a file


def test_every_quantity_has_a_price_and_a_word() -> None:
    assert set(PRICED) == set(PAID_FOR) == set(Usage.__slots__)
    assert all(prices()[service][unit] > 0 for service, unit in PRICED.values())


def test_the_prices_say_where_they_are_from() -> None:
    said = ROOT.joinpath("layers/penstock/penstock/account/prices.toml").read_text(encoding="utf-8")
    sections = re.findall(r"^\[\w+\](.*)$", said, re.MULTILINE)
    assert len(sections) > 5
    assert all("https://aws.amazon.com/" in source for source in sections)
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", prices()["date"])


def test_a_cost_is_the_sum_of_its_parts() -> None:
    cost = cost_of(Usage(dynamodb_writes=2_000_000, s3_puts=1000), Usage(events=1000))

    assert cost is not None
    assert cost["by"] == {"dynamodb_writes": 1.25, "s3_puts": 0.005, "events": 0.001}
    assert cost["dollars"] == pytest.approx(1.256)


def test_where_nobody_has_counted_there_is_no_cost() -> None:
    assert cost_of(NOTHING, Usage(s3_puts=2)) is None


def test_a_row_keeps_what_it_was_told() -> None:
    used = Usage(lambda_calls=3, lambda_gb_seconds=2.819514186, dynamodb_writes=1_234_567, s3_gb_months=0.00072)

    assert Usage.unpacked(used.packed()) == used
    assert Usage.unpacked("1,2") == Usage(lambda_calls=1, lambda_gb_seconds=2), "an earlier release knew fewer"
    assert Usage.unpacked(f"{used.packed()},7") == used, "a newer one knows more"


def test_what_was_told_is_told_once_and_what_was_foreseen_is_not_told_again() -> None:
    with metering(0.0, Kept()) as meter:
        meter.count(s3_puts=2)
        assert meter.tell(Usage(dynamodb_writes=4)) == Usage(s3_puts=2, dynamodb_writes=4)
        meter.count(dynamodb_writes=5)
        assert meter.tell(NOTHING) == Usage(dynamodb_writes=1), "the write took one more than was foreseen"
        assert meter.untold() == NOTHING
    assert current() is None


def test_an_item_is_as_large_as_dynamodb_says() -> None:
    """Amazon DynamoDB Developer Guide, "DynamoDB item sizes and formats"."""
    assert size_of({"a": text("Köhler")}) == 1 + 7
    assert [size_of({"n": number(one)}) - 1 for one in (0, 7, 27, -27, 1234.5)] == [1, 2, 2, 3, 4]
    assert size_of({"b": binary(b"123456")}) == 1 + 6
    assert size_of({"s": {"SS": ["ab", "c"]}, "y": {"BOOL": True}}) == 1 + 3 + 1 + 1
    assert size_of({"l": {"L": [text("ab"), {"NULL": True}]}}) == 1 + 3 + (1 + 2) + (1 + 1)
    assert size_of({"m": {"M": {"k": text("ab")}}}) == 1 + 3 + (1 + 1 + 2)


# -- an idle stack


def test_the_readme_and_the_page_say_what_the_command_prints() -> None:
    said = f"${total():.2f}"

    assert f"{said} a month by `penstock cost --idle`" in (ROOT / "README.md").read_text(encoding="utf-8")
    page = (ROOT / "docs/cost.md").read_text(encoding="utf-8")
    assert re.search(rf"altogether +{re.escape(said)}", page)
    for line in idle.idle():
        assert re.search(rf"^    {re.escape(line.what)} +\S+ +\$", page, re.MULTILINE), line.what


def test_what_leaves_the_template_leaves_the_bill(tmp_path: Path) -> None:
    without_dashboard = changed(tmp_path, r"^  Dashboard:\n(?:    .*\n|\n)+")
    assert total() - total(without_dashboard) == pytest.approx(3.0)

    without_alarm = changed(tmp_path, r"^  SplitterErrorsAlarm:\n(?:    .*\n|\n)+")
    assert total() - total(without_alarm) == pytest.approx(0.2), "it looks at two metrics"


def test_what_stands_under_a_condition_is_paid_where_it_holds(tmp_path: Path) -> None:
    told = changed(tmp_path, r'(^  Notices:\n    Type: String\n    Default: )"false"', r'\1"true"')

    plain, noticed = ({line.what: line.number for line in idle.idle(of)} for of in (TEMPLATE, told))
    assert "polls of 8 queues by Lambda" in plain
    assert "polls of 9 queues by Lambda" in noticed
    assert noticed["metrics that alarms look at"] == plain["metrics that alarms look at"] + 2


def test_each_look_that_the_template_schedules_is_reckoned_with() -> None:
    scheduled = {(one.function.removesuffix("Function").lower(), one.event["look"]) for one in template().schedules()}

    assert scheduled - {("notifier", "hour")} == set(idle.LOOKS)
