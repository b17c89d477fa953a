"""A document read in a process of its own, with limits and without anybody's credentials: what kills it kills nothing
else.

    python -m penstock_documents.child survey DOCUMENT                          how many pages, and how many at once
    python -m penstock_documents.child picture DOCUMENT TEMPLATES FIRST LAST OUT
                                                  a PDF of the pages that are read by OCR; on stdout which they are
    python -m penstock_documents.child read DOCUMENT TEMPLATES FIRST LAST OUT [RECOGNISED]
                                                  a line a page, as `kept_pages` has it; with what was read elsewhere
    python -m penstock_documents.child show DOCUMENT NUMBER ROUTE OUT
                                                  a page as people look at it; on stdout how large the paper is

Exit code 3 says that the document cannot be read; the reason is then the last line of stderr. Exit code 4 says that the
process could not be given its limits, and has read nothing. What it dies of else is the page that it was at: its reader
notes that, and another goes on behind it.
"""

import hashlib
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from penstock_documents.offline import go_offline
from penstock_documents.pdf import Unreadable

if TYPE_CHECKING:
    from penstock_documents.document import Read

MEMORY = 1536 * 1024 * 1024  #: bytes of address space; Tesseract's and pdfium's own take a third of it
PAGE_SECONDS = 90  #: of CPU for a page; one in five of them takes 5
SHOWN_SIDE, SHOWN_QUALITY = 1200, 30  #: dots of the longer side, and how good a picture people get: some 40 kB
MOST_DEATHS = 3  #: readers that a range may cost
UNREADABLE, UNLIMITED = 3, 4


class Survey(NamedTuple):
    """A document's pages, and how many of them one reader takes."""

    pages: int
    at_once: int


def survey(document: Path) -> Survey:
    """What there is to read. A document with a page that its reader dies of is read a few pages at once.

    Raises:
        Unreadable: it cannot be read, or the reader died before it had counted the pages.
    """
    from penstock_documents.document import SCANS_AT_ONCE

    ended = _run("survey", str(document), seconds=2 * PAGE_SECONDS)
    told = [int(line) for line in ended.stdout.splitlines()]
    if not told:
        raise Unreadable(_reason(ended))
    pages, at_once = [*told, SCANS_AT_ONCE][:2]
    return Survey(pages, at_once)


def pictures(document: Path, templates: Path, first: int, last: int, seconds: float) -> tuple[list[int], bytes]:
    """Those of these pages that an engine elsewhere has to read, and a PDF of their pictures. None, where the reader
    dies of one of them: then all are read here, where each dies by itself.

    Raises:
        TimeoutError: it took longer than so many seconds.
    """
    with tempfile.NamedTemporaryFile(prefix="penstock-pictures-") as out:
        ended = _run("picture", str(document), str(templates), str(first), str(last), out.name, seconds=seconds)
        return ([int(number) for number in ended.stdout.split()], out.read()) if ended.returncode == 0 else ([], b"")


def read_pages(
    document: Path, templates: Path, first: int, last: int, seconds: float, *elsewhere: Path
) -> Iterator[bytes]:
    """A line for each page, whatever becomes of its reader. `elsewhere` is the file of what was read there, if
    anything was.

    Raises:
        TimeoutError: it took longer than so many seconds.
    """
    ends, deaths, reason = time.monotonic() + seconds, 0, ""
    while first <= last:
        with tempfile.NamedTemporaryFile(prefix="penstock-pages-") as out:
            where = [str(document), str(templates), str(first), str(last), out.name]
            ended = _run("read", *where, *map(str, elsewhere), seconds=ends - time.monotonic())
            # A line that its reader died at is none.
            lines = [line for line in out.read().splitlines(keepends=True) if line.endswith(b"\n")]
        yield from lines
        first += len(lines)
        if first <= last:
            deaths, reason = deaths + 1, _reason(ended)
            yield _unreadable(first, reason)
            first += 1
        if deaths == MOST_DEATHS:
            yield from (_unreadable(number, reason) for number in range(first, last + 1))
            return


class Shown(NamedTuple):
    """A page's picture for people, as WebP, and how large the page is, in points: by these stands what was read."""

    width: float
    height: float
    webp: bytes


def shown(document: Path, number: int, route: str) -> Shown:
    """A page as it was read: by its `route` as it stands, or from its picture, upright and level.

    Raises:
        Unreadable: it cannot be shown, or the reader died of it.
    """
    with tempfile.NamedTemporaryFile(prefix="penstock-page-") as out:
        ended = _run("show", str(document), str(number), route, out.name, seconds=2 * PAGE_SECONDS)
        if ended.returncode:
            raise Unreadable(_reason(ended))
        width, height = map(float, ended.stdout.split())
        return Shown(width, height, out.read())


def read_all(document: Path, templates: Path) -> "Iterator[Read]":
    """Every page of a document.

    Raises:
        Unreadable: it cannot be read, or the reader died before it had counted the pages.
    """
    from penstock_documents.kept_pages import page_of

    pages, at_once = survey(document)
    for first in range(1, pages + 1, at_once):
        lines = read_pages(document, templates, first, min(first + at_once - 1, pages), float("inf"))
        yield from map(page_of, lines)


