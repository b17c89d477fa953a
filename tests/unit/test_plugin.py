"""What the pytest plugin gives to whoever tests a feed, as docs/testing-locally.md shows it."""

from pathlib import Path

import pytest

from penstock.adapters.aws_clients import aws_clients
from penstock.adapters.aws_store import S3Store
from penstock.feeds import FEEDS
from penstock.model.errors import Transient
from penstock.model.messages import SourceFile
from penstock.ports.destination import Answer
from penstock_ops.samples import SAMPLES
from penstock_ops.samples.sample import SampleOptions
from penstock_testing.plugin import JudgeFile, LocalStack, MotoAws, judged, moto_aws, stack
from tests.support.spots import csv_file, spot

__all__ = ["judged", "moto_aws", "stack"]

KEY = "traffic/spots.csv"


def sample(feed: str, folder: Path, faults: float = 0.0) -> tuple[bytes, dict[str, int]]:
    generator, path = SAMPLES[feed], folder / "sample"
    with path.open("wb") as out:
        counts = generator.write(out, SampleOptions(50, next(iter(generator.formats)), faults, 3, "canonical"), None)
    return path.read_bytes(), {str(outcome): number for outcome, number in counts.items()}


def test_a_file_is_judged_record_by_record(judged: JudgeFile) -> None:
    found = judged("traffic", csv_file([spot(1), spot(2, isci="?")]))

    assert found.format == "csv"
    assert found.accepted[0]["spot_id"] == spot(1)["spot_id"]
    assert found.rejected == {1: ["schema.pattern"]}


async def test_a_file_goes_through_all_stages(stack: LocalStack) -> None:
    report = await stack.deliver(KEY, csv_file([spot(1), spot(2, isci="?"), spot(1)]))

    assert report["records"]["received"] == 3
    assert (report["records"]["delivered"], report["records"]["rejected"], report["records"]["duplicate"]) == (1, 1, 1)
    assert report["balanced"]
    assert [record["spot_id"] for record in stack.delivered] == [spot(1)["spot_id"]]
    assert "schema.pattern" in stack.rejects(report)


async def test_a_second_file_knows_the_first(stack: LocalStack) -> None:
    await stack.deliver(KEY, csv_file([spot(1)]))

    report = await stack.deliver("traffic/again.csv", csv_file([spot(1)]))

    assert report["records"]["duplicate"] == 1
    assert stack.rejects(report) == ""


async def test_a_destination_that_fails_is_asked_again(stack: LocalStack) -> None:
    stack.destination.answers += [Answer(503, b""), Transient("connection refused")]

    report = await stack.deliver(KEY, csv_file([spot(1)]))

    assert report["records"]["delivered"] == 1
    assert len(stack.destination.calls) == 3


@pytest.mark.parametrize("feed", [feed.name for feed in FEEDS.values() if not feed.documents])
async def test_every_feeds_sample_is_delivered(feed: str, stack: LocalStack, tmp_path: Path) -> None:
    body, expected = sample(feed, tmp_path)

    report = await stack.deliver(f"{feed}/sample", body)

    assert report["balanced"]
    assert report["records"]["delivered"] == expected["delivered"] == len(stack.delivered)


async def test_moto_answers_the_adapters(moto_aws: MotoAws) -> None:
    bucket, body = moto_aws.drop_bucket(), csv_file([spot(1)])
    put = moto_aws.client("s3").put_object(Bucket=bucket, Key=KEY, Body=body)
    file = SourceFile(
        feed="traffic", bucket=bucket, key=KEY, version_id=put["VersionId"], etag=put["ETag"].strip('"'), size=len(body)
    )

    async with aws_clients() as aws:
        assert await S3Store(aws.s3, "work", "archive").read_source(file, 0, len(body)) == body
