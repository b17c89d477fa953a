"""docs/new-feed.md, followed to the letter: its blocks make a feed that is read, delivered, told about and deployed."""

import json
import re
import runpy
import shlex
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from penstock.feeds import FEEDS, OWN, PACKAGE, SHIPPED
from penstock.feeds.feed import Feed
from penstock_ops import cli
from penstock_ops.feed_pages.page import page_of
from penstock_ops.own_feeds.places import placed
from penstock_ops.world import project
from tests.support.pipeline import Pipeline
from tests.template import test_template as checks
from tests.template.cloudformation import Template

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "new-feed.md").read_text(encoding="utf-8")
BLOCKS = [(match[1], match[2]) for match in re.finditer(r"^```(.+)\n((?:.*\n)*?)```$", PAGE, re.MULTILINE)]


def block(start: str) -> str:
    """The page's block that begins with that, its language first, and perhaps where it belongs."""
    (found,) = (text for head, text in BLOCKS if f"{head}\n{text}".startswith(start))
    return found


@pytest.fixture
def meters(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Feed]:
    """The page's module, where feeds of one's own are found."""
    package = tmp_path / "path" / PACKAGE
    package.mkdir(parents=True)
    (package / "meters.py").write_text(block("python layers/"), encoding="utf-8")
    monkeypatch.syspath_prepend(package.parent)
    monkeypatch.setitem(OWN, "meters", package / "meters.py")
    monkeypatch.setitem(FEEDS, "meters", None)
    yield FEEDS["meters"]
    del sys.modules[f"{PACKAGE}.meters"]


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What of a checkout the verbs of feeds write to."""
    shutil.copy(ROOT / "template.yaml", tmp_path)
    (tmp_path / "monday.csv").write_text(block("csv"), encoding="utf-8")
    monkeypatch.setattr(project, "ROOT", tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def typed(command: str) -> str:
    """What the command says."""
    ended = CliRunner().invoke(cli.app, shlex.split(command.removeprefix("$ ").removeprefix("penstock ")))
    assert ended.exit_code == 0, ended.output
    return ended.output


def passes(template: Template) -> None:
    """The checks of the template, all of them."""
    template.creation_order()
    for name, check in vars(checks).items():
        if name.startswith("test_"):
            check(template)


def test_a_check_prints_what_the_page_shows(meters: Feed, checkout: Path) -> None:
    command, *shown = block("console\n$ penstock check").splitlines()

    ended = CliRunner().invoke(cli.app, command.removeprefix("$ ").removeprefix("penstock ").split())

    assert [line.rstrip() for line in ended.output.splitlines()] == shown
    assert ended.exit_code == cli.Exit.REJECTED


async def test_the_file_runs_through_the_pipeline_to_the_account_that_the_page_shows(meters: Feed) -> None:
    pipeline = Pipeline()
    file = pipeline.drop(block("csv").encode(), "meters/monday.csv")

    await pipeline.run()

    await pipeline.assert_sound(file, 5)
    assert pipeline.report(file)["records"] == json.loads(block("json"))
    assert sorted(json.loads(record)["meter_id"] for record in pipeline.api.applied) == ["NW004711", "NW004714"]


def test_the_test_of_the_page_passes_each_of_its_cases(meters: Feed, tmp_path: Path) -> None:
    path = tmp_path / "test_meters_rules.py"
    path.write_text(block("python tests/"), encoding="utf-8")
    test = runpy.run_path(str(path))["test_a_reading_is_judged"]
    (parametrized,) = test.pytestmark

    for row, codes in parametrized.args[1]:
        test(row, codes)


def test_the_feed_can_tell_of_itself(meters: Feed, checkout: Path, tmp_path: Path) -> None:
    (tmp_path / "meters.csv").write_text(block("csv"), encoding="utf-8")
    typed(block("sh"))

    page = page_of(meters, examples=tmp_path, template=checkout / "template.yaml")

    assert "Readings of water and power meters." in page
    assert "| `meters.estimate_needs_reason` | hard | `reason` |" in page
    assert "Two letters of the network" in page
    assert "| 2 | `schema.range` | hard | `reading` |" in page


def test_the_template_with_the_feed_passes_every_check(meters: Feed, checkout: Path) -> None:
    typed(block("sh"))

    template = Template.read(checkout / "template.yaml").with_parameters(Notices="true")

    assert "meters" in checks.feed_queues(template)
    passes(template)


def test_without_the_pages_changes_the_template_does_not_pass(meters: Feed, template: Template) -> None:
    with pytest.raises(AssertionError):
        checks.test_every_feed_has_its_queue_its_mapping_and_its_destination(template)


# -- from a sample -----------------------------------------------------------------------------------------------------


def test_a_feed_from_a_sample_is_written_as_the_page_shows(checkout: Path) -> None:
    command, *shown = block("console\n$ penstock feeds new").splitlines()

    assert [line.rstrip() for line in typed(command).splitlines()] == shown


def test_the_first_the_second_and_the_third_feed_pass_their_tests_and_the_projects(
    checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("readings", "gauges", "dials"):
        typed(f"feeds new {name} --from monday.csv --title 'Readings of meters'")
        monkeypatch.setitem(OWN, name, checkout / "layers/feeds/python" / PACKAGE / f"{name}.yaml")
        monkeypatch.setitem(FEEDS, name, None)

        tests = runpy.run_path(str(checkout / "tests/feeds" / f"test_{name}.py"))
        tests["test_a_sound_record_is_valid"]()
        (cases,) = tests["test_a_record_without_what_it_needs_is_refused"].pytestmark
        for field in cases.args[1]:
            tests["test_a_record_without_what_it_needs_is_refused"](field)
        passes(Template.read(checkout / "template.yaml").with_parameters(Notices="true"))

    assert typed("feeds place").strip() == "changed: nothing: every feed has its place"


def test_a_feed_that_is_no_more_leaves_the_template_as_it_was(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = (checkout / "template.yaml").read_text(encoding="utf-8")
    typed(
        "feeds new gauges --title 'Gauges' --fields 'gauge_id, read_on:date, value:decimal, note?' --identity gauge_id"
    )
    assert (checkout / "template.yaml").read_text(encoding="utf-8") != before

    assert typed("feeds place").strip() == "changed: gauges"

    assert (checkout / "template.yaml").read_text(encoding="utf-8") == before


@pytest.mark.parametrize("gone", SHIPPED)
def test_each_feeds_place_can_be_taken_away(gone: str) -> None:
    text = (ROOT / "template.yaml").read_text(encoding="utf-8")
    few = [feed for name, feed in FEEDS.items() if name != gone]

    left = placed(text, few)

    assert not re.search(rf"\b{gone.capitalize()}D|-{gone}\b", left)
    assert placed(left, few) == left
