"""What reads documents, behind its port: pdfium and Tesseract, in processes of their own."""

import asyncio
import gzip
import hashlib
import json
import shutil
import tempfile
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Mapping
from contextlib import aclosing, asynccontextmanager
from dataclasses import astuple, dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from penstock.model.defects import at_a_file
from penstock.model.errors import Misconfigured, Refused, Transient
from penstock.model.textract import RecognisedPage
from penstock.ports.pages import Assembled, Drifted, Pictures, Survey
from penstock.ports.templates import Templates
from penstock_documents import child, invoices
from penstock_documents.forms import FormFinder, Found, record_of
from penstock_documents.kept_pages import page_of
from penstock_documents.pdf import Unreadable
from penstock_documents.template import NotATemplate, Registry, load_all

LARGEST = 9 * 1024**3  #: bytes of a document: what the function's own disk holds, and some more


@dataclass(frozen=True, slots=True)
class LyingDocument:
    """As `OpenDocument`: a document on this machine's disk, and the templates beside it."""

    path: Path
    templates: Path
    sha256: str

    async def survey(self) -> Survey:
        """As `OpenDocument.survey`."""
        try:
            pages, at_once = await asyncio.to_thread(child.survey, self.path)
        except Unreadable as error:
            raise Refused("document.unreadable", str(error)) from None
        return Survey(pages, at_once, self.sha256)

    async def pictures(self, first: int, last: int, seconds: float) -> Pictures:
        """As `OpenDocument.pictures`."""
        try:
            pages, pdf = await asyncio.to_thread(child.pictures, self.path, self.templates, first, last, seconds)
        except TimeoutError as error:
            raise Transient(str(error)) from None
        return Pictures(tuple(pages), pdf)

    async def read(
        self, first: int, last: int, seconds: float, recognised: Mapping[int, RecognisedPage] | None = None
    ) -> bytes:
        """As `OpenDocument.read`."""

        def lines() -> bytes:
            with tempfile.NamedTemporaryFile("w", prefix="penstock-recognised-") as file:
                json.dump({number: astuple(page) for number, page in (recognised or {}).items()}, file)
                file.flush()
                return b"".join(child.read_pages(self.path, self.templates, first, last, seconds, Path(file.name)))

        try:
            return gzip.compress(await asyncio.to_thread(lines), mtime=0)
        except TimeoutError as error:
            raise Transient(str(error)) from None


class DocumentReader:
    """As `PageReader`. The document that was read last lies here until another comes."""

    def __init__(self, templates: Templates) -> None:
        self._kept = templates
        self._folder = Path(tempfile.mkdtemp(prefix="penstock-extractor-"))
        self._document, self._templates = self._folder / "document", self._folder / "templates"
        self._lying = self._sha256 = ""  # the id of the file that the document is of, and its digest

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)

    @asynccontextmanager
    async def opened(self, file_id: str, blocks: AsyncGenerator[bytes]) -> AsyncGenerator[LyingDocument]:
        """As `PageReader.opened`."""
        await self._registry()
        async with aclosing(blocks):
            if self._lying != file_id:
                self._lying = ""
                await self._fetch(blocks)
                self._lying = file_id
        yield LyingDocument(self._document, self._templates, self._sha256)

    async def _fetch(self, blocks: AsyncIterator[bytes]) -> None:
        size, digest = 0, hashlib.sha256()
        with self._document.open("wb") as file:
            async for block in blocks:
                size += len(block)
                if size > LARGEST:
                    raise Refused("document.too_large", f"a document has {LARGEST:,} bytes at most; send it in parts")
                file.write(block)
                digest.update(block)
        self._sha256 = digest.hexdigest()

    def assemble(self, feed: str, sha256: str, ranges: AsyncIterator[bytes], filed: Mapping[str, str]) -> Assembled:
        """As `PageReader.assemble`."""

        async def invoice() -> AsyncGenerator[bytes]:
            gathering = invoices.InvoiceGathering((await self._registry()).active_of(feed))
            async for body in ranges:
                with at_a_file(feed):
                    for line in gzip.decompress(body).splitlines():
                        gathering.push(page_of(line))
            with at_a_file(feed):
                yield self._line({**gathering.record(sha256), **filed}, assembled)

        async def forms() -> AsyncGenerator[bytes]:
            finder = FormFinder((await self._registry()).active_of(feed))
            async for body in ranges:
                for line in guarded(_found_in(finder, body)):
                    yield line
            for line in guarded(finder.finish()):
                yield line

        def guarded(found: Iterator[Found]) -> Iterator[bytes]:
            with at_a_file(feed):
                for one in found:
                    yield self._line({**record_of(one, sha256), **filed}, assembled)

        assembled = Assembled(invoice() if feed == invoices.FEED else forms())
        return assembled

    def _line(self, record: Mapping[str, Any], assembled: Assembled) -> bytes:
        form: Mapping[str, Any] = record.get("form", record)
        moved = [one for one in form.get("drift", ()) if one["critical"]]
        if moved:
            assembled.drifted.append(Drifted(form["template"], _signature(moved), moved))
        return json.dumps(record, ensure_ascii=False).encode() + b"\n"

    async def _registry(self) -> Registry:
        """The templates as they are now, which lie in their folder, too.

        Raises:
            Misconfigured: one of them is none.
        """
        there = await self._kept.all()
        self._templates.mkdir(exist_ok=True)
        for path in self._templates.iterdir():
            if path.name not in there:
                path.unlink()
        for name, body in there.items():
            (self._templates / name).write_bytes(body)
        try:
            return load_all(self._templates)
        except NotATemplate as error:
            raise Misconfigured(str(error)) from None


def _found_in(finder: FormFinder, pages: bytes) -> Iterator[Found]:
    """The forms that end with these pages."""
    for line in gzip.decompress(pages).splitlines():
        yield from finder.push(page_of(line))


def _signature(moved: list[dict[str, Any]]) -> str:
    """The same wherever the same has changed, be it a point to the left or right."""
    said = sorted([one["field"], one["kind"], one.get("new", "")] for one in moved)
    return hashlib.sha256(json.dumps(said).encode()).hexdigest()[:16]
