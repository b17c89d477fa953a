"""The object store's contract, on the twin and on S3."""

import asyncio
import hashlib
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Protocol

import pytest
from aiobotocore.config import AioConfig
from aiobotocore.session import get_session  # pyright: ignore[reportUnknownVariableType]

from penstock.adapters.aws_clients import AwsClients
from penstock.adapters.aws_store import PART, S3Store
from penstock.model.errors import ObjectMissing, Transient
from penstock.model.messages import SourceFile
from penstock.ports.object_store import SIDECAR, ObjectStore
from penstock_testing.memory import MemoryStore
from tests.contract.stubs import Scripted, refusal
from tests.support.emulators import Emulator

pytestmark = pytest.mark.asyncio(loop_scope="session")

KEY = "traffic/2026-11-20/spots früh + spät 100%.csv"
BODY = bytes(range(256)) * 8


class Place(Protocol):
    """A store under test, with the sender's and the operator's side of it."""

    @property
    def store(self) -> ObjectStore: ...

    def drop(self, body: bytes, key: str = KEY) -> SourceFile:
        """Puts a new version of an object, as a sender would."""
        ...

    def lose(self, file: SourceFile) -> None:
        """Removes that version for good."""
        ...


@dataclass
class InMemory:
    store: MemoryStore

    def drop(self, body: bytes, key: str = KEY) -> SourceFile:
        return self.store.drop(key, body)

    def lose(self, file: SourceFile) -> None:
        del self.store.sources[file.bucket, file.key, file.version_id]


@dataclass
class InS3:
    store: S3Store
    s3: Any
    bucket: str

    def drop(self, body: bytes, key: str = KEY) -> SourceFile:
        made = self.s3.put_object(Bucket=self.bucket, Key=key, Body=body)
        return SourceFile(
            feed=key.split("/")[0],
            bucket=self.bucket,
            key=key,
            version_id=made["VersionId"],
            etag=made["ETag"].strip('"'),
            size=len(body),
        )

    def lose(self, file: SourceFile) -> None:
        self.s3.delete_object(Bucket=self.bucket, Key=file.key, VersionId=file.version_id)


def in_s3(emulator: Emulator, clients: AwsClients) -> InS3:
    drops, work = emulator.bucket(versioned=True), emulator.bucket()
    return InS3(S3Store(clients.s3, work, "archive"), emulator.client("s3"), drops)


@pytest.fixture
def on_moto_s3(moto: Emulator, on_moto: AwsClients) -> InS3:
    """moto answers a range of a version as S3 does."""
    return in_s3(moto, on_moto)


@pytest.fixture
def on_ministack_s3(ministack: Emulator, on_ministack: AwsClients) -> InS3:
    """MiniStack answers a range of a version with the whole object; the local world lives with that."""
    return in_s3(ministack, on_ministack)


@pytest.fixture(params=["memory", "on_moto_s3", "on_ministack_s3"])
def place(request: pytest.FixtureRequest) -> Place:
    return InMemory(MemoryStore()) if request.param == "memory" else request.getfixturevalue(request.param)


# -- the pinned source object (R2, R30)


@pytest.mark.parametrize(("start", "end"), [(0, 1), (0, 2048), (7, 300), (2047, 2048)])
async def test_a_range_is_read_exactly(place: Place, start: int, end: int) -> None:
    file = place.drop(BODY)

    assert await place.store.read_source(file, start, end) == BODY[start:end]


@pytest.mark.parametrize("start", [0, 1, 2047])
async def test_a_range_ends_where_the_object_does(place: Place, start: int) -> None:
    file = place.drop(BODY)

    assert await place.store.read_source(file, start, 5000) == BODY[start:]


@pytest.mark.parametrize("end", [2048, 9])
async def test_nothing_asked_is_nothing_read(place: Place, end: int) -> None:
    file = place.drop(BODY)

    assert await place.store.read_source(file, end, end) == b""


async def test_an_overwritten_key_is_still_read_as_the_version_that_was_dropped(place: Place) -> None:
    first = place.drop(BODY)
    second = place.drop(BODY[::-1])

    assert await place.store.read_source(first, 3, 500) == BODY[3:500]
    assert await place.store.read_source(second, 3, 500) == BODY[::-1][3:500]


@pytest.mark.parametrize("body", [b"", b"records=5", b"x" * (SIDECAR + 1)])
async def test_what_lies_beside_a_file_is_the_newest_of_its_key_as_far_as_it_is_read(place: Place, body: bytes) -> None:
    file = place.drop(BODY)
    assert await place.store.beside(file, f"{KEY}.ok") is None
    place.drop(b"older", f"{KEY}.ok")
    place.drop(body, f"{KEY}.ok")
    assert await place.store.beside(file, f"{KEY}.ok") == body[:SIDECAR]


async def test_a_version_of_another_length_is_never_mixed_in(place: Place) -> None:
    first = place.drop(BODY)
    place.drop(b"short")

    assert await place.store.read_source(first, 2040, 9999) == BODY[2040:]


