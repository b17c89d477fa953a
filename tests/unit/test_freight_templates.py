"""Invoices on pages alone: read by a template that a person makes from a good one, and held unless they prove
themselves."""

import gzip
import json
import zipfile
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from extractor.document_reader import DocumentReader
from penstock.feeds.freight import FREIGHT
from penstock.feeds.freight.examination import examine, histories_of, of_template, to_history
from penstock.feeds.freight.policy import Policy
from penstock.feeds.freight.routing import to_record
from penstock.operate.hold import held_of, plan_release
from penstock.operate.replay import begin_replay
from penstock.ports.pages import Drifted
from penstock_documents.document import Document
from penstock_documents.drafting import draft
from penstock_documents.invoices import record_of
from penstock_documents.kept_pages import line_of
from penstock_documents.template import NotATemplate, Template, dump
from penstock_ops.samples.tower.paper import Text, pdf, scanned
from tests.support.command import Run
from tests.support.command import run as run
from tests.support.documents import Document as Invoice
from tests.support.documents import as_ubl
from tests.support.invoices import freight_bill, x12_file
from tests.support.pipeline import Pipeline

PRINTED: Mapping[str, Any] = {
    "title": "FREIGHT INVOICE",
    "carrier": "Northern Haulage Ltd",
    "currency": "USD",
    "scac": "NHLT",
    "invoice_number": "NH-20417",
    "pro_number": "884120",
    "invoice_date": "11/20/2026",
    "total_net": "$1,254.11",
    "total_tax": "$0.00",
    "total_due": "$1,254.11",
    "lines": [{"description": "Line haul, 412 miles", "amount": "$1,250.00"}],
}
LINES = (("Line haul, 412 miles", "$1,250.00"), ("Fuel surcharge", "$4.11"))


def page(lines: Sequence[tuple[str, str]] = LINES, **changes: Any) -> Iterator[Text]:
    """An invoice's page; what stands below its lines is pushed down by them."""
    said = {**PRINTED, **changes}
    yield Text(72, 60, said["carrier"], 14)
    yield Text(400, 60, said["title"], 14)
    for at, (label, field) in enumerate(
        (("Invoice Number:", "invoice_number"), ("PRO:", "pro_number"), ("Invoice Date:", "invoice_date"))
    ):
        yield Text(72, 110 + 16 * at, label)
        yield Text(180, 110 + 16 * at, said[field])
    yield Text(72, 190, "Description")
    yield Text(480, 190, "Amount")
    for at, (description, amount) in enumerate(lines):
        yield Text(72, 206 + 16 * at, description)
        yield Text(480, 206 + 16 * at, amount)
    top = 230 + 16 * len(lines)
    for at, (label, field) in enumerate((("Net", "total_net"), ("Tax", "total_tax"), ("Amount Due", "total_due"))):
        yield Text(380, top + 16 * at, label)
        yield Text(480, top + 16 * at, said[field])
    yield Text(72, 740, "Remit within 30 days of the date of this invoice", 8)


def drafted(**values: Any) -> Template:
    """The template that a person makes of a good one; what is None is left out."""
    said = {name: text for name, text in {**PRINTED, **values}.items() if text is not None}
    pages = [read.page for read in Document(pdf([list(page())])).read_all()]
    return draft(pages, "freight_invoice", said, "Northern", 1, (), lambda field, places: 0)


TEMPLATE = drafted()


def read(*pages: Iterator[Text], template: Template = TEMPLATE) -> dict[str, Any]:
    """What the feed makes of an invoice of these pages."""
    record = to_record(record_of(Document(pdf([list(one) for one in pages])).read_all(), [template], "0" * 64))
    assert isinstance(record, dict)
    return record


def codes_of(record: Mapping[str, Any]) -> set[str]:
    """What is found of it by itself."""
    (one,) = FREIGHT.model.validate_python([record])
    return {rule.code for rule in FREIGHT.rules if list(rule.breaks([one]))}


