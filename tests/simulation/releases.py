"""What a deploy changes: the feed as a release has it, and the messages as it writes and reads them.

An invocation that has begun goes on with the release that it began with, as an environment of Lambda's does.
"""

import json
from collections.abc import Generator, Iterable, Sequence
from contextlib import contextmanager
from contextvars import Context, ContextVar, copy_context
from dataclasses import dataclass, replace
from functools import cache, cached_property
from typing import Any

from penstock.feeds import FEEDS
from penstock.feeds.feed import Examination, Feed, Known, Limits, Record, Rule
from penstock.feeds.traffic import TRAFFIC
from penstock.model import versions
from penstock.model.findings import Severity
from penstock_testing.pages import BEGINS
from tests.simulation.senders import DOUBTFUL, REVISION

PLAIN, TRACED, SPACED = "plain", "traced", "spaced"
"""Ways to serialise: as it is; with a trace in each record; with blanks in each payload, which changes its digest."""

NEWER = 7  #: the version of the messages that a newer release writes, which an older one does not know


@dataclass(frozen=True, slots=True)
class Release:
    """What may differ between two releases. `records` is the limit of a chunk, `strict` has a rule more, `raising` one
    that raises, `newer` messages of another version, `newer_rows` rows and claims of one. A feed that reads `papers`,
    or has `lanes`, does so in all of them."""

    records: int
    examined: bool = False
    serialised: str = PLAIN
    strict: bool = False
    raising: bool = False
    newer: bool = False
    newer_rows: bool = False
    papers: bool = False
    lanes: bool = False

    @property
    def feed(self) -> Feed:
        """The feed of this release."""
        return _feed(replace(self, newer=False, newer_rows=False))


def is_ruled_out(label: str) -> bool:
    """Whether the rule that some releases have rejects a record, by its label."""
    return sum(label.encode()) % 4 == 0


def is_raised_at(label: str) -> bool:
    """Whether the rule that raises does so at a record, by its label."""
    return sum(label.encode()) % 5 == 1


class Moody(ValueError):
    """What the rule raises that raises."""


def _doubtful(records: Sequence[Record]) -> list[int]:
    return [at for at, one in enumerate(records) if one.get("advertiser") == DOUBTFUL]


def _ruled_out(records: Sequence[Record]) -> Iterable[int]:
    return [at for at, one in enumerate(records) if is_ruled_out(one["notes"])]


def _raises(records: Sequence[Record]) -> Iterable[int]:
    if any(is_raised_at(one["notes"]) for one in records):
        raise Moody("not today")
    return ()


FLAGGED = Rule("traffic.doubtful", "advertiser", "somebody should look at it", _doubtful, Severity.SOFT)
RULED_OUT = Rule("traffic.ruled_out", "notes", "a later release does not take it", _ruled_out)
RAISING = Rule("traffic.moody", "notes", "nobody will ever read this", _raises)


def _known(record: Record) -> Known:
    return Known(" ".join(str(record[name]) for name in TRAFFIC.identity), record[REVISION])


#: It finds nothing, but keeps a history of each station.
EXAMINATION = Examination(
    by=("station",),
    examine=lambda records, known, policy: [[] for _ in records],
    to_history=_known,
    prune=lambda known: known,
    policy=dict,
)


class _SpacedAdapter:
    """As the feed's own, but for how it writes."""

    def __getattr__(self, name: str) -> Any:
        return getattr(TRAFFIC.one, name)

    @property
    def serializer(self) -> "_SpacedAdapter":
        """As `TypeAdapter.serializer`."""
        return self

    def to_json(self, record: Any) -> bytes:
        """As `SchemaSerializer.to_json`."""
        return json.dumps(json.loads(TRAFFIC.one.serializer.to_json(record))).encode()


class _Spaced(Feed):
    """Its payloads have blanks between their parts."""

    @cached_property
    def one(self) -> Any:
        """As `Feed.one`."""
        return _SpacedAdapter()


@cache
def _feed(release: Release) -> Feed:
    rules = (*TRAFFIC.rules, FLAGGED, *((RULED_OUT,) * release.strict), *((RAISING,) * release.raising))
    feed = replace(
        TRAFFIC,
        limits=Limits(records=release.records),
        revision=REVISION,
        rules=rules,
        examination=EXAMINATION if release.examined else None,
        trace="penstock_trace" if release.serialised == TRACED else "",
        documents=is_paper if release.papers else None,
        lanes=_lane if release.lanes else None,
    )
    return _Spaced(**vars(feed)) if release.serialised == SPACED else feed


def _lane(key: str) -> str:
    return key.split("/")[1] if key.count("/") > 1 else ""


def is_paper(head: bytes) -> bool:
    """Whether a file is a document."""
    return head.startswith(BEGINS)


_begun_with: ContextVar[Release | None] = ContextVar("begun_with", default=None)


class Deployed:
    """The release that runs. `latest` is for those that begin now."""

    def __init__(self, release: Release) -> None:
        self.latest = release
        self.so_far = [release]

    @property
    def mine(self) -> Release:
        """The release of whoever asks; of who looks from outside, the latest."""
        return _begun_with.get() or self.latest

    @property
    def is_outside(self) -> bool:
        """Whether who asks belongs to no release: whoever watches or judges knows all of them."""
        return _begun_with.get() is None

    @contextmanager
    def outside(self) -> Generator[None]:
        """A look from outside, in the midst of a release's work."""
        token = _begun_with.set(None)
        try:
            yield
        finally:
            _begun_with.reset(token)

    def deploy(self, release: Release) -> None:
        """Whoever begins from now on begins with this one."""
        self.latest = release
        self.so_far.append(release)

    def context(self) -> Context:
        """In which an invocation runs that begins now."""
        context = copy_context()
        context.run(_begun_with.set, self.latest)
        return context

    @property
    def feeds(self) -> "_Feeds":
        """The feeds, as each has them who asks."""
        return _Feeds(self)

    def write(self, body: str) -> str:
        """A message as the release of whoever sends it writes it."""
        return _as_version(body, NEWER) if self.mine.newer else body

    def read(self, body: str) -> str:
        """A message as the release of whoever receives it has it: a newer one reads all of them."""
        return _as_version(body, 1) if self.mine.newer and is_newer(body) else body


def is_newer(body: str) -> bool:
    """Whether a message is of a version that older releases do not know."""
    return f'"v": {NEWER}' in body


def _as_version(body: str, version: int) -> str:
    message = json.loads(body)
    return json.dumps(message | {"v": version}) if "type" in message else body


class RowVersions:
    """As the module `versions`, for the twins: a newer release writes, and knows, a version more of every row."""

    def __init__(self, deployed: Deployed) -> None:
        self._deployed = deployed

    def __getattr__(self, name: str) -> int:
        return getattr(versions, name) + self._deployed.mine.newer_rows

    def ensure_known(self, what: str, version: int, known: int) -> None:
        """As `versions.ensure_known`."""
        if not self._deployed.is_outside:
            versions.ensure_known(what, version, known)


class _Feeds(dict[str, Feed]):
    """The feeds by name; the traffic feed is the one of the release of whoever asks."""

    def __init__(self, deployed: Deployed) -> None:
        super().__init__(FEEDS)
        self._deployed = deployed

    def __getitem__(self, name: str) -> Feed:
        return self._deployed.mine.feed if name == TRAFFIC.name else super().__getitem__(name)
