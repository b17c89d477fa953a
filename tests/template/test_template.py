"""What the requirements (R…) and invariant 8 (i8) demand of template.yaml.

Over all queues, mappings, functions, tables and buckets there are, so that a new one is covered.
test_checks_can_fail.py shows that each check here fails when it should.
"""

import base64
import copy
import json
import re
from collections.abc import Iterable
from dataclasses import fields
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from penstock.adapters.environment import RetentionDays
from penstock.deliver.probing import PROBE_SECONDS
from penstock.feeds import FEEDS
from penstock.model.stage_result import FAULTS
from penstock.operate.sweep import LOOKED_BACK, SETTLING_IN, UNSEEN
from penstock.ports.destination import DestinationSettings
from penstock.split.stage import MOST_HOPS, RESERVE
from penstock.tabulate.columns import PARTITIONS, columns, view
from tests.template.cloudformation import PSEUDO_PARAMETERS, SqsMapping, Template

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
#: Lambda's names of machines, and those of wheels.
MACHINES = {"arm64": "aarch64", "x86_64": "x86_64"}
DAY = 24 * 60 * 60
#: R13: as long as SQS keeps anything.
DLQ_RETENTION = 14 * DAY
#: R17: bytes of the largest object that S3 takes, and a second that a splitter reads at the slowest.
LARGEST_OBJECT, SLOWEST = 50 * 10**12, 60 * 10**6
#: R25: how long after a DLQ gave up on a message it can still be replayed.
REPLAY_WINDOW = 30 * DAY
#: R35: actions that know no resources, so that AWS takes nothing but "*".
WITHOUT_RESOURCES = {
    "xray:PutTraceSegments",
    "xray:PutTelemetryRecords",
    "lambda:ListEventSourceMappings",
    "textract:StartDocumentTextDetection",
    "textract:GetDocumentTextDetection",
    "cloudwatch:DescribeAlarms",
}
CONSUME = {
    "sqs:ReceiveMessage",
    "sqs:DeleteMessage",
    "sqs:ChangeMessageVisibility",
    "sqs:GetQueueAttributes",
}
#: R35: who takes messages without a mapping, what they do with them, and from which queues: the dispatcher's, or DLQs.
WITHOUT_MAPPING = {
    "ProberFunction": (CONSUME - {"sqs:ChangeMessageVisibility"}, "dispatch"),
    "SweeperFunction": ({"sqs:ReceiveMessage", "sqs:ChangeMessageVisibility"}, "dead letters"),
}
#: The stack's own, so that two stacks keep two sets of books.
METRICS = f"Penstock/{PSEUDO_PARAMETERS['AWS::StackName']}"


def only[T](items: Iterable[T], what: str) -> T:
    found = list(items)
    assert len(found) == 1, f"{len(found)} of {what}, expected one"
    return found[0]


def queues(template: Template) -> dict[str, Any]:
    return template.of_type("AWS::SQS::Queue")


def buckets(template: Template) -> dict[str, Any]:
    return template.of_type("AWS::S3::Bucket")


def sources(template: Template) -> dict[str, Any]:
    """Queues that call a function."""
    called = {mapping.queue for mapping in template.mappings()}
    return {name: properties for name, properties in queues(template).items() if name in called}


def drop_buckets(template: Template) -> dict[str, Any]:
    """Buckets in which a new object starts the pipeline."""
    return {
        name: properties for name, properties in buckets(template).items() if "NotificationConfiguration" in properties
    }


def scheduled(template: Template) -> dict[str, Any]:
    """Functions that are called by the clock."""
    called = {schedule.function for schedule in template.schedules()}
    return {name: function for name, function in template.functions().items() if name in called}


def feed_queues(template: Template) -> dict[str, str]:
    """Feed → its dispatch queue, as the queues' names say it."""
    start = f"{PSEUDO_PARAMETERS['AWS::StackName']}-dispatch-"
    return {
        queue["QueueName"].removeprefix(start): name
        for name, queue in sources(template).items()
        if queue["QueueName"].startswith(start)
    }


def queue_arn(properties: dict[str, Any]) -> str:
    region, account = PSEUDO_PARAMETERS["AWS::Region"], PSEUDO_PARAMETERS["AWS::AccountId"]
    return f"arn:aws:sqs:{region}:{account}:{properties['QueueName']}"


def granted(template: Template, function: str, action: str) -> set[str]:
    """Resources on which a function may do the action."""
    return {
        resource
        for grant in template.function_grants(function)
        if action in grant.actions
        for resource in grant.resources
    }


def timeout_of(template: Template, mapping: SqsMapping) -> int:
    return template.functions()[mapping.function]["Timeout"]


def redrive_of(template: Template, queue: str) -> dict[str, Any]:
    return queues(template)[queue]["RedrivePolicy"]


def refuses_plain_http(name: str, statements: list[dict[str, Any]], *, action: str, resource: str | list[str]) -> None:
    denied = [statement for statement in statements if statement["Effect"] == "Deny"]
    assert denied == [
        {
            "Sid": "TlsOnly",
            "Effect": "Deny",
            "Principal": "*",
            "Action": action,
            "Resource": resource,
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        }
    ], name


def alarms_on_attempts(template: Template, service: str) -> None:
    def counts(alarm: dict[str, Any], name: str, by: str) -> bool:
        return {
            "Namespace": METRICS,
            "MetricName": name,
            "Dimensions": [{"Name": "service", "Value": by}],
        } in [query.get("MetricStat", {}).get("Metric") for query in alarm.get("Metrics", [])]

    alarm = only(
        (
            alarm
            for alarm in template.of_type("AWS::CloudWatch::Alarm").values()
            if counts(alarm, "ChunkAttempts", service)
        ),
        f"alarms on attempts of the {service}",
    )
    assert counts(alarm, {"validator": "ChunksValidated", "dispatcher": "ChunksSettled"}[service], service)
    assert counts(alarm, "ChunksPutOff", service) == (service == "dispatcher"), "to be put off is no attempt"
    assert (alarm["ComparisonOperator"], alarm["Threshold"]) == ("GreaterThanThreshold", 2)


# Intake


def test_r2_the_drop_bucket_keeps_every_version(template: Template) -> None:
    assert drop_buckets(template)
    for name, bucket in drop_buckets(template).items():
        assert bucket.get("VersioningConfiguration") == {"Status": "Enabled"}, name


