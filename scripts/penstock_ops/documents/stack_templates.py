"""The templates of a stack in a folder, for as long as somebody works on them there."""

import asyncio
import tempfile
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from penstock.adapters.aws_store import S3Store
from penstock.adapters.aws_templates import S3Templates
from penstock.adapters.system_clock import SystemClock
from penstock.io.auditing import audit
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
    with tempfile.TemporaryDirectory(prefix="penstock-templates-") as made:
        folder, there = Path(made), asyncio.run(_all(outputs))
        for name, body in there.items():
            (folder / name).write_bytes(body)
        yield folder
        changed = {path.name: path.read_bytes() for path in sorted(folder.iterdir())}
        changed = {name: body for name, body in changed.items() if there.get(name) != body}
        if changed:
            asyncio.run(_put(outputs, named, changed))


def named_stack(stack: str) -> str | None:
    """A stack's name as the other verbs have it: None is the local world."""
    return None if stack == LOCAL else stack


async def _all(outputs: Mapping[str, str]) -> Mapping[str, bytes]:
    async with operators_clients() as aws:
        return await S3Templates(aws.s3, outputs["WorkBucket"]).all()


async def _put(outputs: Mapping[str, str], stack: str | None, changed: Mapping[str, bytes]) -> None:
    by = await asyncio.to_thread(operator_of, stack)
    async with operators_clients() as aws:
        store = S3Store(aws.s3, outputs["WorkBucket"], outputs["ArchiveBucket"])
        detail: dict[str, Any] = {"by": by, "templates": sorted(changed)}
        await audit(store, "TemplatesKept", SystemClock().now(), detail)
        templates = S3Templates(aws.s3, outputs["WorkBucket"])
        for name, body in changed.items():
            await templates.put(name, body)
