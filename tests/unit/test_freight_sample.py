"""Generated invoices: what the generator promises of each, and what the feed makes of it. The generator is written from
the standards' description and shares nothing with the feed."""

import io
import json
from collections import Counter
from typing import Any

import pytest

from penstock.feeds.freight import FREIGHT
from penstock_ops.samples import SAMPLES
from penstock_ops.samples.freight import documents, interchanges
from penstock_ops.samples.freight.faults import CONFLICT, DUPLICATE
from penstock_ops.samples.sample import SampleOptions
from tests.support.reading import judge_file, split_file

KINDS = {"x12": interchanges.KINDS, "ubl": documents.KINDS}

type End = tuple[str, str | None, str | None]


def sample(records: int, form: str, **options: Any) -> tuple[bytes, list[dict[str, Any]], Counter[Any]]:
    out, beside = io.BytesIO(), io.BytesIO()
    outcomes = SAMPLES["freight"].write(out, SampleOptions(records, form, **options), beside)
    return out.getvalue(), [json.loads(line) for line in beside.getvalue().splitlines()], outcomes


def ends(body: bytes) -> dict[int, End]:
    """What becomes of each record by its first finding; of two of one identity the first is delivered."""
    judgement = judge_file(FREIGHT, body)
    assert all(len(one.findings) == 1 for one in judgement.rejected), "one fault, and several findings"
    found: dict[int, End] = {
        one.ordinal: ("rejected", one.findings[0].code, one.findings[0].field) for one in judgement.rejected
    }
    held: dict[str, str] = {}
    for one in judgement.accepted:
        same = held.setdefault(one.identity, one.digest) == one.digest
        found[one.ordinal] = ("delivered", None, None) if same else ("rejected", CONFLICT, None)
    return found


@pytest.mark.parametrize("form", ["x12", "ubl"])
def test_every_record_ends_as_the_generator_says(form: str) -> None:
    body, expected, outcomes = sample(3_000, form, faults=0.2, seed=3)

    found = ends(body)
    assert len(found) == len(expected) == outcomes.total() == 3_000
    for line in expected:
        outcome = "delivered" if line["outcome"] == "duplicate" else line["outcome"]
        assert found[line["ordinal"]] == (outcome, line["code"], line["field"]), line
    # Every kind of fault is among them.
    codes = Counter(line["code"] or line["outcome"] for line in expected)
    assert codes.keys() == {one.code for one in KINDS[form].values()} | {"delivered", DUPLICATE, CONFLICT}


@pytest.mark.parametrize("form", ["x12", "ubl"])
def test_a_repeat_is_the_same_invoice_to_the_letter(form: str) -> None:
    body, expected, _ = sample(2_000, form, faults=0.3, seed=5)
    accepted = {one.ordinal: (one.identity, one.digest) for one in judge_file(FREIGHT, body).accepted}
    repeats = [line for line in expected if line["outcome"] == "duplicate"]
    assert repeats
    assert all(accepted[line["ordinal"]] == accepted[line["duplicate_of"]] for line in repeats)


@pytest.mark.parametrize("form", ["x12", "ubl"])
def test_a_sound_file_has_sound_envelopes_and_nothing_to_flag(form: str) -> None:
    body, _, outcomes = sample(2_500, form, seed=1)
    assert outcomes == {"delivered": 2_500}
    judgement = judge_file(FREIGHT, body)
    assert (len(judgement.accepted), judgement.findings) == (2_500, {})
    assert split_file(FREIGHT, body).noted.counts == {}
    types = {json.loads(one.payload)["document_type"] for one in judgement.accepted}
    assert types == ({"x12_210", "x12_810"} if form == "x12" else {"ubl_invoice", "ubl_freight_invoice"})


@pytest.mark.parametrize("form", ["x12", "ubl"])
def test_the_line_of_a_record_is_where_it_begins(form: str) -> None:
    body, expected, _ = sample(1_200, form, faults=0.1)
    lines = body.decode().split("\n")
    starts = ("ST*",) if form == "x12" else ("<Invoice ", "<FreightInvoice ")
    assert all(lines[line["line"] - 1].startswith(starts) for line in expected)


@pytest.mark.parametrize("form", ["x12", "ubl"])
def test_the_same_seed_writes_the_same_bytes_and_another_seed_other_invoices(form: str) -> None:
    body, expected, _ = sample(300, form, faults=0.2)
    assert sample(300, form, faults=0.2)[:2] == (body, expected)
    ours = {one.identity for one in judge_file(FREIGHT, body).accepted}
    others = {one.identity for one in judge_file(FREIGHT, sample(300, form, seed=1)[0]).accepted}
    assert not ours & others


def test_a_single_ubl_invoice_is_a_document_of_its_own() -> None:
    body, (expected,), _ = sample(1, "ubl")
    assert not body.startswith(b"<?xml")
    assert ends(body) == {0: ("delivered", None, None)}
    assert expected["line"] == 1


@pytest.mark.parametrize(
    "wrong",
    [{"form": "pdf"}, {"form": "x12", "spelling": "trade"}, {"form": "ubl", "destination_faults": True}],
)
def test_what_cannot_be_written_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        sample(1, **wrong)
