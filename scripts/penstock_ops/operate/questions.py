"""Questions to the table of outcomes that operators ask again and again, each in SQL that Athena and DuckDB both take.

They look back over whole days of your own zone. The table is kept by the day on which a file was first heard of; a
file may take days until its records end, and as many are looked through besides.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from penstock.feeds import FEEDS

OLDER = 7  #: days; so long a queue keeps a message, and so long a file may be on its way


@dataclass(frozen=True, slots=True)
class Asked:
    """What a question is about: records that ended since `since`, and how many rows are wanted."""

    since: datetime
    rows: int

    @property
    def moment(self) -> str:
        """Since when, as SQL has it: in UTC."""
        return f"TIMESTAMP '{self.since.astimezone(UTC):%Y-%m-%d %H:%M:%S}'"

    @property
    def day(self) -> str:
        """The first day of the table that is looked through."""
        return f"DATE '{self.since.astimezone(UTC) - timedelta(days=OLDER):%Y-%m-%d}'"


@dataclass(frozen=True, slots=True)
class Question:
    """A question by its name, what it tells, and its SQL."""

    name: str
    says: str
    sql: Callable[[Asked], str]


def since(days: int, now: datetime) -> datetime:
    """When the first of so many days began, today being the last, in the zone of `now`."""
    return (now - timedelta(days=days - 1)).replace(hour=0, minute=0, second=0, microsecond=0)


def _unexpected(asked: Asked) -> str:
    return f"""
        SELECT feed, outcome, coalesce(code, '') AS finding, count(DISTINCT trace) AS records,
            count(DISTINCT file_id) AS files, min(trace) AS such_as
        FROM outcomes LEFT JOIN UNNEST(codes) AS found (code) ON true
        WHERE day >= {asked.day} AND ended_at >= {asked.moment} AND outcome NOT IN ('delivered', 'duplicate')
        GROUP BY feed, outcome, coalesce(code, '')
        ORDER BY records DESC, feed, outcome, finding
        LIMIT {asked.rows}
    """


def _slowest(asked: Asked) -> str:
    return f"""
        SELECT key, file_id, feed, count(*) AS records, min(dropped_at) AS dropped_at, max(ended_at) AS ended_at,
            date_diff('second', min(dropped_at), max(ended_at)) AS seconds
        FROM (
            SELECT key, file_id, feed, ordinal, min(dropped_at) AS dropped_at, min(ended_at) AS ended_at
            FROM endings WHERE day >= {asked.day} GROUP BY key, file_id, feed, ordinal
        ) AS first_ends
        GROUP BY key, file_id, feed
        HAVING max(ended_at) >= {asked.moment}
        ORDER BY seconds DESC, file_id
        LIMIT {asked.rows}
    """


def _top_findings(asked: Asked) -> str:
    senders = " ".join(f"WHEN '{feed.name}' THEN {feed.sender}" for feed in FEEDS.values() if feed.sender)
    return f"""
        SELECT feed, coalesce(sender, '') AS sender, code AS finding, count(*) AS records,
            count(DISTINCT file_id) AS files, min(trace) AS such_as
        FROM (SELECT *, CASE feed {senders} ELSE '' END AS sender FROM outcomes) AS sent
            CROSS JOIN UNNEST(codes) AS found (code)
        WHERE day >= {asked.day} AND ended_at >= {asked.moment}
        GROUP BY feed, coalesce(sender, ''), code
        ORDER BY records DESC, feed, sender, finding
        LIMIT {asked.rows}
    """


QUESTIONS = {
    one.name: one
    for one in (
        Question("unexpected", "what ended otherwise than delivered or as a duplicate, by finding", _unexpected),
        Question("slowest-files", "the files whose records took longest to their first end", _slowest),
        Question("top-findings", "the findings there were most of, by sender", _top_findings),
    )
}
"""By name. They begin with today, unless another number of days is asked for."""
