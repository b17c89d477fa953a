"""Documents about towers as others print and scan them, read by templates that are made of the first of each form."""

import json
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

from penstock.feeds.tower import TOWER
from penstock.model.findings import Severity
from penstock_documents.document import Document, pages_of
from penstock_documents.drafting import draft
from penstock_documents.forms import read_all, records_of
from penstock_documents.template import Template
from tests.corpora.corpus import FOLDER
from tests.corpora.page import Row

DOCUMENTS = FOLDER.parent / "documents"
MANIFEST: list[dict[str, Any]] = json.loads((DOCUMENTS / "MANIFEST.json").read_text())["documents"]


@cache
def templates() -> list[Template]:
    made: list[Template] = []
    for one in (one for one in MANIFEST if one["role"] == "baseline"):
        values = one["printed"] | {
            name: [{column: str(value) for column, value in rows[0].items()}] for name, rows in one["tables"].items()
        }
        pages = pages_of(Document(DOCUMENTS / one["file"]).read_all())
        name = one["template"].partition("/")[0]
        made.append(draft(pages, one["kind"], values, name, 1, one["critical"], lambda field, places: 0))
    return made


@cache
def read(path: Path) -> list[dict[str, Any]]:
    return list(records_of(read_all(Document(path), templates()), templates(), "0" * 64))


def verdict_of(record: dict[str, Any]) -> str:
    """What would become of a record: the feed's own rules tell."""
    assert TOWER.to_record is not None
    (valid,) = TOWER.model.validate_python([TOWER.to_record(record)])
    codes = held_for(valid)
    return "quarantined" if "tower.template_drift" in codes else "review" if codes else "accepted"


def held_for(record: Any) -> set[str]:
    broken = (rule.finding for rule in TOWER.rules if list(rule.breaks([record])))
    return {one.code for one in broken if one.severity is Severity.SOFT and TOWER.is_held_for([one], None)}


def wrong_in(record: dict[str, Any], wanted: dict[str, Any]) -> dict[str, Any]:
    expected = wanted["fields"] | wanted["tables"]
    return {name: (record.get(name), value) for name, value in expected.items() if record.get(name) != value}


def is_wrong(one: dict[str, Any]) -> bool:
    """Whether something wrong would be delivered."""
    (record,) = read(DOCUMENTS / one["file"])
    return verdict_of(record) == "accepted" and (one["verdict"] != "accepted" or bool(wrong_in(record, one)))


def score() -> Counter[str]:
    """How many documents end how; of those that are as their template has them, how many nobody has to look at."""
    counts = Counter[str]()
    for one in MANIFEST:
        (record,) = read(DOCUMENTS / one["file"])
        verdict = verdict_of(record)
        counts["wrong and accepted" if is_wrong(one) else verdict] += 1
        if one["verdict"] == "accepted":
            counts["conforming"] += 1
            counts["decided"] += verdict == "accepted"
    return counts


def rows() -> list[Row]:
    """A row each, and one for all of them."""
    found = [Row(str(one["file"]), str(one["verdict"]), _ours(one)) for one in MANIFEST]
    counts = score()
    held = counts["quarantined"] + counts["review"]
    together = (
        f"{counts['accepted']} accepted and right, {held} held, {counts['wrong and accepted']} accepted and wrong"
    )
    decided = f"{counts['decided']} of {counts['conforming']} without drift need nobody"
    return [*found, Row("all", "none accepted and wrong", f"{together}; {decided}")]


def _ours(one: dict[str, Any]) -> str:
    (record,) = read(DOCUMENTS / one["file"])
    return "other records" if is_wrong(one) else verdict_of(record)
