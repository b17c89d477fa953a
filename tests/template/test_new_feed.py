"""docs/new-feed.md, followed to the letter: its blocks make a feed that is read, delivered, told about and deployed."""

import importlib
import json
import re
import runpy
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

import penstock.feeds
from penstock.feeds import FEEDS
from penstock.feeds.feed import Feed
from penstock_ops import cli
from penstock_ops.feed_pages.page import page_of
from tests.support.pipeline import Pipeline
from tests.template import test_template as checks
from tests.template.cloudformation import Template

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "new-feed.md").read_text(encoding="utf-8")
BLOCKS = {match[1]: match[2] for match in re.finditer(r"^```(.+)\n((?:.*\n)*?)```$", PAGE, re.MULTILINE)}


def block(start: str) -> str:
    """The page's block whose first line begins with that: its language, and perhaps where it belongs."""
    (found,) = (text for head, text in BLOCKS.items() if head.startswith(start))
    return found


@pytest.fixture
def meters(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Feed]:
    """The page's module, registered as a feed."""
    (tmp_path / "meters.py").write_text(block("python layers/"), encoding="utf-8")
    monkeypatch.setattr(penstock.feeds, "__path__", [*penstock.feeds.__path__, str(tmp_path)])
    feed = importlib.import_module("penstock.feeds.meters").METERS
    monkeypatch.setitem(FEEDS, feed.name, feed)
    yield feed
    del sys.modules["penstock.feeds.meters"]


@pytest.fixture
def changed(tmp_path: Path) -> Path:
    """A copy of the template with all that the page puts into it."""
    path = tmp_path / "template.yaml"
    shutil.copy(ROOT / "template.yaml", path)
    text = path.read_text(encoding="utf-8")
    for head, place in (("before AlarmEmail", "  AlarmEmail:\n"), ('before "What', "  # ── What the functions")):
        at = text.index(place, text.index("\nParameters:"))
        text = text[:at] + block(f"yaml template.yaml, {head}") + text[at:]
    path.write_text(text, encoding="utf-8")
    subprocess.run(["sh", "-ec", block("sh")], cwd=tmp_path, check=True)
    return path


def test_a_check_prints_what_the_page_shows(meters: Feed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("monday.csv").write_text(block("csv"), encoding="utf-8")
    command, *shown = block("console").splitlines()

    ended = CliRunner().invoke(cli.app, command.removeprefix("$ penstock ").split())

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


def test_the_feed_can_tell_of_itself(meters: Feed, changed: Path, tmp_path: Path) -> None:
    (tmp_path / "meters.csv").write_text(block("csv"), encoding="utf-8")

    page = page_of(meters, examples=tmp_path, template=changed)

    assert "Readings of water and power meters." in page
    assert "| `meters.estimate_needs_reason` | hard | `reason` |" in page
    assert "Two letters of the network" in page
    assert "| 2 | `schema.range` | hard | `reading` |" in page


def test_the_template_with_the_feed_passes_every_check(meters: Feed, changed: Path) -> None:
    template = Template.read(changed)

    assert "meters" in checks.feed_queues(template)
    template.creation_order()
    for name, check in vars(checks).items():
        if name.startswith("test_"):
            check(template)


def test_without_the_pages_changes_the_template_does_not_pass(meters: Feed, template: Template) -> None:
    with pytest.raises(AssertionError):
        checks.test_every_feed_has_its_queue_its_mapping_and_its_destination(template)