def test_r2_every_reader_of_drops_may_read_a_version(template: Template) -> None:
    for function in template.functions():
        for bucket in drop_buckets(template):
            read = granted(template, function, "s3:GetObject")
            if f"{bucket}.Arn/*" in read:
                versions = granted(template, function, "s3:GetObjectVersion")
                assert f"{bucket}.Arn/*" in versions, function


def test_r4_nothing_is_written_where_it_would_start_the_pipeline(template: Template) -> None:
    for function in template.functions():
        for resource in granted(template, function, "s3:PutObject"):
            bucket = resource.split(".")[0]
            assert bucket in buckets(template), f"{function} writes to {resource}"
            assert bucket not in drop_buckets(template), f"{function} writes to {resource}"


def test_r6_bucket_and_queue_name_each_other_without_a_circle(template: Template) -> None:
    order = template.creation_order()
    for name, bucket in drop_buckets(template).items():
        for notification in bucket["NotificationConfiguration"]["QueueConfigurations"]:
            queue = notification["Queue"].removesuffix(".Arn")
            policy = only(
                (
                    policy
                    for policy, properties in template.of_type("AWS::SQS::QueuePolicy").items()
                    if queue in properties["Queues"]
                ),
                f"policies on {queue}",
            )
            assert order.index(policy) < order.index(name), "S3 tries the notification at once"
            allow = only(
                (
                    statement
                    for statement in template.policies_on("AWS::SQS::QueuePolicy", queue)
                    if statement["Effect"] == "Allow"
                ),
                f"senders to {queue}",
            )
            assert allow["Principal"] == {"Service": "s3.amazonaws.com"}
            assert allow["Action"] == "sqs:SendMessage"
            assert allow["Condition"] == {
                "ArnEquals": {"aws:SourceArn": f"arn:aws:s3:::{bucket['BucketName']}"},
                "StringEquals": {"aws:SourceAccount": PSEUDO_PARAMETERS["AWS::AccountId"]},
            }


# Queues and mappings


def test_r7_a_message_stays_invisible_for_six_timeouts_and_the_window(template: Template) -> None:
    assert template.mappings()
    for mapping in template.mappings():
        window = mapping.properties.get("MaximumBatchingWindowInSeconds", 0)
        visibility = queues(template)[mapping.queue].get("VisibilityTimeout", 30)
        assert visibility >= 6 * timeout_of(template, mapping) + window, mapping


def test_r8_a_message_is_tried_five_times_at_least(template: Template) -> None:
    for name in sources(template):
        assert redrive_of(template, name)["maxReceiveCount"] >= 5, name


def test_r9_every_mapping_reports_which_messages_failed(template: Template) -> None:
    for mapping in template.mappings():
        assert mapping.properties.get("FunctionResponseTypes") == ["ReportBatchItemFailures"], mapping


def test_r11_every_queue_has_a_dlq_and_each_dlq_takes_from_one_functions_queues_only(
    template: Template,
) -> None:
    dlq_of = template.dlq_of()
    assert dlq_of.keys() == sources(template).keys(), "every source has a DLQ, and no DLQ has one"
    assert {*dlq_of, *dlq_of.values()} == queues(template).keys(), "no stray"
    for dlq in dlq_of.values():
        served = [source for source in dlq_of if dlq_of[source] == dlq]
        assert len({mapping.function for mapping in template.mappings() if mapping.queue in served}) == 1, dlq
        allowed = queues(template)[dlq].get("RedriveAllowPolicy", {})
        assert allowed.get("redrivePermission") == "byQueue", dlq
        assert sorted(allowed["sourceQueueArns"]) == sorted(queue_arn(queues(template)[one]) for one in served), dlq


def test_r11_functions_called_by_queues_have_no_dlq_of_their_own(template: Template) -> None:
    for mapping in template.mappings():
        function = template.functions()[mapping.function]
        assert not {"DeadLetterQueue", "EventInvokeConfig"} & function.keys(), mapping.function


def test_r12_alarms_on_every_dlq_and_on_the_age_of_every_source(template: Template) -> None:
    alarms = template.of_type("AWS::CloudWatch::Alarm")
    for source, dlq in template.dlq_of().items():
        filled = only(
            template.alarms_on("AWS/SQS", "ApproximateNumberOfMessagesVisible", QueueName=f"{dlq}.QueueName"),
            f"alarms on {dlq}",
        )
        assert alarms[filled]["ComparisonOperator"] == "GreaterThanThreshold", filled
        assert alarms[filled]["Threshold"] == 0, filled
        assert template.alarms_on("AWS/SQS", "ApproximateAgeOfOldestMessage", QueueName=f"{source}.QueueName"), source


def test_r12_every_alarm_reaches_somebody(template: Template) -> None:
    for name, alarm in template.of_type("AWS::CloudWatch::Alarm").items():
        assert set(alarm["AlarmActions"]) <= template.of_type("AWS::SNS::Topic").keys(), name
        assert alarm["AlarmActions"], name
        assert alarm.get("AlarmDescription"), name


def test_r13_a_dlq_keeps_14_days_and_longer_than_its_source(template: Template) -> None:
    for source, dlq in template.dlq_of().items():
        kept = queues(template)[dlq].get("MessageRetentionPeriod", 4 * DAY)
        assert kept == DLQ_RETENTION, dlq
        assert kept > queues(template)[source].get("MessageRetentionPeriod", 4 * DAY), source


def test_r14_the_poller_asks_for_no_more_than_the_function_has(template: Template) -> None:
    wanted = dict.fromkeys(template.functions(), 0)
    for mapping in template.mappings():
        maximum = mapping.properties.get("ScalingConfig", {}).get("MaximumConcurrency", 0)
        assert 2 <= maximum <= 1000, mapping
        wanted[mapping.function] += maximum
    for name, function in template.functions().items():
        if name in scheduled(template):
            assert (function["ReservedConcurrentExecutions"], wanted[name]) == (1, 0), name
        else:
            assert function.get("ReservedConcurrentExecutions", 0) >= wanted[name] > 0, name


def is_a_page(function: dict[str, Any]) -> bool:
    """Whether a function answers people, through an API that lets so many through."""
    return any(event["Type"] == "HttpApi" for event in function["Properties"].get("Events", {}).values())


