"""An invoice that may have come before, in any file: what is held, who is named, and what becomes of it."""

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.feeds.feed import Known
from penstock.feeds.freight import FREIGHT
from penstock.feeds.freight.examination import (
    ABOUT_MOST,
    KEPT,
    TRACE,
    examine,
    histories_of,
    normalised,
    prune,
    to_history,
)
from penstock.feeds.freight.policy import Policy
from penstock.model.findings import Finding, Severity
from penstock.model.messages import SourceFile
from penstock_ops.operate import held
from tests.support.edi import Words
from tests.support.invoices import B3, BIG, L3, changed, freight_bill, goods_bill, x12_file
from tests.support.operators import operated
from tests.support.pipeline import Pipeline
from tests.support.reading import judge_file


def bill(
    number: str = "INV-1", day: str = "20261120", pro: str = "PRO-1", cents: str = "30000", correction: str = ""
) -> list[Words]:
    """A 210 of one charge."""
    lines: list[Words] = [("LX", "1"), ("L1", "1", "", "", cents)]
    header = changed(B3, {2: number, 3: pro, 6: day, 7: cents, 8: correction})
    return freight_bill(header, lines, changed(L3, {5: cents}))


def records(*bodies: list[Words], kind: str = "210") -> list[dict[str, Any]]:
    """Records as the examination gets them, each in a file of its own."""
    judgement = judge_file(FREIGHT, x12_file(*bodies, kinds=[kind] * len(bodies)))
    return [
        FREIGHT.one.validate_json(one.payload) | {TRACE: f"file{at}:0"} for at, one in enumerate(judgement.accepted)
    ]


def beside(earlier: list[Words], later: list[Words]) -> list[Finding]:
    """What is found of a record that comes after another, of which a history knows."""
    before, after = records(earlier, later)
    if not set(histories_of(before)) & set(histories_of(after)):
        return []
    return examine([after], [to_history(before)], Policy())[0]


def codes(found: list[Finding]) -> list[str]:
    return [one.code for one in found]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("000123", "123"), ("INV-1", "INV-1A"), ("INV-1", "inv 1"), ("INV-1", "INV-01"), ("INV/7", "INV-7-R1"),
        ("INV-1", "INV-1 REV2"), ("A-12", "A12"),
    ],
)  # fmt: skip
def test_a_number_spelt_otherwise_is_the_same_number(one: str, other: str) -> None:
    assert normalised(one) == normalised(other)


@pytest.mark.parametrize(
    ("one", "other"), [("INV-1", "INV-11"), ("1-23", "12-3"), ("A1", "B1"), ("INV-1A", "INV-2A"), ("", "0")]
)
def test_another_number_is_another(one: str, other: str) -> None:
    assert normalised(one) != normalised(other)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [("12-345", "12345", True), ("24-001", "24-1", True), ("12 345", "12345A", True), ("1-23", "12-3", False)],
)
def test_what_groups_the_digits_of_a_number_may_be_left_out(one: str, other: str, same: bool) -> None:
    before, after = records(bill(one), bill(other, pro="PRO-2", cents="1000"))
    assert bool(set(histories_of(before)) & set(histories_of(after)))
    found = examine([after], [to_history(before)], Policy())[0]
    assert codes(found) == (["freight.perhaps_again"] if same else [])


@pytest.mark.parametrize(("one", "other"), [("0001", "1"), ("123-456", "123456"), ("pro 7", "PRO-7")])
def test_a_shipment_spelt_otherwise_is_the_same_shipment(one: str, other: str) -> None:
    before, after = records(bill("A-1", pro=one), bill("B-2", pro=other))
    assert set(histories_of(before)) & set(histories_of(after))
    assert codes(examine([after], [to_history(before)], Policy())[0]) == ["freight.perhaps_again"]


@given(st.text(max_size=30))
def test_every_number_has_a_normalised_one(number: str) -> None:
    assert isinstance(normalised(number), str)


@pytest.mark.parametrize(
    ("earlier", "later"),
    [
        (bill(day="20261120"), bill(day="20261121")),
        (bill("000123", pro="A"), bill("123", pro="B")),
        (bill("INV-1", pro="A", cents="1"), bill("INV-1A", pro="B", cents="2")),
        (bill("INV-1"), bill("INV-9")),  # the same shipment and amount
    ],
)
def test_what_may_have_come_before_is_held_and_the_other_is_named(earlier: list[Words], later: list[Words]) -> None:
    (finding,) = beside(earlier, later)
    assert finding.code == "freight.perhaps_again"
    assert "file0:0" in finding.message
    assert FREIGHT.is_held_for([finding], "deliver")


