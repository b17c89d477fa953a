"""R27: what a destination's answer means."""

import json
from typing import Any

import pytest

from penstock.deliver.responses import Meaning, meaning_of, read_answer
from penstock.outputs.answers import Reason
from penstock.ports.destination import Answer

TAKEN, REFUSED, LATER, DOUBT = Meaning.TAKEN, Meaning.REFUSED, Meaning.LATER, Meaning.DOUBT


def expected(status: int) -> Meaning:
    """The requirement, word by word: 2xx; 408, 425, 429, 5xx and network → transient; other 4xx → permanent. 401 is
    the credentials' fault, and what is no answer of an API at all is looked at by an operator."""
    if status // 100 == 2:
        return TAKEN
    if status // 100 == 4:
        return LATER if status in (401, 408, 425, 429) else REFUSED
    return LATER


def answer(body: Any, status: int = 200, content_type: str = "application/json") -> Answer:
    return Answer(status, body if isinstance(body, bytes) else json.dumps(body).encode(), content_type)


@pytest.mark.parametrize("status", range(100, 600))
def test_every_status_by_the_table(status: int) -> None:
    assert meaning_of(status) is expected(status)
    assert read_answer(Answer(status), 3).meaning is expected(status)


def test_a_conflict_after_a_call_that_was_never_answered_is_no_refusal() -> None:
    """The first call may be at work still, or have been."""
    assert meaning_of(409, in_doubt=True) is DOUBT
    assert meaning_of(409) is REFUSED


@pytest.mark.parametrize("status", [400, 413, 414, 415, 422])
def test_no_refusal_of_the_payload_settles_a_doubt(status: int) -> None:
    """422 is also what a key gets that was used for something else, which then was applied (the Idempotency-Key draft's
    §2.7); others say 400."""
    assert meaning_of(status, in_doubt=True) is DOUBT
    assert meaning_of(status) is REFUSED


@pytest.mark.parametrize("status", [402, 403, 404, 405, 407, 410, 421, 431, 451])
def test_a_gateway_that_refuses_the_second_call_says_nothing_of_the_first(status: int) -> None:
    assert meaning_of(status, in_doubt=True) is DOUBT


@pytest.mark.parametrize(
    "taken",
    [Answer(200), Answer(204), answer(b""), answer({}), answer({"results": []}), answer({"results": None}),
     answer({"ok": True}), answer(b"fine", content_type="text/plain"), answer({}, 202, "application/problem+json")],
)  # fmt: skip
def test_2xx_takes_every_record_unless_results_say_otherwise(taken: Answer) -> None:
    reading = read_answer(taken, 2)
    assert (reading.meaning, reading.refused, reading.returned) == (TAKEN, {}, frozenset())


def test_results_tell_of_single_records() -> None:
    results = [
        {"index": 0, "status": 201},
        {"index": 1, "status": 422, "code": "no_such_station", "message": "WXYZ is no station"},
        {"index": 2, "status": 429},
        {"index": 3, "status": 503, "code": None},
        {"index": 5, "status": 409},
    ]
    reading = read_answer(answer({"results": results}), 6)
    assert reading.meaning is TAKEN
    assert set(reading.refused) == {1, 5}
    assert reading.returned == {2, 3}
    assert reading.refused[1].sentence() == "the destination answered 422: no_such_station: WXYZ is no station"


@pytest.mark.parametrize(
    "body",
    [
        b"not json",
        b"[]",
        b'"fine"',
        {"results": {}},
        {"results": [{"status": 200}]},
        {"results": [{"index": 0}]},
        {"results": [{"index": 2, "status": 200}]},
        {"results": [{"index": -1, "status": 200}]},
        {"results": [{"index": 0, "status": 200}, {"index": 0, "status": 422}]},
        {"results": [{"index": "first", "status": 200}]},
        b'{"results":[{"index":0,"status":200}',
    ],
)
def test_a_2xx_whose_results_are_nonsense_leaves_everything_in_doubt(body: Any) -> None:
    reading = read_answer(answer(body), 2)
    assert (reading.meaning, reading.refused, reading.returned) == (DOUBT, {}, frozenset())


def test_a_2xx_page_of_html_was_not_the_api() -> None:
    page = Answer(200, b"<html>Welcome to the hotel's WiFi</html>", "text/html; charset=utf-8")
    assert read_answer(page, 1).meaning is DOUBT


@pytest.mark.parametrize(
    ("body", "code", "message"),
    [
        ({"code": "bad", "message": "no"}, "bad", "no"),
        ({"error": "bad", "error_description": "no"}, "bad", "no"),
        ({"error": {"code": 17, "message": "no"}}, "17", "no"),
        ({"type": "bad", "title": "no"}, "bad", "no"),
        ({"detail": "no"}, "", "no"),
        ({"detail": ["no"]}, "", ""),
        (["no"], "", '["no"]'),
        (b"plain words", "", "plain words"),
        (b"\xff\xfe", "", "\N{REPLACEMENT CHARACTER}" * 2),
        (b"", "", ""),
    ],
)
def test_a_refusal_gives_the_apis_reason_in_its_own_words(body: Any, code: str, message: str) -> None:
    reading = read_answer(answer(body, 400), 1)
    assert reading.meaning is REFUSED
    assert (reading.reason.status, reading.reason.code, reading.reason.message) == (400, code, message)


def test_a_page_of_html_is_no_reason_and_a_long_one_is_cut() -> None:
    assert read_answer(Answer(404, b"<h1>Not found</h1>", "text/html"), 1).reason.message == ""
    assert len(read_answer(answer(b"x" * 5000, 400, "text/plain"), 1).reason.message) == 300
    results = {"results": [{"index": 0, "status": 400, "message": "m" * 5000}]}
    assert len(read_answer(answer(results), 1).refused[0].message) == 300


def test_an_answer_that_cannot_be_read_says_so() -> None:
    reading = read_answer(answer(b"[", 201), 1)

    assert (reading.meaning, reading.refused, reading.returned) == (DOUBT, {}, frozenset())
    assert reading.reason == Reason(201, "unreadable", "its answer cannot be read")


def test_a_refusal_in_doubt_is_read_as_a_doubt_with_its_reason() -> None:
    refused = answer({"code": "reused", "message": "the key was used before"}, 422)

    assert read_answer(refused, 1, in_doubt=True).meaning is DOUBT
    assert read_answer(refused, 1).meaning is REFUSED
    assert read_answer(refused, 1, in_doubt=True).reason == Reason(422, "reused", "the key was used before")


def test_what_was_taken_keeps_its_status() -> None:
    for taken in (answer({"results": []}, 207), Answer(202), answer(b"fine", 203, "text/plain")):
        assert read_answer(taken, 1).reason == Reason(taken.status)


def test_words_of_a_single_record_are_cut() -> None:
    long = {"index": 0, "status": 400, "code": "c" * 301, "message": "m" * 301}

    assert read_answer(answer({"results": [long]}), 1).refused[0] == Reason(400, "c" * 300, "m" * 300)


def test_a_result_without_words_has_none() -> None:
    assert read_answer(answer({"results": [{"index": 0, "status": 400}]}), 1).refused[0] == Reason(400, "", "")


def test_a_body_that_is_no_text_is_no_reason_to_fail() -> None:
    assert read_answer(answer(b"caf\xe9 \xff", 400, "text/plain"), 1).reason.message == "caf\ufffd \ufffd"