def test_r14_both_concurrencies_are_parameters_within_what_aws_takes(template: Template) -> None:
    by_queue: list[tuple[str, dict[str, Any]]] = []
    for name, resource in template.raw["Resources"].items():
        properties = resource.get("Properties", {})
        if resource["Type"] == "AWS::Serverless::Function" and not (name in scheduled(template) or is_a_page(resource)):
            assert template.parameters[properties["ReservedConcurrentExecutions"]["Ref"]]["MinValue"] >= 2, name
            by_queue += [(name, event["Properties"]) for event in properties.get("Events", {}).values()]
        elif resource["Type"] == "AWS::Lambda::EventSourceMapping":
            by_queue.append((name, properties))
    assert len(by_queue) == len(template.mappings())
    for name, properties in by_queue:
        maximum = template.parameters[properties["ScalingConfig"]["MaximumConcurrency"]["Ref"]]
        assert (maximum["MinValue"], maximum["MaxValue"]) == (2, 1000), name


def test_two_lanes_of_a_feed_leave_dispatchers_to_the_others(template: Template) -> None:
    a_lane, a_feed = (
        template.parameters[name]["Default"] for name in ("LaneMaximumConcurrency", "DispatcherMaximumConcurrency")
    )
    assert 2 * a_lane < a_feed


def test_r16_no_mapping_filters_messages_away(template: Template) -> None:
    for mapping in template.mappings():
        assert "FilterCriteria" not in mapping.properties, mapping
    for name, bucket in drop_buckets(template).items():
        for notification in bucket["NotificationConfiguration"]["QueueConfigurations"]:
            assert "Filter" not in notification, f"{name}: an unknown feed is refused, not ignored"


def test_r17_every_function_states_whether_it_may_call_itself(template: Template) -> None:
    for name, function in template.functions().items():
        taken = {f"{mapping.queue}.Arn" for mapping in template.mappings() if mapping.function == name}
        calls_itself = taken & granted(template, name, "sqs:SendMessage")
        assert function.get("RecursiveLoop") == ("Allow" if calls_itself else "Terminate"), name


def test_r17_the_splitters_hops_suffice_for_the_largest_object_and_end_before_it_is_gone(template: Template) -> None:
    timeout = template.functions()["SplitterFunction"]["Timeout"]
    assert MOST_HOPS * (timeout - RESERVE) * SLOWEST >= LARGEST_OBJECT
    assert MOST_HOPS * timeout < template.parameters["LedgerRetentionDays"]["MinValue"] * DAY


# Effects


def test_r25_a_function_takes_the_days_that_the_template_offers_and_no_others(template: Template) -> None:
    offered = template.parameters["LedgerRetentionDays"]
    taken = TypeAdapter(RetentionDays).json_schema()

    assert (taken["minimum"], taken["maximum"]) == (offered["MinValue"], offered["MaxValue"])


def test_r25_ledger_and_claims_outlast_the_dlq_and_the_replay_window(template: Template) -> None:
    days = template.parameters["LedgerRetentionDays"]
    assert days["MinValue"] * DAY >= DLQ_RETENTION + REPLAY_WINDOW
    assert days["Default"] >= days["MinValue"]
    for name, function in template.functions().items():
        variables = function["Environment"]["Variables"]
        assert variables["PENSTOCK_RETENTION_DAYS"] == days["Default"], name
    for name, table in template.of_type("AWS::DynamoDB::Table").items():
        assert table.get("TimeToLiveSpecification") == {
            "AttributeName": "expires_at",
            "Enabled": True,
        }, name


def test_r25_the_readme_says_for_how_long_a_duplicate_is_recognised(template: Template) -> None:
    """As long as a claim lives (contract/test_claims.py), of which the functions are told above."""
    says = r"duplicate of a record is recognised for (\d+) days\s+\(`LedgerRetentionDays`\)"
    (days,) = re.findall(says, README.read_text(encoding="utf-8"))

    assert int(days) == template.default("LedgerRetentionDays")


def test_r25_dropped_bytes_live_as_long_as_the_ledger_knows_them(template: Template) -> None:
    days = template.default("LedgerRetentionDays")
    for name, bucket in drop_buckets(template).items():
        expiries = [
            (rule["ExpirationInDays"], rule["NoncurrentVersionExpiration"]["NoncurrentDays"])
            for rule in bucket["LifecycleConfiguration"]["Rules"]
            if "ExpirationInDays" in rule
        ]
        assert expiries == [(days, days)], name


# Safety and operation


def test_r32_traces_hold_no_answers_and_no_exception_texts(template: Template) -> None:
    for name, function in template.functions().items():
        variables = function["Environment"]["Variables"]
        assert variables.get("POWERTOOLS_TRACER_CAPTURE_RESPONSE") == "false", name
        assert variables.get("POWERTOOLS_TRACER_CAPTURE_ERROR") == "false", name


def test_r33_every_bucket_is_private_and_encrypted(template: Template) -> None:
    for name, bucket in buckets(template).items():
        assert bucket.get("PublicAccessBlockConfiguration") == {
            "BlockPublicAcls": True,
            "BlockPublicPolicy": True,
            "IgnorePublicAcls": True,
            "RestrictPublicBuckets": True,
        }, name
        assert bucket["OwnershipControls"]["Rules"] == [{"ObjectOwnership": "BucketOwnerEnforced"}], name
        (rule,) = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
        assert rule["ServerSideEncryptionByDefault"]["SSEAlgorithm"] in ("AES256", "aws:kms"), name


def test_r33_every_bucket_forgets(template: Template) -> None:
    for name, bucket in buckets(template).items():
        rules = bucket["LifecycleConfiguration"]["Rules"]
        assert all(rule["Status"] == "Enabled" for rule in rules), name
        assert any("ExpirationInDays" in rule for rule in rules), name
        assert any("AbortIncompleteMultipartUpload" in rule for rule in rules), name
        if "VersioningConfiguration" in bucket:
            assert any("NoncurrentVersionExpiration" in rule for rule in rules), name


def test_r33_every_place_a_function_may_write_to_has_a_lifecycle(template: Template) -> None:
    expiring = {
        f"{name}.Arn/{rule.get('Prefix', '')}*"
        for name, bucket in buckets(template).items()
        for rule in bucket["LifecycleConfiguration"]["Rules"]
        if "ExpirationInDays" in rule
    }
    for function in template.functions():
        assert granted(template, function, "s3:PutObject") <= expiring, function


