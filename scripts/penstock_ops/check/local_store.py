"""A file on this machine as the splitter's staging reads and stages it: no S3, bounded memory."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

from penstock.model.ids import staged_key
from penstock.model.messages import SourceFile
from penstock.ports.object_store import SIDECAR


@dataclass(frozen=True, slots=True)
class LocalStore:
    """As `Sources`. Buckets are folders; `folder` is the work bucket."""

    folder: Path

    def source(self, path: Path, feed: str) -> SourceFile:
        """A file, as if it had been dropped."""
        size = path.stat().st_size
        return SourceFile(feed=feed, bucket=str(path.parent), key=path.name, version_id="null", etag="", size=size)

    def path_of(self, file: SourceFile) -> Path:
        """Where a file's bytes are."""
        return Path(file.bucket) / file.key

    async def read_source(self, file: SourceFile, start: int, end: int) -> bytes:
        """As `Sources.read_source`."""
        with self.path_of(file).open("rb") as source:
            source.seek(start)
            return source.read(end - start)

    async def beside(self, file: SourceFile, key: str) -> bytes | None:
        """As `Sources.beside`."""
        path = Path(file.dropped.bucket) / key
        return path.read_bytes()[:SIDECAR] if path.is_file() else None

    async def stage(self, file: SourceFile, parts: AsyncIterator[bytes]) -> SourceFile:
        """As `Sources.stage`; without an ETag, as nobody else writes here."""
        path = self.folder / staged_key(file.file_id)
        path.parent.mkdir(exist_ok=True)
        with path.open("wb") as out:
            async for part in parts:
                out.write(part)
        return file.staged(str(self.folder), "", path.stat().st_size)

    def replace(self, file: SourceFile, body: bytes) -> SourceFile:
        """A file that has become this, as it is read from here."""
        path = self.folder / f"{file.file_id}.read"
        path.write_bytes(body)
        return file.model_copy(
            update={"bucket": str(path.parent), "key": path.name, "size": len(body), "origin": file.dropped}
        )
