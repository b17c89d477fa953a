"""A feed as JSON tells it: formats, fields, and every finding that a record of it can have."""

import re
from collections.abc import Iterator
from typing import Any

from penstock.feeds.feed import Feed
from penstock.model.findings import Finding
from penstock.validate.judging import SCHEMA

from .forms import Form, forms_of


def described(feed: Feed) -> dict[str, Any]:
    """One line of the list."""
    limits = feed.limits
    return {
        "feed": feed.name,
        "title": feed.title,
        "formats": [one.name for one in feed.formats],
        "identity": list(feed.identity),
        "revision": feed.revision or None,
        "group": list(feed.group),
        "examined_by": list(feed.examination.by) if feed.examination else [],
        "soft": feed.soft,
        "limits": {
            "records": limits.records,
            **({"lines": limits.lines} if limits.lines else {}),
            "bytes": limits.bytes,
            "record_bytes": limits.record_bytes,
            **({"group_records": limits.group_records, "group_bytes": limits.group_bytes} if feed.group else {}),
        },
        "rules": len(own_findings(feed)),
    }


def described_whole(feed: Feed) -> dict[str, Any]:
    """Everything: the line of the list, the fields and the findings."""
    forms = list(forms_of(feed.record))
    return described(feed) | {
        "fields": [
            {
                "field": one.name,
                "form": one.form,
                "required": one.required,
                "note": one.note or None,
                "spellings": list(feed.spellings.get(one.name, ())),
            }
            for one in forms
        ],
        "policy": [
            {"field": one.name, "form": one.form, "required": one.required, "note": one.note or None}
            for one in (forms_of(feed.examination.policy) if feed.examination else ())
        ],
        "findings": [one.as_dict() for one in (*own_findings(feed), *model_findings(forms))],
    }


def own_findings(feed: Feed) -> list[Finding]:
    """What the feed's rules, its examination and its identity find: one for each code."""
    findings = [*(rule.finding for rule in feed.rules), *feed.findings, *_of_identity(feed)]
    return list({one.code: one for one in reversed(findings)}.values())[::-1]


def _of_identity(feed: Feed) -> Iterator[Finding]:
    if feed.identity:
        yield feed.conflict_with("an earlier record")
    if feed.revision:
        yield feed.superseded_by("another record")
    if feed.examination:
        yield feed.history_full()


def model_findings(forms: list[Form]) -> list[Finding]:
    """What the model finds: each sentence, and the fields that it can be about."""
    by_code: dict[str, list[str]] = {}
    for code, message in SCHEMA.values():
        said = by_code.setdefault(code, [])
        told = re.sub(r"\{\w+\}", "…", message)  # which of a limit's numbers, the field's form says
        said += [told] if told not in said else []
    return [
        Finding(code, "; ".join(messages), ", ".join(fields))
        for code, messages in by_code.items()
        if (fields := [one.name for one in forms if code in one.codes])
    ]
