"""A stack's desk, opened: for who runs the command, and for the function that serves a team."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from penstock_ops.documents.stack_templates import open_templates
from penstock_ops.operate import asking, operations
from penstock_ops.operate.receipts import open_archive
from penstock_ops.operate.rereading import S3Originals
from penstock_ops.operate.stack_ports import open_stack
from penstock_ops.web.desk import Desk
from penstock_ops.web.find import SHOWN


@asynccontextmanager
async def open_desk(
    outputs: Mapping[str, str], stack: str | None, *, place: str, content: bool, operator: str = "", here: bool = True
) -> AsyncGenerator[Desk]:
    """The desk of the stack with these outputs. `here` says that it is served on this machine: then files are dropped,
    and the table of outcomes is asked; a function has neither the room for the one, nor the right to the other."""

    async def drop(path: Path, key: str) -> operations.Dropped:
        return await operations.dropped(outputs, path, key)

    def ask(sql: str) -> Sequence[Mapping[str, Any]]:
        return asking.answer_of(outputs, sql, SHOWN)["rows"]

    async with (
        operations.records_of(outputs) as records,
        open_stack(outputs, stack, operator) as ports,
        open_archive(outputs) as archive,
        open_templates(outputs) as templates,
    ):
        table = ask if here and asking.has_table(outputs) else None
        yield Desk(records, ports, place, archive, templates, S3Originals(), drop, table, content, drops=here)
