"""What people did to a stack: who, when, why. Each act is an object of the archive, by its time, that nobody can change
or take away; whoever looks for one reads the days backwards."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import batched
from typing import Any

from penstock.model.errors import PenstockError
from penstock.ports.object_store import Folder

PAGE = 50  #: acts on a page
LOOKED_AT = 500  #: acts that are read for one page, at most
DAYS = 60  #: that are looked through for one page, at most
LOOKS = "ContentShown"  #: what changes nothing, and there is most of
WORDS = {
    "HeldReleased": "held records released",
    "HeldRefused": "held records refused",
    "UnknownDecided": "an unknown batch decided",
    "ReplayStarted": "a replay",
    "RedriveStarted": "dead letters redriven",
    "WorkResent": "work sent again",
    "TemplatesKept": "templates changed",
    "RowsAdopted": "rows adopted",
    "FileAcknowledged": "a file acknowledged anew",
    "ContentShown": "content shown",
}
"""What may have been done, in words."""
_AT_ONCE = 50
_WHAT = re.compile(r"-([A-Z][A-Za-z]*)(?:-[0-9a-f]+)?\.json$")
_PLACE = re.compile(r"audit/(\d{4}-\d\d-\d\d)/[\w.~-]+", re.ASCII)


class WrongPlace(PenstockError):
    """Raised where acts are asked for by what none can be."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which acts: "" where it does not matter. `what` is one of `WORDS`, and where it is "" looks at content are passed
    over; `by` is a part of who did it, or has decided it; `about` is a file's id, or the beginning of it; `before` is
    the place that a page has come to, or a day, from whose end on it looks back."""

    what: str = ""
    by: str = ""
    about: str = ""
    before: str = ""

    def may_be(self, key: str) -> bool:
        """Whether the act under this key may be wanted, as far as its name tells."""
        named = _WHAT.search(key)
        what = named.group(1) if named else ""
        return what == self.what if self.what else what != LOOKS

    def is_met_by(self, act: Mapping[str, Any]) -> bool:
        """Whether it is."""
        who = f"{act.get('by', '')} {act.get('scheduler', '')}".lower()
        return self.by.lower() in who and str(act.get("file_id", "")).startswith(self.about)


@dataclass(frozen=True, slots=True)
class Page:
    """Acts as they were written, the latest first; and the place where the next page begins."""

    acts: list[dict[str, Any]]
    older: str

    @property
    def back_to(self) -> str:
        """The day that this page has come to."""
        return self.older.split("/")[1]


async def page_of(archive: Folder, wanted: Wanted, now: float) -> Page:
    """The acts that are wanted, of those before a place.

    Raises:
        WrongPlace: there is no such act, or no such place.
    """
    place = _place(wanted, now)
    day = date.fromisoformat(place.split("/")[1])
    found: list[dict[str, Any]] = []
    looked_at = 0
    for one in (day - timedelta(days=back) for back in range(DAYS)):
        keys = [key async for key, _ in archive.listed(_folder(one)) if key < place and wanted.may_be(key)]
        for some in batched(reversed(keys), _AT_ONCE, strict=False):
            for key, act in zip(some, await _read(archive, some), strict=True):
                place, looked_at = key, looked_at + 1
                if wanted.is_met_by(act):
                    found.append(act)
                if len(found) == PAGE:
                    return Page(found, place)
            if looked_at >= LOOKED_AT:
                return Page(found, place)
    return Page(found, _end_of(day - timedelta(days=DAYS)))


async def of_days(archive: Folder, first: date, last: date) -> AsyncIterator[dict[str, Any]]:
    """All that was done on these days, in UTC and both included, in order."""
    for days in range((last - first).days + 1):
        keys = [key async for key, _ in archive.listed(_folder(first + timedelta(days=days)))]
        for some in batched(keys, _AT_ONCE, strict=False):
            for act in await _read(archive, some):
                yield act


def _place(wanted: Wanted, now: float) -> str:
    """Before which key acts are wanted."""
    if wanted.what and wanted.what not in WORDS:
        raise WrongPlace(f"nothing called {wanted.what} is ever done; there are: {', '.join(WORDS)}")
    said = wanted.before or f"{datetime.fromtimestamp(now, UTC):%Y-%m-%d}"
    named = _PLACE.fullmatch(said)
    try:
        day = date.fromisoformat(named.group(1) if named else said)
        _ = day - timedelta(days=DAYS)
    except (ValueError, OverflowError):
        raise WrongPlace(f"{said} is no day to look back from: say it as 2026-11-29") from None
    return said if named else _end_of(day)


def _folder(day: date) -> str:
    return f"audit/{day.isoformat()}/"


def _end_of(day: date) -> str:
    """A place behind every act of a day."""
    return f"{_folder(day)}~"


async def _read(archive: Folder, keys: Sequence[str]) -> list[dict[str, Any]]:
    return [json.loads(body or b"{}") for body in await asyncio.gather(*map(archive.get, keys))]
