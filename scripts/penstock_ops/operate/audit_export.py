"""An export for an auditor: a folder that stands alone, with what he checks it by.

README.md             what is here, and what it proves
accounts.ndjson       the accounts that were settled in that time, in the order of the feed's log: its heads
proofs/<place>…       that each stands at its place in the log, by the signed checkpoint in it
records/<place>.txt   a line a record: how it ended; what the account's root is over
findings/<place>…     what was found of records, with rule, paragraph and edition
refused.ndjson        the files that were refused as a whole, and why: they have no account, and no place in the log
acts.ndjson           what operators and circuits did: who, when, why
verify_receipt.py     what checks it; MANIFEST has SHA-256 of every file
"""

import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

from penstock.model import ids
from penstock.model.rows import FileRow, FileState
from penstock.ports.object_store import Folder
from penstock.receipts import log, notes
from penstock.receipts.records import unpacked
from penstock.receipts.stage import records_key
from penstock_ops import verify_receipt
from penstock_ops.operate.decisions import of_days
from penstock_ops.operate.receipts import ReceiptPorts, checkpoint_of, keys
from penstock_ops.operate.times import utc

AT_ONCE = 100  #: heads that are read at a time

RETAINED: Mapping[str, str] = {
    "mro": (
        "Whoever does the maintenance, or owns the aircraft, keeps the records themselves: 14 CFR 43.9 and 43.11 say"
        " what is in them, 14 CFR 91.417(b) and 121.380(c) for how long. This export shows what of them was handed"
        " over, when, and with which findings."
    ),
    "crew": (
        "The certificate holder keeps the flight, duty and rest records themselves (14 CFR 121.683; Regulation (EU) No"
        " 965/2012, ORO.FTL.245: 24 months). This export shows which were handed over, when, and what the rules of 14"
        " CFR 117 or ORO.FTL, in the edition that each finding names, found of them."
    ),
    "tower": (
        "The owner of the antenna structure keeps the log of its lights' outages himself, for two years (47 CFR 17.49)."
        " This export shows which documents were handed over, when, and with which findings."
    ),
}
"""What the law wants to be kept of a feed's records, beside this."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Which accounts: of which feed, settled from the first day to the last, both of them in UTC and included."""

    feed: str
    first: date
    last: date

    def covers(self, instant: str) -> bool:
        """Whether an instant, as ISO 8601 has it, lies in that time."""
        begin = datetime.combine(self.first, time(), UTC)
        return begin <= datetime.fromisoformat(instant) < datetime.combine(self.last, time(), UTC) + timedelta(days=1)


async def export(ports: ReceiptPorts, archive: Folder, asked: Asked, folder: Path) -> dict[str, Any]:
    """Writes the folder, which must not be there yet; what is in it.

    Raises:
        NotFound: the feed's log has nothing yet.
        FileExistsError: the folder is there.
    """
    checkpoint = await checkpoint_of(ports, asked.feed)
    _begin(folder)
    size, heads, missing = notes.size_of(checkpoint), dict[int, dict[str, Any]](), list[int]()
    async for place, text in _heads(ports, asked.feed, size):
        head = json.loads(text)
        if asked.covers(head["settled_at"]):
            heads[place] = head
            path = await log.path_to(ports.heads, asked.feed, place, size)
            proof = notes.proof(place, path, checkpoint, {"account": text.decode()})
            (folder / f"proofs/{place:012d}.tlog-proof").write_bytes(proof)
            if not await _records(ports, head, folder, place):
                missing.append(place)
    files = {head["file"] for head in heads.values()}
    acts = [act async for act in _acts(archive, asked, files)]
    lines = [json.dumps({"place": place} | head, sort_keys=True) for place, head in heads.items()]
    write_lines(folder / "accounts.ndjson", lines)
    refused = await _refused(ports, asked)
    write_lines(folder / "refused.ndjson", [json.dumps(one, sort_keys=True) for one in refused])
    write_lines(folder / "acts.ndjson", [json.dumps(act, sort_keys=True) for act in acts])
    write_lines(folder / "keys.txt", await keys(ports, [asked.feed]))
    _end(folder, _readme(asked, heads, len(acts), missing, len(refused)))
    records = sum(head["records"] for head in heads.values())
    return {
        "folder": str(folder),
        "feed": asked.feed,
        "accounts": len(heads),
        "records": records,
        "acts": len(acts),
        "refused": len(refused),
        "without_records": missing,
    }


def _begin(folder: Path) -> None:
    folder.mkdir(parents=True)
    for name in ("proofs", "records", "findings"):
        (folder / name).mkdir()


def _end(folder: Path, readme: str) -> None:
    (folder / "verify_receipt.py").write_bytes(Path(verify_receipt.__file__).read_bytes())
    (folder / "README.md").write_text(readme, encoding="utf-8")
    write_lines(folder / "MANIFEST", manifest(folder))


