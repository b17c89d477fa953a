"""Keys, conditions and rows of the ledger's items.

An item has its row's fields by name. Attributes that nobody here knows are passed over, and those that are missing have
the fields' defaults; keys, `v`, `file` and `opened_at` are as they are in every version.
"""

import json
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from penstock.adapters.aws_items import Item, float_of, integer_of, text, version_of
from penstock.adapters.aws_ledger import told
from penstock.model import versions
from penstock.model.findings import Finding, Noted, Outcome
from penstock.model.ids import chunk_name
from penstock.model.messages import Checkpoint, Cut, Layout, SourceFile, Span
from penstock.model.ordinals import unfolded
from penstock.model.rows import BatchRow, BatchState, ChunkRow, ChunkState, FileRow, FileState, Sent
from penstock.model.setbacks import Setback

STATE = {"#state": "state"}
ROUND = {"#round": "round"}
GOING = "#state IN (:sent, :validated)"


CHANGED = "v = :v, expires_at = :expires"  #: with every change: this release has begun it, and it lives on from now


def going() -> Item:
    """The values of `GOING`."""
    return {":sent": text(ChunkState.SENT), ":validated": text(ChunkState.VALIDATED)}


def file_key(file_id: str) -> Item:
    """Where a file's row lies."""
    return {"pk": text(f"FILE#{file_id}"), "sk": text("FILE")}


def chunk_key(file_id: str, chunk: int) -> Item:
    """Where a chunk's row lies."""
    return {"pk": text(f"FILE#{file_id}"), "sk": text(f"CHUNK#{chunk_name(chunk)}")}


def batch_key(chunk: ChunkRow, number: int) -> Item:
    """Where the row of a chunk's batch lies."""
    return {"pk": text(f"FILE#{chunk.file_id}"), "sk": text(f"BATCH#{chunk_name(chunk.span.chunk)}#{number:03d}")}


def file_row(item: Item) -> FileRow:
    """A file's row.

    Raises:
        NewerRelease: this release may not act on it.
    """
    ensure_known_file(item)
    return FileRow(
        file=SourceFile.read(item["file"]["S"]),
        state=FileState(item["file_state"]["S"]),
        opened_at=float(item["opened_at"]["S"]),
        layout=Layout.read(item["layout"]["S"]) if "layout" in item else None,
        cut=Cut.read(item["cut"]["S"]) if "cut" in item else None,
        sealed_at=float_of(item, "sealed_at") if "sealed_at" in item else None,
        settled_at=float_of(item, "settled_at") if "settled_at" in item else None,
        chunks=integer_of(item, "chunks"),
        chunks_settled=integer_of(item, "chunks_settled"),
        chunks_dead=integer_of(item, "chunks_dead"),
        ends=integer_of(item, "endings"),
        received=integer_of(item, "received"),
        counted={outcome: integer_of(item, f"n_{outcome}") for outcome in Outcome},
        findings={name[2:]: int(value["N"]) for name, value in item.items() if name[:2] == "f_" and value["N"] != "0"},
        noted=Noted.model_validate_json(item["noted"]["S"]) if "noted" in item else Noted(),
        sha256_tree=item["sha256_tree"]["S"] if "sha256_tree" in item else "",
        checkpoint=Checkpoint.read(item["splitting_from"]["S"]) if "splitting_from" in item else None,
        refused=Finding.from_dict(json.loads(item["refused"]["S"])) if "refused" in item else None,
        files=integer_of(item, "unpacked_files"),
        worked_at=_time(item, "worked_at"),
        resent_at=_time(item, "resent_at"),
        leased_until=float_of(item, "leased_until"),
        setback=_setback(item),
        first_settled_at=_time(item, "first_settled_at"),
        reopened_at=_time(item, "reopened_at"),
        origins=_texts(item, "origins"),
        returns=_texts(item, "returned_in"),
        taken_up_at=_time(item, "taken_up_at"),
        used=told.used_of(item),
        settling=told.settling(item),
    )


def _texts(item: Item, name: str) -> tuple[str, ...]:
    """A set of texts, in order."""
    return tuple(sorted(item[name]["SS"])) if name in item else ()


def ensure_known_file(item: Item) -> None:
    """Raises NewerRelease if this release may not act on a file's row, be there one."""
    versions.ensure_known("the file's row", version_of(item), versions.FILE)


def listed_file(item: Item) -> FileRow:
    """A file's row for a list: of one that a newer release has written, what is the same in every version."""
    if version_of(item) > versions.FILE:
        opened_at = float(item["opened_at"]["S"])
        return FileRow(SourceFile.read(item["file"]["S"]), FileState.NEWER, opened_at)
    return file_row(item)


def chunk_row(item: Item) -> ChunkRow:
    """A chunk's row.

    Raises:
        NewerRelease: this release may not act on it.
    """
    versions.ensure_known("the chunk's row", version_of(item), versions.CHUNK)
    counted: dict[str, int] = json.loads(item["counted"]["S"]) if "counted" in item else {}
    return ChunkRow(
        file_id=item["pk"]["S"].removeprefix("FILE#"),
        span=Span.read(item["span"]["S"]),
        state=ChunkState(item["state"]["S"]),
        generation=integer_of(item, "round"),
        only=item["only"]["S"] if "only" in item else "",
        ended=ChunkState(item["ended"]["S"]) if "ended" in item else None,
        ended_under=integer_of(item, "ended_under"),
        counted={outcome: counted.get(outcome, 0) for outcome in Outcome},
        findings=json.loads(item["findings"]["S"]) if "findings" in item else {},
        settled_at=float_of(item, "settled_at") if "settled_at" in item else None,
        released=item.get("released", {}).get("BOOL", False),
        worked_at=_time(item, "worked_at"),
        resent_at=_time(item, "resent_at"),
        leased_until=float_of(item, "leased_until"),
        setback=_setback(item),
        used=told.used_of(item),
    )


def _setback(item: Item) -> Setback | None:
    if "setback" not in item:
        return None
    said = json.loads(item["setback"]["S"])
    return Setback(**{one.name: said[one.name] for one in fields(Setback) if one.name in said})


def _time(item: Item, name: str) -> float | None:
    return float_of(item, name) if name in item else None


def batch_row(item: Item) -> BatchRow:
    """A batch's row.

    Raises:
        NewerRelease: this release may not act on it.
    """
    versions.ensure_known("the batch's row", version_of(item), versions.BATCH)
    return BatchRow(
        number=int(item["sk"]["S"].rsplit("#", 1)[1]),
        ordinals=unfolded(item["ordinals"]["S"]),
        generation=integer_of(item, "round"),
        state=BatchState(item["state"]["S"]),
        attempts=integer_of(item, "attempts"),
        first_sent_at=float_of(item, "first_sent_at") if "first_sent_at" in item else None,
        unanswered=item.get("unanswered", {}).get("BOOL", False),
        refused=unfolded(item["refused"]["S"]) if "refused" in item else (),
        returned=unfolded(item["returned"]["S"]) if "returned" in item else (),
        sent=_sent(json.loads(item["sent"]["S"])) if "sent" in item else None,
        reason=item["reason"]["S"] if "reason" in item else "",
        answered=item["answered"]["S"] if "answered" in item else "",
    )


def _sent(said: Mapping[str, Any] | None) -> Sent | None:
    return Sent(**{one.name: said[one.name] for one in fields(Sent)}) if said else None


def sortable(now: float) -> str:
    """An instant as the index of open files orders it."""
    return f"{now:017.6f}"
