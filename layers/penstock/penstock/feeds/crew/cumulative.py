"""Limits over rolling windows: 14 CFR 117.23, ORO.FTL.210, and those of an operator's policy.

A window is fullest when it ends where an interval ends: moving its end on through an interval adds as much at the end
as it can lose at the beginning, and moving it on through a gap only loses. So the windows looked at are those that
end with an interval of the duty itself, or of a duty after it that has been accepted already: a duty answers for what
it does to those, too.
"""

from collections.abc import Callable, Iterable
from functools import partial
from typing import NamedTuple

from penstock.feeds.crew.clauses import Breach, Clause, Lawbook
from penstock.feeds.crew.duty import Duty
from penstock.feeds.crew.history import History, Quantity
from penstock.feeds.crew.operator_rules import limit_clause
from penstock.feeds.crew.policy import Policy
from penstock.feeds.crew.times import DAY, HOUR, first_day, hours, local, midnight, month_of, text_of
from penstock.model.findings import Severity

type Spans = Callable[[str, int, int], Iterable[tuple[int, int]]]
"""The windows, as instants, that are fullest with an interval: of (zone, start, end)."""


type Governs = Callable[[tuple[int, int]], bool]
"""Whether a limit is to hold in a window."""


class Window(NamedTuple):
    """At most `limit` minutes of a quantity in each window. `reach` is how long one can be."""

    clause: Clause
    quantity: Quantity
    spans: Spans
    reach: int
    limit: int
    title: str


def rolling(length: int) -> Spans:
    """Any so many consecutive minutes."""

    def spans(zone: str, start: int, end: int) -> Iterable[tuple[int, int]]:
        return ((end - length, end),)

    return spans


def days(number: int) -> Spans:
    """Any so many consecutive calendar days, of the reference zone."""

    def spans(zone: str, start: int, end: int) -> Iterable[tuple[int, int]]:
        first, last = local(zone, start) // DAY, local(zone, end - 1) // DAY
        return [(midnight(zone, day - number + 1), midnight(zone, day + 1)) for day in range(first, last + 1)]

    return spans


