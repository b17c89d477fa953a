"""How a time is told to people: in their own zone, to the second."""

from datetime import UTC, datetime


def local_time(seconds: float) -> str:
    """Seconds since the epoch, as people read them: in their own zone, with its name.

    >>> local_time(1_795_262_400)[:7]
    '2026-11'
    """
    return f"{datetime.fromtimestamp(seconds, UTC).astimezone():%Y-%m-%d %H:%M:%S %Z}"
