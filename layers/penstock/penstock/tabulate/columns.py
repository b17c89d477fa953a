"""The columns of the table of outcomes, by their types in Athena's DDL.

A row is a record as a chunk's end left it. A later end of the chunk (a replay, a release, a decision) adds rows under a
higher `fence`, and a part that was written twice has its rows twice: of the same record the row with the highest fence
is the present. The view `outcomes` shows only those.
"""

from collections.abc import Iterable, Mapping

from penstock.feeds import FEEDS
from penstock.feeds.feed import Feed

COMMON: Mapping[str, str] = {
    "file_id": "string",
    "ordinal": "int",
    "key": "string",
    "outcome": "string",
    "codes": "array<string>",
    "of_record": "string",
    "batch": "string",
    "dropped_at": "timestamp",
    "sent_at": "timestamp",
    "ended_at": "timestamp",
    "raw_digest": "string",
    "payload_digest": "string",
    "revision": "bigint",
    "chunk": "int",
    "fence": "bigint",
    "content": "string",
}
"""What every row has. `of_record` is whose duplicate it is or with whom it conflicts; `raw_digest` is SHA-256 of its
bytes, `payload_digest` 128 bits of that of its payload. Times are in UTC: when the file was first heard of, when the
record's batch was first sent, when its chunk ended."""

PARTITIONS: Mapping[str, str] = {"feed": "string", "day": "date"}
"""What the rows are kept by: `day` is when the file was first heard of, in UTC, so that all rows of a record lie
together."""


def columns(feeds: Iterable[Feed] = FEEDS.values()) -> dict[str, str]:
    """All columns but the partitions': the common ones, and the fields by which records of any feed are found."""
    return {**COMMON, **{name: "string" for feed in feeds for name in feed.found_by}}


def view(table: str = "endings") -> str:
    """SQL of the view `outcomes`: each record once, as it is now, with its trace."""
    newest = "row_number() OVER (PARTITION BY feed, day, file_id, ordinal ORDER BY fence DESC)"
    trace = "concat(file_id, ':', CAST(ordinal AS varchar))"
    return f"SELECT * FROM (SELECT *, {trace} AS trace, {newest} AS newest FROM {table}) AS every_end WHERE newest = 1"
