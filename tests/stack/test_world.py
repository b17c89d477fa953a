"""The local world is what the template says, also where MiniStack's CloudFormation drops it."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from penstock.feeds import FEEDS
from penstock_ops import world as local_world
from penstock_ops.world import LOCAL_PARAMETERS, World
from penstock_ops.world.servers import answers
from penstock_ops.world.stack import session

FUNCTIONS = ["Splitter", "Validator", "Dispatcher"]
BY_SCHEDULE = ["Prober", "Sweeper"]

type Clients = Callable[[str], Any]


@pytest.fixture(scope="module")
def client(world: World) -> Clients:
    def of(service: Any) -> Any:
        return session().client(service, endpoint_url=world.endpoint)

    return of


def test_it_is_found_again_by_its_folder(world: World) -> None:
    home = world.logs.parent

    assert local_world.current(home) == world
    assert local_world.status(home).problems == ()


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_runs_on_its_package_and_its_layer_alone(world: World, client: Clients, function: str) -> None:
    answer = client("lambda").invoke(
        FunctionName=world.outputs[f"{function}FunctionName"],
        Payload=json.dumps({"Records": []}),
    )

    assert json.load(answer["Payload"]) == {"batchItemFailures": []}


@pytest.mark.parametrize("function", BY_SCHEDULE)
def test_what_a_schedule_calls_runs_on_its_package_and_its_layer_alone(
    world: World, client: Clients, function: str
) -> None:
    answer = client("lambda").invoke(FunctionName=world.outputs[f"{function}FunctionName"], Payload=b"{}")

    assert "does not ask" in json.load(answer["Payload"])["errorMessage"]


def test_each_schedule_says_what_is_to_be_looked_at(world: World, client: Clients) -> None:
    events = client("events")
    says: dict[str, list[tuple[str, str]]] = {function: [] for function in BY_SCHEDULE}
    for rule in events.list_rules()["Rules"]:
        for target in events.list_targets_by_rule(Rule=rule["Name"])["Targets"]:
            for function in BY_SCHEDULE:
                if target["Arn"].endswith(f":{world.outputs[f'{function}FunctionName']}"):
                    says[function].append((rule["ScheduleExpression"], json.loads(target["Input"])["look"]))

    assert {function: sorted(said) for function, said in says.items()} == {
        "Prober": [("rate(1 minute)", "circuits")],
        "Sweeper": [("rate(1 hour)", "drops"), ("rate(1 hour)", "idle"), ("rate(5 minutes)", "work")],
    }


@pytest.mark.parametrize("function", FUNCTIONS)
def test_concurrency_is_reserved_and_limited(world: World, client: Clients, function: str) -> None:
    name = world.outputs[f"{function}FunctionName"]

    reserved = client("lambda").get_function_concurrency(FunctionName=name)
    mappings = client("lambda").list_event_source_mappings(FunctionName=name)

    assert reserved["ReservedConcurrentExecutions"] == int(LOCAL_PARAMETERS[f"{function}ReservedConcurrency"])
    each = {"MaximumConcurrency": int(LOCAL_PARAMETERS[f"{function}MaximumConcurrency"])}
    queues = len(FEEDS) if function == "Dispatcher" else 1
    assert [mapping["ScalingConfig"] for mapping in mappings["EventSourceMappings"]] == [each] * queues


@pytest.mark.parametrize("table", ["LedgerTable", "ClaimsTable"])
def test_tables_forget_and_can_be_restored(world: World, client: Clients, table: str) -> None:
    name = world.outputs[table]

    live = client("dynamodb").describe_time_to_live(TableName=name)
    backups = client("dynamodb").describe_continuous_backups(TableName=name)

    assert live["TimeToLiveDescription"] == {
        "TimeToLiveStatus": "ENABLED",
        "AttributeName": "expires_at",
    }
    recovery = backups["ContinuousBackupsDescription"]["PointInTimeRecoveryDescription"]
    assert recovery["PointInTimeRecoveryStatus"] == "ENABLED"


@pytest.mark.parametrize("bucket", ["DropBucket", "WorkBucket", "ArchiveBucket"])
def test_buckets_have_their_lifecycles(world: World, client: Clients, bucket: str) -> None:
    answer = client("s3").get_bucket_lifecycle_configuration(Bucket=world.outputs[bucket])

    assert {"ID": "leftovers", "Status": "Enabled"}.items() <= answer["Rules"][-1].items()


def test_the_archive_is_locked(world: World, client: Clients) -> None:
    # Given
    s3, bucket = client("s3"), world.outputs["ArchiveBucket"]
    version = s3.put_object(Bucket=bucket, Key="audit/x", Body=b"x", ChecksumAlgorithm="SHA256")["VersionId"]

    # When
    with pytest.raises(s3.exceptions.ClientError) as refused:
        s3.delete_object(Bucket=bucket, Key="audit/x", VersionId=version)

    # Expect
    assert refused.value.response["Error"]["Code"] == "AccessDenied"


def test_records_go_to_the_demo_api_with_its_credentials(world: World, client: Clients) -> None:
    # Given
    parameter = client("ssm").get_parameter(Name=f"{world.outputs['DestinationsPath']}/traffic")

    # When
    settings = json.loads(parameter["Parameter"]["Value"])
    secret = client("secretsmanager").get_secret_value(SecretId=settings["auth"]["secret"])

    # Expect
    assert settings["url"] == world.destinations["traffic"]
    assert settings["url"].startswith(f"{world.demo_api}/")
    assert settings["auth"]["secret"].startswith(world.outputs["SecretsPrefix"])
    assert json.loads(secret["SecretString"]).keys() == {"client_id", "client_secret"}
    assert answers(f"{world.demo_api}/health")
