"""What an event of Penstock's gives people cause to be told: none, one, or several.

A cause has a kind, a lane and what it is about, and no number: a thousand files that are refused for the same reason
are one cause. Sentences are made of counts, codes, keys and ids, and of words that findings have; of no record.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from penstock.feeds import FEEDS
from penstock.model.lane_names import name_of
from penstock.model.notices import Cause, Weight
from penstock.model.visible import visible

type Detail = Mapping[str, Any]

LONGEST_KEY = 200  #: characters of a key that are shown; a sender chooses it

#: Each kind as a title has it, and as a digest counts it.
TITLES: dict[str, tuple[str, str]] = {
    "FileRefused": ("A file was refused", "files refused"),
    "FileIncomplete": ("A file ended without some of its records", "files incomplete"),
    "FileImbalanced": ("A file's account does not balance", "files out of balance"),
    "ControlTotalDiffers": ("A file is not what its sender declared", "files with other control totals"),
    "RecordsUnknown": ("It is not known whether records were taken", "files with records unknown"),
    "RecordsHeld": ("Records are held", "files with records held"),
    "RecordsHeldTooLong": ("Records have been held too long", "files with records held too long"),
    "RecordsRejected": ("Records were rejected", "files with records rejected"),
    "BudgetSpent": ("A feed's files cost more than its budget", "files beyond the feed's budget"),
    "FileSettled": ("A file has settled", "files settled"),
    "FileStalled": ("A file has been open for hours", "files stalled"),
    "FilesOverdue": ("Files are over their deadline", "looks that found files overdue"),
    "FileOverlooked": ("A dropped file was overlooked", "files overlooked"),
    "WorkFailing": ("A file or chunk fails again and again", "files or chunks failing often"),
    "WorkResent": ("Lost work was sent again", "files with work sent again"),
    "CircuitOpened": ("A destination is down: its circuit is open", "times that a circuit opened"),
    "TemplateDrifted": ("A form has changed", "forms changed"),
    "LookFailed": ("A look of Penstock's own failed", "faults of looks"),
}


def causes_of(kind: str, detail: Detail) -> list[Cause]:
    """The causes of an event, the heaviest first; none of an event that is nobody's trouble, or unknown."""
    found = list(_FINDERS[kind](detail)) if kind in _FINDERS else []
    return sorted(found, key=lambda cause: list(Weight).index(cause.weight), reverse=True)


def shown_key(detail: Detail) -> str:
    """A key as people may see it, whatever its sender wrote into it."""
    key = visible(str(detail.get("key", "")))
    return key if len(key) <= LONGEST_KEY else f"{key[:LONGEST_KEY]}…"


def lane_of_event(detail: Detail) -> str:
    """The lane, or the feed, that an event is about; "" where its key names none, as anybody could make up many."""
    feed = str(detail.get("feed", ""))
    return name_of(feed, str(detail.get("lane", ""))) if feed in FEEDS else ""


def _cause(kind: str, detail: Detail, weight: Weight, sentence: str, about: str = "", records: int = 0) -> Cause:
    file_id = str(detail.get("file_id", ""))
    return Cause(kind, lane_of_event(detail), weight, visible(about), sentence, file_id, records)


def _refused(detail: Detail) -> Iterator[Cause]:
    finding = detail["refused"]
    sentence = f"{shown_key(detail)}: {finding['message']} ({finding['code']})"
    yield _cause("FileRefused", detail, Weight.ERROR, sentence, finding["code"])


