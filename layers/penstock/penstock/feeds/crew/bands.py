"""Tables by the time of day, as regulations print them: rows of clock times, a figure for each column."""

from bisect import bisect_right
from collections.abc import Mapping, Sequence


class Bands[Row]:
    """Rows by the clock time that each begins at, as text: `{"0500": row, "1700": row}`.

    A row holds until the next one begins; the last one runs past midnight to the first.
    """

    def __init__(self, rows: Mapping[str, Row]) -> None:
        by_minute = sorted((int(clock[:2]) * 60 + int(clock[2:]), row) for clock, row in rows.items())
        self._starts = [start for start, _ in by_minute]
        self._rows = [row for _, row in by_minute]

    @property
    def rows(self) -> Sequence[Row]:
        """All rows."""
        return self._rows

    def at(self, clock: int) -> Row:
        """The row for a minute of the day, 0 to 1439."""
        return self._rows[bisect_right(self._starts, clock) - 1]


def minutes(text: str) -> tuple[int, ...]:
    """Figures in hours, as `13 12:30 9.5`, in minutes."""
    return tuple(_minutes(figure) for figure in text.split())


def _minutes(figure: str) -> int:
    hours, colon, rest = figure.partition(":")
    return int(hours) * 60 + int(rest) if colon else round(float(figure) * 60)
