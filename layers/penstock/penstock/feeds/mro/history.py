"""What is remembered of a component: its removals and installations, as far as others are compared with them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from penstock.feeds.feed import Known, Record
from penstock.feeds.mro.component import NO_SERIAL, is_life_limited
from penstock.feeds.mro.days import day_of
from penstock.model.versions import ensure_known

VERSION = 1  #: of what is remembered of an event (see `model.versions`)
KEPT = 200  #: events of one component that are remembered, the latest
_BORN_AGAIN = "REBUILT"


@dataclass(frozen=True, slots=True)
class Event:
    """A removal or an installation, as far as others are compared with it. `day` is ISO 8601, `hours` a decimal."""

    day: str
    event: str
    id: str
    hours: str | None = None
    cycles: int | None = None
    registration: str | None = None
    temporary: bool = False
    rebuilt: bool = False

    @property
    def place(self) -> tuple[str, bool, str]:
        """Where it stands among the others; of one day, what came off before what was put on."""
        return self.day, self.event == "installation", self.id

    @property
    def is_installation(self) -> bool:
        """Whether the component is on an aircraft from now on."""
        return self.event == "installation"


_FIELDS = tuple(one.name for one in fields(Event))


def event_of(record: Record) -> Event:
    """What is compared of a record. Its id is its event and day, so that a corrected record, or the one of a corrected
    certificate, takes the place of the wrong one."""
    event, day = record.get("event", "removal"), day_of(record).isoformat()
    hours = record.get("hours_since_new")
    return Event(
        day,
        event,
        f"{event} {day}",
        None if hours is None else str(hours),
        record.get("cycles_since_new"),
        record.get("registration"),
        bool(record.get("temporary")),
        record["cert_status"] == _BORN_AGAIN and not is_life_limited(record),
    )


def to_history(record: Record) -> Known:
    """What is remembered of a record; of one without a serial number nothing, as it says not whose history it is."""
    if record["component_sn"] == NO_SERIAL:
        return Known("", None)
    event = event_of(record)
    # Not by equality: 0 cycles are told, and equal False.
    said = {name: value for name in _FIELDS if (value := getattr(event, name)) is not None and value is not False}
    return Known(event.id, {"v": VERSION, **said})


def remembered(known: Iterable[Known]) -> list[Event]:
    """What is remembered, as this release wrote it or an earlier one, in order. What a later one has added is passed
    over.

    Raises:
        NewerRelease: a newer release has written one, in a form that this one does not know.
    """
    return sorted((_event(one.kept) for one in known if one.kept), key=lambda event: event.place)


def _event(kept: Mapping[str, Any]) -> Event:
    ensure_known("an event in a history", kept.get("v", 1), VERSION)
    return Event(**{name: value for name, value in kept.items() if name in _FIELDS})


def prune(known: Sequence[Known]) -> Sequence[Known]:
    """The latest events; the gaps between older ones are too old to matter."""
    return sorted((one for one in known if one.kept), key=lambda one: _place_of(one.kept))[-KEPT:]


def _place_of(kept: Mapping[str, Any]) -> tuple[str, bool, str]:
    """As `Event.place`, of what is kept."""
    ensure_known("an event in a history", kept.get("v", 1), VERSION)
    return kept["day"], kept["event"] == "installation", kept["id"]
