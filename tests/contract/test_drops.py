"""The drop bucket's contract, on the twin and on S3."""

import time
from dataclasses import dataclass, field
from typing import Any, Protocol

import pytest

from penstock.adapters.aws_clients import AwsClients
from penstock.adapters.aws_drops import S3Drops
from penstock.model.errors import Transient
from penstock.model.messages import SourceFile
from penstock.ports.object_store import Drops
from penstock_testing.memory import MemoryDrops, MemoryStore
from tests.contract.stubs import refusal
from tests.support.emulators import Emulator

pytestmark = pytest.mark.asyncio(loop_scope="session")

KEY = "traffic/2026-11-20/spots früh + spät 100%.csv"


class Place(Protocol):
    """A bucket under test, with the sender's side of it."""

    @property
    def drops(self) -> Drops: ...

    def drop(self, key: str, body: bytes) -> SourceFile:
        """Puts a new version of an object, as a sender would."""
        ...

    def delete(self, key: str) -> None:
        """What a sender does who thinks better of it: the versions stay."""
        ...


@dataclass
class InMemory:
    drops: MemoryDrops = field(default_factory=MemoryDrops)
    store: MemoryStore = field(default_factory=MemoryStore)

    def drop(self, key: str, body: bytes) -> SourceFile:
        file = self.store.drop(key, body)
        self.drops.files.append((time.time(), file))
        return file

    def delete(self, key: str) -> None:
        pass


@dataclass
class InS3:
    drops: S3Drops
    s3: Any

    def drop(self, key: str, body: bytes) -> SourceFile:
        made = self.s3.put_object(Bucket=self.drops.bucket, Key=key, Body=body)
        return SourceFile(
            feed=key.split("/")[0] if "/" in key else "",
            bucket=self.drops.bucket,
            key=key,
            version_id=made["VersionId"],
            etag=made["ETag"].strip('"'),
            size=len(body),
        )

    def delete(self, key: str) -> None:
        self.s3.delete_object(Bucket=self.drops.bucket, Key=key)


@pytest.fixture
def on_moto_s3(moto: Emulator, on_moto: AwsClients) -> InS3:
    return InS3(S3Drops(on_moto.s3, moto.bucket(versioned=True)), moto.client("s3"))


@pytest.fixture
def on_ministack_s3(ministack: Emulator, on_ministack: AwsClients) -> InS3:
    return InS3(S3Drops(on_ministack.s3, ministack.bucket(versioned=True)), ministack.client("s3"))


@pytest.fixture(params=["memory", "on_moto_s3", "on_ministack_s3"])
def place(request: pytest.FixtureRequest) -> Place:
    return InMemory() if request.param == "memory" else request.getfixturevalue(request.param)


async def found(place: Place, since: float, until: float) -> list[SourceFile]:
    listed = [file async for _, file in place.drops.between(since, until)]
    return sorted(filter(None, listed), key=lambda file: file.file_id)


async def test_every_version_is_found_as_its_notification_would_tell_of_it(place: Place) -> None:
    files = [place.drop(KEY, b"first"), place.drop(KEY, b"second version"), place.drop("no feed.csv", b"")]

    assert await found(place, time.time() - 60, time.time() + 60) == sorted(files, key=lambda file: file.file_id)


async def test_only_what_was_dropped_in_that_time_is_found(place: Place) -> None:
    place.drop(KEY, b"now")

    assert await found(place, time.time() - 3600, time.time() - 60) == []
    assert await found(place, time.time() + 60, time.time() + 3600) == []


async def test_a_deletion_drops_nothing_and_hides_nothing(place: Place) -> None:
    file = place.drop(KEY, b"there")
    place.delete(KEY)

    assert await found(place, time.time() - 60, time.time() + 60) == [file]


async def test_an_empty_bucket_has_nothing(place: Place) -> None:
    assert await found(place, 0, time.time() + 60) == []


class Broken:
    """A client whose second page does not come."""

    def get_paginator(self, operation: str) -> "Broken":
        return self

    async def paginate(self, **request: Any) -> Any:
        yield {"Versions": [], "IsTruncated": True, "NextKeyMarker": "a", "NextVersionIdMarker": "b"}
        raise refusal("SlowDown", 503)


async def test_a_listing_that_breaks_is_transient() -> None:
    with pytest.raises(Transient):
        [file async for _, file in S3Drops(Broken(), "drop").between(0, 1)]


async def test_all_pages_are_looked_through_and_from_any_place_that_a_look_has_come_to(on_moto_s3: InS3) -> None:
    """S3 lists a thousand versions a page, by key; also where none of a page's versions are of that time."""
    for number in range(1005):
        on_moto_s3.drop(f"traffic/{number:04d}.csv", b"x")
    now = time.time()
    assert len(await found(on_moto_s3, now - 600, now + 60)) == 1005

    (end_of_page,) = [place async for place, file in on_moto_s3.drops.between(now + 60, now + 90) if file is None]
    assert end_of_page[0] == "traffic/0999.csv"
    rest = [file async for _, file in on_moto_s3.drops.between(now - 600, now + 60, end_of_page) if file]
    assert [file.key for file in rest] == [f"traffic/{number}.csv" for number in range(1000, 1005)]