def test_r33_every_bucket_refuses_plain_http(template: Template) -> None:
    for name in buckets(template):
        refuses_plain_http(
            name,
            template.policies_on("AWS::S3::BucketPolicy", name),
            action="s3:*",
            resource=[f"{name}.Arn", f"{name}.Arn/*"],
        )


def test_r33_every_queue_refuses_plain_http(template: Template) -> None:
    for name in queues(template):
        refuses_plain_http(
            name,
            template.policies_on("AWS::SQS::QueuePolicy", name),
            action="sqs:*",
            resource=f"{name}.Arn",
        )


def test_r33_queues_and_tables_are_encrypted_and_tables_can_be_restored(
    template: Template,
) -> None:
    for name, queue in queues(template).items():
        assert queue.get("SqsManagedSseEnabled") is True, name
    for name, table in template.of_type("AWS::DynamoDB::Table").items():
        assert table.get("SSESpecification") == {"SSEEnabled": True}, name
        recovery = table["PointInTimeRecoverySpecification"]
        assert recovery == {"PointInTimeRecoveryEnabled": True}, name


def test_r33_what_holds_data_survives_the_stack(template: Template) -> None:
    for name, resource in template.resources.items():
        if resource["Type"] in ("AWS::S3::Bucket", "AWS::S3::BucketPolicy", "AWS::DynamoDB::Table"):
            assert resource.get("DeletionPolicy") == "RetainExceptOnCreate", name
            assert resource.get("UpdateReplacePolicy") == "Retain", name


def test_r34_an_alarm_on_imbalance(template: Template) -> None:
    alarm = only(
        (
            alarm
            for alarm in template.of_type("AWS::CloudWatch::Alarm").values()
            for query in alarm.get("Metrics", [])
            if "ImbalancedFiles" in query.get("Expression", "")
        ),
        "alarms on imbalance",
    )
    assert (alarm["ComparisonOperator"], alarm["Threshold"]) == ("GreaterThanThreshold", 0)


def test_an_alarm_where_a_destinations_settings_are_wrong(template: Template) -> None:
    alarm = template.resources["DestinationSettingsAlarm"]["Properties"]
    assert alarm["Metrics"][0]["Expression"].startswith("SELECT MAX(SettingsWrong) FROM")
    assert (alarm["ComparisonOperator"], alarm["Threshold"]) == ("GreaterThanThreshold", 0)


def test_every_metric_that_tells_of_a_fault_has_an_alarm_that_one_of_it_rings(template: Template) -> None:
    for metric in FAULTS:
        alarms = [
            alarm
            for alarm in template.of_type("AWS::CloudWatch::Alarm").values()
            if alarm.get("MetricName") == metric
            or any(f"({metric}) FROM" in query.get("Expression", "") for query in alarm.get("Metrics", []))
        ]
        assert alarms, metric
        for alarm in alarms:
            assert (alarm["ComparisonOperator"], alarm["Threshold"]) == ("GreaterThanThreshold", 0), metric


def test_private_addresses_are_called_only_where_a_parameter_says_so(template: Template) -> None:
    assert template.parameters["PrivateDestinations"]["Default"] == "false"
    for name in ("DispatcherFunction", "ProberFunction", "NotifierFunction"):
        variables = template.functions()[name]["Environment"]["Variables"]
        assert variables["PENSTOCK_PRIVATE_DESTINATIONS"] == "false", name


def test_a_form_that_has_changed_is_told_by_a_topic_of_its_own(template: Template) -> None:
    rule = template.of_type("AWS::Events::Rule")["DriftRule"]
    assert rule["EventPattern"] == {
        "source": ["penstock"],
        "detail-type": ["TemplateDrifted"],
        "detail": {"bucket": ["DropBucket"]},
    }, "another stack's are none of its topic's"
    assert [target["Arn"] for target in rule["Targets"]] == ["DriftTopic"]
    (allowed,) = [one for one in template.resources["DriftTopicPolicy"]["Properties"]["PolicyDocument"]["Statement"]
                  if one["Effect"] == "Allow"]  # fmt: skip
    assert (allowed["Principal"], allowed["Resource"]) == ({"Service": "events.amazonaws.com"}, "DriftTopic")
    alarms = template.of_type("AWS::CloudWatch::Alarm").values()
    assert not any("DriftTopic" in alarm["AlarmActions"] for alarm in alarms), "nobody is woken by it"


def test_an_alarm_where_penstock_itself_failed_at_a_record(template: Template) -> None:
    alarm = template.resources["InternalErrorsAlarm"]["Properties"]
    assert alarm["Metrics"][0]["Expression"].startswith("SELECT SUM(InternalErrors) FROM")
    assert (alarm["ComparisonOperator"], alarm["Threshold"]) == ("GreaterThanThreshold", 0)


def test_an_alarm_where_something_fails_again_and_again(template: Template) -> None:
    alarm = template.resources["FailingOftenAlarm"]["Properties"]
    assert alarm["Metrics"][0]["Expression"].startswith("SELECT SUM(FailingOften) FROM")
    assert (alarm["ComparisonOperator"], alarm["Threshold"]) == ("GreaterThanThreshold", 0)


def test_r34_an_alarm_on_the_validators_attempts_for_a_chunk(template: Template) -> None:
    alarms_on_attempts(template, "validator")


def test_r34_an_alarm_on_the_dispatchers_attempts_for_a_chunk(template: Template) -> None:
    alarms_on_attempts(template, "dispatcher")


def test_r34_alarms_of_the_books_are_on_unless_somebody_turns_them_off(
    template: Template,
) -> None:
    assert template.raw["Conditions"]["AlarmsCalculate"] == {"Fn::Equals": [{"Ref": "CalculatedAlarms"}, "true"]}
    assert template.default("CalculatedAlarms") == "true"
    for name, resource in template.resources.items():
        if resource["Type"] == "AWS::CloudWatch::Alarm":
            of_something_else = ("PeopleAreTold", "CallsGoOverBitByBit")
            assert resource.get("Condition") in (None, "AlarmsCalculate", *of_something_else), name


def test_r34_the_dashboard_shows_the_books_first(template: Template) -> None:
    widgets = [widget for widget in template.dashboard_widgets() if widget["type"] == "metric"]
    shown = [json.dumps(widget["properties"]["metrics"]) for widget in widgets]
    business = ["Penstock/" in metrics for metrics in shown]
    assert business == sorted(business, reverse=True)
    outcomes = ("Received", "Delivered", "Rejected", "Duplicate", "Held", "Unknown", "Dead")
    for outcome in outcomes:
        assert f"Records{outcome}" in shown[0], outcome
    bare = template.with_parameters(Notices="false")  # a dashboard is one text, and has no conditions
    for name in (*bare.functions(), *(f"{queue}.QueueName" for queue in queues(bare))):
        assert any(f'"{name}"' in metrics for metrics in shown), name


