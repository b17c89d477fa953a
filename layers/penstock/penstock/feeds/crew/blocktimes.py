"""What a duty's times say about themselves, before any limit: OOOI, order, and actual against planned. Times that
contradict each other are handed back before any rule is asked (`invariants`).

OOOI is out (off blocks), off (takeoff), on (touchdown), in (on blocks).
"""

import re
from collections.abc import Callable, Sequence
from datetime import datetime

from penstock.feeds.crew.activities import FLIGHT_DUTY
from penstock.feeds.crew.airports import same_airport
from penstock.feeds.crew.clauses import Breach, Clause, Lawbook
from penstock.feeds.crew.duty import Duty, Oooi, Times, arrived_at, is_flown, is_operated
from penstock.feeds.crew.policy import Policy
from penstock.feeds.crew.times import DAY, HOUR, hours, minute_of, text_of
from penstock.feeds.feed import Record
from penstock.feeds.invariants import Interval, backward, longer_than, outside, overlapping
from penstock.model.findings import Severity

LONGEST_DUTY = 4 * DAY
"""No regulation knows it; a duty of more days is a wrong date."""

LONGEST_FREE = 366 * DAY

LONGEST_SECTOR = 24 * HOUR
"""The longest flights there are take 19 hours; a sector of more than a day is a wrong date."""

_N_NUMBER = re.compile(r"N-?[1-9](?:\d{0,4}|\d{0,3}[A-HJ-NP-Z]|\d{0,2}[A-HJ-NP-Z]{2})")

LAW = Lawbook[Callable[..., list[Breach]]]()

TIME_ORDER = Clause(
    "crew.time_order",
    "release_at",
    "14 CFR 117.3; ORO.FTL.105 (duty, FDP)",
    "a duty begins, its FDP ends, and then the crew member is released; breaks and standby lie where they can",
)


@LAW.rule(TIME_ORDER)
def time_order(duty: Duty, said: datetime | None) -> list[Breach]:
    """Report, end of the FDP, release, within days; a break lies within the FDP, and nobody flies in it; a standby
    begins before it ends, no later than the duty, and ends at report, or takes the place of a duty that nobody was
    called for (14 CFR 117.3; ORO.FTL.105; CS FTL.1.225(b)(5))."""
    faults: list[str] = []
    said_end = minute_of(said) if said else duty.fdp_end
    if not duty.report <= min(duty.fdp_end, said_end) <= max(duty.fdp_end, said_end) <= duty.release != duty.report:
        faults.append("report_at, fdp_end_at and release_at do not follow each other")
    if duty.delay < 0:
        faults.append("original_report_at is after report_at, which is where it was delayed to")
    if longer_than(LONGEST_FREE if duty.beside else LONGEST_DUTY, [Interval("duty", duty.begin, duty.release)]):
        faults.append(f"the {duty.activity.replace('_', ' ')} takes {hours(duty.release - duty.begin)}")
    if duty.sectors and not duty.flies:
        faults.append("there are sectors, and the FDP takes no time")
    if duty.split_start and not (duty.fdp_start <= duty.split_start < duty.split_end <= duty.fdp_end):
        faults.append("split_rest does not lie within the FDP")
    elif duty.flight_time > (room := duty.fdp_end - duty.fdp_start - (duty.split_end - duty.split_start)):
        faults.append(f"there is more flight time than {hours(room)}, which the FDP has room for")
    if duty.standby:
        standby = Interval("standby", duty.standby_start, duty.standby_end)
        if backward([standby]) or duty.standby_start > duty.report:
            faults.append("standby does not begin before its end and the report")
        elif duty.activity == FLIGHT_DUTY and duty.flies and duty.standby_end > duty.report:
            faults.append("standby ends after the report, at which it ceases")
        elif outside(Interval("duty", duty.standby_start, duty.release), [standby]):
            faults.append("standby ends after release_at")
        elif not duty.standby_start <= duty.called <= duty.standby_end:
            faults.append("standby.called_at does not lie in the standby")
    return [TIME_ORDER.breach(f"{fault}; correct the times or their offsets", (duty.id,)) for fault in faults]


OOOI_ORDER = Clause(
    "crew.oooi_order",
    "sectors",
    "14 CFR 1.1 (flight time); ORO.FTL.105 (flight time)",
    "a sector's out, off, on and in follow each other",
)


