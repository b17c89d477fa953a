"""A replay: the records of a file that ended badly get another chance, after its rule or its destination was mended.

A file that a function of ours has failed at, before it was cut to its end, is gone on with where it was broken off.
Of a settled chunk, a new round is about the chosen records only; they are judged anew. A dead chunk is taken up again
as a whole, in its own round. Records that were delivered, or are duplicates of delivered ones, are never touched, and
those whose outcome is unknown wait for an operator to decide it (`resolve`), as held ones do (`hold`).
"""

import random
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import batched
from typing import Protocol

from penstock.io.sending import outgoing, send_all
from penstock.model.defects import is_defect
from penstock.model.errors import ObjectMissing, Permanent
from penstock.model.findings import Outcome
from penstock.model.messages import ChunkMessage, SourceFile, SplitMessage
from penstock.model.ordinals import folded
from penstock.model.rows import ChunkRow, ChunkState, FileRow, FileState
from penstock.outputs.accepted import load_accepted
from penstock.outputs.handover import message_of
from penstock.outputs.outcomes import codes_of, outcome_lines_of
from penstock.outputs.work import read_work
from penstock.ports.clock import Clock
from penstock.ports.ledger import Ledger
from penstock.ports.object_store import ObjectStore
from penstock.ports.queue import Outlet
from penstock.split.staging import Staging

PATIENCE = 60.0  #: seconds that the directory of an archive may take to be read
BEGUN = 10  #: generations that are begun before their messages go
AGAIN = (Outcome.REJECTED, Outcome.DEAD)
"""A record that ended so may get another chance."""
REFUSED = "delivery.refused"  #: the code of what a scheduler has refused
_OF_THE_DEAD = (Outcome.DEAD, Outcome.UNKNOWN)


class ReplayPorts(Protocol):
    """What a replay needs of the world."""

    @property
    def store(self) -> ObjectStore:
        """What the file was read from."""
        ...

    @property
    def ledger(self) -> Ledger:
        """What has begun."""
        ...

    @property
    def intake(self) -> Outlet:
        """Where split messages go."""
        ...

    @property
    def chunks(self) -> Outlet:
        """Where chunk messages go."""
        ...

    @property
    def clock(self) -> Clock:
        """When it is."""
        ...

    @property
    def rng(self) -> random.Random:
        """By which retries spread."""
        ...


@dataclass(slots=True)
class Replay:
    """What a replay is about: the messages that begin it, and how many records by how they had ended, and by finding;
    `to_cut` is the file's row where it was not cut to its end, as a function of ours failed at it.
    Of those that were asked for, `undecided` are of unknown outcome, `held` wait for a scheduler, `refused` have had
    that word, `on_their_way` are those of chunks that have not ended, and `gone` cannot be judged again: the original
    was deleted before they were ever accepted."""

    messages: list[ChunkMessage] = field(default_factory=list[ChunkMessage])
    records: Counter[Outcome] = field(default_factory=Counter[Outcome])
    findings: Counter[str] = field(default_factory=Counter[str])
    undecided: int = 0
    held: int = 0
    refused: int = 0
    on_their_way: int = 0
    gone: int = 0
    to_cut: FileRow | None = None


async def plan_replay(
    ledger: Ledger, store: ObjectStore, row: FileRow, *, code: str | None = None, ordinals: Sequence[int] | None = None
) -> Replay:
    """The replay of a file's rejected and dead records; of those that ended with this finding, and of these ordinals,
    where given. Nothing is changed."""
    replay, wanted = Replay(), None if ordinals is None else frozenset(ordinals)
    failed = failed_at(row)
    if failed and wanted is None and code in (None, failed):
        replay.to_cut = row
    is_gone = await _is_gone(store, row.file)
    for chunk in await ledger.chunks(row.file.file_id):
        span = chunk.span
        if wanted is not None and wanted.isdisjoint(range(span.first_record, span.first_record + span.records)):
            continue
        if chunk.state not in (ChunkState.SETTLED, ChunkState.DEAD):
            replay.on_their_way += span.records
            continue
        if chunk.counted[Outcome.DELIVERED] + chunk.counted[Outcome.DUPLICATE] < span.records:
            await _plan(replay, store, row, chunk, code, wanted, is_gone)
    return replay


