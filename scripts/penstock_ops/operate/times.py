"""How a time is told: in UTC, to the second."""

from datetime import UTC, datetime


def utc(seconds: float) -> str:
    """Seconds since the epoch, as ISO 8601.

    >>> utc(1_795_262_400)
    '2026-11-21T12:00:00Z'
    """
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%SZ}"
