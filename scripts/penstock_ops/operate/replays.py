"""Replay: records of a file that ended badly go their way again, after its rule or its destination was mended."""

import asyncio
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from penstock.io.auditing import audit
from penstock.model.errors import PenstockError
from penstock.model.messages import ChunkMessage
from penstock.model.ordinals import folded, unfolded
from penstock.model.rows import ChunkRow, ChunkState, FileRow, FileState
from penstock.operate.replay import REFUSED, Replay, begin_replay, failed_at, plan_replay
from penstock_ops.operate.circuits import destination_of, ensure_closed
from penstock_ops.operate.stack_ports import StackPorts
from penstock_ops.operate.waiting import ENDED
from penstock_ops.wording.nearest import hint

INTERVAL = 0.2  #: seconds between two looks
LOOKED_AT = 50  #: chunks at one look: they go about in order, so the others will hardly have ended


class NotToBeReplayed(PenstockError):
    """Raised where a replay cannot be, or was not asked for as it must be."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Which of a file's rejected and dead records are to be replayed: all, or those with this finding, or of these
    ordinals, "3,7-9"."""

    file_id: str
    reason: str | None = None
    records: str | None = None


@dataclass(frozen=True, slots=True)
class Prepared:
    """A replay that has not begun. `before` are the chunks it is about, as they were."""

    asked: Asked
    row: FileRow
    replay: Replay
    before: list[ChunkRow]

    @property
    def records(self) -> int:
        """How many it is about."""
        return self.replay.records.total()

    @property
    def is_about_nothing(self) -> bool:
        """Whether there is nothing to be done."""
        return not self.replay.messages and self.replay.to_cut is None


async def prepare(ports: StackPorts, row: FileRow, asked: Asked) -> Prepared:
    """The replay as it would be. Nothing is changed.

    Raises:
        NotToBeReplayed: the file has no records that could be, none of these ordinals, or none with this finding.
    """
    ensure_it_has_records(row)
    if asked.reason is not None and asked.reason not in row.findings:
        near = hint(asked.reason, row.findings)
        raise NotToBeReplayed(f"--reason: no record of this file has ended with {asked.reason}{near}")
    ordinals = None if asked.records is None else ordinals_of(asked.records, row.received)
    replay = await plan_replay(ports.ledger, ports.store, row, code=asked.reason, ordinals=ordinals)
    about = {message.span.chunk for message in replay.messages}
    chunks = await ports.ledger.chunks(asked.file_id) if about else []
    return Prepared(asked, row, replay, [chunk for chunk in chunks if chunk.span.chunk in about])


def ensure_it_has_records(row: FileRow) -> None:
    """Nothing where it is known which records a file has.

    Raises:
        NotToBeReplayed: it has none, or not yet.
    """
    match row.state:
        case FileState.REFUSED if not failed_at(row):
            raise NotToBeReplayed("the file was refused as a whole: mend it and drop it again")
        case FileState.UNPACKED:
            raise NotToBeReplayed("this is an archive: replay the files it held, which `penstock files` lists")
        case FileState.SPLITTING:
            raise NotToBeReplayed("the file is still being split: wait until it has settled")
        case _:
            return


_RANGES = re.compile(r"[0-9]{1,12}(-[0-9]{1,12})?(,[0-9]{1,12}(-[0-9]{1,12})?)*", re.ASCII)


def ordinals_of(ranges: str, received: int) -> tuple[int, ...]:
    """The ordinals that somebody typed, as "3,7-9".

    Raises:
        NotToBeReplayed: these are no ranges, or the file has no such records.
    """
    if not _RANGES.fullmatch(ranges):
        raise NotToBeReplayed(f'--records takes ordinals as "3,7-9", counted from 0; not {ranges!r}')
    for run in ranges.split(","):
        first, _, last = run.partition("-")
        if int(last or first) < int(first):
            raise NotToBeReplayed(f"--records: {run} ends before it begins")
        if int(last or first) >= received:
            raise NotToBeReplayed(f"--records: the file has {received:,} records, counted from 0; there is no {run}")
    return unfolded(ranges)


def described(prepared: Prepared, limit: int) -> dict[str, Any]:
    """A replay for people and machines; `then` are sentences on what else there is to do."""
    asked, row, replay = prepared.asked, prepared.row, prepared.replay
    return {
        "file_id": asked.file_id,
        "feed": row.file.feed,
        "key": row.file.dropped.key,
        "records": {str(outcome): number for outcome, number in sorted(replay.records.items())},
        "findings": dict(sorted(replay.findings.items())),
        "chunks": len(replay.messages),
        "to_cut": replay.to_cut is not None,
        "undecided": replay.undecided,
        "held": replay.held,
        "refused": replay.refused,
        "on_their_way": replay.on_their_way,
        "gone": replay.gone,
        "then": list(_what_else(prepared, limit)),
    }


