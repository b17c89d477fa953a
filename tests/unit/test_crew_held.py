"""A held correction of a duty counts for nothing yet: it bars no earlier revision, by identity or by history."""

import json
from dataclasses import replace
from typing import Any

import pytest

from penstock.feeds.crew import CREW
from penstock.feeds.crew.duty import loaded
from penstock.identity.examination import keys_of
from penstock.model.messages import SourceFile
from penstock_ops.operate import held
from tests.support.destination import Api
from tests.support.duties import easa
from tests.support.operators import operated
from tests.support.pipeline import Pipeline

FIRST, SECOND = easa("08:00", "8:00"), easa("08:30", "8:00", revision=2)
BEYOND = easa("08:00", "14:00", extension="discretion", revision=3)
"""By commander's discretion, which is flagged, and held."""


async def dropped(pipeline: Pipeline, record: dict[str, Any], ends: str) -> SourceFile:
    file = pipeline.drop(json.dumps(record).encode(), "crew/roster.json")
    await pipeline.run()
    assert await pipeline.assert_sound(file, 1) == {ends: 1}
    return file


def known(pipeline: Pipeline) -> list[tuple[str, int]]:
    """What the crew member's history has in its entries, those that they replaced apart."""
    assert CREW.examination
    (key,) = keys_of(CREW.examination, {"crew_id": "C1"})
    (history,) = [one for (_, at), one in pipeline.histories.all().items() if at == key]
    return [(one.id, one.revision) for one in loaded(entry.kept for entry in history.entries)]


@pytest.fixture
def pipeline() -> Pipeline:
    api = Api()
    api.settings_now = replace(api.settings_now, soft="hold")
    return Pipeline(api)


@pytest.fixture
async def beyond(pipeline: Pipeline) -> SourceFile:
    """The first revision is delivered, the third is held, and the second has passed over it."""
    await dropped(pipeline, FIRST, "delivered")
    file = await dropped(pipeline, BEYOND, "held")
    await dropped(pipeline, SECOND, "delivered")
    assert known(pipeline) == [("D1", 2)]
    return file


async def test_released_it_corrects_what_passed_over_it(pipeline: Pipeline, beyond: SourceFile) -> None:
    ports = operated(pipeline)
    release = await held.prepare_release(ports, await pipeline.row(beyond), "0")
    await held.begin_release(ports, release, by="Grace", note="as flown")
    await pipeline.run()
    assert await pipeline.counted(beyond) == {"delivered": 1}
    assert known(pipeline) == [("D1", 3)]
    await dropped(pipeline, SECOND | {"revision": 2, "pilots": 3}, "rejected")


async def test_refused_it_leaves_what_passed_over_it(pipeline: Pipeline, beyond: SourceFile) -> None:
    await held.refuse_all(operated(pipeline), await pipeline.row(beyond), "0", by="Grace", note="not flown")
    assert await pipeline.counted(beyond) == {"rejected": 1}
    await dropped(pipeline, easa("08:45", "8:00", revision=4), "delivered")
    assert known(pipeline) == [("D1", 4)]


async def test_what_is_refused_beside_it_leaves_it_held(pipeline: Pipeline) -> None:
    """The second revision is too long: the third stands in the history as before."""
    await dropped(pipeline, FIRST, "delivered")
    await dropped(pipeline, BEYOND, "held")
    await dropped(pipeline, easa("08:00", "16:00", revision=2), "rejected")
    assert known(pipeline) == [("D1", 3)]
