"""A long file for a deployed stack, made while it is uploaded, and what can be seen of it on its way."""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from penstock.feeds.traffic import TRAFFIC
from penstock.formats.format import HEAD
from penstock.model import ids
from penstock.model.messages import Span
from penstock.model.rows import FileState
from penstock.split.planner import Planner
from penstock.split.tree_digest import TreeDigest
from tests.support.deployed import Deployed, File, until

HEADER = b"spot_id,station,isci,air_date,air_time,length_s,scan\n"
ROW = 64 * 1024  #: bytes of a record: most are in a column that no field wants, so a destination has little to do
BLOCK = 8 * 1024 * 1024


@dataclass
class Log(io.RawIOBase):
    """So many spots, each under its own number; read like a file."""

    rows: int
    at: int = 0

    @property
    def size(self) -> int:
        """Bytes in all."""
        return len(HEADER) + self.rows * ROW

    def readable(self) -> bool:
        """As `RawIOBase.readable`."""
        return True

    def readinto(self, buffer: Any) -> int:
        """As `RawIOBase.readinto`."""
        piece = self.bytes_of(self.at, min(self.at + len(buffer), self.size))
        buffer[: len(piece)] = piece
        self.at += len(piece)
        return len(piece)

    def bytes_of(self, start: int, end: int) -> bytes:
        """Bytes [start, end)."""
        if start < len(HEADER):
            return (HEADER + self.bytes_of(len(HEADER), max(end, len(HEADER))))[start:end]
        first, last = (start - len(HEADER)) // ROW, -(-(end - len(HEADER)) // ROW)
        skip = (start - len(HEADER)) % ROW
        return b"".join(map(_row, range(first, last)))[skip : skip + end - start]

    def blocks(self) -> Iterator[bytes]:
        """All of it."""
        for start in range(0, self.size, BLOCK):
            yield self.bytes_of(start, min(start + BLOCK, self.size))


def _row(number: int) -> bytes:
    wanted = b"S%09d,WLNG,ABCD1234000H,2026-11-20,06:14:30,30," % number
    return wanted + b"x" * (ROW - len(wanted) - 1) + b"\n"


@dataclass(frozen=True)
class Way:
    """What was seen of a long file: how often it was handed on, and whether records of it were delivered while it was
    still being split."""

    hops: int
    delivered_meanwhile: bool
    report: dict[str, Any]


def upload(deployed: Deployed, log: Log, name: str) -> File:
    """Drops it as a sender does, in parts."""
    bucket, key, s3 = deployed.outputs["DropBucket"], f"traffic/{name}", deployed.client("s3")
    s3.upload_fileobj(io.BufferedReader(log, BLOCK), bucket, key)
    head = s3.head_object(Bucket=bucket, Key=key)
    version = head["VersionId"]
    return File(ids.file_id(bucket, key, version), bucket, key, version, head["ETag"].strip('"'), b"")


def watch(deployed: Deployed, file: File) -> Way:
    """Until it is sealed, and then until its end."""
    hops, meanwhile, before = 0, False, deployed.books()["applied_records"]

    def sealed() -> bool:
        nonlocal hops, meanwhile
        row = deployed.row(file)
        if row is None or row.state is not FileState.SPLITTING:
            return row is not None
        hops = max(hops, row.checkpoint.hops if row.checkpoint else 0)
        meanwhile = meanwhile or deployed.books()["applied_records"] > before
        return False

    until(sealed, f"the seal of {file.key}")
    return Way(hops, meanwhile, deployed.ended(file))


def split_here(log: Log) -> tuple[list[Span], str]:
    """The chunks that a splitter cuts that is never stopped, and the file's digest."""
    planner, digest, spans = Planner(TRAFFIC, TRAFFIC.recognise(log.bytes_of(0, HEAD))), TreeDigest(), list[Span]()
    for block in log.blocks():
        digest.push(block)
        spans += planner.push(block)
    return [*spans, *planner.finish()], digest.hexdigest()