@LAW.rule(OOOI_ORDER)
def oooi_order(duty: Duty, sectors: Sequence[Record], times: Sequence[Times]) -> list[Breach]:
    """Out, off, on, in never go back, planned and actual each, nor from what was planned to what became of it; a
    missing one is passed over. No sector takes more than a day, and none takes no time."""
    found: list[Breach] = []
    for number, (sector, of) in enumerate(zip(sectors, times, strict=True), 1):
        for kind, oooi in (("planned", of.planned), ("actual", of.actual)):
            if fault := _fault(oooi):
                message = f"sector {number} ({sector['flight']}): {kind} times {fault}; check dates and offsets"
                found.append(OOOI_ORDER.breach(message, (duty.id,)))
        if (known := of.block) is None or known[0] <= known[1] <= known[0] + LONGEST_SECTOR:
            continue
        block = Interval(f"sector {number} ({sector['flight']})", *known)
        for one in (*backward([block]), *longer_than(LONGEST_SECTOR, [block])):
            message = f"{one.name} is out at {text_of(one.start)} and in at {text_of(one.end)}; check dates and offsets"
            found.append(OOOI_ORDER.breach(message, (duty.id,)))
    return found


def _fault(oooi: Oooi) -> str:
    said = [time for time in oooi if time is not None]
    if said != sorted(said):
        return "go back"
    out, off, on, into = oooi
    left, arrived = off if out is None else out, on if into is None else into
    if left is None or arrived is None or 0 < arrived - left <= LONGEST_SECTOR:
        return ""
    return f"say that it takes {hours(arrived - left)}"


SECTOR_ORDER = Clause(
    "crew.sector_order",
    "sectors",
    "14 CFR 117.3; ORO.FTL.105 (FDP)",
    "sectors follow each other, within the duty",
)


@LAW.rule(SECTOR_ORDER)
def sector_order(duty: Duty, sectors: Sequence[Record], times: Sequence[Times]) -> list[Breach]:
    """The sectors' block times follow each other from report to release, and none lies in a break on the ground. One
    that was cancelled is none."""
    found: list[Breach] = []
    before = duty.report
    for number, (sector, of) in enumerate(zip(sectors, times, strict=True), 1):
        block = of.block
        if block is None or sector.get("status") == "cancelled":
            continue
        if block[0] < before:
            message = (
                f"sector {number} ({sector['flight']}) leaves at {text_of(block[0])}, before {text_of(before)}, when"
                " the duty begins or the sector before it ends; check the times and the sectors' order"
            )
            found.append(SECTOR_ORDER.breach(message, (duty.id,)))
        before = max(before, block[1])
    if before > duty.release:
        message = f"the last sector is in at {text_of(before)}, after release_at {text_of(duty.release)}"
        found.append(SECTOR_ORDER.breach(f"{message}; the duty ends no earlier", (duty.id,)))
    return found + _in_the_break(duty, sectors, times)


def _in_the_break(duty: Duty, sectors: Sequence[Record], times: Sequence[Times]) -> list[Breach]:
    if not duty.split:
        return []
    split = Interval("split_rest", duty.split_start, duty.split_end)
    flown = [
        Interval(f"sector {number} ({sector['flight']})", *of.block)
        for number, (sector, of) in enumerate(zip(sectors, times, strict=True), 1)
        if of.block and is_flown(sector)
    ]
    return [
        SECTOR_ORDER.breach(
            f"{one.name} is under way from {text_of(one.start)} to {text_of(one.end)}, within split_rest; nobody rests"
            " and flies at once",
            (duty.id,),
        )
        for one in flown
        if overlapping([split, one])
    ]


BROKEN_ROUTE = Clause(
    "crew.broken_route",
    "sectors",
    "record",
    "a sector begins where the one before ended",
    Severity.SOFT,
)


@LAW.rule(BROKEN_ROUTE)
def broken_route(duty: Duty, sectors: Sequence[Record]) -> list[Breach]:
    """Each sector begins where the one before ended. What the table of airports cannot tell is told by
    `common.unknown_airport`."""
    found: list[Breach] = []
    there, last = "", 0
    for number, sector in enumerate(sectors, 1):
        if sector.get("status") == "cancelled":
            continue
        here = sector["origin"]
        if there and (same_airport(there, here) is False or (there != here and len(there) == len(here))):
            message = f"sector {number} leaves {here}, sector {last} arrived at {there}; is a sector missing?"
            found.append(BROKEN_ROUTE.breach(message, (duty.id,)))
        there, last = arrived_at(sector), number
    return found


BLOCK_DISCREPANCY = Clause(
    "crew.block_discrepancy",
    "sectors",
    "operator policy, block_threshold",
    "actual block time is near the planned",
    Severity.SOFT,
)


