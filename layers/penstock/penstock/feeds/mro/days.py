"""The days that a record tells of."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

from penstock.feeds.mro.forms import block_date
from penstock.feeds.rules import Record

DAYS = ("removal_date", "installation_date", "completion_date", "submitted_on")
"""The fields that are a day each."""


def day_of(record: Record) -> date:
    """The day of what the record tells of: the installation's, or the removal's."""
    installed: date | None = record.get("installation_date") if record.get("event") == "installation" else None
    return installed or record["removal_date"]


def last_day_of(record: Record) -> date:
    """The last day that the record says anything of."""
    said: list[Any] = [record.get(name) for name in DAYS] + [released_on(record)]
    return max(day for day in said if day is not None)


def released_on(record: Record) -> date | None:
    """The day on its certificate, of block 14e or else 13e; None where there is none that can be read."""
    return block_date(record["form_type"], record.get("release_date") or record.get("production_date") or "")


def today() -> date:
    """The latest day that it is anywhere on Earth: nobody's time zone makes a record one of the future."""
    return (datetime.now(UTC) + timedelta(hours=14)).date()
