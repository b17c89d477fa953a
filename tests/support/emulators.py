"""AWS on loopback for adapters and handlers: moto and MiniStack, each a server that a suite starts once, and the tables
of template.yaml in them."""

from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any
from urllib.request import ProxyHandler, Request, build_opener

import boto3
import pytest
from botocore.config import Config
from moto.server import ThreadedMotoServer

from penstock_ops.world import ministack as program
from penstock_ops.world import processes
from penstock_ops.world.servers import free_port
from tests.template.cloudformation import Template

TEMPLATE = Path(__file__).parents[2] / "template.yaml"

_numbers = count(1)
# A request that got lost shows at once, and is not sent again behind a test's back.
_CONFIG = Config(connect_timeout=3, read_timeout=20, retries={"total_max_attempts": 1})


@cache
def template() -> Template:
    """The deployed definitions, so that tests cannot drift from them."""
    return Template.read(TEMPLATE).with_parameters(Notices="true")


@dataclass(frozen=True)
class Emulator:
    """A server that speaks AWS; what is made in it has a name of its own."""

    endpoint: str
    _clients: dict[str, Any] = field(default_factory=dict[str, Any])

    @property
    def environment(self) -> Mapping[str, str]:
        """What a function finds in AWS, to come out here."""
        return {
            **program.CREDENTIALS,
            "AWS_REGION": program.REGION,
            "AWS_DEFAULT_REGION": program.REGION,
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_EC2_METADATA_DISABLED": "true",
            "NO_PROXY": "127.0.0.1",
        }

    @contextmanager
    def around(self) -> Generator[None]:
        """Whatever asks its environment where AWS is, finds it here."""
        with pytest.MonkeyPatch.context() as patch:
            for name, value in self.environment.items():
                patch.setenv(name, value)
            yield

    def client(self, service: Any) -> Any:
        """A plain boto3 client, for what a test arranges and looks at."""
        if service not in self._clients:
            self._clients[service] = boto3.client(
                service,
                endpoint_url=self.endpoint,
                region_name=program.REGION,
                aws_access_key_id=program.CREDENTIALS["AWS_ACCESS_KEY_ID"],
                aws_secret_access_key=program.CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
                config=_CONFIG,
            )
        return self._clients[service]

    def close(self) -> None:
        """Lets go of all connections."""
        for client in self._clients.values():
            client.close()

    def signing_key(self) -> str:
        """A key of KMS as the notary has one; its id."""
        made = self.client("kms").create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")
        return str(made["KeyMetadata"]["KeyId"])

    def table(self, logical: str) -> str:
        """A new table with the keys and indexes that template.yaml gives this one."""
        properties = template().of_type("AWS::DynamoDB::Table")[logical]
        shape = ("BillingMode", "AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes")
        name = self.name(logical)
        self.client("dynamodb").create_table(
            TableName=name, **{key: properties[key] for key in shape if key in properties}
        )
        return name

    def bucket(self, *, versioned: bool = False, name: str | None = None) -> str:
        """A new bucket."""
        name = name or self.name("bucket")
        s3 = self.client("s3")
        s3.create_bucket(Bucket=name)
        if versioned:
            s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
        return name

    def queue(self, *, named: str | None = None, **attributes: str) -> str:
        """The URL of a new queue."""
        name = named or self.name("queue")
        return str(self.client("sqs").create_queue(QueueName=name, Attributes=attributes)["QueueUrl"])

    def name(self, kind: str) -> str:
        """One that nothing here has yet."""
        return f"{kind.lower()}-{next(_numbers)}"

    def items(self, table: str) -> list[dict[str, Any]]:
        """All there is in a table."""
        return list(self.client("dynamodb").scan(TableName=table, ConsistentRead=True)["Items"])


@pytest.fixture(scope="session")
def moto() -> Iterator[Emulator]:
    """moto as a server: it does not patch aiobotocore."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    _, port = server.get_host_and_port()
    emulator = Emulator(f"http://127.0.0.1:{port}")
    yield emulator
    emulator.close()
    server.stop()


@contextmanager
def ministack_in(folder: Path) -> Generator[Emulator]:
    """MiniStack on a port and in a folder of its own, beside any that a developer runs."""
    port = free_port()
    process = program.start(port, folder, folder.with_suffix(".log"))
    emulator = Emulator(f"http://127.0.0.1:{port}")
    try:
        yield emulator
    finally:
        emulator.close()
        processes.stop(process)
        program.clear(folder)


@pytest.fixture(scope="session")
def ministack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    """MiniStack, for the whole suite."""
    with ministack_in(tmp_path_factory.mktemp("ministack") / "ministack") as emulator:
        yield emulator


def forget_everything(ministack: Emulator) -> None:
    """MiniStack as freshly started."""
    request = Request(f"{ministack.endpoint}/_ministack/reset", method="POST")
    with build_opener(ProxyHandler({})).open(request, timeout=10):
        pass
