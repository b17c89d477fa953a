"""The examples inside an operator's policy, tried: what it finds in their records, and what it is expected to find."""

from collections import defaultdict
from collections.abc import Sequence

from pydantic import TypeAdapter, ValidationError

from penstock.feeds.crew.engine import examine
from penstock.feeds.crew.history import History
from penstock.feeds.crew.policy import Example, Policy
from penstock.feeds.crew.record import DutyRecord
from penstock.feeds.feed import Tried

_RECORDS = TypeAdapter(list[DutyRecord])
_OWN = "crew.policy."


def tried(policy: Policy) -> Sequence[Tried]:
    """Each example with what came of it. What the regulation finds beside is the regulation's matter."""
    return [Tried(one.says, sorted(one.finds), _found(one, policy)) for one in policy.examples]


def _found(example: Example, policy: Policy) -> list[str]:
    """The policy's codes in the last record, or the fields of a record that is none."""
    try:
        records = _RECORDS.validate_python([dict(one) for one in example.records])
    except ValidationError as error:
        return sorted({f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors()})
    last = examine(records, defaultdict(History), policy)[-1]
    return sorted({one.code.removeprefix(_OWN) for one in last if one.code.startswith(_OWN)})
