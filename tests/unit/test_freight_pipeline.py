"""Carriers' invoices from the drop to the account: each goes with its trace, and comes back with its reason."""

import csv
import io
import string
from itertools import product
from typing import Any

from penstock.model.messages import SourceFile
from penstock.validate.stage import TOLD
from tests.support import edi
from tests.support.edi import Words
from tests.support.invoices import B3, L3, SELLER, changed, freight_bill, goods_bill, ubl, ubl_file, x12_file
from tests.support.pipeline import Pipeline

SCACS = ["".join(letters) for letters in product(string.ascii_uppercase[:5], repeat=3)]


def bill(number: int, scac: str = "ACME", **changes: Any) -> list[Words]:
    return freight_bill(changed(B3, {2: f"INV-{number}", 3: f"PRO-{number}", 11: scac}), **changes)


def posted(pipeline: Pipeline) -> list[dict[str, Any]]:
    return [record for _, body in pipeline.api.bodies for record in body["records"]]


def rejects_of(pipeline: Pipeline, file: SourceFile) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(pipeline.report(file, "rejects.csv").decode(), newline="")))


async def test_every_invoice_carries_its_trace_through_all_stages() -> None:
    pipeline = Pipeline()
    body = x12_file(bill(1), [("B2", "")], goods_bill(), bill(3), kinds=["210", "204", "810", "210"])
    file = pipeline.drop(body, "freight/night.edi")
    await pipeline.run()

    assert await pipeline.assert_sound(file, received=4) == {"delivered": 3, "rejected": 1}
    assert {record["invoice_number"]: record["audit_trace_id"] for record in posted(pipeline)} == {
        "INV-1": f"{file.file_id}:0",
        "INV-2": f"{file.file_id}:2",
        "INV-3": f"{file.file_id}:3",
    }
    # The report tells the same place of what was rejected, and nothing was tried twice for it.
    (reject,) = rejects_of(pipeline, file)
    assert (reject["penstock_ordinal"], reject["penstock_code"]) == ("1", "freight.document_type")
    assert pipeline.errors == []


async def test_the_trace_does_not_make_an_invoice_another_one() -> None:
    pipeline = Pipeline()
    first = pipeline.drop(x12_file(bill(1), bill(2)), "freight/one.edi")
    await pipeline.run()
    again = pipeline.drop(edi.interchange([edi.st(9, bill(2))], control=7), "freight/two.edi")
    await pipeline.run()

    assert await pipeline.assert_sound(first, received=2) == {"delivered": 2}
    assert await pipeline.assert_sound(again, received=1) == {"duplicate": 1}


async def test_a_second_invoice_of_the_same_number_is_never_paid_unasked() -> None:
    pipeline = Pipeline()
    first = pipeline.drop(x12_file(bill(1)), "freight/one.edi")
    await pipeline.run()
    lines: list[Words] = [("LX", "1"), ("L1", "1", "", "", "45000")]
    other = freight_bill(changed(B3, {2: "INV-1", 7: "45000"}), lines, changed(L3, {5: "45000"}))
    second = pipeline.drop(x12_file(other), "freight/two.edi")
    await pipeline.run()

    assert await pipeline.assert_sound(second, received=1) == {"rejected": 1}
    (reject,) = rejects_of(pipeline, second)
    assert reject["penstock_code"] == "freight.identity_conflict"
    assert f"{first.file_id}:0" in reject["penstock_message"]


async def test_a_rejected_invoice_comes_back_with_what_it_says_and_as_it_came() -> None:
    pipeline = Pipeline()
    file = pipeline.drop(x12_file(freight_bill(changed(B3, {7: "30001"}))), "freight/one.edi")
    await pipeline.run()

    (reject,) = rejects_of(pipeline, file)
    assert (reject["penstock_code"], reject["penstock_field"]) == ("freight.net_due", "totals.due")
    assert (reject["carrier"], reject["invoice_number"]) == ("ACME", "INV-1")
    assert reject["totals"] == '{"due": "300.01", "lines": "300.00", "weight": "1200"}'
    assert reject["penstock_record"].startswith("ST*210*0001~B3**INV-1*")


async def test_ubl_goes_the_same_way() -> None:
    pipeline = Pipeline()
    file = pipeline.drop(ubl_file(ubl(number="A"), ubl(number="B"), ubl(number="A")), "freight/one.xml")
    await pipeline.run()

    assert await pipeline.assert_sound(file, received=3) == {"delivered": 2, "duplicate": 1}
    assert {record["audit_trace_id"] for record in posted(pipeline)} <= {f"{file.file_id}:{at}" for at in range(3)}


async def test_carriers_and_document_types_are_told_and_nothing_else_of_an_invoice() -> None:
    pipeline = Pipeline()
    party = [("N1", "SE", "MRS MILLER")]
    body = x12_file(
        bill(1), bill(2), bill(3, "OTHR"), freight_bill(changed(B3, {7: "1"})), goods_bill(before=party),
        kinds=["210", "210", "210", "210", "810"],
    ).replace(b"*02*CARRIER", b"*ZZ*CARRIER")  # fmt: skip
    pipeline.drop(body, "freight/one.edi")
    await pipeline.run()

    (told,) = [worked.log_counts for worked in pipeline.worked if worked.log_counts]
    assert list(told) == [
        {"document_type": "x12_210", "scac": "ACME", "outcome": "accepted", "records": 2},
        {"document_type": "x12_210", "scac": "OTHR", "outcome": "accepted", "records": 1},
        {"document_type": "x12_210", "scac": "ACME", "outcome": "rejected", "records": 1},
        {"document_type": "x12_810", "scac": "", "outcome": "accepted", "records": 1},
    ]


async def test_a_line_about_a_chunk_is_short_however_many_carriers_are_in_it() -> None:
    pipeline = Pipeline()
    pipeline.drop(x12_file(*(bill(at, scac) for at, scac in enumerate(SCACS))), "freight/one.edi")
    await pipeline.run()

    (told,) = [worked.log_counts for worked in pipeline.worked if worked.log_counts]
    assert len(told) == TOLD + 1
    assert told[-1] == {"records": len(SCACS) - TOLD}


async def test_an_810_of_nobody_and_a_bad_header_are_rejected_at_once() -> None:
    """Permanent defects: no attempt is made again, and the reason is told."""
    pipeline = Pipeline()
    body = x12_file(
        goods_bill(before=[]), bill(2, ""), freight_bill(changed(B3, {2: ""})), goods_bill(before=[SELLER]),
        kinds=["810", "210", "210", "810"],
    ).replace(b"*02*CARRIER", b"*ZZ*CARRIER")  # fmt: skip
    file = pipeline.drop(body, "freight/one.edi")
    await pipeline.run()

    assert await pipeline.assert_sound(file, received=4) == {"delivered": 1, "rejected": 3}
    assert pipeline.report(file)["findings"] == {"freight.carrier_missing": 2, "freight.element_missing": 1}
    assert (pipeline.errors, pipeline.dead_letters) == ([], [])
