"""What comes from a file and is stored or sent is bounded by the size that it has there, escapes and all: DynamoDB
takes items of 400 KB, EventBridge events of 256 KB, and so do we of SQS's messages."""

import json
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.feeds.crew import CREW
from penstock.feeds.feed import LARGEST_LAYOUT, Feed
from penstock.feeds.freight import FREIGHT
from penstock.feeds.mro import MRO
from penstock.feeds.traffic import TRAFFIC
from penstock.formats.enveloped import Enveloped
from penstock.formats.format import HEAD
from penstock.identity.examination import keys_of
from penstock.model.errors import Refused
from penstock.model.findings import Breach, Severity
from penstock.model.messages import Checkpoint, Layout
from penstock.model.rows import FileState
from penstock.outputs import exception_report
from penstock.split.planner import Planner
from penstock.validate import stage
from tests.support.pipeline import Pipeline
from tests.support.reading import judge_file
from tests.support.spots import COLUMNS, csv_file, ndjson_file, spot

ITEM, EVENT, MESSAGE = 400_000, 256_000, 256_000
KEY = "traffic/" + "\x01" * 1016  #: S3 takes keys of 1,024 bytes


def header_of(names: int, length: int, character: str = "\x01") -> bytes:
    """The traffic feed's columns, and so many more of nothing but a character."""
    more = [f"{character * (length - 3)}{number:03}" for number in range(names)]
    return ",".join((*COLUMNS, *more)).encode()


def file_of(header: bytes, records: int = 3) -> bytes:
    more = header.count(b",") + 1 - len(COLUMNS)
    rows = csv_file([spot(at) for at in range(records)]).split(b"\r\n")[1:-1]
    return b"\r\n".join([header, *(row + b"," * more for row in rows)])


async def test_a_header_of_control_characters_is_refused_before_anything_is_sent() -> None:
    """960 names of them: 65 KB in the file, 707 KB where they are stored."""
    pipeline = Pipeline()
    file = pipeline.drop(file_of(header_of(960, 66)))
    await pipeline.run()

    row = await pipeline.row(file)
    assert row.state is FileState.REFUSED
    assert row.refused
    assert row.refused.code == "format.header_too_long"
    assert "as it is stored" in row.refused.message
    assert not await pipeline.ledger.chunks(file.file_id)
    assert not pipeline.dead_letters


def largest_header(character: str) -> bytes:
    """The longest names that are taken, of this character."""
    low, high = 4, 70
    while low < high:
        middle = (low + high + 1) // 2
        try:
            TRAFFIC.recognise(file_of(header_of(900, middle, character))[:HEAD])
            low = middle
        except Refused:
            high = middle - 1
    return header_of(900, low, character)


@pytest.mark.parametrize("character", ["\x01", "a", "é", "\U0001f600", "\\", '\\"'])
async def test_the_largest_header_that_is_taken_fits_wherever_it_goes(character: str) -> None:
    # Given a file with such a header, under the longest of keys, every record of which is rejected or not
    pipeline, sizes = Pipeline(), Sizes()
    sizes.watch(pipeline)
    file = pipeline.drop(file_of(largest_header(character)), KEY)
    # When it goes its way
    await pipeline.run()
    # Expect no item, no message and no event beyond what takes it
    assert (await pipeline.row(file)).state is FileState.SETTLED
    assert sizes.most_of_messages < MESSAGE
    assert sizes.most_of_layouts < ITEM / 4
    assert max(len(json.dumps(detail)) for _, detail in pipeline.events.published) < EVENT


class Sizes:
    """The largest messages and layouts there were, as they are sent and stored."""

    most_of_messages = 0
    most_of_layouts = 0

    def watch(self, pipeline: Pipeline) -> None:
        for queue in (pipeline.intake, pipeline.chunks, pipeline.dispatches):
            send = queue.send_batch

            async def sized(messages: Any, send: Any = send) -> Any:
                self.most_of_messages = max(
                    self.most_of_messages, *(len(message.body.encode()) for message in messages)
                )
                return await send(messages)

            queue.send_batch = sized
        seal = pipeline.ledger.seal_file

        async def sealed(*args: Any, layout: Layout, **more: Any) -> None:
            self.most_of_layouts = len(layout.model_dump_json().encode())
            await seal(*args, layout=layout, **more)

        pipeline.ledger.seal_file = sealed


def checkpoint_after(feed: Feed, body: bytes) -> Checkpoint:
    """What the splitter would keep, had it to stop before the file's end."""
    layout = feed.recognise(body[:HEAD])
    planner = Planner(feed, layout)
    for at in range(0, len(body), 4096):
        for _ in planner.push(body[at : at + 4096]):
            pass
    reader = feed.format_named(layout.format)
    assert isinstance(reader, Enveloped)
    return Checkpoint(layout=layout, place=planner.place, nodes=("0" * 64,) * 40)


def interchange(groups: Iterable[str], sender: str = "SENDER") -> bytes:
    isa = f"ISA*00*          *00*          *ZZ*{sender:15}*ZZ*RECEIVER       *261120*1200*U*00401*000000001*0*P*:~"
    return (isa + "".join(groups)).encode()


def control(number: int) -> str:
    """A control number of what is escaped most, another for each number."""
    return "".join(chr(1 + (number >> shift) % 7) for shift in range(0, 42, 3))