@pytest.mark.parametrize(
    ("earlier", "later"),
    [
        (bill("INV-1", pro="A"), bill("INV-2", pro="B")),
        (bill("INV-1", pro="A", cents="100"), bill("INV-2", pro="A", cents="200")),
        (bill(day="20261120"), bill(day="20280101")),
    ],
)
def test_what_is_another_invoice_is_delivered(earlier: list[Words], later: list[Words]) -> None:
    assert beside(earlier, later) == []


@pytest.mark.parametrize(("days", "found"), [(400, ["freight.perhaps_again"]), (401, [])])
def test_four_hundred_days_part_two_invoices(days: int, found: list[str]) -> None:
    later = (date(2026, 11, 20) + timedelta(days)).strftime("%Y%m%d")
    assert codes(beside(bill(), bill(day=later))) == found


def test_a_correction_and_a_credit_name_what_they_are_about_and_are_not_the_same_again() -> None:
    (purpose, about) = beside(bill(), bill(day="20261121", correction="CO"))
    assert (purpose.code, about.code) == ("freight.purpose", "freight.about")
    assert "file0:0" in about.message


def test_a_credit_memo_names_the_invoice_that_it_refers_to() -> None:
    invoice = goods_bill()
    credit = goods_bill(
        header=changed(BIG, {2: "CM-9", 7: "CR"}), before=[("REF", "IV", "INV-2"), ("N1", "SE", "ACME", "2", "ACME")]
    )
    before, after = records(invoice, credit, kind="810")
    assert after["refers_to"] == [{"number": "INV-2"}]
    assert set(histories_of(before)) & set(histories_of(after))
    found = examine([after], [to_history(before)], Policy())[0]
    assert codes(found) == ["freight.kind", "freight.about"]
    assert "file0:0" in found[1].message


def test_an_original_after_its_correction_names_it_and_waits_for_nothing() -> None:
    """Where the correction was delivered, the identity tells, before this is asked."""
    (found,) = beside(bill(correction="CO"), bill())
    assert (found.code, found.severity) == ("freight.about", Severity.INFO)
    assert "file0:0 corrects this invoice" in found.message


async def test_an_original_behind_its_held_correction_is_delivered_and_then_corrected() -> None:
    pipeline = Pipeline()
    correction = await dropped(pipeline, "correction", x12_file(bill(cents="25000", correction="CO")))
    original = await dropped(pipeline, "original", x12_file(bill()))
    assert await pipeline.assert_sound(correction, received=1) == {"held": 1}
    assert await pipeline.assert_sound(original, received=1) == {"delivered": 1}
    assert f"{correction.file_id}:0 corrects this invoice" in str(await pipeline.outcome_lines(original))

    await released(pipeline, correction)
    assert await pipeline.assert_sound(correction, received=1) == {"delivered": 1}
    assert sent(pipeline) == [("INV-1", "invoice", "original", 1), ("INV-1", "invoice", "correction", 1)]
    late = await dropped(pipeline, "late", x12_file(bill()))
    assert await pipeline.assert_sound(late, received=1) == {"rejected": 1}


def test_another_kind_of_the_same_number_and_day_is_held() -> None:
    """Its identity is another: nothing else would see that both claim money."""
    before, after = records(goods_bill(), goods_bill(header=changed(BIG, {7: "DR"})), kind="810")
    assert codes(examine([after], [to_history(before)], Policy())[0]) == ["freight.perhaps_again"]


def test_of_two_in_one_file_the_second_is_held_whatever_the_order_they_are_looked_at() -> None:
    one, other = records(bill(day="20261120"), bill(day="20261121"))
    assert list(map(codes, examine([one, other], [], Policy()))) == [[], ["freight.perhaps_again"]]
    assert list(map(codes, examine([other, one], [], Policy()))) == [["freight.perhaps_again"], []]


def test_the_settings_may_let_pass_or_reject_it() -> None:
    before, after = records(bill(), bill(day="20261121"))
    known = [to_history(before)]
    assert examine([after], known, Policy(perhaps_again="deliver")) == [[]]
    assert codes(examine([after], known, Policy(perhaps_again="reject"))[0]) == ["freight.perhaps_again_refused"]


def test_a_document_about_very_many_invoices_is_looked_at_beside_some() -> None:
    (record,) = records(bill())
    record["refers_to"] = [{"number": f"INV-{at}"} for at in range(1_000)]
    assert len(histories_of(record)) <= 2 + ABOUT_MOST


def test_a_history_keeps_the_latest() -> None:
    known = [Known(f"f:{at}", {"day": f"2026-{1 + at % 12:02}-01"}) for at in range(3 * KEPT)]
    kept = prune(known)
    assert len(kept) == KEPT
    assert min(one.kept["day"] for one in kept) >= "2026-08-01"