def test_another_invoice_of_the_form_is_read_with_more_lines_to_the_cent() -> None:
    lines = (*LINES, ("Detention, 2 hours", "$90.00"), ("Discount", "-$44.11"))

    record = read(page(lines, invoice_number="NH-20999", total_net="$1,300.00", total_due="$1,300.00"))

    assert codes_of(record) == set()
    assert (record["carrier_scheme"], record["carrier"], record["currency"]) == ("SCAC", "NHLT", "USD")
    assert (record["invoice_number"], record["invoice_date"], record["pro_number"]) == (
        "NH-20999",
        "2026-11-20",
        "884120",
    )
    assert record["totals"] == {"due": "1300.00", "tax_exclusive": "1300.00", "tax": "0.00"}
    assert [line["amount"] for line in record["lines"]] == ["1250.00", "4.11", "90.00", "-44.11"]
    due = record["evidence"]["total_due"]
    assert (record["template"], due["page"], due["read"], due["unit"]) == ("Northern/1", 1, "$1,300.00", "$")


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"total_due": "$1,254.12"}, "freight.pdf_sums"),
        ({"total_tax": "$1.00"}, "freight.pdf_sums"),
        ({"lines": (("Line haul, 412 miles", "$1,250.00"),)}, "freight.pdf_sums"),
        ({"pro_number": "884120 884121"}, "freight.pdf_doubtful"),
        ({"lines": (LINES[0], ("Fuel surcharge", "€4.11"))}, "freight.pdf_doubtful"),
        ({"carrier": "Northern Haulage Limited"}, "freight.pdf_unread"),
        ({"title": "FREIGHT INVOICE CREDIT"}, "freight.pdf_unread"),
        ({"title": "CREDIT NOTE"}, "freight.pdf_unread"),
        ({"invoice_number": ""}, "freight.pdf_unread"),
        ({"invoice_date": "the 20th"}, "freight.pdf_unread"),
        ({"total_due": "€1,254.11"}, "freight.pdf_unread"),
        ({"total_due": "1,254.11"}, "freight.pdf_unread"),
        ({"total_due": "$1 254.11"}, "freight.pdf_unread"),
        ({"total_due": "$1.254,11"}, "freight.pdf_unread"),
        ({"total_due": "$1,254.11 $99.00"}, "freight.pdf_unread"),
    ],
)
def test_what_does_not_prove_itself_is_held(changes: dict[str, Any], code: str) -> None:
    assert code in codes_of(read(page(**changes)))


def test_an_amount_is_read_with_all_its_figures_however_narrow() -> None:
    """By the boxes of the font: by those of the ink 4.11 ends as 4.1."""
    lines = (("Fuel surcharge", "$4.11"),)

    record = read(page(lines, total_net="$4.11", total_due="$4.11"))

    assert (record["totals"]["due"], record["lines"][0]["amount"]) == ("4.11", "4.11")
    assert codes_of(record) == set()


def test_where_nothing_adds_up_to_what_is_due_it_is_held() -> None:
    bare = drafted(total_net=None, total_tax=None, lines=None)

    assert codes_of(read(page(), template=bare)) == {"freight.pdf_sums"}


def test_a_page_that_its_template_does_not_have_is_never_passed_over() -> None:
    more = [Text(72, 100, "And a further charge of 900.00 dollars, which is due at once, without any deduction")]

    assert codes_of(read(page(), iter(more))) == {"freight.pdf_unread"}
    assert codes_of(read(page(), page())) == {"freight.pdf_unread"}


def test_a_scan_and_a_bare_page_are_read_by_no_template() -> None:
    scan = record_of(Document(scanned(pdf([list(page())]), kind="PNG")).read_all(), [TEMPLATE], "0" * 64)
    assert "form" not in scan
    assert "less than 50 characters" in scan["doubts"][-1]


