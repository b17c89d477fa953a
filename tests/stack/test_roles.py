"""No function may do more than its role grants (R35).

In a world of its own, in which MiniStack enforces the roles as they are deployed, and policies that ask for TLS.
"""

import io
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any, NamedTuple, cast

import boto3
import pytest
from botocore.exceptions import ClientError

from penstock_documents.template import SEEDS
from penstock_ops.samples import SAMPLES
from penstock_ops.samples.sample import SampleOptions
from penstock_ops.world.ministack import REGION
from tests.stack.kills import PACE, strict_world, workers
from tests.support.deployed import Deployed, counts, until


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    with strict_world(tmp_path_factory.mktemp("strict")) as deployed:
        yield deployed


class Call(NamedTuple):
    """A call of AWS; the arguments are made of the stack's outputs."""

    service: str
    name: str
    arguments: Callable[[Mapping[str, str]], dict[str, Any]]


_NO_KEY = {"pk": {"S": "nobody's"}, "sk": {"S": "nobody's"}}
_NO_CLAIM = {"pk": {"S": "nobody's"}}

CALLS = {
    "read the ledger": Call("dynamodb", "get_item", lambda o: {"TableName": o["LedgerTable"], "Key": _NO_KEY}),
    "delete from the ledger": Call(
        "dynamodb", "delete_item", lambda o: {"TableName": o["LedgerTable"], "Key": _NO_KEY}
    ),
    "scan the ledger": Call("dynamodb", "scan", lambda o: {"TableName": o["LedgerTable"]}),
    "read a claim": Call("dynamodb", "get_item", lambda o: {"TableName": o["ClaimsTable"], "Key": _NO_CLAIM}),
    "write a claim": Call("dynamodb", "put_item", lambda o: {"TableName": o["ClaimsTable"], "Item": _NO_CLAIM}),
    "run a statement": Call(
        "dynamodb",
        "batch_execute_statement",
        lambda o: {"Statements": [{"Statement": f"SELECT * FROM \"{o['ClaimsTable']}\" WHERE pk = 'nobody''s'"}]},
    ),
    "drop a file": Call("s3", "put_object", lambda o: {"Bucket": o["DropBucket"], "Key": "traffic/x", "Body": b""}),
    "delete a drop": Call("s3", "delete_object", lambda o: {"Bucket": o["DropBucket"], "Key": "traffic/x"}),
    "delete an output": Call("s3", "delete_object", lambda o: {"Bucket": o["WorkBucket"], "Key": "reports/x"}),
    "write to the archive": Call(
        "s3", "put_object", lambda o: {"Bucket": o["ArchiveBucket"], "Key": "audit/x", "Body": b""}
    ),
    "read the archive": Call("s3", "get_object", lambda o: {"Bucket": o["ArchiveBucket"], "Key": "audit/x"}),
    "delete from the archive": Call("s3", "delete_object", lambda o: {"Bucket": o["ArchiveBucket"], "Key": "audit/x"}),
    # S3's own test, which tells of no file.
    "announce a file": Call(
        "sqs",
        "send_message",
        lambda o: {"QueueUrl": o["IntakeQueueUrl"], "MessageBody": '{"Service":"Amazon S3","Event":"s3:TestEvent"}'},
    ),
    "send a chunk": Call("sqs", "send_message", lambda o: {"QueueUrl": o["ChunkQueueUrl"], "MessageBody": "x"}),
    "take a chunk": Call("sqs", "receive_message", lambda o: {"QueueUrl": o["ChunkQueueUrl"]}),
    "look at letters": Call("sqs", "receive_message", lambda o: {"QueueUrl": o["ChunkDlqUrl"]}),
    "delete a letter": Call(
        "sqs", "delete_message", lambda o: {"QueueUrl": o["ChunkDlqUrl"], "ReceiptHandle": "nobody's"}
    ),
    "see where records go": Call("ssm", "get_parameter", lambda o: {"Name": f"{o['DestinationsPath']}/traffic"}),
    "send records elsewhere": Call(
        "ssm", "put_parameter", lambda o: {"Name": f"{o['DestinationsPath']}/traffic", "Value": "{}", "Overwrite": True}
    ),
    "read a credential": Call(
        "secretsmanager", "get_secret_value", lambda o: {"SecretId": f"{o['SecretsPrefix']}demo"}
    ),
    "find mappings": Call(
        "lambda", "list_event_source_mappings", lambda o: {"FunctionName": o["SplitterFunctionName"]}
    ),
    "change a function": Call(
        "lambda", "update_function_configuration", lambda o: {"FunctionName": o["SplitterFunctionName"], "Timeout": 1}
    ),
    "change a role": Call("iam", "list_roles", lambda _: {}),
    "sign a log": Call(
        "kms",
        "sign",
        lambda o: {"KeyId": o["ReceiptKey"], "Message": b"x", "SigningAlgorithm": "ECDSA_SHA_256"},
    ),
    "take away what is due": Call(
        "s3", "delete_object", lambda o: {"Bucket": o["WorkBucket"], "Key": "due/nobody's.json"}
    ),
    "take away what is to be logged": Call(
        "s3", "delete_object", lambda o: {"Bucket": o["WorkBucket"], "Key": "accounts/nobody's.json"}
    ),
}

