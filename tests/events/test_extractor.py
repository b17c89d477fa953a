"""Every way in which the extractor can be called."""

import gzip
import hashlib
import json
from typing import Any

import pytest

from penstock.model.messages import SourceFile
from penstock_ops.samples.tower.paper import scanned
from tests.events.conftest import EVENTS, Context, Functions, Stack, Tell, failing, load
from tests.support.textract import recorded_of, textract_server

PAPER, TEMPLATE = (EVENTS / "lease.pdf").read_bytes(), (EVENTS / "Lease.1.yaml").read_bytes()
FILE = SourceFile.model_validate(json.loads(load("extractor", "document")["Records"][0]["body"])["file"])


def drop(stack: Stack, template: bytes = TEMPLATE) -> None:
    stack.drop(FILE.key, PAPER)
    stack.emulator.client("s3").put_object(Bucket="work", Key="templates/Lease.1.yaml", Body=template)


def dropped() -> dict[str, Any]:
    """The splitter's event of the document."""
    event = load("splitter", "continue")
    event["Records"][0]["body"] = load("extractor", "document")["Records"][0]["body"]
    return event


def test_a_document_is_read_and_staged(functions: Functions, stack: Stack, told: Tell) -> None:
    drop(stack)

    assert functions.call("extractor", load("extractor", "document")) == failing()

    (record,) = [json.loads(line) for line in stack.outputs()[f"staged/{FILE.file_id}"].splitlines()]
    assert (record["kind"], record["site_id"], record["monthly_rent_usd"]) == ("lease_amendment", "TX-10000", 2150.0)
    assert record["evidence"]["lessor"]["read"] == "Ada Holdings"
    row = stack.rows()["FILE"]
    assert (row["file_state"], json.loads(row["file"])["key"]) == ("splitting", f"staged/{FILE.file_id}")
    assert stack.delayed("splitter") == 1
    output = told()
    assert output.sums(service="extractor", feed="tower")["DocumentPages"] == 1
    assert "Ada Holdings" not in output.raw


def test_a_document_that_was_staged_before_is_only_handed_back(functions: Functions, stack: Stack) -> None:
    drop(stack)
    functions.call("extractor", load("extractor", "document"))
    before = stack.outputs()

    assert functions.call("extractor", load("extractor", "redelivered")) == failing()

    assert stack.outputs() == before
    assert stack.delayed("splitter") == 2


def test_the_splitter_goes_on_with_what_is_staged(functions: Functions, stack: Stack) -> None:
    drop(stack)
    functions.call("extractor", load("extractor", "document"))
    event = load("splitter", "continue")
    staged = json.loads(stack.rows()["FILE"]["file"])
    event["Records"][0]["body"] = json.dumps({"v": 1, "type": "split", "file": staged})

    assert functions.call("splitter", event) == failing()

    assert (stack.rows()["FILE"]["file_state"], stack.rows()["FILE"]["received"]) == ("sealed", "1")


def test_the_splitter_hands_a_document_over(functions: Functions, stack: Stack) -> None:
    drop(stack)

    assert functions.call("splitter", dropped()) == failing()

    assert stack.delayed("extractor") == 1
    assert stack.rows().keys() == {"FILE"}


def test_pages_are_read_by_whoever_is_asked_to(functions: Functions, stack: Stack) -> None:
    """Here those of a document whose extractor had planned its ranges, and died."""
    drop(stack)
    functions.call("splitter", dropped())
    plan = json.dumps({"pages": 2, "at_once": 1, "sha256": "0" * 64}).encode()
    stack.emulator.client("s3").put_object(Bucket="work", Key=f"pages/{FILE.file_id}/plan.json", Body=plan)

    assert functions.call("extractor", load("extractor", "pages")) == failing()

    (page,) = gzip.decompress(stack.outputs()[f"pages/{FILE.file_id}/00001-00001.ndjson.gz"]).splitlines()
    assert json.loads(page)["route"] == "text"
    assert f"staged/{FILE.file_id}" not in stack.outputs(), "the other page is not read yet"