def _settled(detail: Detail) -> Iterator[Cause]:
    key, records, ranges = shown_key(detail), detail["records"], detail.get("ranges", {})
    yield _cause("FileSettled", detail, Weight.INFO, key, records=records["received"])
    if not detail["balanced"]:
        yield _cause("FileImbalanced", detail, Weight.ERROR, f"{key}: its outcomes do not add up to its records")
    if detail["state"] == "incomplete":
        sentence = f"{key}: {_records(records['dead'])} dead{_which(ranges, 'dead')}"
        yield _cause("FileIncomplete", detail, Weight.ERROR, sentence, records=records["dead"])
    totals: Any = detail.get("control_totals")
    differ = totals and totals["differ"]
    if differ:
        sentence = f"{key}: {visible(str(differ))}"
        yield _cause("ControlTotalDiffers", detail, Weight.ERROR, sentence, records=records["received"])
    for outcome, kind, weight in (
        ("unknown", "RecordsUnknown", Weight.ERROR),
        ("held", "RecordsHeld", Weight.WARNING),
        ("rejected", "RecordsRejected", Weight.WARNING),
    ):
        if records[outcome]:
            sentence = f"{key}: {_records(records[outcome])} {outcome}{_which(ranges, outcome)}"
            yield _cause(kind, detail, weight, sentence, records=records[outcome])


def _failing(detail: Detail) -> Iterator[Cause]:
    what = f"chunk {detail['chunk']} of {shown_key(detail)}" if detail["chunk"] is not None else shown_key(detail)
    sentence = f"{what}: {detail['failures']} failures in a row of the {detail['stage']}: {visible(detail['reason'])}"
    yield _cause("WorkFailing", detail, Weight.ERROR, sentence, detail["stage"])


def _stalled(detail: Detail) -> Iterator[Cause]:
    sentence = f"{shown_key(detail)}: open for {detail['open_for_seconds'] / 3600:.0f} hours"
    yield _cause("FileStalled", detail, Weight.ERROR, sentence)


def _overdue(detail: Detail) -> Iterator[Cause]:
    sentence = f"{_files(detail['files'])} not ended within {detail['deadline_hours']:g} hours"
    yield _cause("FilesOverdue", detail, Weight.ERROR, f"{sentence}; the oldest is {shown_key(detail)}")


def _overlooked(detail: Detail) -> Iterator[Cause]:
    yield _cause("FileOverlooked", detail, Weight.ERROR, f"{shown_key(detail)}: nobody has begun to read it")


def _resent(detail: Detail) -> Iterator[Cause]:
    sentence = f"{shown_key(detail)}: {detail['messages']} of its messages were lost"
    yield _cause("WorkResent", detail, Weight.WARNING, sentence)


def _opened(detail: Detail) -> Iterator[Cause]:
    yield _cause("CircuitOpened", detail, Weight.ERROR, visible(detail["reason"]))


def _drifted(detail: Detail) -> Iterator[Cause]:
    sentence = f"{shown_key(detail)}: {visible(detail['template'])} is not as its template has it"
    yield _cause("TemplateDrifted", detail, Weight.WARNING, sentence, f"{detail['template']}/{detail['signature']}")


def _failed_look(detail: Detail) -> Iterator[Cause]:
    sentence = f"at {visible(detail['about'])}: {detail['error']} at {detail['place']}"
    yield _cause("LookFailed", detail, Weight.ERROR, sentence, detail["look"])


def _records(number: int) -> str:
    return f"{number:,} record{'' if number == 1 else 's'}"


def _files(number: int) -> str:
    return f"{number:,} file{'' if number == 1 else 's'}"


def _which(ranges: Mapping[str, str], outcome: str) -> str:
    """Which records they are, by their places in the file, as far as one line can tell."""
    said = ranges.get(outcome, "")
    return f" (ordinals {said[:100]}{'…' if len(said) > 100 else ''})" if said else ""


_FINDERS: dict[str, Callable[[Detail], Iterator[Cause]]] = {
    "FileRefused": _refused,
    "FileSettled": _settled,
    "WorkFailing": _failing,
    "FileStalled": _stalled,
    "FilesOverdue": _overdue,
    "FileOverlooked": _overlooked,
    "WorkResent": _resent,
    "CircuitOpened": _opened,
    "TemplateDrifted": _drifted,
    "LookFailed": _failed_look,
}

HEARD = frozenset(_FINDERS)
"""The kinds of events that the notifier listens to."""
