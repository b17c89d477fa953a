"""A check that cannot fail checks nothing: each one of test_template.py meets a broken template."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.template import test_template as checks
from tests.template.cloudformation import Template

DAY = checks.DAY

type Break = tuple[Callable[..., None], str, Any]

#: check, what is changed, to what (None removes it)
BREAKS: list[Break] = [
    (
        checks.test_r2_the_drop_bucket_keeps_every_version,
        "DropBucket.Properties.VersioningConfiguration.Status",
        "Suspended",
    ),
    (
        checks.test_r2_every_reader_of_drops_may_read_a_version,
        "ValidatorRole.Properties.Policies.0.PolicyDocument.Statement.ReadDrops.Action",
        "s3:GetObject",
    ),
    (
        checks.test_r4_nothing_is_written_where_it_would_start_the_pipeline,
        "SplitterRole.Properties.Policies.0.PolicyDocument.Statement.WriteOutputs.Resource",
        {"Fn::Sub": "${DropBucket.Arn}/reports/*"},
    ),
    (
        checks.test_r6_bucket_and_queue_name_each_other_without_a_circle,
        "DropBucket.DependsOn",
        None,
    ),
    (
        checks.test_r6_bucket_and_queue_name_each_other_without_a_circle,
        "DropBucket.Properties.BucketName",
        "another",
    ),
    (
        checks.test_r7_a_message_stays_invisible_for_six_timeouts_and_the_window,
        "ChunkQueue.Properties.VisibilityTimeout",
        719,
    ),
    (
        checks.test_r7_a_message_stays_invisible_for_six_timeouts_and_the_window,
        "SplitterFunction.Properties.Events.Intake.Properties.MaximumBatchingWindowInSeconds",
        1,
    ),
    (
        checks.test_r8_a_message_is_tried_five_times_at_least,
        "IntakeQueue.Properties.RedrivePolicy.maxReceiveCount",
        4,
    ),
    (
        checks.test_r9_every_mapping_reports_which_messages_failed,
        "ValidatorFunction.Properties.Events.Chunk.Properties.FunctionResponseTypes",
        None,
    ),
    (
        checks.test_r11_every_queue_has_a_dlq_and_each_dlq_takes_from_one_functions_queues_only,
        "ChunkQueue.Properties.RedrivePolicy",
        None,
    ),
    (
        checks.test_r11_every_queue_has_a_dlq_and_each_dlq_takes_from_one_functions_queues_only,
        "ChunkQueue.Properties.RedrivePolicy.deadLetterTargetArn",
        {"Fn::GetAtt": ["IntakeDlq", "Arn"]},
    ),
    (
        checks.test_r11_every_queue_has_a_dlq_and_each_dlq_takes_from_one_functions_queues_only,
        "ChunkDlq.Properties.RedriveAllowPolicy.redrivePermission",
        "allowAll",
    ),
    (
        checks.test_r11_functions_called_by_queues_have_no_dlq_of_their_own,
        "SplitterFunction.Properties.DeadLetterQueue",
        {"Type": "SQS"},
    ),
    (
        checks.test_r12_alarms_on_every_dlq_and_on_the_age_of_every_source,
        "DispatchDlqAlarm.Properties.Threshold",
        10,
    ),
    (
        checks.test_r12_alarms_on_every_dlq_and_on_the_age_of_every_source,
        "Resources.DispatchDlqAlarm",
        None,
    ),
    (
        checks.test_r12_alarms_on_every_dlq_and_on_the_age_of_every_source,
        "Resources.ChunkAgeAlarm",
        None,
    ),
    (
        checks.test_r12_every_alarm_reaches_somebody,
        "IntakeAgeAlarm.Properties.AlarmActions",
        [],
    ),
    (
        checks.test_r13_a_dlq_keeps_14_days_and_longer_than_its_source,
        "DispatchDlq.Properties.MessageRetentionPeriod",
        13 * DAY,
    ),
    (
        checks.test_r13_a_dlq_keeps_14_days_and_longer_than_its_source,
        "TrafficDispatchQueue.Properties.MessageRetentionPeriod",
        14 * DAY,
    ),
    (
        checks.test_r14_the_poller_asks_for_no_more_than_the_function_has,
        "Parameters.DispatcherReservedConcurrency.Default",
        9,
    ),
    (
        checks.test_r14_the_poller_asks_for_no_more_than_the_function_has,
        "TrafficDispatchMapping.Properties.ScalingConfig",
        None,
    ),
    (
        checks.test_r14_the_poller_asks_for_no_more_than_the_function_has,
        "ProberFunction.Properties.ReservedConcurrentExecutions",
        2,
    ),
    (
        checks.test_r14_both_concurrencies_are_parameters_within_what_aws_takes,
        "Parameters.SplitterMaximumConcurrency.MinValue",
        1,
    ),
    (
        checks.test_r16_no_mapping_filters_messages_away,
        "SplitterFunction.Properties.Events.Intake.Properties.FilterCriteria",
        {"Filters": []},
    ),
    (
        checks.test_r17_every_function_states_whether_it_may_call_itself,
        "SplitterFunction.Properties.RecursiveLoop",
        None,
    ),
    (
        checks.test_r17_the_splitters_hops_suffice_for_the_largest_object_and_end_before_it_is_gone,
        "SplitterFunction.Properties.Timeout",
        800,
    ),
    (
        checks.test_r17_the_splitters_hops_suffice_for_the_largest_object_and_end_before_it_is_gone,
        "Parameters.LedgerRetentionDays.MinValue",
        10,
    ),
    (
        checks.test_r17_every_function_states_whether_it_may_call_itself,
        "DispatcherFunction.Properties.RecursiveLoop",
        "Terminate",
    ),
    (
        checks.test_r25_a_function_takes_the_days_that_the_template_offers_and_no_others,
        "Parameters.LedgerRetentionDays.MaxValue",
        36500,
    ),
    (
        checks.test_r25_ledger_and_claims_outlast_the_dlq_and_the_replay_window,
        "Parameters.LedgerRetentionDays.MinValue",
        30,
    ),
    (
        checks.test_r25_ledger_and_claims_outlast_the_dlq_and_the_replay_window,
        "Claims.Properties.TimeToLiveSpecification",
        None,
    ),
    (
        checks.test_r25_dropped_bytes_live_as_long_as_the_ledger_knows_them,
        "DropBucket.Properties.LifecycleConfiguration.Rules.dropped-files.ExpirationInDays",
        30,
    ),
    (
        checks.test_r32_traces_hold_no_answers_and_no_exception_texts,
        "Globals.Function.Environment.Variables.POWERTOOLS_TRACER_CAPTURE_ERROR",
        None,
    ),
    (
        checks.test_r33_every_bucket_is_private_and_encrypted,
        "WorkBucket.Properties.PublicAccessBlockConfiguration.IgnorePublicAcls",
        False,
    ),
    (
        checks.test_r33_every_bucket_forgets,
        "DropBucket.Properties.LifecycleConfiguration.Rules.leftovers",
        None,
    ),
    (
        checks.test_r33_every_place_a_function_may_write_to_has_a_lifecycle,
        "WorkBucket.Properties.LifecycleConfiguration.Rules.reports.Prefix",
        "report/",
    ),
    (
        checks.test_r33_every_bucket_refuses_plain_http,
        "WorkBucketPolicy.Properties.PolicyDocument.Statement.TlsOnly.Condition",
        {"Bool": {"aws:SecureTransport": "true"}},
    ),
    (
        checks.test_r33_every_queue_refuses_plain_http,
        "Resources.ChunkDlqPolicy",
        None,
    ),
    (
        checks.test_r33_queues_and_tables_are_encrypted_and_tables_can_be_restored,
        "ChunkDlq.Properties.SqsManagedSseEnabled",
        False,
    ),
    (
        checks.test_r33_what_holds_data_survives_the_stack,
        "Ledger.DeletionPolicy",
        None,
    ),
    (
        checks.test_r34_an_alarm_on_imbalance,
        "Resources.ImbalanceAlarm",
        None,
    ),
    (
        checks.test_an_alarm_where_a_destinations_settings_are_wrong,
        "DestinationSettingsAlarm.Properties.Threshold",
        1,
    ),
    (
        checks.test_private_addresses_are_called_only_where_a_parameter_says_so,
        "Parameters.PrivateDestinations.Default",
        "true",
    ),
    (
        checks.test_an_alarm_where_penstock_itself_failed_at_a_record,
        "InternalErrorsAlarm.Properties.Threshold",
        10,
    ),
    (
        checks.test_r34_an_alarm_on_the_validators_attempts_for_a_chunk,
        "ValidatorAttemptsAlarm.Properties.Threshold",
        10,
    ),
    (
        checks.test_r34_an_alarm_on_the_dispatchers_attempts_for_a_chunk,
        "DispatcherAttemptsAlarm.Properties.Metrics.settled",
        None,
    ),
    (
        checks.test_r34_alarms_of_the_books_are_on_unless_somebody_turns_them_off,
        "Parameters.CalculatedAlarms.Default",
        "false",
    ),
    (
        checks.test_r34_the_dashboard_shows_the_books_first,
        "Dashboard.Properties.DashboardBody",
        '{"widgets": [{"type": "metric", "properties": {"metrics": []}}]}',
    ),
    (
        checks.test_r35_each_function_has_a_role_that_only_lambda_takes,
        "ValidatorFunction.Properties.Role",
        {"Fn::GetAtt": ["SplitterRole", "Arn"]},
    ),
    (
        checks.test_r35_every_grant_names_its_actions_and_resources,
        "SplitterRole.Properties.Policies.0.PolicyDocument.Statement.SendChunks.Resource",
        "*",
    ),
    (
        checks.test_r35_every_grant_names_its_actions_and_resources,
        "SplitterRole.Properties.Policies.0.PolicyDocument.Statement.SendChunks.Action",
        "sqs:*",
    ),
    (
        checks.test_r35_a_function_takes_from_its_own_queues_and_no_other,
        "ValidatorRole.Properties.Policies.0.PolicyDocument.Statement.TakeChunks.Action",
        ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"],
    ),
    (
        checks.test_r35_what_a_function_is_told_of_it_may_use,
        "ValidatorFunction.Properties.Environment.Variables.PENSTOCK_CLAIMS_TABLE",
        {"Ref": "Claims"},
    ),
    (
        checks.test_r35_what_a_function_is_told_of_it_may_use,
        "ValidatorFunction.Properties.Environment.Variables.PENSTOCK_DISPATCH_QUEUES",
        {"Fn::Sub": '{"traffic": "${IntakeQueue}"}'},
    ),
    (
        checks.test_r35_a_function_takes_from_its_own_queues_and_no_other,
        "SweeperRole.Properties.Policies.0.PolicyDocument.Statement.LookAtDeadLetters.Action",
        ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility"],
    ),
    (
        checks.test_r35_every_grant_names_its_actions_and_resources,
        "ProberRole.Properties.Policies.0.PolicyDocument.Statement.SwitchMappings.Condition.ArnEquals",
        {"lambda:FunctionArn": {"Fn::Sub": "arn:aws:lambda:eu-west-1:123456789012:function:another"}},
    ),
    (
        checks.test_r35_nobody_may_delete_from_the_ledger_or_a_bucket,
        "ValidatorRole.Properties.Policies.0.PolicyDocument.Statement.KeepLedger.Action",
        ["dynamodb:DeleteItem"],
    ),
    (
        checks.test_r35_settings_and_secrets_are_those_of_the_stack,
        "DispatcherRole.Properties.Policies.0.PolicyDocument.Statement.ReadCredentials.Resource",
        "arn:aws:secretsmanager:eu-west-1:123456789012:secret:penstock/*",
    ),
    (
        checks.test_i8_every_function_logs_to_its_own_group_which_forgets,
        "ValidatorLogGroup.Properties.RetentionInDays",
        731,
    ),
    (
        checks.test_i8_every_function_is_told_its_own_source_queues,
        "ValidatorFunction.Properties.Environment.Variables.PENSTOCK_SOURCE_QUEUE_URL",
        {"Ref": "IntakeQueue"},
    ),
    (
        checks.test_i8_every_function_is_told_its_own_source_queues,
        "DispatcherFunction.Properties.Environment.Variables.PENSTOCK_DISPATCH_QUEUES",
        "{}",
    ),
    (
        checks.test_every_feed_has_its_queue_its_mapping_and_its_destination,
        "TrafficDispatchQueue.Properties.QueueName",
        {"Fn::Sub": "${AWS::StackName}-dispatch-trafic"},
    ),
    (
        checks.test_every_feed_has_its_queue_its_mapping_and_its_destination,
        "Resources.TrafficDestination",
        None,
    ),
    (
        checks.test_every_feed_has_its_queue_its_mapping_and_its_destination,
        "TrafficDispatchMapping.Properties.FunctionName",
        {"Ref": "ValidatorFunction"},
    ),
    (
        checks.test_every_feeds_queue_is_told_to_whoever_sends_or_takes_dispatches,
        "ValidatorRole.Properties.Policies.0.PolicyDocument.Statement.SendToDispatch.Resource",
        [],
    ),
    (
        checks.test_every_feeds_queue_is_told_to_whoever_sends_or_takes_dispatches,
        "ProberFunction.Properties.Environment.Variables.PENSTOCK_DISPATCH_QUEUE_ARNS",
        {"Fn::Sub": '{"traffic": "${TrafficDispatchQueue}"}'},
    ),
    (
        checks.test_every_feeds_queue_is_told_to_whoever_sends_or_takes_dispatches,
        "Outputs.DispatchQueues.Value",
        "{}",
    ),
    (
        checks.test_every_feed_has_an_alarm_on_its_circuit,
        "Resources.TrafficCircuitAlarm",
        None,
    ),
    (
        checks.test_every_feeds_destination_has_settings_that_a_dispatcher_takes,
        "CrewDestination.Properties.Value",
        '{"url": "https://crew.invalid/records", "policy": {}}',
    ),
    (
        checks.test_every_feeds_destination_has_settings_that_a_dispatcher_takes,
        "TrafficDestination.Properties.Value",
        '{"url": "https://traffic.invalid/records", "rate_per_hour": 1}',
    ),
    (
        checks.test_every_feed_asks_where_its_records_go,
        "Parameters.CrewDestinationUrl.AllowedPattern",
        "^http",
    ),
    (
        checks.test_every_feed_asks_where_its_records_go,
        "Metadata.AWS::CloudFormation::Interface.ParameterLabels.CrewDestinationUrl",
        None,
    ),
    (
        checks.test_every_feeds_block_is_like_the_first,
        "CrewDispatchQueue.Properties.VisibilityTimeout",
        3600,
    ),
    (
        checks.test_the_dashboard_shows_every_queue_and_how_long_it_keeps_waiting,
        "Dashboard.Properties.DashboardBody",
        '{"widgets": []}',
    ),
    (
        checks.test_no_deploy_closes_a_circuit,
        "TrafficDispatchMapping.Properties.Enabled",
        True,
    ),
    (
        checks.test_what_a_schedule_calls_is_not_called_twice_for_one_tick,
        "ProberFunction.Properties.EventInvokeConfig.MaximumRetryAttempts",
        2,
    ),
    (
        checks.test_the_prober_looks_every_minute_with_the_means_of_a_dispatcher,
        "ProberFunction.Properties.Timeout",
        301,
    ),
    (
        checks.test_the_prober_looks_every_minute_with_the_means_of_a_dispatcher,
        "ProberFunction.Properties.Events.Tick.Properties.Schedule",
        "rate(2 minutes)",
    ),
    (
        checks.test_the_prober_looks_every_minute_with_the_means_of_a_dispatcher,
        "ProberFunction.Properties.Environment.Variables.PENSTOCK_EVENT_BUS",
        "another",
    ),
    (
        checks.test_the_sweeper_is_done_before_it_is_called_again,
        "SweeperFunction.Properties.Timeout",
        300,
    ),
    (
        checks.test_the_sweeper_is_done_before_it_is_called_again,
        "SweeperFunction.Properties.Events.Drops.Properties.Schedule",
        "rate(2 days)",
    ),
    (
        checks.test_the_sweeper_may_find_open_files,
        "SweeperRole.Properties.Policies.0.PolicyDocument.Statement.FindOpenFiles",
        None,
    ),
    (
        checks.test_alarms_on_what_the_sweeper_finds,
        "Resources.StalledFilesAlarm",
        None,
    ),
    (
        checks.test_alarms_on_what_the_sweeper_finds,
        "Resources.IncompleteFilesAlarm",
        None,
    ),
    (
        checks.test_alarms_on_what_the_sweeper_finds,
        "OverlookedFilesAlarm.Properties.Period",
        300,
    ),
    (
        checks.test_alarms_where_what_a_schedule_calls_stays_silent,
        "SweeperSilentAlarm.Properties.TreatMissingData",
        "notBreaching",
    ),
    (
        checks.test_every_metric_of_ours_is_in_the_stacks_own_namespace,
        "BuriedChunksAlarm.Properties.Namespace",
        "Penstock",
    ),
    (
        checks.test_every_metric_of_ours_is_in_the_stacks_own_namespace,
        "Globals.Function.Environment.Variables.POWERTOOLS_METRICS_NAMESPACE",
        "Penstock",
    ),
    (
        checks.test_i8_an_age_alarm_lets_one_lost_worker_pass_and_comes_long_before_loss,
        "IntakeAgeAlarm.Properties.Threshold",
        5400,
    ),
    (
        checks.test_i8_retries_end_in_the_dlq_before_the_queue_forgets,
        "IntakeQueue.Properties.RedrivePolicy.maxReceiveCount",
        112,
    ),
    (
        checks.test_i8_a_redriven_message_finds_the_chunk_it_points_to,
        "WorkBucket.Properties.LifecycleConfiguration.Rules.chunks.ExpirationInDays",
        14,
    ),
    (
        checks.test_the_archive_is_locked_against_everybody,
        "ArchiveBucket.Properties.ObjectLockConfiguration.Rule.DefaultRetention.Mode",
        "GOVERNANCE",
    ),
    (
        checks.test_the_archive_is_locked_against_everybody,
        "ArchiveBucket.Properties.ObjectLockEnabled",
        None,
    ),
    (
        checks.test_i8_the_archive_forgets_when_its_lock_does,
        "ArchiveBucket.Properties.LifecycleConfiguration.Rules.archived.ExpirationInDays",
        30,
    ),
    (
        checks.test_r35_functions_write_to_the_archive_and_do_nothing_else_there,
        "SweeperRole.Properties.Policies.0.PolicyDocument.Statement.Archive.Action",
        ["s3:PutObject", "s3:GetObject"],
    ),
    (
        checks.test_i8_three_attempts_at_a_batch_fit_into_one_call,
        "DispatcherFunction.Properties.Timeout",
        59,
    ),
    (
        checks.test_i8_code_and_layer_are_built_for_the_same_machine,
        "Globals.Function.Architectures",
        ["x86_64"],
    ),
]


@pytest.mark.parametrize(
    ("check", "path", "value"),
    BREAKS,
    ids=[f"{check.__name__.removeprefix('test_')}: {path}" for check, path, _ in BREAKS],
)
def test_a_broken_rule_is_found(template: Template, check: Callable[[Template], None], path: str, value: Any) -> None:
    with pytest.raises(AssertionError):
        check(template.with_value(path, value))


def test_no_check_is_left_out() -> None:
    there_are = {name for name in vars(checks) if name.startswith("test_")}
    assert there_are == {check.__name__ for check, _, _ in BREAKS}
