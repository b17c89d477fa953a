"""Valid rows of a traffic log, break by break through the broadcast days."""

import random
import string
from collections.abc import Iterator
from datetime import date, timedelta
from itertools import count
from typing import NamedTuple

from .catalogue import ADVERTISERS, FREE_NOTES, PLAIN_NOTES, STATIONS, Station

FIRST_DAY = date(2026, 11, 2)
#: Rows of one broadcast day, about; a larger file has more days.
ROWS_PER_DAY = 20_000
#: The broadcast day: 06:00:00 to 29:59:59.
DAY_STARTS = 6 * 3600
#: Seconds that the last break of a day has to itself.
LAST_BREAK = 900
#: Campaigns on air.
ORDERS = 2_000
#: Of them, those that nobody pays for.
UNPAID_ORDERS = 60
#: Rows in a break, each as likely as the others.
BREAK_SIZES = (2, 3, 4, 5, 6)

_HOURS = [f"{hour:02d}:" for hour in range(30)]
_MINUTES = [f"{second // 60:02d}:{second % 60:02d}" for second in range(3600)]
#: What a hundred rows are; a row without a type is a spot.
_TYPES = ["spot"] * 62 + [""] * 26 + ["avail"] * 5 + ["billing"] * 4 + ["make_good"] * 3
_LETTERS_AND_DIGITS = string.ascii_uppercase + string.digits


class Row(NamedTuple):
    """One record as text, its fields in the canonical order; an empty text is no value."""

    record_type: str
    spot_id: str
    station: str
    isci: str
    break_code: str
    air_date: str
    air_time: str
    length_s: str
    advertiser: str
    product: str
    rate: str
    billing_code: str
    make_good_for: str
    notes: str


class Order(NamedTuple):
    """What a campaign's rows have in common."""

    isci: str
    length_s: str
    advertiser: str
    product: str
    rate: str
    billing_code: str


class Schedule:
    """Rows for a file of about `rows` records.

    With `plain`, no value has a quote, a comma or a newline in it.
    """

    def __init__(self, seed: int, rows: int, *, plain: bool) -> None:
        self._rng = random.Random(f"{seed}:schedule")
        # Spot numbers of two seeds never meet.
        self._prefix = "".join(random.Random(f"{seed}:spots").choices(_LETTERS_AND_DIGITS, k=5))
        days = max(1, -(-rows // ROWS_PER_DAY))
        mean_size = sum(BREAK_SIZES) / len(BREAK_SIZES)
        self._breaks_a_day = max(1, round(rows / days / mean_size))
        advertisers = [name for name in ADVERTISERS if not plain or not set(name) & set('",')]
        self._orders = [self._order(advertisers, paid=True) for _ in range(ORDERS)]
        self._orders += [self._order(advertisers, paid=False) for _ in range(UNPAID_ORDERS)]
        notes = PLAIN_NOTES if plain else FREE_NOTES
        # Six rows of seven have nothing to remark.
        self._notes = notes + [""] * (len(notes) * 6)

    def rows(self) -> Iterator[Row]:
        """Without end; no two rows have the same spot_id."""
        stations = [station for station in STATIONS for _ in range(station.weight)]
        number = 1_000_000
        for day in count():
            air_date = (FIRST_DAY + timedelta(day)).isoformat()
            for nth in range(self._breaks_a_day):
                starts = DAY_STARTS + nth * (86_400 - LAST_BREAK) // self._breaks_a_day
                size = self._rng.choice(BREAK_SIZES)
                yield from self._break(self._rng.choice(stations), air_date, starts, number, size)
                number += size

    def recast(self, row: Row, record_type: str) -> Row:
        """A valid row of another type in this row's place."""
        return self._row(record_type, row.spot_id, row.station, row.break_code, row.air_date, row.air_time)

    def _break(self, station: Station, air_date: str, starts: int, number: int, size: int) -> list[Row]:
        """Row after row, each from where the last one ends."""
        rows: list[Row] = []
        random_ = self._rng.random
        break_code = f"{starts // 3600:02d}{'ABCD'[starts % 3600 // 900]}"
        for spot in range(number, number + size):
            air_time = _HOURS[starts // 3600] + _MINUTES[starts % 3600]
            if station.frames:
                # In drop-frame time most minutes have no frames 00 and 01.
                air_time += f"{station.frames}{2 + int(random_() * 22):02d}"
            record_type = _TYPES[int(random_() * 100)]
            row = self._row(record_type, f"{self._prefix}{spot}", station.name, break_code, air_date, air_time)
            rows.append(row)
            starts += int(row.length_s or 30)
        return rows

    def _row(
        self,
        record_type: str,
        spot_id: str,
        station: str,
        break_code: str,
        air_date: str,
        air_time: str,
    ) -> Row:
        random_ = self._rng.random
        notes = self._notes[int(random_() * len(self._notes))]
        paid_only = record_type == "billing"
        order = self._orders[int(random_() * (ORDERS if paid_only else len(self._orders)))]
        isci, length_s, advertiser, product, rate, billing_code = order
        make_good_for = ""
        if record_type == "make_good":
            # One of an earlier log.
            make_good_for = f"{self._prefix}{int(random_() * 1_000_000):07d}"
        elif record_type == "avail":
            isci = advertiser = product = rate = billing_code = ""
        elif record_type == "billing":
            isci = length_s = ""
        return Row(
            record_type,
            spot_id,
            station,
            isci,
            break_code,
            air_date,
            air_time,
            length_s,
            advertiser,
            product,
            rate,
            billing_code,
            make_good_for,
            notes,
        )

    def _order(self, advertisers: list[str], *, paid: bool) -> Order:
        choice, randint = self._rng.choice, self._rng.randint
        advertiser = choice(advertisers)
        return Order(
            isci=self._isci(),
            length_s=choice(("30", "30", "30", "15", "15", "60", "10", "120")),
            advertiser=advertiser,
            product=choice(ADVERTISERS[advertiser]),
            rate=f"{randint(1, 180) * 25}.00" if paid else "",
            billing_code=f"{choice('ABCN')}{randint(100, 999)}-{randint(1, 12):02d}" if paid else "",
        )

    def _isci(self) -> str:
        """Mostly Ad-IDs, some of the older codes; either may end in H or D."""
        choices = self._rng.choices
        suffix = choices(("", "H", "D"), weights=(12, 7, 1))[0]
        if self._rng.random() < 0.15:
            digits = "".join(choices(string.digits, k=4))
            return "".join(choices(string.ascii_uppercase, k=4)) + digits + suffix
        first = self._rng.choice(string.ascii_uppercase + "123456789")
        return first + "".join(choices(_LETTERS_AND_DIGITS, k=10)) + suffix
