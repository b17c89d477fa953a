"""The samples themselves."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from penstock.model.intake import read_notification
from tests.events.conftest import EVENTS, FILE, SPOTS, load
from tests.support.emulators import template

NAMES = sorted(path.relative_to(EVENTS).with_suffix("").as_posix() for path in EVENTS.glob("*/*.json"))
BY_SCHEDULE = ("prober", "sweeper", "tabulator", "notary")


@pytest.mark.parametrize("name", NAMES)
def test_every_sample_is_used_by_a_test_of_its_function(name: str) -> None:
    stage, sample = name.split("/")
    tests = Path(__file__).with_name(f"test_{stage}.py").read_text(encoding="utf-8")

    assert f'"{sample}"' in tests


@pytest.mark.parametrize("name", [name for name in NAMES if not name.startswith(BY_SCHEDULE)])
def test_a_sample_looks_as_sqs_sends_it(name: str) -> None:
    ids: set[str] = set()
    for record in load(*name.split("/"))["Records"]:
        assert record["eventSource"] == "aws:sqs"
        assert record["md5OfBody"] == hashlib.md5(record["body"].encode(), usedforsecurity=False).hexdigest()
        ids.add(record["messageId"])
    assert len(ids) == len(load(*name.split("/"))["Records"])


@pytest.mark.parametrize("stage", BY_SCHEDULE)
def test_there_is_a_sample_of_everything_a_schedule_says(stage: str) -> None:
    says = [one.event for one in template().schedules() if one.function == f"{stage.title()}Function"]

    assert says
    assert [load(stage, event["look"]) for event in says] == says


def test_the_samples_tell_of_the_sample_file() -> None:
    assert read_notification(load("splitter", "put")["Records"][0]["body"]) == [FILE]
    assert (hashlib.md5(SPOTS, usedforsecurity=False).hexdigest(), len(SPOTS)) == (FILE.etag, FILE.size)
    body: Any = json.loads(load("validator", "chunk")["Records"][0]["body"])
    assert body["file"] == FILE.model_dump(mode="json")
