"""Records that cannot be judged any more: the version of the object that they came in was deleted.

What an earlier generation accepted goes on as it was accepted then: a released record, say, is not lost. All others are
dead, with their ordinals, and their file ends: the sender has to drop it again.
"""

from collections import Counter
from collections.abc import Iterable

from penstock.model.findings import GONE, Finding
from penstock.model.records import Accepted, Flagged, Rejected
from penstock.model.rows import ChunkRow, scope_of
from penstock.outputs.accepted import load_accepted
from penstock.outputs.findings import Flags, flags_of
from penstock.outputs.work import read_work
from penstock.ports.object_store import ObjectStore
from penstock.validate.judging import Judgement

NOT_JUDGED = Finding(GONE, "the original was deleted before the record was judged; drop the file again")


async def judge_without_original(store: ObjectStore, chunk: ChunkRow) -> Judgement:
    """What can be said of the records of a chunk's generation without their bytes."""
    about, accepted, flagged = scope_of(chunk), dict[int, Accepted](), list[Flagged]()
    for generation in range(chunk.generation, -1, -1):
        body = await read_work(store, chunk, "accepted", generation) or b""
        found = {one.ordinal: one for one in load_accepted(body) if one.ordinal in about - accepted.keys()}
        flagged += _flagged(found.values(), await flags_of(store, chunk, generation))
        accepted |= found
    dead = [Rejected(at, None, b"", "", (NOT_JUDGED,), None, gone=True) for at in sorted(about - accepted.keys())]
    codes = Counter(finding.code for one in (*dead, *flagged) for finding in one.findings)
    in_order = [accepted[at] for at in sorted(accepted)]
    return Judgement(accepted=in_order, dead=dead, flagged=flagged, findings=codes)


def _flagged(records: Iterable[Accepted], flags: Flags) -> list[Flagged]:
    return [Flagged(one.ordinal, None, one.raw, flags[one.ordinal]) for one in records if one.ordinal in flags]
