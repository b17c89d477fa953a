"""An operator's policy in words: each of its rules, and what came of the examples inside it."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, is_dataclass
from typing import Any, cast

from penstock.feeds.feed import Feed
from penstock.identity.examination import policy_of

_CITED = ("code", "source", "severity")


def described_policy(feed: Feed, policy: Mapping[str, Any]) -> dict[str, Any]:
    """Settings of the policy, its rules, and its examples as they were tried.

    Raises:
        Misconfigured: the policy is none of this feed's; the message says why.
    """
    own = policy_of(feed, policy)
    tried = feed.examination.tried(own) if feed.examination and feed.examination.tried else ()
    fields: dict[str, Any] = asdict(own) if is_dataclass(own) and not isinstance(own, type) else {}
    lists = {
        name: cast(Sequence[Mapping[str, Any]], value)
        for name, value in fields.items()
        if isinstance(value, list | tuple) and name != "examples"
    }
    return {
        "settings": {name: value for name, value in fields.items() if name not in lists and name != "examples"},
        "rules": [_rule(name, one) for name, listed in lists.items() for one in listed],
        "examples": [
            {"says": one.says, "expected": list(one.expected), "found": list(one.found), "holds": one.holds}
            for one in tried
        ],
    }


def _rule(kind: str, one: Mapping[str, Any]) -> dict[str, Any]:
    demands = {name: value for name, value in one.items() if name not in _CITED and value is not None}
    return {"kind": kind, "demands": demands} | {name: one[name] for name in _CITED if name in one}
