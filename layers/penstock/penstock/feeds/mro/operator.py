"""What an operator does not take without a look, by its policy."""

from dataclasses import dataclass

from penstock.feeds.mro.days import day_of, last_day_of
from penstock.feeds.mro.policy import Policy
from penstock.feeds.rules import Casebook, Record
from penstock.model.findings import Severity


@dataclass(frozen=True, slots=True)
class Submission:
    """A record as it comes to an operator."""

    record: Record
    policy: Policy


RULES = Casebook[Submission]("mro")


@RULES.rule(
    "ocr_confidence",
    "ocr_confidence",
    "the record was read from paper with less confidence than the operator demands; somebody must look at it",
    "the operator's policy, ocr_threshold",
    severity=Severity.SOFT,
)
def _read_with_little_confidence(one: Submission) -> bool:
    confidence = one.record.get("ocr_confidence")
    return confidence is not None and confidence < one.policy.ocr_threshold


@RULES.rule(
    "late",
    "removal_date",
    "the record's last date is much later than what it tells of; is the year right?",
    "the operator's policy, late_after_days",
    severity=Severity.SOFT,
)
def _late(one: Submission) -> bool:
    return (last_day_of(one.record) - day_of(one.record)).days > one.policy.late_after_days