async def test_a_version_that_is_gone_is_missing(place: Place) -> None:
    file = place.drop(BODY)
    place.lose(file)

    with pytest.raises(ObjectMissing):
        await place.store.read_source(file, 0, 10)


async def test_a_version_that_is_gone_under_a_newer_one_is_missing(place: Place) -> None:
    first = place.drop(BODY)
    place.drop(b"newer")
    place.lose(first)

    with pytest.raises(ObjectMissing):
        await place.store.read_source(first, 0, 10)


async def test_a_key_that_never_was_is_missing(place: Place) -> None:
    file = place.drop(BODY)

    with pytest.raises(ObjectMissing):
        await place.store.read_source(file.model_copy(update={"key": "traffic/other.csv"}), 0, 10)


async def test_a_deleted_key_is_still_read_as_its_version(on_moto_s3: InS3) -> None:
    """The twin knows no delete markers."""
    file = on_moto_s3.drop(BODY)
    on_moto_s3.s3.delete_object(Bucket=on_moto_s3.bucket, Key=file.key)

    assert await on_moto_s3.store.read_source(file, 5, 10) == BODY[5:10]


# -- the work bucket


async def test_what_was_put_is_there_whole(place: Place) -> None:
    await place.store.put("chunks/f/000000/accepted", BODY, "text/plain")

    assert await place.store.get("chunks/f/000000/accepted") == BODY
    assert await place.store.has("chunks/f/000000/accepted")


async def test_putting_again_replaces(place: Place) -> None:
    await place.store.put("reports/f/summary.json", b"{}", "application/json")
    await place.store.put("reports/f/summary.json", b"[]", "application/json")

    assert await place.store.get("reports/f/summary.json") == b"[]"


async def test_what_was_put_first_stays(place: Place) -> None:
    assert await place.store.put_first("chunks/f/000000/accepted", b"first", "text/plain")
    assert not await place.store.put_first("chunks/f/000000/accepted", b"first", "text/plain")
    assert not await place.store.put_first("chunks/f/000000/accepted", b"second", "text/plain")

    assert await place.store.get("chunks/f/000000/accepted") == b"first"


@pytest.mark.parametrize(
    ("code", "status"), [("ConditionalRequestConflict", 409), ("SlowDown", 503), ("InternalError", 500)]
)
async def test_who_does_not_know_who_was_first_comes_again(code: str, status: int) -> None:
    with pytest.raises(Transient):
        await S3Store(Scripted(put_object=[refusal(code, status)]), "work", "archive").put_first("k", b"", "text/plain")


async def test_what_was_never_put_is_none(place: Place) -> None:
    assert await place.store.get("reports/f/nothing") is None
    assert not await place.store.has("reports/f/nothing")


@pytest.mark.parametrize("part", [1, 65_536, 3 * PART])
@pytest.mark.parametrize("size", [0, 1, PART, PART + 1, 2 * PART, 2 * PART + 17])
async def test_parts_become_one_object(place: Place, size: int, part: int) -> None:
    """Below and above a part of an upload, and just there."""
    if part == 1:
        size %= 1000
    body = hashlib.shake_128(b"rejects").digest(size)
    await place.store.put_parts("reports/f/rejects.csv", pieces(body, part), "text/csv")

    assert await place.store.get("reports/f/rejects.csv") == body


