"""The page to drop a file: first what the check finds of it, then, by another click, it is dropped.

Between the two the file lies in a folder of this start, under a name that only the page has.
"""

import asyncio
import secrets
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from penstock.feeds import FEEDS
from penstock.model.errors import PenstockError
from penstock_ops.check.check_file import check
from penstock_ops.console.advice import sentences_of
from penstock_ops.web.desk import desk_of
from penstock_ops.web.rendering import rendered
from penstock_ops.web.writes import text

KEPT = 8  #: files that wait for the second click, at most; the oldest goes


class NotToBeDropped(PenstockError):
    """Raised where there is nothing to be dropped, or no feed to drop it to."""


@dataclass(slots=True)
class Tray:
    """Files that were checked and may be dropped, in a folder of their own: by a name that nobody can guess, with their
    feed and what they are called."""

    folder: Path
    files: dict[str, tuple[str, str]] = field(default_factory=dict[str, tuple[str, str]])

    def put(self, feed: str, called: str) -> Path:
        """Where a file is to be written."""
        while len(self.files) >= KEPT:
            oldest = next(iter(self.files))
            del self.files[oldest]
            self.path(oldest).unlink(missing_ok=True)
        name = secrets.token_hex(16)
        self.files[name] = (feed, called)
        return self.path(name)

    def path(self, name: str) -> Path:
        """Where a file lies."""
        return self.folder / name


async def page(request: Request) -> Response:
    """The field that a file is dragged onto."""
    return rendered(request, "drop.html", feeds=sorted(FEEDS), checked=None)


async def checked(request: Request, form: FormData) -> Response:
    """What would happen to a file if it were dropped; it is not yet."""
    upload, feed = form.get("file"), text(form, "feed")
    if not isinstance(upload, UploadFile) or not upload.filename:
        raise NotToBeDropped("choose a file first")
    if feed not in FEEDS:
        raise NotToBeDropped(f"there is no feed {feed}; there are: {', '.join(sorted(FEEDS))}")
    tray: Tray = request.app.state.tray
    called = Path(upload.filename.replace("\\", "/")).name
    path = tray.put(feed, called)
    found = await asyncio.to_thread(_check, upload, path, feed)
    return rendered(
        request, "drop.html", feeds=sorted(FEEDS), checked=found, feed=feed, called=called, name=path.name,
        sentences=sentences_of(feed),
    )  # fmt: skip


def _check(upload: UploadFile, path: Path, feed: str) -> dict[str, Any]:
    with path.open("wb") as out:
        shutil.copyfileobj(upload.file, out)
    with TemporaryDirectory(prefix="penstock-console-") as folder:
        return check(path, feed, Path(folder) / "rejects.csv", lambda _: None).as_dict()


async def drop(request: Request, form: FormData) -> Response:
    """Drops a file that was checked, and shows it."""
    desk, name = desk_of(request), text(form, "name")
    tray: Tray = request.app.state.tray
    if name not in tray.files:
        raise NotToBeDropped("this file was dropped already, or waited too long: choose it again")
    feed, called = tray.files.pop(name)
    path = tray.path(name)
    try:
        dropped = await desk.drop(path, f"{feed}/{called}")
    finally:
        path.unlink(missing_ok=True)
    return RedirectResponse(f"/drop/{dropped.file_id}", 303)


async def done(request: Request) -> Response:
    """A dropped file: its page as soon as a splitter has heard of it."""
    file_id = request.path_params["file_id"]
    if await desk_of(request).records.ledger.file(file_id):
        return RedirectResponse(f"/files/{file_id}", 303)
    return rendered(request, "dropped.html", file_id=file_id)
