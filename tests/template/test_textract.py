"""What stands where Amazon Textract reads a feed's scans, and only there."""

import pytest

from tests.template import test_template as checks
from tests.template.cloudformation import Template

MADE = {"AWS::IAM::Role", "AWS::SNS::Topic", "AWS::SNS::TopicPolicy", "AWS::SNS::Subscription"}


@pytest.fixture(scope="module")
def reading(template: Template) -> Template:
    return template.with_parameters(TextractFeeds='["tower"]')


def environment(template: Template) -> dict[str, str]:
    return template.functions()["ExtractorFunction"]["Environment"]["Variables"]


def test_without_the_setting_nothing_of_it_is_there(template: Template) -> None:
    made = {name for kind in MADE for name in template.of_type(kind) if "Textract" in name}

    assert made == set()
    assert not [grant for grant in template.grants() if grant.sid in ("HaveScansRead", "HaveEndsTold")]
    assert len(template.policies_on("AWS::SQS::QueuePolicy", "DocumentQueue")) == 1
    assert environment(template)["PENSTOCK_TEXTRACT_FEEDS"] == "[]"


def test_only_the_extractor_may_ask_it_and_only_for_what_it_asks(reading: Template) -> None:
    asking = [grant for grant in reading.grants() if any(one.startswith("textract:") for one in grant.actions)]

    assert [(grant.role, grant.actions) for grant in asking] == [
        ("ExtractorRole", ("textract:StartDocumentTextDetection", "textract:GetDocumentTextDetection"))
    ]


def test_the_extractor_passes_the_one_role_and_to_textract_alone(reading: Template) -> None:
    (passing,) = [grant for grant in reading.grants() if "iam:PassRole" in grant.actions]

    assert (passing.role, passing.resources) == ("ExtractorRole", ("TextractRole.Arn",))
    assert passing.condition == {"StringEquals": {"iam:PassedToService": "textract.amazonaws.com"}}
    assert environment(reading)["PENSTOCK_TEXTRACT_ROLE"] == "TextractRole.Arn"


def test_its_role_tells_of_ends_and_does_nothing_else(reading: Template) -> None:
    (grant,) = reading.grants("TextractRole")
    (trusted,) = reading.of_type("AWS::IAM::Role")["TextractRole"]["AssumeRolePolicyDocument"]["Statement"]

    assert (grant.actions, grant.resources) == (("sns:Publish",), ("TextractTopic.TopicArn",))
    assert trusted["Principal"] == {"Service": "textract.amazonaws.com"}
    assert trusted["Condition"]["StringEquals"] == {"aws:SourceAccount": "123456789012"}, "no other account's jobs"


def test_ends_come_to_the_extractors_queue_as_they_are_told(reading: Template) -> None:
    subscription = reading.of_type("AWS::SNS::Subscription")["TextractSubscription"]
    (allowed,) = [
        one for one in reading.policies_on("AWS::SQS::QueuePolicy", "DocumentQueue") if one["Effect"] == "Allow"
    ]

    assert (subscription["TopicArn"], subscription["Protocol"]) == ("TextractTopic", "sqs")
    assert (subscription["Endpoint"], subscription["RawMessageDelivery"]) == ("DocumentQueue.Arn", True)
    assert (allowed["Principal"], allowed["Action"]) == ({"Service": "sns.amazonaws.com"}, "sqs:SendMessage")
    assert allowed["Condition"] == {"ArnEquals": {"aws:SourceArn": "TextractTopic"}}
    assert environment(reading)["PENSTOCK_TEXTRACT_TOPIC"] == "TextractTopic"


def test_it_may_read_the_pictures_that_it_is_shown(reading: Template) -> None:
    """By the rights of who asks it."""
    read = checks.granted(reading, "ExtractorFunction", "s3:GetObject")

    assert "WorkBucket.Arn/pages/*" in read


def test_what_holds_for_every_stack_holds_for_this_one(reading: Template) -> None:
    checks.test_r33_every_queue_refuses_plain_http(reading)
    checks.test_r35_every_grant_names_its_actions_and_resources(reading)
