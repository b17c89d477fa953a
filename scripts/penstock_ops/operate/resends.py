"""Resend: what of a file was begun, and waits for a message that is no more, is sent again."""

from dataclasses import dataclass
from typing import Any

from penstock.io.auditing import audit
from penstock.model.ordinals import folded
from penstock.model.rows import FileRow
from penstock.operate.resend import Resend, begin_resend, plan_resend
from penstock_ops.operate.circuits import destination_of, ensure_closed
from penstock_ops.operate.stack_ports import StackPorts


@dataclass(frozen=True, slots=True)
class PreparedResend:
    """A resend that has not begun."""

    row: FileRow
    resend: Resend


async def prepare(ports: StackPorts, row: FileRow, idle_seconds: float) -> PreparedResend:
    """What of a file nobody has worked on for so long. Nothing is changed."""
    return PreparedResend(row, await plan_resend(ports, row, ports.clock.now() - idle_seconds))


def described(prepared: PreparedResend, *, sent: bool) -> dict[str, Any]:
    """A resend for people and machines, before or after it."""
    row, resend = prepared.row, prepared.resend
    return {
        "file_id": row.file.file_id,
        "key": row.file.dropped.key,
        "state": str(row.state),
        "split": int(resend.split is not None),
        "to_validate": folded(sorted(message.span.chunk for message in resend.chunks)),
        "to_dispatch": folded(sorted(message.chunk.span.chunk for message in resend.dispatches)),
        "messages": resend.messages,
        "sent": resend.messages if sent else None,
    }


async def begin(ports: StackPorts, prepared: PreparedResend) -> None:
    """Sends it on its way; the audit has it before.

    Raises:
        NotClosed: the feed's circuit is not closed.
        Transient: not everything was sent; do it again.
    """
    if not prepared.resend.messages:
        return
    feed = prepared.row.file.feed
    await ensure_closed(ports.throttle, [destination_of(prepared.row.file, ports.lanes)])
    detail = {"by": ports.operator, "feed": feed} | described(prepared, sent=False)
    await audit(ports.store, "WorkResent", ports.clock.now(), detail)
    await begin_resend(ports, prepared.resend)
