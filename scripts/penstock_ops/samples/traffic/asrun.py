"""A broadcaster's as-run log: what was on air, second by second through the broadcast days."""

import random
from collections import Counter, deque
from collections.abc import Iterator
from datetime import date, timedelta
from itertools import count, islice
from string import ascii_uppercase
from typing import BinaryIO, Literal, NamedTuple

from penstock_ops.samples.sample import DELIVERED, Expectation, Outcome, SampleOptions, expectation_line

FIRST_DAY = date(2026, 11, 2)
#: The broadcast day: 02:00:00 to 25:59:59.
PIVOT = 2 * 3600
DAY_ENDS = 26 * 3600
#: Lines in memory at a time.
BLOCK = 4_096
#: Records that a repeat looks back.
NEAR = 500

_HEAD = (
    "%FORMAT\t20230101\tBROADCASTDAY\t{day:%Y%m%d}\tCREATED\t{next_day:%Y%m%d}\tAT\t061500\tBY\tPS",
    "%COLLATING_SEQUENCE\tISO-8859-1",
    "%AUTHOR\tOmroep Penstock",
    "%FILETYPE\tAsRun",
    "%OTHERFIELDS\t",
    "%PIVOTHOUR\t020000",
    "%TYPOLOGYSOURCE\tNONE",
    "%COMMENT ChannelID\tOmroep\tDate\tStartTime\tDuration\tEndTime\tProgID\tProgramType"
    "\tUnharmonizedTitle\tSubTitle\tPromoTypeID\tSecondaryUnharmonizedTitle"
    "\tTertiaryUnharmonizedTitle\tPromotionChannelID\tPromotionDay\tRepeatCode"
    "\tReconciliationKey\tProgramTypology\tCCC\tPromoID",
)

type Type = Literal["PROGRAMMA", "PROMO", "STATIONID"]


class Row(NamedTuple):
    """The columns that are in use, out of twenty."""

    channel: str
    station: str
    air_date: str
    starts: str
    #: Seconds.
    duration: str
    #: The last second, or in some rows of the same file the one after it.
    ends: str
    type: Type
    title: str
    #: A programme's or a promo's number: the row's material.
    material: str
    #: 100 for a first showing, 200 for a repeat; programmes only.
    repeat: str

    def line(self) -> str:
        programme = self.type == "PROGRAMMA"
        promo_type = "99" if self.type == "PROMO" else ""
        columns = [*self[:6], self.material if programme else "", self.type]
        columns += [self.title, "", promo_type, "", "", "", "", self.repeat, "", "", ""]
        columns.append("" if programme else self.material)
        return "\t".join(columns) + "\r\n"


#: By type: titles, the shortest and the longest duration, and how many of a hundred rows.
_TYPES: dict[Type, tuple[list[str], int, int, int]] = {
    "PROGRAMMA": (
        ["NIEUWS", "WEER", "CAFÉ DE SLUIS", "REGIO VANDAAG", "HET GROTE GEMEENTEJOURNAAL"],
        36,
        2_300,
        25,
    ),
    "PROMO": (
        ["BUMPER TERUGKIJKEN", "PRÉVIEW ZATERDAG", "OP STAP IN DE POLDER DINSDAG", "COMBI"],
        5,
        60,
        57,
    ),
    "STATIONID": (["SID 201 SLUIS", "SID 202 MOLEN"], 8, 10, 18),
}

#: One wrong value in a good row: field of the row, value, and what it must be rejected for. A
#: number that is not known is written -1.
_FAULTS: list[tuple[str, str, Expectation]] = [
    ("material", "", Expectation("rejected", "traffic.spot_needs_material", "isci")),
    ("duration", "-1", Expectation("rejected", "traffic.spot_needs_length", "length_s")),
    ("duration", "0", Expectation("rejected", "schema.range", "length_s")),
    ("duration", "x", Expectation("rejected", "schema.type", "length_s")),
]


def write_asrun(out: BinaryIO, options: SampleOptions, expected: BinaryIO | None) -> Counter[Outcome]:
    """Writes the log and what must become of its records; counts the records by outcome."""
    rng = random.Random(f"{options.seed}:faults")
    outcomes: Counter[Outcome] = Counter()
    #: Records that will be delivered.
    recent: deque[tuple[int, Row]] = deque(maxlen=NEAR)
    days = {"day": FIRST_DAY, "next_day": FIRST_DAY + timedelta(1)}
    lines = [line.format(**days) + "\r\n" for line in _HEAD]
    expectations: list[str] = []
    for ordinal, row in enumerate(islice(_rows(options.seed), options.records)):
        expectation = DELIVERED
        if rng.random() < options.faults:
            row, expectation = _spoil(row, rng, recent)
        else:
            recent.append((ordinal, row))
        outcomes[expectation.outcome] += 1
        lines.append(row.line())
        expectations.append(expectation_line(ordinal, ordinal + len(_HEAD) + 1, expectation))
        if len(lines) >= BLOCK:
            _flush(out, lines, expected, expectations)
    _flush(out, lines, expected, expectations)
    return outcomes


def _flush(out: BinaryIO, lines: list[str], expected: BinaryIO | None, expectations: list[str]) -> None:
    out.write("".join(lines).encode("iso-8859-1"))
    lines.clear()
    if expected is not None:
        expected.write("".join(expectations).encode())
    expectations.clear()


def _spoil(row: Row, rng: random.Random, recent: deque[tuple[int, Row]]) -> tuple[Row, Expectation]:
    kind = rng.randrange(len(_FAULTS) + 1)
    if kind < len(_FAULTS) or not recent:
        field, value, expectation = _FAULTS[kind % len(_FAULTS)]
        return row._replace(**{field: value}), expectation
    ordinal, earlier = rng.choice(recent)
    return earlier, Expectation("duplicate", duplicate_of=ordinal)


def _rows(seed: int) -> Iterator[Row]:
    """Good rows without end, each starting where the last one ends."""
    rng = random.Random(f"{seed}:asrun")
    types: list[Type] = [type_ for type_, (*_, share) in _TYPES.items() for _ in range(share)]
    # Each seed its own station: the records of two files never meet.
    channel, station = str(rng.randrange(100, 1_000)), "".join(rng.choices(ascii_uppercase, k=4))
    numbers = count(4_400_000)
    numbered: dict[str, str] = {}
    for day in count():
        air_date = f"{FIRST_DAY + timedelta(day):%Y%m%d}"
        starts = PIVOT
        while starts < DAY_ENDS:
            type_ = rng.choice(types)
            titles, shortest, longest, _ = _TYPES[type_]
            title = rng.choice(titles)
            if type_ == "PROGRAMMA" or title not in numbered:
                numbered[title] = str(next(numbers))
            duration = min(rng.randint(shortest, longest), DAY_ENDS - starts)
            ends = min(starts + duration - (rng.random() < 0.75), DAY_ENDS - 1)
            yield Row(
                channel,
                station,
                air_date,
                _clock(starts),
                str(duration),
                _clock(ends),
                type_,
                title,
                numbered[title],
                rng.choice(("100", "200")) if type_ == "PROGRAMMA" else "",
            )
            starts += duration


def _clock(seconds: int) -> str:
    return f"{seconds // 3600:02d}{seconds % 3600 // 60:02d}{seconds % 60:02d}"
