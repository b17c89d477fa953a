"""Pages read in a process of their own, range by range, and put together again: what a page does stays with it."""

import io
import os
import signal
import subprocess
import sys
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from penstock_documents import child, offline
from penstock_documents.document import SCANS_AT_ONCE, TEXTS_AT_ONCE, Document, Read
from penstock_documents.drafting import draft
from penstock_documents.forms import forms_of, records_of
from penstock_documents.kept_pages import line_of, page_of
from penstock_documents.pdf import Unreadable
from penstock_documents.picture import Pictures
from penstock_documents.template import Registry, Template
from penstock_documents.words import Box, Page, Word
from penstock_ops.samples.tower.paper import Text, pdf, scanned

SENT = "lease_amendment"


def lease(number: int) -> list[Text]:
    """A page of a lease's amendment."""
    return [
        Text(72, 72, "AMENDMENT TO SITE LEASE", 14),
        Text(72, 120, "Site ID"),
        Text(220, 120, f"TX-{number:04d}"),
        Text(72, 150, "Lessor"),
        Text(220, 150, "Ada Holdings"),
        Text(72, 180, "Effective date"),
        Text(220, 180, "2026-11-20"),
    ]


def template() -> Template:
    values = {"site_id": "TX-0001", "lessor": "Ada Holdings", "effective_date": "2026-11-20"}
    pages = [read.page for read in Document(pdf([lease(1)])).read_all()]
    return draft(pages, SENT, values, "Lease", 1, (), lambda *_: 0)


@pytest.fixture(scope="module")
def templates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("templates")
    Registry(folder).write(template())
    return folder


def written(folder: Path, body: bytes) -> Path:
    path = folder / "document"
    path.write_bytes(body)
    return path


def pages_read(document: Path, templates: Path, first: int, last: int) -> list[Read]:
    return [page_of(line) for line in child.read_pages(document, templates, first, last, 300)]


def test_texts_are_read_more_pages_at_once_than_scans(tmp_path: Path) -> None:
    text = written(tmp_path, pdf([lease(number) for number in range(60)]))
    assert child.survey(text) == (60, TEXTS_AT_ONCE)

    scan = written(tmp_path, scanned(pdf([lease(1)]), dpi=100))
    assert child.survey(scan) == (1, SCANS_AT_ONCE)


def test_a_page_is_the_same_when_it_was_kept(tmp_path: Path, templates: Path) -> None:
    document = Document(pdf([lease(1), lease(2)]))

    for read in document.read_all():
        kept = page_of(line_of(read))
        assert (list(kept.page.words), kept.otherwise) == (list(read.page.words), read.otherwise)
        assert (kept.page.number, kept.page.width, kept.page.route) == (read.page.number, read.page.width, "text")


def test_ranges_put_together_are_the_whole_document(tmp_path: Path, templates: Path) -> None:
    document = written(tmp_path, pdf([lease(number) for number in range(1, 8)]))

    whole = list(records_of(pages_read(document, templates, 1, 7), [template()], "sha"))
    parts = [read for first in (1, 4, 7) for read in pages_read(document, templates, first, min(first + 2, 7))]

    assert list(records_of(parts, [template()], "sha")) == whole
    assert [record["site_id"] for record in whole] == [f"TX-{number:04d}" for number in range(1, 8)]


def test_a_page_that_cannot_be_read_is_that_pages_finding(tmp_path: Path, templates: Path) -> None:
    """Here one of 200 inches, to be read as a picture."""
    normal, huge = b"/MediaBox[0 0 612.0 792.0]", b"/MediaBox[0 0 14400 14400]"
    sheets = pdf([lease(1), [], lease(3)]).split(normal)
    document = written(tmp_path, sheets[0] + normal + sheets[1] + huge + sheets[2] + normal + sheets[3])

    reads = pages_read(document, templates, 1, 3)

    assert [read.page.number for read in reads] == [1, 2, 3]
    assert [bool(read.page.words) for read in reads] == [True, False, True]
    assert "60 inches" in reads[1].page.doubts[0]

    # And it is a form that nobody knows, held with the reason.
    records = list(records_of(reads, [template()], "sha"))
    assert [record["kind"] for record in records] == [SENT, "unknown", SENT]
    assert "60 inches" in records[1]["doubts"][0]


