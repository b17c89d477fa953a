"""The console for a team is there where a parameter says so: who looks is answered by a function that only reads."""

import json

import pytest

from tests.template import test_template as checks
from tests.template.cloudformation import Template

WRITES = ("dynamodb:Put", "dynamodb:Update", "dynamodb:Delete", "sqs:SendMessage", "sqs:DeleteMessage", "events:Put")
BOTH = ("ConsoleReaderFunction", "ConsoleOperatorFunction")


@pytest.fixture(scope="module")
def console(template: Template) -> Template:
    sign_in = "https://login.example"
    return template.with_parameters(
        Console="true",
        ConsoleIssuer=sign_in,
        ConsoleClientId="client-1",
        ConsoleAuthorizeUrl=f"{sign_in}/authorize",
        ConsoleTokenUrl=f"{sign_in}/token",
    )


def test_unless_it_is_asked_for_nothing_of_it_is_there(template: Template) -> None:
    assert template.parameters["Console"]["Default"] == "false"
    made = {name for name, one in template.resources.items() if template.is_made(one)}

    assert [name for name in made if name.startswith("Console")] == []
    assert template.outputs["ConsoleUrl"]["Condition"] == "TeamHasAConsole"


def test_only_the_door_asks_the_companys_authoriser_and_every_write_goes_to_the_operators_function(
    console: Template,
) -> None:
    routes = {
        (event["Properties"]["Method"], event["Properties"]["Path"]): (name, event["Properties"].get("Auth"))
        for name in BOTH
        for event in console.functions()[name]["Events"].values()
    }

    assert routes == {
        ("POST", "/session"): ("ConsoleReaderFunction", {"Authorizer": "Company"}),
        ("GET", "/"): ("ConsoleReaderFunction", None),
        ("GET", "/{proxy+}"): ("ConsoleReaderFunction", None),
        ("POST", "/{proxy+}"): ("ConsoleOperatorFunction", None),
    }
    api = console.of_type("AWS::Serverless::HttpApi")["ConsoleApi"]
    company = api["Auth"]["Authorizers"]["Company"]
    assert company["JwtConfiguration"] == {"issuer": "https://login.example", "audience": ["client-1"]}
    assert api["StageName"] == "$default"  # another would stand before every path
    assert api["DefaultRouteSettings"]["ThrottlingRateLimit"] <= 100


def test_who_looks_is_answered_by_a_function_that_changes_nothing_but_the_audit(console: Template) -> None:
    grants = console.function_grants("ConsoleReaderFunction")

    assert [action for grant in grants for action in grant.actions if action.startswith(WRITES)] == []
    puts = [place for grant in grants for place in grant.resources if "s3:PutObject" in grant.actions]
    assert puts == ["ArchiveBucket.Arn/audit/*"]


def test_who_decides_may_what_the_verbs_do_and_deletes_nothing(console: Template) -> None:
    grants = console.function_grants("ConsoleOperatorFunction")

    deletes = {
        (action, place)
        for grant in grants
        for action in grant.actions
        for place in grant.resources
        if "Delete" in action
    }
    dlqs = {"IntakeDlq.Arn", "DocumentDlq.Arn", "ChunkDlq.Arn", "DispatchDlq.Arn"}
    assert deletes == {("sqs:DeleteMessage", dlq) for dlq in dlqs} | {("dynamodb:DeleteItem", "Claims.Arn")}


def test_neither_reads_a_secret_but_the_one_that_signs_its_cookies(console: Template) -> None:
    for name in BOTH:
        secrets = [
            place
            for grant in console.function_grants(name)
            for place in grant.resources
            if any(action.startswith("secretsmanager:") for action in grant.actions)
        ]
        assert secrets == ["ConsoleSecret"], name
    assert "SecretString" not in console.of_type("AWS::SecretsManager::Secret")["ConsoleSecret"]


def test_both_are_told_the_outputs_that_the_command_is_told(console: Template) -> None:
    for name in BOTH:
        told = json.loads(console.functions()[name]["Environment"]["Variables"]["PENSTOCK_OUTPUTS"])
        assert set(told) <= set(console.outputs)
        assert told == {output: str(console.outputs[output]["Value"]) for output in told}
        queues = console.functions()[name]["Environment"]["Variables"]["PENSTOCK_DISPATCH_QUEUES"]
        assert queues == console.outputs["DispatchQueues"]["Value"]


def test_each_logs_to_its_own_group_which_forgets(console: Template) -> None:
    groups = console.of_type("AWS::Logs::LogGroup")
    for name in BOTH:
        group = console.functions()[name]["LoggingConfig"]["LogGroup"]
        assert group == name.replace("Function", "LogGroup")
        assert groups[group]["RetentionInDays"] == console.default("LogRetentionDays")
    assert "ConsoleApiLogGroup" in groups


def test_a_page_is_answered_before_the_api_gives_up(console: Template) -> None:
    for name in BOTH:
        assert console.functions()[name]["Timeout"] < 30


def test_what_holds_for_every_stack_holds_for_this_one(console: Template) -> None:
    checks.test_r17_every_function_states_whether_it_may_call_itself(console)
    checks.test_r32_traces_hold_no_answers_and_no_exception_texts(console)
    checks.test_r35_each_function_has_a_role_that_only_lambda_takes(console)
    checks.test_r35_every_grant_names_its_actions_and_resources(console)
    assert console.creation_order()
