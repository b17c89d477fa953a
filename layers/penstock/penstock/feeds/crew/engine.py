"""The rule engine: what the records of crew members are worth, given what is known of each.

Deterministic: the same records and histories give the same findings, in whatever order the records come. A crew
member's duties are judged in order of time. One without a hard finding counts for those after it; one with a hard
finding does not, as it is handed back, and is judged again with all that came since when it comes back. A duty between
others answers for them too: if it breaks a rule for a later one that has been accepted, it is the one to go.

A higher revision of a duty replaces the lower one, in the file or in the history; if it is rejected, the accepted one
stays, and counts for all others.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from penstock.feeds.crew import (
    acclimatisation,
    activities,
    blocktimes,
    common,
    cumulative,
    easa,
    easa_rest,
    operator_rules,
    part117,
    part117_rest,
    timezones,
)
from penstock.feeds.crew.clauses import MOST_NAMED, Breach, Clause
from penstock.feeds.crew.cumulative import policy_windows
from penstock.feeds.crew.duty import Duty, Times, is_flown, is_operated, reading_of
from penstock.feeds.crew.history import History
from penstock.feeds.crew.policy import REGULATION_ONLY, Policy
from penstock.feeds.crew.times import HOUR, hours, is_zone, text_of
from penstock.feeds.feed import Record
from penstock.model.findings import Severity

DUTIES_OVERLAP = Clause(
    "crew.duties_overlap",
    "report_at",
    "14 CFR 117.3, 117.25(a); ORO.FTL.105 (duty, rest period)",
    "a crew member has one duty at a time, and none in leave, days off and rest",
)
LONG_PERIOD = Clause(
    "crew.duty_period",
    "report_at",
    "14 CFR 117.3 (duty); ORO.FTL.105(11)",
    "a duty period, of all that has no rest of 10 hours between, takes no more than four days and 24 activities",
)
EXPOSED = Clause(
    "crew.withdrawal",
    "status",
    "record",
    "what others are allowed beside a duty is told where it does not hold without it",
    Severity.SOFT,
)
SUPERSEDED = Clause(
    "crew.superseded",
    "revision",
    "record",
    "the latest revision of a duty counts",
    unit="revision",
    least=True,
)
UNTOLD_END = Clause(
    "crew.untold_fdp_end",
    "fdp_end_at",
    "14 CFR 117.3; ORO.FTL.105(12)",
    "where an FDP that lasted to the release would be too long, the record says when it ends",
    Severity.SOFT,
)
CLAUSES = (
    *common.LAW.clauses,
    common.UNKNOWN_ZONE,
    activities.SHAPE,
    activities.WITHDRAWAL,
    *blocktimes.LAW.clauses,
    DUTIES_OVERLAP,
    LONG_PERIOD,
    EXPOSED,
    SUPERSEDED,
    UNTOLD_END,
    *part117.LAW.clauses,
    *part117_rest.LAW.clauses,
    *acclimatisation.FAR.clauses,
    *easa.LAW.clauses,
    *easa_rest.LAW.clauses,
    *timezones.LAW.clauses,
    *acclimatisation.EASA.clauses,
    *cumulative.LAW.clauses,
)
"""Every finding there is, but for those of an operator's policy."""

PART_117_AMONG_OTHERS = (*part117_rest.LAW.rules, *acclimatisation.FAR.rules)
EASA_AMONG_OTHERS = (*easa_rest.LAW.rules, *timezones.LAW.rules, *acclimatisation.EASA.rules)

MOST_ACTIVITIES = 24
"""Of a duty period. No regulation knows it; more are a file gone wrong."""

LOOKAHEAD = 14 * 24 * HOUR
"""How far after a duty accepted ones are looked at again: two recovery rests are no further apart (ORO.FTL.235(d))."""


class _Entry(NamedTuple):
    """A record, where it stands among the others, and what it says."""

    at: int
    record: Record
    times: Sequence[Times]
    duty: Duty


def examine(
    records: Sequence[Record], histories: Mapping[str, History], policy: Policy = REGULATION_ONLY
) -> list[list[Breach]]:
    """The findings of each record. `histories` has one for each crew member, and takes up the duties that are
    accepted: those without a hard finding."""
    found: list[list[Breach]] = [[] for _ in records]
    by_crew: dict[str, list[_Entry]] = {}
    for at, record in enumerate(records):
        if not is_zone(record["reference_tz"]):
            message = f"there is no time zone {record['reference_tz']}; give an IANA name such as Europe/Berlin"
            found[at].append(common.UNKNOWN_ZONE.breach(message, (record["duty_id"],)))
            continue
        by_crew.setdefault(record["crew_id"], []).append(_Entry(at, record, *reading_of(record)))
    for crew, entries in by_crew.items():
        _examine_crew(entries, histories[crew], policy, found)
    return found


