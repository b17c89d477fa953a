"""`penstock check` of a feed that judges records by earlier ones: what it says is what a first drop does."""

import asyncio
import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from penstock import feeds
from penstock.feeds.crew import CREW
from penstock.feeds.feed import Limits
from penstock_ops.check.check_file import Checked, check
from tests.support.destination import Api
from tests.support.duties import duty
from tests.support.pipeline import Pipeline


def ndjson(records: Sequence[Mapping[str, Any]]) -> bytes:
    return b"".join(json.dumps(record).encode() + b"\n" for record in records)


def checked(tmp_path: Path, records: Sequence[Mapping[str, Any]]) -> Checked:
    path = tmp_path / "duties.ndjson"
    path.write_bytes(ndjson(records))
    return check(path, "crew", tmp_path / "rejects.csv", lambda _: None)


def test_it_says_that_it_knows_of_no_other_file(tmp_path: Path) -> None:
    result = checked(tmp_path, [duty("08:00", "9:00")])

    assert result.as_dict()["by_itself"] is True
    assert result.findings == {}


def test_revisions_of_a_duty_follow_each_other(tmp_path: Path) -> None:
    result = checked(tmp_path, [duty("08:00", "9:00", revision=revision) for revision in (1, 3, 3, 2)])

    assert (result.received, result.rejected, result.duplicate) == (4, 1, 1)
    assert result.findings == {"crew.superseded": 1}


@pytest.mark.parametrize("seed", range(20))
async def test_a_check_says_what_a_first_drop_does(seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Chunks of some records, of a few crew members whose duties overlap, repeat, and correct each other."""
    monkeypatch.setitem(feeds.FEEDS, "crew", replace(CREW, limits=Limits(records=4), group=()))
    rng = random.Random(seed)
    records = [
        duty(
            f"+{rng.randrange(4)} {rng.choice(('06:00', '12:00', '20:00'))}",
            rng.choice(("5:00", "9:00", "15:00")),
            crew_id=f"C{rng.randrange(2)}",
            duty_id=f"D{rng.randrange(8)}",
            revision=rng.choice((1, 1, 2)),
            pilots=rng.choice((2, 3)),
        )
        for _ in range(24)
    ]
    pipeline = Pipeline(Api())
    file = pipeline.drop(ndjson(records), "crew/duties.ndjson")
    await pipeline.run()
    row = await pipeline.row(file)

    result = await asyncio.to_thread(checked, tmp_path, records)

    figures = {str(outcome): number for outcome, number in row.counted.items() if number}
    said = {
        "delivered": result.received - result.rejected - result.duplicate - result.held,
        "held": result.held,
        "rejected": result.rejected,
        "duplicate": result.duplicate,
    }
    assert {name: number for name, number in said.items() if number} == figures
    assert result.findings == row.findings
