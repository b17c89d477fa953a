"""Whatever value stands in a file, it ends with its record: no serialiser, and no function of ours, fails at it."""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from penstock.feeds import FEEDS
from penstock.model.findings import Outcome
from penstock.outputs.accepted import dump_accepted, load_accepted
from penstock.ports.destination import Answer, DestinationSettings
from tests.support.components import removal
from tests.support.destination import Api
from tests.support.duties import duty, flight
from tests.support.edi import interchange
from tests.support.edi import st as transaction_set
from tests.support.invoices import freight_bill, ubl, ubl_file
from tests.support.pipeline import Pipeline
from tests.support.reading import judge_file
from tests.support.spots import csv_file, spot

#: JSON texts of values that some serialiser, clock or calculator does not take.
ABSURD_JSON = [
    "1.5", "[1.5]", '{"a":[1.5,{"b":2.25}]}', "1e308", "-1e308", "1e999", "1E-999", "1" * 38, "1" * 39,
    "-" + "9" * 400, "0." + "3" * 400, "9223372036854775807", "9223372036854775808", "18446744073709551616", "-0",
    "-0.0", "true", "false", "null", "[]", "{}", '""', '" "', '"\\u0000"', '"\\u0001\\u001b[2J"', '"\\ud83d\\ude00"',
    '"\\ufffe\\uffff"', '"NaN"', '"Infinity"', '"-inf"', '"1e5"', '"١٢"', '"²"', '"=1+1;=2"',
    '"' + "x" * 70_000 + '"', '"\u2028\u2029\u202e"', '"0001-01-01"', '"0001-01-01T00:00:00+14:00"',
    '"0001-01-01T00:00:00Z"', '"0001-01-02T00:00:00+23:59"', '"9999-12-31"', '"9999-12-31T23:59:59-14:00"',
    '"9999-12-31T23:59:59.999999Z"', '"0000-00-00"', '"10000-01-01"', '"-0001-01-01"',
    '"1900-01-01T00:00:00+00:00:01"', '"2026-02-30"', '"2026-11-20T24:00:00Z"', '"2016-12-31T23:59:60Z"',
    '"99:99:99"', '"2026-11-20T08:00+00:00"', '"1970-01-01"', "0", "-1", "253402300800", "-62135596801", "1e18",
    '"' + "9" * 5000 + '"', "[" * 150 + "]" * 150, '[{"flight":"=1"}]', '{"code":1e400}', '["\\u0000"]',
]  # fmt: skip
#: And of what an element or a cell can hold.
ABSURD_TEXTS = [
    "", " ", "0", "-1", "-", "+", ".", "1e400", "NaN", "Infinity", "9" * 40, "9" * 400, "0." + "1" * 400,
    "-" + "9" * 38, "00000000", "00010101", "99991231", "99999999", "20260230", "0001-01-01", "9999-12-31",
    "x" * 5000, "=1+1;=2", "\x01", "\u202e", "١٢", "²", "€", "\ufeff", "1,5", "1.234,56",
]  # fmt: skip

absurd_json, absurd_texts = st.sampled_from(ABSURD_JSON), st.sampled_from(ABSURD_TEXTS)


def with_absurd(record: Mapping[str, Any], place: tuple[str | int, ...], text: str) -> str:
    """The record as JSON, with this text as the value at a place."""
    mark = "\ue000"
    changed: Any = json.loads(json.dumps(record))
    within = changed
    for step in place[:-1]:
        within = within[step]
    within[place[-1]] = mark
    return json.dumps(changed).replace(json.dumps(mark), text)


