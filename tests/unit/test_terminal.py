"""What comes from senders never acts on an operator's terminal: not by a key, a name in an archive, a finding's words
or an error, and on no screen."""

import io
import json
import sys
from collections.abc import Callable, Mapping
from typing import Any

import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from penstock.model.errors import PenstockError
from penstock.model.findings import Outcome
from penstock_ops import cli
from penstock_ops.console import command_line, progress, screens
from penstock_ops.console.visible import SafeConsole, as_json, shown, visible
from penstock_ops.verbs import files

#: Each does something to a terminal, or makes another text of it.
ACTING = [
    "\x1b[2J", "\x1b]0;title\x07", "\x9b31m", "\x07", "\x08", "\r", "\n", "\t", "\0", "\x7f", "\u202e", "\u2066",
    "\u200b", "\u2028", "\ufeff", "\ud800",
]  # fmt: skip
HOSTILE = "traffic/" + "".join(ACTING) + "[red]x[/y]:warning:.csv"

RECORDS = {"received": 3, "valid": 1} | {str(outcome): 1 for outcome in Outcome}
FINDING = {"code": HOSTILE, "message": HOSTILE, "severity": "hard", "rule": HOSTILE}
REPORT: dict[str, Any] = {
    "file_id": HOSTILE, "key": HOSTILE, "feed": HOSTILE, "state": HOSTILE, "refused": None, "files": 0,
    "records": RECORDS, "balanced": True, "seconds": 1.0, "findings": {HOSTILE: 1}, "notes": [FINDING],
    "ranges": {HOSTILE: HOSTILE},
}  # fmt: skip
CHECKED: dict[str, Any] = {
    "file": HOSTILE, "feed": HOSTILE, "format": HOSTILE, "records": RECORDS, "chunks": 1, "findings": {HOSTILE: 1},
    "notes": [FINDING], "refused": None, "rejects": HOSTILE, "internal_errors": {HOSTILE: 1}, "by_itself": True,
}  # fmt: skip
QUEUE: dict[str, Any] = {
    "queue": HOSTILE, "letters": 1, "looked_at": 0, "oldest": HOSTILE, "unreadable": 1, "feeds": [HOSTILE], "moved": 1,
    "left": 1,
    "files": [{"key": HOSTILE, "file_id": HOSTILE, "letters": 1, "records": HOSTILE, "receives": 1}],
}  # fmt: skip
ABOUT = {"file_id": HOSTILE, "key": HOSTILE, "chunk": 1, "records": HOSTILE}
DECIDED: dict[str, Any] = {
    "batch_id": HOSTILE, "count": 1, "outcome": HOSTILE, "file_id": HOSTILE, "records": HOSTILE, "still_held": HOSTILE,
    "report": REPORT,
}  # fmt: skip
FEED: dict[str, Any] = {
    "feed": HOSTILE, "title": HOSTILE, "formats": [HOSTILE], "identity": [HOSTILE], "group": [HOSTILE], "rules": 1,
    "limits": {"records": 1, "bytes": 1}, "findings": [FINDING],
    "fields": [{"field": HOSTILE, "form": HOSTILE, "spellings": [], "required": True}],
}  # fmt: skip

PROGRESS: dict[str, Any] = {
    "reason": HOSTILE, "chunks": {"delayed": 1}, "records": {"done": 3}, "splitting": None, "waits_left_out": 1,
    "waits": [
        {
            "chunk": HOSTILE, "state": "delayed", "records": HOSTILE, "stage": HOSTILE, "reason": HOSTILE,
            "failures": 2, "since": HOSTILE, "next_try": HOSTILE,
            "batches": [
                {"batch_id": HOSTILE, "records": HOSTILE, "attempts": 2, "first_sent": None, "reason": HOSTILE}
            ],
        }
    ],
}  # fmt: skip