async def _heads(ports: ReceiptPorts, feed: str, size: int) -> AsyncIterator[tuple[int, bytes]]:
    for first in range(0, size, AT_ONCE):
        heads = await ports.heads.read(feed, range(first, min(first + AT_ONCE, size)))
        for place in sorted(heads):
            yield place, heads[place].text


async def _records(ports: ReceiptPorts, head: Mapping[str, Any], folder: Path, place: int) -> bool:
    """Writes an account's records and findings; False where they are kept no longer."""
    kept = await ports.store.get(ids.receipt_key(head["file"], f"{head['account']}.json"))
    lines, findings = list[bytes](), b""
    for chunk in json.loads(kept or b"{}").get("chunks", ()):
        body = await ports.store.get(records_key(head["file"], chunk["chunk"], chunk["fence"]))
        lines += unpacked(body or b"")
        name = ids.work_key(head["file"], chunk["chunk"], f"outcomes-{chunk['fence']}.ndjson")
        findings += await ports.store.get(name) or b""
    if len(lines) != head["records"]:
        return False
    (folder / f"records/{place:012d}.txt").write_bytes(b"".join(line + b"\n" for line in lines))
    (folder / f"findings/{place:012d}.ndjson").write_bytes(findings)
    return True


async def _refused(ports: ReceiptPorts, asked: Asked) -> list[dict[str, Any]]:
    """The feed's files that came in that time and were refused, the earliest first, as far as the ledger has them."""
    begin, end = (
        datetime.combine(day, time(), UTC).timestamp() for day in (asked.first, asked.last + timedelta(days=1))
    )
    found: list[FileRow] = []
    before: float | None = end
    while rows := await ports.ledger.files(AT_ONCE, before=before, after=begin, states=(FileState.REFUSED,)):
        found, before = found + rows, rows[-1].opened_at
    return [_told(row) for row in reversed(found) if row.file.feed == asked.feed]


def _told(row: FileRow) -> dict[str, Any]:
    dropped, finding = row.file.dropped, row.refused
    return {
        "file": row.file.file_id,
        "bucket": dropped.bucket,
        "key": dropped.key,
        "version": dropped.version_id,
        "refused_at": utc(row.settled_at or row.opened_at),
        "refused": finding.as_dict() if finding else None,
    }


async def _acts(archive: Folder, asked: Asked, files: set[str]) -> AsyncIterator[dict[str, Any]]:
    """What was done in that time to the feed, or to one of these files."""
    async for act in of_days(archive, asked.first, asked.last):
        if act.get("feed", asked.feed) == asked.feed and (act.get("file_id") in files or "file_id" not in act):
            yield act


def write_lines(path: Path, lines: list[str]) -> None:
    """Writes lines, each with its end."""
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def manifest(folder: Path) -> list[str]:
    """SHA-256 of each file of a folder, as `sha256sum` writes it."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return [f"{sha256(path.read_bytes()).hexdigest()}  {path.relative_to(folder).as_posix()}" for path in files]


def _readme(asked: Asked, heads: Mapping[int, Mapping[str, Any]], acts: int, missing: list[int], refused: int) -> str:
    records = sum(head["records"] for head in heads.values())
    lacking = (
        f"\nOf {len(missing)} accounts the single records are kept no longer: their heads and proofs are here alone.\n"
        if missing
        else ""
    )
    law = RETAINED.get(asked.feed)
    return f"""# {asked.feed}: {asked.first} to {asked.last}

{len(heads):,} accounts of {records:,} records settled in that time (UTC), and {acts:,} acts of people and circuits.
Files refused as a whole: {refused:,}.
{lacking}
Check all of it, with keys that you have from elsewhere (those in `keys.txt` came by the same way as this folder):

    python3 verify_receipt.py . KEYS

It says which accounts the log of this feed was signed with, that the records' lines are those that the accounts are
over, that they add up, and that no file here was changed since. The script is one file that you can read; it needs
Python alone.

- `accounts.ndjson`: each account's head, as the log has it: file, how many records ended how, the root over their
  lines. A file that was settled again (a replay, a release, a decision) has one more; the highest `account` is the
  present one.
- `proofs/`: that each stands at its place in the log (c2sp.org/tlog-proof).
- `records/`: a line a record: ordinal, SHA-256 of its bytes, digest of its identity, outcome, batch, answer.
- `findings/`: what was found of records that were not simply delivered, by which rule, in which edition.
- `refused.ndjson`: files that could not be read at all, and why. None of their records was counted, so they have no
  account; it is the ledger's word, which keeps it for some months.
- `acts.ndjson`: who did what, when, and why. These are not in the log: the archive that they come from is locked.
{f"{chr(10)}{law}{chr(10)}" if law else ""}"""
