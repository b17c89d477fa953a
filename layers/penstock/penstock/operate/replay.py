"""A replay: the records of a file that ended badly get another chance, after its rule or its destination was mended.

Of a settled chunk, a new round is about the chosen records only; they are judged anew. A dead chunk is taken up again
as a whole, in its own round. Records that were delivered, or are duplicates of delivered ones, are never touched, and
those whose outcome is unknown wait for an operator to decide it (`resolve`), as held ones do (`hold`).
"""

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from penstock.io.sending import send_all
from penstock.model.errors import ObjectMissing
from penstock.model.findings import Outcome
from penstock.model.messages import ChunkMessage, SourceFile
from penstock.model.ordinals import folded
from penstock.model.rows import ChunkRow, ChunkState, FileRow
from penstock.outputs.accepted import load_accepted
from penstock.outputs.outcomes import codes_of, outcome_lines_of
from penstock.outputs.work import read_work
from penstock.ports.clock import Clock
from penstock.ports.ledger import Ledger
from penstock.ports.object_store import ObjectStore
from penstock.ports.queue import Outgoing, Outlet

AGAIN = (Outcome.REJECTED, Outcome.DEAD)
"""A record that ended so may get another chance."""
REFUSED = "delivery.refused"  #: the code of what a scheduler has refused
_OF_THE_DEAD = (Outcome.DEAD, Outcome.UNKNOWN)


@dataclass(slots=True)
class Replay:
    """What a replay is about: the messages that begin it, and how many records by how they had ended, and by finding.
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


async def plan_replay(
    ledger: Ledger, store: ObjectStore, row: FileRow, *, code: str | None = None, ordinals: Sequence[int] | None = None
) -> Replay:
    """The replay of a file's rejected and dead records; of those that ended with this finding, and of these ordinals,
    where given. Nothing is changed."""
    replay, wanted = Replay(), None if ordinals is None else frozenset(ordinals)
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


def message_of(row: FileRow, chunk: ChunkRow) -> ChunkMessage:
    """The message of the round that a chunk of the file is in."""
    layout = chunk.span.layout or row.layout
    assert layout is not None
    return ChunkMessage(
        file=row.file,
        layout=layout,
        span=chunk.span,
        generation=chunk.generation,
        only=chunk.only,
        released=chunk.released,
    )


async def begin_replay(replay: Replay, chunks: Outlet, clock: Clock, rng: random.Random) -> None:
    """Sends the replay on its way. Beginning it twice is harmless: a round begins once.

    Raises:
        Transient: not every message was taken; begin it again.
    """
    outgoing = (Outgoing(message.model_dump_json(), group=message.file.feed) for message in replay.messages)
    await send_all(chunks, outgoing, clock, rng)
