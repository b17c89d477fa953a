"""Feeds that are declared in YAML: they judge as the same feed in Python does, and a fault has its line."""

import json
import re
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from penstock.feeds import FEEDS, OWN
from penstock.feeds.declared.declaration import FIELDS, FeedDeclaration
from penstock.feeds.declared.expressions import FieldType, WrongExpression, breaks
from penstock.feeds.declared.faults import Misdeclared
from penstock.feeds.declared.kinds import Kind
from penstock.feeds.declared.making import declared
from penstock.feeds.feed import Feed
from penstock_ops import cli
from penstock_ops.feed_pages.page import page_of
from tests.support.meters import METERS, PAGE, declaration, declared_meters
from tests.support.reading import judge_file

CELLS: dict[str, list[str]] = {
    "Meter Number": ["NW004711", " NW004712 ", "nw004711", "NW4711", ""],
    "read_on": ["2026-11-16", "16.11.2026", "1999-12-31", "2026-02-30", ""],
    "Value": ["1042.5", "1042.50", "0", "-3", "1e3", "0.12345", "1234567890123", "x", ""],
    "Unit": ["m3", "m³", "CBM", "kwh", "gallons", ""],
    "Kind": ["read", "estimated", "Estimated", "guessed", ""],
    "Reason": ["", "nobody at home", "x" * 201],
}


@given(st.lists(st.tuples(*map(st.sampled_from, CELLS.values())), min_size=1, max_size=12))
def test_a_declared_feed_judges_as_the_same_one_in_python(rows: Sequence[tuple[str, ...]]) -> None:
    body = "\n".join([",".join(CELLS), *(",".join(row) for row in rows), ""]).encode()

    ours, python = judge_file(declared_meters(), body), judge_file(METERS, body)

    assert ours == python


def test_it_is_declared_as_the_module_is() -> None:
    declared_one = declared_meters()

    for name in ("name", "title", "identity", "spellings", "decimals", "wholes", "limits", "soft", "group", "revision"):
        assert getattr(declared_one, name) == getattr(METERS, name), name
    assert [rule.finding for rule in declared_one.rules] == [rule.finding for rule in METERS.rules]


# -- found among one's own feeds ---------------------------------------------------------------------------------------


@pytest.fixture
def found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The declaration's file, where it was found."""
    path = tmp_path / "meters.yaml"
    path.write_text(declaration(), encoding="utf-8")
    monkeypatch.setitem(OWN, "meters", path)
    monkeypatch.setitem(FEEDS, "meters", None)
    return path


def test_its_file_is_found_and_its_page_written(found: Path, tmp_path: Path) -> None:
    template = tmp_path / "template.yaml"
    template.write_text('\n  MetersDestination:\n      Value: !Sub |-\n        {\n"url": "x"}\n')

    page = page_of(FEEDS["meters"], examples=tmp_path / "none", template=template)

    assert "A reading is what a meter's dial said on a day." in page
    assert "Two letters of the network, six digits of the meter." in page
    assert "| `meters.estimate_needs_reason` | hard | `reason` |" in page


