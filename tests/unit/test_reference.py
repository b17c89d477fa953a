"""The reference is what the code has: messages, events, rows and settings."""

import re

import pytest
from pydantic import ValidationError

from penstock.model.events import EVENTS, ensure_declared
from penstock.model.rows import KEPT, BatchState, ChunkState
from tests.support.reference import ROOT, files
from tests.support.rows import CLAIMS, LEDGER, ROWS, row_of

CORE = ROOT / "layers" / "penstock" / "penstock"


def test_it_is_current() -> None:
    """Where it is not: `python -m tests.support.reference` writes it."""
    assert [path.name for path, text in files().items() if path.read_text(encoding="utf-8") != text] == []


def test_every_event_that_is_put_is_declared_and_no_other() -> None:
    sources = "".join(path.read_text(encoding="utf-8") for path in CORE.rglob("*.py"))

    assert set(re.findall(r'(?:events\.put|_tell)\(\s*(?:ports,\s*)?"(\w+)"', sources)) == EVENTS.keys()


def test_an_event_that_says_other_than_it_is_declared_fails_a_test() -> None:
    ensure_declared("CircuitOpened", {"feed": "traffic", "reason": "no answer", "probe_in_seconds": 30})

    with pytest.raises(ValidationError):
        ensure_declared("CircuitOpened", {"feed": "traffic", "reason": "no answer"})
    with pytest.raises(ValidationError):
        ensure_declared("CircuitClosed", {"feed": "traffic", "why": "it answers"})
    with pytest.raises(KeyError):
        ensure_declared("CircuitMelted", {"feed": "traffic"})


def test_a_row_is_known_by_its_key() -> None:
    def key(pk: str, sk: str) -> dict[str, dict[str, str]]:
        return {"pk": {"S": pk}, "sk": {"S": sk}}

    assert row_of(LEDGER, key("FILE#1f", "CHUNK#00001")).what == "a chunk of the file"
    assert row_of(LEDGER, key("FILE#1f", "BATCH#00001#001")).what == "a batch of the chunk"
    assert row_of(LEDGER, key("FILE#1f", "FILE")).knows("n_delivered")
    assert not row_of(LEDGER, key("FILE#1f", "FILE")).knows("ordinals")
    assert row_of(CLAIMS, {"pk": {"S": "traffic#8a"}}).knows("d")
    with pytest.raises(LookupError):
        row_of(LEDGER, key("FILE#1f", "SOMETHING"))


def test_every_attribute_that_an_adapter_reads_is_declared_and_no_other() -> None:
    sources = "".join(path.read_text(encoding="utf-8") for path in (CORE / "adapters").rglob("*.py"))
    patterns = (r'\bitem\["(\w+)"\]', r'\(item, "(\w+)"\)', r'"(\w+)" in item\b', r'\bitem\.get\("(\w+)"')
    read = {name for pattern in patterns for name in re.findall(pattern, sources)} - {"pk", "sk"}
    declared = {name for row in ROWS for name in row.attributes}

    assert {"file_state", "setback", "booked_until", "d"} <= read
    assert read - declared == set()
    fixed = {name.partition("<")[0] for name in declared}
    assert {name for name in fixed if not re.search(rf"\b{name}", sources)} == set()


def test_the_pictures_have_every_state_and_every_kind_of_row() -> None:
    states, rows = ((ROOT / f"docs/pictures/{name}.svg").read_text(encoding="utf-8") for name in ("states", "rows"))

    for state in (*KEPT, *ChunkState, *BatchState):
        assert f">{state}<" in states, state
    for row in ROWS:
        for key in (row.pk, row.sk):
            assert re.match(r"[A-Z]*", key)[0] in rows, key  # pyright: ignore[reportOptionalSubscript]
