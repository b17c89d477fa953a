"""`penstock feeds` and the pages under docs say what the code does, all of it."""

import ast
import inspect
import json
import re
from dataclasses import fields
from itertools import chain
from pathlib import Path
from textwrap import dedent

import pytest
from typer.testing import CliRunner

from penstock.feeds import FEEDS, SHIPPED
from penstock.feeds.crew import CREW
from penstock.feeds.crew.policy import Policy
from penstock.feeds.feed import Feed
from penstock.feeds.traffic import TRAFFIC
from penstock.formats import edifact, x12
from penstock_ops import cli
from penstock_ops.feed_pages.description import described_whole, own_findings
from penstock_ops.feed_pages.examples import example_of
from penstock_ops.feed_pages.forms import Form, forms_of
from penstock_ops.feed_pages.page import EXAMPLES, page_of

ROOT = Path(__file__).parents[2]
SOURCES = [path.read_text() for path in (ROOT / "layers/penstock/penstock").rglob("*.py")]

every_feed = pytest.mark.parametrize("feed", [FEEDS[name] for name in SHIPPED], ids=SHIPPED)


@every_feed
def test_the_feeds_page_is_what_its_code_says(feed: Feed) -> None:
    page = ROOT / "docs" / "feeds" / f"{feed.name}.md"
    assert page.read_text() == page_of(feed), (
        f"regenerate it: penstock feeds {feed.name} --page > docs/feeds/{feed.name}.md"
    )


@every_feed
def test_the_feeds_example_shows_what_is_found(feed: Feed) -> None:
    example = example_of(feed, EXAMPLES)
    assert example is not None
    told = {finding.code for finding in chain.from_iterable(example.found.values())}
    assert any(code.startswith(f"{feed.name}.") for code in told)
    assert told <= {one["code"] for one in described_whole(feed)["findings"]}


@every_feed
def test_every_code_of_a_feeds_own_is_declared_once_and_says_what_it_demands(feed: Feed) -> None:
    codes = [one.code for one in own_findings(feed)]
    assert len(codes) == len(set(codes))
    for one in own_findings(feed):
        assert one.code.startswith(f"{feed.name}."), one.code
        assert one.message.rstrip(".") == one.message != "", one.code


@every_feed
def test_every_code_that_the_feeds_module_names_is_declared(feed: Feed) -> None:
    """So that none is forgotten when a rule is added."""
    package = ROOT / "layers/penstock/penstock/feeds" / feed.name
    modules = list(package.rglob("*.py")) or [package.with_suffix(".py")]
    named = set(re.findall(rf'"({feed.name}\.[a-z0-9_.]*[a-z0-9_])"', "".join(path.read_text() for path in modules)))
    assert named <= {one.code for one in own_findings(feed)}


def test_every_finding_that_any_feed_may_have_is_on_its_page() -> None:
    literal = re.findall(r'"((?:format|archive|destination|delivery)\.[a-z0-9_]+)"', "".join(SOURCES))
    by_standard = re.findall(r'\b(?:fault|_note)\(\s*"([a-z_]+)"', "".join(SOURCES))
    codes = {*literal, *(f"format.{fault}" for fault in (*by_standard, *x12.RULES, *edifact.RULES))}

    pages = [(ROOT / "docs" / name).read_text() for name in ("findings.md", "compressed-files.md")]
    told = set(re.findall(r"`((?:format|archive|destination|delivery)\.[a-z0-9_]+)`", "".join(pages)))

    assert told == codes


def test_a_fields_form_is_told_with_its_bounds_and_its_source() -> None:
    forms = {one.name: one for one in forms_of(TRAFFIC.record)}

    assert forms["length_s"] == Form(
        "length_s", "whole number, 1 to 86,400", "", required=False, codes=frozenset({"schema.type", "schema.range"})
    )
    assert forms["air_date"].form == "date, YYYY-MM-DD, from 1980-01-01"
    assert forms["rate"].form == "decimal number, from 0, at most 14 digits, 4 after the point"
    assert forms["record_type"].form == "`spot`, `avail`, `billing`, `make_good`"
    assert forms["isci"].note.startswith("Ad-ID: 11 characters")
    assert forms["station"].required


def test_what_is_within_a_field_is_told_by_its_path() -> None:
    forms = {one.name: one for one in forms_of(CREW.record)}

    assert forms["sectors"].form == "list: object, at most 24"
    assert forms["sectors[].origin"].required
    assert "schema.pattern" in forms["report_at"].codes
    assert {one.name for one in forms_of(Policy)} >= {"preferred_rest_class", "limits[].measure"}


def test_the_command_lists_the_feeds_and_tells_of_one() -> None:
    listed = CliRunner().invoke(cli.app, ["feeds", "--json"])
    told = CliRunner().invoke(cli.app, ["feeds", "crew", "--json"])

    assert [one["feed"] for one in json.loads(listed.output)] == list(FEEDS)
    crew = json.loads(told.output)
    assert crew["formats"] == ["json", "json_seq", "ndjson", "csv"]
    found = {one["code"]: one for one in crew["findings"]}
    assert found["crew.far117.fdp"]["rule"] == "14 CFR 117.13, Table B"
    assert found["crew.easa.discretion_used"]["severity"] == "soft"
    assert "report_at" in found["schema.pattern"]["field"]


@every_feed
def test_a_person_reads_the_same_of_a_feed(feed: Feed) -> None:
    shown = CliRunner().invoke(cli.app, ["feeds", feed.name])
    page = CliRunner().invoke(cli.app, ["feeds", feed.name, "--page"])

    assert shown.exit_code == page.exit_code == 0
    assert page.output == page_of(feed)
    for one in own_findings(feed):
        assert one.code in shown.output


def test_each_field_of_a_feed_is_documented() -> None:
    (declared,) = ast.parse(dedent(inspect.getsource(Feed))).body
    assert isinstance(declared, ast.ClassDef)
    followed = zip(declared.body, declared.body[1:], strict=False)
    after = {
        node.target.id: text
        for node, text in followed
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name)
    }

    assert list(after) == [one.name for one in fields(Feed)]
    assert [name for name, text in after.items() if not isinstance(text, ast.Expr)] == []


def test_the_formats_that_there_are_say_which_feeds_read_them() -> None:
    rows = re.findall(r"^\| `(\w+)` \| .* \| (.*) \|$", (ROOT / "docs" / "new-feed.md").read_text(), re.MULTILINE)
    readers = {name: feeds.split(", ") for name, feeds in rows}
    read_by: dict[str, list[str]] = {name: [] for name in readers}
    for feed in FEEDS.values():
        for one in feed.formats:
            read_by[type(one).__name__].append(feed.name)

    assert {name: feeds or ["no feed here: it is there for yours"] for name, feeds in read_by.items()} == readers
