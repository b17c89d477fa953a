"""The ends of logs, for error messages: the reason usually stands there."""

from collections import deque
from pathlib import Path


def last_lines(log: Path, count: int = 20) -> list[str]:
    """The last lines that say anything; none if there is no such file."""
    if not log.exists():
        return []
    with log.open(encoding="utf-8", errors="replace") as lines:
        return list(deque((line.rstrip() for line in lines if line.strip()), maxlen=count))
