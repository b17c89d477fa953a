"""Documents that wait for a template are read anew: by the templates as they are now, as a drop of their own.

What was held for its template is refused in the file that it came in, and the object is dropped again as it was. So
both files balance, each record is delivered at most once, and whatever else was in the document is a duplicate.
"""

import asyncio
import io
import json
import zipfile
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Protocol

import boto3
from botocore.exceptions import ClientError

from penstock.model import ids
from penstock.model.errors import PenstockError
from penstock.model.findings import Outcome
from penstock.model.messages import Dropped as DroppedObject
from penstock.model.ordinals import folded
from penstock.model.rows import FileRow
from penstock.operate.hold import Held, held_of
from penstock.outputs.accepted import load_accepted
from penstock.outputs.outcomes import codes_of
from penstock.outputs.work import read_work
from penstock_ops.operate import held as holding
from penstock_ops.operate.stack_ports import StackPorts

LOOKED_AT = 1000  #: files, the latest
WAITS_FOR = ("template_drift", "unknown_template", "pdf_unread")  #: the ends of codes that a template can mend


class OriginalGone(PenstockError):
    """Raised when what was dropped is not there to be read anew."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A file, and which of its records wait for a template."""

    row: FileRow
    records: str


async def waiting_for(ports: StackPorts, template: str | None = None) -> list[Waiting]:
    """The files with records that are held for their template: for this one, by name, if one is named."""
    found: list[Waiting] = []
    for row in await ports.ledger.files(LOOKED_AT):
        if not row.counted[Outcome.HELD]:
            continue
        ordinals = [
            ordinal
            for held in await held_of(ports.ledger, ports.store, row.file.file_id)
            for ordinal in await _waiting(ports, held, template)
        ]
        if ordinals:
            found.append(Waiting(row, folded(sorted(ordinals))))
    return found


async def _waiting(ports: StackPorts, held: Held, template: str | None) -> list[int]:
    wait = {
        ordinal
        for ordinal, line in held.outcome_lines.items()
        if any(code.endswith(WAITS_FOR) for code in codes_of(line))
    }
    if not wait or template is None:
        return sorted(wait)
    named: set[int] = set()
    for generation in range(held.chunk.generation + 1):
        for one in load_accepted(await read_work(ports.store, held.chunk, "accepted", generation) or b""):
            said = str(json.loads(one.payload).get("template", ""))
            if one.ordinal in wait and said.rpartition("/")[0] == template:
                named.add(one.ordinal)
    return sorted(named)


class Originals(Protocol):
    """What was dropped, as it lies in the drop bucket."""

    def fetch(self, row: FileRow) -> bytes:
        """The document that a file is, as it was dropped, or as it lies in its archive.

        Raises:
            OriginalGone: it is not there any more.
        """
        ...

    def find(self, row: FileRow) -> DroppedObject:
        """The object that was dropped: an archive, where the file is one of several in it and has none of its own.

        Raises:
            OriginalGone: it is not there any more.
        """
        ...

    def drop_again(self, one: DroppedObject) -> str:
        """Drops an object as it was; the id of the file that it is then."""
        ...


async def read_all_anew(
    ports: StackPorts, originals: Originals, template: str | None, note: str
) -> list[dict[str, Any]]:
    """Reads anew what waits, for this template if one is named: the files, their records, and as which files they are
    read. As `read_anew`."""
    return [
        {
            "file_id": waiting.row.file.file_id,
            "records": waiting.records,
            "as": await read_anew(ports, originals, waiting, note),
        }
        for waiting in await waiting_for(ports, template)
    ]


async def read_anew(ports: StackPorts, originals: Originals, waiting: Waiting, note: str) -> str:
    """Refuses what waits, and drops the object again; the id of the file that it is then.

    Raises:
        OriginalGone: it is not there any more; nothing was done.
        NotToBeDecided: a record's chunk is in the middle of another round; nothing was dropped.
    """
    found = await asyncio.to_thread(originals.find, waiting.row)
    await holding.refuse_all(ports, waiting.row, waiting.records, by="", note=note)
    return await asyncio.to_thread(originals.drop_again, found)


class S3Originals:
    """As `Originals`."""

    def __init__(self) -> None:
        self._s3: Any = boto3.client("s3")

    def fetch(self, row: FileRow) -> bytes:
        """As `Originals.fetch`."""
        found, dropped = self.find(row), row.file.dropped
        body: bytes = self._s3.get_object(**_place(found))["Body"].read()
        return body if found.key == dropped.key else member(body, dropped.key.removeprefix(f"{found.key}!"))

    def find(self, row: FileRow) -> DroppedObject:
        """As `Originals.find`."""
        dropped = row.file.dropped
        for key in dict.fromkeys((dropped.key, dropped.key.partition("!")[0])):
            found = dropped.model_copy(update={"key": key})
            with suppress(ClientError):
                self._s3.head_object(**_place(found))
                return found
        raise OriginalGone(f"{dropped.key} is not there to be read anew; have it dropped again")

    def drop_again(self, one: DroppedObject) -> str:
        """As `Originals.drop_again`."""
        copied = self._s3.copy_object(Bucket=one.bucket, Key=one.key, CopySource=_place(one))
        return ids.file_id(one.bucket, one.key, copied["VersionId"])


def _place(one: DroppedObject) -> dict[str, str]:
    return {"Bucket": one.bucket, "Key": one.key, "VersionId": one.version_id}


def member(archive: bytes, name: str) -> bytes:
    """A file of an archive."""
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        return opened.read(name)
