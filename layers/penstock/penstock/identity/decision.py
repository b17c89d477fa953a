"""What a record is beside the one that stands before it under the same identity: the rule, in one place.

Of the one before it, this decides:

    there is none, or it was not delivered    ours
    it is still on its way                    waits
    it has the same payload                   duplicate; in doubt, if nobody will ever know whether it was delivered
    ours is a later revision of it            ours, as a correction
    ours is an earlier revision of it         superseded
    neither is                                conflict

A correction that is held counts for nothing yet, and may have come first by chance: an earlier revision passes over it,
and is decided beside what that was to correct.
"""

from enum import StrEnum
from typing import Protocol

from penstock.feeds.feed import Feed
from penstock.model.findings import Finding, Outcome
from penstock.model.records import Accepted

VOID = (Outcome.REJECTED, Outcome.DEAD, Outcome.DUPLICATE)
"""Who ended so was not delivered by itself, and holds no identity."""


class Earlier(Protocol):
    """A record that stands under an identity: the digest of its payload, and its revision."""

    @property
    def digest(self) -> str: ...

    @property
    def revision(self) -> int: ...


class Decision(StrEnum):
    """What a record is beside the one before it."""

    OURS = "ours"
    WAITS = "waits"
    DUPLICATE = "duplicate"
    IN_DOUBT = "in doubt"
    SUPERSEDED = "superseded"
    CONFLICT = "conflict"


def is_void(outcome: Outcome | None, *, forgotten: bool = False) -> bool:
    """Whether a record that ended so holds no identity. Who was held, and is `forgotten` by the ledger, will never be
    released."""
    return outcome in VOID or (forgotten and outcome is Outcome.HELD)


def decide(record: Accepted, owner: Earlier | None, outcome: Outcome | None, *, forgotten: bool = False) -> Decision:
    """What a record is beside the owner of its identity, None if nobody has it, and the owner's `outcome`, None while
    it is on its way; `forgotten` if only its claim is left of it, so that nothing will change its outcome any more."""
    if owner is None or is_void(outcome, forgotten=forgotten):
        return Decision.OURS
    if outcome is None:
        return Decision.WAITS
    if record.digest == owner.digest:
        return Decision.IN_DOUBT if forgotten and outcome is Outcome.UNKNOWN else Decision.DUPLICATE
    if record.revision > owner.revision:
        return Decision.OURS
    return Decision.SUPERSEDED if record.revision < owner.revision else Decision.CONFLICT


def passes_over(record: Accepted, owner: Earlier | None, outcome: Outcome | None) -> bool:
    """Whether the record is decided beside what the owner, a correction that is held, was to correct."""
    return owner is not None and outcome is Outcome.HELD and record.revision < owner.revision


def findings_of(decision: Decision, feed: Feed, earlier: str) -> tuple[Finding, ...]:
    """Why the decision rejects a record; nothing where it does not. `earlier` is how the owner is called."""
    if decision is Decision.SUPERSEDED:
        return (feed.superseded_by(earlier),)
    return (feed.conflict_with(earlier),) if decision is Decision.CONFLICT else ()