def test_a_scan_is_read_by_textract_where_a_setting_says_so(functions: Functions, stack: Stack, told: Tell) -> None:
    """A job is begun, its end told, and what it read is looked at by Tesseract and staged."""
    with textract_server() as textract:
        stack.set |= {
            "AWS_ENDPOINT_URL_TEXTRACT": textract.endpoint,
            "PENSTOCK_TEXTRACT_FEEDS": '["tower"]',
            "PENSTOCK_TEXTRACT_TOPIC": "arn:aws:sns:eu-west-1:123456789012:penstock-textract",
            "PENSTOCK_TEXTRACT_ROLE": "arn:aws:iam::123456789012:role/penstock-textract",
        }
        tag = f"{FILE.file_id}-00001-00001"
        textract.recorded[f"pages/{FILE.file_id}/00001-00001.pdf"] = recorded_of(PAPER)
        scan = scanned(PAPER, kind="PNG")
        drop(stack)
        stack.drop(FILE.key, scan)

        def about_the_scan(name: str) -> dict[str, Any]:
            event = load("extractor", name)
            body = json.loads(event["Records"][0]["body"])
            body["file"] |= {"etag": hashlib.md5(scan, usedforsecurity=False).hexdigest(), "size": len(scan)}
            event["Records"][0]["body"] = json.dumps(body)
            return event

        assert functions.call("extractor", about_the_scan("document")) == failing()
        assert functions.call("extractor", about_the_scan("pages")) == failing()
        assert [asked for asked, _ in textract.asked] == ["StartDocumentTextDetection", "GetDocumentTextDetection"]
        assert f"staged/{FILE.file_id}" not in stack.outputs(), "the job has not ended"

        textract.ended.add(f"job-{tag}")
        assert functions.call("extractor", load("extractor", "job-ended")) == failing()

    (record,) = [json.loads(line) for line in stack.outputs()[f"staged/{FILE.file_id}"].splitlines()]
    assert (record["kind"], record["site_id"], record["monthly_rent_usd"]) == ("lease_amendment", "TX-10000", 2150.0)
    assert (record["route"], record["evidence"]["lessor"]["engine"]) == ("ocr", "textract 1.0")
    assert "doubts" not in record
    assert "Ada Holdings" not in told().raw


def test_a_form_that_has_changed_is_told(functions: Functions, stack: Stack) -> None:
    drop(stack, TEMPLATE.replace(b"Monthly rent", b"Yearly rent"))

    functions.call("extractor", load("extractor", "document"))

    ((kind, detail),) = stack.heard()
    assert (kind, detail["template"], detail["file_id"]) == ("TemplateDrifted", "Lease/1", FILE.file_id)
    assert [one["field"] for one in detail["fields"]] == ["monthly_rent_usd"]


def test_what_is_no_template_has_documents_wait(functions: Functions, stack: Stack, told: Tell) -> None:
    drop(stack, b"name: [")
    event = stack.delivered("extractor", load("extractor", "document"))

    with pytest.raises(Exception, match="none of 1 messages"):
        functions.call("extractor", event)

    (line,) = [line for line in told().lines if line["message"] == "must come again"]
    assert (line["error"], "Lease.1.yaml" in line["reason"]) == ("Misconfigured", True)


def test_a_message_of_a_newer_release_waits_for_it(functions: Functions, stack: Stack) -> None:
    assert functions.call("extractor", load("extractor", "newer-release")) == failing()

    assert stack.delayed("extractor") == 1
    assert stack.rows() == {}


@pytest.mark.parametrize("name", ["malformed", "wrong-type"])
def test_a_message_nobody_can_read_fails(functions: Functions, stack: Stack, name: str) -> None:
    with pytest.raises(Exception, match="none of 1 messages"):
        functions.call("extractor", load("extractor", name))
    assert stack.rows() == {}


def test_with_no_time_left_nothing_is_begun(functions: Functions, stack: Stack) -> None:
    event = stack.delivered("extractor", load("extractor", "document"))

    with pytest.raises(Exception, match="none of 1 messages"):
        functions.call("extractor", event, Context(milliseconds=1_000))
    assert stack.rows() == {}