def test_r35_each_function_has_a_role_that_only_lambda_takes(template: Template) -> None:
    roles = [function["Role"] for function in template.functions().values()]
    assert len(set(roles)) == len(roles)
    for name, role in template.of_type("AWS::IAM::Role").items():
        (trust,) = role["AssumeRolePolicyDocument"]["Statement"]
        assert trust["Principal"] == {"Service": "lambda.amazonaws.com"}, name
        assert "ManagedPolicyArns" not in role, f"{name}: AWS decides what such a policy allows"


def test_r35_every_grant_names_its_actions_and_resources(template: Template) -> None:
    assert template.grants()
    for grant in template.grants():
        assert not [action for action in grant.actions if "*" in action], grant
        if not set(grant.actions) <= WITHOUT_RESOURCES:
            for resource in grant.resources:
                # A "*" may end a name that has begun; it may not be the name.
                head = resource.removesuffix("*")
                assert "*" not in head, grant
                ends = (".Arn", ".TopicArn", "/", "/default", "/notices")
                ends += (":event-source-mapping:", "/index/files_by_state", "ConsoleSecret")
                assert head.endswith(ends), f"{grant}: {resource}"
                assert head.startswith("arn:") or head.split(".")[0] in template.resources, grant
                # A mapping's name is its id, which nobody knows beforehand.
                if head.endswith(":event-source-mapping:"):
                    ((_, functions),) = grant.condition["ArnEquals"].items()
                    dispatcher = f":function:{template.functions()['DispatcherFunction']['FunctionName']}"
                    assert all(function.endswith((dispatcher, f"{dispatcher}:live")) for function in functions)


def test_r35_a_function_takes_from_its_own_queues_and_no_other(template: Template) -> None:
    dispatch = set(feed_queues(template).values())
    buried = {template.dlq_of()[queue] for queue in (*dispatch, "ChunkQueue")}
    for function in template.functions():
        own = {m.queue for m in template.mappings() if m.function == function}
        does, where = WITHOUT_MAPPING.get(function, (CONSUME, "its own"))
        from_queues = {"dispatch": dispatch, "dead letters": buried, "its own": own}[where]
        for action in CONSUME:
            wanted = {f"{queue}.Arn" for queue in from_queues} if action in does else set[str]()
            assert granted(template, function, action) == wanted, f"{function} {action}"


def test_r35_what_a_function_is_told_of_it_may_use(template: Template) -> None:
    for name, function in template.functions().items():
        told = {
            word.removesuffix(".Arn")
            for value in function["Environment"]["Variables"].values()
            for word in (json.loads(value).values() if str(value).startswith("{") else [str(value)])
        }
        usable = {resource.split(".")[0] for grant in template.function_grants(name) for resource in grant.resources}
        resources = told & template.resources.keys()
        # What all functions are told; these two have nothing to do there.
        there = {"ArchiveBucket"} if name in ("TabulatorFunction", "NotifierFunction") else set[str]()
        assert resources - there <= usable, name


def test_r35_nobody_may_delete_from_the_ledger_or_a_bucket(template: Template) -> None:
    """States move forward only; what a claim's owner gives up goes, what the table has twice, and what was due."""
    deleting = {
        resource
        for grant in template.grants()
        for action in grant.actions
        if "Delete" in action and not action.startswith("sqs:")
        for resource in grant.resources
    }
    tables = {f"WorkBucket.Arn/{folder}/*" for folder in ("due", "merged", "outcomes")}
    due = {"WorkBucket.Arn/accounts/*"}
    assert deleting == {"Claims.Arn"} | tables | due
    theirs = {"TabulatorFunction": tables, "NotaryFunction": due}
    for function in template.functions():
        assert granted(template, function, "s3:DeleteObject") == theirs.get(function, set()), function


def test_r35_settings_and_secrets_are_those_of_the_stack(template: Template) -> None:
    stack = PSEUDO_PARAMETERS["AWS::StackName"]
    for grant in template.grants():
        for resource in grant.resources:
            if ":ssm:" in resource:
                assert resource.endswith((f":parameter/penstock/{stack}/destinations/*", f"/{stack}/notices"))
            if ":secretsmanager:" in resource:
                assert resource.endswith((f":secret:penstock/{stack}/*", f":secret:penstock/{stack}/notices/*"))


# Invariant 8: numbers that depend on one another, beyond those above


def test_i8_every_function_logs_to_its_own_group_which_forgets(template: Template) -> None:
    groups = template.of_type("AWS::Logs::LogGroup")
    taken = [function["LoggingConfig"]["LogGroup"] for function in template.functions().values()]
    assert sorted(taken) == sorted(groups)
    for name, function in template.functions().items():
        group = function["LoggingConfig"]["LogGroup"]
        assert granted(template, name, "logs:PutLogEvents") == {f"{group}.Arn"}
        assert groups[group]["RetentionInDays"] == template.default("LogRetentionDays")


def test_i8_every_function_is_told_its_own_source_queues(template: Template) -> None:
    for mapping in template.mappings():
        variables = template.functions()[mapping.function]["Environment"]["Variables"]
        if mapping.function == "DispatcherFunction":
            assert mapping.queue in json.loads(variables["PENSTOCK_DISPATCH_QUEUES"]).values(), mapping
        else:
            assert variables["PENSTOCK_SOURCE_QUEUE_URL"] == mapping.queue, mapping


# A block a feed


def test_every_feed_has_its_queue_its_mapping_and_its_destination(template: Template) -> None:
    there = feed_queues(template)
    assert there.keys() == FEEDS.keys()
    assert set(there.values()) == {m.queue for m in template.mappings() if m.function == "DispatcherFunction"}
    path = template.functions()["DispatcherFunction"]["Environment"]["Variables"]["PENSTOCK_DESTINATIONS_PATH"]
    parameters = {one["Name"] for one in template.of_type("AWS::SSM::Parameter").values()}
    assert {name for name in parameters if name.startswith(f"{path}/")} == {f"{path}/{feed}" for feed in FEEDS}