def test_a_page_that_its_reader_dies_of_is_that_pages_finding(
    tmp_path: Path, templates: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = child._run

    def dying(what: str, document: str, folder: str, first: str, last: str, out: str, *, seconds: float) -> Any:
        """As a reader that dies of page 2, in the middle of its line."""
        if int(first) > 2:
            return run(what, document, folder, first, last, out, seconds=seconds)
        ended = run(what, document, folder, first, "1", out, seconds=seconds)
        with Path(out).open("ab") as file:
            file.write(b'{"number": 2, "wor')
        ended.returncode = -signal.SIGSEGV
        return ended

    monkeypatch.setattr(child, "_run", dying)
    document = written(tmp_path, pdf([lease(number) for number in range(1, 5)]))

    reads = pages_read(document, templates, 1, 4)

    assert [read.page.number for read in reads] == [1, 2, 3, 4]
    assert [bool(read.page.words) for read in reads] == [True, False, True, True]
    assert "exit code -11" in reads[1].page.doubts[0]


def test_of_a_range_that_kills_reader_after_reader_the_rest_is_told_unread(
    tmp_path: Path, templates: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[str] = []
    run = child._run

    def dying(*arguments: str, seconds: float) -> Any:
        calls.append(arguments[0])
        ended = run("read", *arguments[1:3], "1", "0", arguments[5], seconds=seconds)
        ended.returncode = -signal.SIGSEGV
        return ended

    monkeypatch.setattr(child, "_run", dying)
    document = written(tmp_path, pdf([lease(number) for number in range(20)]))

    reads = pages_read(document, templates, 1, 20)

    assert len(calls) == child.MOST_DEATHS
    assert [read.page.number for read in reads] == list(range(1, 21))
    assert all("exit code -11" in read.page.doubts[0] for read in reads)


def test_a_reader_that_takes_too_long_is_ended(tmp_path: Path, templates: Path) -> None:
    document = written(tmp_path, pdf([lease(1)]))

    with pytest.raises(TimeoutError):
        list(child.read_pages(document, templates, 1, 1, 0.01))


def test_a_reader_has_nobodys_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    environment: dict[str, str] = {}

    def noted(command: Any, *, env: dict[str, str], **_: Any) -> Any:
        environment.update(env)
        return subprocess.CompletedProcess(command, 0, "1\n50\n", "")

    monkeypatch.setattr(child.subprocess, "run", noted)
    child.survey(Path(os.devnull))

    assert environment.keys() == {"PYTHONPATH", "PATH", "LANG"}


def test_a_reader_has_no_network(tmp_path: Path, templates: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Told by an engine that asks for it while it reads."""
    (tmp_path / "tesserocr.py").write_text(
        "import socket\n"
        "from penstock_documents.pdf import Unreadable\n"
        "try:\n    socket.socket()\n"
        "except PermissionError as error:\n    raise Unreadable(f'no network: {error.strerror}')\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    document = written(tmp_path, scanned(pdf([lease(1)]), dpi=100))

    (read,) = pages_read(document, templates, 1, 1)

    assert read.page.doubts == ["no network: Permission denied"]


@pytest.mark.parametrize(
    "call",
    [
        "socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)",
        "socket.socket(socket.AF_UNIX)",
        "socket.create_connection(('127.0.0.1', 9))",
        "ring()",
        "threading(socket.socket)",
        "subprocess.run([sys.executable, '-c', 'import socket; socket.socket()'], check=True)",
    ],
)
def test_nothing_opens_a_socket_once_the_network_is_gone(call: str) -> None:
    """Neither a ring, nor a thread, nor another process that it starts; what has no network in it goes on."""
    program = f"""
import ctypes, socket, subprocess, sys
from concurrent.futures import ThreadPoolExecutor
from penstock_documents.offline import go_offline

def ring():
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.syscall(425, 1, ctypes.create_string_buffer(120)) < 0:
        raise OSError(ctypes.get_errno(), "refused")

def threading(work):
    with ThreadPoolExecutor() as threads:
        return threads.submit(work).result()

go_offline()
assert subprocess.run(["true"]).returncode == 0
try:
    {call}
except (PermissionError, subprocess.CalledProcessError):
    print("refused")
"""
    ended = subprocess.run(
        [sys.executable, "-c", program],
        env={"PYTHONPATH": os.pathsep.join(sys.path), "PATH": os.defpath},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.stdout == "refused\n", ended.stderr


X86_64, ARM64, I386 = 0xC000003E, 0xC00000B7, 0x40000003  #: AUDIT_ARCH_…


@pytest.mark.parametrize(
    ("machine", "made_for", "number", "allowed"),
    [
        ("x86_64", X86_64, 0, True),  # read
        ("x86_64", X86_64, 41, False),  # socket
        ("x86_64", X86_64, 425, False),  # io_uring_setup
        ("x86_64", X86_64, 0x40000029, False),  # socket by x32's numbers
        ("x86_64", I386, 102, False),  # socketcall by 32-bit's
        ("aarch64", ARM64, 63, True),  # read
        ("aarch64", ARM64, 41, True),  # pivot_root: x86-64's socket is another call here
        ("aarch64", ARM64, 198, False),  # socket
        ("aarch64", ARM64, 425, False),
        ("aarch64", X86_64, 63, False),
    ],
)
def test_the_filter_knows_each_machines_numbers(machine: str, made_for: int, number: int, allowed: bool) -> None:
    """As the kernel runs it, on machines that this is not, too."""
    program = offline._instructions(offline._MACHINES[machine])
    at, loaded = 0, 0
    while True:
        code, yes, no, operand = program[at]
        at += 1
        match code:
            case offline._LOAD:
                loaded = made_for if operand == offline._MACHINE else number
            case offline._EQUAL:
                at += yes if loaded == operand else no
            case offline._AT_LEAST:
                at += yes if loaded >= operand else no
            case _:
                break
    assert (operand == offline._ALLOWED) is allowed


def test_where_the_system_grants_no_limits_nothing_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """That is no fault of the document's, and must not be told as one."""
    (tmp_path / "sitecustomize.py").write_text(
        "import resource\n"
        "def refused(*_):\n    raise ValueError('not allowed to raise maximum limit')\n"
        "resource.setrlimit = refused\n"
    )
    monkeypatch.syspath_prepend(tmp_path)

    with pytest.raises(RuntimeError, match="read with limits, or not at all: not allowed"):
        child.survey(written(tmp_path, pdf([lease(1)])))


@pytest.mark.parametrize(
    ("body", "says"),
    [(b"%PDF-1.7 and no more", "broken"), (b"II*\0\xff\xff\xff\xff", "picture"), (b"", "empty")],
    ids=["pdf", "tiff", "nothing"],
)
def test_what_cannot_be_read_at_all_says_so(tmp_path: Path, body: bytes, says: str) -> None:
    with pytest.raises(Unreadable, match=says):
        child.survey(written(tmp_path, body))


def test_pages_that_no_template_understands_are_one_unknown_form(templates: Path) -> None:
    def page(number: int, text: str) -> Read:
        return Read(Page(number, 612, 792, [Word(text, Box(72, 72, 100, 84))], "text", "test"))

    reads = [page(number, "nothing") for number in (1, 2)]
    reads += [Read(page_of(line_of(read)).page) for read in Document(pdf([lease(3)])).read_all()]
    reads += [page(4, "nothing")]
    (one, form, other) = forms_of(reads, [template()])

    assert [one.form, other.form] == [None, None]
    assert (len(one.reads), len(form.reads), len(other.reads)) == (2, 1, 1)


def test_a_long_document_is_put_together_in_bounded_memory() -> None:
    def reads() -> Iterator[Read]:
        for number in range(1, 301):
            words = [Word(f"word{at}", Box(at, at, at + 10.0, at + 10.0)) for at in range(200)]
            yield Read(Page(number, 612, 792, words, "text", "test"))

    tracemalloc.start()
    try:
        (record,) = records_of(reads(), [template()], "sha")
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert record["pages"] == [1, 300]
    assert peak < 5 * 1024 * 1024


def faxed(across: int, down: int) -> bytes:
    """A page of letter size as a fax machine sends it."""
    out = io.BytesIO()
    Image.new("1", (round(8.5 * across), 11 * down), 1).save(out, "TIFF", compression="group4", dpi=(across, down))
    return out.getvalue()


@pytest.mark.parametrize(("across", "down"), [(204, 98), (204, 196), (204, 391), (300, 300)])
def test_a_fax_with_more_dots_one_way_than_the_other_has_papers_proportion(across: int, down: int) -> None:
    picture, dpi = Pictures(faxed(across, down)).page(1)

    assert dpi == pytest.approx(max(across, down), rel=0.01)
    assert picture.height / picture.width == pytest.approx(11 / 8.5, rel=0.01)
