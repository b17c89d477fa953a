"""The archive's contract, on the twin and on S3; and what S3 itself has to promise beside."""

import asyncio
from dataclasses import dataclass
from typing import Any, Protocol

import pytest
from botocore.exceptions import ClientError

from penstock.adapters.aws_clients import AwsClients
from penstock.adapters.aws_store import S3Store
from penstock.model.errors import Transient
from penstock.ports.object_store import Archive
from penstock_testing.memory import MemoryStore
from tests.contract.stubs import Scripted, refusal
from tests.support.emulators import Emulator

pytestmark = pytest.mark.asyncio(loop_scope="session")

KEY = "audit/2026-11-21/101500.000000-ReplayStarted-0123.json"


class Place(Protocol):
    """An archive under test, as an auditor sees it."""

    @property
    def archive(self) -> Archive: ...

    def read(self, key: str) -> bytes: ...


@dataclass
class InMemory:
    archive: MemoryStore

    def read(self, key: str) -> bytes:
        return self.archive.archive[key]


@dataclass
class InS3:
    archive: S3Store
    s3: Any

    def read(self, key: str) -> bytes:
        return self.s3.get_object(Bucket=self.archive.archive_bucket, Key=key)["Body"].read()


def in_s3(emulator: Emulator, clients: AwsClients) -> InS3:
    """In a bucket like template.yaml's: each object is locked for a day."""
    s3, bucket = emulator.client("s3"), emulator.name("archive")
    s3.create_bucket(Bucket=bucket, ObjectLockEnabledForBucket=True)
    s3.put_object_lock_configuration(
        Bucket=bucket,
        ObjectLockConfiguration={
            "ObjectLockEnabled": "Enabled",
            "Rule": {"DefaultRetention": {"Mode": "COMPLIANCE", "Days": 1}},
        },
    )
    return InS3(S3Store(clients.s3, "work", bucket), s3)


@pytest.fixture
def on_moto_s3(moto: Emulator, on_moto: AwsClients) -> InS3:
    return in_s3(moto, on_moto)


@pytest.fixture
def on_ministack_s3(ministack: Emulator, on_ministack: AwsClients) -> InS3:
    return in_s3(ministack, on_ministack)


@pytest.fixture(params=["memory", "on_moto_s3", "on_ministack_s3"])
def place(request: pytest.FixtureRequest) -> Place:
    return InMemory(MemoryStore()) if request.param == "memory" else request.getfixturevalue(request.param)


async def test_what_is_written_is_there(place: Place) -> None:
    await place.archive.put_once(KEY, b"first", "application/json")

    assert place.read(KEY) == b"first"


async def test_and_stays_as_it_was(place: Place) -> None:
    await place.archive.put_once(KEY, b"first", "application/json")
    await place.archive.put_once(KEY, b"first", "application/json")
    await place.archive.put_once(KEY, b"second", "application/json")

    assert place.read(KEY) == b"first"


async def test_many_at_once_write_one_thing(place: Place) -> None:
    bodies = [b"%d" % number for number in range(8)]
    async with asyncio.TaskGroup() as tasks:
        for body in bodies:
            tasks.create_task(place.archive.put_once(KEY, body, "text/plain"))

    assert place.read(KEY) in bodies


async def test_there_is_one_version_and_nobody_deletes_it(on_ministack_s3: InS3) -> None:
    for body in (b"first", b"second"):
        await on_ministack_s3.archive.put_once(KEY, body, "application/json")
    s3, where = on_ministack_s3.s3, {"Bucket": on_ministack_s3.archive.archive_bucket, "Key": KEY}
    (version,) = s3.list_object_versions(Bucket=where["Bucket"])["Versions"]

    with pytest.raises(ClientError, match="AccessDenied"):
        s3.delete_object(**where, VersionId=version["VersionId"], BypassGovernanceRetention=True)
    assert s3.get_object_retention(**where)["Retention"]["Mode"] == "COMPLIANCE"


async def test_a_put_has_the_checksum_without_which_a_locked_bucket_takes_nothing() -> None:
    s3 = Scripted(put_object=[{}])

    await S3Store(s3, "work", "archive").put_once(KEY, b"body", "application/json")

    ((_, request),) = s3.calls
    assert (request["Bucket"], request["IfNoneMatch"], request["ChecksumAlgorithm"]) == ("archive", "*", "SHA256")


@pytest.mark.parametrize(
    ("code", "status"), [("ConditionalRequestConflict", 409), ("SlowDown", 503), ("InternalError", 500)]
)
async def test_who_does_not_know_that_it_is_there_comes_again(code: str, status: int) -> None:
    with pytest.raises(Transient):
        await S3Store(Scripted(put_object=[refusal(code, status)]), "work", "archive").put_once(KEY, b"", "text/plain")


async def test_a_refusal_of_s3_is_a_defect_and_stays_one() -> None:
    store = S3Store(Scripted(put_object=[refusal("AccessDenied", 403)]), "work", "archive")

    with pytest.raises(ClientError, match="AccessDenied"):
        await store.put_once(KEY, b"", "text/plain")