def _examine_crew(entries: Sequence[_Entry], history: History, policy: Policy, found: list[list[Breach]]) -> None:
    known = history.activities
    corrected = {duty.id for duty in known}
    current = _latest(entries, history, found)
    while True:
        found_at = _in_order_of_time(current, history, policy)
        rejected = {entry.at for entry in current if entry.duty.id in corrected and hard(found_at[entry.at])}
        for at in rejected or found_at:
            found[at] += found_at[at]
        if not rejected:
            return
        # What these were to replace stays, so that the others are to be judged beside it.
        history.restore(known)
        current = [entry for entry in current if entry.at not in rejected]


def _latest(entries: Sequence[_Entry], history: History, found: list[list[Breach]]) -> list[_Entry]:
    """The entries that have the highest revision of their duty; the others are told so."""
    highest: dict[str, int] = {}
    for entry in entries:
        known, duty = history.of_id(entry.duty.id), entry.duty
        highest[duty.id] = max(duty.revision, highest.get(duty.id, 0), known.revision if known else 0)
    for at, _, _, duty in entries:
        if duty.revision < highest[duty.id]:
            message = (
                f"revision {highest[duty.id]} of this duty is here or was accepted; send a higher one to change it"
            )
            found[at].append(SUPERSEDED.breach(message, (duty.id,), highest[duty.id], duty.revision))
    return [entry for entry in entries if entry.duty.revision == highest[entry.duty.id]]


def _in_order_of_time(entries: Sequence[_Entry], history: History, policy: Policy) -> dict[int, list[Breach]]:
    """What is found in each entry, by its place. The history takes up those without a hard finding."""
    found_at: dict[int, list[Breach]] = {}
    replaced = {entry.duty.id: history.of_id(entry.duty.id) for entry in entries}
    # All that is replaced goes first: whether a duty fits must not depend on one that is no more.
    for entry in entries:
        history.discard(entry.duty.id)
    for entry in sorted(entries, key=_in_time):
        # The same revision may be there twice.
        twin = history.of_id(entry.duty.id)
        history.discard(entry.duty.id)
        found_at[entry.at] = _examine_one(entry, history, policy, replaced[entry.duty.id])
        if twin and history.of_id(entry.duty.id) is None:
            history.add(twin)
    return found_at


def _in_time(entry: _Entry) -> tuple[int, int, Duty]:
    return entry.duty.begin, entry.duty.release, entry.duty


def _examine_one(entry: _Entry, history: History, policy: Policy, replaced: Duty | None) -> list[Breach]:
    """An activity against everything, without what it replaces. It is not in the history before, and after if it has no
    hard finding."""
    _, record, times, duty = entry
    found = _by_its_times(record, times, duty, policy)
    if hard(found):
        # Figures from times that cannot be would only mislead.
        return found
    if duty.withdrawn:
        history.add(duty)
        return found + _exposed(history, replaced or duty, policy)
    found += _by_itself(record, times, duty, policy.at(duty.begin))
    overlapping = history.overlapping(duty)
    if overlapping:
        message = f"overlaps with {', '.join(one.id for one in overlapping)}; correct one of them"
        ids = tuple(one.id for one in overlapping)
        return [*found, *alone(duty, policy), DUTIES_OVERLAP.breach(message, (*ids, duty.id))]
    period = history.add(duty)
    about = _among_later(history, duty, policy) if duty.beside else _as_a_period(history, period, policy)
    if replaced and not hard(about):
        # Without what it replaces, others may be worth less.
        about += _without(history, replaced, policy)
    # A window of a later duty is found from either end.
    found += dict.fromkeys(_named(history, about))
    if hard(found):
        history.discard(duty.id)
    return found


def _as_a_period(history: History, period: Duty, policy: Policy) -> list[Breach]:
    """What is found in a duty period of the history, and what it does to those after it."""
    number, length = len(history.parts(period)), period.release - period.begin
    if number > MOST_ACTIVITIES or length > blocktimes.LONGEST_DUTY:
        message = (
            f"{number} activities in {hours(length)} without 10 hours of rest between any two; correct their times"
        )
        return [LONG_PERIOD.breach(message, (period.id,))]
    return whole(history, period, policy) + _among_later(history, period, policy)


def whole(history: History, period: Duty, policy: Policy) -> list[Breach]:
    """What is found in a duty period of the history, by itself and by what is before it."""
    found = alone(period, policy)
    found += cumulative.cumulative(history, period)
    found += policy_windows(history, period, policy.at(period.begin))
    return found + among_others(history, period, policy)


def _among_later(history: History, period: Duty, policy: Policy) -> list[Breach]:
    """The hard findings of those after a duty period, which were accepted without it: the next may have become another
    period, too."""
    found: list[Breach] = []
    reach = max([LOOKAHEAD, *((one.window_hours or 0) * HOUR for one in policy.limits)])
    for number, later in enumerate(history.after(period)):
        if later.begin - period.release > reach:
            break
        of_later = among_others(history, later, policy) if number else whole(history, later, policy)
        found += [breach for breach in of_later if breach.severity is Severity.HARD]
    return found


