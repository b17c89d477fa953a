"""Templates in the work bucket."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from penstock.adapters.aws_faults import transient_faults

PREFIX = "templates/"


@dataclass(frozen=True, slots=True)
class S3Templates:
    """As `Templates`. What has been read is remembered by its ETag."""

    s3: Any
    bucket: str
    _read: dict[str, tuple[str, bytes]] = field(default_factory=dict[str, tuple[str, bytes]])

    async def all(self) -> Mapping[str, bytes]:
        """As `Templates.all`."""
        with transient_faults():
            pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=PREFIX)
            there = {one["Key"]: one["ETag"] async for page in pages for one in page.get("Contents", ())}
            new = [key for key, etag in there.items() if self._read.get(key, ("",))[0] != etag]
            bodies = await asyncio.gather(*map(self._get, new))
        for key in self._read.keys() - there.keys():
            del self._read[key]
        self._read.update({key: (there[key], body) for key, body in zip(new, bodies, strict=True)})
        return {key.removeprefix(PREFIX): body for key, (_, body) in sorted(self._read.items())}

    async def put(self, name: str, body: bytes) -> None:
        """As `Templates.put`."""
        with transient_faults():
            await self.s3.put_object(
                Bucket=self.bucket, Key=f"{PREFIX}{name}", Body=body, ContentType="application/yaml"
            )

    async def _get(self, key: str) -> bytes:
        answer = await self.s3.get_object(Bucket=self.bucket, Key=key)
        async with answer["Body"] as stream:
            return await stream.read()