#: Every screen there is, and something to show on it.
SCREENS: dict[str, Any] = {
    "say": HOSTILE,
    "templates": [
        {"template": HOSTILE, "kind": HOSTILE, "state": HOSTILE, "pages": 1, "fields": 2, "tables": 0}
    ],
    "differences": [{"field": HOSTILE, "what": HOSTILE, "was": HOSTILE}],
    "account": REPORT | {"progress": PROGRESS},
    "progress": PROGRESS,
    "findings": {HOSTILE: 1},
    "notes": [FINDING],
    "checked": CHECKED,
    "files": [REPORT | {"progress": PROGRESS}],
    "bill": {
        "of": HOSTILE, "lines": [{"what": HOSTILE, "number": 1.0, "dollars": 1.0}], "dollars": 1.0,
        "prices": {"region": HOSTILE, "date": HOSTILE},
    },
    "dead_letters": [QUEUE],
    "letters": [{"sent": HOSTILE, "receives": 1, "message_id": HOSTILE, "readable": True, "about": [ABOUT]}],
    "redriven": [QUEUE],
    "replay": DECIDED
    | {"key": HOSTILE, "records": {HOSTILE: 1}, "chunks": 1, "to_cut": True, "then": [HOSTILE]}
    | {"findings": {HOSTILE: 1}},
    "unknown_batches": [DECIDED | {"key": HOSTILE, "first_sent": HOSTILE, "attempts": 1, "reason": HOSTILE}],
    "resend": {
        "file_id": HOSTILE, "key": HOSTILE, "state": HOSTILE, "split": True, "to_validate": HOSTILE,
        "to_dispatch": HOSTILE, "messages": 0, "sent": None,
    },
    "decided": DECIDED,
    "held_records": [
        {"record": HOSTILE, "key": HOSTILE, "since": HOSTILE, "identity": {HOSTILE: HOSTILE}, "findings": [FINDING]}
    ],
    "answered": {
        "columns": [HOSTILE], "rows": [{HOSTILE: HOSTILE}], "more": True, "bytes_scanned": 1, "seconds": 1.0,
    },
    "watched": {
        "at": HOSTILE,
        "open": [PROGRESS | {"key": HOSTILE, "state": HOSTILE, "file_id": HOSTILE, "opened_at": HOSTILE}],
        "queues": {HOSTILE: {"waiting": 1}}, "circuits": {HOSTILE: {"circuit": HOSTILE, "why": HOSTILE}},
        "files": [REPORT],
    },
    "found": {
        "feed": HOSTILE, "by": "files", "looked_through": 1,
        "records": [
            {
                "trace": HOSTILE, "outcome": HOSTILE, "key": HOSTILE, "of": HOSTILE, "findings": [FINDING],
                "file_id": HOSTILE, "ordinal": 3, "batches": [{"batch_id": HOSTILE, "outcome": HOSTILE, "attempts": 1}],
                "values": {HOSTILE: HOSTILE},
            }
        ],
        "not_found": {HOSTILE: [HOSTILE]},
    },
    "released": DECIDED,
    "refused": DECIDED,
    "feeds": [FEED],
    "feed": FEED,
    "status": {
        HOSTILE: HOSTILE, "incomplete": [{"key": HOSTILE}],
        "queues": {HOSTILE: {"waiting": 1, "in_flight": 0, "delayed": 2}},
        "open": [{"key": HOSTILE, "file_id": HOSTILE, "state": HOSTILE, "opened_at": HOSTILE} | PROGRESS],
        "circuits": {HOSTILE: {"circuit": "open"}},
    },
    "destination": {"feed": HOSTILE, "settings": {HOSTILE: HOSTILE}, "wrong": [HOSTILE]},
    "notices": {
        "routes": [{"route": HOSTILE, "kind": HOSTILE, "lanes": [HOSTILE], "severity": HOSTILE, "tells": [HOSTILE]}],
        "wrong": [HOSTILE], "letters": 1, "day": HOSTILE,
        "causes": [
            {"kind": HOSTILE, "lane": HOSTILE, "about": HOSTILE, "severity": HOSTILE, "times": 2, "first": HOSTILE}
        ],
    },
    "policy": {
        "settings": {HOSTILE: HOSTILE},
        "rules": [
            {"code": HOSTILE, "kind": HOSTILE, "severity": HOSTILE, "demands": {HOSTILE: HOSTILE}, "source": HOSTILE}
        ],
        "examples": [
            {"says": HOSTILE, "found": [HOSTILE], "expected": [HOSTILE], "holds": True},
            {"says": HOSTILE, "found": [], "expected": [HOSTILE], "holds": False},
        ],
    },
    "destination_check": {
        "feed": HOSTILE, "fine": False, "called": HOSTILE, "status": 1, "milliseconds": 1, "verdict": HOSTILE,
    },
    "facts": {HOSTILE: HOSTILE, "nested": {HOSTILE: [{"key": HOSTILE}]}, "list": [HOSTILE]},
}  # fmt: skip
NO_TEXTS = {"adopted"}  #: of anybody's: figures alone
MORE = [
    ("account", REPORT | {"refused": FINDING}),
    ("account", REPORT | {"files": 1, "unpacked": [{"file_id": HOSTILE, "key": HOSTILE}]}),
    ("checked", CHECKED | {"refused": FINDING}),
    ("checked", {"entries": [CHECKED]}),
    ("redriven", [QUEUE | {"moved": None}]),
    ("destination", {"feed": HOSTILE, "settings": None, "wrong": [HOSTILE]}),
]