def test_a_record_is_the_same_wherever_its_template_has_read_it() -> None:
    record = read(page())
    elsewhere = record | {"template": "Northern/2", "evidence": {}}

    one, other = FREIGHT.model.validate_python([record, elsewhere])

    assert one != other
    assert not {name for name in one if one[name] != other.get(name)} - set(FREIGHT.provenance)


# -- the first of a template


def test_the_first_twenty_of_a_template_are_looked_at_and_no_further_one() -> None:
    records = [{**read_once(), "invoice_number": f"NH-{at}", "audit_trace_id": f"{at:04}:0"} for at in range(22)]
    parts = [part for record in records for part in of_template(record, {}, None).values()]

    found = examine(parts, [], Policy())
    assert [[one.code for one in said] for said in found] == [["freight.new_template"]] * 20 + [[], []]

    # Beside those that came before, whatever order they come in.
    known = [to_history(part) for part in parts[:19]]
    assert [len(said) for said in examine(parts[19:], known, Policy())] == [1, 0, 0]
    # One that is judged again is none beside itself.
    assert [len(said) for said in examine(parts[19:20], [to_history(part) for part in parts[:20]], Policy())] == [1]
    assert not examine(parts[:1], [], Policy(first_of_template=0))[0]


def read_once() -> dict[str, Any]:
    (one,) = FREIGHT.model.validate_python([read(page())])
    return dict(one)


def test_each_version_of_a_template_has_its_own_first_ones_and_xml_has_none() -> None:
    one = {**read_once(), "audit_trace_id": "a:0"}

    (key,) = of_template(one, {}, None)
    (other,) = of_template({**one, "template": "Northern/2"}, {}, None)
    assert key != other
    assert key not in histories_of(one)
    assert of_template({name: said for name, said in one.items() if name != "evidence"}, {}, None) == {}


async def test_held_as_one_of_the_first_it_is_delivered_when_somebody_has_looked() -> None:
    pipeline = Pipeline()
    pipeline.api.settings_now = replace(pipeline.api.settings_now, policy={"first_of_template": 1})
    files = []
    for at in range(2):
        made = pdf([list(page(invoice_number=f"NH-{at}", pro_number=f"88412{at}"))])
        line = record_of(Document(made).read_all(), [TEMPLATE], f"{at}" * 64)
        files.append(pipeline.drop(json.dumps(line).encode() + b"\n", f"freight/{at}.ndjson"))
        await pipeline.run()

    assert await pipeline.assert_sound(files[0], 1) == {"held": 1}
    assert await pipeline.assert_sound(files[1], 1) == {"delivered": 1}
    ((_, body),) = pipeline.api.bodies
    (record,) = body["records"]
    assert (record["invoice_number"], Decimal(record["totals"]["due"])) == ("NH-1", Decimal("1254.11"))
    assert (record["template"], record["evidence"]["invoice_number"]["read"]) == ("Northern/1", "NH-1")

    row = await pipeline.ledger.file(files[0].file_id)
    assert row is not None
    looked_at = plan_release(row, await held_of(pipeline.ledger, pipeline.store, files[0].file_id))
    await begin_replay(pipeline, looked_at)
    await pipeline.run()
    assert await pipeline.assert_sound(files[0], 1) == {"delivered": 1}


# -- as the extractor reads them


class Kept:
    """As `Templates`: the one that was made; those about towers come with the layer."""

    async def all(self) -> Mapping[str, bytes]:
        return {"Northern.1.yaml": dump(TEMPLATE).encode()}

    async def put(self, name: str, body: bytes) -> None:
        raise AssertionError(name)


async def assembled(made: bytes) -> tuple[dict[str, Any], Sequence[Drifted]]:
    """(the line of an invoice, what of its form has changed), as the extractor stages and tells them."""

    async def ranges() -> AsyncGenerator[bytes]:
        for one in Document(made).read_all():
            yield gzip.compress(line_of(one))

    with DocumentReader(Kept()) as reader:
        staged = reader.assemble("freight", "0" * 64, ranges(), {})
        (line,) = [part async for part in staged.lines]
    return json.loads(line), staged.drifted