@LAW.rule(BLOCK_DISCREPANCY)
def block_discrepancy(duty: Duty, sectors: Sequence[Record], times: Sequence[Times], policy: Policy) -> list[Breach]:
    """Actual block time (in - out) against planned, per sector, and what all delays together did to the FDP: by how
    much the last sector was in later than planned. Flagged from above the policy's `block_threshold`."""
    found: list[Breach] = []
    for number, (sector, of) in enumerate(zip(sectors, times, strict=True), 1):
        planned, actual = _length(of.planned), _length(of.actual)
        if planned is None or actual is None or abs(actual - planned) <= policy.block_threshold:
            continue
        message = (
            f"sector {number} ({sector['flight']}) took {hours(actual)} from block to block, {hours(planned)} were"
            f" planned; {_effect(times[-1])}"
        )
        if actual < planned:
            found.append(BLOCK_DISCREPANCY.breach(message, (duty.id,)))
        else:
            found.append(BLOCK_DISCREPANCY.breach(message, (duty.id,), planned + policy.block_threshold, actual))
    return found


def _length(oooi: Oooi) -> int | None:
    out, _, _, into = oooi
    return None if out is None or into is None else into - out


def _effect(last: Times) -> str:
    planned, actual = last.planned[3], last.actual[3]
    if planned is None or actual is None:
        return "what it did to the FDP is not known before the last sector is in"
    if planned == actual:
        return "the FDP ends as planned"
    return f"the FDP ends {hours(abs(actual - planned))} {'later' if actual > planned else 'earlier'} than planned"


FLIGHT_TIME_MISMATCH = Clause(
    "crew.flight_time_mismatch",
    "flight_time_minutes",
    "14 CFR 1.1 (flight time); ORO.FTL.105 (flight time)",
    "flight time is the sum of the sectors' block times",
    Severity.SOFT,
)


@LAW.rule(FLIGHT_TIME_MISMATCH)
def flight_time_mismatch(
    duty: Duty, sectors: Sequence[Record], times: Sequence[Times], said: int | None
) -> list[Breach]:
    """`flight_time_minutes` against the block times of the sectors, where all are known. Each of them may have been
    rounded to a minute."""
    blocks = [of.block for of, sector in zip(times, sectors, strict=True) if is_operated(sector)]
    if said is None or not blocks or None in blocks:
        return []
    flown = sum(block[1] - block[0] for block in blocks if block)
    if abs(said - flown) <= len(blocks):
        return []
    message = f"flight_time_minutes says {hours(said)}, the sectors add up to {hours(flown)}, which counts"
    return [FLIGHT_TIME_MISMATCH.breach(message, (duty.id,), flown, said)]


FDP_MISMATCH = Clause(
    "crew.fdp_mismatch",
    "fdp_end_at",
    "14 CFR 117.3; ORO.FTL.105(12)",
    "the FDP ends when the last sector that is operated is in",
    Severity.INFO,
)


@LAW.rule(FDP_MISMATCH)
def fdp_mismatch(duty: Duty, said: datetime | None) -> list[Breach]:
    """`fdp_end_at` against the end of the last sector that is operated, where all have times: that is when the FDP ends
    (14 CFR 117.3, ORO.FTL.105(12)), and what the rules take."""
    end = minute_of(said) if said else duty.fdp_end
    if end == duty.fdp_end:
        return []
    message = (
        f"fdp_end_at says {text_of(end)}, the last sector that is operated is in at {text_of(duty.fdp_end)}, which"
        " counts"
        if duty.flies
        else f"fdp_end_at says {text_of(end)}, and no sector is operated: there is no FDP"
    )
    return [FDP_MISMATCH.breach(message, (duty.id,), duty.fdp_end - duty.report, end - duty.report)]


UNUSUAL_REGISTRATION = Clause(
    "crew.unusual_registration",
    "sectors",
    "14 CFR 47.15",
    "a registration that begins with N has the form of one",
    Severity.INFO,
)


@LAW.rule(UNUSUAL_REGISTRATION)
def unusual_registration(duty: Duty, sectors: Sequence[Record]) -> list[Breach]:
    """N and a number of up to five characters, no 0 first, no I and no O (14 CFR 47.15). Only told: reports of the US
    Department of Transportation carry tail numbers that are none."""
    names = {name for sector in sectors if (name := sector.get("registration") or "").startswith("N")}
    return [
        UNUSUAL_REGISTRATION.breach(f"{name} is no registration of the US; a carrier's own tail number?", (duty.id,))
        for name in sorted(names)
        if not _N_NUMBER.fullmatch(name)
    ]
