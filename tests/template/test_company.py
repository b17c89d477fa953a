"""What a company's rules may ask for: a VPC, a key and a boundary of its own, access logs, tables nobody deletes."""

import re
from pathlib import Path

import pytest

from tests.template import test_template as checks
from tests.template.cloudformation import Template

KEY = "arn:aws:kms:eu-west-1:123456789012:key/0d1c2b3a-0000-4000-8000-000000000000"
BOUNDARY = "arn:aws:iam::123456789012:policy/boundary"


@pytest.fixture(scope="module")
def company(template: Template) -> Template:
    return template.with_parameters(
        VpcSubnetIds=["subnet-1", "subnet-2"],
        VpcSecurityGroupIds=["sg-1"],
        DataKeyArn=KEY,
        PermissionsBoundaryArn=BOUNDARY,
        AccessLogBucket="logs",
        DeletionProtection="true",
    )


def test_each_function_runs_in_the_subnets_and_its_role_may_do_so(company: Template) -> None:
    for name, function in company.functions().items():
        assert function["VpcConfig"] == {"SubnetIds": ["subnet-1", "subnet-2"], "SecurityGroupIds": ["sg-1"]}, name
        role = company.resources[function["Role"].removesuffix(".Arn")]["Properties"]
        assert [arn.rpartition("/")[2] for arn in role["ManagedPolicyArns"]] == ["AWSLambdaVPCAccessExecutionRole"], (
            name
        )


def test_every_role_is_within_the_boundary(company: Template) -> None:
    for name, role in company.of_type("AWS::IAM::Role").items():
        assert role["PermissionsBoundary"] == BOUNDARY, name


def test_whatever_holds_data_is_encrypted_by_the_key(company: Template) -> None:
    for name, bucket in checks.buckets(company).items():
        (rule,) = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
        assert rule["ServerSideEncryptionByDefault"] == {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": KEY}, name
        assert rule["BucketKeyEnabled"] is True, name
    for name, table in company.of_type("AWS::DynamoDB::Table").items():
        assert table["SSESpecification"] == {"SSEEnabled": True, "SSEType": "KMS", "KMSMasterKeyId": KEY}, name
    for name, queue in checks.queues(company).items():
        assert queue["KmsMasterKeyId"] == KEY, name
        assert "SqsManagedSseEnabled" not in queue, name
    for name, group in company.of_type("AWS::Logs::LogGroup").items():
        assert group["KmsKeyId"] == KEY, name


def test_every_role_may_use_the_key_and_only_to_read_and_write(company: Template, template: Template) -> None:
    (policy,) = company.of_type("AWS::IAM::ManagedPolicy").values()
    (statement,) = policy["PolicyDocument"]["Statement"]

    assert sorted(policy["Roles"]) == sorted(company.of_type("AWS::IAM::Role"))
    assert (statement["Action"], statement["Resource"]) == (["kms:Decrypt", "kms:GenerateDataKey"], KEY)
    assert template.of_type("AWS::IAM::ManagedPolicy") == {}


def test_who_reads_and_writes_the_buckets_is_logged_elsewhere(company: Template) -> None:
    logged = {name: bucket["LoggingConfiguration"] for name, bucket in checks.buckets(company).items()}

    assert {one["DestinationBucketName"] for one in logged.values()} == {"logs"}
    assert len({one["LogFilePrefix"] for one in logged.values()}) == len(logged) == 3


def test_the_tables_are_protected(company: Template) -> None:
    for name, table in company.of_type("AWS::DynamoDB::Table").items():
        assert table["DeletionProtectionEnabled"] is True, name


def test_what_holds_for_every_stack_holds_for_this_one(company: Template) -> None:
    checks.test_r33_every_bucket_is_private_and_encrypted(company)
    checks.test_r33_every_bucket_refuses_plain_http(company)
    checks.test_r35_every_grant_names_its_actions_and_resources(company)


def test_the_page_on_deploying_names_the_parameters_there_are(template: Template) -> None:
    page = (Path(__file__).parents[2] / "docs" / "deploy.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (`.+?) \| ", page, flags=re.MULTILINE)
    named = {name for row in rows for name in re.findall(r"`(\w+)", row)}

    assert named >= {"VpcSubnetIds", "DataKeyArn", "DeletionProtection"}
    assert named <= template.parameters.keys()


def test_none_of_it_is_there_unless_it_is_asked_for(template: Template) -> None:
    for function in template.functions().values():
        assert "VpcConfig" not in function
    for role in template.of_type("AWS::IAM::Role").values():
        assert not {"PermissionsBoundary", "ManagedPolicyArns"} & role.keys()
    for bucket in checks.buckets(template).values():
        assert "LoggingConfiguration" not in bucket