def test_a_fault_is_told_as_the_page_shows(
    found: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    found.write_text(declaration().replace("digits:", "digts:"), encoding="utf-8")
    shown = re.search(r"^```text told\n\$ penstock (.*)\n(.*)\n```$", PAGE.read_text(), re.MULTILINE)
    assert shown

    monkeypatch.setattr("sys.argv", ["penstock", *shown[1].split()])
    with pytest.raises(SystemExit) as ended:
        cli.main()

    assert capsys.readouterr().err.strip() == shown[2]
    assert ended.value.code == cli.Exit.FAILED


def test_the_schema_for_editors_is_that_of_the_declaration() -> None:
    said = CliRunner().invoke(cli.app, ["feeds", "--schema"])

    schema = json.loads(said.output)
    assert schema == FeedDeclaration.model_json_schema()
    assert set(schema["properties"]) >= {"title", "fields", "identity", "rules", "limits"}
    assert set(schema["$defs"]["AnyField"]["discriminator"]["mapping"]) == set(FIELDS)


# -- what is wrong is told by its line and its key ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("was", "made", "line", "told"),
    [
        ("also: [meter,", "alos: [meter,", 13, "fields.meter_id.alos: it is not known here; is also meant?"),
        ("places: 3", "places: three", 15, "fields.reading.places: input should be a valid integer"),
        ("type: text, at_most", "type: txt, at_most", 18, "reason.type: there is no such type; is text meant?"),
        ("{type: text, at_most: 200}", "{at_most: 200}", 18, "fields.reason: it lacks a type"),
        ("{type: text, at_most: 200}", "{tpye: text}", 18, "fields.reason.tpye: it is not known here; is type meant?"),
        ("identity: [meter_id, read_on]", "identity: [meter_id, readon]", 5, "identity.1: there is no field readon"),
        ("    field: reason", "    field: reson", 22, "needs_reason.field: there is no field reson; is reason meant?"),
        ('"estimated"', '"estimatd"', 24, "broken: 'estimatd' is none of its values; is estimated meant?"),
        ("absent(reason)", "absent(reasons)", 24, "broken: there is no field reasons; is reason meant?"),
        ("    demand:", "    demands:", 21, "rules.estimate_needs_reason: it lacks demand"),
        ("title:", "titel:", 1, "titel: it is not known here; is title meant?"),
        ("[json array, ndjson, csv]", "[json array, xls]", 4, "formats.1: there is no such word"),
        ("[A-Z]{2}", "(?=[A-Z]{2})", 11, "fields.meter_id.pattern: this is no regular expression"),
        ("from: 2000-01-01", "from: 2000-01-01, to: 1999-01-01", 14, "fields.read_on: 2000-01-01 to 1999-01-01"),
        ("also: [value, index]", "also: [value, date]", 15, "reading.also: 'date' is what read_on is called, too"),
        ("kWh: []", "kWh: [cbm]", 16, "fields.unit.of.kWh: 'cbm' is how m3 is written, too"),
        ("identity:", "revision: meter_id\nidentity:", 5, "revision: meter_id is text, and a revision is an integer"),
        ("rules:", "title: again\nrules:", 20, "title: it stands here a second time"),
        ("fields:", "fields: [", 9, "this is no YAML"),
    ],
)  # fmt: skip
def test_a_fault_names_line_key_and_what_was_meant(was: str, made: str, line: int, told: str) -> None:
    assert was in declaration()

    with pytest.raises(Misdeclared) as wrong:
        declared(declaration().replace(was, made, 1), "meters", "meters.yaml")

    assert any(one.startswith(f"meters.yaml, line {line}: ") and told in one for one in wrong.value.told), wrong.value


@pytest.mark.parametrize("text", ["", "- a list", "just words"])
def test_what_is_no_declaration_is_told(text: str) -> None:
    with pytest.raises(Misdeclared, match=r"line 1: here stand keys with what they say"):
        declared(text, "meters", "meters.yaml")


def test_all_faults_are_told_at_once() -> None:
    with pytest.raises(Misdeclared) as wrong:
        declared(
            declaration().replace("digits", "digts").replace("also: [date", "alos: [date"), "meters", "meters.yaml"
        )

    assert [one.split(":")[0] for one in wrong.value.told] == ["meters.yaml, line 14", "meters.yaml, line 15"]


# -- expressions -------------------------------------------------------------------------------------------------------

FIELDS_OF = {
    "kind": FieldType(Kind.CHOICE, False, ("read", "estimated")),
    "name": FieldType(Kind.TEXT, False),
    "count": FieldType(Kind.INTEGER, True),
    "net": FieldType(Kind.DECIMAL, False),
    "gross": FieldType(Kind.DECIMAL, False),
    "due": FieldType(Kind.DATE, False),
    "paid": FieldType(Kind.FLAG, False),
}
FULL: dict[str, Any] = {
    "kind": "read", "name": "abc", "count": 3, "net": Decimal("10.5"), "gross": Decimal(12), "due": date(2026, 1, 31),
    "paid": True,
}  # fmt: skip


@pytest.mark.parametrize(
    "true",
    [
        "kind == 'read'",
        "kind != 'estimated' and kind in ('read', 'estimated')",
        "not (kind == 'estimated' or net > gross)",
        "0 < net <= gross",
        "net + 1.5 == gross",
        "-net < count * 2 - 1",
        "length(name) == 3 and name not in ('x', 'y')",
        "due >= '2026-01-31' and days('2026-01-01', due) == 30",
        "paid and not (not paid) and paid == True",
        "given(name) and not absent(name)",
    ],
)
def test_an_expression_is_true_of_a_record_and_its_negation_is_not(true: str) -> None:
    assert breaks(true, FIELDS_OF)([FULL]) == [0]
    assert breaks(f"not ({true})", FIELDS_OF)([FULL]) == []


