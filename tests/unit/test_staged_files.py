"""Compressed files, zip files and UTF-16 through the whole pipeline: as if their contents had been dropped, whatever
breaks or dies on the way (R1, R4, R28, R31)."""

import gzip
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace

import pytest

from penstock import feeds
from penstock.feeds.feed import Limits
from penstock.feeds.traffic import TRAFFIC
from penstock.model.messages import Dropped, SourceFile
from penstock.model.rows import FileState
from penstock_ops.operate.reporting import report_of
from penstock_testing.memory import MemoryStore
from tests.support.archives import COMPRESS, packed
from tests.support.budget import faults, with_faults
from tests.support.pipeline import Fault, Pipeline
from tests.support.spots import csv_file, rows_of, spot

SPOTS = csv_file([*(spot(at) for at in range(6)), spot(6, isci="?")])
EXPECTED = {"delivered": 6, "rejected": 1}
ARCHIVE = packed(
    {
        "monday.csv": csv_file(spot(at) for at in range(3)),
        "week/tuesday.csv": csv_file(spot(at) for at in range(10, 13)),
        "readme.txt": b"Spots of this week",
    }
)


@pytest.fixture(autouse=True)
def small_chunks() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(feeds.FEEDS, "traffic", replace(TRAFFIC, limits=Limits(records=5)))
        yield


def entry_of(archive: SourceFile, name: str) -> SourceFile:
    """A file in a zip file, as reports name it."""
    key = f"{archive.key}!{name}"
    return archive.model_copy(update={"origin": Dropped(bucket=archive.bucket, key=key, version_id=archive.version_id)})


def staged_by(pipeline: Pipeline) -> dict[str, bytes]:
    """The staged objects."""
    return {key: body for key, body in pipeline.store.work.items() if key.startswith("staged/")}


async def dropped(body: bytes, key: str, fault: Fault | None = None, events: int = 1) -> tuple[Pipeline, SourceFile]:
    pipeline = Pipeline(fault=fault or Fault())
    file = pipeline.drop(body, key, events)
    await pipeline.run()
    return pipeline, file


@pytest.mark.parametrize(
    "body", [*(compress(SPOTS) for compress in COMPRESS.values()), SPOTS.decode().encode("utf-16"), gzip.compress(
        SPOTS.decode().encode("utf-16"))], ids=[*COMPRESS, "utf-16", "utf-16 in gzip"]
)  # fmt: skip
async def test_it_is_the_file_that_it_contains(body: bytes) -> None:
    pipeline, file = await dropped(body, "traffic/spots.csv.packed")

    assert await pipeline.assert_sound(file, 7) == EXPECTED
    assert pipeline.report(file)["key"] == "traffic/spots.csv.packed"
    assert pipeline.report(file)["version_id"] == file.version_id
    assert [row["spot_id"] for row in rows_of(pipeline.report(file, "rejects.csv"))] == ["S00006"]


async def test_the_drop_bucket_is_only_read_and_the_staged_object_is_named_after_the_file() -> None:
    body = gzip.compress(SPOTS)
    pipeline, file = await dropped(body, "traffic/spots.csv.gz")

    assert list(pipeline.store.sources.values()) == [body]
    assert pipeline.store.work[f"staged/{file.file_id}"] == SPOTS
    assert (await pipeline.row(file)).file.is_staged


async def test_a_plain_file_is_not_staged() -> None:
    pipeline, file = await dropped(SPOTS, "traffic/spots.csv.gz")

    assert await pipeline.assert_sound(file, 7) == EXPECTED
    assert staged_by(pipeline) == {}


async def test_each_file_of_an_archive_is_a_file_of_its_own() -> None:
    pipeline, archive = await dropped(ARCHIVE, "traffic/week.zip")

    for name in ("monday.csv", "week/tuesday.csv"):
        entry = entry_of(archive, name)
        assert await pipeline.assert_sound(entry, 3) == {"delivered": 3}
        assert pipeline.report(entry)["key"] == f"traffic/week.zip!{name}"
    readme = entry_of(archive, "readme.txt")
    assert (await pipeline.row(readme)).state is FileState.REFUSED
    assert pipeline.report(readme)["refused"]["code"] == "format.no_header"


