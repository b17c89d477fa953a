"""The templates of a stack in a folder, for as long as somebody works on them there."""

import asyncio
import tempfile
from collections.abc import AsyncGenerator, Generator, Mapping
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

from penstock.adapters.aws_store import S3Store
from penstock.adapters.aws_templates import S3Templates
from penstock.adapters.system_clock import SystemClock
from penstock.io.auditing import audit
from penstock.ports.object_store import Archive
from penstock.ports.templates import Templates
from penstock_ops.operate import operations
from penstock_ops.operate.clients import operators_clients
from penstock_ops.operate.stack_ports import operator_of

LOCAL = "local"  #: what the local world is called, where a folder is meant without a name


@contextmanager
def folder_of(stack: str | None, otherwise: Path) -> Generator[Path]:
    """A folder with the stack's templates; what has changed in it goes back to the stack, and the audit has it before.
    Without a stack it is the other folder."""
    if stack is None:
        yield otherwise
        return
    named = named_stack(stack)
    outputs = operations.connect(named)
    there = asyncio.run(_all(outputs))
    with laid_out(there) as folder:
        yield folder
        if changed := changed_in(folder, there):
            asyncio.run(_put(outputs, named, changed))


def named_stack(stack: str) -> str | None:
    """A stack's name as the other verbs have it: None is the local world."""
    return None if stack == LOCAL else stack


@asynccontextmanager
async def open_templates(outputs: Mapping[str, str]) -> AsyncGenerator[Templates]:
    """The templates of the stack with these outputs."""
    async with operators_clients() as aws:
        yield S3Templates(aws.s3, outputs["WorkBucket"])


async def _all(outputs: Mapping[str, str]) -> Mapping[str, bytes]:
    async with open_templates(outputs) as templates:
        return await templates.all()


async def _put(outputs: Mapping[str, str], stack: str | None, changed: Mapping[str, bytes]) -> None:
    by = await asyncio.to_thread(operator_of, stack)
    async with operators_clients() as aws:
        store = S3Store(aws.s3, outputs["WorkBucket"], outputs["ArchiveBucket"])
        await keep(S3Templates(aws.s3, outputs["WorkBucket"]), store, changed, SystemClock().now(), by)


async def keep(
    templates: Templates, archive: Archive, changed: Mapping[str, bytes], now: float, by: str, note: str = ""
) -> None:
    """Keeps templates, by the names of their files; the audit has it before."""
    detail: dict[str, Any] = {"by": by, "templates": sorted(changed)} | ({"note": note} if note else {})
    await audit(archive, "TemplatesKept", now, detail)
    for name, body in changed.items():
        await templates.put(name, body)


@contextmanager
def laid_out(there: Mapping[str, bytes]) -> Generator[Path]:
    """A folder with these templates, for as long as somebody looks."""
    with tempfile.TemporaryDirectory(prefix="penstock-templates-") as made:
        folder = Path(made)
        for name, body in there.items():
            (folder / name).write_bytes(body)
        yield folder


def changed_in(folder: Path, there: Mapping[str, bytes]) -> dict[str, bytes]:
    """What a folder has that was not there, or not so."""
    now = {path.name: path.read_bytes() for path in sorted(folder.iterdir())}
    return {name: body for name, body in now.items() if there.get(name) != body}
