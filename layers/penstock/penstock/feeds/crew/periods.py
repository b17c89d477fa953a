"""Duty periods: what a crew member does without the rest between that is demanded before an FDP.

A simulator in the morning and a flight at noon are one duty period, and the FDP begins with the simulator; positioning
home behind a flight is part of the duty, and not of the FDP (14 CFR 117.3, flight duty period; ORO.FTL.105(11), (12),
215). A standby that a flight follows within some hours is what the crew member was called from (CS FTL.1.225, 117.21).
Two flight duties are never one period: between them rest is demanded.
"""

from collections.abc import Iterable

from penstock.feeds.crew.activities import FLIGHT_DUTY
from penstock.feeds.crew.duty import Duty
from penstock.feeds.crew.times import HOUR

SHORT_OF_REST = 10 * HOUR
"""Less than this is no rest before an FDP, wherever it is (117.25(e), ORO.FTL.235(b))."""

CALLED_WITHIN = 4 * HOUR
"""Who has been on standby until then, and flies, was called to it. No regulation knows it: our reading."""

type Period = tuple[Duty, list[Duty]]
"""A duty period as the rules see it, and the activities that it is made of."""


def joins(first: Duty, then: Duty) -> bool:
    """Whether an activity goes on with what was before it."""
    if first.activity == then.activity == FLIGHT_DUTY:
        return False
    gap = then.begin - first.release
    if gap >= SHORT_OF_REST:
        return False
    if first.works or then.works:
        return True
    called = then.activity == FLIGHT_DUTY and not then.standby
    return called and bool(first.standby) and first.activity != FLIGHT_DUTY and gap <= CALLED_WITHIN


def joined(first: Duty, then: Duty) -> Duty:
    """Two activities as one. It goes by the flight's name, if there is one."""
    if then.activity != FLIGHT_DUTY:
        activity = FLIGHT_DUTY if first.activity == FLIGHT_DUTY else first.activity if first.works else then.activity
        place = then.destination or first.destination
        return first._replace(activity=activity, release=then.release, destination=place)
    begin, place = min(first.begin, then.begin), first.origin or then.origin
    if first.works:
        start = first.duty_start
        return then._replace(begin=begin, report=start, original_report=0, fdp_start=start, origin=place)
    start = first.fdp_start if first.flies else then.fdp_start
    return then._replace(
        begin=begin,
        fdp_start=start,
        standby=first.standby,
        standby_start=first.standby_start,
        standby_end=min(first.standby_end, then.report),
        called_at=min(first.called_at, then.report),
    )


def periods(activities: Iterable[Duty]) -> list[Period]:
    """Activities, in order of time, by the duty periods that they are in."""
    found: list[Period] = []
    for one in activities:
        if found and joins(found[-1][0], one):
            whole, parts = found[-1]
            found[-1] = joined(whole, one), [*parts, one]
        else:
            found.append((one, [one]))
    return found