def places_in(value: Any, before: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """Every place within a value of JSON."""
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    here = [before] if before else []
    return [*here, *(place for name, part in parts for place in places_in(part, (*before, name)))]


DUTY = duty(
    "08:00", "9:00", [flight("08:45", "10:00"), flight("12:00", "14:00")],
    acclimatised_since="2026-03-01T00:00:00Z", standby={"kind": "airport", "start": "2026-03-10T06:00:00Z"},
)  # fmt: skip
RECORDS: dict[str, Mapping[str, Any]] = {"traffic": spot(1), "crew": DUTY, "mro": removal()}
SOUND: dict[str, list[Mapping[str, Any]]] = {
    "traffic": [spot(2), spot(3)],
    "crew": [duty("+5 08:00", "9:00", 2, duty_id="D8"), duty("+7 08:00", "9:00", 2, duty_id="D9", crew_id="C2")],
    "mro": [removal()],
}


class Picky(Api):
    """Refuses what it is told to, with a reason that no report takes lightly."""

    async def post(self, settings: DestinationSettings, key: str, body: bytes) -> Answer:
        records = json.loads(body)["records"]
        said = {"status": 422, "code": "\x1b=\uffff", "message": '=\u202e;=1"' + "\x00" * 400}
        results = [{"index": at} | said for at in range(0, len(records), 2)]
        return Answer(200, json.dumps({"results": results}).encode(), "application/json")


async def ends(feed: str, body: bytes, kind: str, api: Api) -> Pipeline:
    """A file's whole way: it balances, nothing had to come again, and no function of ours has failed."""
    pipeline = Pipeline(api)
    file = pipeline.drop(body, f"{feed}/absurd.{kind}")
    await pipeline.run()
    row = await pipeline.row(file)
    if row.refused is None:
        report = pipeline.report(file)
        assert report["balanced"] is True
        lines = await pipeline.outcome_lines(file)
        assert not [line for line in lines.values() if line["outcome"] == Outcome.DEAD]
    assert not pipeline.errors
    assert not pipeline.dead_letters
    for _, detail in pipeline.events.published:
        json.dumps(detail)
    return pipeline


EXAMPLES = settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
PLACES = [(feed, place) for feed, record in RECORDS.items() for place in places_in(dict(record))]


@EXAMPLES
@given(st.lists(st.tuples(st.sampled_from(PLACES), absurd_json), min_size=1, max_size=4), st.booleans())
async def test_no_absurd_value_of_json_takes_anything_with_it(
    wrong: list[tuple[tuple[str, tuple[str | int, ...]], str]], picky: bool
) -> None:
    for feed in {feed for (feed, _), _ in wrong}:
        bad = [with_absurd(RECORDS[feed], place, text) for (of, place), text in wrong if of == feed]
        lines = [*bad, *map(json.dumps, SOUND[feed])]
        pipeline = await ends(feed, "\n".join(lines).encode(), "ndjson", Picky() if picky else Api())
        if not picky:
            assert sum(pipeline.api.applied.values()) >= 1


@pytest.mark.parametrize("feed", sorted(RECORDS))
async def test_nor_does_any_of_them_at_any_place(feed: str) -> None:
    """All there are, each in a file's worth of one field's."""
    for place in places_in(dict(RECORDS[feed])):
        lines = [with_absurd(RECORDS[feed], place, text) for text in ABSURD_JSON]
        judged = judge_file(FEEDS[feed], "\n".join([*lines, *map(json.dumps, SOUND[feed])]).encode())
        assert [one.findings[0].message for one in judged.dead] == []
        assert load_accepted(dump_accepted(judged.accepted)) == judged.accepted


@EXAMPLES
@given(st.lists(st.tuples(st.sampled_from(sorted(spot(1))), absurd_texts), min_size=1, max_size=6), st.booleans())
async def test_nor_does_one_in_a_cell(wrong: list[tuple[str, str]], picky: bool) -> None:
    records = [spot(at, **{name: text}) for at, (name, text) in enumerate(wrong)]
    await ends("traffic", csv_file([*records, spot(99)]), "csv", Picky() if picky else Api())


BILL = freight_bill()


@EXAMPLES
@given(
    st.lists(st.tuples(st.integers(0, len(BILL) - 1), st.integers(1, 12), absurd_texts), min_size=1, max_size=4),
    st.booleans(),
)
async def test_nor_does_one_in_an_element_of_x12(wrong: list[tuple[int, int, str]], picky: bool) -> None:
    sets = [transaction_set(1, BILL)]
    for number, (segment, element, text) in enumerate(wrong, 2):
        bill = [list(words) for words in BILL]
        bill[segment] += [""] * (element + 1 - len(bill[segment]))
        bill[segment][element] = text
        sets.append(transaction_set(number, [tuple(words) for words in bill]))
    await ends("freight", interchange(sets), "edi", Picky() if picky else Api())


def _replaced(document: str, at: int, text: str) -> str:
    """A document with another text in its n-th element that has one."""
    found = list(re.finditer(r">([^<>\s][^<>]*)<", document))
    begin, end = found[at % len(found)].span(1)
    escaped = "".join(one for one in text if one >= " ").replace("&", "&amp;").replace("<", "&lt;")
    return document[:begin] + escaped + document[end:]


@EXAMPLES
@given(st.lists(st.tuples(st.integers(0, 60), absurd_texts), min_size=1, max_size=4), st.booleans())
async def test_nor_does_one_in_an_invoice_of_xml(wrong: list[tuple[int, str]], picky: bool) -> None:
    make: Callable[[], str] = ubl
    documents = [make(), *(_replaced(make(), at, text) for at, text in wrong)]
    await ends("freight", ubl_file(*documents), "xml", Picky() if picky else Api())
