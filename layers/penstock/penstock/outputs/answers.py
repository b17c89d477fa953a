"""NNN.answer: why a destination refused records of a batch, written before the batch's row says that it did."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from penstock.model import ids
from penstock.model.findings import Finding, Outcome
from penstock.model.rows import BatchRow, BatchState, ChunkRow
from penstock.outputs.outcomes import RecordEnd
from penstock.outputs.work import dump_by_ordinal, load_by_ordinal, read_work
from penstock.ports.object_store import ObjectStore

IN_DOUBT = "delivery.in_doubt"  #: the code of why a record's outcome is unknown


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a destination refused a record: its HTTP status, its own code and sentence."""

    status: int
    code: str = ""
    message: str = ""

    def sentence(self) -> str:
        """The reason for a report."""
        return ": ".join(part for part in (f"the destination answered {self.status}", self.code, self.message) if part)


async def write_reasons(store: ObjectStore, chunk: ChunkRow, batch: BatchRow, reasons: Mapping[int, Reason]) -> None:
    """Writes why a destination refused records of a batch, before the batch's row says that it did."""
    said = {str(ordinal): asdict(reason) for ordinal, reason in sorted(reasons.items())}
    await store.put(_answer_key(chunk, batch), dump_by_ordinal(said), "application/json")


async def ends_of(
    store: ObjectStore, chunk: ChunkRow, batch: BatchRow, reasons: Mapping[int, Reason] | None = None
) -> dict[int, RecordEnd]:
    """What a batch says of its records: nothing while it is on its way. `reasons` are those of its answer, if it has
    just come; else they are read."""
    batch_id = ids.batch_id(chunk.file_id, chunk.span.chunk, batch.number)
    if reasons is None and (batch.refused or batch.state is BatchState.REJECTED):
        body = await read_work(store, chunk, _name(batch), batch.generation)
        reasons = {at: _reason(said) for at, said in load_by_ordinal(body).items()}
    if batch.state is BatchState.DELIVERED and not batch.refused and not batch.returned:
        return dict.fromkeys(batch.ordinals, RecordEnd(Outcome.DELIVERED, batch=batch_id))
    ends: dict[int, RecordEnd] = {}
    for ordinal in batch.ordinals:
        outcome = batch.outcome_of(ordinal)
        if outcome is Outcome.REJECTED:
            reason = (reasons or {}).get(ordinal, Reason(0))
            ends[ordinal] = RecordEnd(outcome, (Finding("destination.rejected", reason.sentence()),), batch=batch_id)
        elif outcome is Outcome.UNKNOWN and batch.reason:
            ends[ordinal] = RecordEnd(outcome, (Finding(IN_DOUBT, batch.reason),), batch=batch_id)
        elif outcome is not None:
            ends[ordinal] = RecordEnd(outcome, batch=batch_id)
    return ends


def _answer_key(chunk: ChunkRow, batch: BatchRow) -> str:
    return ids.work_key(chunk.file_id, chunk.span.chunk, _name(batch), batch.generation)


def _name(batch: BatchRow) -> str:
    return f"{batch.number:03d}.answer"


def _reason(said: Mapping[str, Any]) -> Reason:
    return Reason(said["status"], said.get("code", ""), said.get("message", ""))