@pytest.mark.parametrize("size", [0, 1000, PART + 17])
async def test_a_staged_file_is_read_like_a_dropped_one(place: Place, size: int) -> None:
    """Its key in the drop bucket may have moved on since."""
    body, file = hashlib.shake_128(b"staged").digest(size), place.drop(BODY)

    staged = await place.store.stage(file, pieces(body, 65_536))
    again = await place.store.stage(file, pieces(body, 1_000_000))
    place.drop(b"newer")

    assert staged == again
    assert (staged.size, staged.file_id, staged.dropped) == (size, file.file_id, file.dropped)
    assert await place.store.read_source(staged, size // 3, size) == body[size // 3 :]
    assert await place.store.get(f"staged/{file.file_id}") == body


async def test_a_staged_file_that_has_become_another_is_missing(place: Place) -> None:
    file = place.drop(BODY)
    staged = await place.store.stage(file, pieces(b"before", 6))

    await place.store.put(f"staged/{file.file_id}", b"behind", "text/plain")

    with pytest.raises(ObjectMissing):
        await place.store.read_source(staged, 0, 6)


@pytest.mark.parametrize("size", [10, PART + 10])
async def test_parts_that_break_off_leave_what_was_there(place: Place, size: int) -> None:
    await place.store.put("reports/f/rejects.csv", b"before", "text/csv")

    async def broken() -> AsyncIterator[bytes]:
        yield b"x" * size
        raise Transient("the ledger is throttled")

    with pytest.raises(Transient):
        await place.store.put_parts("reports/f/rejects.csv", broken(), "text/csv")
    assert await place.store.get("reports/f/rejects.csv") == b"before"


async def test_an_upload_that_breaks_off_leaves_no_parts_behind(on_moto_s3: InS3) -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield b"x" * (PART + 1)
        raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await on_moto_s3.store.put_parts("reports/f/rejects.csv", broken(), "text/csv")
    uploads = on_moto_s3.s3.list_multipart_uploads(Bucket=on_moto_s3.store.work_bucket)
    assert uploads.get("Uploads", []) == []


async def test_an_object_says_what_it_is(on_moto_s3: InS3) -> None:
    """For whoever downloads it; the twin keeps bytes only."""
    await on_moto_s3.store.put("reports/f/summary.json", b"{}", "application/json")
    await on_moto_s3.store.put_parts("reports/f/rejects.csv", pieces(b"x" * (PART + 1), PART), "text/csv")

    def kind(key: str) -> str:
        return on_moto_s3.s3.head_object(Bucket=on_moto_s3.store.work_bucket, Key=key)["ContentType"]

    assert (kind("reports/f/summary.json"), kind("reports/f/rejects.csv")) == ("application/json", "text/csv")


async def pieces(body: bytes, size: int) -> AsyncIterator[bytes]:
    for at in range(0, len(body), size):
        yield body[at : at + size]


# -- S3 alone: answers that no emulator gives

FILE = SourceFile(feed="traffic", bucket="drop", key=KEY, version_id="v1", etag="e", size=2048)


@pytest.mark.parametrize(
    "told",
    ["bytes 0-99/2048", "bytes 10-98/2048", "bytes 10-99/2047", None],
    ids=["another start", "another end", "another size", "a whole object of another size"],
)
async def test_an_answer_of_another_range_is_transient(told: str | None) -> None:
    answer = {"Body": Stream(b"x" * 90)} | ({"ContentRange": told} if told else {})

    with pytest.raises(Transient):
        await S3Store(Scripted(get_object=[answer]), "work", "archive").read_source(FILE, 10, 100)


async def test_an_answer_that_is_too_short_is_transient() -> None:
    answer = {"Body": Stream(b"x" * 89), "ContentRange": "bytes 10-99/2048"}

    with pytest.raises(Transient):
        await S3Store(Scripted(get_object=[answer]), "work", "archive").read_source(FILE, 10, 100)


@pytest.mark.parametrize("code", ["SlowDown", "InternalError", "RequestTimeout"])
@pytest.mark.parametrize("call", ["get", "put", "read_source"])
async def test_a_fault_of_s3_is_transient(code: str, call: str) -> None:
    store = S3Store(Scripted(get_object=[refusal(code, 503)], put_object=[refusal(code, 503)]), "work", "archive")
    calls: dict[str, Callable[[], Awaitable[Any]]] = {
        "get": lambda: store.get("k"),
        "put": lambda: store.put("k", b"", "text/plain"),
        "read_source": lambda: store.read_source(FILE, 0, 1),
    }

    with pytest.raises(Transient):
        await calls[call]()


async def test_a_refusal_of_s3_is_a_defect_and_stays_one() -> None:
    """Not Transient, which would be retried; not ObjectMissing, which would refuse the file."""
    store = S3Store(Scripted(get_object=[refusal("AccessDenied", 403)]), "work", "archive")

    with pytest.raises(Exception, match="AccessDenied") as error:
        await store.read_source(FILE, 0, 1)
    assert not isinstance(error.value, Transient | ObjectMissing)


async def test_a_connection_that_breaks_in_the_middle_is_transient() -> None:
    head = b"HTTP/1.1 206 OK\r\nContent-Length: 90\r\nContent-Range: bytes 10-99/2048\r\n\r\n"
    async with breaking_off(head + b"x" * 30) as endpoint, client_of(endpoint) as s3:
        with pytest.raises(Transient):
            await S3Store(s3, "work", "archive").read_source(FILE, 10, 100)


async def test_nobody_answering_is_transient() -> None:
    async with breaking_off(b"") as endpoint, client_of(endpoint) as s3:
        with pytest.raises(Transient):
            await S3Store(s3, "work", "archive").get("k")


class Stream:
    """A body of S3's."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    async def __aenter__(self) -> "Stream":
        return self

    async def __aexit__(self, *_: object) -> None:
        pass

    async def read(self) -> bytes:
        return self._body


@asynccontextmanager
async def breaking_off(answer: bytes) -> AsyncGenerator[str]:
    """A server that says this to everybody, and closes."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


@asynccontextmanager
async def client_of(endpoint: str) -> AsyncGenerator[Any]:
    """A client that tries once."""
    session: Any = get_session()
    where = {"region_name": "us-east-1", "endpoint_url": endpoint}
    key = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
    config = AioConfig(connect_timeout=3, read_timeout=3, retries={"total_max_attempts": 1})
    async with session.create_client("s3", config=config, **where, **key) as s3:
        yield s3
