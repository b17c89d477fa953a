"""R32: no record content in findings, in what errors say, or in what they carry along."""

import json
import traceback
from collections.abc import Callable

import pytest

from penstock.feeds.traffic import TRAFFIC
from penstock.model.errors import MalformedMessage, Refused
from penstock.model.intake import read_notification
from penstock.model.messages import ChunkMessage, DispatchMessage, Layout, Span, read_message
from penstock.validate.judging import judge
from tests.support.reading import judge_file
from tests.support.spots import COLUMNS, airing, asrun_file, csv_file, ndjson_file, spot

SECRET = "Mrs-Miller-4711"


@pytest.mark.parametrize("field", COLUMNS)
@pytest.mark.parametrize("write", [csv_file, ndjson_file])
def test_no_finding_repeats_a_value(field: str, write: Callable[..., bytes]) -> None:
    """Whichever field it stands in; long enough to be wrong in every one."""
    judgement = judge_file(TRAFFIC, write([spot(1, **{field: SECRET * 200})]))
    assert len(judgement.rejected) == 1
    assert SECRET not in json.dumps([finding.as_dict() for finding in judgement.rejected[0].findings])


@pytest.mark.parametrize(
    "body",
    [
        csv_file([spot(1)]) + f"{SECRET},{SECRET}\r\n".encode(),
        csv_file([spot(1)]) + f'"{SECRET}'.encode(),
        csv_file([spot(1, notes="#")]).replace(b"#", SECRET.encode() + b"\xff"),
        csv_file([spot(1, notes="#")]).replace(b"#", SECRET.encode() + b"\0"),
        b"{}\n" + SECRET.encode(),
        b"{}\n" + f'{{"{SECRET}":1,"{SECRET}":2}}'.encode(),
        b"{}\n" + f'{{"a":{SECRET}}}'.encode(),
        b"{}\n" + f'{{"a":"\\q{SECRET}"}}'.encode(),
        b"{}\n" + f'{{"a":1}} {SECRET}'.encode(),
        b"{}\n" + f'["{SECRET}"]'.encode(),
        b"{}\n" + f'"{SECRET}"'.encode(),
        asrun_file([SECRET]),
        asrun_file([airing(1, SECRET)]),
        asrun_file([airing(1, **{"2": SECRET})]),
        asrun_file([airing(1, **{"4": SECRET})]),
    ],
)
def test_no_finding_about_bytes_repeats_them(body: bytes) -> None:
    judgement = judge_file(TRAFFIC, body)
    assert judgement.rejected
    assert SECRET not in str([one.findings for one in judgement.rejected])


@pytest.mark.parametrize(
    "head",
    [
        f"{SECRET},2\n".encode(),
        f"spot_id,{SECRET}\n".encode(),
        f"spot_id,spot id,{SECRET}\n".encode(),
        f'spot_id,"{SECRET}'.encode() + b"x" * 70_000,
        SECRET.encode() + b"\0\n",
        b"spot_id,\xff" + SECRET.encode() + b"\n",
    ],
)
def test_no_refusal_repeats_the_files_first_line(head: bytes) -> None:
    with pytest.raises(Refused) as refusal:
        TRAFFIC.recognise(head[: 64 * 1024])
    assert SECRET not in everything_told_by(refusal.value)


def test_a_miscounted_chunk_is_not_shown() -> None:
    chunk = csv_file([spot(1, notes=SECRET)])
    span = Span(chunk=0, start=0, end=len(chunk), first_record=0, records=9, line=1)
    judgement = judge(TRAFFIC, Layout(format="csv", delimiter=",", columns=COLUMNS, header=COLUMNS), span, chunk)
    assert len(judgement.dead) == 9
    assert SECRET not in repr([one.findings for one in judgement.dead])


@pytest.mark.parametrize("body", [SECRET, json.dumps({"type": SECRET}), json.dumps({"Records": [{"s3": SECRET}]})])
def test_no_malformed_message_is_shown(body: str) -> None:
    for read in (
        read_notification,
        lambda text: read_message(text, ChunkMessage),
        lambda t: read_message(t, DispatchMessage),
    ):
        with pytest.raises(MalformedMessage) as error:
            read(body)
        assert SECRET not in everything_told_by(error.value)


def everything_told_by(error: BaseException) -> str:
    """What a logger would write: the whole chain of causes."""
    return "".join(traceback.format_exception(error))