_NOBODY = [
    "delete from the ledger", "scan the ledger", "drop a file", "delete a drop", "delete an output", "read the archive",
    "delete from the archive", "send records elsewhere", "change a function", "change a role", "delete a letter",
]  # fmt: skip
_DELIVERS = ["read a claim", "write a claim", "see where records go", "read a credential", "find mappings"]

#: What a function may not do; of its own `GRANTED` it may do one, by the same means.
DENIED = {
    "Splitter": [*_NOBODY, *_DELIVERS, "take a chunk", "look at letters"],
    "Extractor": [*_NOBODY, *_DELIVERS, "run a statement", "send a chunk", "take a chunk", "look at letters"],
    "Validator": [*_NOBODY, *_DELIVERS, "run a statement", "announce a file"],
    "Dispatcher": [*_NOBODY, "announce a file", "send a chunk", "take a chunk", "look at letters"],
    "Prober": [*_NOBODY, "announce a file", "send a chunk", "take a chunk", "look at letters"],
    "Sweeper": [
        *_NOBODY,
        "read a claim",
        "write a claim",
        "read a credential",
        "find mappings",
        "run a statement",
        "take a chunk",
        "sign a log",
    ],
    "Tabulator": [
        *_NOBODY,
        *_DELIVERS,
        "run a statement",
        "announce a file",
        "send a chunk",
        "take a chunk",
        "look at letters",
        "write to the archive",
        "sign a log",
        "take away what is to be logged",
    ],
    "Notary": [
        *_NOBODY,
        *_DELIVERS,
        "run a statement",
        "announce a file",
        "send a chunk",
        "take a chunk",
        "look at letters",
        "take away what is due",
    ],
}
GRANTED = {
    "Splitter": ["read the ledger", "write to the archive"],
    "Extractor": ["read the ledger", "write to the archive", "announce a file"],
    "Validator": ["read the ledger", "write to the archive"],
    "Dispatcher": ["read the ledger", "read a claim", "read a credential", "see where records go", "find mappings"],
    "Prober": ["read the ledger", "read a claim", "read a credential", "see where records go", "find mappings"],
    # A file's deadline stands among the settings of its destination.
    "Sweeper": ["read the ledger", "look at letters", "write to the archive", "see where records go"],
    "Tabulator": ["read the ledger", "take away what is due"],
    "Notary": ["read the ledger", "write to the archive", "sign a log", "take away what is to be logged"],
}
#: What those that a schedule calls are asked for.
LOOKS: Mapping[str, str] = {"Prober": "circuits", "Sweeper": "work", "Tabulator": "due", "Notary": "accounts"}


@pytest.fixture(scope="module")
def tried(strict: Deployed) -> Callable[[str, str], str]:
    """(function, call) → what AWS says to it with the credentials that the function's worker has."""

    @cache
    def session(function: str) -> boto3.Session:
        if function in LOOKS:
            strict.look(cast("Any", function), LOOKS[function])
        else:
            name = strict.outputs[f"{function}FunctionName"]
            strict.client("lambda").invoke(FunctionName=name, Payload=b'{"Records": []}')
        worker = until(lambda: workers(strict.world).get(function.lower()), f"a worker of the {function}")[0]
        environment = worker.environ()
        return boto3.Session(
            aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
            aws_session_token=environment["AWS_SESSION_TOKEN"],
            region_name=REGION,
        )

    def call(function: str, name: str) -> str:
        asked, made = CALLS[name], session(function)
        service: Any = asked.service
        client: Any = made.client(service, endpoint_url=strict.world.endpoint)
        try:
            getattr(client, asked.name)(**asked.arguments(strict.outputs))
        except ClientError as error:
            return error.response.get("Error", {}).get("Code", "")
        return "done"

    return call


@pytest.mark.parametrize("function", DENIED)
def test_a_function_may_do_what_its_role_grants_and_nothing_else(
    tried: Callable[[str, str], str], function: str
) -> None:
    granted = {name: tried(function, name) for name in GRANTED[function]}
    denied = {name: tried(function, name) for name in DENIED[function]}

    assert granted == dict.fromkeys(GRANTED[function], "done")
    assert {name for name, said in denied.items() if not said.startswith("AccessDenied")} == set(), denied


def test_a_document_is_read_with_what_the_roles_grant(strict: Deployed) -> None:
    """Of several ranges, with a template of the stack's own beside those that everybody has; another is refused."""
    body, beside = io.BytesIO(), io.BytesIO()
    SAMPLES["tower"].write(body, SampleOptions(60, "pdf", faults=0.0, seed=4711), beside)
    s3 = strict.client("s3")
    template = (SEEDS / "sample-lease.1.yaml").read_bytes()
    s3.put_object(Bucket=strict.outputs["WorkBucket"], Key="templates/sample-lease.1.yaml", Body=template)

    # A worker here has no time for a call that may take as long as the template's.
    strict.configure("tower", **PACE)
    good = strict.drop("midwest/forms.pdf", body.getvalue(), "tower")
    bad = strict.drop("midwest/broken.pdf", b"%PDF-1.7 and no more", "tower")
    for file in (good, bad):
        until(lambda file=file: strict.row(file) and strict.output(file, "summary.json"), f"the end of {file.key}")

    assert strict.ended(good)["records"] == counts(len(beside.getvalue().splitlines()))
    assert strict.ended(bad)["refused"]["code"] == "document.unreadable"
