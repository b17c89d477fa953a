"""The drop bucket behind its port: the versions of its objects, listed."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

from penstock.adapters.aws_faults import transient_faults
from penstock.model.messages import SourceFile
from penstock.ports.object_store import Place


@dataclass(frozen=True, slots=True)
class S3Drops:
    """As `Drops`. S3 lists by key and not by time, so every look goes through the whole bucket, a thousand versions a
    call; the bucket forgets what the ledger forgets."""

    s3: Any
    bucket: str

    async def between(
        self, since: float, until: float, after: Place | None = None
    ) -> AsyncIterator[tuple[Place, SourceFile | None]]:
        """As `Drops.between`, and the end of each page by itself. A deletion drops nothing."""
        begin = {"KeyMarker": after[0], "VersionIdMarker": after[1]} if after else {}
        pages = self.s3.get_paginator("list_object_versions").paginate(Bucket=self.bucket, **begin)
        with transient_faults():
            async for page in pages:
                for version in page.get("Versions", ()):
                    if since <= version["LastModified"].timestamp() < until:
                        yield (version["Key"], version["VersionId"]), self._file(version)
                if page["IsTruncated"]:
                    yield (page["NextKeyMarker"], page["NextVersionIdMarker"]), None

    def _file(self, version: dict[str, Any]) -> SourceFile:
        key: str = version["Key"]
        return SourceFile(
            feed=key.split("/", 1)[0] if "/" in key else "",
            bucket=self.bucket,
            key=key,
            version_id=version["VersionId"],
            etag=version["ETag"].strip('"'),
            size=version["Size"],
        )