async def test_an_archive_ends_as_so_many_files_without_records_of_its_own() -> None:
    pipeline, archive = await dropped(ARCHIVE, "traffic/week.zip")

    report = pipeline.report(archive)

    assert (report["state"], report["files"], report["balanced"]) == ("unpacked", 3, True)
    assert report["records"]["received"] == report["chunks"]["expected"] == 0
    assert report["unpacked"] == [
        {"file_id": entry_of(archive, name).file_id, "key": f"traffic/week.zip!{name}"}
        for name in ("monday.csv", "week/tuesday.csv", "readme.txt")
    ]
    assert pipeline.told("FileUnpacked") == [archive.file_id]
    shown = await report_of(pipeline.ledger, pipeline.store, archive.file_id, pipeline.clock.now())
    assert {name: shown[name] for name in ("files", "unpacked")} == {"files": 3, "unpacked": report["unpacked"]}
    row = await pipeline.row(archive)
    assert (row.state, row.files, row.received) == (FileState.UNPACKED, 3, 0)


async def test_the_same_event_again_changes_nothing() -> None:
    pipeline, archive = await dropped(ARCHIVE, "traffic/week.zip", events=2)
    calls = len(pipeline.api.applied)
    pipeline.tell(archive)
    await pipeline.run()

    assert len(pipeline.api.applied) == calls == 6
    assert pipeline.told("FileUnpacked") == [archive.file_id]


async def test_the_same_archive_dropped_again_is_other_files_with_the_same_records() -> None:
    pipeline, first = await dropped(ARCHIVE, "traffic/week.zip")
    second = pipeline.drop(ARCHIVE, "traffic/week.zip")
    await pipeline.run()

    assert await pipeline.assert_sound(entry_of(first, "monday.csv"), 3) == {"delivered": 3}
    assert await pipeline.assert_sound(entry_of(second, "monday.csv"), 3) == {"duplicate": 3}


async def test_an_archive_below_no_feed_is_refused_unopened() -> None:
    pipeline, archive = await dropped(ARCHIVE, "nobody/week.zip")

    assert pipeline.report(archive)["refused"]["code"] == "format.unknown_feed"
    assert staged_by(pipeline) == {}


async def test_what_cannot_be_expanded_is_refused_and_leaves_nothing() -> None:
    pipeline, file = await dropped(gzip.compress(SPOTS)[:-9], "traffic/spots.csv.gz")

    assert pipeline.report(file)["refused"]["code"] == "archive.truncated"
    assert staged_by(pipeline) == {}
    assert pipeline.told("FileRefused") == [file.file_id]


@with_faults
@pytest.mark.parametrize("name", ["spots.csv.gz", "week.zip"])
async def test_a_fault_at_any_call_loses_nothing_and_doubles_nothing(name: str) -> None:
    body = gzip.compress(SPOTS) if name.endswith("gz") else ARCHIVE
    healthy, _ = await dropped(body, f"traffic/{name}")
    struck: set[str] = set()
    for at, kills, after in faults(healthy.fault.calls):
        pipeline, file = await dropped(body, f"traffic/{name}", Fault(at, kills, after))
        struck.add(pipeline.fault.struck)
        if name.endswith("gz"):
            assert await pipeline.assert_sound(file, 7) == EXPECTED
        else:
            assert pipeline.report(file)["files"] == 3
            for entry in ("monday.csv", "week/tuesday.csv"):
                assert await pipeline.assert_sound(entry_of(file, entry), 3) == {"delivered": 3}
            assert (await pipeline.row(entry_of(file, "readme.txt"))).state is FileState.REFUSED
        assert staged_by(pipeline) == staged_by(healthy)
    assert struck >= {"stage", "stage_file", "send_batch", "seal_file"} | ({"unpack_file"} if "zip" in name else set())


class Counting(MemoryStore):
    """Counts how often something is staged."""

    staged = 0

    async def stage(self, file: SourceFile, parts: AsyncIterator[bytes]) -> SourceFile:
        self.staged += 1
        return await super().stage(file, parts)


async def test_what_was_staged_before_is_not_staged_again() -> None:
    """By a splitter that follows one which died right after it: staging must not take its time again and again."""
    at = 0
    while True:
        pipeline, store = Pipeline(fault=Fault(at, kills=True, after=True)), Counting()
        pipeline.store = store
        file = pipeline.drop(gzip.compress(SPOTS), "traffic/a.gz")
        await pipeline.run()
        if pipeline.fault.struck == "stage_file":
            break
        at += 1

    assert store.staged == 1
    assert await pipeline.assert_sound(file, 7) == EXPECTED