def failed_at(row: FileRow) -> str | None:
    """The code of the defect that kept a file from being cut to its end; None where there was none, or where it is
    being gone on with."""
    codes = [row.refused.code] if row.state is FileState.REFUSED and row.refused else []
    codes += row.noted.counts if row.state is FileState.SETTLED else ()
    return next(filter(is_defect, codes), None)


async def _is_gone(store: ObjectStore, file: SourceFile) -> bool:
    """Whether the original was deleted."""
    try:
        await store.read_source(file, 0, 1)
    except ObjectMissing:
        return True
    return False


async def _accepted_before(store: ObjectStore, chunk: ChunkRow) -> set[int]:
    """The ordinals of the records that any generation of a chunk has accepted: they can go on without the original."""
    bodies = [await read_work(store, chunk, "accepted", one) or b"" for one in range(chunk.generation + 1)]
    return {record.ordinal for body in bodies for record in load_accepted(body)}


async def _plan(
    replay: Replay,
    store: ObjectStore,
    row: FileRow,
    chunk: ChunkRow,
    code: str | None,
    wanted: frozenset[int] | None,
    is_gone: bool,
) -> None:
    outcome_lines = await outcome_lines_of(store, chunk)
    outcomes = {ordinal: Outcome(outcome_line["outcome"]) for ordinal, outcome_line in outcome_lines.items()}
    asked_for = {
        ordinal: outcome
        for ordinal, outcome in outcomes.items()
        if (wanted is None or ordinal in wanted) and (code is None or code in codes_of(outcome_lines[ordinal]))
    }
    if is_gone:
        accepted = await _accepted_before(store, chunk)
        replay.gone += sum(outcome in AGAIN and at not in accepted for at, outcome in asked_for.items())
        asked_for = {at: outcome for at, outcome in asked_for.items() if outcome not in AGAIN or at in accepted}
    message = message_of(row, chunk)
    if chunk.state is ChunkState.DEAD:
        # It goes on where it stopped, with all its records; what it has in doubt is asked again under its key.
        goes_on = any(outcome in _OF_THE_DEAD for outcome in asked_for.values())
        chosen = {at: outcome for at, outcome in outcomes.items() if outcome in _OF_THE_DEAD} if goes_on else {}
    else:
        # A record that a scheduler has refused is brought back only by an operator who says so.
        refused = {at for at in asked_for if REFUSED in codes_of(outcome_lines[at])} if code != REFUSED else set[int]()
        chosen = {at: outcome for at, outcome in asked_for.items() if outcome in AGAIN and at not in refused}
        replay.undecided += sum(outcome is Outcome.UNKNOWN for outcome in asked_for.values())
        replay.held += sum(outcome is Outcome.HELD for outcome in asked_for.values())
        replay.refused += len(refused)
        message = message.model_copy(
            update={"generation": chunk.generation + 1, "only": folded(sorted(chosen)), "released": False}
        )
    if not chosen:
        return
    replay.messages.append(message)
    replay.records.update(chosen.values())
    replay.findings.update(code for ordinal in chosen for code in codes_of(outcome_lines[ordinal]))


async def split_message_of(ports: ReplayPorts, row: FileRow) -> SplitMessage:
    """The message by which a file's splitting goes on. Where the archive that it is of cannot be read any more, the
    splitter finds that, too, and ends the file.

    Raises:
        Transient: something broke.
    """
    staging, entry = Staging(ports.store, ports.clock, ports.rng, ports.clock.now() + PATIENCE), None
    with suppress(Permanent):
        entry = await staging.entry_of(row.file)
    return SplitMessage(file=row.file, hop=row.checkpoint.hops if row.checkpoint else 0, entry=entry)


async def begin_replay(ports: ReplayPorts, replay: Replay) -> None:
    """Sends the replay on its way. The ledger knows of it before a message goes: what is lost of them is sent again, as
    all idle work is. What somebody else has begun meanwhile goes on as theirs.

    Raises:
        Transient: not every message was taken.
    """
    ledger, clock, rng, row = ports.ledger, ports.clock, ports.rng, replay.to_cut
    if row:
        message = await split_message_of(ports, row)
        if await ledger.reopen_file(row, clock.now()):
            await send_all(ports.intake, [outgoing(message)], clock, rng)
    for some in batched(replay.messages, BEGUN, strict=False):
        begun = [one for one in some if await ledger.begin_generation(one, clock.now())]
        await send_all(ports.chunks, map(outgoing, begun), clock, rng)
