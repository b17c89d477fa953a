"""What senders drop: files, the same again, files that overlap, and the mended rejects of a file still on its way."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import batched

from penstock_testing.pages import SCANNED, document, page
from tests.support.spots import csv_file, spot

REVISION = "length_s"  #: the field that stands for a revision: any whole number will do
NOBODY = "Nobody & Co"  #: an advertiser whom the destination does not take
DOUBTFUL = "Dubious & Sons"  #: one whose records the feed flags


@dataclass(frozen=True, slots=True)
class Item:
    """A record as its sender means it. `number` makes its identity, `label` says which content it has; `fault` is ""
    or where it fails: at the `validator` or at the `destination`; or it is `flagged`. A higher `revision` corrects a
    lower one."""

    number: int
    label: str
    fault: str = ""
    revision: int = 0

    def row(self) -> dict[str, str]:
        """Its cells."""
        changes: dict[str, str] = {"notes": self.label, REVISION: str(30 + self.revision)}
        if self.fault == "validator":
            changes["isci"] = "not an Ad-ID"
        if self.fault == "destination":
            changes["advertiser"] = NOBODY
        if self.fault == "flagged":
            changes["advertiser"] = DOUBTFUL
        return spot(self.number, **changes)

    def mended(self) -> "Item":
        """What its sender makes of a reject."""
        return replace(self, fault="", label=f"{self.label}+") if self.fault else self


@dataclass(frozen=True, slots=True)
class Drop:
    """A file, and when it is dropped: so many seconds after the beginning, or after the file `mends` has settled, if
    the sender waits for its rejects. `mends` is the place of an earlier file whose rejects this one brings again. Of a
    `paper` each page has so many records, and most are `scans`; `packed` into an archive, it is several files."""

    key: str
    items: tuple[Item, ...]
    after: float
    mends: int | None = None
    paper: int = 0
    scans: bool = False
    packed: bool = False

    @property
    def body(self) -> bytes:
        """The file."""
        if self.paper:
            pages = [page(*(item.row() for item in part)) for part in batched(self.items, self.paper, strict=False)]
            return document(*(SCANNED * (self.scans and at % 3 < 2) + text for at, text in enumerate(pages)))
        return csv_file([item.row() for item in self.items])


class Senders:
    """A run's drops, decided in advance, but for the content of a file mended by its real rejects."""

    def __init__(self, rng: random.Random, most: int) -> None:
        self._rng, self._number = rng, 0
        self.drops: list[Drop] = []
        largest = rng.choice((3, 6, 12)) if rng.random() < 0.97 else 60
        spread = rng.choice((1.0, 60.0, 1800.0))
        kinds = rng.choices(("fresh", "again", "overlap", "mended", "corrected"), (2, 2, 4, 3, 3), k=rng.randint(0, 3))
        for place, kind in enumerate(("fresh", *kinds)[:most]):
            after = rng.uniform(0, spread) if place else 0.0
            self.drops.append(getattr(self, f"_{kind}")(place, rng.randint(1, largest), after))

    def _fresh(self, place: int, records: int, after: float) -> Drop:
        items = [self._new(place, at) for at in range(records)]
        # Some lines come twice, the same or with another content.
        for at in range(1, records):
            roll = self._rng.random()
            if roll < 0.06:
                items[at] = items[self._rng.randrange(at)]
            elif roll < 0.12:
                items[at] = replace(items[at], number=items[self._rng.randrange(at)].number)
        return Drop(f"traffic/{place}.csv", tuple(items), after)

    def _again(self, place: int, records: int, after: float) -> Drop:
        """The same bytes, under the same key or another."""
        earlier = self._rng.choice(self._known())
        key = earlier.key if self._rng.random() < 0.5 else f"traffic/{place}.csv"
        return replace(earlier, key=key, after=after, mends=None)

    def _overlap(self, place: int, records: int, after: float) -> Drop:
        """Some records of an earlier file, some as they were, some changed, among others."""
        fresh = self._fresh(place, records, after)
        theirs = self._rng.choice(self._known()).items
        shared = self._rng.sample(theirs, self._rng.randint(1, len(theirs)))
        shared = [
            replace(item, label=f"{item.label}/{place}", fault="") if self._rng.random() < 0.25 else item
            for item in shared
        ]
        items = [*shared, *fresh.items]
        if self._rng.random() < 0.7:
            self._rng.shuffle(items)
        return replace(fresh, items=tuple(items))

    def _corrected(self, place: int, records: int, after: float) -> Drop:
        """Some records of an earlier file as they should have been, and some as they were."""
        theirs = self._rng.choice(self._known()).items
        items = tuple(
            replace(item, label=f"{item.label}c{place}.{at}", revision=item.revision + 1, fault=self._fault())
            if self._rng.random() < 0.6
            else item
            for at, item in enumerate(self._rng.sample(theirs, self._rng.randint(1, len(theirs))))
        )
        return Drop(f"traffic/{place}.csv", items, after)

    def _mended(self, place: int, records: int, after: float) -> Drop:
        """What an earlier file's sender knows to be wrong, mended; at once, or once its rejects are there."""
        at = self._rng.choice([at for at, drop in enumerate(self.drops) if drop.items])
        key = f"traffic/{place}.csv"
        if self._rng.random() < 0.5:
            return Drop(key, (), after, mends=at)
        items = tuple(item.mended() for item in self.drops[at].items if item.fault or self._rng.random() < 0.1)
        return Drop(key, items, after) if items else self._again(place, records, after)

    def _known(self) -> list[Drop]:
        return [drop for drop in self.drops if drop.items]

    def _new(self, place: int, at: int) -> Item:
        self._number += 1
        return Item(self._number, f"f{place}r{at}", self._fault())

    def _fault(self) -> str:
        roll = self._rng.random()
        return "validator" if roll < 0.1 else "destination" if roll < 0.2 else "flagged" if roll < 0.35 else ""


def mended(rejected: Sequence[Item]) -> tuple[Item, ...]:
    """What comes back of a reject file."""
    return tuple(item.mended() for item in rejected)