async def test_the_extractor_reads_an_invoice_by_its_template_and_tells_of_a_form_that_has_changed() -> None:
    line, drifted = await assembled(pdf([list(page())]))
    assert (line["form"]["template"], line["form"]["total_due"], drifted) == ("Northern/1", "1254.11", [])

    line, (drift,) = await assembled(pdf([list(page(title="CREDIT NOTE"))]))
    assert (drift.template, [one["field"] for one in drift.fields]) == ("Northern/1", ["title"])
    record = to_record(line)
    assert isinstance(record, dict)
    assert (record["notes"], record["template"]) == (["it has drifted from Northern/1: title"], "Northern/1")


# -- making one


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"currency": None}, "says currency, too"),
        ({"total_due": " "}, "says total_due, too"),
        ({"carrier": "Haulage"}, "stands within other words only"),
        ({"total_net": "1.254,11"}, "one mark before their fraction"),
        ({"total_net": "$1,254.12"}, "stands nowhere"),
        ({"total_net": "$1,254", "total_tax": "0", "total_due": "$1,254", "lines": None}, "give one with cents"),
    ],
)
def test_what_no_invoice_can_be_read_by_is_no_template(values: dict[str, Any], said: str) -> None:
    with pytest.raises(NotATemplate, match=said):
        drafted(**values)


def test_a_date_that_may_be_two_is_none_to_learn_from() -> None:
    pages = [one.page for one in Document(pdf([list(page(invoice_date="06/12/2026"))])).read_all()]

    values = {**PRINTED, "invoice_date": "06/12/2026"}

    with pytest.raises(NotATemplate, match="2026-06-12 or 2026-12-06; take a document of a later day"):
        draft(pages, "freight_invoice", values, "Northern", 1, (), lambda field, places: 0)


def test_an_operator_makes_one_and_checks_an_invoice_by_it(tmp_path: Path, run: Run) -> None:
    good, values, templates = tmp_path / "good.pdf", tmp_path / "values.json", str(tmp_path / "templates")
    good.write_bytes(pdf([list(page())]))
    values.write_text(json.dumps(PRINTED), encoding="utf-8")

    made = run(
        *("templates", "draft", str(good), "--kind", "freight_invoice", "--values", str(values)),
        *("--name", "Northern", "--templates", templates, "--json"),
    )
    told = json.loads(run("check", str(good), "--templates", templates, "--json").out)

    assert made.code == 0, made.err
    assert (told["feed"], told["records"]["held"], told["findings"]) == ("freight", 1, {"freight.new_template": 1})


# -- a batch of several


def test_an_archive_is_called_by_what_most_of_it_is_and_each_file_goes_by_itself(tmp_path: Path, run: Run) -> None:
    batch, policy = tmp_path / "week.zip", tmp_path / "policy.json"
    bill = x12_file(freight_bill())
    with zipfile.ZipFile(batch, "w") as archive:
        archive.writestr("one.pdf", pdf([list(page())]))
        archive.writestr("two.edi", bill)
        archive.writestr("three.xml", as_ubl(Invoice()))
    policy.write_text('{"policy": {"edi_share": 0.4}}', encoding="utf-8")

    check = ("check", str(batch), "--feed", "freight", "--rejects", str(tmp_path / "r.csv"), "--json")
    told, stricter = (json.loads(run(*check, *more).out) for more in ((), ("--policy", str(policy))))

    assert (told["route"], stricter["route"]) == ("edi", "xml")
    assert [one["format"] for one in told["entries"]] == ["document", "x12", "xml"]
    assert (told["records"]["received"], told["records"]["valid"]) == (3, 2)
