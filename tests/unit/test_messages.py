"""The messages between the functions (R16), and the ids in them (R21)."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from penstock.model import ids
from penstock.model.errors import MalformedMessage, NewerRelease
from penstock.model.messages import (
    ChunkMessage,
    DispatchMessage,
    Layout,
    SourceFile,
    Span,
    SplitMessage,
    read_any,
    read_message,
)

CHUNK = ChunkMessage(
    file=SourceFile(
        feed="traffic", bucket="drop", key="traffic/é.csv", version_id="v1", etag="e", size=9, sequencer="1"
    ),
    layout=Layout(format="csv", delimiter=",", columns=("spot_id", ""), header=("Spot", "x"), unknown=("x",)),
    span=Span(chunk=3, start=10, end=20, first_record=7, records=2, line=9),
)
SPLIT = SplitMessage(file=CHUNK.file, hop=3)
DISPATCH = DispatchMessage(chunk=CHUNK, accepted=1, rejected=1, findings={"schema.type": 1}, waits=2)


def changed(message: SplitMessage | ChunkMessage | DispatchMessage, **changes: Any) -> str:
    body = json.loads(message.model_dump_json()) | changes
    return json.dumps({name: value for name, value in body.items() if value is not None})


def test_a_message_is_read_as_it_was_written() -> None:
    assert read_message(CHUNK.model_dump_json(), ChunkMessage) == CHUNK
    assert read_message(DISPATCH.model_dump_json(), DispatchMessage) == DISPATCH
    assert read_message(SPLIT.model_dump_json(), SplitMessage) == SPLIT


@pytest.mark.parametrize(
    "body",
    [
        changed(CHUNK, v=None),
        changed(CHUNK, type="chunks"),
        changed(CHUNK, type=None),
        changed(CHUNK, span=None),
        changed(SPLIT, hop="some"),
        changed(DISPATCH, accepted="many"),
        "",
        "not json",
        "[]",
        "null",
        json.dumps({"Records": []}),
    ],
)
def test_an_unknown_type_version_or_form_fails_loudly(body: str) -> None:
    """R16."""
    with pytest.raises(MalformedMessage):
        read_message(body, ChunkMessage)
    with pytest.raises(MalformedMessage):
        read_message(body, DispatchMessage)
    with pytest.raises(MalformedMessage):
        read_message(body, SplitMessage)


@pytest.mark.parametrize("message", [SPLIT, CHUNK, DISPATCH])
def test_a_message_of_a_newer_release_waits_for_it(message: SplitMessage | ChunkMessage | DispatchMessage) -> None:
    """Whatever it says, be it in a form that nobody here can read."""
    for body in (changed(message, v=2), changed(message, v=2, file="f1", type="chunk-and-more")):
        with pytest.raises(NewerRelease, match="a message was written by a newer release: its version is 2"):
            read_any(body)


def test_what_a_later_release_has_added_is_passed_over() -> None:
    """In every place, under the same version."""
    chunk = json.loads(CHUNK.model_dump_json()) | {"colour": "red"}
    for part in ("file", "layout", "span"):
        chunk[part] |= {"colour": "red"}

    assert read_any(json.dumps(chunk)) == CHUNK
    assert read_any(changed(DISPATCH, chunk=chunk, colour="red")) == DISPATCH
    assert read_any(changed(SPLIT, file=chunk["file"], colour="red")) == SPLIT


def test_a_message_that_calls_its_generation_a_round_is_read() -> None:
    """As releases did before f8bec0f's successor."""
    message = CHUNK.model_copy(update={"generation": 3, "only": "7"})
    body = json.loads(message.model_dump_json())
    body["round"] = body.pop("generation")

    assert read_any(json.dumps(body)) == message


def test_a_message_is_made_of_what_it_has_and_nothing_else() -> None:
    with pytest.raises(ValidationError):
        SplitMessage(file=CHUNK.file, colour="red")  # pyright: ignore[reportCallIssue]


def test_a_message_on_the_wrong_queue_fails_loudly() -> None:
    with pytest.raises(MalformedMessage, match="wrong queue"):
        read_message(CHUNK.model_dump_json(), DispatchMessage)
    with pytest.raises(MalformedMessage, match="wrong queue"):
        read_message(DISPATCH.model_dump_json(), ChunkMessage)


def test_a_message_is_a_fact() -> None:
    with pytest.raises(ValidationError):
        CHUNK.span = CHUNK.span  # pyright: ignore[reportAttributeAccessIssue]


def test_a_message_holds_pointers_and_stays_small() -> None:
    assert len(DISPATCH.model_dump_json()) < 1024


def test_ids_are_derived_from_what_they_name() -> None:
    file = CHUNK.file.file_id
    assert CHUNK.chunk_id == ids.chunk_id(file, 3) == f"{file}-000003"
    assert ids.batch_id(file, 3, 0) == f"{file}-000003-000"
    assert ids.trace(file, 12) == f"{file}:12"
    assert ids.file_id("drop", "traffic/é.csv", "v1") == file
    assert len(file) == 20


places = st.tuples(st.text(max_size=5), st.text(max_size=5), st.text(max_size=5)).filter(
    lambda place: not any("\n" in part for part in place)
)


@given(places, places)
def test_no_two_object_versions_share_an_id(one: tuple[str, str, str], other: tuple[str, str, str]) -> None:
    assert (ids.file_id(*one) == ids.file_id(*other)) == (one == other)


@given(st.integers(0, 20_000), st.integers(0, 20_000))
def test_no_two_batches_of_a_chunk_share_an_id(one: int, other: int) -> None:
    assert (ids.batch_id("f", 1, one) == ids.batch_id("f", 1, other)) == (one == other)


@given(st.integers(0, 999_999), st.integers(0, 999_999))
def test_names_sort_as_chunks_do(one: int, other: int) -> None:
    assert (ids.chunk_name(one) < ids.chunk_name(other)) == (one < other)