@pytest.mark.parametrize(
    "unknown",
    [
        "kind == 'read'",
        "net > 1",
        "net < gross",
        "due > '2026-01-01'",
        "paid",
        "length(name) > 0",
        "days(due, due) == 0",
        "name in ('a', 'b')",
        "net + count > 0",
    ],
)
def test_what_a_record_does_not_say_makes_neither_an_expression_true_nor_its_negation(unknown: str) -> None:
    assert breaks(unknown, FIELDS_OF)([{"count": 1}]) == []
    assert breaks(f"not ({unknown})", FIELDS_OF)([{"count": 1}]) == []
    assert breaks(f"{unknown} or count == 1", FIELDS_OF)([{"count": 1}]) == [0]


def test_a_chunk_is_looked_at_at_once() -> None:
    assert breaks("count > 1 and absent(kind)", FIELDS_OF)([{"count": 1}, {"count": 2}, FULL, {"count": 3}]) == [1, 3]


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ("count == 'three'", "integer and text cannot be compared"),
        ("kind < 'read'", "has no order"),
        ("due == '2026-02-30'", "is no date"),
        ("count is 1", "compares nothing here"),
        ("count", "is no condition"),
        ("name + 1 > 2", "and no number"),
        ("length(count) > 1", "length(x) is of a text"),
        ("lenght(name) > 1", "is length meant?"),
        ("name in other", "after `in` stands a list"),
        ("name in (name,)", "constants only"),
        ("name.upper() == 'A'", "is no value"),
        ("__import__('os') == 'x'", "there is no __import__"),
        ("[one for one in name] == name", "is no value"),
        ("count >", "is no expression"),
        ("count == 1 and " * 200 + "count == 1", "at most 2,000"),
    ],
)
def test_what_does_not_fit_is_told_before_any_record(wrong: str, why: str) -> None:
    with pytest.raises(WrongExpression, match=re.escape(why)):
        breaks(wrong, FIELDS_OF)


# -- fields ------------------------------------------------------------------------------------------------------------

KINDS = """
title: All kinds of fields
fields:
  code: {type: text, required: true, capitals: true, pattern: "[A-Z]+", written: of capitals}
  size: {type: integer, at_least: 1, at_most: 10}
  price: {type: decimal, money: true}
  day: {type: date, written_as: [DD.MM.YYYY, YYYYMMDD]}
  open: {type: flag}
  side: {type: choice, of: {left: [l], right: [r]}}
"""


@pytest.fixture(scope="module")
def kinds() -> Feed:
    return declared(KINDS, "kinds", "kinds.yaml")


@pytest.mark.parametrize(
    ("came", "delivered"),
    [
        ({"code": "ab"}, {"code": "AB"}),
        ({"code": "A", "size": "7"}, {"code": "A", "size": 7}),
        ({"code": "A", "price": "10"}, {"code": "A", "price": "10.00"}),
        ({"code": "A", "day": "31.12.2026"}, {"code": "A", "day": "2026-12-31"}),
        ({"code": "A", "day": "20261231"}, {"code": "A", "day": "2026-12-31"}),
        ({"code": "A", "open": "yes"}, {"code": "A", "open": True}),
        ({"code": "A", "side": "L"}, {"code": "A", "side": "left"}),
        ({"code": "A", "side": ""}, {"code": "A"}),
    ],
)
def test_usual_spellings_are_brought_into_one_form(
    came: dict[str, str], delivered: dict[str, Any], kinds: Feed
) -> None:
    (accepted,) = judge_file(kinds, json.dumps(came).encode()).accepted

    assert json.loads(accepted.payload) == delivered


@pytest.mark.parametrize(
    ("came", "code"),
    [
        ({}, "schema.required"),
        ({"code": "A1"}, "schema.pattern"),
        ({"code": "A", "size": "11"}, "schema.range"),
        ({"code": "A", "size": "1.5"}, "schema.type"),
        ({"code": "A", "day": "12/31/2026"}, "schema.type"),
        ({"code": "A", "open": "perhaps"}, "schema.type"),
        ({"code": "A", "side": "middle"}, "schema.choice"),
    ],
)
def test_what_is_no_value_is_rejected(came: dict[str, str], code: str, kinds: Feed) -> None:
    (rejected,) = judge_file(kinds, json.dumps(came).encode()).rejected

    assert [finding.code for finding in rejected.findings] == [code]