@pytest.mark.parametrize("kind", ["names", "quotes", "numbers", "long"])
def test_control_numbers_of_any_kind_leave_a_checkpoint_that_fits_into_an_item(kind: str) -> None:
    say = {
        "names": control,
        "quotes": lambda number: f'"\\"\\{number:06}"\\"\\',
        "numbers": lambda number: f"{number * 7 % 9999 * 10**14 + 99 * number}",
        "long": lambda number: "\x02" * 900 + str(number),
    }[kind]
    groups = [f"GS*IM*{chr(1) * 900}*B*20261120*1200*{say(at)}*X*004010~GE*0*{say(at)}~" for at in range(1050)]
    groups += ["GS*IM*A*B*20261120*1200*1*X*004010~"]
    groups += [f"ST*210*{say(at)}~SE*2*{say(at)}~" for at in range(1050)]
    checkpoint = checkpoint_after(FREIGHT, interchange(groups, sender="\x01" * 15))
    assert len(checkpoint.model_dump_json().encode()) < ITEM - 20_000


def test_a_group_header_as_long_as_one_can_be_leaves_a_layout_that_fits_twice_into_a_message() -> None:
    said = "*".join(["\x01" * 480] * 8)
    body = interchange([f"GS*{said}~ST*210*1~B3**1~SE*3*1~GE*1*1~"])
    layout = FREIGHT.recognise(body)
    assert 10_000 < len(json.dumps(layout.model_dump())) < LARGEST_LAYOUT


@pytest.mark.parametrize("feed", [TRAFFIC, CREW, MRO, FREIGHT], ids=lambda feed: feed.name)
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_whatever_stands_before_the_records_is_refused_or_small_enough(feed: Feed, data: st.DataObject) -> None:
    odd = st.text(st.sampled_from('\x01\x1f"\\é\U0001f600\u202e<&'), max_size=60)
    name, times = data.draw(odd), data.draw(st.integers(1, 900))
    first = data.draw(
        st.sampled_from(
            [
                '{{"{0}":1,"a":[{{"x":1}}]}}',
                "{0},spot_id,station,air_date,air_time",
                '<a xmlns:{0}="{0}"><b>',
                "event;{0};form_type",
            ]
        )
    )
    body = first.format(",".join(f"{name}{at}" for at in range(times))).encode() + b"\n1,2,3\n"
    try:
        layout = feed.recognise(body[:HEAD])
        size, most = len(json.dumps(layout.model_dump())), LARGEST_LAYOUT
    except Refused as refusal:
        size, most = len(json.dumps(refusal.message)), 3000
    assert size <= most


def test_names_that_no_field_wants_are_all_counted_and_told_as_far_as_they_go() -> None:
    records: list[dict[str, Any]] = [spot(at) | {f"x{at}_{name}": 1 for name in range(900)} for at in range(5)]
    judged = judge_file(TRAFFIC, ndjson_file(records))
    assert judged.findings["format.unknown_field"] == 4500
    findings: bytes = stage._findings(judged)  # pyright: ignore[reportPrivateUsage]
    assert findings.count(b"\n") == stage.MOST_UNKNOWN


def test_a_finding_names_a_field_by_no_more_than_its_beginning() -> None:
    judged = judge_file(TRAFFIC, ndjson_file([spot(1) | {"\x01" * 50_000: 1}]))
    findings: bytes = stage._findings(judged)  # pyright: ignore[reportPrivateUsage]
    assert len(findings) < 2000


def test_identities_and_keys_of_histories_are_digests_whatever_they_are_made_of() -> None:
    """A key of DynamoDB takes 2,048 bytes, a sort key 1,024."""
    huge = "\x01" * 1_000_000
    for feed in (TRAFFIC, CREW, MRO, FREIGHT):
        (identity,) = feed.identities_of([dict.fromkeys(feed.identity, huge)])
        assert len(identity) == 32
        if feed.examination:
            by_values = replace(feed.examination, keys=None)
            (key,) = keys_of(by_values, dict.fromkeys(feed.examination.by, huge))
            (other,) = keys_of(replace(by_values, keys=lambda _: [huge]), {})
            assert len(key) == len(other) == 32


def test_revisions_are_numbers_that_an_item_takes() -> None:
    """38 digits."""
    for feed in (CREW, MRO):
        assert feed.revision in _faults(feed, {feed.revision: 10**38})


def _faults(feed: Feed, record: dict[str, Any]) -> list[str]:
    from pydantic import ValidationError

    try:
        feed.one.validate_python(record)
    except ValidationError as error:
        return [str(fault["loc"][0]) for fault in error.errors() if fault["type"] != "missing"]
    return []


@given(st.integers(0, 4000), st.integers(1, 128))
@settings(max_examples=30, deadline=None)
def test_a_breach_of_any_number_of_duties_fits_into_an_event(duties: int, length: int) -> None:
    breach = Breach("crew.x", "m", duties=["\x01" * length] * duties, severity=Severity.HARD, limit=1, actual=2)
    lines = [{"ordinal": at, "trace": "t", "outcome": "rejected"} | breach.payload() for at in range(3)]
    parts = list(exception_report._parts(lines))  # pyright: ignore[reportPrivateUsage]
    assert sum(map(len, parts)) == 3
    for part in parts:
        assert len(json.dumps(part)) < EVENT - 10_000
        for line in part:
            assert len(line["duties"]) + line.get("duties_left_out", 0) == duties
