"""Has the ledger's rows tell what the work at them has taken of AWS (see `io.metering`), along with what is written
anyway: `used` of a chunk's row is of its chunk, that of a file's row of all that was done for no single chunk.

The write that tells is part of what it tells, and often the last one. What it takes follows from the size of the row,
as DynamoDB charges for it: each KiB begun of the row as it was or as it is then, whichever is larger; twice that in a
transaction; and its entry in the index of files where `file_state` changes, which is taken out and put in.
"""

from math import ceil

from penstock.adapters.aws_items import STORED, Item, size_of, text
from penstock.io import metering
from penstock.model.messages import SourceFile
from penstock.model.usage import Usage

WRITTEN = 1024  #: bytes of a row that a unit writes
READ = 4096  #: bytes that a unit reads, consistently
_LENGTH = {"used": text("0" * 60)}  #: as long as a row's `used` may become

_TIME = {"N": "1" * 16}  #: as long as a time is
_SETTLED = {"file_state": text("settled"), "settled_at": _TIME, "first_settled_at": _TIME}


def see(item: Item | None) -> None:
    """Keeps in mind how a row was seen last."""
    meter = metering.current()
    if meter and item:
        meter.rows[_key(item)] = item


def made(item: Item) -> None:
    """Counts a row that is new, and stays until it expires."""
    if meter := metering.current():
        meter.store_row(size_of(item) + STORED)


def dropped(file: SourceFile) -> None:
    """Counts the object of a file, which stays until it expires; that of an archive counts for the archive."""
    meter = metering.current()
    if meter and not file.origin:
        meter.store_dropped(file.size)


def used_of(item: Item) -> Usage:
    """What a row tells."""
    return Usage.unpacked(item["used"]["S"]) if "used" in item else Usage()


def telling(key: Item, update: str, values: Item, to_come: Usage) -> tuple[str, Item]:
    """An update of a row, which begins with SET, and its values, with all that is in no row yet, and what is `to_come`:
    the update itself, and what surely follows it."""
    meter = metering.current()
    if meter is None:
        return update, values
    used = used_of(meter.rows.get(_key(key), {})) + meter.tell(to_come)
    return update.replace("SET ", "SET used = :used, ", 1), values | {":used": text(used.packed())}


def writing(key: Item, changes: Item, times: int = 1) -> Usage:
    """What it takes to write these attributes of a row that was seen, `times` the price of a plain write."""
    meter = metering.current()
    before = meter.rows.get(_key(key), {}) if meter else {}
    return _written(before, changes, times)


def reading(key: Item) -> Usage:
    """What it takes to read a row that was seen."""
    meter = metering.current()
    row = meter.rows.get(_key(key), {}) if meter else {}
    return Usage(dynamodb_reads=max(1, ceil(size_of(row) / READ)))


def settling(item: Item) -> Usage:
    """What it will take to write into a file's row that it is settled."""
    return _written(item, _SETTLED, 1)


def settled(key: Item) -> Usage:
    """What it takes to write that of a file whose row was seen."""
    return writing(key, _SETTLED)


def _written(before: Item, changes: Item, times: int) -> Usage:
    after = {**before, **_LENGTH, **changes}
    larger = max(size_of(before), size_of(after))
    return Usage(dynamodb_writes=times * max(1, ceil(larger / WRITTEN)) + _indexed(before, after))


def _indexed(before: Item, after: Item) -> int:
    """Units for the index of files."""
    was, now = before.get("file_state"), after.get("file_state")
    return 0 if was == now else 2 if was else 1


def _key(item: Item) -> tuple[str, str]:
    return item["pk"]["S"], item["sk"]["S"]
