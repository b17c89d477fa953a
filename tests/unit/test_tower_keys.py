"""What a tower document's key says: its zone and its site, which the form must not contradict."""

import hashlib
import json
from typing import Any

import pytest

from penstock.feeds.tower import TOWER
from penstock.model.messages import SourceFile
from penstock_testing.pages import document, page
from tests.support.pipeline import Pipeline


def lease(**changes: Any) -> dict[str, Any]:
    """A form as it was read."""
    form = {
        "kind": "lease_amendment",
        "document": "0" * 64,
        "pages": [1, 1],
        "route": "text",
        "site_id": "TX-4410",
        "effective_date": "2026-03-01",
        "monthly_rent_usd": 2150.5,
    }
    return form | changes


async def dropped(key: str, **changes: Any) -> tuple[Pipeline, SourceFile]:
    """A document that was dropped under a key, and has ended."""
    pipeline = Pipeline()
    file = pipeline.drop(document(page(lease(**changes))), key)
    await pipeline.run()
    return pipeline, file


@pytest.mark.parametrize(
    ("key", "says"),
    [
        ("tower/north/TX-4410/lease.pdf", {"filed_zone": "north", "filed_site": "TX-4410"}),
        ("tower/north/TX-4410/2026/lease.pdf", {"filed_zone": "north", "filed_site": "TX-4410"}),
        ("tower/north/TX-4410/pack.zip!a/b/lease.pdf", {"filed_zone": "north", "filed_site": "TX-4410"}),
        ("tower/north/lease.pdf", {"filed_zone": "north"}),
        ("tower/lease.pdf", {}),
    ],
)
def test_a_key_says_zone_and_site_as_far_as_it_goes(key: str, says: dict[str, str]) -> None:
    assert TOWER.filed is not None
    assert TOWER.filed(key) == says


@pytest.mark.parametrize(
    ("key", "changes", "outcome", "found"),
    [
        ("tower/north/TX-4410/lease.pdf", {}, "delivered", {}),
        ("tower/north/tx 4410/lease.pdf", {}, "delivered", {}),
        ("tower/north/TX-4401/lease.pdf", {}, "held", {"tower.wrong_site": 1}),
        ("tower/north/lease.pdf", {}, "delivered", {}),
        ("tower/north/TX-4410/lease.pdf", {"zone": "North"}, "delivered", {}),
        ("tower/north/TX-4410/lease.pdf", {"zone": "South"}, "held", {"tower.wrong_zone": 1}),
    ],
)
async def test_a_form_of_another_site_or_zone_than_its_key_is_held(
    key: str, changes: dict[str, Any], outcome: str, found: dict[str, int]
) -> None:
    pipeline, file = await dropped(key, **changes)

    assert await pipeline.counted(file) == {outcome: 1}
    assert (await pipeline.row(file)).findings == found


async def test_the_same_form_filed_twice_is_a_duplicate() -> None:
    pipeline, _ = await dropped("tower/north/TX-4410/lease.pdf")
    again = pipeline.drop(document(page(lease())), "tower/north/TX-4410/2/lease.pdf")
    await pipeline.run()

    assert await pipeline.counted(again) == {"duplicate": 1}


async def test_the_archive_has_the_digest_of_each_field_that_was_read() -> None:
    pipeline, file = await dropped("tower/north/TX-4410/lease.pdf")

    ((key, body),) = [(key, body) for key, body in pipeline.store.archive.items() if "fields" in key]
    assert key.startswith(f"chunks/{file.file_id}/000000/fields-")
    (line,) = map(json.loads, body.splitlines())
    ((_, sent),) = pipeline.api.bodies
    (delivered,) = sent["records"]
    assert line["ordinal"] == 0
    assert line["fields"].keys() == delivered.keys()
    assert line["fields"]["monthly_rent_usd"] == hashlib.sha256(b"2150.5").hexdigest()
    assert line["fields"]["site_id"] == hashlib.sha256(b'"TX-4410"').hexdigest()


async def test_a_feed_whose_fields_are_not_kept_leaves_none() -> None:
    pipeline = Pipeline()
    pipeline.drop(b'{"kind": "nothing"}', "crew/roster.json")
    await pipeline.run()

    assert [key for key in pipeline.store.archive if "fields" in key] == []
