"""At any width: no id, key or code is cut, on no screen."""

import io
import re
from typing import Any

import pytest

from penstock.feeds import FEEDS
from penstock_ops.console import screens
from penstock_ops.console.listing import Column, listing, wrapped
from penstock_ops.console.visible import SafeConsole
from penstock_ops.feed_pages.description import described, described_whole

FILE = "4c9e4c9d6dd5e4d71ae7"
CHUNK = f"{FILE}-000007"
BATCH = f"{CHUNK}-003"
MESSAGE = "0f8fad5b-d9cb-469f-a165-70867728950e"
KEY = "traffic/2026-11-20/spots-of-the-day.csv"
CODE = "traffic.billing_needs_code"
SENTENCE = "a sentence that goes on and on, so that it is wider than most screens that it is shown on"
SINCE = "2026-11-29 09:15:00 UTC"

RECORDS = {
    "received": 123_456, "valid": 1, "delivered": 100_000, "rejected": 23_456, "duplicate": 1, "held": 2, "unknown": 3,
    "dead": 4,
}  # fmt: skip
WAIT: dict[str, Any] = {
    "chunk": CHUNK, "state": "delayed", "records": "12-15", "stage": "dispatcher", "reason": SENTENCE, "failures": 4,
    "since": SINCE, "next_try": SINCE,
    "batches": [{"batch_id": BATCH, "records": "12-15", "attempts": 4, "first_sent": SINCE, "reason": SENTENCE}],
}  # fmt: skip
PROGRESS: dict[str, Any] = {
    "reason": SENTENCE, "chunks": {"delayed": 1}, "records": {"done": 3}, "splitting": None, "waits": [WAIT],
    "waits_left_out": 3,
}  # fmt: skip
REPORT: dict[str, Any] = {
    "file_id": FILE, "key": KEY, "feed": "traffic", "state": "incomplete", "refused": None, "files": 0,
    "records": RECORDS, "balanced": None, "seconds": 1.0, "round_seconds": 2.0, "findings": {CODE: 1},
    "notes": [{"code": CODE, "message": SENTENCE}], "ranges": {"dead": "40-79"}, "progress": PROGRESS,
}  # fmt: skip
BATCHES: dict[str, Any] = {
    "batch_id": BATCH, "key": KEY, "records": "3-9", "count": 7, "first_sent": SINCE, "attempts": 3, "reason": SENTENCE,
}  # fmt: skip
ABOUT = {"file_id": FILE, "key": KEY, "chunk": 7, "records": "3-9"}
DECIDED: dict[str, Any] = BATCHES | {"outcome": "dead", "file_id": FILE, "still_held": "3", "report": REPORT}
CASES: dict[str, tuple[Any, list[str]]] = {
    "account": (REPORT, [FILE, CHUNK, BATCH, KEY, CODE, "penstock replay --file", SINCE]),
    "files": ([REPORT, REPORT], [FILE, KEY]),
    "status": (
        {
            "queues": {"dispatch traffic": {"waiting": 1, "in_flight": 0, "delayed": 2}},
            "open": [{"key": KEY, "file_id": FILE, "state": "sealed", "opened_at": SINCE} | PROGRESS],
            "incomplete": [{"file_id": FILE, "key": KEY, "ranges": {"dead": "1-9"}}],
            "circuits": {"traffic": {"circuit": "open"}},
        },
        [FILE, CHUNK, KEY],
    ),
    "letters": (
        [{"sent": SINCE, "receives": 5, "message_id": MESSAGE, "readable": True, "about": [ABOUT]}],
        [MESSAGE, FILE, KEY],
    ),
    "dead_letters": (
        [
            {
                "queue": "chunk", "letters": 1, "looked_at": 1, "oldest": SINCE, "unreadable": 0,
                "files": [{"key": KEY, "file_id": FILE, "letters": 1, "records": "3-9", "receives": 5}],
            }
        ],
        [FILE, KEY],
    ),
    "unknown_batches": ([BATCHES], [BATCH, KEY]),
    "decided": (DECIDED, [BATCH, FILE]),
    "released": (DECIDED, [FILE]),
    "refused": (DECIDED, [FILE]),
    "held_records": (
        [
            {
                "record": f"{FILE}:17", "key": KEY, "since": SINCE, "identity": {"spot_id": "S1"},
                "findings": [{"code": CODE, "message": SENTENCE}],
            }
        ],
        [f"{FILE}:17", KEY, CODE],
    ),
    "replay": (
        {
            "file_id": FILE, "feed": "traffic", "key": KEY, "records": {"dead": 3}, "chunks": 1, "findings": {CODE: 1},
            "to_cut": True,
            "then": [f"{SENTENCE}: `penstock unknown list --file {FILE}`"],
        },
        [FILE, KEY, CODE],
    ),
    "resend": (
        {
            "file_id": FILE, "key": KEY, "state": "sealed", "split": 1, "to_validate": "1-3", "to_dispatch": "4-900",
            "messages": 3, "sent": None,
        },
        [FILE, KEY],
    ),
    "feeds": ([described(feed) for feed in FEEDS.values()], list(FEEDS)),
}  # fmt: skip


def printed(monkeypatch: pytest.MonkeyPatch, width: int, name: str, told: Any) -> str:
    out = io.StringIO()
    console = SafeConsole(file=out, width=width, force_terminal=True, color_system=None, soft_wrap=True)
    monkeypatch.setattr(screens, "out", console)
    getattr(screens, name)(told)
    return re.sub(r"\x1b\[[0-9;]*m", "", out.getvalue())


def is_whole(word: str, text: str, width: int) -> bool:
    """Whether a word stands in the text, and a terminal of that width breaks it nowhere, but where a line is too short
    for it alone."""
    places = [line.find(word) for line in text.splitlines() if word in line]
    return bool(places) and all(at // width == (at + len(word) - 1) // width or at <= 6 for at in places)


@pytest.mark.parametrize("width", [60, 80, 200])
@pytest.mark.parametrize("name", CASES)
def test_no_id_is_cut(name: str, width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    told, words = CASES[name]

    text = printed(monkeypatch, width, name, told)

    assert [word for word in words if not is_whole(word, text, width)] == []
    assert "…" not in text


@pytest.mark.parametrize("width", [60, 80, 200])
@pytest.mark.parametrize("feed", FEEDS)
def test_no_code_of_a_feed_is_cut(feed: str, width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    told = described_whole(FEEDS[feed])
    codes = [finding["code"] for finding in told["findings"]]

    text = printed(monkeypatch, width, "feed", told)

    assert [code for code in codes if not is_whole(code, text, width)] == []


def test_what_fits_is_a_table_and_what_does_not_is_told_by_names() -> None:
    rows = [["a", "1"], ["b", ""]]
    wide, narrow = io.StringIO(), io.StringIO()
    for out, width in ((wide, 40), (narrow, 8)):
        console = SafeConsole(file=out, width=width, soft_wrap=True)
        listing(console, (Column("name"), Column("count", right=True)), rows)

    assert [line.split() for line in wide.getvalue().splitlines()] == [["name", "count"], ["a", "1"], ["b"]]
    assert [line.split() for line in narrow.getvalue().splitlines()] == [["a"], ["count", "1"], ["b"], []]


def test_without_a_terminal_no_line_is_broken() -> None:
    out = io.StringIO()

    wrapped(SafeConsole(file=out, width=10, soft_wrap=True), ["one two three four", "five"])

    assert out.getvalue() == "one two three four   five\n"
