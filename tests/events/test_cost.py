"""The cost that a file's account tells is that of the calls that were made for it, counted where they arrive."""

import io
import json
from collections import Counter
from contextlib import nullcontext
from dataclasses import asdict

import pytest

from penstock.adapters import lambda_function
from penstock.io.metering import Kept, Meter
from penstock.model.usage import NOTHING
from penstock_ops.samples import SAMPLES
from penstock_ops.samples.sample import SampleOptions
from tests.events.conftest import FILE, Functions, Stack
from tests.events.driving import announce, run, used
from tests.events.driving import counted as counted
from tests.events.driving import functions as functions
from tests.support.counted import Counted

FEEDS = {
    "traffic": ("csv", 300),
    "crew": ("csv", 60),
    "mro": ("csv", 120),
    "freight": ("x12", 40),
    "tower": ("pdf", 1),
}
ACKNOWLEDGEMENT = {"s3_puts": 2, "s3_gets": 2, "dynamodb_reads": 1, "events": 1}
"""What an interchange's takes: it is written behind the summary, which waits for nothing."""


@pytest.mark.parametrize("feed", FEEDS)
def test_the_cost_of_a_file_is_that_of_the_calls_made_for_it(
    functions: Functions, stack: Stack, counted: Counted, feed: str
) -> None:
    drop(stack, feed)

    calls = run(stack, functions, patience=2 if feed == "tower" else 0)
    counted.numbers += Counter({"lambda_calls": calls, "sqs_requests": 2 * calls})  # of the pollers

    rows = asdict(used(stack))
    assert {name: rows[name] for name in counted.numbers} == dict(counted.numbers), counted.requests
    assert rows["lambda_gb_seconds"] > 0
    assert rows["s3_gb_months"] == pytest.approx(stored(stack), rel=0.01)
    summary = json.loads(stack.output("summary.json"))["cost"]["counted"]
    told_later = ACKNOWLEDGEMENT if feed == "freight" else {}
    assert {name: summary[name] for name in counted.numbers} == dict(counted.numbers - Counter(told_later))


def drop(stack: Stack, feed: str) -> None:
    """A sample file of a feed."""
    form, records = FEEDS[feed]
    body = io.BytesIO()
    SAMPLES[feed].write(body, SampleOptions(records, form, faults=0.05), None)
    announce(stack, f"{feed}/zone/site/sample.{form}", body.getvalue())


@pytest.mark.parametrize("feed", ["traffic", "mro"])
def test_to_count_takes_no_write(
    functions: Functions, stack: Stack, counted: Counted, feed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    drop(stack, feed)
    run(stack, functions, patience=0)
    metered, counted.numbers = counted.numbers, Counter()
    chunks = sum(name.startswith("CHUNK") for name in stack.rows())
    for table in ("Ledger", "Claims"):
        empty(stack, table)

    monkeypatch.setattr(lambda_function, "metering", lambda *_: nullcontext(Meter(0.0, Kept())))
    drop(stack, feed)
    run(stack, functions, patience=0)

    assert used(stack) == NOTHING
    assert metered["dynamodb_writes"] == counted.numbers["dynamodb_writes"]
    assert metered["dynamodb_reads"] <= counted.numbers["dynamodb_reads"] + 2 * chunks, "the file's row, once a chunk"


def empty(stack: Stack, table: str) -> None:
    """Takes all rows out of a table."""
    dynamodb, name = stack.emulator.client("dynamodb"), stack.names[table]
    for item in stack.emulator.items(name):
        dynamodb.delete_item(TableName=name, Key={key: item[key] for key in ("pk", "sk") if key in item})


def stored(stack: Stack) -> float:
    """GB-months of what lies in the buckets, and is not taken away by the next look."""
    days = {"reports": 400, "due": 0, "accounts": 0}
    kept = sum(len(body) * days.get(key.partition("/")[0], 90) for key, body in stack.outputs().items())
    kept += sum(len(body) * 1100 for body in stack.archived().values())
    dropped = stack.emulator.client("s3").list_objects_v2(Bucket=FILE.bucket)["Contents"]
    return (kept + sum(one["Size"] * 90 for one in dropped)) / 2**30 / (730 / 24)