def months(number: int) -> Spans:
    """Any so many consecutive calendar months."""

    def spans(zone: str, start: int, end: int) -> Iterable[tuple[int, int]]:
        first, last = month_of(local(zone, start) // DAY), month_of(local(zone, end - 1) // DAY)
        return [
            (midnight(zone, first_day(month - number + 1)), midnight(zone, first_day(month + 1)))
            for month in range(first, last + 1)
        ]

    return spans


def calendar_year(zone: str, start: int, end: int) -> Iterable[tuple[int, int]]:
    """The calendar years that an interval is in."""
    first, last = month_of(local(zone, start) // DAY) // 12, month_of(local(zone, end - 1) // DAY) // 12
    return [
        (midnight(zone, first_day(year * 12)), midnight(zone, first_day(year * 12 + 12)))
        for year in range(first, last + 1)
    ]


def _clause(code: str, field: str, source: str, demands: str) -> Clause:
    return Clause(f"crew.{code}", field, source, demands)


PART_117 = (
    Window(
        _clause(
            "far117.flight_time_672h",
            "flight_time_minutes",
            "14 CFR 117.23(b)(1)",
            "no more than 100 hours of flight time in any 672 consecutive hours",
        ),
        "flight_time",
        rolling(672 * HOUR),
        672 * HOUR,
        100 * HOUR,
        "672 consecutive hours",
    ),
    Window(
        _clause(
            "far117.flight_time_365d",
            "flight_time_minutes",
            "14 CFR 117.23(b)(2)",
            "no more than 1,000 hours of flight time in any 365 consecutive calendar days",
        ),
        "flight_time",
        days(365),
        366 * DAY,
        1000 * HOUR,
        "365 consecutive calendar days",
    ),
    Window(
        _clause(
            "far117.fdp_168h",
            "fdp_end_at",
            "14 CFR 117.23(c)(1)",
            "no more than 60 hours of FDP in any 168 consecutive hours",
        ),
        "fdp",
        rolling(168 * HOUR),
        168 * HOUR,
        60 * HOUR,
        "168 consecutive hours",
    ),
    Window(
        _clause(
            "far117.fdp_672h",
            "fdp_end_at",
            "14 CFR 117.23(c)(2)",
            "no more than 190 hours of FDP in any 672 consecutive hours",
        ),
        "fdp",
        rolling(672 * HOUR),
        672 * HOUR,
        190 * HOUR,
        "672 consecutive hours",
    ),
)
"""117.23(b) and (c)."""

EASA = (
    Window(
        _clause("easa.duty_7d", "release_at", "ORO.FTL.210(a)(1)", "no more than 60 duty hours in 7 consecutive days"),
        "duty",
        days(7),
        8 * DAY,
        60 * HOUR,
        "7 consecutive days",
    ),
    Window(
        _clause(
            "easa.duty_14d", "release_at", "ORO.FTL.210(a)(2)", "no more than 110 duty hours in 14 consecutive days"
        ),
        "duty",
        days(14),
        15 * DAY,
        110 * HOUR,
        "14 consecutive days",
    ),
    Window(
        _clause(
            "easa.duty_28d", "release_at", "ORO.FTL.210(a)(3)", "no more than 190 duty hours in 28 consecutive days"
        ),
        "duty",
        days(28),
        29 * DAY,
        190 * HOUR,
        "28 consecutive days",
    ),
    Window(
        _clause(
            "easa.flight_time_28d",
            "flight_time_minutes",
            "ORO.FTL.210(b)(1)",
            "no more than 100 hours of flight time in 28 consecutive days",
        ),
        "flight_time",
        days(28),
        29 * DAY,
        100 * HOUR,
        "28 consecutive days",
    ),
    Window(
        _clause(
            "easa.flight_time_year",
            "flight_time_minutes",
            "ORO.FTL.210(b)(2)",
            "no more than 900 hours of flight time in a calendar year",
        ),
        "flight_time",
        calendar_year,
        367 * DAY,
        900 * HOUR,
        "a calendar year",
    ),
    Window(
        _clause(
            "easa.flight_time_12m",
            "flight_time_minutes",
            "ORO.FTL.210(b)(3)",
            "no more than 1,000 hours of flight time in 12 consecutive calendar months",
        ),
        "flight_time",
        months(12),
        367 * DAY,
        1000 * HOUR,
        "12 consecutive calendar months",
    ),
)
"""ORO.FTL.210(a) and (b). Its days are calendar days, here of the reference zone: the text says no zone."""

AFTER_TAKEOFF = Clause(
    "crew.far117.cumulative_after_takeoff",
    "extension",
    "14 CFR 117.11(b), (c), 117.19(b)(3), (4)",
    "a cumulative limit may be exceeded to land after takeoff; to be reported within 10 days",
    Severity.SOFT,
)

LAW = Lawbook[Callable[[History, Duty], list[Breach]]]()


def fullest(
    history: History, duty: Duty, quantity: Quantity, spans: Spans, zone: str = "", governs: Governs | None = None
) -> tuple[int, tuple[int, int]]:
    """(minutes, window) of the fullest window that the duty, which is in the history, has a part in. The windows' days
    are of the zone, without one of the duty's; of all windows only those count that are governed."""
    timeline, zone = history.timelines[quantity], zone or duty.zone
    most, where, seen = 0, (0, 0), (0, 0)
    for start, end in timeline.from_after(duty.begin):
        for window in spans(zone, start, end):
            if window[0] >= duty.release:
                return most, where
            # The flights of one day share their windows.
            if window != seen and window[1] > duty.begin:
                total = timeline.total(*window)
                if total > most and (governs is None or governs(window)):
                    most, where = total, window
                seen = window
    return most, where


@LAW.rule(*(window.clause for window in (*PART_117, *EASA)), AFTER_TAKEOFF)
def cumulative(history: History, duty: Duty) -> list[Breach]:
    """117.23(b), (c) and ORO.FTL.210, each in every window in which a duty is under it, by that duty's reference zone:
    all that a crew member does counts, for whomever (117.23(a), ORO.FTL.210). The duty is in the history.

    What arose after takeoff of the last sector may exceed Part 117's limits to land (117.11(b), 117.19(b)(3)): such
    an excess is a soft finding, to be reported.
    """
    own = duty.regulation, duty.zone
    found = _over(history, duty, *own, None)
    for regulation, zone in history.governed:
        if (regulation, zone) != own:
            found += _over(history, duty, regulation, zone, partial(_has, history, regulation, zone))
    return found if len(found) < 2 else list({one.code: one for one in reversed(found)}.values())[::-1]


def _has(history: History, regulation: str, zone: str | None, window: tuple[int, int]) -> bool:
    return history.has_within(*window, regulation, zone)


def _over(history: History, duty: Duty, regulation: str, zone: str, governs: Governs | None) -> list[Breach]:
    found: list[Breach] = []
    for clause, quantity, spans, reach, limit, title in PART_117 if regulation == "far117" else EASA:
        # Mostly there is not that much in any window that the duty could have a part in.
        if history.timelines[quantity].total(duty.begin - reach, duty.release + reach) <= limit:
            continue
        total, window = fullest(history, duty, quantity, spans, zone, governs)
        if total <= limit:
            continue
        landing = (
            regulation == "far117"
            and duty.far
            and duty.extension == "discretion"
            and total - limit <= duty.after_takeoff
        )
        message = (
            f"{hours(total)} hours of {quantity.replace('_', ' ')} in {title} to {text_of(window[1])},"
            f" {hours(total - limit)} over the limit of {hours(limit)}"
        )
        duties = history.ids_within(*window)
        if landing:
            found.append(AFTER_TAKEOFF.breach(f"{message}; report it within 10 days", duties, limit, total))
        else:
            found.append(clause.breach(f"{message}; take the crew member off this duty", duties, limit, total))
    return found


def policy_windows(history: History, duty: Duty, policy: Policy) -> list[Breach]:
    """The operator's own rolling limits. The duty is in the history."""
    found: list[Breach] = []
    for one in policy.limits:
        if one.window_hours is None or one.measure not in ("fdp", "flight_time", "duty"):
            continue
        other = one.regulation not in (None, duty.regulation) and one.regulation
        governs = partial(_has, history, other, None) if other else None
        total, window = fullest(history, duty, one.measure, rolling(one.window_hours * HOUR), governs=governs)
        if total > one.limit:
            message = (
                f"{hours(total)} hours of {one.measure.replace('_', ' ')} in {one.window_hours} hours, the operator's"
                f" limit is {hours(one.limit)}"
            )
            found.append(limit_clause(one, policy).breach(message, history.ids_within(*window), one.limit, total))
    return found
