"""How a release comes into use: as a version behind an alias, its calls going over bit by bit, and back."""

from typing import Any

import pytest

from tests.template import test_template as checks
from tests.template.cloudformation import Template

#: Those that records go through.
RELEASED = {"SplitterFunction", "ExtractorFunction", "ValidatorFunction", "DispatcherFunction"}
#: What SnapStart takes a snapshot of, at most (AWS Lambda Developer Guide, "Supported features and limitations").
LARGEST_SNAPSHOT_STORAGE = 512
ALARM = "AWS::CloudWatch::Alarm"
MADE = {
    "AWS::Lambda::Version",
    "AWS::Lambda::Alias",
    "AWS::CodeDeploy::Application",
    "AWS::CodeDeploy::DeploymentGroup",
}


@pytest.fixture(scope="module")
def named(template: Template) -> Template:
    return template.with_parameters(Release="0.3.0")


@pytest.fixture(scope="module")
def canary(template: Template) -> Template:
    return template.with_parameters(Release="0.3.0", Rollout="Canary10Percent5Minutes")


@pytest.fixture(scope="module")
def snapshots(template: Template) -> Template:
    return template.with_parameters(Release="0.3.0", SnapStart="PublishedVersions")


def aliased(template: Template) -> dict[str, str]:
    """Alias → its function."""
    return {name: alias["FunctionName"] for name, alias in template.of_type("AWS::Lambda::Alias").items()}


def refused(template: Template, **given: str) -> bool:
    """Whether CloudFormation's rules refuse these values."""
    asked = template.with_parameters(**given)
    return any(
        asked.holds(rule["RuleCondition"]) and not asked.holds(one["Assert"])
        for rule in asked.raw["Rules"].values()
        for one in rule["Assertions"]
    )


def test_without_a_release_nothing_of_it_is_there(template: Template) -> None:
    assert {kind for kind in MADE if template.of_type(kind)} == set()
    assert not {name.replace("Function", "ReleaseAlarm") for name in RELEASED} & template.of_type(ALARM).keys()
    for function in template.functions().values():
        assert "SnapStart" not in function
        assert "PENSTOCK_RELEASE" not in function["Environment"]["Variables"]
    for mapping in template.mappings():
        assert mapping.properties.get("FunctionName", mapping.function) == mapping.function, mapping


def test_what_only_a_version_can_do_is_refused_without_a_release(template: Template) -> None:
    assert refused(template, Rollout="Canary10Percent5Minutes")
    assert refused(template, SnapStart="PublishedVersions")
    assert not refused(template)
    assert not refused(template, Release="0.3.0", Rollout="Canary10Percent5Minutes", SnapStart="PublishedVersions")


def test_each_function_that_records_go_through_has_a_version_and_an_alias(named: Template) -> None:
    assert set(aliased(named).values()) == RELEASED
    for name, alias in named.of_type("AWS::Lambda::Alias").items():
        version = named.of_type("AWS::Lambda::Version")[alias["FunctionVersion"].removesuffix(".Version")]
        assert (alias["Name"], version["FunctionName"]) == ("live", alias["FunctionName"]), name


def test_every_release_publishes_versions_of_its_own_and_keeps_the_earlier(template: Template) -> None:
    """Another description replaces the version (AWS::Lambda::Version); Lambda refuses one of what has not changed, and
    a release may differ in its layers alone, whose versions SAM names anew, or in nothing."""
    first, second = (template.with_parameters(Release=name) for name in ("0.3.0", "0.4.0"))

    for name, version in first.of_type("AWS::Lambda::Version").items():
        assert version["Description"] != second.of_type("AWS::Lambda::Version")[name]["Description"], name
        assert first.resources[name]["UpdateReplacePolicy"] == "Retain", name
    for name in RELEASED:
        assert first.functions()[name]["Environment"] != second.functions()[name]["Environment"], name


def test_each_mapping_is_one_and_the_same_with_and_without_releases(template: Template, named: Template) -> None:
    """Two of one queue at once would ask for twice its maximum concurrency, and switch half of it with a circuit."""
    kind = "AWS::Lambda::EventSourceMapping"
    of_released = {mapping.queue for mapping in named.mappings() if mapping.function in RELEASED}

    assert named.of_type(kind).keys() == template.of_type(kind).keys()
    for name, mapping in named.of_type(kind).items():
        assert mapping["FunctionName"] in aliased(named), name
        same = ("EventSourceArn", "ScalingConfig", "BatchSize", "FunctionResponseTypes")
        assert {key: mapping[key] for key in same} == {key: template.of_type(kind)[name][key] for key in same}, name
    assert len(of_released) == len(named.of_type(kind))


def test_the_mappings_of_a_stack_without_releases_keep_the_names_that_sam_gave_them(template: Template) -> None:
    """Else an upgrade would make a second mapping of the queue before it removes the first, which Lambda refuses."""
    assert template.of_type("AWS::Lambda::EventSourceMapping").keys() >= {
        "SplitterFunctionIntake",
        "ExtractorFunctionDocument",
        "ValidatorFunctionChunk",
    }