def _what_else(prepared: Prepared, limit: int) -> list[str]:
    file_id, replay = prepared.asked.file_id, prepared.replay
    sentences: list[str] = []
    if prepared.is_about_nothing:
        sentences.append("there is nothing to replay")
    if prepared.records > limit:
        sentences.append(_over(prepared, limit))
    if replay.undecided:
        sentences.append(
            f"{replay.undecided:,} records of unknown outcome wait for somebody to decide it:"
            f" `penstock unknown list --file {file_id}`"
        )
    if replay.held:
        sentences.append(
            f"{replay.held:,} held records wait for a scheduler to decide them: `penstock held list --file {file_id}`"
        )
    if replay.refused:
        sentences.append(
            f"{replay.refused:,} records were refused by a scheduler; who brings them back says --reason {REFUSED}"
        )
    if replay.gone:
        sentences.append(
            f"the original was deleted: {replay.gone:,} records cannot be judged again;"
            " the sender has to drop them again"
        )
    if replay.on_their_way:
        sentences.append(
            f"{replay.on_their_way:,} records are in chunks that have not ended: once `penstock report {file_id}` is"
            f" whole, replay again what is left; if nothing moves for long: `penstock resend --file {file_id}`"
        )
    return sentences


def _over(prepared: Prepared, limit: int) -> str:
    return (
        f"{prepared.records:,} records are over the limit of {limit:,}: replay them in parts by --records or --reason,"
        f" or say --limit {prepared.records}"
    )


LIMIT = 10_000  #: records at most, unless more are asked for


def ensure_within(prepared: Prepared, limit: int) -> None:
    """Nothing where a replay is about at most `limit` records.

    Raises:
        NotToBeReplayed: it is about more.
    """
    if prepared.records > limit:
        raise NotToBeReplayed(_over(prepared, limit))


async def begin(ports: StackPorts, prepared: Prepared, note: str = "") -> None:
    """Sends it on its way; the audit has it before, with the note, if there is one.

    Raises:
        NotClosed: the feed's circuit is not closed.
        Transient: not everything was sent. What was begun is sent again by the sweeper, or by `penstock resend`.
    """
    asked, row, replay = prepared.asked, prepared.row, prepared.replay
    await ensure_closed(ports.throttle, [destination_of(row.file, ports.lanes)])
    detail = {
        "by": ports.operator,
        "feed": row.file.feed,
        "file_id": asked.file_id,
        "reason": asked.reason,
        "asked_for": asked.records,
        "records": {str(outcome): number for outcome, number in replay.records.items()},
        "to_cut": replay.to_cut is not None,
        "chunks": folded(message.span.chunk for message in replay.messages),
    } | ({"note": note} if note else {})
    await audit(ports.store, "ReplayStarted", ports.clock.now(), detail)
    await begin_replay(ports, replay)


async def follow(
    ports: StackPorts, prepared: Prepared, patience: float, advance: Callable[[int, int | None], None]
) -> None:
    """Returns once every chunk of a replay has ended, and with them the file again. `advance` is told (records that
    have ended, of how many).

    Raises:
        PenstockError: that has not come to pass within `patience` seconds; the replay goes on.
    """
    began, replay = ports.clock.now(), prepared.replay
    before = {chunk.span.chunk: chunk for chunk in prepared.before}
    pending = {message.span.chunk: message for message in replay.messages}
    whole = sum(_size(message) for message in replay.messages)
    while True:
        looked_at = list(pending)[:LOOKED_AT]
        rows = await asyncio.gather(*(ports.ledger.chunk(prepared.asked.file_id, chunk) for chunk in looked_at))
        for row in rows:
            if row and _has_ended(row, before[row.span.chunk], pending[row.span.chunk]):
                del pending[row.span.chunk]
        advance(whole - sum(map(_size, pending.values())), whole)
        file = await ports.ledger.file(prepared.asked.file_id)
        if not pending and file and file.state in ENDED:
            return
        if ports.clock.now() - began > patience:
            raise PenstockError(
                f"after {patience:.0f} s {len(pending)} of {len(replay.messages)} chunks have not ended; they go on:"
                f" `penstock report {prepared.asked.file_id}` tells how they ended"
            )
        await ports.clock.sleep(INTERVAL)


def _size(message: ChunkMessage) -> int:
    """How many records of its chunk a message is about."""
    return len(unfolded(message.only)) or message.span.records


def _has_ended(row: ChunkRow, before: ChunkRow, message: ChunkMessage) -> bool:
    """Whether the generation that the message is about, or a later one, has come to its end since."""
    ended = row.state in (ChunkState.SETTLED, ChunkState.DEAD) and row.generation >= message.generation
    return ended and row.ended_under > before.ended_under