def test_every_feeds_queue_is_told_to_whoever_sends_or_takes_dispatches(template: Template) -> None:
    there = feed_queues(template)
    functions = template.functions()
    for name in ("ValidatorFunction", "DispatcherFunction", "ProberFunction"):
        variables = functions[name]["Environment"]["Variables"]
        assert json.loads(variables["PENSTOCK_DISPATCH_QUEUES"]) == there, name
        itself = {"ChunkQueue.Arn"} if name == "ValidatorFunction" else set[str]()
        assert granted(template, name, "sqs:SendMessage") == {f"{queue}.Arn" for queue in there.values()} | itself, name
    for name in ("DispatcherFunction", "ProberFunction"):
        arns = json.loads(functions[name]["Environment"]["Variables"]["PENSTOCK_DISPATCH_QUEUE_ARNS"])
        assert arns == {feed: f"{queue}.Arn" for feed, queue in there.items()}, name
    assert json.loads(template.outputs["DispatchQueues"]["Value"]) == there


def test_one_alarm_looks_at_the_circuits_of_all_feeds_and_lanes(template: Template) -> None:
    """The prober counts once a minute; an alarm for each would be paid while nothing is wrong."""
    alarm = template.of_type("AWS::CloudWatch::Alarm")["CircuitAlarm"]
    assert alarm["Metrics"][0]["Expression"] == f'SELECT MAX(CircuitOpen) FROM "{METRICS}"'
    assert (alarm["Metrics"][0]["Period"], alarm["Threshold"]) == (60, 0)
    assert alarm["ComparisonOperator"] == "GreaterThanThreshold"


def test_every_feeds_destination_has_settings_that_a_dispatcher_takes(template: Template) -> None:
    parameters = {one["Name"]: json.loads(one["Value"]) for one in template.of_type("AWS::SSM::Parameter").values()}
    for name, feed in FEEDS.items():
        (found,) = (value for path, value in parameters.items() if path.endswith(f"/{name}"))
        settings = TypeAdapter(DestinationSettings).validate_python(found)
        assert found.keys() <= {field.name for field in fields(DestinationSettings)}, name
        if feed.examination:
            TypeAdapter(feed.examination.policy).validate_python(settings.policy)
            assert settings.soft == feed.soft, f"{name}: what is done with soft findings is seen where it is set"


def test_every_feed_asks_where_its_records_go(template: Template) -> None:
    """One form for all, a first value that sends nothing to anybody, and a question in `sam deploy --guided`."""
    interface = template.raw["Metadata"]["AWS::CloudFormation::Interface"]
    asked = [name for group in interface["ParameterGroups"] for name in group["Parameters"]]
    first, *_ = FEEDS
    for feed in FEEDS:
        name = f"{feed.capitalize()}DestinationUrl"
        parameter = template.parameters[name]
        assert (
            parameter["AllowedPattern"] == template.parameters[f"{first.capitalize()}DestinationUrl"]["AllowedPattern"]
        )
        assert parameter["Default"] == f"https://{feed}.invalid/records"
        assert name in asked, name
        assert name in interface["ParameterLabels"], name
        settings = template.resources[f"{feed.capitalize()}Destination"]["Properties"]["Value"]
        assert json.loads(settings)["url"] == parameter["Default"], name


def test_every_feeds_block_is_like_the_first(template: Template) -> None:
    """But for its settings, and for what alarms say."""
    first, *others = FEEDS

    def block(feed: str) -> dict[str, Any]:
        named = {
            name: copy.deepcopy(resource)
            for name, resource in template.raw["Resources"].items()
            if name.startswith(feed.capitalize())
        }
        for resource in named.values():
            for said in ("Value", "Description", "AlarmDescription"):
                resource["Properties"].pop(said, None)
        text = json.dumps(named).replace(feed.capitalize(), first.capitalize()).replace(feed, first)
        return json.loads(text)

    for feed in others:
        assert block(feed) == block(first), feed


def test_the_dashboard_shows_every_queue_and_how_long_it_keeps_waiting(template: Template) -> None:
    shown = {
        (metric[1], metric[3])
        for widget in template.dashboard_widgets()
        for metric in widget["properties"].get("metrics", [])
        if metric[0] == "AWS/SQS"
    }
    bare = template.with_parameters(Notices="false")
    for queue in queues(bare):
        assert ("ApproximateNumberOfMessagesVisible", f"{queue}.QueueName") in shown, queue
    for queue in sources(bare):
        assert ("ApproximateAgeOfOldestMessage", f"{queue}.QueueName") in shown, queue


def test_no_deploy_closes_a_circuit(template: Template) -> None:
    """What a template does not say of a mapping, CloudFormation leaves as the circuit has set it."""
    for mapping in template.mappings():
        assert "Enabled" not in mapping.properties, mapping


# What a schedule calls


def test_what_a_schedule_calls_is_not_called_twice_for_one_tick(template: Template) -> None:
    for name, function in scheduled(template).items():
        assert function["EventInvokeConfig"]["MaximumRetryAttempts"] == 0, f"{name}: the next tick does it"
        assert 60 <= function["EventInvokeConfig"]["MaximumEventAgeInSeconds"] <= 21_600, name


def test_the_prober_looks_every_minute_with_the_means_of_a_dispatcher(template: Template) -> None:
    (tick,) = [schedule for schedule in template.schedules() if schedule.function == "ProberFunction"]
    assert (tick.seconds, tick.event) == (60, {"look": "circuits"})
    prober, dispatcher = (template.functions()[f"{name}Function"] for name in ("Prober", "Dispatcher"))
    assert prober["Timeout"] == dispatcher["Timeout"] <= PROBE_SECONDS, "a probe that goes on is not begun again"
    assert prober["MemorySize"] == dispatcher["MemorySize"]

    def told(function: dict[str, Any]) -> dict[str, Any]:
        variables = dict(function["Environment"]["Variables"])
        del variables["POWERTOOLS_SERVICE_NAME"]
        return variables

    assert told(prober) == told(dispatcher)


def test_the_sweeper_is_done_before_it_is_called_again(template: Template) -> None:
    every = {s.event["look"]: s.seconds for s in template.schedules() if s.function == "SweeperFunction"}
    timeout = template.functions()["SweeperFunction"]["Timeout"]
    assert every.keys() == {"work", "idle", "drops"}
    assert timeout < every["work"]
    assert timeout <= UNSEEN, "no sweep sees a dead letter twice"
    assert every["drops"] < LOOKED_BACK - SETTLING_IN, "no drop is passed over between two looks"


