"""A file's report as a page: whole, by itself, and nothing but text whatever is in the file."""

from html.parser import HTMLParser
from typing import Any

from penstock.model.findings import Outcome
from penstock_ops.console.report_page import MOST, page

HOSTILE = "\"><script>alert(1)</script><img src=x onerror=alert(1)>'&amp;\x1b[2J\u202e=cmd|https://evil.example/x"
REPORT: dict[str, Any] = {
    "file_id": "4c9e4c9d6dd5e4d71ae7", "key": "freight/monday.edi", "version_id": "v1", "feed": "freight",
    "state": "settled", "refused": None, "files": 0, "balanced": True, "sha256_tree": "ab12", "account_version": 2,
    "records": {"received": 1200, **dict.fromkeys(map(str, Outcome), 0), "delivered": 1199, "rejected": 1},
    "findings": {"schema.required": 1}, "notes": [],
}  # fmt: skip
ROW = {"penstock_line": "7", "penstock_ordinal": "3", "penstock_field": "scac", "penstock_code": "schema.required",
       "penstock_message": "give the carrier"}  # fmt: skip


class Read(HTMLParser):
    """The page as a browser has it."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags, self.attributes, self.texts = set[str](), list[tuple[str, str | None]](), list[str]()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        self.texts.append(data.strip())


def read(report: dict[str, Any] = REPORT, rows: tuple[dict[str, str], ...] = (ROW,)) -> Read:
    return Read(page(report, rows, "2026-11-29 14:00:00 CET"))


def test_it_tells_the_whole_account() -> None:
    texts = read().texts

    for told in ("freight/monday.edi", "1,200", "1,199", "delivered", "schema.required", "give the carrier", "7"):
        assert told in texts
    assert "Settled: every record is accounted for" in texts


def test_it_needs_nothing_from_anywhere() -> None:
    shown = read()

    assert shown.tags <= {
        "html", "head", "meta", "title", "style", "body", "h1", "h2", "p", "table", "thead", "tbody", "tr", "th", "td",
        "footer",
    }  # fmt: skip
    assert {name for name, _ in shown.attributes} <= {"lang", "charset", "http-equiv", "content", "name", "class"}
    assert ("content", "default-src 'none'; style-src 'unsafe-inline'") in shown.attributes


def test_whatever_is_in_a_file_stays_text() -> None:
    hostile = REPORT | {
        "file_id": HOSTILE, "key": HOSTILE, "version_id": HOSTILE, "feed": HOSTILE, "state": HOSTILE,
        "sha256_tree": HOSTILE, "findings": {HOSTILE: 1},
        "notes": [{"code": HOSTILE, "message": HOSTILE, "rule": HOSTILE}],
    }  # fmt: skip
    refused = REPORT | {"refused": {"code": HOSTILE, "message": HOSTILE}}

    for report in (hostile, refused):
        shown = read(report, (dict.fromkeys(ROW, HOSTILE),))
        assert not {"script", "img"} & shown.tags
        assert {value for name, value in shown.attributes if name == "class"} <= {"verdict", "number"}
        assert not any("\x1b" in text or "\u202e" in text for text in shown.texts)


def test_of_very_many_rejects_it_says_where_the_others_are() -> None:
    report = REPORT | {"records": REPORT["records"] | {"rejected": MOST + 1}}

    assert "The first 1,000 of 1,001; the reject file has them all." in read(report, (ROW,) * MOST).texts


def test_what_is_open_or_refused_says_so() -> None:
    assert "Sealed: still open" in read(REPORT | {"state": "sealed", "balanced": None}, ()).texts
    refused = {"code": "format.not_text", "message": "this is a picture"}
    assert "Refused: this is a picture (format.not_text)" in read(REPORT | {"refused": refused}, ()).texts