def records_in_child(document: Path, templates: Path, feed: str) -> list[dict[str, Any]]:
    """A document's records, as its feed wants them; where nobody says of which it is, it is an invoice if it carries
    one, or a template of invoices has its first page, and else a form.

    Raises:
        Unreadable: it cannot be read, or the reader died of it.
    """
    from penstock_documents import forms, invoices
    from penstock_documents.template import load_all

    reads = read_all(document, templates)
    with document.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    first = next(reads)
    reads, registry = chain([first], reads), load_all(templates)
    of_invoices = registry.active_of(invoices.FEED)
    if feed == invoices.FEED or (not feed and (first.attached or forms.is_understood(first, of_invoices))):
        return [invoices.record_of(reads, of_invoices, sha256)]
    return list(forms.records_of(reads, registry.active_of(feed or "tower"), sha256))


def _run(*arguments: str, seconds: float) -> subprocess.CompletedProcess[str]:
    """A child's end. It finds what we find, and nothing else of our environment: no credentials.

    Raises:
        TimeoutError: it did not end in time.
        RuntimeError: it has no limits here, whatever the document.
    """
    command = [sys.executable, "-m", "penstock_documents.child", *arguments]
    environment = {"PYTHONPATH": os.pathsep.join(sys.path), "PATH": os.defpath, "LANG": "C.UTF-8"}
    try:
        ended = subprocess.run(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=None if seconds == float("inf") else max(0.0, seconds),
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise TimeoutError("the pages could not be read in time") from None
    if ended.returncode == UNLIMITED:
        raise RuntimeError(ended.stderr.strip())
    return ended


def _reason(ended: subprocess.CompletedProcess[str]) -> str:
    if ended.returncode == UNREADABLE:
        return ended.stderr.strip().splitlines()[-1]
    return f"the reader died of it (exit code {ended.returncode}); export or scan it again"


def _unreadable(number: int, reason: str) -> bytes:
    from penstock_documents.kept_pages import line_of, unreadable

    return line_of(unreadable(number, reason))


def main(what: str, document: Path, *arguments: str) -> int:
    """Does what the command line asks for; its exit code."""
    from penstock_documents.document import Document
    from penstock_documents.elsewhere import load

    try:
        if what == "survey":
            opened = Document(document)
            # What comes second looks at pages, and may be the last thing that it does.
            print(opened.pages, flush=True)  # noqa: T201
            print(opened.at_once)  # noqa: T201
        elif what == "show":
            number, route, out = arguments
            _show(Document(document), int(number), route, Path(out))
        else:
            templates, first, last, out, *elsewhere = arguments
            work = _picture if what == "picture" else _read
            opened = Document(document, load(Path(elsewhere[0])) if elsewhere else None)
            work(opened, Path(templates), range(int(first), int(last) + 1), Path(out))
    except Unreadable as error:
        sys.stderr.write(f"{error}\n")
        return UNREADABLE
    return 0


def _picture(document: Any, templates: Path, numbers: Sequence[int], out: Path) -> None:
    """Pages of which there is no picture are left to who reads them: it says why."""
    from penstock_documents.forms import needs_a_picture
    from penstock_documents.recognised import Album
    from penstock_documents.template import load_all

    active, album = load_all(templates).active, Album()
    for number in numbers:
        _limit_cpu()
        with suppress(Unreadable):
            if needs_a_picture(document, number, active):
                album.add(number, *document.picture_of(number))
    album.save(out)
    print(*album.pages)  # noqa: T201


def _read(document: Any, templates: Path, numbers: Sequence[int], out: Path) -> None:
    """Writes each page down as soon as it is read, so that it is there whatever the next one does."""
    from penstock_documents.forms import read_page
    from penstock_documents.kept_pages import line_of, unreadable
    from penstock_documents.template import load_all

    active = load_all(templates).active
    with out.open("ab") as file:
        for number in numbers:
            _limit_cpu()
            try:
                read = read_page(document, number, active)
            except Unreadable as error:
                read = unreadable(number, str(error))
            file.write(line_of(read))
            file.flush()


def _show(document: Any, number: int, route: str, out: Path) -> None:
    """Writes a page's picture; a text's is its words, which need none."""
    from penstock_documents import ocr

    if document.kind == "text":
        raise Unreadable("it is a text, which has no picture")
    if not 1 <= number <= document.pages:
        raise Unreadable(f"it has {document.pages} pages, and no page {number}")
    picture, dpi = document.picture_of(number)
    picture = ocr.laid(picture) if route == "ocr" else picture
    print(*ocr.size_of(picture, dpi))  # noqa: T201
    picture.thumbnail((SHOWN_SIDE, SHOWN_SIDE))
    picture.convert("L").save(out, "WEBP", quality=SHOWN_QUALITY)


def _limit_cpu() -> None:
    """From here on the process may take so much CPU, and dies of more."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    resource.setrlimit(
        resource.RLIMIT_CPU, (round(used.ru_utime + used.ru_stime) + PAGE_SECONDS, resource.RLIM_INFINITY)
    )


def _limit() -> None:
    """What the process may take, for good: memory, CPU, no dump of what it knows, and no network.

    Raises:
        OSError, ValueError: the system grants no such limit.
    """
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    _limit_cpu()
    go_offline()


if __name__ == "__main__":
    try:
        _limit()
    except (OSError, ValueError) as error:
        sys.stderr.write(f"documents are read with limits, or not at all: {error}\n")
        sys.exit(UNLIMITED)
    sys.exit(main(sys.argv[1], Path(sys.argv[2]), *sys.argv[3:]))
