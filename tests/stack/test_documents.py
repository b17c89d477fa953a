"""Documents at the deployed stack: read by real pdfium and Tesseract in the extractor, and delivered once; a form that
has changed waits until an operator has accepted it."""

import json
from pathlib import Path
from typing import Any

from penstock.model.rows import FileState
from penstock_ops.samples.tower.paper import pdf, scanned
from tests.support.deployed import Deployed, File, counts, until
from tests.support.documents import Document, as_cii
from tests.support.hybrid import carrying
from tests.support.papers import PRINTED, lease


def drafted(deployed: Deployed, folder: Path) -> None:
    """Has the stack read leases, from one that is good."""
    good, values = folder / "good.pdf", folder / "values.json"
    good.write_bytes(pdf([lease(PRINTED["site_id"])]))
    values.write_text(json.dumps(PRINTED), encoding="utf-8")
    if "Lease/1" in [one["template"] for one in templates(deployed)]:
        return
    how = ("--kind", "lease_amendment", "--values", str(values), "--name", "Lease", "--stack", deployed.world.stack)
    said = deployed.penstock("templates", "draft", str(good), *how, "--json")
    assert said.code == 0, said.err


def templates(deployed: Deployed) -> list[dict[str, Any]]:
    """Those of the stack."""
    return deployed.penstock("templates", "list", "--stack", deployed.world.stack, "--json").json


def read(deployed: Deployed, file: File) -> None:
    """Returns once the document has been read; the function starts, and Tesseract takes its time."""

    def look() -> bool:
        row = deployed.row(file)
        return row is not None and (row.file.is_staged or row.state is FileState.REFUSED)

    until(look, f"{file.key} read")


def test_documents_are_read_delivered_held_accepted_and_released(deployed: Deployed, tmp_path: Path) -> None:
    # Given documents of a form that the stack knows, and one that has changed
    drafted(deployed, tmp_path)
    several = pdf([*(lease(f"TX-{number}") for number in range(10_000, 10_003)), lease("TX-10003", rent_at=330)])

    # When
    scan = deployed.drop("midwest/OK-20117/scan.png", scanned(pdf([lease("OK-20117")])), "tower")
    text = deployed.drop("midwest/several.pdf", several, "tower")
    read(deployed, scan)
    read(deployed, text)

    # Expect
    assert deployed.ended(scan)["records"] == counts(1)
    assert deployed.ended(text)["records"] == counts(4, held=1)
    applied = {record["site_id"]: record for record in deployed.applied("tower")}
    assert applied.keys() == {"OK-20117", "TX-10000", "TX-10001", "TX-10002"}
    assert {record["monthly_rent_usd"] for record in applied.values()} == {2150.0}
    assert (applied["OK-20117"]["route"], applied["TX-10000"]["route"]) == ("ocr", "text")
    listed = deployed.penstock("held", "list", "--file", text.file_id, "--json")
    assert [record["findings"][0]["code"] for record in listed.json] == ["tower.template_drift"]

    # When an operator accepts how the form looks now
    said = deployed.penstock("templates", "accept", text.file_id, "--stack", deployed.world.stack, "--json")

    # Expect what waited to be read anew, and what was delivered not to be delivered again
    assert said.code == 0, said.err
    assert (said.json["template"], said.json["from"]) == ("Lease/2", "Lease/1")
    (anew,) = said.json["read_anew"]
    assert (anew["file_id"], anew["records"]) == (text.file_id, "3")
    again = File(anew["as"], text.bucket, text.key, "", "", several)
    read(deployed, again)
    assert deployed.ended(again)["records"] == counts(4, duplicate=3)
    assert deployed.ended(text)["records"] == counts(4, rejected=1)
    assert {record["site_id"] for record in deployed.applied("tower")} == applied.keys() | {"TX-10003"}
    assert deployed.books("tower")["applied_more_than_once"] == 0
    assert {"TemplatesKept", "HeldRefused"} <= {one["what"] for one in deployed.audited()}
    assert deployed.dead_letters() == {}


def test_a_long_document_is_read_in_ranges_and_put_together(deployed: Deployed, tmp_path: Path) -> None:
    drafted(deployed, tmp_path)
    body = pdf([lease(f"LA-{number}") for number in range(10_000, 10_120)])

    file = deployed.drop("gulf/long.pdf", body, "tower")
    read(deployed, file)

    assert deployed.ended(file)["records"] == counts(120)
    names = [
        f"pages/{file.file_id}/{first:05d}-{last:05d}.ndjson.gz" for first, last in ((1, 50), (51, 100), (101, 120))
    ]
    assert all(deployed.work(name) for name in names)
    pages = [record["pages"][0] for record in deployed.applied("tower") if record["site_id"].startswith("LA-")]
    assert sorted(pages) == list(range(1, 121))


def test_a_broken_document_is_refused_by_name(deployed: Deployed) -> None:
    file = deployed.drop("midwest/broken.pdf", b"%PDF-1.7 and nothing more", "tower")

    read(deployed, file)

    report = deployed.ended(file)
    assert report["refused"]["code"] == "document.unreadable"
    assert "broken" in report["refused"]["message"]


def test_a_freight_pdf_is_delivered_as_its_xml_and_held_where_its_page_says_otherwise(deployed: Deployed) -> None:
    page = ("Spedition A", "Invoice R-1 of 20 November 2026", "Amount due EUR 166.60")
    lying = ("Spedition A", "Invoice R-2 of 20 November 2026", "Amount due EUR 66.60")

    true = deployed.drop("true.pdf", carrying({"factur-x.xml": as_cii(Document())}, page), "freight")
    false = deployed.drop("false.pdf", carrying({"factur-x.xml": as_cii(Document(number="R-2"))}, lying), "freight")
    unread = deployed.drop("unread.pdf", carrying({}, page), "freight")
    for file in (true, false, unread):
        read(deployed, file)

    assert deployed.ended(true)["records"] == counts(1)
    assert deployed.ended(false)["records"] == counts(1, held=1)
    assert deployed.ended(unread)["records"] == counts(1, held=1)
    traces = {f"{file.file_id}:0" for file in (true, false, unread)}
    (applied,) = [record for record in deployed.applied("freight") if record["audit_trace_id"] in traces]
    assert (applied["invoice_number"], applied["totals"]["due"]) == ("R-1", "166.60")
    assert applied["audit_trace_id"] == f"{true.file_id}:0"
    # What nobody has read is not released.
    word = ("--file", unread.file_id, "--records", "0", "--by", "Ada King", "--note", "pay it")
    said = deployed.penstock("held", "release", *word, "--json")
    assert (said.code, "nobody has read" in said.err) == (3, True), said.err
    assert deployed.dead_letters() == {}