# the whole way


async def dropped(pipeline: Pipeline, name: str, body: bytes) -> SourceFile:
    file = pipeline.drop(body, f"freight/{name}.edi")
    await pipeline.run()
    return file


async def released(pipeline: Pipeline, file: SourceFile) -> None:
    ports = operated(pipeline)
    release = await held.prepare_release(ports, await pipeline.row(file), "0")
    await held.begin_release(ports, release, by="Grace", note="asked the carrier")
    await pipeline.run()


def sent(pipeline: Pipeline) -> list[tuple[str, str, str, int]]:
    """Number, kind, purpose and sign of all that was delivered, in order."""
    bodies = [record for _, body in pipeline.api.bodies for record in body["records"]]
    return [(one["invoice_number"], one["kind"], one["purpose"], one["sign"]) for one in bodies]


async def codes_told(pipeline: Pipeline, file: SourceFile) -> set[str]:
    return set(pipeline.report(file)["findings"])


async def test_a_credit_its_invoice_a_correction_and_a_bill_again_are_held_released_and_balanced() -> None:
    pipeline = Pipeline()
    # Given an invoice that is delivered
    invoice = await dropped(pipeline, "invoice", x12_file(bill()))
    assert await pipeline.assert_sound(invoice, 1) == {"delivered": 1}

    # When its credit memo comes, a correction of it, and the same bill of another day
    memo = goods_bill(
        "30000",
        [("IT1", "1", "1", "EA", "300.00")],
        [("N1", "SE", "ACME", "2", "ACME"), ("REF", "IV", "INV-1")],
        header=changed(BIG, {2: "CM-1", 7: "CR"}),
    )
    credit = await dropped(pipeline, "credit", x12_file(memo, kinds=["810"]))
    correction = await dropped(pipeline, "correction", x12_file(bill(cents="28000", correction="CO")))
    again = await dropped(pipeline, "again", x12_file(bill(day="20261122")))

    # Expect that all three wait, and that each names the invoice
    for file, code in (
        (credit, "freight.kind"), (correction, "freight.purpose"), (again, "freight.perhaps_again"),
    ):  # fmt: skip
        assert await pipeline.assert_sound(file, 1) == {"held": 1}
        assert code in await codes_told(pipeline, file)
        (line,) = (await pipeline.outcome_lines(file)).values()
        assert f"{invoice.file_id}:0" in str(line)
    assert sent(pipeline) == [("INV-1", "invoice", "original", 1)]

    # When the credit and the correction are released
    await released(pipeline, credit)
    await released(pipeline, correction)

    # Expect that they go out as what they are, and that the original cannot come again behind its correction
    assert sent(pipeline)[1:] == [("CM-1", "credit_note", "original", -1), ("INV-1", "invoice", "correction", 1)]
    assert await pipeline.assert_sound(credit, 1) == {"delivered": 1}
    assert await pipeline.assert_sound(correction, 1) == {"delivered": 1}
    once_more = await dropped(pipeline, "once-more", x12_file(bill()))
    assert await pipeline.assert_sound(once_more, 1) == {"rejected": 1}
    assert await codes_told(pipeline, once_more) == {"freight.superseded"}
    # And that the bill of the other day still waits
    assert await pipeline.assert_sound(again, 1) == {"held": 1}


async def test_a_test_never_bars_the_true_invoice() -> None:
    pipeline = Pipeline()
    test = await dropped(pipeline, "test", x12_file(bill()).replace(b"*0*P*:~", b"*0*T*:~"))
    true = await dropped(pipeline, "true", x12_file(bill()))

    assert await pipeline.assert_sound(test, 1) == {"held": 1}
    assert await pipeline.assert_sound(true, 1) == {"delivered": 1}


async def test_a_second_correction_supersedes_the_first() -> None:
    pipeline = Pipeline()
    first = await dropped(pipeline, "one", x12_file(bill(cents="28000", correction="CO")))
    await released(pipeline, first)
    later = x12_file(bill(cents="27000", correction="CO")).replace(b"*20261120*2115*1*X", b"*20261123*0900*1*X")
    second = await dropped(pipeline, "two", later)
    assert await pipeline.assert_sound(second, 1) == {"held": 1}
    await released(pipeline, second)
    assert await pipeline.assert_sound(second, 1) == {"delivered": 1}
    same = await dropped(pipeline, "three", later.replace(b"*20261123*0900*1*X", b"*20261124*0900*1*X"))
    assert await pipeline.assert_sound(same, 1) == {"duplicate": 1}