def test_versions_share_what_is_reserved_for_their_function(named: Template) -> None:
    """Reserved concurrency is a function's; only provisioned concurrency would be an alias's, and there is none."""
    checks.test_r14_the_poller_asks_for_no_more_than_the_function_has(named)
    for alias in named.of_type("AWS::Lambda::Alias").values():
        assert "ProvisionedConcurrencyConfig" not in alias


def test_a_circuit_finds_and_may_switch_the_mappings_of_the_alias(named: Template) -> None:
    for name in ("DispatcherFunction", "ProberFunction"):
        told = named.functions()[name]["Environment"]["Variables"]["PENSTOCK_DISPATCHER_FUNCTION"]
        (grant,) = [one for one in named.function_grants(name) if one.sid == "SwitchMappings"]
        assert told.endswith(":function:penstock-dispatcher:live")
        # The other is for the minutes in which the mappings go over to the alias, or back from it.
        assert grant.condition["ArnEquals"]["lambda:FunctionArn"] == [told.removesuffix(":live"), told]


def test_all_goes_over_at_once_unless_somebody_asks_otherwise(named: Template) -> None:
    assert not named.of_type("AWS::CodeDeploy::DeploymentGroup")
    for name in aliased(named):
        assert "UpdatePolicy" not in named.resources[name]


def test_calls_go_over_as_the_parameter_says(canary: Template) -> None:
    for name in aliased(canary):
        how = canary.resources[name]["UpdatePolicy"]["CodeDeployLambdaAliasUpdate"]
        group = canary.of_type("AWS::CodeDeploy::DeploymentGroup")[how["DeploymentGroupName"]]
        assert canary.of_type("AWS::CodeDeploy::Application")[how["ApplicationName"]] == {"ComputePlatform": "Lambda"}
        assert group["DeploymentConfigName"] == "CodeDeployDefault.LambdaCanary10Percent5Minutes", name
    groups = {
        canary.resources[name]["UpdatePolicy"]["CodeDeployLambdaAliasUpdate"]["DeploymentGroupName"]
        for name in aliased(canary)
    }
    assert groups == canary.of_type("AWS::CodeDeploy::DeploymentGroup").keys()


def test_whichever_function_fails_all_of_the_release_goes_back(canary: Template) -> None:
    alarms = {f"{name.removesuffix('Function')}ReleaseAlarm" for name in RELEASED} | {
        "ImbalanceAlarm",
        "InternalErrorsAlarm",
    }
    for name, group in canary.of_type("AWS::CodeDeploy::DeploymentGroup").items():
        assert {alarm["Name"] for alarm in group["AlarmConfiguration"]["Alarms"]} == alarms, name
        assert len(alarms) <= 10, "CodeDeploy takes no more for a group"
        assert group["AutoRollbackConfiguration"]["Enabled"], name
        assert "DEPLOYMENT_STOP_ON_ALARM" in group["AutoRollbackConfiguration"]["Events"], name


def test_a_releases_alarm_counts_the_calls_of_its_own_version_alone(canary: Template) -> None:
    """A tenth of all calls failing would not ring an alarm on the function."""
    for function in RELEASED:
        stage = function.removesuffix("Function")
        alarm = canary.of_type(ALARM)[f"{stage}ReleaseAlarm"]
        for metric in [one["MetricStat"]["Metric"] for one in alarm["Metrics"] if "MetricStat" in one]:
            assert {one["Name"]: one["Value"] for one in metric["Dimensions"]} == {
                "FunctionName": function,
                "Resource": f"{function}:live",
                "ExecutedVersion": f"{stage}Version.Version",
            }, function


def test_codedeploy_may_shift_the_calls_of_these_functions_and_do_nothing_else(canary: Template) -> None:
    checks.test_r35_every_grant_names_its_actions_and_resources(canary)
    shifting = [grant for grant in canary.grants() if "lambda:UpdateAlias" in grant.actions]

    assert [(grant.role, {one.removesuffix(".Arn") for one in grant.resources}) for grant in shifting] == [
        ("ReleasesRole", RELEASED)
    ]


def test_snapshots_are_taken_of_what_lambda_takes_them_of(snapshots: Template) -> None:
    """Not of the extractor, on whose disk a document lies; not of what a schedule calls, for which nobody waits."""
    taken = {name for name, function in snapshots.functions().items() if "SnapStart" in function}

    assert taken == RELEASED - {"ExtractorFunction"}
    for name in taken:
        function: dict[str, Any] = snapshots.functions()[name]
        assert function["SnapStart"] == {"ApplyOn": "PublishedVersions"}
        assert function.get("EphemeralStorage", {"Size": 512})["Size"] <= LARGEST_SNAPSHOT_STORAGE, name
        assert name in aliased(snapshots).values(), "only a published version has a snapshot"


def test_what_holds_for_every_stack_holds_for_one_with_releases(canary: Template) -> None:
    checks.test_r9_every_mapping_reports_which_messages_failed(canary)
    checks.test_r12_every_alarm_reaches_somebody(canary)
    checks.test_no_deploy_closes_a_circuit(canary)
    checks.test_r6_bucket_and_queue_name_each_other_without_a_circle(canary)