def test_the_sweeper_may_find_open_files(template: Template) -> None:
    """An index has rights of its own."""
    (index,) = template.of_type("AWS::DynamoDB::Table")["Ledger"]["GlobalSecondaryIndexes"]
    assert f"Ledger.Arn/index/{index['IndexName']}" in granted(template, "SweeperFunction", "dynamodb:Query")


def test_alarms_on_what_the_sweeper_finds(template: Template) -> None:
    alarms = template.of_type("AWS::CloudWatch::Alarm")
    every = {s.event["look"]: s.seconds for s in template.schedules() if s.function == "SweeperFunction"}
    for metric, look in {
        "ChunksBuried": "work",
        "FilesStalled": "work",
        "FilesOverlooked": "drops",
    }.items():
        alarm = alarms[only(template.alarms_on(METRICS, metric, feed="none", service="sweeper"), f"alarms on {metric}")]
        assert (alarm["ComparisonOperator"], alarm["Threshold"]) == ("GreaterThanThreshold", 0), metric
        assert alarm["Period"] >= every[look], f"{metric}: it does not go out between two looks"
    for metric, period in {"FilesIncomplete": 60, "LookFaults": every["drops"]}.items():
        alarm, query = only(
            (
                (alarm, query)
                for alarm in alarms.values()
                for query in alarm.get("Metrics", [])
                if query.get("Expression") == f'SELECT SUM({metric}) FROM "{METRICS}"'
            ),
            f"alarms on {metric}, of whatever function",
        )
        assert (alarm["ComparisonOperator"], alarm["Threshold"]) == ("GreaterThanThreshold", 0), metric
        assert query["Period"] >= period, f"{metric}: it does not go out between two looks"


def test_alarms_where_what_a_schedule_calls_stays_silent(template: Template) -> None:
    for name in scheduled(template).keys() - {"SweeperFunction"}:
        alarm = only(
            (
                alarm
                for alarm in template.of_type("AWS::CloudWatch::Alarm").values()
                if name in json.dumps(alarm.get("Metrics", []))
            ),
            f"alarms on {name}",
        )
        assert (alarm["ComparisonOperator"], alarm["Threshold"]) == ("LessThanThreshold", 1), name
        assert alarm["TreatMissingData"] == "breaching", name
        seconds = min(one.seconds for one in template.schedules() if one.function == name)
        for query in alarm["Metrics"]:
            assert query.get("MetricStat", {"Period": 86_400})["Period"] >= seconds, name


def test_alarms_where_one_look_of_the_sweeper_stays_silent_whatever_the_others_do(template: Template) -> None:
    alarms = template.of_type("AWS::CloudWatch::Alarm")
    every = {s.event["look"]: s.seconds for s in template.schedules() if s.function == "SweeperFunction"}
    for look, seconds in every.items():
        metric = f"{look.title()}Looks"
        alarm = alarms[only(template.alarms_on(METRICS, metric, feed="none", service="sweeper"), f"alarms on {metric}")]
        assert (alarm["ComparisonOperator"], alarm["Threshold"]) == ("LessThanThreshold", 1), look
        assert alarm["TreatMissingData"] == "breaching", look
        assert seconds <= alarm["Period"], look


# The table of outcomes


def glue_tables(template: Template) -> dict[str, Any]:
    """By the name that a question has for it."""
    return {one["TableInput"]["Name"]: one["TableInput"] for one in template.of_type("AWS::Glue::Table").values()}


def test_the_table_of_outcomes_is_declared_as_it_is_written(template: Template) -> None:
    table = glue_tables(template)["endings"]
    assert {one["Name"]: one["Type"] for one in table["StorageDescriptor"]["Columns"]} == columns(FEEDS.values())
    assert {one["Name"]: one["Type"] for one in table["PartitionKeys"]} == PARTITIONS
    assert table["StorageDescriptor"]["Location"] == "s3://WorkBucket/outcomes/"


def test_athena_looks_for_every_feed_and_day_that_there_may_be(template: Template) -> None:
    says = glue_tables(template)["endings"]["Parameters"]
    assert says["projection.enabled"] == "true"
    assert says["projection.feed.values"].split(",") == list(FEEDS)
    assert says["projection.day.range"] == f"NOW-{template.default('ReportRetentionDays')}DAYS,NOW+1DAYS"


def test_the_view_shows_each_record_as_it_is_now(template: Template) -> None:
    shown = glue_tables(template)["outcomes"]
    encoded = shown["ViewOriginalText"].removeprefix("/* Presto View: ").removesuffix(" */")
    stored = json.loads(base64.b64decode(encoded))
    assert stored["originalSql"] == view()
    wanted = {**columns(FEEDS.values()), **PARTITIONS, "trace": "string", "newest": "bigint"}
    assert {one["Name"]: one["Type"] for one in shown["StorageDescriptor"]["Columns"]} == wanted
    presto = {"string": "varchar", "int": "integer", "timestamp": "timestamp(3)", "array<string>": "array(varchar)"}
    assert {one["name"]: one["type"] for one in stored["columns"]} == {
        name: presto.get(kind, kind) for name, kind in wanted.items()
    }


def test_a_question_may_scan_so_many_bytes_and_no_more(template: Template) -> None:
    (group,) = template.of_type("AWS::Athena::WorkGroup").values()
    within = group["WorkGroupConfiguration"]
    assert within["EnforceWorkGroupConfiguration"] is True, "whoever asks cannot ask for more"
    assert within["BytesScannedCutoffPerQuery"] == template.default("MostBytesScanned")
    assert within["ResultConfiguration"]["OutputLocation"] == "s3://WorkBucket/answers/"


def test_the_tabulator_looks_every_minute_and_alone(template: Template) -> None:
    every = {s.event["look"]: s.seconds for s in template.schedules() if s.function == "TabulatorFunction"}
    assert every == {"due": 60, "small": 3600}
    assert template.functions()["TabulatorFunction"]["ReservedConcurrentExecutions"] == 1


def test_the_notary_looks_alone_and_only_it_signs(template: Template) -> None:
    every = {s.event["look"]: s.seconds for s in template.schedules() if s.function == "NotaryFunction"}
    assert every == {"accounts": 300}
    notary = template.functions()["NotaryFunction"]
    assert notary["ReservedConcurrentExecutions"] == 1
    assert notary["Timeout"] < every["accounts"]
    for function in template.functions():
        expected = {"ReceiptKey.Arn"} if function == "NotaryFunction" else set[str]()
        assert granted(template, function, "kms:Sign") == expected, function


