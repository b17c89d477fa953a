"""People are told where a parameter says so, and of all that gives them cause."""

import json

from penstock.notices.causes import HEARD
from penstock.ports.notice_settings import NoticeSettings, read_notice_settings
from tests.template.cloudformation import Template


def test_unless_it_is_asked_for_there_is_nothing_of_it_to_pay_for(template: Template) -> None:
    assert template.parameters["Notices"]["Default"] == "false"
    bare = template.with_parameters(Notices="false")

    only_with_it = {name for name, one in template.resources.items() if not bare.is_made(one) and template.is_made(one)}
    assert {"NotifierFunction", "NoticeQueue", "NoticeDlq", "NoticeTopic", "NoticeRule", "HourRule"} <= only_with_it
    assert {name for name in template.resources if name.startswith(("Notice", "Notifier"))} <= only_with_it
    assert not any("NotifierRole" in json.dumps(one) for one in bare.of_type("AWS::IAM::ManagedPolicy").values())


def test_the_notifier_hears_of_all_that_gives_cause_in_this_stack_and_no_other(template: Template) -> None:
    pattern = template.of_type("AWS::Events::Rule")["NoticeRule"]["EventPattern"]

    assert set(pattern["detail-type"]) == HEARD
    assert (pattern["source"], pattern["resources"]) == (["penstock"], ["Ledger"])


def test_only_its_two_rules_may_send_to_its_queue(template: Template) -> None:
    (allowed,) = [
        one for one in template.policies_on("AWS::SQS::QueuePolicy", "NoticeQueue") if one["Effect"] == "Allow"
    ]

    assert allowed["Principal"] == {"Service": "events.amazonaws.com"}
    assert allowed["Condition"] == {"ArnEquals": {"aws:SourceArn": ["NoticeRule.Arn", "HourRule.Arn"]}}
    targets = [rule["Targets"][0] for rule in template.of_type("AWS::Events::Rule").values()]
    assert sum(target["Arn"] == "NoticeQueue.Arn" for target in targets) == 2


def test_it_looks_every_hour_so_that_a_digest_has_its_hour(template: Template) -> None:
    rule = template.of_type("AWS::Events::Rule")["HourRule"]

    assert rule["ScheduleExpression"] == "rate(1 hour)"
    assert json.loads(rule["Targets"][0]["Input"]) == {"look": "hour"}


def test_at_first_nobody_is_told(template: Template) -> None:
    parameter = template.of_type("AWS::SSM::Parameter")["NoticeSettings"]

    assert read_notice_settings(parameter["Value"], private=False) == NoticeSettings()


def test_it_reads_no_secret_but_those_of_its_routes(template: Template) -> None:
    secrets = [
        resource
        for grant in template.function_grants("NotifierFunction")
        for resource in grant.resources
        if "secretsmanager:GetSecretValue" in grant.actions
    ]

    assert [resource.rpartition(":secret:")[2] for resource in secrets] == ["penstock/penstock/notices/*"]
