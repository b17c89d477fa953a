"""What a notice, a digest and a sender's receipt say."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from penstock.model.findings import Outcome
from penstock.model.ids import report_key
from penstock.model.lane_names import parts_of
from penstock.model.notices import HeldFile, Met, Notice, Weight
from penstock.model.visible import visible
from penstock.notices.causes import TITLES, Detail, lane_of_event, shown_key

LONGEST = 100  #: lines of a digest or receipt; what is left out is counted

#: What an outcome means to whoever sent the file.
_MEANS = {
    Outcome.DELIVERED: "taken",
    Outcome.REJECTED: "refused; mend them in the reject file and drop it again",
    Outcome.DUPLICATE: "not sent, as they had been delivered before",
    Outcome.HELD: "held until somebody at the receiver's decides",
    Outcome.UNKNOWN: "sent, but not answered; the receiver finds out whether they were taken",
    Outcome.DEAD: "not done; the receiver has to mend something first",
}


def day_of(at: float) -> str:
    """The day of a time, in UTC.

    >>> day_of(1_800_000_000.0)
    '2027-01-15'
    """
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d}"


def day_before(at: float) -> str:
    """The day before that of a time, in UTC."""
    return f"{datetime.fromtimestamp(at, UTC) - timedelta(days=1):%Y-%m-%d}"


def notice_of(met: Met, day: str, now: float) -> Notice:
    """The notice of a cause, which was met for the first time that day."""
    cause = met.first
    about = f" ({cause.about})" if cause.about else ""
    lines = [cause.sentence, *([f"penstock report {cause.file_id}"] if cause.file_id else [])]
    return Notice(
        id=f"{day}/{cause.id}",
        kind="notice",
        weight=cause.weight,
        lane=cause.lane,
        title=f"{_place(cause.lane)}: {TITLES[cause.kind][0]}{about}",
        lines=(*lines, "More of the same on this day (UTC) is counted, and told in the digest."),
        cause=cause.id,
        file_id=cause.file_id,
        at=now,
    )


def digest_of(day: str, met: Iterable[Met], held: Iterable[HeldFile], now: float) -> Notice:
    """The digest of a day: its causes, the heaviest first, and what is still held."""
    order = list(Weight)
    ordered = sorted(met, key=lambda one: (-order.index(one.first.weight), one.first.lane, one.first.kind))
    lines = [_counted(one) for one in ordered] + list(_still_held(held))
    heaviest = ordered[0].first.weight if ordered else Weight.INFO
    return Notice(
        id=f"digest/{day}",
        kind="digest",
        weight=heaviest,
        lane="",
        title=f"Penstock on {day}: {_heard(ordered)}",
        lines=_shortened(lines or ["No file has come."]),
        at=now,
    )


def _heard(met: Sequence[Met]) -> str:
    errors = sum(one.first.weight is Weight.ERROR for one in met)
    warnings = sum(one.first.weight is Weight.WARNING for one in met)
    return f"{_number(errors, 'error')}, {_number(warnings, 'warning')}" if errors or warnings else "all is well"


def _counted(met: Met) -> str:
    cause = met.first
    about, records = f" ({cause.about})" if cause.about else "", f", records: {met.records:,}" if met.records else ""
    first = f"; first {cause.sentence}" if cause.weight is not Weight.INFO else ""
    return f"{_place(cause.lane)}: {TITLES[cause.kind][1]}{about}: {met.times:,}{records}{first}"


def _still_held(held: Iterable[HeldFile]) -> Iterable[str]:
    by_lane: dict[str, list[HeldFile]] = {}
    for one in held:
        by_lane.setdefault(one.lane, []).append(one)
    for lane, files in sorted(by_lane.items()):
        records, since = sum(one.records for one in files), min(one.since for one in files)
        yield (
            f"{_place(lane)}: {_number(records, 'record')} of {_number(len(files), 'file')} still held,"
            f" the oldest since {day_of(since)}; penstock held list"
        )


def receipt_of(detail: Detail, now: float) -> Notice:
    """What a sender is told of a file that was refused or has settled, as its event has it: what came, what was taken,
    what was not and why, and where the reject file is."""
    lane, account = lane_of_event(detail), detail.get("account_version", 0)
    return Notice(
        id=f"receipt/{detail['file_id']}/{account}",
        kind="receipt",
        weight=Weight.INFO,
        lane=lane,
        title=f"Receipt for {shown_key(detail)}",
        lines=_shortened([*_headed(detail, now), "", *(_refusal(detail) if detail["refused"] else _account(detail))]),
        file_id=detail["file_id"],
        at=now,
    )


def _headed(detail: Detail, now: float) -> Iterable[str]:
    yield f"File {detail['file_id']}, version {visible(str(detail['version_id']))}"
    yield f"Account {detail['account_version']}, {datetime.fromtimestamp(now, UTC):%Y-%m-%d %H:%M} UTC"


def _refusal(detail: Detail) -> Iterable[str]:
    finding = detail["refused"]
    yield "The file was refused as a whole, and nothing of it was taken:"
    yield f"{finding['message']} ({finding['code']})"
    yield "Mend it and drop it again."


def _account(detail: Detail) -> Iterable[str]:
    records: dict[str, int] = detail["records"]
    yield f"{records['received']:>12,} came"
    for outcome, means in _MEANS.items():
        if records[outcome] or outcome is Outcome.DELIVERED:
            yield f"{records[outcome]:>12,} {outcome}: {means}"
    if not detail["balanced"]:
        yield "These do not add up, which the receiver is told of."
    yield from _totals(detail.get("control_totals"))
    if detail["findings"]:
        yield ""
        yield "Why, by the code of what was found, and how often:"
        yield from (f"{times:>12,} {visible(code)}" for code, times in detail["findings"].items())
    if records[Outcome.REJECTED]:
        yield ""
        yield f"Reject file: {report_key(detail['file_id'], 'rejects.csv')}"
        yield f"As a workbook: {report_key(detail['file_id'], 'rejects.xlsx')}"
        yield "Each of its rows says what is to be mended; mend it, and drop the file again."


def _totals(totals: Any) -> Iterable[str]:
    if totals and totals["differ"]:
        yield f"Your control totals differ from the file: {visible(totals['differ'])}"
    elif totals:
        yield "Your control totals agree with the file."


def receipt_key(lane: str, notice: Notice) -> str:
    """The key in the work bucket of a receipt that lies in the outbox. Nothing in it is of the sender's making.

    >>> receipt_key("tower/north", Notice(id="receipt/4c9e/2", kind="receipt", weight=Weight.INFO, lane="tower/north",
    ...     title="", lines=(), file_id="4c9e", at=0.0))
    'outbox/tower/4c9e/2.txt'
    """
    return f"outbox/{parts_of(lane)[0] or 'unknown'}/{notice.id.removeprefix('receipt/')}.txt"


def trial(route: str, now: float) -> Notice:
    """A notice that tries whether a route leads anywhere."""
    return Notice(
        id=f"test/{route}/{now:.0f}",
        kind="test",
        weight=Weight.INFO,
        lane="",
        title="Penstock: a test notice",
        lines=(f"The route {route} leads here. Nothing is wrong.",),
        cause=f"test/{route}",
        at=now,
    )


def _place(lane: str) -> str:
    return lane or "no feed"


def _number(number: int, of: str) -> str:
    return f"{number:,} {of}{'' if number == 1 else 's'}"


def _shortened(lines: Sequence[str]) -> tuple[str, ...]:
    if len(lines) <= LONGEST:
        return tuple(lines)
    return (*lines[:LONGEST], f"… and {len(lines) - LONGEST:,} lines more")
