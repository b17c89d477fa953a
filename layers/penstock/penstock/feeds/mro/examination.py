"""What is wrong with a record beside the others of the same component, and for the operator.

A component's records are put in order of their days: those that are known first of all, then each new one in its place,
where it is compared with the nearest before and after it. Known records are taken to be right, and a new one that is
not is passed over when the next is compared: one wrong record makes no other wrong.
"""

from bisect import insort
from collections.abc import Sequence

from penstock.feeds.feed import Known, Record
from penstock.feeds.mro import operator, timeline
from penstock.feeds.mro.component import NO_SERIAL
from penstock.feeds.mro.history import event_of, remembered
from penstock.feeds.mro.operator import Submission
from penstock.feeds.mro.policy import Policy
from penstock.feeds.mro.timeline import neighbours_of
from penstock.model.findings import Finding, Severity

FINDINGS = (*operator.RULES.findings, *timeline.RULES.findings)
"""What an examination can find."""


def examine(records: Sequence[Record], known: Sequence[Known], policy: Policy) -> list[list[Finding]]:
    """The findings of each of one component's records."""
    found = [operator.RULES.findings_of(Submission(record, policy)) for record in records]
    events = {at: event_of(one) for at, one in enumerate(records) if one["component_sn"] != NO_SERIAL}
    standing = remembered(known)
    # By all that is compared: of two with one id it is always the same that counts as the other's correction.
    for at in sorted(events, key=lambda at: (events[at].place, repr(events[at]))):
        event = events[at]
        others = [other for other in standing if other.id != event.id]
        findings = timeline.RULES.findings_of(neighbours_of(records[at], event, others))
        found[at] += findings
        if not any(finding.severity is Severity.HARD for finding in findings):
            insort(others, event, key=lambda other: other.place)
            standing = others
    return found