@pytest.fixture(params=[False, True], ids=["piped", "terminal"])
def printed(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    """What the screens print, on a terminal without colours and elsewhere."""
    out = io.StringIO()
    console = SafeConsole(file=out, width=4000, force_terminal=request.param, color_system=None, soft_wrap=True)
    monkeypatch.setattr(screens, "out", console)
    monkeypatch.setattr(screens, "err", console)
    return out


def harmless(text: str) -> None:
    for line in text.split("\n"):
        assert line == visible(line)
    assert "[red]x[/y]:warning:" in text


@pytest.mark.parametrize(("name", "told"), [*SCREENS.items(), *MORE])
def test_no_screen_lets_anything_act_on_the_terminal(name: str, told: Any, printed: io.StringIO) -> None:
    screen: Callable[[Any], None] = getattr(screens, name)
    command_line.show(told, as_json=False, screen=screen)

    harmless(printed.getvalue())
    assert "\\x1b[2J" in printed.getvalue()


def test_every_screen_is_looked_at() -> None:
    public = {
        name
        for name, screen in vars(screens).items()
        if not name.startswith("_") and getattr(screen, "__module__", "") == screens.__name__
    }
    assert public - SCREENS.keys() - NO_TEXTS == set()


@pytest.mark.parametrize(("name", "told"), [*SCREENS.items(), *MORE])
def test_nor_does_one_that_nobody_has_made_fit_before(name: str, told: Any, printed: io.StringIO) -> None:
    """The console itself is the last line: only line ends can still pass."""
    screen: Callable[[Any], None] = getattr(screens, name)
    screen(told)
    for line in printed.getvalue().split("\n"):
        assert line == visible(line)


@pytest.mark.parametrize("told", [REPORT, [QUEUE], DECIDED])
def test_json_is_printable_ascii(told: Any, capsys: pytest.CaptureFixture[str]) -> None:
    command_line.show(told, as_json=True, screen=lambda _: None)
    out = capsys.readouterr().out
    assert out.replace("\n", "").isascii()
    assert out.replace("\n", "").isprintable()
    assert json.loads(out) == told


def test_an_error_is_one_harmless_line(printed: io.StringIO, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(**_: Any) -> int:
        raise PenstockError(f"not settled: {HOSTILE}")

    monkeypatch.setattr(cli, "app", fail)
    with pytest.raises(SystemExit):
        cli.main()
    harmless(printed.getvalue())
    assert printed.getvalue().count("\n") == 1


def test_a_bar_shows_a_key_harmlessly(monkeypatch: pytest.MonkeyPatch) -> None:
    out = io.StringIO()
    console = SafeConsole(file=out, width=500, force_terminal=True, color_system=None, legacy_windows=False)
    monkeypatch.setattr(screens, "err", console)
    with progress.file_bars({"1": HOSTILE}, quiet=False) as advance:
        advance("1", 1, 2)
    assert "\\x1b[2J" in out.getvalue()
    assert "\x1b[2J" not in out.getvalue()
    assert "\u202e" not in out.getvalue()


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_report_is_harmless_on_a_terminal_and_untouched_in_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    body = f"a,b\r\n{HOSTILE}\r\n".encode("utf-8", "surrogatepass").replace(b"\xed\xa0\x80", b"")
    hand_over: Callable[..., None] = files._hand_over  # pyright: ignore[reportPrivateUsage]
    terminal, piped = Terminal(), io.TextIOWrapper(io.BytesIO())
    for stdout in (terminal, piped):
        monkeypatch.setattr(sys, "stdout", stdout)
        with pytest.raises(typer.Exit):
            hand_over("rejects", "1", body, None, False, "none")
    harmless(terminal.getvalue())
    assert terminal.getvalue().startswith("a,b\n")
    piped.flush()
    assert isinstance(piped.buffer, io.BytesIO)
    assert piped.buffer.getvalue() == body


@given(st.text())
def test_what_is_made_visible_is_printable_and_stays_what_it_is(text: str) -> None:
    # Blanks of all widths are printed, whatever Python calls them.
    assert all(one.isprintable() or (one.isspace() and one not in "\n\r\t\v\f") for one in visible(text))
    assert visible(visible(text)) == visible(text)
    if text.isascii() and text.isprintable():
        assert visible(text) == text


def test_ordinary_letters_of_any_language_are_left_alone() -> None:
    for text in ("Müller & Söhne", "Łódź", "東京", "Ελλάδα", "العربية", "a — b", "€5"):
        assert visible(text) == text


def test_a_result_is_made_fit_wherever_a_text_is_in_it() -> None:
    told: Mapping[str, Any] = {"\x1b": ["\x1b", 1, None, {"a": ("\n", 1.5, True)}]}
    assert shown(told) == {"\\x1b": ["\\x1b", 1, None, {"a": ["\\n", 1.5, True]}]}
    assert json.loads(as_json({"a": "\x7f"})) == {"a": "\x7f"}


def test_check_of_a_file_with_a_hostile_name(tmp_path: Any) -> None:
    path = tmp_path / "a\x1b[2J\u202e.csv"
    path.write_bytes(b"spot_id,station,air_date,air_time\nS1,W,2026-01-01,x\n")
    result = CliRunner().invoke(
        cli.app, ["check", str(path), "--feed", "traffic", "--rejects", str(tmp_path / "\x1b.csv")]
    )
    assert "\x1b" not in result.output
    assert "\\x1b.csv" in result.output