def test_work_is_sent_again_long_before_its_message_is_forgotten(template: Template) -> None:
    hours = template.parameters["ResendAfterHours"]
    assert hours["Default"] == 6
    longest = max(queue["VisibilityTimeout"] for queue in sources(template).values())
    assert longest * 2 / 3600 < hours["Default"], "who works on it has the time it takes"
    for name, queue in sources(template).items():
        assert hours["MaxValue"] * 3600 < queue["MessageRetentionPeriod"] / 3, name


def test_the_sweeper_may_send_everything_again(template: Template) -> None:
    """But for documents: their files are sent to the splitter again, which hands them over. Notices are no work."""
    allowed = granted(template, "SweeperFunction", "sqs:SendMessage")
    handed_over = granted(template, "SplitterFunction", "sqs:SendMessage") & {"DocumentQueue.Arn"}
    assert allowed | handed_over == {f"{name}.Arn" for name in sources(template)} - {"NoticeQueue.Arn"}


def test_every_metric_of_ours_is_in_the_stacks_own_namespace(template: Template) -> None:
    shared = template.functions()["SplitterFunction"]["Environment"]["Variables"]["POWERTOOLS_METRICS_NAMESPACE"]
    assert shared == METRICS
    read = [json.dumps(alarm) for alarm in template.of_type("AWS::CloudWatch::Alarm").values()]
    read += [json.dumps(widget["properties"].get("metrics", [])) for widget in template.dashboard_widgets()]
    for text in read:
        assert text.count("Penstock") == text.count(METRICS), text


def test_i8_an_age_alarm_lets_one_lost_worker_pass_and_comes_long_before_loss(
    template: Template,
) -> None:
    for name, queue in sources(template).items():
        for alarm in template.alarms_on("AWS/SQS", "ApproximateAgeOfOldestMessage", QueueName=f"{name}.QueueName"):
            threshold = template.of_type("AWS::CloudWatch::Alarm")[alarm]["Threshold"]
            assert queue["VisibilityTimeout"] < threshold < queue["MessageRetentionPeriod"] / 4, name


def test_i8_retries_end_in_the_dlq_before_the_queue_forgets(template: Template) -> None:
    for name, queue in sources(template).items():
        tries = redrive_of(template, name)["maxReceiveCount"]
        assert tries * queue["VisibilityTimeout"] < queue["MessageRetentionPeriod"], name


def test_i8_a_redriven_message_finds_the_chunk_it_points_to(template: Template) -> None:
    rules = buckets(template)["WorkBucket"]["LifecycleConfiguration"]["Rules"]
    kept = {rule["Prefix"]: rule["ExpirationInDays"] for rule in rules if "ExpirationInDays" in rule}
    ledger = template.default("LedgerRetentionDays")
    assert kept["chunks/"] >= ledger, "a replay reads them"
    assert kept["staged/"] == ledger, "as long as what was dropped"
    assert kept["reports/"] >= ledger
    assert (
        template.parameters["ReportRetentionDays"]["MinValue"] >= template.parameters["LedgerRetentionDays"]["MinValue"]
    )


def archive(template: Template) -> dict[str, Any]:
    return buckets(template)["ArchiveBucket"]


def test_the_archive_is_locked_against_everybody(template: Template) -> None:
    bucket, days = archive(template), template.default("ArchiveRetentionDays")
    assert bucket.get("ObjectLockEnabled") is True
    retention = bucket["ObjectLockConfiguration"]["Rule"]["DefaultRetention"]
    assert retention == {"Mode": "COMPLIANCE", "Days": days}
    assert bucket["VersioningConfiguration"] == {"Status": "Enabled"}, "S3 locks versions"
    assert days >= 3 * 365, "Part-145.A.55"


def test_i8_the_archive_forgets_when_its_lock_does(template: Template) -> None:
    expiries = [
        rule["ExpirationInDays"]
        for rule in archive(template)["LifecycleConfiguration"]["Rules"]
        if "ExpirationInDays" in rule
    ]
    assert expiries == [template.default("ArchiveRetentionDays")]


def test_r35_functions_write_to_the_archive_and_do_nothing_else_there(template: Template) -> None:
    for function in template.functions():
        actions = {
            action
            for grant in template.function_grants(function)
            for action in grant.actions
            if any(resource.startswith("ArchiveBucket.") for resource in grant.resources)
        }
        nothing = function in ("TabulatorFunction", "NotifierFunction")
        assert actions == (set() if nothing else {"s3:PutObject"}), function


def test_i8_three_attempts_at_a_batch_fit_into_one_call(template: Template) -> None:
    dispatcher = template.functions()["DispatcherFunction"]
    path = dispatcher["Environment"]["Variables"]["PENSTOCK_DESTINATIONS_PATH"]
    destinations = [
        json.loads(parameter["Value"])
        for parameter in template.of_type("AWS::SSM::Parameter").values()
        if parameter["Name"].startswith(f"{path}/")
    ]
    assert destinations
    for destination in destinations:
        assert destination["timeout_seconds"] * 3 <= dispatcher["Timeout"]


def test_i8_code_and_layer_are_built_for_the_same_machine(template: Template) -> None:
    for layer in template.of_type("AWS::Serverless::LayerVersion").values():
        for name, function in template.functions().items():
            assert function["Runtime"] in layer["CompatibleRuntimes"], name
            assert function["Architectures"] == layer["CompatibleArchitectures"], name
    for name, resource in template.resources.items():
        if resource["Type"] == "AWS::Serverless::LayerVersion":
            properties, built = resource["Properties"], resource["Metadata"]
            assert properties["CompatibleArchitectures"] == [built["BuildArchitecture"]], name
            makefile = (ROOT / built["ContextPath"] / "Makefile").read_text()
            assert makefile.startswith(f"machine := {MACHINES[built['BuildArchitecture']]}\n"), name
            included = makefile.splitlines()[1].removeprefix("include ")
            recipe = (ROOT / properties["ContentUri"] / included).read_text()
            assert f"\nbuild-{name}:\n" in recipe
            assert set(re.findall(r"python3\.[0-9]+", recipe)) == set(properties["CompatibleRuntimes"]), name
