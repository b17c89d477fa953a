"""What lies in the two tables: each kind of row, its key and its attributes.

Whoever restores, moves or looks into them reads of it in docs/reference.md; a test holds it against what the adapters
read and write.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

LEDGER, CLAIMS = "ledger", "claims"

_KEPT = {"expires_at": "when DynamoDB may delete it, in seconds since the epoch"}
_VERSIONED = {"v": "the version that a release must know to act on it", **_KEPT}
_WORKED = {
    "worked_at": "when a worker claimed it last",
    "leased_until": "until when that worker holds it; 0: nobody does",
    "fence": "rises with every lease; every write names the one that it was made under",
    "setback": "JSON: why the last worker came no further",
    "resent_at": "when work of it was sent again",
    "used": "what work at it has taken of AWS: quantities, separated by commas",
}


@dataclass(frozen=True, slots=True)
class Row:
    """A kind of row: its table, its `pk` and `sk` with what varies in <>, what it is, and its other attributes."""

    table: str
    pk: str
    sk: str
    what: str
    attributes: Mapping[str, str] = field(default_factory=dict[str, str])

    def is_of(self, table: str, item: Mapping[str, Any]) -> bool:
        """Whether an item, as DynamoDB gives it, is such a row."""
        keys = (self.pk, item["pk"]["S"]), (self.sk, item.get("sk", {}).get("S", ""))
        return table == self.table and all(_begins_alike(pattern, key) for pattern, key in keys)

    def knows(self, attribute: str) -> bool:
        """Whether it may have that attribute; `n_<outcome>` is any that begins so."""
        known = {"pk", "sk", *self.attributes}
        return attribute in known or any("<" in one and attribute.startswith(one.partition("<")[0]) for one in known)


def _begins_alike(pattern: str, key: str) -> bool:
    fixed, varies, _ = pattern.partition("<")
    return key.startswith(fixed) if varies else key == fixed


ROWS = (
    Row(
        LEDGER,
        "FILE#<file_id>",
        "FILE",
        "a file",
        {
            "file": "JSON: bucket, key, version and ETag of the object, and what was dropped",
            "feed": "the feed's name",
            "file_state": "splitting, sealed, settled, refused or unpacked; the index `files_by_state` has it",
            "opened_at": "when it was first seen, as text that sorts",
            "layout": "JSON: how its bytes are to be read; pinned before the first chunk",
            "cut": "JSON: by which limits it is cut; pinned with the layout",
            "splitting_from": "JSON: where the next splitter goes on",
            "sealed_at": "when its last chunk was announced",
            "settled_at": "when it ended, or was refused",
            "first_settled_at": "when it ended for the first time",
            "reopened_at": "when the round began that changed its account since",
            "taken_up_at": "when a replay of it was begun",
            "stalled_at": "when it was told to be stalled",
            "chunks": "how many there are, once it is sealed",
            "chunks_settled": "how many of them have settled",
            "chunks_dead": "how many of them are dead",
            "endings": "how often its account has changed; the reports' `account_version`",
            "received": "records, once it is sealed",
            "n_<outcome>": "records by outcome",
            "f_<code>": "how often each finding was made",
            "noted": "JSON: findings about the file and not about one of its records",
            "refused": "JSON: the finding that it was refused for",
            "unpacked_files": "how many files an archive has given",
            "sha256_tree": "the tree of hashes over its records",
            "origins": "files whose reject files it came back from",
            "returned_in": "files that came back from its own reject files",
            **_WORKED,
            **_VERSIONED,
        },
    ),
    Row(
        LEDGER,
        "FILE#<file_id>",
        "CHUNK#<number>",
        "a chunk of the file",
        {
            "state": "sent, validated, settled or dead",
            "span": "JSON: its bytes, lines and records",
            "round": "which generation it is in: 0, or that of a replay",
            "only": "the records that the generation is about, as `3,7-9`; empty: all",
            "released": "whether records of it were held and are not held again",
            "ended": "how it ended last",
            "ended_under": "under which fence",
            "counted": "JSON: its records by outcome, as the file's account has them",
            "findings": "JSON: how often each finding was made",
            "settled_at": "when it ended last",
            **_WORKED,
            **_VERSIONED,
        },
    ),
    Row(
        LEDGER,
        "FILE#<file_id>",
        "BATCH#<chunk>#<number>",
        "a batch of the chunk",
        {
            "state": "attempted, delivered, rejected, unknown, dropped or held",
            "ordinals": "its records, as `3,7-9`; never changed",
            "round": "the generation that it was made in",
            "attempts": "calls that were begun",
            "first_sent_at": "when the first of them was",
            "unanswered": "whether one was begun and nobody knows what it did",
            "sent": "JSON: its key, the SHA-256 of its body, and where it was sent to the last time",
            "refused": "records that the destination refused for good",
            "returned": "records that go into a later batch",
            "reason": "why its outcome is unknown, a sentence",
            "answered": "the destination's last word: the status, and SHA-256 of the body",
            **_VERSIONED,
        },
    ),
    Row(
        LEDGER,
        "HISTORY#<feed>#<key>",
        "HISTORY",
        "what an examination remembers of a crew member, a component or a tail",
        {"d": "JSON, compressed: the entries", "v": "counts its writes", **_KEPT},
    ),
    Row(
        LEDGER,
        "HISTORY#<feed>#<key>",
        "HISTORY#<slot>",
        "what one write has changed of a large history, since its document",
        {"d": "JSON, compressed: the entries that are new, gone or sure", "n": "which write it was", **_KEPT},
    ),
    Row(
        LEDGER,
        "THROTTLE#<feed or lane>",
        "THROTTLE",
        "the rate and the circuit before a destination",
        {
            "booked_until": "until when its time is booked",
            "pace": "by how much calls are slowed down after a 429",
            "paced_until": "until when",
            "slowed_at": "when they were slowed down last",
            "circuit": "closed, open or half-open",
            "since": "since when",
            "down_since": "since when it has not been closed",
            "probe_at": "when it is probed next",
            "failed_probes": "how many have failed in a row",
            "reason": "why it is open, a sentence",
        },
    ),
    Row(
        LEDGER,
        "THROTTLE#<feed or lane>",
        "CALLS#<step>",
        "calls of ten seconds",
        {"made": "how many", "failed": "how many of them failed", **_KEPT},
    ),
    Row(
        LEDGER,
        "THROTTLE#<lane>",
        "PLACES",
        "chunks of a lane that are being delivered",
        {"place_<number>": "until when it is taken", **_KEPT},
    ),
    Row(
        LEDGER,
        "AGAIN",
        "<file_id>",
        "a settled file that was begun again",
        {**_KEPT},
    ),
    Row(
        LEDGER,
        "FAULTS",
        "<look>#<about>",
        "what a look failed at",
        {"fault": "JSON: look, what, error, place", **_KEPT},
    ),
    Row(LEDGER, "LOOK#<look>", "LOOK", "where a look goes on", {"next": "a cursor", **_KEPT}),
    Row(
        LEDGER,
        "LOG#<feed>",
        "<index>",
        "an account in a feed's log",
        {"text": "the head of the account", "nodes": "hashes of the log's tree"},
    ),
    Row(LEDGER, "HEADS#<file_id>", "<account_version>", "where the log has a file's account", {"place": "the index"}),
    Row(LEDGER, "SIGNED#<feed>", "SIGNED", "the log's end, signed", {"note": "the checkpoint, as C2SP has it"}),
    Row(
        LEDGER,
        "MET#<day>",
        "<cause>",
        "a cause of trouble on a day",
        {
            "first": "JSON: how it was met first",
            "times": "how often it was met",
            "records": "how many records it was of",
            "told": "whether its notices are on their way",
            **_KEPT,
        },
    ),
    Row(
        LEDGER,
        "SPENT#<day>",
        "<feed>",
        "what a feed's files have cost that ended on a day, if it has a budget",
        {"dollars": "how many", **_KEPT},
    ),
    Row(
        LEDGER,
        "GIVEN#<notice>",
        "<route>",
        "a notice on a route",
        {"turn_until": "until when somebody is at it", "given": "when it was taken", **_KEPT},
    ),
    Row(
        LEDGER,
        "HELD",
        "<file_id>",
        "a file with records that are held",
        {
            "records": "how many",
            "account": "which of the file's accounts says so",
            "shown": "the key that it was dropped under",
            "lane": "its lane",
            "held_since": "since when",
            "told": "whether it was told that they wait for long",
            **_KEPT,
        },
    ),
    Row(
        CLAIMS,
        "<feed>#<identity>",
        "",
        "who holds an identity; the table has no `sk`",
        {
            "f": "the file",
            "c": "the chunk",
            "o": "the record's ordinal",
            "d": "the digest of its payload",
            "r": "its revision",
            "n": "the fence that it was claimed under",
            "was": "JSON: the owner that it corrects",
            "ended": "held or unknown, where its record ended so",
            **_VERSIONED,
        },
    ),
)


def row_of(table: str, item: Mapping[str, Any]) -> Row:
    """The kind of an item.

    Raises:
        LookupError: it is of none that is declared.
    """
    for row in ROWS:
        if row.is_of(table, item):
            return row
    raise LookupError(f"no row of {table} has such a key: {item['pk']} {item.get('sk')}")
