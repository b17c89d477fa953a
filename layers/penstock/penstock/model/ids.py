"""Names that come out the same however often a step is done. None of them uses a message id (R21)."""

import hashlib

DUE = "due/"  #: under which lies what says that a chunk's end is to be tabulated
ACCOUNTS = "accounts/"  #: under which lies what says that an account is to be logged
TABLE = "outcomes/"  #: under which lies the table of outcomes


def file_id(bucket: str, key: str, version_id: str) -> str:
    """The id of one object version: 20 hexadecimal digits of SHA-256 over bucket, key and version id.

    >>> file_id("drop", "traffic/spots.csv", "v1")
    '4c9e4c9d6dd5e4d71ae7'
    """
    return hashlib.sha256("\n".join((bucket, key, version_id)).encode()).hexdigest()[:20]


def chunk_name(chunk: int) -> str:
    """The ordinal of a chunk as keys show it, so that names sort as chunks do."""
    return f"{chunk:06d}"


def chunk_id(file: str, chunk: int) -> str:
    """file_id + ordinal."""
    return f"{file}-{chunk_name(chunk)}"


def batch_id(file: str, chunk: int, batch: int) -> str:
    """What the destination sees as the batch, and as its Idempotency-Key."""
    return f"{chunk_id(file, chunk)}-{batch:03d}"


def trace(file: str, ordinal: int) -> str:
    """Where one record is: the file and its place in it, counted from 0."""
    return f"{file}:{ordinal}"


def work_key(file: str, chunk: int, name: str, in_generation: int = 0) -> str:
    """The key in the work bucket of what a stage wrote about a chunk, in its first generation or a later one.

    >>> work_key("4c9e", 7, "accepted"), work_key("4c9e", 7, "accepted", 1)
    ('chunks/4c9e/000007/accepted', 'chunks/4c9e/000007/generation-1/accepted')
    """
    place = f"chunks/{file}/{chunk_name(chunk)}"
    return f"{place}/generation-{in_generation}/{name}" if in_generation else f"{place}/{name}"


def earlier_work_key(file: str, chunk: int, name: str, in_generation: int) -> str:
    """As `work_key` of a later generation, before it was called so.

    >>> earlier_work_key("4c9e", 7, "accepted", 1)
    'chunks/4c9e/000007/round-1/accepted'
    """
    return f"chunks/{file}/{chunk_name(chunk)}/round-{in_generation}/{name}"


def due_key(file: str, chunk: int, fence: int) -> str:
    """The key in the work bucket of what says that a chunk's end is to be tabulated.

    >>> due_key("4c9e", 7, 3)
    'due/4c9e/000007/3.json'
    """
    return f"{DUE}{file}/{chunk_name(chunk)}/{fence}.json"


def account_key(file: str, account: int) -> str:
    """The key in the work bucket of what says that an account of a file is to be logged.

    >>> account_key("4c9e", 12)
    'accounts/4c9e/12.json'
    """
    return f"{ACCOUNTS}{file}/{account}.json"


def account_of(key: str) -> tuple[str, int]:
    """The file and the account that such a key is about."""
    file, _, account = key.removeprefix(ACCOUNTS).partition("/")
    return file, int(account.removesuffix(".json"))


def receipt_key(file: str, name: str) -> str:
    """The key in the work bucket of what receipts of a file are made from."""
    return f"receipts/{file}/{name}"


def table_key(feed: str, day: str, name: str) -> str:
    """The key in the work bucket of a part of the table of outcomes, by feed and day.

    >>> table_key("traffic", "2026-11-20", "4c9e")
    'outcomes/feed=traffic/day=2026-11-20/4c9e.parquet'
    """
    return f"{TABLE}feed={feed}/day={day}/{name}.parquet"


def report_key(file: str, name: str) -> str:
    """The key in the work bucket of what a file's end leaves behind."""
    return f"reports/{file}/{name}"


def pages_key(file: str, name: str) -> str:
    """The key in the work bucket of what was read of a document: of a range of its pages, or in which ranges it is."""
    return f"pages/{file}/{name}"


def range_id(file: str, first: int, last: int) -> str:
    """The id of a range of a document's pages.

    >>> range_id("4c9e", 1, 10)
    '4c9e-00001-00010'
    """
    return f"{file}-{first:05d}-{last:05d}"


def drift_key(template: str, signature: str) -> str:
    """The key in the work bucket of what says that a form's change was told.

    >>> drift_key("Lease/2", "a1b2")
    'reports/drift/Lease/2/a1b2.json'
    """
    return f"reports/drift/{template}/{signature}.json"


def staged_key(file: str) -> str:
    """The key in the work bucket of a file's bytes, where they could not be read as they were dropped."""
    return f"staged/{file}"
