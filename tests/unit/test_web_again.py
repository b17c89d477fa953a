"""The console's worklist of what may have come before: each record beside the earlier one, and decided in bulk."""

from tests.support.consoles import browsing, words_of
from tests.support.invoices import x12_file
from tests.support.operators import audited
from tests.support.pipeline import Pipeline
from tests.unit.test_freight_again import bill


async def twice(pipeline: Pipeline) -> tuple[str, str]:
    """The same bill of another day, after the first was delivered: the ids of both files."""
    ids: list[str] = []
    for name, day in (("first", "20261120"), ("again", "20261122")):
        ids.append(pipeline.drop(x12_file(bill(day=day)), f"freight/{name}.edi").file_id)
        await pipeline.run()
    return ids[0], ids[1]


async def test_each_stands_beside_the_earlier_one_and_what_differs_is_marked() -> None:
    pipeline = Pipeline()
    first, again = await twice(pipeline)

    async with browsing(pipeline, content=True) as browser:
        page = await browser.get("/worklists/again")

    words = words_of(page)
    assert "invoice_date 2026-11-22 2026-11-20" in words
    assert "invoice_number INV-1 the same" in words
    assert words.index("invoice_date 2026") < words.index("invoice_number INV-1")
    assert f'href="/files/{first}/records/0"' in page.text
    assert f'value="{again}:0"' in page.text
    assert [(one["worklist"], one["records"]) for one in audited(pipeline, "ContentShown")] == [("again", "1")]


async def test_what_is_in_them_is_content() -> None:
    pipeline = Pipeline()
    _, again = await twice(pipeline)

    async with browsing(pipeline) as browser:
        page = await browser.get("/worklists/again")

    assert f'value="{again}:0"' in page.text
    assert "2026-11-22" not in words_of(page).partition("outcome")[2].partition("since")[0]
    assert "INV-1" not in page.text
    assert audited(pipeline, "ContentShown") == []


async def test_several_are_refused_at_once_with_one_note() -> None:
    pipeline = Pipeline()
    _, again = await twice(pipeline)

    async with browsing(pipeline) as browser:
        chosen = {"act": "refuse", "record": [f"{again}:0"]}
        assert "1 record (0) would be rejected" in words_of(await browser.post("/worklists/held/plan", chosen))
        await browser.post("/worklists/held/decide", chosen | {"note": "paid in November"})
        assert "Nothing waits here" in words_of(await browser.get("/worklists/again"))

    assert [one["note"] for one in audited(pipeline, "HeldRefused")] == ["paid in November"]


async def test_an_earlier_one_that_is_kept_no_longer_is_told() -> None:
    pipeline = Pipeline()
    first, again = await twice(pipeline)
    del pipeline.ledger._files[first]

    async with browsing(pipeline, content=True) as browser:
        page = await browser.get("/worklists/again")

    assert "The earlier one is kept no longer" in words_of(page)
    assert f'value="{again}:0"' in page.text