def _without(history: History, gone: Duty, policy: Policy) -> list[Breach]:
    """The hard findings of those around an activity that is gone, which were accepted beside it: those after it, and
    the one before, which may have been one period with it."""
    before = next(history.before(gone), None)
    of_before = whole(history, before, policy) if before else []
    return [one for one in of_before if one.severity is Severity.HARD] + _among_later(history, gone, policy)


def _exposed(history: History, withdrawn: Duty, policy: Policy) -> list[Breach]:
    """Nobody can refuse that a duty is withdrawn. What is not allowed any more without it is told."""
    exposed = _named(history, _without(history, withdrawn, policy))
    return [
        EXPOSED.breach(f"without {withdrawn.id}, {one.code} is broken: {one.message}", tuple(one.duties))
        for one in exposed
    ]


def _named(history: History, found: list[Breach]) -> list[Breach]:
    """The same, with every activity of the duty periods named."""
    return [
        one if (names := history.named(one.duties)) == one.duties else replace(one, duties=names[-MOST_NAMED:])
        for one in found
    ]


def _by_its_times(record: Record, times: Sequence[Times], duty: Duty, policy: Policy) -> list[Breach]:
    """What the record says about itself, and its times. When that was to be which is withdrawn does not matter."""
    sectors: Sequence[Record] = record.get("sectors") or ()
    found = activities.shape(record, duty.activity)
    if duty.withdrawn:
        return found
    found += blocktimes.time_order(duty, record.get("fdp_end_at"))
    if sectors:
        found += blocktimes.oooi_order(duty, sectors, times)
        found += blocktimes.sector_order(duty, sectors, times)
        found += blocktimes.broken_route(duty, sectors)
        found += blocktimes.block_discrepancy(duty, sectors, times, policy)
        found += blocktimes.flight_time_mismatch(duty, sectors, times, record.get("flight_time_minutes"))
        found += blocktimes.fdp_mismatch(duty, record.get("fdp_end_at"))
        found += blocktimes.unusual_registration(duty, sectors)
    return found


def _by_itself(record: Record, times: Sequence[Times], duty: Duty, policy: Policy) -> list[Breach]:
    """What the record's own fields tell beside its times."""
    certificates: Sequence[Record] = record.get("qualifications") or ()
    found = common.qualifications(duty, certificates) if certificates and not duty.beside else []
    found += common.rest_facility(duty, policy)
    found += common.edition(duty)
    found += common.untold_sectors(duty, record.get("sectors"))
    found += _untold_end(record, times, duty, policy)
    if policy is not REGULATION_ONLY:
        found += operator_rules.of_a_record(record, times, duty, policy)
    found += common.unknown_airport(duty, record.get("sectors") or ())
    return found


def _untold_end(record: Record, times: Sequence[Times], duty: Duty, policy: Policy) -> list[Breach]:
    """Without `fdp_end_at` the FDP ends as planned until the last sector is in. By then it may have lasted to whatever
    comes behind, or to the release."""
    sectors: Sequence[Record] = record.get("sectors") or ()
    if record.get("fdp_end_at") or not duty.flies or not sectors:
        return []
    flown = [(sector, of) for sector, of in zip(sectors, times, strict=True) if is_flown(sector)]
    last = max((at for at, (sector, _) in enumerate(flown) if is_operated(sector)), default=None)
    if last is None or flown[last][1].actual[3] is not None:
        return []
    behind = [of.block[0] for _, of in flown[last + 1 :] if of.block]
    latest = min([duty.release, *behind])
    if latest <= duty.fdp_end or hard(alone(duty, policy)):
        return []
    broken = [one for one in alone(duty._replace(fdp_end=latest), policy) if one.severity is Severity.HARD]
    return [
        UNTOLD_END.breach(
            f"nobody says when the FDP ends; at {text_of(latest)}, {one.code} would be broken; give fdp_end_at",
            (duty.id,),
        )
        for one in broken[:1]
    ]


def alone(duty: Duty, policy: Policy) -> list[Breach]:
    """The findings of a duty period by itself."""
    policy = policy.at(duty.begin)
    found: list[Breach] = []
    for rule in part117.LAW.rules if duty.far else easa.LAW.rules:
        found += rule(duty, policy)
    return found + operator_rules.of_a_duty(duty, policy) if policy.limits else found


def among_others(history: History, duty: Duty, policy: Policy) -> list[Breach]:
    """The findings of a duty of the history by what is before it."""
    policy = policy.at(duty.begin)
    found: list[Breach] = []
    for rule in PART_117_AMONG_OTHERS if duty.far else EASA_AMONG_OTHERS:
        found += rule(history, duty, policy)
    if policy.limits or policy.recency:
        found += operator_rules.among_others(history, duty, policy)
    return found


def hard(found: Iterable[Breach]) -> bool:
    """Is there a finding that rejects?"""
    return any(breach.severity is Severity.HARD for breach in found)
