"""Each metric is a figure, or tells of a fault: then it has an alarm (tests/template holds that it does)."""

import re
from pathlib import Path

from penstock.model.findings import Outcome
from penstock.model.stage_result import FAULTS

SOURCES = Path(__file__).parents[2] / "layers/penstock/penstock"

#: What was done, how much and how long it took; and by which a look says that it was there.
FIGURES = frozenset(
    [
        "BytesSplit",
        "CausesTold",
        "ChunkLatency",
        "ChunksPutOff",
        "ChunksSent",
        "ChunksSettled",
        "ChunksValidated",
        "AccountsLogged",
        "DeliveryLatency",
        "DestinationCalls",
        "DocumentPages",
        "DocumentsHandedOver",
        "DocumentsPutOff",
        "DocumentsRead",
        "DropsLooks",
        "FileDuration",
        "FilesHandedOn",
        "FilesRefused",
        "FilesSettled",
        "FilesUnpacked",
        "IdleLooks",
        "NoticesGiven",
        "PagesRead",
        "PartsMerged",
        "RangesSent",
        "RecordsReceived",
        "RecordsTabulated",
        "WorkLooks",
    ]
)


def named() -> set[str]:
    """Every metric that some module counts in, by its name."""
    texts = [path.read_text() for path in SOURCES.rglob("*.py")]
    counting = [text for text in texts if "StageResult" in text or "def complete_file" in text]
    return {name for text in counting for name in re.findall(r'"((?:[A-Z][a-z]+){2,})":? ?[0-9a-z(]', text)}


def test_of_every_metric_somebody_has_said_whether_it_tells_of_a_fault() -> None:
    assert named() >= {"InternalErrors", "FilesRefused", "ChunksBuried", "LeftToNewerRelease"}
    assert named() - FAULTS - FIGURES == set()


def test_no_fault_is_one_that_nothing_counts() -> None:
    of_outcomes = {f"Records{outcome.title()}" for outcome in Outcome}
    assert named() | of_outcomes >= FAULTS
