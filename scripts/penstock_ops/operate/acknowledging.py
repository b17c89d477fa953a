"""Acknowledgements at an operator's word: where the file's end failed at them, or a partner has lost his."""

from typing import Any

from penstock.account.acknowledging import tell, why_untold
from penstock.io.auditing import audit
from penstock.model.rows import FileRow, FileState
from penstock_ops.operate.errors import Unacknowledged
from penstock_ops.operate.stack_ports import StackPorts


async def acknowledge(ports: StackPorts, row: FileRow) -> dict[str, Any]:
    """Writes a settled file's acknowledgements, and puts their event, whatever was told before; the audit has it
    before. What the event says, but for the text itself.

    Raises:
        Unacknowledged: it has not settled, or there is nothing to tell.
        Permanent: the original is gone.
    """
    why = "it has not settled" if row.state is not FileState.SETTLED else why_untold(row)
    if why:
        raise Unacknowledged(f"{row.file.dropped.key} is not acknowledged: {why}")
    about = {"by": ports.operator, "file_id": row.file.file_id, "feed": row.file.feed, "key": row.file.dropped.key}
    await audit(ports.store, "FileAcknowledged", ports.clock.now(), about)
    told = await tell(ports, row)
    if told is None:
        raise Unacknowledged(f"{row.file.dropped.key} is not acknowledged: nothing in it asks for an answer")
    return {name: value for name, value in told.items() if name not in ("id", "text")}
