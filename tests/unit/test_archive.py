"""What is kept where nobody can change it: of the mro feed every record's digest and every end; of all feeds the
audit."""

import csv
import hashlib
import io
import json
from collections.abc import Iterator
from dataclasses import replace

import pytest

from penstock import feeds
from penstock.feeds.feed import Limits
from penstock.feeds.mro import MRO
from penstock.model.ids import report_key, work_key
from penstock.model.messages import SourceFile
from tests.support.components import installation, removal
from tests.support.pipeline import Fault, Pipeline
from tests.support.spots import csv_file, ndjson_file, spot
from tests.unit.test_sweeper import Swept

KEY = "mro/2026-03/removals.ndjson"
SENT = [
    removal(component_sn="A1"),
    removal(component_sn="A2", release_signature=None),  # rejected
    removal(component_sn="A3", ocr_confidence="0.4"),  # held
    removal(component_sn="A4"),
    installation(component_sn="A4"),
]
BODY = ndjson_file(SENT)


@pytest.fixture(autouse=True)
def small_chunks() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(feeds.FEEDS, "mro", replace(MRO, limits=Limits(records=3)))
        yield


async def run_with(fault: Fault) -> tuple[Pipeline, SourceFile]:
    pipeline = Pipeline(fault=fault)
    file = pipeline.drop(BODY, KEY)
    await pipeline.run()
    return pipeline, file


def kept(pipeline: Pipeline, key: str) -> list[bytes]:
    """What the archive has under a key, whatever the digest in its name."""
    stem, _, ending = key.rpartition(".")
    names = [name for name in sorted(pipeline.store.archive) if name.startswith(f"{stem}-") and name.endswith(ending)]
    return [pipeline.store.archive[name] for name in names]


def lines(body: bytes) -> list[dict[str, object]]:
    return [json.loads(line) for line in body.splitlines()]


async def test_an_auditor_finds_the_digest_of_every_record_as_it_came() -> None:
    pipeline, file = await run_with(Fault())
    found: dict[int, str] = {}
    for chunk in range(2):
        (body,) = kept(pipeline, work_key(file.file_id, chunk, "digests.txt"))
        found |= {int(line.split()[0]): line.split()[1] for line in body.decode().splitlines()}
    assert found == {at: hashlib.sha256(raw).hexdigest() for at, raw in enumerate(BODY.splitlines())}


async def test_and_how_it_ended_and_what_was_rejected_with_its_bytes() -> None:
    pipeline, file = await run_with(Fault())
    assert await pipeline.counted(file) == {"delivered": 3, "rejected": 1, "held": 1}
    (outcomes,) = kept(pipeline, work_key(file.file_id, 0, "outcomes.ndjson"))
    assert [(line["ordinal"], line["outcome"]) for line in lines(outcomes)] == [(1, "rejected"), (2, "held")]
    (table,) = kept(pipeline, work_key(file.file_id, 0, "rejects.csv"))
    (row,) = csv.DictReader(io.StringIO(table.decode(), newline=""))
    assert (row["penstock_code"], row["component_sn"]) == ("mro.release_missing", "A2")
    assert row["penstock_record"].encode() == BODY.splitlines()[1]
    assert kept(pipeline, work_key(file.file_id, 1, "rejects.csv")) == []


async def test_and_the_account_of_the_file() -> None:
    pipeline, file = await run_with(Fault())
    (summary,) = kept(pipeline, report_key(file.file_id, "summary.json"))
    assert summary == pipeline.store.work[report_key(file.file_id, "summary.json")]


async def test_a_refused_file_is_kept_too() -> None:
    pipeline = Pipeline()
    file = pipeline.drop(b"\0\1\2", KEY)
    await pipeline.run()
    (summary,) = kept(pipeline, report_key(file.file_id, "summary.json"))
    assert json.loads(summary)["state"] == "refused"


async def test_names_tell_what_they_name() -> None:
    pipeline, _ = await run_with(Fault())
    for name, body in pipeline.store.archive.items():
        stem, _, _ = name.rpartition(".")
        assert hashlib.sha256(body).hexdigest().startswith(stem.rpartition("-")[2])


async def test_nothing_but_the_audit_is_kept_of_a_feed_that_does_not_say_so() -> None:
    pipeline = Pipeline()
    pipeline.drop(csv_file([spot(1), spot(2, isci="?")]))
    await pipeline.run()
    assert pipeline.store.archive == {}


async def test_whatever_breaks_everything_is_kept_and_nothing_is_rewritten() -> None:
    # Given
    whole, file = await run_with(Fault())
    calls, names = whole.fault.calls, _but_summaries(whole)

    # When
    for at in range(calls):
        for kills, after in ((True, False), (True, True), (False, False)):
            pipeline, again = await run_with(Fault(at, kills, after))

            # Expect
            assert again.file_id == file.file_id
            assert await pipeline.counted(again) == {"delivered": 3, "rejected": 1, "held": 1}
            # The fence in a name is another one after a crash.
            assert names <= _but_summaries(pipeline), (at, pipeline.fault.struck)
            assert kept(pipeline, report_key(file.file_id, "summary.json"))


def _but_summaries(pipeline: Pipeline) -> set[str]:
    """What is kept, without the fences, and the seconds that a summary tells."""
    digests = {name.rpartition("-")[2] for name in pipeline.store.archive if "/summary-" not in name}
    return {digest for digest in digests if "since" not in _text(pipeline, digest)}


def _text(pipeline: Pipeline, digest: str) -> str:
    return next(body.decode() for name, body in pipeline.store.archive.items() if name.endswith(digest))


async def test_what_is_buried_is_kept_with_its_letter() -> None:
    # Given
    swept = Swept()
    file = swept.pipeline.drop(BODY, KEY)
    for _ in range(2):
        await swept.pipeline.step()
    letters = swept.gives_up(swept.pipeline.dispatches, 1)
    assert len(letters) == 2

    # When
    await swept.sweep()
    await swept.pipeline.clock.sleep(1000)
    await swept.sweep()

    # Expect
    for chunk, letter in enumerate(letters):
        (buried,) = kept(swept.pipeline, work_key(file.file_id, chunk, "dead-letter.json"))
        assert json.loads(buried) == json.loads(letter)
    (outcomes,) = kept(swept.pipeline, work_key(file.file_id, 1, "outcomes.ndjson"))
    assert [(line["ordinal"], line["outcome"]) for line in lines(outcomes)] == [(3, "dead"), (4, "dead")]
