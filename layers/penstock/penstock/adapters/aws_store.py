"""S3 behind the object store's port."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

from aiohttp import ClientError as HttpError
from botocore.exceptions import ClientError

from penstock.adapters.aws_faults import code_of, transient_faults
from penstock.io import metering
from penstock.model.errors import ObjectMissing, Transient
from penstock.model.ids import staged_key
from penstock.model.messages import SourceFile
from penstock.ports.object_store import SIDECAR

PART = 8 * 1024 * 1024  #: bytes of a part of a multipart upload; S3 wants at least 5 MiB

_GONE = frozenset({"NoSuchKey", "NoSuchVersion", "404"})
_EMPTY = frozenset({"InvalidRange", "416"})  #: S3's word where an object has nothing of the range that was asked for
_MOVED_ON = _TAKEN = frozenset({"PreconditionFailed", "412"})
_BEING_TAKEN = frozenset({"ConditionalRequestConflict", "409"})


@dataclass(frozen=True, slots=True)
class S3Store:
    """As `ObjectStore`, and as `Folder`."""

    s3: Any
    work_bucket: str
    archive_bucket: str

    async def read_source(self, file: SourceFile, start: int, end: int) -> bytes:
        """As `ObjectStore.read_source`. By ETag while the key still holds this version, by version id after that."""
        end = min(end, file.size)
        if start >= end:  # S3 has no word for an empty range: it would refuse it, or answer with the whole object
            return b""
        where = {"Bucket": file.bucket, "Key": file.key, "Range": f"bytes={start}-{end - 1}"}
        with transient_faults():
            try:
                answer = await self.s3.get_object(**where, IfMatch=f'"{file.etag}"')
            except ClientError as error:
                if code_of(error) not in _GONE | _MOVED_ON:
                    raise
                answer = await self._read_version(where, file)
            return await _body_of(answer, file, start, end)

    async def _read_version(self, where: dict[str, str], file: SourceFile) -> Any:
        try:
            return await self.s3.get_object(**where, VersionId=file.version_id, IfMatch=f'"{file.etag}"')
        except ClientError as error:
            if code_of(error) not in _GONE | _MOVED_ON:
                raise
            raise ObjectMissing("format.gone", "the dropped version of the object does not exist any more") from error

    async def beside(self, file: SourceFile, key: str) -> bytes | None:
        """As `Sources.beside`."""
        with transient_faults():
            try:
                where = {"Bucket": file.dropped.bucket, "Key": key, "Range": f"bytes=0-{SIDECAR - 1}"}
                answer = await self.s3.get_object(**where)
            except ClientError as error:
                if code_of(error) in _GONE:
                    return None
                if code_of(error) in _EMPTY:
                    return b""
                raise
            return await _read(answer)

    async def get(self, key: str) -> bytes | None:
        """As `ObjectStore.get`."""
        with transient_faults():
            try:
                answer = await self.s3.get_object(Bucket=self.work_bucket, Key=key)
            except ClientError as error:
                if code_of(error) in _GONE:
                    return None
                raise
            return await _read(answer)

    async def has(self, key: str) -> bool:
        """As `ObjectStore.has`."""
        with transient_faults():
            try:
                await self.s3.head_object(Bucket=self.work_bucket, Key=key)
            except ClientError as error:
                if code_of(error) in _GONE:
                    return False
                raise
        return True

    async def put(self, key: str, body: bytes, content_type: str) -> None:
        """As `ObjectStore.put`."""
        await self._put(key, body, content_type)

    async def put_first(self, key: str, body: bytes, content_type: str) -> bool:
        """As `ObjectStore.put_first`."""
        where = {"Bucket": self.work_bucket, "Key": key}
        is_first = await self._put_unless_taken(**where, Body=body, ContentType=content_type)
        if is_first and (meter := metering.current()):
            meter.store_work(key, len(body))
        return is_first

    async def put_parts(self, key: str, parts: AsyncIterator[bytes], content_type: str) -> None:
        """As `ObjectStore.put_parts`."""
        await self._put_parts(key, parts, content_type)

    async def put_once(self, key: str, body: bytes, content_type: str) -> None:
        """As `Archive.put_once`. A bucket with Object Lock takes nothing without a checksum."""
        where = {"Bucket": self.archive_bucket, "Key": key}
        request = {**where, "Body": body, "ContentType": content_type, "ChecksumAlgorithm": "SHA256"}
        if await self._put_unless_taken(**request) and (meter := metering.current()):
            meter.store_archived(len(body))

    async def listed(self, prefix: str) -> AsyncIterator[tuple[str, int]]:
        """As `Folder.listed`."""
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=self.work_bucket, Prefix=prefix)
        with transient_faults():
            async for page in pages:
                for one in page.get("Contents", ()):
                    yield one["Key"], one["Size"]

    async def remove(self, key: str) -> None:
        """As `Folder.remove`."""
        with transient_faults():
            await self.s3.delete_object(Bucket=self.work_bucket, Key=key)

    async def _put_unless_taken(self, **request: Any) -> bool:
        with transient_faults():
            try:
                await self.s3.put_object(**request, IfNoneMatch="*")
            except ClientError as error:
                if code_of(error) in _BEING_TAKEN:
                    raise Transient("another writes the same object at this moment") from error
                if code_of(error) not in _TAKEN:
                    raise
                return False
        return True

    async def stage(self, file: SourceFile, parts: AsyncIterator[bytes]) -> SourceFile:
        """As `Sources.stage`."""
        size = 0

        async def counted() -> AsyncIterator[bytes]:
            nonlocal size
            async for part in parts:
                size += len(part)
                yield part

        etag = await self._put_parts(staged_key(file.file_id), counted(), "application/octet-stream")
        return file.staged(self.work_bucket, etag, size)

    async def _put_parts(self, key: str, parts: AsyncIterator[bytes], content_type: str) -> str:
        """The ETag: one put if it all fits a part, a multipart upload if not."""
        buffer = bytearray()
        upload: _Upload | None = None
        try:
            async for part in parts:
                buffer += part
                while len(buffer) > PART:
                    upload = upload or await _Upload.begin(self.s3, self.work_bucket, key, content_type)
                    await upload.add(bytes(buffer[:PART]))
                    del buffer[:PART]
            if upload is None:
                return await self._put(key, bytes(buffer), content_type)
            await upload.add(bytes(buffer))
            etag = await upload.complete()
        except BaseException:
            if upload:
                await upload.abort()
            raise
        if meter := metering.current():
            meter.store_work(key, upload.size)
        return etag

    async def _put(self, key: str, body: bytes, content_type: str) -> str:
        with transient_faults():
            made = await self.s3.put_object(Bucket=self.work_bucket, Key=key, Body=body, ContentType=content_type)
        if meter := metering.current():
            meter.store_work(key, len(body))
        return _etag(made)


class _Upload:
    """A multipart upload."""

    def __init__(self, s3: Any, where: dict[str, str]) -> None:
        self._s3, self._where = s3, where
        self._parts: list[dict[str, Any]] = []
        self.size = 0  #: bytes that were added

    @classmethod
    async def begin(cls, s3: Any, bucket: str, key: str, content_type: str) -> "_Upload":
        with transient_faults():
            made = await s3.create_multipart_upload(Bucket=bucket, Key=key, ContentType=content_type)
        return cls(s3, {"Bucket": bucket, "Key": key, "UploadId": made["UploadId"]})

    async def add(self, body: bytes) -> None:
        number = len(self._parts) + 1
        with transient_faults():
            made = await self._s3.upload_part(**self._where, PartNumber=number, Body=body)
        self.size += len(body)
        self._parts.append({"PartNumber": number, "ETag": made["ETag"]})

    async def complete(self) -> str:
        with transient_faults():
            made = await self._s3.complete_multipart_upload(**self._where, MultipartUpload={"Parts": self._parts})
        return _etag(made)

    async def abort(self) -> None:
        with transient_faults():
            await self._s3.abort_multipart_upload(**self._where)


def _etag(answer: Any) -> str:
    etag: str = answer["ETag"]
    return etag.strip('"')


async def _body_of(answer: Any, file: SourceFile, start: int, end: int) -> bytes:
    """The asked-for bytes. An answer without a range is the whole object (MiniStack's to a range of a version)."""
    body = await _read(answer)
    answered = answer.get("ContentRange")
    if answered is None and len(body) == file.size:
        body = body[start:end]
    elif answered != f"bytes {start}-{end - 1}/{file.size}":
        raise Transient("S3 answered with another range than was asked for")
    if len(body) != end - start:
        raise Transient("S3's answer broke off")
    return body


async def _read(answer: Any) -> bytes:
    try:
        async with answer["Body"] as stream:
            return await stream.read()
    except HttpError as error:
        raise Transient("S3's answer broke off") from error
